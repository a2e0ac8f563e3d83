// Kernels of point tables over resident points: 1,000 labels of 10,000 points, one a second, two decimals; each pass asks
// for every label once. The competitor `c` is bench/native/series-kernels.c, which keeps the same lanes.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PointTable } from "../../host/engine/engine.ts";
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

const START_MS = 1_760_000_000_000;
const PROGRAM = "series-kernels";

interface Size {
  readonly labels: number;
  readonly points: number;
}

const sizeOf = (isQuick: boolean): Size =>
  isQuick ? { labels: 3, points: 1_003 } : { labels: 1_000, points: 10_000 };

const inputPath = ({ dataFolder }: Circumstances): string => join(dataFolder, "series.f64");

/** Writes the points: a walk a label, in hundredths. */
function writePoints(path: string, { labels, points }: Size): void {
  const total = labels * points;
  const columns = new Float64Array(total * 2);
  let state = 20_251_122;
  const below = (bound: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * bound);
  };
  for (let label = 0; label < labels; label += 1) {
    let hundredths = 2_000 + below(500);
    for (let point = 0; point < points; point += 1) {
      const row = label * points + point;
      hundredths += below(61) - 30;
      columns[row] = START_MS + point * 1_000;
      columns[total + row] = hundredths / 100;
    }
  }
  writeFileSync(path, columns);
}

async function prepare(circumstances: Circumstances): Promise<void> {
  const path = inputPath(circumstances);
  if (!existsSync(path)) writePoints(path, sizeOf(circumstances.isQuick));
  compile(PROGRAM, circumstances);
}

type Answer = readonly number[] | Float64Array | Uint32Array;
type Question = (table: PointTable, from: number, to: number) => Answer;

/** The words of an answer, sketches as they are and everything else as doubles. */
function wordsOf(answer: Answer): Uint32Array {
  if (answer instanceof Uint32Array) return answer;
  return new Uint32Array(Float64Array.from(answer).buffer);
}

const questions: Readonly<Record<string, Question>> = {
  "series-reduce": (table, from, to) => {
    const { count, sum, minimum, maximum } = table.reduce(from, to);
    return [count, sum, minimum, maximum];
  },
  "series-variance": (table, from, to) => {
    const { mean, squares } = table.variance(from, to);
    return [mean, squares];
  },
  "series-window": (table, from, to) => table.windows(from, to, 0, 3_600_000),
  "series-window-60": (table, from, to) => table.windows(from, to, 0, 60_000),
  "series-sketch": (table, from, to) => table.sketch(from, to),
};

async function run(name: string, circumstances: Circumstances): Promise<Outcome> {
  const { competitor, isQuick } = circumstances;
  const { labels, points } = sizeOf(isQuick);
  const total = labels * points;
  if (competitor === "c") {
    const parameters = [name, inputPath(circumstances), labels, points];
    return runNative(PROGRAM, parameters, { workload: name, n: total }, circumstances);
  }
  const question = questions[name]!;
  const engine = await openEngine(competitor);
  const table = engine.createPointTable(total);
  const file = readFileSync(inputPath(circumstances));
  const columns = new Float64Array(file.buffer, file.byteOffset, total * 2);
  for (let row = 0; row < total; row += points) {
    table.append(columns.slice(row, row + points), columns.slice(total + row, total + row + points));
  }
  const answers: Answer[] = new Array(labels).fill([]);
  const repetition = { warmups: isQuick ? 0 : 3, samplesMin: isQuick ? 1 : 9, budgetMs: isQuick ? 5 : 1_000 };
  const { pass = 0 } = await repeat(repetition, () => ({
    pass: elapsedNs(() => {
      for (let label = 0; label < labels; label += 1) {
        answers[label] = question(table, label * points, (label + 1) * points);
      }
    }),
  }));
  table.close();
  const check = answers.reduce((hash: number, answer) => hashWords(hash, wordsOf(answer)), HASH_START);
  return { samples: [{ workload: name, n: total, nsPerOp: pass / total }], check: hashText(check) };
}

export const seriesKernels: readonly Workload[] = Object.keys(questions).map((name) => ({
  name,
  competitors: ["baseline", "wasm", "c"],
  rounds: 5,
  missing: missingCompiler,
  prepare,
  run: (circumstances) => run(name, circumstances),
}));
