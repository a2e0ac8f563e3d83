// Sums of parts, and parts together: the points of one chunk that fall into a row of an answer, each summed up by itself, then
// combined in the order of the chunks ("How sums combine" in host/engine/engine.ts). Squares combine as Chan, Golub and
// LeVeque (1983) add the second moments of two samples.
import { Replicas } from "../causality/replica-table";
import { PointReduction } from "../kernels/point-reduction";
import { Bytes } from "../memory/bytes";
import { ChunkPoints } from "./chunk-points";
import { ChunkRow } from "./series-records";

/** The row of an answer, and where its first and last point stand in the order of points. */
@unmanaged
export class SeriesPart {
  start: f64;
  count: f64;
  sum: f64;
  minimum: f64;
  maximum: f64;
  first: f64;
  last: f64;
  squares: f64;
  firstTime: f64;
  lastTime: f64;
  /** Rank of the replica, and the sequence. */
  firstDot: u64;
  lastDot: u64;
}

export const PART_BYTES: u32 = <u32>offsetof<SeriesPart>();
/** What of a part is answered. */
export const ANSWER_ROW_BYTES: u32 = <u32>offsetof<SeriesPart>("firstTime");
const roomPointer: u32 = <u32>memory.data(96, 8);
const summaryPointer: u32 = <u32>memory.data(80, 8);

export abstract class SeriesParts {
  /** The part of no points. */
  static clear(part: SeriesPart): void {
    memory.fill(changetype<u32>(part), 0, PART_BYTES);
    part.minimum = Infinity;
    part.maximum = -Infinity;
  }

  /** A whole chunk. Ranks must be in order. */
  static ofChunk(row: ChunkRow): SeriesPart {
    return SeriesParts.of(row, row);
  }

  /** The decoded points [from, to) of a chunk, at least one. */
  static ofPoints(row: ChunkRow, from: u32, to: u32): SeriesPart {
    const summary = changetype<ChunkRow>(summaryPointer);
    ChunkPoints.summarize(from, to, summary);
    return SeriesParts.of(summary, row);
  }

  /** Adds a part to what there is. */
  static add(to: SeriesPart, part: SeriesPart): void {
    if (to.count == 0) {
      Bytes.copy(changetype<u32>(to), changetype<u32>(part), PART_BYTES);
      return;
    }
    const count = to.count;
    const more = part.count;
    const apart = part.sum / more - to.sum / count;
    to.squares = to.squares + part.squares + apart * apart * ((count * more) / (count + more));
    to.sum = to.sum + part.sum;
    to.count = count + more;
    to.minimum = min<f64>(to.minimum, part.minimum);
    to.maximum = max<f64>(to.maximum, part.maximum);
    if (part.firstTime < to.firstTime || (part.firstTime == to.firstTime && part.firstDot < to.firstDot)) {
      to.first = part.first;
      to.firstTime = part.firstTime;
      to.firstDot = part.firstDot;
    }
    if (part.lastTime > to.lastTime || (part.lastTime == to.lastTime && part.lastDot > to.lastDot)) {
      to.last = part.last;
      to.lastTime = part.lastTime;
      to.lastDot = part.lastDot;
    }
  }

  /** Writes the row of an answer. */
  static write(part: SeriesPart, to: u32): void {
    part.sum = PointReduction.canonical(part.sum);
    part.squares = PointReduction.canonical(part.squares);
    Bytes.copy(to, changetype<u32>(part), ANSWER_ROW_BYTES);
  }

  private static of(summary: ChunkRow, row: ChunkRow): SeriesPart {
    const part = changetype<SeriesPart>(roomPointer);
    const dot = ((<u64>Replicas.row(row.replica).rank) << 32) | <u64>row.sequence;
    part.start = summary.firstTime;
    part.count = <f64>summary.count;
    part.sum = summary.sum;
    part.minimum = summary.minimum;
    part.maximum = summary.maximum;
    part.first = summary.firstValue;
    part.last = summary.lastValue;
    part.squares = summary.squares;
    part.firstTime = summary.firstTime;
    part.lastTime = summary.lastTime;
    part.firstDot = dot;
    part.lastDot = dot;
    return part;
  }
}
