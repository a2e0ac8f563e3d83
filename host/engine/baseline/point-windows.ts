// Aligned windows over a stretch of points in order of time: a row of eight numbers per window that holds a point. Where
// the next window begins is guessed from the size of the last one, then galloped to, so that evenly spaced points cost
// two looks a window. Each window is reduced while it is in the cache.
import { WINDOW_FIELD_COUNT, WINDOW_FIELDS } from "../engine.ts";
import { windowStart } from "../point-arguments.ts";
import { squaresPoints, summarizePoints } from "./point-reduction.ts";

const ROWS_MIN = 16;

/** `from` < `to`. */
export function windowPoints(
  times: Float64Array,
  values: Float64Array,
  from: number,
  to: number,
  origin: number,
  width: number,
): Float64Array {
  let rows = new Float64Array(ROWS_MIN * WINDOW_FIELD_COUNT);
  let length = 0;
  let guess = 1;
  let end = -Infinity;
  for (let begin = from; begin < to; ) {
    const time = times[begin]!;
    const isNext = time >= end && time < end + width;
    const start = isNext ? end : windowStart(time, origin, width);
    end = start + width;
    const next = boundary(times, begin, to, end, guess);
    guess = next - begin;
    if (length === rows.length)
      rows = enlarged(rows, Math.ceil((length / (next - from)) * (to - from) * 1.1));
    writeRow(rows, length, values, begin, next);
    rows[length + WINDOW_FIELDS.start] = start;
    length += WINDOW_FIELD_COUNT;
    begin = next;
  }
  return rows.slice(0, length);
}

function writeRow(rows: Float64Array, row: number, values: Float64Array, from: number, to: number): void {
  // Sum, minimum and maximum are neighbours.
  summarizePoints(values, from, to, rows, row + WINDOW_FIELDS.sum);
  const count = to - from;
  rows[row + WINDOW_FIELDS.count] = count;
  rows[row + WINDOW_FIELDS.first] = values[from]!;
  rows[row + WINDOW_FIELDS.last] = values[to - 1]!;
  rows[row + WINDOW_FIELDS.squares] = squaresPoints(values, from, to, rows[row + WINDOW_FIELDS.sum]! / count);
}

/** At least twice as long, in whole rows. */
function enlarged(rows: Float64Array, wanted: number): Float64Array<ArrayBuffer> {
  const count = Math.ceil(Math.max(wanted, rows.length * 2) / WINDOW_FIELD_COUNT);
  const larger = new Float64Array(count * WINDOW_FIELD_COUNT);
  larger.set(rows);
  return larger;
}

/** The first point from `from` on whose time is not before `end`; the point at `from` is before it. */
function boundary(times: Float64Array, from: number, to: number, end: number, guess: number): number {
  // Points before `low` are before the end; those from `high` on are not.
  let low = from + 1;
  let high = to;
  if (guess < to - from) {
    const pivot = from + guess;
    if (times[pivot]! >= end) {
      if (times[pivot - 1]! < end) return pivot;
      high = pivot;
      for (let step = 1; step < high - low; step *= 2) {
        const probe = high - step;
        if (times[probe]! < end) {
          low = probe + 1;
          break;
        }
        high = probe;
      }
    } else {
      low = pivot + 1;
      for (let step = 1; step < high - low; step *= 2) {
        const probe = low + step - 1;
        if (times[probe]! >= end) {
          high = probe;
          break;
        }
        low = probe + 1;
      }
    }
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle]! >= end) high = middle;
    else low = middle + 1;
  }
  return low;
}
