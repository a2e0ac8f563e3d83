// The coordinate-wise median and trimmed mean of models: every column of the rows is sorted by a comparator network, which
// takes no branch. Up to sixteen rows are sorted in locals (sort-sixteen.ts), more by K. E. Batcher's merge exchange (Knuth,
// The Art of Computer Programming 3, 5.2.2, algorithm M) over blocks of columns that stay in the cache. The module without
// vectors takes the merge exchange for any number of rows.
//
//   scratch  | rows × BLOCK_COLUMNS f32, sorted downwards         one block
//
// Costs about n/4 · log²(n) comparators a column; columns are rounded up to four, rows and results have room for that.
import { SortSixteen } from "./sort-sixteen";

const BLOCK_COLUMNS: u32 = 64;
const BLOCK_BYTES: u32 = BLOCK_COLUMNS << 2;
const VECTOR_BYTES: u32 = 16;

export abstract class ModelOrder {
  /** Bytes of scratch that sorting `rowCount` rows takes. */
  static scratchBytes(rowCount: u32): u32 {
    return max<u32>(rowCount, 16) * BLOCK_BYTES;
  }

  /**
   * The mean of the sorted rows `trim` to before `rowCount − trim`, added ascending and divided as f32; where these are one or
   * two, half of the lower and half of the upper, which is the median.
   */
  static trimmedMean(
    out: u32,
    rows: u32,
    stride: u32,
    rowCount: u32,
    trim: u32,
    count: u32,
    scratch: u32,
  ): void {
    const end = out + (((count + 3) & ~3) << 2);
    if (ASC_FEATURE_SIMD && rowCount <= 16) {
      for (; out < end; out += 16, rows += 16) {
        SortSixteen.vectors(rows, stride, rowCount, scratch);
        ModelOrder.reduce(out, scratch, VECTOR_BYTES, rowCount, trim, VECTOR_BYTES);
      }
      return;
    }
    for (; out < end; out += BLOCK_BYTES, rows += BLOCK_BYTES) {
      const bytes = min<u32>(BLOCK_BYTES, end - out);
      ModelOrder.gather(scratch, rows, stride, rowCount, bytes);
      ModelOrder.sortBlock(scratch, rowCount, bytes);
      ModelOrder.reduce(out, scratch, BLOCK_BYTES, rowCount, trim, bytes);
    }
  }

  private static reduce(out: u32, sorted: u32, stride: u32, rowCount: u32, trim: u32, bytes: u32): void {
    const first = sorted + trim * stride;
    const kept = rowCount - 2 * trim;
    if (kept <= 2) ModelOrder.halves(out, first, first + (kept - 1) * stride, bytes);
    else ModelOrder.mean(out, first, stride, kept, bytes);
  }

  private static halves(out: u32, lower: u32, upper: u32, bytes: u32): void {
    const end = out + bytes;
    if (ASC_FEATURE_SIMD) {
      const half = v128.splat<f32>(0.5);
      for (; out < end; out += 16, lower += 16, upper += 16) {
        const left = v128.mul<f32>(v128.load(lower), half);
        v128.store(out, v128.add<f32>(left, v128.mul<f32>(v128.load(upper), half)));
      }
    } else {
      for (; out < end; out += 4, lower += 4, upper += 4) {
        store<f32>(out, load<f32>(lower) * 0.5 + load<f32>(upper) * 0.5);
      }
    }
  }

  private static mean(out: u32, first: u32, stride: u32, kept: u32, bytes: u32): void {
    const end = out + bytes;
    if (ASC_FEATURE_SIMD) {
      const divisor = v128.splat<f32>(<f32>kept);
      for (; out < end; out += 16, first += 16) {
        let sum = v128.load(first);
        let row = first;
        for (let index: u32 = 1; index < kept; index++) {
          row += stride;
          sum = v128.add<f32>(sum, v128.load(row));
        }
        v128.store(out, v128.div<f32>(sum, divisor));
      }
    } else {
      for (; out < end; out += 4, first += 4) {
        let sum = load<f32>(first);
        let row = first;
        for (let index: u32 = 1; index < kept; index++) {
          row += stride;
          sum += load<f32>(row);
        }
        store<f32>(out, sum / <f32>kept);
      }
    }
  }

  private static gather(scratch: u32, rows: u32, stride: u32, rowCount: u32, bytes: u32): void {
    for (let row: u32 = 0; row < rowCount; row++) {
      const from = rows + row * stride;
      const to = scratch + row * BLOCK_BYTES;
      if (ASC_FEATURE_SIMD) {
        const zero = v128.splat<f32>(0);
        for (let at: u32 = 0; at < bytes; at += 16)
          v128.store(to + at, v128.add<f32>(v128.load(from + at), zero));
      } else {
        for (let at: u32 = 0; at < bytes; at += 4) store<f32>(to + at, load<f32>(from + at) + 0);
      }
    }
  }

  private static sortBlock(scratch: u32, rowCount: u32, bytes: u32): void {
    if (rowCount < 2) return;
    const top: u32 = (<u32>1) << (31 - clz(rowCount - 1));
    for (let part = top; part > 0; part >>= 1) {
      let span = top;
      let offset: u32 = 0;
      let distance = part;
      while (true) {
        for (let row: u32 = 0; row + distance < rowCount; row++) {
          if ((row & part) != offset) continue;
          const low = scratch + row * BLOCK_BYTES;
          ModelOrder.exchange(low, low + distance * BLOCK_BYTES, bytes);
        }
        if (span == part) break;
        distance = span - part;
        span >>= 1;
        offset = part;
      }
    }
  }

  private static exchange(low: u32, high: u32, bytes: u32): void {
    const end = low + bytes;
    if (ASC_FEATURE_SIMD) {
      for (; low < end; low += 16, high += 16) {
        const left = v128.load(low);
        const right = v128.load(high);
        v128.store(low, v128.pmin<f32>(left, right));
        v128.store(high, v128.pmax<f32>(left, right));
      }
    } else {
      for (; low < end; low += 4, high += 4) {
        const left = load<f32>(low);
        const right = load<f32>(high);
        store<f32>(low, min(left, right));
        store<f32>(high, max(left, right));
      }
    }
  }
}
