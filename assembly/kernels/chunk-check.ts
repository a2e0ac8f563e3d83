// Judges a series chunk without keeping its points, and sums it up: what merging a series needs to know. Hostile bytes are
// refused and never trap. Sums run in the eight lanes of point-reduction. Cost: decoding into scratch, and one pass over the values.
import { Scratch } from "../memory/scratch";
import { ChunkDecoder } from "./chunk-decode";
import { ChunkReader } from "./chunk-reader";
import { PointReduction } from "./point-reduction";

export abstract class ChunkCheck {
  static count: u32 = 0;
  static firstTime: f64 = 0;
  static lastTime: f64 = 0;
  static minimum: f64 = 0;
  static maximum: f64 = 0;
  static sum: f64 = 0;
  static firstValue: f64 = 0;
  static lastValue: f64 = 0;

  /** Whether the bytes are a chunk; then the fields above describe it. */
  static run(pointer: u32, length: u32): bool {
    if (!ChunkReader.open(pointer, length)) return false;
    const count = ChunkReader.count;
    const column = Scratch.allocate(count << 3);
    if (!ChunkDecoder.times(column) || !ChunkDecoder.values(column)) return false;
    PointReduction.open();
    PointReduction.accumulate(column, count);
    ChunkCheck.count = count;
    ChunkCheck.firstTime = ChunkReader.firstTime;
    ChunkCheck.lastTime = ChunkReader.lastTime;
    ChunkCheck.minimum = PointReduction.minimum;
    ChunkCheck.maximum = PointReduction.maximum;
    ChunkCheck.sum = PointReduction.total();
    ChunkCheck.firstValue = load<f64>(column);
    ChunkCheck.lastValue = load<f64>(column + ((count - 1) << 3));
    return true;
  }
}
