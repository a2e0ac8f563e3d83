// Checks a series container for tests and fuzzing: what marks should have taken is gone, and an index that claims to be in
// step has a row for each chunk and no other. Answers 0 or the number of the first broken invariant.
// Cost: the entries of the container; summaries are not made anew.
import { ChunkReader } from "../kernels/chunk-reader";
import { Bytes } from "../memory/bytes";
import { Containers } from "../state/containers";
import { Entries } from "../state/entries";
import { INVARIANT_MARKS_CUT_THEIR_SERIES, INVARIANT_SERIES_ROWS_ARE_LIVE } from "../state/invariant-numbers";
import { Members } from "../state/members";
import { EntryRow } from "../state/records";
import { LabelRows } from "./label-rows";
import { Retention } from "./retention";
import { SeriesIndex } from "./series-index";
import { ChunkRow, KIND_BYTES, KIND_CHUNK, LabelRow } from "./series-records";

export abstract class SeriesInvariants {
  static firstBroken(container: u32): u32 {
    const row = Containers.row(container);
    let chunks: u32 = 0;
    let marks: u32 = 0;
    for (let position: u32 = 0; position < row.memberCount; position++) {
      const entry = Entries.row(Members.at(row, position));
      if (!Members.isLive(entry, container, position)) continue;
      const key = Entries.keyPointer(entry);
      if (<u32>load<u8>(key) != KIND_CHUNK) {
        marks++;
        continue;
      }
      chunks++;
      const floor = Retention.floor(container, key + KIND_BYTES, Entries.keyLength(entry) - KIND_BYTES);
      if (Retention.lastTime(entry) < floor) return INVARIANT_MARKS_CUT_THEIR_SERIES;
    }
    if (marks != row.marks) return INVARIANT_MARKS_CUT_THEIR_SERIES;
    if (!SeriesIndex.isCurrent(container)) return 0;
    return SeriesInvariants.areRowsLive(container, chunks) ? 0 : INVARIANT_SERIES_ROWS_ARE_LIVE;
  }

  private static areRowsLive(container: u32, chunks: u32): bool {
    const index = SeriesIndex.of(container);
    let rows: u32 = 0;
    for (let position: u32 = 0; position < index.labelCount; position++) {
      const label = SeriesIndex.label(index, position);
      if (changetype<u32>(SeriesIndex.find(index, label.bytes, label.byteLength)) != changetype<u32>(label)) {
        return false;
      }
      for (let place: u32 = 0; place < label.rowCount; place++) {
        if (!SeriesInvariants.isRowOf(label, LabelRows.at(label, place), container)) return false;
      }
      rows += label.rowCount;
    }
    return rows == chunks;
  }

  private static isRowOf(label: LabelRow, row: ChunkRow, container: u32): bool {
    const entry: EntryRow = Entries.row(row.entry);
    if (Entries.containerOf(entry) != container) return false;
    if (<u32>entry.replica != row.replica || entry.sequence != row.sequence) return false;
    const length = Entries.keyLength(entry) - KIND_BYTES;
    if (length != label.byteLength) return false;
    if (!Bytes.equal(Entries.keyPointer(entry) + KIND_BYTES, label.bytes, length)) return false;
    ChunkReader.open(Entries.payloadPointer(entry), Entries.payloadLength(entry));
    return (
      row.count == ChunkReader.count &&
      row.firstTime == ChunkReader.firstTime &&
      row.lastTime == ChunkReader.lastTime
    );
  }
}
