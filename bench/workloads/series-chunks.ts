// Series chunks: sensors of two decimals each second, encoded in chunks of 10,000 points and decoded again; regular, and
// with 50 ms of jitter. Points are resident; the bytes cross into and out of the engine.
import type { Engine, PointTable } from "../../host/engine/engine.ts";
import { openEngine } from "../engines.ts";
import { elapsedNs, repeat } from "../timing.ts";
import type { Outcome, Sample, Workload } from "../workload.ts";

const POINTS = 10_000;
const START_MS = 1_760_000_000_000;

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

async function run(
  name: string,
  jitterMs: number,
  competitor: string,
  isQuick: boolean,
  isEncoding: boolean,
): Promise<Outcome> {
  const labels = isQuick ? 4 : 100;
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
  const n = labels * POINTS;
  const sample: Sample = { workload: name, n, nsPerOp: pass / n, bytesPerOp: bytes / n };
  return { samples: [sample], check: `${bytes} ${whole.sum}` };
}

const variants = [
  ["series-encode", 0, true],
  ["series-encode-jittered", 50, true],
  ["series-decode", 0, false],
  ["series-decode-jittered", 50, false],
] as const;

export const seriesChunks: readonly Workload[] = variants.map(([name, jitterMs, isEncoding]) => ({
  name,
  competitors: ["baseline", "wasm"],
  rounds: 5,
  run: ({ competitor, isQuick }) => run(name, jitterMs, competitor, isQuick, isEncoding),
}));
