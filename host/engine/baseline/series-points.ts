// Points of one label in their order: which chunks hold them, and the chunks merged where they overlap.
// Cost: that of decoding the chunks that reach into the range; a limit leaves those out that cannot matter.
import { CrdtError } from "../../errors.ts";
import { SERIES_RESULT_BYTES_MAX } from "../../limits.ts";
import { byDot } from "./entry.ts";
import { mergeRuns } from "./run-merge.ts";
import {
  type ChunkRow,
  decodedTimes,
  decodedValues,
  firstAbove,
  firstAtOrAbove,
  type SeriesLabel,
} from "./series-label.ts";

const POINT_BYTES = 16;
const HEADER_BYTES = 8;

/** Points `begin` to before `end` of a chunk, at least one. */
export interface RowRange {
  readonly row: ChunkRow;
  readonly begin: number;
  readonly end: number;
}

/** What the chunks of a label hold between `from` and `to` (inclusive), in the order of rows. What is only part of a chunk is decoded when it is yielded. */
export function* rangesBetween(label: SeriesLabel, from: number, to: number): Generator<RowRange> {
  const rows = label.rowsView();
  for (let index = label.firstReaching(from); index < rows.length; index++) {
    const row = rows[index]!;
    if (row.firstTime > to) return;
    if (row.lastTime < from) continue;
    if (row.firstTime >= from && row.lastTime <= to) {
      yield { row, begin: 0, end: row.count };
      continue;
    }
    row.decode();
    const begin = firstAtOrAbove(from, row.count);
    const end = firstAbove(to, row.count);
    if (begin < end) yield { row, begin, end };
  }
}

/** Points between `from` and `to` in order: the newest or oldest `limit`, or all where it is 0. Errors: limit-exceeded. */
export function pointsBetween(
  label: SeriesLabel,
  from: number,
  to: number,
  limit: number,
  isOldest: boolean,
): Uint8Array {
  const [low, high] = limit === 0 ? [from, to] : narrowed(label, from, to, limit, isOldest);
  const ranges = [...rangesBetween(label, low, high)];
  const total = ranges.reduce((sum, { begin, end }) => sum + end - begin, 0);
  const count = limit === 0 ? total : Math.min(limit, total);
  const byteLength = HEADER_BYTES + count * POINT_BYTES;
  if (byteLength > SERIES_RESULT_BYTES_MAX) throw tooLarge(byteLength);
  const answer = new Uint8Array(byteLength);
  new DataView(answer.buffer).setUint32(0, count, true);
  if (count === 0) return answer;
  const { times, values, at } = inOrder(ranges, total);
  const begin = isOldest ? at : at + total - count;
  new Float64Array(answer.buffer, HEADER_BYTES, count).set(times.subarray(begin, begin + count));
  new Float64Array(answer.buffer, HEADER_BYTES + count * 8, count).set(values.subarray(begin, begin + count));
  return answer;
}

/** The time of the `rank`-th newest point from `from` on. */
export function timeOfNewest(label: SeriesLabel, from: number, rank: number): number | undefined {
  const [low] = narrowed(label, from, Number.POSITIVE_INFINITY, rank, false);
  const ranges = [...rangesBetween(label, low, Number.POSITIVE_INFINITY)];
  const total = ranges.reduce((sum, { begin, end }) => sum + end - begin, 0);
  if (total < rank) return undefined;
  const { times, at } = inOrder(ranges, total);
  return times[at + total - rank];
}

/**
 * A range that holds the newest or oldest `limit` points as the given one does: chunks wholly inside it are counted from
 * its end until they are enough.
 */
function narrowed(
  label: SeriesLabel,
  from: number,
  to: number,
  limit: number,
  isOldest: boolean,
): readonly [number, number] {
  const rows = label.rowsView();
  let counted = 0;
  let reach = Number.NEGATIVE_INFINITY;
  for (let step = 0; step < rows.length; step++) {
    const row = rows[isOldest ? step : rows.length - 1 - step]!;
    if (row.firstTime < from || row.lastTime > to) continue;
    counted += row.count;
    reach = Math.max(reach, row.lastTime);
    if (counted >= limit) return isOldest ? [from, reach] : [row.firstTime, to];
  }
  return [from, to];
}

interface Ordered {
  readonly times: Float64Array;
  readonly values: Float64Array;
  /** Where the points begin. */
  readonly at: number;
}

/** Decodes all and brings them in order. */
function inOrder(ranges: readonly RowRange[], total: number): Ordered {
  if (areInOrder(ranges)) {
    const times = new Float64Array(total);
    const values = new Float64Array(total);
    decodeRuns(ranges, times, values);
    return { times, values, at: 0 };
  }
  const runs = [...ranges].sort((left, right) => byDot(left.row.entry, right.row.entry));
  const times = new Float64Array(total * 2);
  const values = new Float64Array(total * 2);
  mergeRuns(times, values, decodeRuns(runs, times, values), total);
  return { times, values, at: total };
}

/** Whether points are in order one chunk after another. A chunk's own ends stand for those of its part. */
function areInOrder(ranges: readonly RowRange[]): boolean {
  for (let index = 1; index < ranges.length; index++) {
    const before = ranges[index - 1]!.row;
    const { row } = ranges[index]!;
    if (before.lastTime > row.firstTime) return false;
    if (before.lastTime === row.firstTime && byDot(before.entry, row.entry) > 0) return false;
  }
  return true;
}

/** Writes the runs one behind the other; gives where each begins, and the end. */
function decodeRuns(ranges: readonly RowRange[], times: Float64Array, values: Float64Array): Uint32Array {
  const bounds = new Uint32Array(ranges.length + 1);
  let at = 0;
  ranges.forEach(({ row, begin, end }, index) => {
    if (end - begin === row.count) row.decodeInto(times, values, at);
    else {
      row.decode();
      times.set(decodedTimes.subarray(begin, end), at);
      values.set(decodedValues.subarray(begin, end), at);
    }
    at += end - begin;
    bounds[index + 1] = at;
  });
  return bounds;
}

export function tooLarge(byteLength: number): CrdtError {
  return new CrdtError(
    "limit-exceeded",
    `an answer of ${byteLength} bytes; at most ${SERIES_RESULT_BYTES_MAX} are allowed, ask for less at a time`,
  );
}
