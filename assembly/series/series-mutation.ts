// The operations of a batch on a series: `record` makes chunks of points, `retain` sets a mark and drops what it takes
// along, `join` makes one chunk of small ones (series-join.ts). Cost of a record: two copies of the points, and merging their ascending stretches where they are not in order.
import { CHUNK_POINTS_MAX, KEY_BYTES_MAX } from "../../host/limits";
import { Clock } from "../causality/clock";
import { ChunkEncoder } from "../kernels/chunk-encode";
import { RunMerge } from "../kernels/run-merge";
import { Bytes } from "../memory/bytes";
import { Scratch } from "../memory/scratch";
import { Refusal } from "../refusal";
import { Document } from "../state/document";
import { Keys } from "../state/key-index";
import { Mutation } from "../state/mutation";
import { PayloadRules } from "../state/payload-rules";
import {
  STATUS_INVALID_ARGUMENT,
  STATUS_LIMIT_EXCEEDED,
  STATUS_OK,
  SUBJECT_KEY_BYTES,
  SUBJECT_KEY_KIND,
  SUBJECT_POINT_TIME,
  SUBJECT_POINT_VALUE,
  SUBJECT_POINTS,
} from "../status";
import { Retention } from "./retention";
import { SeriesJoin } from "./series-join";
import { KIND_BYTES, KIND_CHUNK, KIND_LABEL_MARK, KIND_MARK } from "./series-records";

const RECORD_HEADER_BYTES: u32 = 8;
const RETAIN_HEADER_BYTES: u32 = 5;
const LABEL_LENGTH_BYTES: u32 = 4;
const TIME_BYTES: u32 = 8;
const TIME_MAX: f64 = 9007199254740991;
const LABEL_BYTES_MAX: u32 = KEY_BYTES_MAX - 1;

export abstract class SeriesMutation {
  private static times: u32 = 0;
  private static values: u32 = 0;
  private static count: u32 = 0;
  private static isSorted: bool = false;

  static record(container: u32): u32 {
    if (!Mutation.has(RECORD_HEADER_BYTES)) return Mutation.cutOff();
    const labelLength = load<u32>(Mutation.cursor);
    const count = load<u32>(Mutation.cursor, 4);
    Mutation.cursor += RECORD_HEADER_BYTES;
    if (labelLength > LABEL_BYTES_MAX) return SeriesMutation.refuseLabel(labelLength);
    if (count == 0) return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_POINTS, 0, 1);
    if (!Mutation.has(labelLength) || count > (Mutation.left() - labelLength) >> 4) return Mutation.cutOff();
    const label = Mutation.cursor;
    const from = label + labelLength;
    Mutation.cursor = from + (count << 4);
    const status = SeriesMutation.read(from, count);
    if (status != STATUS_OK) return status;
    SeriesMutation.leaveOut(Retention.floor(container, label, labelLength));
    if (SeriesMutation.count == 0) return STATUS_OK;
    if (!SeriesMutation.isSorted) SeriesMutation.sort();
    Mutation.effective++;
    return SeriesMutation.write(container, label, labelLength);
  }

  static retain(container: u32): u32 {
    if (!Mutation.has(RETAIN_HEADER_BYTES)) return Mutation.cutOff();
    const kind = <u32>load<u8>(Mutation.cursor);
    const labelLength = load<u32>(Mutation.cursor, 1);
    const label = Mutation.cursor + RETAIN_HEADER_BYTES;
    Mutation.cursor = label;
    if (kind != KIND_LABEL_MARK && kind != KIND_MARK) {
      return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_KEY_KIND, kind);
    }
    if (labelLength > LABEL_BYTES_MAX) return SeriesMutation.refuseLabel(labelLength);
    if (kind == KIND_MARK && labelLength != 0) {
      return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_KEY_BYTES, labelLength, 0);
    }
    if (!Mutation.has(labelLength + TIME_BYTES)) return Mutation.cutOff();
    Mutation.cursor = label + labelLength + TIME_BYTES;
    const time = load<f64>(label + labelLength) + 0.0;
    if (!Retention.isTime(time)) {
      return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_POINT_TIME, time, TIME_MAX);
    }
    const key = SeriesMutation.key(kind, label, labelLength);
    const keyLength = labelLength + KIND_BYTES;
    if (time <= Retention.mark(container, key, keyLength)) return STATUS_OK;
    const sequence = Mutation.takeDot();
    if (sequence == 0) return Mutation.outOfDots();
    const payload = Scratch.allocate(TIME_BYTES);
    store<f64>(payload, time);
    const hash = Keys.hash(container, key, keyLength);
    const own = Document.current.ownReplica;
    Retention.putMark(container, hash, own, sequence, Clock.reading, key, keyLength, payload);
    if (kind == KIND_MARK) Retention.cutAll(container);
    else Retention.cutLabel(container, label, labelLength);
    Mutation.effective++;
    return STATUS_OK;
  }

  static join(container: u32): u32 {
    if (!Mutation.has(LABEL_LENGTH_BYTES)) return Mutation.cutOff();
    const labelLength = load<u32>(Mutation.cursor);
    const label = Mutation.cursor + LABEL_LENGTH_BYTES;
    Mutation.cursor = label;
    if (labelLength > LABEL_BYTES_MAX) return SeriesMutation.refuseLabel(labelLength);
    if (!Mutation.has(labelLength)) return Mutation.cutOff();
    Mutation.cursor = label + labelLength;
    const key = SeriesMutation.key(KIND_CHUNK, label, labelLength);
    return SeriesJoin.label(container, key, labelLength + KIND_BYTES);
  }

  private static refuseLabel(labelLength: u32): u32 {
    return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_KEY_BYTES, labelLength, LABEL_BYTES_MAX);
  }

  private static key(kind: u32, label: u32, labelLength: u32): u32 {
    const key = Scratch.allocate(labelLength + KIND_BYTES);
    store<u8>(key, kind);
    Bytes.copy(key + KIND_BYTES, label, labelLength);
    return key;
  }

  /** Copies the points to where they are aligned, and judges them. */
  private static read(from: u32, count: u32): u32 {
    const times = Scratch.allocate(count << 3);
    const values = Scratch.allocate(count << 3);
    memory.copy(times, from, count << 3);
    memory.copy(values, from + (count << 3), count << 3);
    SeriesMutation.times = times;
    SeriesMutation.values = values;
    SeriesMutation.count = count;
    let previous: f64 = -Infinity;
    let isSorted = true;
    for (let i: u32 = 0; i < count; i++) {
      const time = load<f64>(times + (i << 3)) + 0.0;
      if (!Retention.isTime(time)) {
        return Refusal.at(i, STATUS_INVALID_ARGUMENT, SUBJECT_POINT_TIME, time, TIME_MAX);
      }
      const value = load<f64>(values + (i << 3));
      if (value != value) return Refusal.at(i, STATUS_INVALID_ARGUMENT, SUBJECT_POINT_VALUE, value);
      isSorted = isSorted && time >= previous;
      previous = time;
      store<f64>(times + (i << 3), time);
    }
    SeriesMutation.isSorted = isSorted;
    return STATUS_OK;
  }

  /** Leaves out the points below `floor`. */
  private static leaveOut(floor: f64): void {
    if (floor == -Infinity) return;
    const times = SeriesMutation.times;
    const values = SeriesMutation.values;
    let kept: u32 = 0;
    for (let i: u32 = 0; i < SeriesMutation.count; i++) {
      const time = load<f64>(times + (i << 3));
      if (time < floor) continue;
      store<f64>(times + (kept << 3), time);
      store<f64>(values + (kept << 3), load<f64>(values + (i << 3)));
      kept++;
    }
    SeriesMutation.count = kept;
  }

  /** Merges the ascending stretches of the points; equal times stay as they came. */
  private static sort(): void {
    const count = SeriesMutation.count;
    const bounds = Scratch.allocate((count + 1) << 2);
    const times = SeriesMutation.times;
    let runs: u32 = 0;
    let previous: f64 = Infinity;
    for (let i: u32 = 0; i < count; i++) {
      const time = load<f64>(times + (i << 3));
      if (time < previous) store<u32>(bounds + (runs++ << 2), i);
      previous = time;
    }
    store<u32>(bounds + (runs << 2), count);
    const toTimes = Scratch.allocate(count << 3);
    const toValues = Scratch.allocate(count << 3);
    RunMerge.merge(times, SeriesMutation.values, bounds, runs, toTimes, toValues);
    SeriesMutation.times = toTimes;
    SeriesMutation.values = toValues;
  }

  /** Enters the points as chunks, each under a dot of its own. */
  private static write(container: u32, label: u32, labelLength: u32): u32 {
    const key = SeriesMutation.key(KIND_CHUNK, label, labelLength);
    const keyLength = labelLength + KIND_BYTES;
    const hash = Keys.hash(container, key, keyLength);
    const chunk = Scratch.allocate(ChunkEncoder.bytesMax(min<u32>(SeriesMutation.count, CHUNK_POINTS_MAX)));
    for (let from: u32 = 0; from < SeriesMutation.count; from += CHUNK_POINTS_MAX) {
      const count = min<u32>(SeriesMutation.count - from, CHUNK_POINTS_MAX);
      const sequence = Mutation.takeDot();
      if (sequence == 0) return Mutation.outOfDots();
      const times = SeriesMutation.times + (from << 3);
      const end = ChunkEncoder.encode(times, SeriesMutation.values + (from << 3), count, chunk);
      PayloadRules.putValue(
        container,
        hash,
        Document.current.ownReplica,
        sequence,
        Clock.reading,
        key,
        keyLength,
        chunk,
        end - chunk,
      );
    }
    return STATUS_OK;
  }
}
