// Asks a series (`SERIES_REQUESTS` in engine.ts) and reads the answers, checked to their last byte, for tests.
import {
  type EngineDocument,
  SERIES_REQUEST_BYTES,
  SERIES_REQUESTS,
  WINDOW_FIELD_COUNT,
  WINDOW_FIELDS,
} from "../../host/engine/engine.ts";

export interface Question {
  readonly kind: number;
  readonly order?: number;
  readonly zero?: number;
  readonly limit?: number;
  readonly from?: number;
  readonly to?: number;
  readonly origin?: number;
  readonly width?: number;
  readonly labels?: readonly (string | Uint8Array)[];
  /** Where it is not that of `labels`. */
  readonly labelCount?: number;
}

export interface AggregateRow {
  readonly start: number;
  readonly count: number;
  readonly sum: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly first: number;
  readonly last: number;
  readonly squares: number;
}

export interface LabelRow {
  readonly label: string;
  readonly points: number;
  readonly firstTime: number;
  readonly lastTime: number;
  readonly chunks: number;
  readonly bytes: number;
}

export type Range = Pick<Question, "from" | "to" | "limit" | "order" | "labels">;

const encoder = new TextEncoder();

export function requestBytes(question: Question): Uint8Array {
  const labels = (question.labels ?? []).map((label) =>
    typeof label === "string" ? encoder.encode(label) : label,
  );
  const length = labels.reduce((sum, label) => sum + 4 + label.length, SERIES_REQUEST_BYTES);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, question.kind);
  view.setUint8(1, question.order ?? 0);
  view.setUint16(2, question.zero ?? 0, true);
  view.setUint32(4, question.limit ?? 0, true);
  view.setFloat64(8, question.from ?? Number.NEGATIVE_INFINITY, true);
  view.setFloat64(16, question.to ?? Number.POSITIVE_INFINITY, true);
  view.setFloat64(24, question.origin ?? 0, true);
  view.setFloat64(32, question.width ?? 1, true);
  view.setUint32(40, question.labelCount ?? labels.length, true);
  let at = SERIES_REQUEST_BYTES;
  for (const label of labels) {
    view.setUint32(at, label.length, true);
    bytes.set(label, at + 4);
    at += 4 + label.length;
  }
  return bytes;
}

export function ask(document: EngineDocument, container: number, question: Question): Uint8Array {
  return document.series(container, requestBytes(question)).slice();
}

/** Points as pairs of time and value. */
export function pointsOf(
  document: EngineDocument,
  container: number,
  label: string | Uint8Array,
  range: Range = {},
): [time: number, value: number][] {
  const answer = ask(document, container, { ...range, kind: SERIES_REQUESTS.points, labels: [label] });
  const count = head(answer, 0, 16);
  const times = new Float64Array(answer.buffer, 8, count);
  const values = new Float64Array(answer.buffer, 8 + count * 8, count);
  return Array.from(times, (time, index) => [time, values[index]!]);
}

export function labelsOf(document: EngineDocument, container: number): LabelRow[] {
  const answer = ask(document, container, { kind: SERIES_REQUESTS.labels });
  const [count, labelBytes] = new Uint32Array(answer.buffer, 0, 2) as unknown as [number, number];
  const fields = new Float64Array(answer.buffer, 8, count * 5);
  const lengths = new Uint32Array(answer.buffer, 8 + count * 40, count);
  let at = 8 + count * 44;
  const rows = Array.from(lengths, (length, index) => {
    const label = String.fromCharCode(...answer.subarray(at, at + length));
    at += length;
    const [points, firstTime, lastTime, chunks, bytes] = fields.slice(index * 5) as unknown as number[];
    return { label, points, firstTime, lastTime, chunks, bytes } as LabelRow;
  });
  if (at !== answer.length || at !== 8 + count * 44 + labelBytes)
    throw new Error("labels do not fill the answer");
  return rows;
}

export function reduced(document: EngineDocument, container: number, range: Range = {}): AggregateRow[] {
  const answer = ask(document, container, { ...range, kind: SERIES_REQUESTS.reduce });
  return rowsAt(answer, 8, head(answer, 0, WINDOW_FIELD_COUNT * 8));
}

/** The windows of each label. */
export function windowsOf(
  document: EngineDocument,
  container: number,
  origin: number,
  width: number,
  range: Range = {},
): AggregateRow[][] {
  const answer = ask(document, container, { ...range, origin, width, kind: SERIES_REQUESTS.windows });
  const [labels, total] = new Uint32Array(answer.buffer, 0, 2) as unknown as [number, number];
  const counts = new Uint32Array(answer.buffer, 8, labels);
  let at = 8 + (labels + (labels % 2)) * 4;
  if (answer.length !== at + total * WINDOW_FIELD_COUNT * 8)
    throw new Error("windows do not fill the answer");
  return Array.from(counts, (count) => {
    const rows = rowsAt(answer, at, count);
    at += count * WINDOW_FIELD_COUNT * 8;
    return rows;
  });
}

/** Buckets and counts in turn. */
export function sketchOf(document: EngineDocument, container: number, range: Range = {}): Uint32Array {
  const answer = ask(document, container, { ...range, kind: SERIES_REQUESTS.sketch });
  return new Uint32Array(answer.buffer, 8, head(answer, 0, 8) * 2);
}

export function newestTime(
  document: EngineDocument,
  container: number,
  label: string,
  rank: number,
): number | undefined {
  const answer = ask(document, container, {
    kind: SERIES_REQUESTS.timeOfNewest,
    limit: rank,
    labels: [label],
  });
  return head(answer, 0, 8) === 1 ? new Float64Array(answer.buffer, 8, 1)[0] : undefined;
}

function head(answer: Uint8Array, zero: number, rowBytes: number): number {
  const [count, other] = new Uint32Array(answer.buffer, 0, 2) as unknown as [number, number];
  if (other !== zero || answer.length !== 8 + count * rowBytes)
    throw new Error("rows do not fill the answer");
  return count;
}

function rowsAt(answer: Uint8Array, at: number, count: number): AggregateRow[] {
  const fields = new Float64Array(answer.buffer, at, count * WINDOW_FIELD_COUNT);
  const names = Object.keys(WINDOW_FIELDS) as (keyof typeof WINDOW_FIELDS)[];
  return Array.from({ length: count }, (_, row) => {
    const entries = names.map((name) => [name, fields[row * WINDOW_FIELD_COUNT + WINDOW_FIELDS[name]]!]);
    return Object.fromEntries(entries) as AggregateRow;
  });
}
