// Aligned windows over the labels of a series. Chunks mostly follow one another, so a window is mostly behind the last one or
// is it; where a chunk reaches back, its windows are merged into those that are there. Chunks that lie whole in one
// window are answered from their rows. Cost: decoding the others; a chunk that reaches back, the windows from there on.
//
//   answer   | labels u32, rows u32 | rows per label u32, to a multiple of 8 bytes | rows
import { Result } from "../calls";
import { PointWindows } from "../kernels/point-windows";
import { Scratch } from "../memory/scratch";
import { Refusal } from "../refusal";
import { STATUS_INVALID_ARGUMENT, STATUS_OK, SUBJECT_WINDOW_TIME } from "../status";
import { ChunkPoints } from "./chunk-points";
import { LabelRows } from "./label-rows";
import { Retention } from "./retention";
import { ANSWER_HEAD_BYTES } from "./series-aggregates";
import { ANSWER_ROW_BYTES, PART_BYTES, SeriesPart, SeriesParts } from "./series-part";
import { ChunkRow } from "./series-records";
import { SeriesRequest } from "./series-request";

const CAPACITY_MIN: u32 = 1024;

export abstract class SeriesWindows {
  /** The windows of all labels so far, and where those of the label in hand begin. */
  private static parts: u32 = 0;
  private static count: u32 = 0;
  private static capacity: u32 = 0;
  private static labelStart: u32 = 0;
  /** The windows of a chunk that reaches back. */
  private static back: u32 = 0;
  private static backCount: u32 = 0;
  private static backCapacity: u32 = 0;
  private static reachesBack: bool = false;

  static answer(): u32 {
    const labels = SeriesRequest.count;
    const headBytes = ANSWER_HEAD_BYTES + ((((<u64>labels) << 2) + 7) & ~7);
    let status = SeriesRequest.checkResult(headBytes);
    if (status != STATUS_OK) return status;
    const counts = Scratch.allocate(labels << 2);
    SeriesWindows.count = SeriesWindows.capacity = SeriesWindows.backCapacity = 0;
    let counted = counts;
    while (SeriesRequest.next()) {
      SeriesWindows.labelStart = SeriesWindows.count;
      status = SeriesRequest.hasRows() ? SeriesWindows.addLabel() : STATUS_OK;
      if (status != STATUS_OK) return status;
      const byteLength = headBytes + <u64>SeriesWindows.count * ANSWER_ROW_BYTES;
      status = SeriesRequest.checkResult(byteLength);
      if (status != STATUS_OK) return status;
      store<u32>(counted, SeriesWindows.count - SeriesWindows.labelStart);
      counted += 4;
    }
    const byteLength = <u32>headBytes + SeriesWindows.count * ANSWER_ROW_BYTES;
    const answer = Scratch.allocateZeroed(byteLength);
    store<u32>(answer, labels);
    store<u32>(answer, SeriesWindows.count, 4);
    memory.copy(answer + ANSWER_HEAD_BYTES, counts, labels << 2);
    let to = answer + <u32>headBytes;
    for (let position: u32 = 0; position < SeriesWindows.count; position++) {
      SeriesParts.write(SeriesWindows.at(position), to);
      to += ANSWER_ROW_BYTES;
    }
    return Result.bytes(answer, byteLength);
  }

  @inline private static at(position: u32): SeriesPart {
    return changetype<SeriesPart>(SeriesWindows.parts + position * PART_BYTES);
  }

  @inline private static backAt(position: u32): SeriesPart {
    return changetype<SeriesPart>(SeriesWindows.back + position * PART_BYTES);
  }

  private static addLabel(): u32 {
    const label = SeriesRequest.label;
    for (let position: u32 = 0; position < label.rowCount; position++) {
      const row = LabelRows.at(label, position);
      if (row.firstTime > SeriesRequest.high) break;
      if (!SeriesRequest.reaches(row)) continue;
      let status = SeriesRequest.holds(row) ? SeriesWindows.addWhole(row) : SeriesWindows.addCut(row);
      if (status == STATUS_OK)
        status = SeriesRequest.checkResult(<u64>SeriesWindows.count * ANSWER_ROW_BYTES);
      if (status != STATUS_OK) return status;
    }
    return STATUS_OK;
  }

  private static addWhole(row: ChunkRow): u32 {
    const status = SeriesWindows.check(row.firstTime, row.lastTime);
    if (status != STATUS_OK) return status;
    const start = PointWindows.start(row.firstTime, SeriesRequest.origin, SeriesRequest.width);
    if (row.lastTime - start < SeriesRequest.width) {
      SeriesWindows.open(start);
      SeriesWindows.take(start, SeriesParts.ofChunk(row));
      SeriesWindows.close();
      return STATUS_OK;
    }
    ChunkPoints.decode(row.entry);
    SeriesWindows.addPoints(row, start, 0, ChunkPoints.count);
    return STATUS_OK;
  }

  private static addCut(row: ChunkRow): u32 {
    SeriesRequest.cut(row);
    const begin = SeriesRequest.begin;
    const end = SeriesRequest.end;
    if (begin == end) return STATUS_OK;
    const first = load<f64>(ChunkPoints.times + (begin << 3));
    const status = SeriesWindows.check(first, load<f64>(ChunkPoints.times + ((end - 1) << 3)));
    if (status != STATUS_OK) return status;
    const start = PointWindows.start(first, SeriesRequest.origin, SeriesRequest.width);
    SeriesWindows.addPoints(row, start, begin, end);
    return STATUS_OK;
  }

  /** Adds the decoded points [from, to), the first of which is in the window that begins at `start`. */
  private static addPoints(row: ChunkRow, start: f64, from: u32, to: u32): void {
    const times = ChunkPoints.times;
    const width = SeriesRequest.width;
    let guess: u32 = 1;
    let end = start + width;
    SeriesWindows.open(start);
    while (true) {
      const next = PointWindows.boundary(times, from, to, end, guess);
      guess = next - from;
      SeriesWindows.take(start, SeriesParts.ofPoints(row, from, next));
      if (next == to) break;
      from = next;
      const time = load<f64>(times + (from << 3));
      start = time < end + width ? end : PointWindows.start(time, SeriesRequest.origin, width);
      end = start + width;
    }
    SeriesWindows.close();
  }

  /** Refuses windows that leave the safe integers. */
  private static check(first: f64, last: f64): u32 {
    const origin = SeriesRequest.origin;
    const width = SeriesRequest.width;
    const isSafe =
      Retention.isTime(first - origin) &&
      Retention.isTime(last - origin) &&
      Retention.isTime(PointWindows.start(first, origin, width)) &&
      Retention.isTime(PointWindows.start(last, origin, width) + width);
    return isSafe ? STATUS_OK : Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_WINDOW_TIME, last, width);
  }

  /** Begins the windows of a chunk, the first of which begins at `start`. */
  private static open(start: f64): void {
    const count = SeriesWindows.count;
    SeriesWindows.reachesBack =
      count != SeriesWindows.labelStart && start < SeriesWindows.at(count - 1).start;
    SeriesWindows.backCount = 0;
  }

  /** Takes the next window of a chunk. */
  private static take(start: f64, part: SeriesPart): void {
    part.start = start;
    if (SeriesWindows.reachesBack) {
      if (SeriesWindows.backCount == SeriesWindows.backCapacity) SeriesWindows.growBack();
      SeriesWindows.copy(SeriesWindows.backAt(SeriesWindows.backCount++), part);
      return;
    }
    const count = SeriesWindows.count;
    if (count != SeriesWindows.labelStart) {
      const last = SeriesWindows.at(count - 1);
      if (last.start == start) {
        SeriesParts.add(last, part);
        return;
      }
    }
    if (count == SeriesWindows.capacity) SeriesWindows.grow(1);
    SeriesWindows.copy(SeriesWindows.at(count), part);
    SeriesWindows.count = count + 1;
  }

  /** Ends the windows of a chunk: those that reach back are merged in from behind. */
  private static close(): void {
    if (!SeriesWindows.reachesBack) return;
    const low = SeriesWindows.firstFrom(SeriesWindows.backAt(0).start);
    const added = SeriesWindows.countNew(low);
    if (SeriesWindows.capacity - SeriesWindows.count < added) SeriesWindows.grow(added);
    let from = <i64>SeriesWindows.count - 1;
    let to = SeriesWindows.count + added - 1;
    SeriesWindows.count += added;
    for (let position = <i64>SeriesWindows.backCount - 1; position >= 0; ) {
      const part = SeriesWindows.backAt(<u32>position);
      if (from >= <i64>low && SeriesWindows.at(<u32>from).start >= part.start) {
        const there = SeriesWindows.at(<u32>from);
        if (there.start == part.start) {
          SeriesParts.add(there, part);
          position--;
        }
        SeriesWindows.copy(SeriesWindows.at(to), there);
        from--;
      } else {
        SeriesWindows.copy(SeriesWindows.at(to), part);
        position--;
      }
      to--;
    }
  }

  /** How many of the windows that reach back are not there yet. */
  private static countNew(low: u32): u32 {
    let count: u32 = 0;
    let place = low;
    for (let position: u32 = 0; position < SeriesWindows.backCount; position++) {
      const start = SeriesWindows.backAt(position).start;
      while (place < SeriesWindows.count && SeriesWindows.at(place).start < start) place++;
      if (place == SeriesWindows.count || SeriesWindows.at(place).start != start) count++;
    }
    return count;
  }

  /** The first window of the label in hand that does not begin before `start`. */
  private static firstFrom(start: f64): u32 {
    let low = SeriesWindows.labelStart;
    let high = SeriesWindows.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (SeriesWindows.at(middle).start < start) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  @inline private static copy(to: SeriesPart, from: SeriesPart): void {
    memory.copy(changetype<u32>(to), changetype<u32>(from), PART_BYTES);
  }

  private static grow(needed: u32): void {
    const capacity = max(CAPACITY_MIN, max(SeriesWindows.capacity * 2, SeriesWindows.count + needed));
    const grown = Scratch.allocate(capacity * PART_BYTES);
    memory.copy(grown, SeriesWindows.parts, SeriesWindows.count * PART_BYTES);
    SeriesWindows.parts = grown;
    SeriesWindows.capacity = capacity;
  }

  private static growBack(): void {
    const capacity = max(CAPACITY_MIN, SeriesWindows.backCapacity * 2);
    const grown = Scratch.allocate(capacity * PART_BYTES);
    memory.copy(grown, SeriesWindows.back, SeriesWindows.backCount * PART_BYTES);
    SeriesWindows.back = grown;
    SeriesWindows.backCapacity = capacity;
  }
}
