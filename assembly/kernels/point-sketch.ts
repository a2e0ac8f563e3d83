// A quantile sketch with a bounded relative error: values are counted in buckets of their leading bits (sign, exponent,
// seven bits of the fraction), after the idea of DDSketch (Masson, Rim and Lee, PVLDB 12, 2019) without its logarithm.
// A bucket is 2^-7 of its power of two wide, so its middle is within 2^-8 of every value in it (of subnormals: within
// 2^-8 of the least normal). Sketches merge by adding counts. Cost: one pass, and 4 KiB of marks looked through.
//
//   cells  | counts u32 × 4 lanes        by leading bits, 8 MiB, allocated at first use, zero between calls
//   marks  | u8 by sign and exponent: 1 where a bucket holds a value
//
// Neighbours often share a bucket, and a count just stored is slow to load again: element i counts in lane i mod 4.
import { Result } from "../calls";
import { Heap } from "../memory/heap";
import { Scratch } from "../memory/scratch";

const BUCKETS: u32 = 524288;
const BUCKET_SHIFT: u32 = 13;
const CELL_BYTES: u32 = 16;
const CELL_SHIFT: u32 = 4;
const MARKS: i32 = 4096;
const MARK_SHIFT: u32 = 20;
const MARK_BUCKETS: u32 = 128;
const HALF: u32 = BUCKETS >> 1;

export abstract class PointSketch {
  private static cells: u32 = 0;
  private static readonly marks: u32 = <u32>memory.data(4096, 16);
  /** Room for the pairs of a result, and where the next one goes. */
  private static pairs: u32 = 0;
  private static pairsEnd: u32 = 0;

  /** Makes room for the counts and, before any value is counted, for the rows of a result. */
  static open(count: u32): void {
    if (PointSketch.cells == 0) {
      const cells = Heap.allocate(BUCKETS * CELL_BYTES);
      memory.fill(cells, 0, BUCKETS * CELL_BYTES);
      PointSketch.cells = cells;
    }
    Scratch.reset();
    PointSketch.pairs = Scratch.allocate(min(count, BUCKETS) << 3);
  }

  /** Counts a stretch. */
  static add(pointer: u32, count: u32): void {
    const end = pointer + (count << 3);
    const groupsEnd = pointer + ((count & ~3) << 3);
    const cells = PointSketch.cells;
    const marks = PointSketch.marks;
    while (pointer < groupsEnd) {
      PointSketch.count(cells, marks, load<u32>(pointer, 4));
      PointSketch.count(cells + 4, marks, load<u32>(pointer, 12));
      PointSketch.count(cells + 8, marks, load<u32>(pointer, 20));
      PointSketch.count(cells + 12, marks, load<u32>(pointer, 28));
      pointer += 32;
    }
    while (pointer < end) {
      PointSketch.count(cells, marks, load<u32>(pointer, 4));
      pointer += 8;
    }
  }

  @inline private static count(cells: u32, marks: u32, high: u32): void {
    const cell = cells + ((high >> BUCKET_SHIFT) << CELL_SHIFT);
    store<u32>(cell, load<u32>(cell) + 1);
    store<u8>(marks + (high >> MARK_SHIFT), 1);
  }

  /** Gathers the buckets that hold a value, ascending by value, and clears them. */
  static gather(): void {
    PointSketch.pairsEnd = PointSketch.pairs;
    for (let group: i32 = MARKS - 8; group >= MARKS >> 1; group -= 8) {
      if (load<u64>(PointSketch.marks + group) == 0) continue;
      for (let mark = group + 7; mark >= group; mark--) PointSketch.gatherMark(mark);
    }
    for (let group: i32 = 0; group < MARKS >> 1; group += 8) {
      if (load<u64>(PointSketch.marks + group) == 0) continue;
      for (let mark = group; mark < group + 8; mark++) PointSketch.gatherMark(mark);
    }
    Result.bytes(PointSketch.pairs, PointSketch.pairsEnd - PointSketch.pairs);
  }

  private static gatherMark(mark: u32): void {
    if (load<u8>(PointSketch.marks + mark) == 0) return;
    store<u8>(PointSketch.marks + mark, 0);
    const first = mark * MARK_BUCKETS;
    const isNegative = first >= HALF;
    for (let step: u32 = 0; step < MARK_BUCKETS; step++) {
      const bits = isNegative ? first + MARK_BUCKETS - 1 - step : first + step;
      const cell = PointSketch.cells + (bits << CELL_SHIFT);
      const count = load<u32>(cell) + load<u32>(cell, 4) + load<u32>(cell, 8) + load<u32>(cell, 12);
      if (count == 0) continue;
      store<u64>(cell, 0);
      store<u64>(cell, 0, 8);
      store<u32>(PointSketch.pairsEnd, isNegative ? BUCKETS - 1 - bits : HALF + bits);
      store<u32>(PointSketch.pairsEnd, count, 4);
      PointSketch.pairsEnd += 8;
    }
  }
}
