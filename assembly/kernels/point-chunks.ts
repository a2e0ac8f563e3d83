// Series chunks of point tables: rows out as a chunk, a chunk in as rows, runs of rows merged. Ranges and bounds are checked
// by the host; what is refused is simply not counted.
import { Result } from "../calls";
import { Scratch } from "../memory/scratch";
import { Refusal } from "../refusal";
import {
  STATUS_LIMIT_EXCEEDED,
  STATUS_MALFORMED_DELTA,
  STATUS_OK,
  SUBJECT_CHUNK,
  SUBJECT_POINTS,
} from "../status";
import { ChunkCheck } from "./chunk-check";
import { ChunkDecoder } from "./chunk-decode";
import { ChunkEncoder } from "./chunk-encode";
import { ChunkReader } from "./chunk-reader";
import { PointTable, PointTables } from "./point-tables";
import { RunMerge } from "./run-merge";

const SUMMARY_BYTES: u32 = 64;

export abstract class PointChunks {
  static encode(table: PointTable, from: u32, to: u32): u32 {
    Scratch.reset();
    const pointer = Scratch.allocate(ChunkEncoder.bytesMax(to - from));
    const end = ChunkEncoder.encode(
      table.times + (from << 3),
      table.values + (from << 3),
      to - from,
      pointer,
    );
    return Result.bytes(pointer, end - pointer);
  }

  /** Second result: the points that were appended. */
  static decode(table: PointTable, pointer: u32, length: u32): u32 {
    if (!ChunkReader.open(pointer, length)) return PointChunks.malformed(length);
    const count = ChunkReader.count;
    if (count > table.capacity - table.length) {
      return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_POINTS, table.length + count, table.capacity);
    }
    const isWhole =
      ChunkDecoder.times(table.times + (table.length << 3)) &&
      ChunkDecoder.values(table.values + (table.length << 3));
    if (!isWhole) return PointChunks.malformed(length);
    Result.second = count;
    return PointTables.keep(table, count);
  }

  static merge(table: PointTable, bounds: u32, runs: u32): u32 {
    Scratch.reset();
    const end = table.length << 3;
    RunMerge.merge(table.times, table.values, bounds, runs, table.times + end, table.values + end);
    return PointTables.keep(table, load<u32>(bounds + (runs << 2)) - load<u32>(bounds));
  }

  /** Result: count, first and last time, sum, minimum, maximum, first and last value, f64 each. */
  static summarize(pointer: u32, length: u32): u32 {
    Scratch.reset();
    if (!ChunkCheck.run(pointer, length)) return PointChunks.malformed(length);
    const summary = Scratch.allocate(SUMMARY_BYTES);
    store<f64>(summary, <f64>ChunkCheck.count);
    store<f64>(summary, ChunkCheck.firstTime, 8);
    store<f64>(summary, ChunkCheck.lastTime, 16);
    store<f64>(summary, ChunkCheck.sum, 24);
    store<f64>(summary, ChunkCheck.minimum, 32);
    store<f64>(summary, ChunkCheck.maximum, 40);
    store<f64>(summary, ChunkCheck.firstValue, 48);
    store<f64>(summary, ChunkCheck.lastValue, 56);
    return Result.bytes(summary, SUMMARY_BYTES);
  }

  private static malformed(length: u32): u32 {
    return Refusal.of(STATUS_MALFORMED_DELTA, SUBJECT_CHUNK, length);
  }
}
