// The points of one label in their order (time, replica id, sequence, place in the chunk): chunks that follow one another
// are decoded to where they go, those that overlap are merged. A limit narrows the range first: chunks wholly in it are
// counted from its end until they are enough, and what lies beyond them cannot matter. Cost: decoding what is left.
//
//   points   | count u32, 0 u32 | times f64 | values f64
//   time     | count u32, 0 u32 | time f64
import { Result } from "../calls";
import { Replicas } from "../causality/replica-table";
import { RunMerge } from "../kernels/run-merge";
import { Scratch } from "../memory/scratch";
import { Sort, SortItem } from "../memory/sort";
import { STATUS_OK } from "../status";
import { ChunkPoints } from "./chunk-points";
import { LabelRows } from "./label-rows";
import { ANSWER_HEAD_BYTES } from "./series-aggregates";
import { ChunkRow } from "./series-records";
import { SeriesRequest } from "./series-request";

const POINT_BYTES: u32 = 16;

export abstract class SeriesPoints {
  /** Items by dot: position of the row in `value`, its shown points in `spare`. */
  private static items: u32 = 0;
  private static itemCount: u32 = 0;
  private static isInOrder: bool = true;
  private static total: u64 = 0;
  private static times: u32 = 0;
  private static values: u32 = 0;

  static points(): u32 {
    SeriesRequest.next();
    const limit = SeriesRequest.limit;
    if (limit != 0 && SeriesRequest.hasRows()) SeriesPoints.narrow(limit);
    SeriesPoints.select();
    const total = SeriesPoints.total;
    const count = limit == 0 ? total : min<u64>(limit, total);
    const byteLength = ANSWER_HEAD_BYTES + count * POINT_BYTES;
    const status = SeriesRequest.checkResult(byteLength);
    if (status != STATUS_OK) return status;
    const answer = Scratch.allocate(<u32>byteLength);
    store<u64>(answer, count);
    if (count != 0) {
      SeriesPoints.gather();
      const bytes = (<u32>count) << 3;
      const from = SeriesRequest.takesOldest ? 0 : (<u32>(total - count)) << 3;
      memory.copy(answer + ANSWER_HEAD_BYTES, SeriesPoints.times + from, bytes);
      memory.copy(answer + ANSWER_HEAD_BYTES + bytes, SeriesPoints.values + from, bytes);
    }
    return Result.bytes(answer, <u32>byteLength);
  }

  static timeOfNewest(): u32 {
    SeriesRequest.next();
    const limit = SeriesRequest.limit;
    if (SeriesRequest.hasRows()) SeriesPoints.narrow(limit);
    SeriesPoints.select();
    const isThere = SeriesPoints.total >= limit;
    const answer = Scratch.allocate(ANSWER_HEAD_BYTES + sizeof<f64>());
    store<u64>(answer, isThere ? 1 : 0);
    if (!isThere) return Result.bytes(answer, ANSWER_HEAD_BYTES);
    SeriesPoints.gather();
    const place = <u32>(SeriesPoints.total - limit);
    store<f64>(answer, load<f64>(SeriesPoints.times + (place << 3)), ANSWER_HEAD_BYTES);
    return Result.bytes(answer, ANSWER_HEAD_BYTES + sizeof<f64>());
  }

  /** Narrows the range to chunks that hold the newest or oldest points in it, at least so many. */
  private static narrow(limit: u32): void {
    const label = SeriesRequest.label;
    const takesOldest = SeriesRequest.takesOldest;
    let counted: u64 = 0;
    let reach: f64 = -Infinity;
    for (let step: u32 = 0; step < label.rowCount; step++) {
      const row = LabelRows.at(label, takesOldest ? step : label.rowCount - 1 - step);
      if (!SeriesRequest.holds(row)) continue;
      counted += row.count;
      reach = max(reach, row.lastTime);
      if (counted < limit) continue;
      if (takesOldest) SeriesRequest.high = reach;
      else SeriesRequest.low = row.firstTime;
      return;
    }
  }

  /** Lists the rows with points in the range, and counts these. */
  private static select(): void {
    SeriesPoints.itemCount = 0;
    SeriesPoints.total = 0;
    SeriesPoints.isInOrder = true;
    if (!SeriesRequest.hasRows()) return;
    const label = SeriesRequest.label;
    SeriesPoints.items = Scratch.allocate(label.rowCount * <u32>offsetof<SortItem>());
    let lastTime: f64 = -Infinity;
    let lastDot: u64 = 0;
    for (let position: u32 = 0; position < label.rowCount; position++) {
      const row = LabelRows.at(label, position);
      if (row.firstTime > SeriesRequest.high) break;
      if (!SeriesRequest.reaches(row)) continue;
      let count = row.count;
      if (!SeriesRequest.holds(row)) {
        SeriesRequest.cut(row);
        count = SeriesRequest.end - SeriesRequest.begin;
        if (count == 0) continue;
      }
      const dot = ((<u64>Replicas.row(row.replica).rank) << 32) | <u64>row.sequence;
      const follows = row.firstTime > lastTime || (row.firstTime == lastTime && dot > lastDot);
      if (!follows) SeriesPoints.isInOrder = false;
      lastTime = row.lastTime;
      lastDot = dot;
      Sort.set(SeriesPoints.items, SeriesPoints.itemCount, dot, 0, position);
      Sort.item(SeriesPoints.items, SeriesPoints.itemCount).spare = count;
      SeriesPoints.itemCount++;
      SeriesPoints.total += count;
    }
  }

  /** Decodes the listed rows and brings their points in order. */
  private static gather(): void {
    const total = <u32>SeriesPoints.total;
    const isInOrder = SeriesPoints.isInOrder;
    const items = isInOrder ? SeriesPoints.items : Sort.ascending(SeriesPoints.items, SeriesPoints.itemCount);
    const times = Scratch.allocate(total << 3);
    const values = Scratch.allocate(total << 3);
    const bounds = Scratch.allocate((SeriesPoints.itemCount + 1) << 2);
    let at: u32 = 0;
    for (let i: u32 = 0; i < SeriesPoints.itemCount; i++) {
      const item = Sort.item(items, i);
      const row = LabelRows.at(SeriesRequest.label, item.value);
      store<u32>(bounds + (i << 2), at);
      SeriesPoints.place(row, times + (at << 3), values + (at << 3));
      at += item.spare;
    }
    store<u32>(bounds + (SeriesPoints.itemCount << 2), at);
    SeriesPoints.times = times;
    SeriesPoints.values = values;
    if (isInOrder) return;
    SeriesPoints.times = Scratch.allocate(total << 3);
    SeriesPoints.values = Scratch.allocate(total << 3);
    const runs = SeriesPoints.itemCount;
    RunMerge.merge(times, values, bounds, runs, SeriesPoints.times, SeriesPoints.values);
  }

  /** Writes the points of a chunk that are in the range. */
  private static place(row: ChunkRow, times: u32, values: u32): void {
    if (SeriesRequest.holds(row)) {
      ChunkPoints.decodeInto(row.entry, times, values);
      return;
    }
    SeriesRequest.cut(row);
    const begin = SeriesRequest.begin << 3;
    const bytes = (SeriesRequest.end << 3) - begin;
    memory.copy(times, ChunkPoints.times + begin, bytes);
    memory.copy(values, ChunkPoints.values + begin, bytes);
  }
}
