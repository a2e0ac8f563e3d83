// Aligned windows over a stretch of points in order of time: one row of eight doubles per window that holds a point.
// Where the next window begins is guessed from the size of the last one, then galloped to (Bentley and Yao 1976): evenly
// spaced points cost two looks a window. Each window is reduced while it is in the cache, its squares included.
//
//   row  | start | count | sum | minimum | maximum | first | last | squares        f64 each
import { Result } from "../calls";
import { PointReduction } from "./point-reduction";
import { PointTable } from "./point-tables";

const ROW_BYTES: u32 = 64;
const COUNT: usize = 8;
const SUM: usize = 16;
const MINIMUM: usize = 24;
const MAXIMUM: usize = 32;
const FIRST: usize = 40;
const LAST: usize = 48;
const SQUARES: usize = 56;
/** After so many points a call returns, so that no call runs long. */
const CALL_POINTS: u32 = 65536;
/** Rows one call writes at most. */
const WINDOW_ROWS_MAX: u32 = 1024;

export abstract class PointWindows {
  private static readonly rowsPointer: u32 = <u32>memory.data(1024 * 64, 16);

  /**
   * Writes the windows of the points from `from` on until the rows are used up, enough points are done or `to` is
   * reached; answers where the next call continues. `from` is where a window begins.
   */
  static next(table: PointTable, from: u32, to: u32, origin: f64, width: f64): u32 {
    const times = table.times;
    const values = table.values;
    const firstRow = PointWindows.rowsPointer;
    const rowsEnd = firstRow + WINDOW_ROWS_MAX * ROW_BYTES;
    const callEnd = to - from > CALL_POINTS ? from + CALL_POINTS : to;
    let row = firstRow;
    let guess: u32 = 1;
    let end: f64 = -Infinity;
    while (from < callEnd && row < rowsEnd) {
      const time = load<f64>(times + (from << 3));
      const isNext = time >= end && time < end + width;
      const start = isNext ? end : PointWindows.start(time, origin, width);
      end = start + width;
      const next = PointWindows.boundary(times, from, to, end, guess);
      guess = next - from;
      store<f64>(row, start);
      PointWindows.reduce(values + (from << 3), guess, row);
      row += ROW_BYTES;
      from = next;
    }
    Result.bytes(firstRow, row - firstRow);
    return from;
  }

  /** Where the window of `time` begins. */
  static start(time: f64, origin: f64, width: f64): f64 {
    const into = <i64>(time - origin) % <i64>width;
    return time - <f64>(into < 0 ? into + <i64>width : into);
  }

  /** The first point from `from` on whose time is not before `end`; the point at `from` is before it. */
  static boundary(times: u32, from: u32, to: u32, end: f64, guess: u32): u32 {
    // Points before `low` are before the end; those from `high` on are not.
    let low = from + 1;
    let high = to;
    if (guess < to - from) {
      const pivot = from + guess;
      if (load<f64>(times + (pivot << 3)) >= end) {
        high = pivot;
        if (load<f64>(times + ((pivot - 1) << 3)) < end) return pivot;
        for (let step: u32 = 1; step < high - low; step <<= 1) {
          const probe = high - step;
          if (load<f64>(times + (probe << 3)) < end) {
            low = probe + 1;
            break;
          }
          high = probe;
        }
      } else {
        low = pivot + 1;
        for (let step: u32 = 1; step < high - low; step <<= 1) {
          const probe = low + step - 1;
          if (load<f64>(times + (probe << 3)) >= end) {
            high = probe;
            break;
          }
          low = probe + 1;
        }
      }
    }
    while (low < high) {
      const middle = (low + high) >> 1;
      if (load<f64>(times + (middle << 3)) >= end) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private static reduce(pointer: u32, count: u32, row: u32): void {
    PointReduction.open();
    PointReduction.accumulate(pointer, count);
    const sum = PointReduction.total();
    store<f64>(row, <f64>count, COUNT);
    store<f64>(row, sum, SUM);
    store<f64>(row, PointReduction.minimum, MINIMUM);
    store<f64>(row, PointReduction.maximum, MAXIMUM);
    store<f64>(row, load<f64>(pointer), FIRST);
    store<f64>(row, load<f64>(pointer + ((count - 1) << 3)), LAST);
    PointReduction.open();
    PointReduction.squares(pointer, count, sum / <f64>count);
    store<f64>(row, PointReduction.total(), SQUARES);
  }
}
