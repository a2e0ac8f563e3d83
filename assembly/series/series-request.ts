// A question to a series as bytes (SERIES_REQUESTS in host/engine/engine.ts), which the host has judged, walked label by
// label. Where it lists no labels it means all that have points, in order of their bytes.
//
//   request  | head, 44 bytes, unaligned | per label: length u32, bytes
import { SERIES_RESULT_BYTES_MAX } from "../../host/limits";
import { Replicas } from "../causality/replica-table";
import { Scratch } from "../memory/scratch";
import { Refusal } from "../refusal";
import { STATUS_LIMIT_EXCEEDED, STATUS_OK, SUBJECT_SERIES_RESULT_BYTES } from "../status";
import { ChunkPoints } from "./chunk-points";
import { LabelRows } from "./label-rows";
import { Retention } from "./retention";
import { SeriesIndex } from "./series-index";
import { ChunkRow, LabelRow, SeriesIndexRow } from "./series-records";

export const SERIES_LABELS: u32 = 1;
export const SERIES_POINTS: u32 = 2;
export const SERIES_REDUCE: u32 = 3;
export const SERIES_WINDOWS: u32 = 4;
export const SERIES_SKETCH: u32 = 5;
export const SERIES_TIME_OF_NEWEST: u32 = 6;

const HEAD_BYTES: u32 = 44;
const LENGTH_BYTES: u32 = 4;

export abstract class SeriesRequest {
  static kind: u32 = 0;
  static takesOldest: bool = false;
  static limit: u32 = 0;
  static from: f64 = 0;
  static to: f64 = 0;
  static origin: f64 = 0;
  static width: f64 = 0;
  /** Labels to walk. */
  static count: u32 = 0;
  /** The label in hand: address 0 where the series has none of these bytes. Its shown points are within [low, high]. */
  static label: LabelRow = changetype<LabelRow>(0);
  static low: f64 = 0;
  static high: f64 = 0;
  /** What `cut` found. */
  static begin: u32 = 0;
  static end: u32 = 0;

  private static container: u32 = 0;
  private static index: SeriesIndexRow = changetype<SeriesIndexRow>(0);
  private static labels: u32 = 0;
  private static isListed: bool = false;
  private static cursor: u32 = 0;
  private static done: u32 = 0;

  /** Reads a request that the host has judged. */
  static read(pointer: u32): void {
    const kind = <u32>load<u8>(pointer);
    SeriesRequest.kind = kind;
    SeriesRequest.takesOldest = kind == SERIES_POINTS && load<u8>(pointer, 1) == 1;
    SeriesRequest.limit = load<u32>(pointer, 4);
    const isOfAllTimes = kind == SERIES_LABELS || kind == SERIES_TIME_OF_NEWEST;
    SeriesRequest.from = isOfAllTimes ? -Infinity : load<f64>(pointer, 8);
    SeriesRequest.to = isOfAllTimes ? Infinity : load<f64>(pointer, 16);
    SeriesRequest.origin = load<f64>(pointer, 24);
    SeriesRequest.width = load<f64>(pointer, 32);
    SeriesRequest.count = load<u32>(pointer, 40);
    SeriesRequest.labels = pointer + HEAD_BYTES;
  }

  /** The question about all there is. */
  static all(): void {
    SeriesRequest.kind = SERIES_LABELS;
    SeriesRequest.from = -Infinity;
    SeriesRequest.to = Infinity;
    SeriesRequest.count = 0;
  }

  /** Refuses an answer that would be too long. */
  static checkResult(bytes: u64): u32 {
    if (bytes <= <u64>SERIES_RESULT_BYTES_MAX) return STATUS_OK;
    return Refusal.of(
      STATUS_LIMIT_EXCEEDED,
      SUBJECT_SERIES_RESULT_BYTES,
      <f64>bytes,
      SERIES_RESULT_BYTES_MAX,
    );
  }

  /** Brings the index in step and gets ready to walk. */
  static open(container: u32): void {
    Replicas.order();
    SeriesRequest.container = container;
    SeriesRequest.index = SeriesIndex.of(container);
    SeriesRequest.isListed = SeriesRequest.count != 0;
    if (!SeriesRequest.isListed) {
      SeriesIndex.sortLabels(SeriesRequest.index);
      SeriesRequest.count = 0;
      for (let i: u32 = 0; i < SeriesRequest.index.labelCount; i++) {
        if (SeriesIndex.label(SeriesRequest.index, i).rowCount != 0) SeriesRequest.count++;
      }
    }
    SeriesRequest.rewind();
  }

  static rewind(): void {
    SeriesRequest.cursor = SeriesRequest.labels;
    SeriesRequest.done = 0;
  }

  /** Takes the next label in hand, its rows in order; false after the last one. Keeps no scratch. */
  static next(): bool {
    const index = SeriesRequest.index;
    if (SeriesRequest.isListed) {
      if (SeriesRequest.done == SeriesRequest.count) return false;
      const length = load<u32>(SeriesRequest.cursor);
      const bytes = SeriesRequest.cursor + LENGTH_BYTES;
      SeriesRequest.cursor = bytes + length;
      SeriesRequest.label = SeriesIndex.find(index, bytes, length);
    } else {
      while (
        SeriesRequest.done < index.labelCount &&
        SeriesIndex.ordered(index, SeriesRequest.done).rowCount == 0
      ) {
        SeriesRequest.done++;
      }
      if (SeriesRequest.done == index.labelCount) return false;
      SeriesRequest.label = SeriesIndex.ordered(index, SeriesRequest.done);
    }
    SeriesRequest.done++;
    SeriesRequest.show();
    return true;
  }

  /** Whether the label in hand has chunks. */
  @inline static hasRows(): bool {
    return changetype<u32>(SeriesRequest.label) != 0 && SeriesRequest.label.rowCount != 0;
  }

  /** Whether points of the chunk may be shown. */
  @inline static reaches(row: ChunkRow): bool {
    return row.lastTime >= SeriesRequest.low && row.firstTime <= SeriesRequest.high;
  }

  /** Whether all points of the chunk are shown. */
  @inline static holds(row: ChunkRow): bool {
    return row.firstTime >= SeriesRequest.low && row.lastTime <= SeriesRequest.high;
  }

  /** Decodes a chunk and finds the points [begin, end) of it that are shown, perhaps none. */
  static cut(row: ChunkRow): void {
    ChunkPoints.decode(row.entry);
    SeriesRequest.begin = ChunkPoints.firstFrom(SeriesRequest.low);
    SeriesRequest.end = max(SeriesRequest.begin, ChunkPoints.firstAbove(SeriesRequest.high));
  }

  private static show(): void {
    if (!SeriesRequest.hasRows()) return;
    const label = SeriesRequest.label;
    if (!label.isSorted) {
      Scratch.mark();
      LabelRows.sort(label);
      Scratch.rewind();
    }
    const floor = Retention.floor(SeriesRequest.container, label.bytes, label.byteLength);
    SeriesRequest.low = max(SeriesRequest.from, floor);
    SeriesRequest.high = SeriesRequest.to;
  }
}
