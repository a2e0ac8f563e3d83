// Reads what is asked of a series (`SERIES_REQUESTS` in engine.ts), and refuses what is no question.
// Cost: the bytes of the request.
import { CrdtError } from "../errors.ts";
import { BATCH_BYTES_MAX, KEY_BYTES_MAX } from "../limits.ts";
import { SERIES_REQUEST_BYTES, SERIES_REQUESTS } from "./engine.ts";
import { checkGrid } from "./point-arguments.ts";

export interface SeriesRequest {
  readonly kind: number;
  /** Whether a limit keeps the oldest points, not the newest. */
  readonly isOldest: boolean;
  readonly limit: number;
  readonly from: number;
  readonly to: number;
  readonly origin: number;
  readonly width: number;
  /** Where each label stands in the request: offset and end in turn. */
  readonly labels: readonly number[];
}

const OFFSETS = {
  order: 1,
  zero: 2,
  limit: 4,
  from: 8,
  to: 16,
  origin: 24,
  width: 32,
  labelCount: 40,
} as const;
/** The kind byte of a key takes one. */
const LABEL_BYTES_MAX = KEY_BYTES_MAX - 1;

/** Errors: invalid-argument, limit-exceeded. */
export function readSeriesRequest(bytes: Uint8Array): SeriesRequest {
  if (bytes.length > BATCH_BYTES_MAX) throw tooLarge(bytes.length, "bytes", BATCH_BYTES_MAX);
  if (bytes.length < SERIES_REQUEST_BYTES)
    throw invalid(`${bytes.length} bytes; give ${SERIES_REQUEST_BYTES} and the labels`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = bytes[0]!;
  const order = bytes[OFFSETS.order]!;
  if (kind < SERIES_REQUESTS.labels || kind > SERIES_REQUESTS.timeOfNewest) throw invalid(`kind ${kind}`);
  const isOfPoints = kind === SERIES_REQUESTS.points;
  if (view.getUint16(OFFSETS.zero, true) !== 0) throw invalid("bytes 2 and 3 are not 0");
  if (isOfPoints && order > 1) throw invalid(`order ${order}; give 0 or 1`);
  const limit = view.getUint32(OFFSETS.limit, true);
  if (kind === SERIES_REQUESTS.timeOfNewest && limit === 0)
    throw invalid("the newest 0 points; give at least 1");
  const from = view.getFloat64(OFFSETS.from, true);
  const to = view.getFloat64(OFFSETS.to, true);
  const hasRange = kind !== SERIES_REQUESTS.labels && kind !== SERIES_REQUESTS.timeOfNewest;
  if (hasRange && (Number.isNaN(from) || Number.isNaN(to))) throw invalid(`times from ${from} to ${to}`);
  const origin = view.getFloat64(OFFSETS.origin, true);
  const width = view.getFloat64(OFFSETS.width, true);
  if (kind === SERIES_REQUESTS.windows) checkGrid(origin, width);
  const labels = readLabels(bytes, view, kind);
  return { kind, isOldest: order === 1, limit, from, to, origin, width, labels };
}

function readLabels(bytes: Uint8Array, view: DataView, kind: number): number[] {
  const count = view.getUint32(OFFSETS.labelCount, true);
  const isOfOne = kind === SERIES_REQUESTS.points || kind === SERIES_REQUESTS.timeOfNewest;
  if (isOfOne && count !== 1) throw invalid(`${count} labels; give one`);
  if (kind === SERIES_REQUESTS.labels && count !== 0) throw invalid(`${count} labels; give none`);
  const labels: number[] = [];
  let at: number = SERIES_REQUEST_BYTES;
  for (let index = 0; index < count; index++) {
    if (at + 4 > bytes.length) throw invalid(`cut off in label ${index} of ${count}`);
    const length = view.getUint32(at, true);
    if (length > LABEL_BYTES_MAX) throw tooLarge(length, "bytes in a label", LABEL_BYTES_MAX);
    at += 4;
    if (at + length > bytes.length) throw invalid(`cut off in label ${index} of ${count}`);
    labels.push(at, at + length);
    at += length;
  }
  if (at !== bytes.length) throw invalid(`${bytes.length - at} bytes behind the labels`);
  return labels;
}

function invalid(reason: string): CrdtError {
  return new CrdtError("invalid-argument", `a question to a series refused: ${reason}`);
}

function tooLarge(count: number, unit: string, limit: number): CrdtError {
  return new CrdtError(
    "limit-exceeded",
    `a question to a series with ${count} ${unit}; at most ${limit} are allowed`,
  );
}
