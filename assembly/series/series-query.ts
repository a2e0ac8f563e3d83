// Answers what is asked of a series: the request, its labels, and the kind that says who answers. The sketch is here: all
// its points have to be looked at, so every chunk in the range is decoded.
//
//   sketch   | buckets u32, 0 u32 | bucket u32, count u32
import { Result } from "../calls";
import { PointSketch } from "../kernels/point-sketch";
import { Scratch } from "../memory/scratch";
import { Refusal } from "../refusal";
import { STATUS_LIMIT_EXCEEDED, STATUS_OK, SUBJECT_POINTS } from "../status";
import { ChunkPoints } from "./chunk-points";
import { LabelRows } from "./label-rows";
import { ANSWER_HEAD_BYTES, SeriesAggregates } from "./series-aggregates";
import { SeriesPoints } from "./series-points";
import {
  SERIES_LABELS,
  SERIES_POINTS,
  SERIES_REDUCE,
  SERIES_SKETCH,
  SERIES_TIME_OF_NEWEST,
  SERIES_WINDOWS,
  SeriesRequest,
} from "./series-request";
import { SeriesWindows } from "./series-windows";

const SKETCH_POINTS_MAX: u64 = 0xffffffff;
const BUCKETS_MAX: u64 = 524288;
const PAIR_BYTES: u32 = 8;

export abstract class SeriesQuery {
  static answer(container: u32, pointer: u32): u32 {
    SeriesRequest.read(pointer);
    SeriesRequest.open(container);
    ChunkPoints.open();
    switch (SeriesRequest.kind) {
      case SERIES_LABELS:
        return SeriesAggregates.labels();
      case SERIES_POINTS:
        return SeriesPoints.points();
      case SERIES_REDUCE:
        return SeriesAggregates.reduce();
      case SERIES_WINDOWS:
        return SeriesWindows.answer();
      case SERIES_SKETCH:
        return SeriesQuery.sketch();
      case SERIES_TIME_OF_NEWEST:
        return SeriesPoints.timeOfNewest();
      default:
        return unreachable();
    }
  }

  /** The points of a series that are shown. */
  static size(container: u32): f64 {
    SeriesRequest.all();
    SeriesRequest.open(container);
    ChunkPoints.open();
    return <f64>SeriesAggregates.size();
  }

  private static sketch(): u32 {
    let total: u64 = 0;
    while (SeriesRequest.next()) total += SeriesQuery.countLabel();
    if (total > SKETCH_POINTS_MAX) {
      return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_POINTS, <f64>total, <f64>SKETCH_POINTS_MAX);
    }
    // Forgets scratch, and with it the columns; all room is made before the first value is counted.
    PointSketch.open(<u32>total);
    ChunkPoints.open();
    const answer = Scratch.allocate(ANSWER_HEAD_BYTES + <u32>min(total, BUCKETS_MAX) * PAIR_BYTES);
    SeriesRequest.rewind();
    while (SeriesRequest.next()) SeriesQuery.sketchLabel();
    PointSketch.gather();
    const bytes = Result.length;
    store<u64>(answer, bytes / PAIR_BYTES);
    memory.copy(answer + ANSWER_HEAD_BYTES, Result.pointer, bytes);
    return Result.bytes(answer, ANSWER_HEAD_BYTES + bytes);
  }

  private static countLabel(): u64 {
    if (!SeriesRequest.hasRows()) return 0;
    const label = SeriesRequest.label;
    let count: u64 = 0;
    for (let position: u32 = 0; position < label.rowCount; position++) {
      const row = LabelRows.at(label, position);
      if (!SeriesRequest.reaches(row)) continue;
      if (SeriesRequest.holds(row)) count += row.count;
      else {
        SeriesRequest.cut(row);
        count += SeriesRequest.end - SeriesRequest.begin;
      }
    }
    return count;
  }

  private static sketchLabel(): void {
    if (!SeriesRequest.hasRows()) return;
    const label = SeriesRequest.label;
    for (let position: u32 = 0; position < label.rowCount; position++) {
      const row = LabelRows.at(label, position);
      if (!SeriesRequest.reaches(row)) continue;
      SeriesRequest.cut(row);
      PointSketch.add(
        ChunkPoints.values + (SeriesRequest.begin << 3),
        SeriesRequest.end - SeriesRequest.begin,
      );
    }
  }
}
