// The rows of one label: a summary a chunk, in canonical order (first time, replica id, sequence) when asked for.
// Appending is O(1) beyond decoding the chunk; sorting costs n log n, and nothing where chunks came in order.
import { Replicas } from "../causality/replica-table";
import { Bytes } from "../memory/bytes";
import { Heap } from "../memory/heap";
import { Scratch } from "../memory/scratch";
import { Sort, SortItem } from "../memory/sort";
import { Entries } from "../state/entries";
import { ChunkPoints } from "./chunk-points";
import { CHUNK_ROW_BYTES, ChunkRow, LabelRow } from "./series-records";

const CAPACITY_MIN: u32 = 2;
const SIGN: u64 = 0x8000000000000000;

export abstract class LabelRows {
  @inline static at(label: LabelRow, position: u32): ChunkRow {
    return changetype<ChunkRow>(label.rows + position * CHUNK_ROW_BYTES);
  }

  /** Decodes the chunk of an entry and keeps its summary. Needs `ChunkPoints` open. */
  static append(label: LabelRow, entry: u32): void {
    if (label.rowCount == label.rowCapacity) {
      LabelRows.move(label, max(CAPACITY_MIN, label.rowCapacity + (label.rowCapacity >> 1) + 1));
    }
    const entryRow = Entries.row(entry);
    const row = LabelRows.at(label, label.rowCount);
    ChunkPoints.decode(entry);
    ChunkPoints.summarize(0, ChunkPoints.count, row);
    row.entry = entry;
    row.replica = entryRow.replica;
    row.sequence = entryRow.sequence;
    // Equal first times are left to the sort, which knows the order of replicas.
    if (label.rowCount != 0 && row.firstTime <= LabelRows.at(label, label.rowCount - 1).firstTime) {
      label.isSorted = 0;
    }
    label.rowCount++;
  }

  /** Forgets the rows whose entry went; sets a bit for each of the others in `bits`, by entry. */
  static keepLive(label: LabelRow, bits: u32): void {
    const count = label.rowCount;
    let kept: u32 = 0;
    for (let position: u32 = 0; position < count; position++) {
      const row = LabelRows.at(label, position);
      const entryRow = Entries.row(row.entry);
      if (entryRow.sequence != row.sequence || <u32>entryRow.replica != row.replica) continue;
      const bytePointer = bits + (row.entry >> 3);
      store<u8>(bytePointer, <u8>(<u32>load<u8>(bytePointer) | (1 << (row.entry & 7))));
      if (kept != position) {
        Bytes.copy(changetype<u32>(LabelRows.at(label, kept)), changetype<u32>(row), CHUNK_ROW_BYTES);
      }
      kept++;
    }
    label.rowCount = kept;
  }

  /** Puts the rows in canonical order. */
  static sort(label: LabelRow): void {
    if (label.isSorted) return;
    Replicas.order();
    const count = label.rowCount;
    let items = Scratch.allocate(count * <u32>offsetof<SortItem>());
    for (let position: u32 = 0; position < count; position++) {
      const row = LabelRows.at(label, position);
      const dot = ((<u64>Replicas.row(row.replica).rank) << 32) | <u64>row.sequence;
      Sort.set(items, position, <u64>(<i64>row.firstTime) ^ SIGN, dot, position);
    }
    items = Sort.ascending(items, count);
    const sorted = Scratch.allocate(count * CHUNK_ROW_BYTES);
    for (let position: u32 = 0; position < count; position++) {
      const from = changetype<u32>(LabelRows.at(label, Sort.item(items, position).value));
      Bytes.copy(sorted + position * CHUNK_ROW_BYTES, from, CHUNK_ROW_BYTES);
    }
    memory.copy(label.rows, sorted, count * CHUNK_ROW_BYTES);
    label.isSorted = 1;
  }

  static release(label: LabelRow): void {
    const capacity = label.rowCapacity;
    label.rowCapacity = 0;
    if (capacity != 0) Heap.release(label.rows, capacity * CHUNK_ROW_BYTES);
  }

  private static move(label: LabelRow, capacity: u32): void {
    Heap.checkBytes(<u64>capacity * CHUNK_ROW_BYTES);
    const rows = Heap.allocateUnnoted(capacity * CHUNK_ROW_BYTES);
    memory.copy(rows, label.rows, label.rowCount * CHUNK_ROW_BYTES);
    LabelRows.release(label);
    label.rows = rows;
    label.rowCapacity = capacity;
  }
}
