// Merging 64 sorted runs of a series: interleaved, as 64 writers of one label give them, and mostly disjoint, as chunks of
// one writer after another. Points are resident. The competitor `c` is bench/native/series-merges.c.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openEngine } from "../engines.ts";
import {
  compile,
  HASH_START,
  hashText,
  hashWords,
  missingCompiler,
  runNative,
} from "../native-competitor.ts";
import { elapsedNs, repeat } from "../timing.ts";
import type { Circumstances, Outcome, Workload } from "../workload.ts";

const RUNS = 64;

const PROGRAM = "series-merges";

const lengthOf = ({ isQuick }: Circumstances): number => (isQuick ? 256 : 16_384);

const inputPath = (name: string, { dataFolder }: Circumstances): string => join(dataFolder, `${name}.f64`);

/** The times of all runs, then their values. */
function columnsOf(isDisjoint: boolean, length: number): Float64Array {
  const total = RUNS * length;
  const columns = new Float64Array(total * 2);
  let state = 12345;
  const below = (bound: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * bound);
  };
  for (let run = 0; run < RUNS; run += 1) {
    // Disjoint runs reach a hundredth into the next one.
    let time = isDisjoint ? run * length * 990 : below(1000);
    for (let row = run * length; row < (run + 1) * length; row += 1) {
      time += below(2000);
      columns[row] = time;
      columns[total + row] = below(100_000) / 100;
    }
  }
  return columns;
}

async function prepare(name: string, isDisjoint: boolean, circumstances: Circumstances): Promise<void> {
  writeFileSync(inputPath(name, circumstances), columnsOf(isDisjoint, lengthOf(circumstances)));
  compile(PROGRAM, circumstances);
}

async function run(name: string, isDisjoint: boolean, circumstances: Circumstances): Promise<Outcome> {
  const { competitor, isQuick } = circumstances;
  const length = lengthOf(circumstances);
  const total = RUNS * length;
  if (competitor === "c") {
    const parameters = [inputPath(name, circumstances), RUNS, length];
    return runNative(PROGRAM, parameters, { workload: name, n: total }, circumstances);
  }
  const engine = await openEngine(competitor);
  const table = engine.createPointTable(total * 2);
  const bounds = Uint32Array.from({ length: RUNS + 1 }, (_, index) => index * length);
  const columns = columnsOf(isDisjoint, length);
  const load = (): void => {
    table.clear();
    for (let row = 0; row < total; row += length) {
      table.append(columns.slice(row, row + length), columns.slice(total + row, total + row + length));
    }
  };
  const repetition = { warmups: isQuick ? 0 : 3, samplesMin: isQuick ? 1 : 9, budgetMs: isQuick ? 5 : 1000 };
  const { merge = 0 } = await repeat(repetition, () => {
    load();
    return { merge: elapsedNs(() => table.mergeRuns(bounds)) };
  });
  const merged = [new Float64Array(total), new Float64Array(total)] as const;
  table.read(total, ...merged);
  const check = merged.reduce((hash, column) => hashWords(hash, new Uint32Array(column.buffer)), HASH_START);
  return { samples: [{ workload: name, n: total, nsPerOp: merge / total }], check: hashText(check) };
}

const variants = [
  ["series-merge-interleaved", false],
  ["series-merge-disjoint", true],
] as const;

export const seriesMerges: readonly Workload[] = variants.map(([name, isDisjoint]) => ({
  name,
  competitors: ["baseline", "wasm", "c"],
  rounds: 5,
  missing: missingCompiler,
  prepare: (circumstances) => prepare(name, isDisjoint, circumstances),
  run: (circumstances) => run(name, isDisjoint, circumstances),
}));
