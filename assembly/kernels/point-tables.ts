// Point tables by handle: times and values of series as two columns of doubles, rows only appended. The host writes
// behind the last row and then asks to keep what it wrote; what is refused is simply not counted.
//
//   handle table  | columns u32, capacity u32, length u32, isOpen u32        by handle, 16 bytes
//   columns       | times f64 × capacity | values f64 × capacity
import { Result } from "../calls";
import { Heap } from "../memory/heap";
import { Refusal } from "../refusal";
import { STATUS_INVALID_ARGUMENT, STATUS_OK, SUBJECT_POINT_TIME, SUBJECT_POINT_VALUE } from "../status";

const ROW_SHIFT: u32 = 4;
const CAPACITY_MIN: u32 = 16;
/** Times are integers a double holds exactly. */
const TIME_MAX: f64 = 9007199254740991;

@unmanaged
export class PointTable {
  columns: u32;
  capacity: u32;
  length: u32;
  isOpen: u32;

  @inline get times(): u32 {
    return this.columns;
  }

  @inline get values(): u32 {
    return this.columns + (this.capacity << 3);
  }
}

export abstract class PointTables {
  private static rows: u32 = 0;
  private static count: u32 = 0;
  private static capacity: u32 = 0;

  @inline static at(handle: u32): PointTable {
    return changetype<PointTable>(PointTables.rows + (handle << ROW_SHIFT));
  }

  @inline static valuePointer(handle: u32, row: u32): u32 {
    return PointTables.at(handle).values + (row << 3);
  }

  static create(capacity: u32): u32 {
    const handle = PointTables.freeHandle();
    // The only step that memory may be too small for: nothing is lost when it traps.
    const columns = Heap.allocate(capacity << 4);
    const table = PointTables.at(handle);
    table.columns = columns;
    table.capacity = capacity;
    table.length = 0;
    table.isOpen = 1;
    return handle;
  }

  static close(handle: u32): void {
    const table = PointTables.at(handle);
    table.isOpen = 0;
    Heap.release(table.columns, table.capacity << 4);
  }

  /**
   * Keeps the `count` rows behind the last one, unless a time is no integer within ±(2^53 − 1) or lies below the one
   * before it in these rows, or a value is NaN. A time of −0 becomes +0.
   */
  static append(handle: u32, count: u32): u32 {
    const table = PointTables.at(handle);
    const times = table.times + (table.length << 3);
    const values = table.values + (table.length << 3);
    if (!PointTables.areTimes(times, count)) return PointTables.refuseTime(times, count);
    if (!PointTables.areNumbers(values, count)) {
      return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_POINT_VALUE, NaN);
    }
    return PointTables.keep(table, count);
  }

  /** Counts rows that were written behind the last one. First result: whether their times descend from the row before. */
  static keep(table: PointTable, count: u32): u32 {
    const times = table.times + (table.length << 3);
    const isJoined = count != 0 && table.length != 0;
    Result.first = isJoined && load<f64>(times) < load<f64>(times - 8) ? 1 : 0;
    table.length += count;
    return STATUS_OK;
  }

  /** Each time is compared with the one behind it, and the last by itself. */
  private static areTimes(pointer: u32, count: u32): bool {
    if (count == 0) return true;
    const lastPointer = pointer + ((count - 1) << 3);
    if (ASC_FEATURE_SIMD) {
      const limit = v128.splat<f64>(TIME_MAX);
      const zero = v128.splat<f64>(0);
      let areGood = v128.splat<i64>(-1);
      while (pointer + 8 < lastPointer) {
        const here = v128.load(pointer);
        areGood = v128.and(areGood, v128.le<f64>(here, v128.load(pointer, 8)));
        areGood = v128.and(areGood, v128.eq<f64>(here, v128.trunc<f64>(here)));
        areGood = v128.and(areGood, v128.le<f64>(v128.abs<f64>(here), limit));
        v128.store(pointer, v128.add<f64>(here, zero));
        pointer += 16;
      }
      if (!v128.all_true<i64>(areGood)) return false;
    }
    while (pointer < lastPointer) {
      if (!PointTables.isTime(load<f64>(pointer)) || load<f64>(pointer) > load<f64>(pointer, 8)) return false;
      store<f64>(pointer, load<f64>(pointer) + 0);
      pointer += 8;
    }
    if (!PointTables.isTime(load<f64>(pointer))) return false;
    store<f64>(pointer, load<f64>(pointer) + 0);
    return true;
  }

  private static areNumbers(pointer: u32, count: u32): bool {
    const end = pointer + (count << 3);
    if (ASC_FEATURE_SIMD) {
      let areGood = v128.splat<i64>(-1);
      while (pointer + 8 < end) {
        const pair = v128.load(pointer);
        areGood = v128.and(areGood, v128.eq<f64>(pair, pair));
        pointer += 16;
      }
      if (!v128.all_true<i64>(areGood)) return false;
    }
    while (pointer < end) {
      if (load<f64>(pointer) != load<f64>(pointer)) return false;
      pointer += 8;
    }
    return true;
  }

  @inline private static isTime(time: f64): bool {
    return trunc(time) == time && abs(time) <= TIME_MAX;
  }

  /** Finds the first time that is none, or that lies below the one before it. */
  private static refuseTime(pointer: u32, count: u32): u32 {
    let limit: f64 = -TIME_MAX;
    const end = pointer + (count << 3);
    while (pointer < end) {
      const time = load<f64>(pointer);
      if (!PointTables.isTime(time) || time < limit) {
        return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_POINT_TIME, time, time < limit ? limit : TIME_MAX);
      }
      limit = time;
      pointer += 8;
    }
    return unreachable();
  }

  private static freeHandle(): u32 {
    for (let handle: u32 = 0; handle < PointTables.count; handle++) {
      if (PointTables.at(handle).isOpen == 0) return handle;
    }
    if (PointTables.count == PointTables.capacity) {
      const capacity = max(CAPACITY_MIN, PointTables.capacity * 2);
      const rows = Heap.allocate(capacity << ROW_SHIFT);
      memory.fill(rows, 0, capacity << ROW_SHIFT);
      memory.copy(rows, PointTables.rows, PointTables.count << ROW_SHIFT);
      if (PointTables.capacity) Heap.release(PointTables.rows, PointTables.capacity << ROW_SHIFT);
      PointTables.rows = rows;
      PointTables.capacity = capacity;
    }
    return PointTables.count++;
  }
}
