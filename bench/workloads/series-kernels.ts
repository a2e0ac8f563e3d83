// Kernels of point tables over resident points: 1,000 labels of 10,000 points, one a second, two decimals; each pass asks
// for every label once. The competitor `c` is bench/native/series-kernels.c, built here with `cc -O3 -march=native`; it
// reads the same file, keeps the same lanes and must come to the same bits.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PointTable } from "../../host/engine/engine.ts";
import { openEngine } from "../engines.ts";
import { elapsedNs, repeat } from "../timing.ts";
import type { Circumstances, Outcome, Workload } from "../workload.ts";

const START_MS = 1_760_000_000_000;
const HASH_START = 0x811c9dc5;
const HASH_PRIME = 0x01000193;
const SOURCE = "bench/native/series-kernels.c";
const NATIVE_SAMPLES = 15;

interface Size {
  readonly labels: number;
  readonly points: number;
}

const sizeOf = (isQuick: boolean): Size =>
  isQuick ? { labels: 3, points: 1_003 } : { labels: 1_000, points: 10_000 };

const inputPath = ({ dataFolder }: Circumstances): string => join(dataFolder, "series.f64");
const nativePath = ({ dataFolder }: Circumstances): string => join(dataFolder, "series-kernels");

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

function missingCompiler(): string | undefined {
  const { error, status } = spawnSync("cc", ["--version"], { stdio: "ignore" });
  return error === undefined && status === 0 ? undefined : "there is no C compiler (cc)";
}

async function prepare(circumstances: Circumstances): Promise<void> {
  const path = inputPath(circumstances);
  if (!existsSync(path)) writePoints(path, sizeOf(circumstances.isQuick));
  if (missingCompiler() !== undefined) return;
  // Contracting a product and a sum into one rounding would change the bits.
  const flags = ["-O3", "-march=native", "-ffp-contract=off", "-std=c11", "-D_POSIX_C_SOURCE=200809L"];
  execFileSync("cc", [...flags, SOURCE, "-o", nativePath(circumstances), "-lm"]);
}

/** Fowler, Noll and Vo's hash over words instead of bytes. */
function hashWords(hash: number, words: Uint32Array): number {
  let state = hash;
  for (const word of words) state = Math.imul(state ^ word, HASH_PRIME) >>> 0;
  return state;
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

function runNative(name: string, circumstances: Circumstances): Outcome {
  const { labels, points } = sizeOf(circumstances.isQuick);
  const samples = circumstances.isQuick ? 1 : NATIVE_SAMPLES;
  const parameters = [name, inputPath(circumstances), `${labels}`, `${points}`, `${samples}`];
  const output = execFileSync(nativePath(circumstances), parameters, { encoding: "utf8" });
  const [nsPerOp = "", check = ""] = output.trim().split(" ");
  return { samples: [{ workload: name, n: labels * points, nsPerOp: Number(nsPerOp) }], check };
}

async function run(name: string, circumstances: Circumstances): Promise<Outcome> {
  const { competitor, isQuick } = circumstances;
  if (competitor === "c") return runNative(name, circumstances);
  const { labels, points } = sizeOf(isQuick);
  const total = labels * points;
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
  return {
    samples: [{ workload: name, n: total, nsPerOp: pass / total }],
    check: check.toString(16).padStart(8, "0"),
  };
}

export const seriesKernels: readonly Workload[] = Object.keys(questions).map((name) => ({
  name,
  competitors: ["baseline", "wasm", "c"],
  rounds: 5,
  missing: (competitor) => (competitor === "c" ? missingCompiler() : undefined),
  prepare,
  run: (circumstances) => run(name, circumstances),
}));
