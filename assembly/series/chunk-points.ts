// The points of one chunk at a time, decoded into two columns in scratch, and the summary of a stretch of them. Chunks of a
// document were judged when they came in, so decoding them cannot fail.
import { CHUNK_POINTS_MAX } from "../../host/limits";
import { ChunkDecoder } from "../kernels/chunk-decode";
import { ChunkReader } from "../kernels/chunk-reader";
import { PointReduction } from "../kernels/point-reduction";
import { Scratch } from "../memory/scratch";
import { Entries } from "../state/entries";
import { ChunkRow } from "./series-records";

const COLUMN_BYTES: i32 = CHUNK_POINTS_MAX << 3;

export abstract class ChunkPoints {
  static times: u32 = 0;
  static values: u32 = 0;
  static count: u32 = 0;

  /** Makes room; what was decoded before is gone. */
  static open(): void {
    ChunkPoints.times = Scratch.allocate(COLUMN_BYTES);
    ChunkPoints.values = Scratch.allocate(COLUMN_BYTES);
  }

  static decode(entry: u32): void {
    ChunkPoints.decodeInto(entry, ChunkPoints.times, ChunkPoints.values);
    ChunkPoints.count = ChunkReader.count;
  }

  /** Decodes the chunk of an entry to columns elsewhere, which have room for it. */
  static decodeInto(entry: u32, times: u32, values: u32): void {
    const row = Entries.row(entry);
    const isChunk =
      ChunkReader.open(Entries.payloadPointer(row), Entries.payloadLength(row)) &&
      ChunkDecoder.times(times) &&
      ChunkDecoder.values(values);
    if (!isChunk) unreachable();
  }

  /** The first decoded point whose time is not below `time`. */
  static firstFrom(time: f64): u32 {
    let low: u32 = 0;
    let high = ChunkPoints.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (load<f64>(ChunkPoints.times + (middle << 3)) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first decoded point whose time is above `time`. */
  static firstAbove(time: f64): u32 {
    let low: u32 = 0;
    let high = ChunkPoints.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (load<f64>(ChunkPoints.times + (middle << 3)) <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Decodes the times alone. */
  static decodeTimes(entry: u32): void {
    const row = Entries.row(entry);
    const isChunk =
      ChunkReader.open(Entries.payloadPointer(row), Entries.payloadLength(row)) &&
      ChunkDecoder.times(ChunkPoints.times);
    if (!isChunk) unreachable();
    ChunkPoints.count = ChunkReader.count;
  }

  /** Sums the decoded points [from, to) up, at least one, into a row. */
  static summarize(from: u32, to: u32, row: ChunkRow): void {
    const values = ChunkPoints.values + (from << 3);
    const count = to - from;
    PointReduction.open();
    PointReduction.accumulate(values, count);
    row.count = count;
    row.sum = PointReduction.total();
    row.minimum = PointReduction.minimum;
    row.maximum = PointReduction.maximum;
    row.firstTime = load<f64>(ChunkPoints.times + (from << 3));
    row.lastTime = load<f64>(ChunkPoints.times + ((to - 1) << 3));
    row.firstValue = load<f64>(values);
    row.lastValue = load<f64>(values + ((count - 1) << 3));
    PointReduction.open();
    PointReduction.squares(values, count, row.sum / <f64>count);
    row.squares = PointReduction.total();
  }
}
