// What a series answers in rows: labels, reductions, and its size. Chunks whose points are all asked for are answered from
// their rows without decoding; those at an edge are decoded.
//
//   labels   | count u32, labelBytes u32 | points, first time, last time, chunks, bytes: f64 × 5 | lengths u32 | labels
//   reduce   | labels u32, 0 u32 | rows
import { Result } from "../calls";
import { Bytes } from "../memory/bytes";
import { Scratch } from "../memory/scratch";
import { Entries } from "../state/entries";
import { STATUS_OK } from "../status";
import { ChunkPoints } from "./chunk-points";
import { LabelRows } from "./label-rows";
import { ANSWER_ROW_BYTES, PART_BYTES, SeriesPart, SeriesParts } from "./series-part";
import { SeriesRequest } from "./series-request";

export const ANSWER_HEAD_BYTES: u32 = 8;
const LABEL_FIELDS_BYTES: u32 = 40;
const LENGTH_BYTES: u32 = 4;

export abstract class SeriesAggregates {
  /** Of the label in hand: how many points are shown, and the time of the first. */
  private static points: u64 = 0;
  private static firstTime: f64 = 0;
  private static lastTime: f64 = 0;
  private static chunkBytes: u64 = 0;

  static labels(): u32 {
    const count = SeriesRequest.count;
    let labelBytes: u64 = 0;
    while (SeriesRequest.next()) labelBytes += SeriesRequest.label.byteLength;
    const fields = ANSWER_HEAD_BYTES + <u64>count * LABEL_FIELDS_BYTES;
    const byteLength = fields + <u64>count * LENGTH_BYTES + labelBytes;
    const status = SeriesRequest.checkResult(byteLength);
    if (status != STATUS_OK) return status;
    const answer = Scratch.allocate(<u32>byteLength);
    store<u32>(answer, count);
    store<u32>(answer, <u32>labelBytes, 4);
    let field = answer + ANSWER_HEAD_BYTES;
    let length = answer + <u32>fields;
    let bytes = length + count * LENGTH_BYTES;
    SeriesRequest.rewind();
    while (SeriesRequest.next()) {
      const label = SeriesRequest.label;
      SeriesAggregates.look();
      store<f64>(field, <f64>SeriesAggregates.points);
      store<f64>(field, SeriesAggregates.firstTime, 8);
      store<f64>(field, SeriesAggregates.lastTime, 16);
      store<f64>(field, <f64>label.rowCount, 24);
      store<f64>(field, <f64>SeriesAggregates.chunkBytes, 32);
      store<u32>(length, label.byteLength);
      Bytes.copy(bytes, label.bytes, label.byteLength);
      field += LABEL_FIELDS_BYTES;
      length += LENGTH_BYTES;
      bytes += label.byteLength;
    }
    return Result.bytes(answer, <u32>byteLength);
  }

  /** The points that are shown of all labels. */
  static size(): u64 {
    let size: u64 = 0;
    while (SeriesRequest.next()) {
      SeriesAggregates.look();
      size += SeriesAggregates.points;
    }
    return size;
  }

  static reduce(): u32 {
    const count = SeriesRequest.count;
    const byteLength = ANSWER_HEAD_BYTES + <u64>count * ANSWER_ROW_BYTES;
    const status = SeriesRequest.checkResult(byteLength);
    if (status != STATUS_OK) return status;
    const answer = Scratch.allocateZeroed(<u32>byteLength);
    const sums = changetype<SeriesPart>(Scratch.allocate(PART_BYTES));
    store<u32>(answer, count);
    let to = answer + ANSWER_HEAD_BYTES;
    while (SeriesRequest.next()) {
      SeriesParts.clear(sums);
      if (SeriesRequest.hasRows()) SeriesAggregates.reduceLabel(sums);
      if (sums.count != 0) sums.start = sums.firstTime;
      SeriesParts.write(sums, to);
      to += ANSWER_ROW_BYTES;
    }
    return Result.bytes(answer, <u32>byteLength);
  }

  private static reduceLabel(sums: SeriesPart): void {
    const label = SeriesRequest.label;
    for (let position: u32 = 0; position < label.rowCount; position++) {
      const row = LabelRows.at(label, position);
      if (row.firstTime > SeriesRequest.high) break;
      if (!SeriesRequest.reaches(row)) continue;
      if (SeriesRequest.holds(row)) {
        SeriesParts.add(sums, SeriesParts.ofChunk(row));
        continue;
      }
      SeriesRequest.cut(row);
      if (SeriesRequest.begin == SeriesRequest.end) continue;
      SeriesParts.add(sums, SeriesParts.ofPoints(row, SeriesRequest.begin, SeriesRequest.end));
    }
  }

  /** Counts what is shown of the label in hand, which is asked for as a whole. */
  private static look(): void {
    const label = SeriesRequest.label;
    let points: u64 = 0;
    let chunkBytes: u64 = 0;
    let firstTime: f64 = Infinity;
    let lastTime: f64 = -Infinity;
    for (let position: u32 = 0; position < label.rowCount; position++) {
      const row = LabelRows.at(label, position);
      let first = row.firstTime;
      points += row.count;
      chunkBytes += Entries.payloadLength(Entries.row(row.entry));
      lastTime = max(lastTime, row.lastTime);
      if (first < SeriesRequest.low) {
        ChunkPoints.decodeTimes(row.entry);
        const hidden = ChunkPoints.firstFrom(SeriesRequest.low);
        points -= hidden;
        first = load<f64>(ChunkPoints.times + (hidden << 3));
      }
      firstTime = min(firstTime, first);
    }
    SeriesAggregates.points = points;
    SeriesAggregates.firstTime = firstTime;
    SeriesAggregates.lastTime = lastTime;
    SeriesAggregates.chunkBytes = chunkBytes;
  }
}
