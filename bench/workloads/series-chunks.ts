// Series chunks: sensors of two decimals each second, encoded in chunks of 10,000 points and decoded again; regular, and
// with 50 ms of jitter. Points are resident; the bytes cross into and out of the engine. The competitor `c` is
// bench/native/series-chunks.c.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine, PointTable } from "../../host/engine/engine.ts";
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
import type { Circumstances, Outcome, Sample, Workload } from "../workload.ts";

const POINTS = 10_000;
const START_MS = 1_760_000_000_000;
const PROGRAM = "series-chunks";

/** A walk in hundredths, by a small generator that is the same everywhere. */
function sensor(label: number, jitterMs: number): { times: Float64Array; values: Float64Array } {
  const times = new Float64Array(POINTS);
  const values = new Float64Array(POINTS);
  let state = (label * 2654435761) >>> 0;
  const below = (bound: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * bound);
  };
  let hundredths = 2000 + below(500);
  for (let index = 0; index < POINTS; index += 1) {
    times[index] = START_MS + index * 1000 + (jitterMs === 0 ? 0 : below(2 * jitterMs + 1) - jitterMs);
    hundredths += below(61) - 30;
    values[index] = hundredths / 100;
  }
  return { times, values };
}

function filled(engine: Engine, labels: number, jitterMs: number): PointTable {
  const table = engine.createPointTable(labels * POINTS);
  for (let label = 0; label < labels; label += 1) {
    const { times, values } = sensor(label, jitterMs);
    table.append(times, values);
  }
  return table;
}

const encodeAll = (table: PointTable, labels: number): Uint8Array[] =>
  Array.from({ length: labels }, (_, label) => table.encodeChunk(label * POINTS, (label + 1) * POINTS));

const inputPath = (jitterMs: number, { dataFolder }: Circumstances): string =>
  join(dataFolder, `series-chunks-${jitterMs}.f64`);

const labelsOf = ({ isQuick }: Circumstances): number => (isQuick ? 4 : 100);

/** The times of all labels, then their values. */
async function prepare(jitterMs: number, circumstances: Circumstances): Promise<void> {
  const labels = labelsOf(circumstances);
  const columns = new Float64Array(labels * POINTS * 2);
  for (let label = 0; label < labels; label += 1) {
    const { times, values } = sensor(label, jitterMs);
    columns.set(times, label * POINTS);
    columns.set(values, (labels + label) * POINTS);
  }
  writeFileSync(inputPath(jitterMs, circumstances), columns);
  compile(PROGRAM, circumstances);
}

/** All bytes behind each other, in words; what is left over of the last word is 0. */
function wordsOf(chunks: readonly Uint8Array[]): Uint32Array {
  const bytes = Buffer.concat(chunks);
  const words = new Uint32Array(Math.ceil(bytes.length / 4));
  new Uint8Array(words.buffer).set(bytes);
  return words;
}

async function run(
  name: string,
  jitterMs: number,
  isEncoding: boolean,
  circumstances: Circumstances,
): Promise<Outcome> {
  const { competitor, isQuick } = circumstances;
  const labels = labelsOf(circumstances);
  const n = labels * POINTS;
  if (competitor === "c") {
    const step = isEncoding ? "encode" : "decode";
    const parameters = [step, inputPath(jitterMs, circumstances), labels, POINTS];
    return runNative(PROGRAM, parameters, { workload: name, n }, circumstances);
  }
  const engine = await openEngine(competitor);
  const table = filled(engine, labels, jitterMs);
  const chunks = encodeAll(table, labels).map((chunk) => chunk.slice());
  const whole = table.reduce(0, table.length);
  const target = engine.createPointTable(labels * POINTS);
  const decodeAll = (): void => {
    target.clear();
    for (const chunk of chunks) target.decodeChunk(chunk);
  };
  const work = isEncoding ? () => void encodeAll(table, labels) : decodeAll;
  const repetition = { warmups: isQuick ? 0 : 5, samplesMin: isQuick ? 1 : 15, budgetMs: isQuick ? 5 : 1000 };
  const { pass = 0 } = await repeat(repetition, () => ({ pass: elapsedNs(work) }));
  decodeAll();
  const decoded = target.reduce(0, target.length);
  if (JSON.stringify(decoded) !== JSON.stringify(whole)) throw new Error("decoded points differ");
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const sample: Sample = { workload: name, n, nsPerOp: pass / n, bytesPerOp: bytes / n };
  return { samples: [sample], check: hashText(hashWords(HASH_START, wordsOf(chunks))) };
}

const variants = [
  ["series-encode", 0, true],
  ["series-encode-jittered", 50, true],
  ["series-decode", 0, false],
  ["series-decode-jittered", 50, false],
] as const;

export const seriesChunks: readonly Workload[] = variants.map(([name, jitterMs, isEncoding]) => ({
  name,
  competitors: ["baseline", "wasm", "c"],
  rounds: 5,
  missing: missingCompiler,
  prepare: (circumstances) => prepare(jitterMs, circumstances),
  run: (circumstances) => run(name, jitterMs, isEncoding, circumstances),
}));
