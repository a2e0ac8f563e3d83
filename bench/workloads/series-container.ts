// Questions to a series container of 1,000 labels with 10,000 points each, two decimals a second: sums over all of it, over a
// range that cuts the chunks at both ends, the first question after a snapshot was merged, and windows of ten minutes.
// Chunks stay as they travel; whole ones are answered from their summaries, cut ones are decoded.
import {
  type Engine,
  type EngineDocument,
  OPCODES,
  SERIES_REQUEST_BYTES,
  SERIES_REQUESTS,
} from "../../host/engine/engine.ts";
import { openDocument, openEngine, replicaOf } from "../engines.ts";
import { elapsedNs, repeat } from "../timing.ts";
import type { Outcome, Sample, Workload } from "../workload.ts";

const POINTS = 10_000;
const START_MS = 1_760_000_000_000;
const NOW_MS = 1_760_000_000_000;
const STEP_MS = 1000;
const WINDOW_MS = 600_000;
const HEADER_BYTES = 11;

/** One `record` of a walk in hundredths, by a small generator that is the same everywhere. */
function recordBatch(container: number, label: string): Uint8Array {
  const name = new TextEncoder().encode(label);
  const bytes = new Uint8Array(HEADER_BYTES + name.length + POINTS * 16);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, OPCODES.record);
  view.setUint16(1, container, true);
  view.setUint32(3, name.length, true);
  view.setUint32(7, POINTS, true);
  bytes.set(name, HEADER_BYTES);
  const times = HEADER_BYTES + name.length;
  const values = times + POINTS * 8;
  let state = [...name].reduce((seed, byte) => Math.imul(seed + byte, 2654435761) >>> 0, 1);
  let hundredths = 2000;
  for (let index = 0; index < POINTS; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    hundredths += Math.floor((state / 4294967296) * 61) - 30;
    view.setFloat64(times + index * 8, START_MS + index * STEP_MS, true);
    view.setFloat64(values + index * 8, hundredths / 100, true);
  }
  return bytes;
}

function filled(engine: Engine, labels: number): EngineDocument {
  const document = openDocument(engine, replicaOf(1));
  const container = document.container("series", "load");
  for (let label = 0; label < labels; label += 1) {
    const batch = recordBatch(container, `agent ${label}/cpu`);
    document.mutate(batch, batch.length, NOW_MS);
  }
  return document;
}

/** A question about all labels. */
function question(kind: number, from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(SERIES_REQUEST_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, kind);
  view.setFloat64(8, from, true);
  view.setFloat64(16, to, true);
  view.setFloat64(24, 0, true);
  view.setFloat64(32, WINDOW_MS, true);
  return bytes;
}

const LAST_MS = START_MS + (POINTS - 1) * STEP_MS;
const QUESTIONS = {
  "series-scan-compressed": question(
    SERIES_REQUESTS.reduce,
    Number.NEGATIVE_INFINITY,
    Number.POSITIVE_INFINITY,
  ),
  "series-scan-first": question(SERIES_REQUESTS.reduce, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY),
  "series-scan-cut": question(SERIES_REQUESTS.reduce, START_MS + STEP_MS, LAST_MS - STEP_MS),
  "series-window-compressed": question(
    SERIES_REQUESTS.windows,
    Number.NEGATIVE_INFINITY,
    Number.POSITIVE_INFINITY,
  ),
} as const;

type Name = keyof typeof QUESTIONS;

/** A sum over the bytes of an answer: competitors agree on all of them. */
function checksum(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => (Math.imul(sum, 31) + byte) >>> 0, bytes.length);
}

async function run(name: Name, competitor: string, isQuick: boolean): Promise<Outcome> {
  const labels = isQuick ? 4 : 1000;
  const engine = await openEngine(competitor);
  const document = filled(engine, labels);
  const request = QUESTIONS[name];
  const snapshot = document.snapshot();
  const container = document.container("series", "load");
  const check = checksum(document.series(container, request));
  const isFirst = name === "series-scan-first";
  const ask = (asked: EngineDocument): { pass: number } => {
    const index = asked.container("series", "load");
    let answer: Uint8Array = snapshot;
    const pass = elapsedNs(() => {
      answer = asked.series(index, request);
    });
    if (checksum(answer) !== check) throw new Error("a question was answered in two ways");
    return { pass };
  };
  const askFirst = (): { pass: number } => {
    const reader = openDocument(engine, replicaOf(2));
    reader.merge(snapshot, NOW_MS, false);
    const times = ask(reader);
    reader.close();
    return times;
  };
  const repetition = { warmups: isQuick ? 0 : 3, samplesMin: isQuick ? 1 : 9, budgetMs: isQuick ? 5 : 1000 };
  const { pass = 0 } = await repeat(repetition, isFirst ? askFirst : () => ask(document));
  const n = labels * POINTS;
  const sample: Sample = { workload: name, n, nsPerOp: pass / n, bytesPerOp: snapshot.length / n };
  return { samples: [sample], check: `${snapshot.length} ${check}` };
}

export const seriesContainer: readonly Workload[] = (Object.keys(QUESTIONS) as Name[]).map((name) => ({
  name,
  competitors: ["baseline", "wasm"],
  rounds: 3,
  run: ({ competitor, isQuick }) => run(name, competitor, isQuick),
}));
