// The entries of a document: one record of 32 bytes each, keys and payloads in blocks beside them, and the links that
// hang a record onto its replica's dots, its container's members and the key index. Entering, replacing and dropping
// are O(1) beyond the length of key and payload.
import { Dots } from "../causality/dot-column";
import { Replicas } from "../causality/replica-table";
import { Bytes } from "../memory/bytes";
import { Column } from "../memory/column";
import { Heap } from "../memory/heap";
import { Journal } from "../memory/journal";
import { KIND_CHUNK } from "../series/series-records";
import { Containers } from "./containers";
import { Document } from "./document";
import { Keys } from "./key-index";
import { Members } from "./members";
import {
  BlockRow,
  CONTAINER_MASK,
  ContainerRow,
  CounterRow,
  ENTRY_SHIFT,
  EntryRow,
  FLAG_DELETED,
  FLAG_LINKED,
  FLAG_MARK,
  NO_REPLICA,
} from "./records";
import { RULE_CELL, RULE_LOG, Rules, TYPE_LIST } from "./rules";

const CAPACITY_MIN: u32 = 8;
/** A record used again must not look like the member it was before. */
const NO_MEMBER: u32 = 0xffffffff;
const BLOCK_HEADER_BYTES: u32 = <u32>offsetof<BlockRow>();

export abstract class Entries {
  @inline static row(id: u32): EntryRow {
    return changetype<EntryRow>(Document.current.entries + (id << ENTRY_SHIFT));
  }

  @inline static counterRow(id: u32): CounterRow {
    return changetype<CounterRow>(Document.current.entries + (id << ENTRY_SHIFT));
  }

  @inline static containerOf(row: EntryRow): u32 {
    return <u32>row.place & CONTAINER_MASK;
  }

  @inline static isDeletedMark(row: EntryRow): bool {
    return (<u32>row.place & FLAG_DELETED) != 0;
  }

  @inline static isTruncationMark(row: EntryRow): bool {
    return (<u32>row.place & FLAG_MARK) != 0;
  }

  @inline static keyPointer(row: EntryRow): u32 {
    return row.block + BLOCK_HEADER_BYTES;
  }

  @inline static keyLength(row: EntryRow): u32 {
    return changetype<BlockRow>(row.block).keyLength;
  }

  @inline static payloadLength(row: EntryRow): u32 {
    return changetype<BlockRow>(row.block).payloadLength;
  }

  @inline static payloadPointer(row: EntryRow): u32 {
    return row.block + BLOCK_HEADER_BYTES + changetype<BlockRow>(row.block).keyLength;
  }

  /** Whether it stands behind another entry of the same element. */
  @inline static isLinked(row: EntryRow): bool {
    return (<u32>row.place & FLAG_LINKED) != 0;
  }

  /** Whether (timestamp, replica, sequence) is above that of `row`. */
  @inline static beats(row: EntryRow, timestamp: u64, replica: u32, sequence: u32): bool {
    if (timestamp != row.timestamp) return timestamp > row.timestamp;
    if (replica != <u32>row.replica) return Replicas.row(replica).id > Replicas.row(row.replica).id;
    return sequence > row.sequence;
  }

  /** A record for a new dot: a dead one, or the next. Sets what all entries have, counts it, adds its dot. */
  static create(replica: u32, sequence: u32, timestamp: u64, container: u32, flags: u32): u32 {
    const document = Document.current;
    let id: u32;
    if (document.entryFree != 0) {
      id = document.entryFree - 1;
      Journal.noteRecord(changetype<u32>(Entries.row(id)));
      document.entryFree = Entries.row(id).next;
    } else {
      id = document.entryCount;
      if (id == document.entryCapacity) Entries.grow(1);
      document.entryCount = id + 1;
    }
    const row = Entries.row(id);
    row.timestamp = timestamp;
    row.sequence = sequence;
    row.replica = <u16>replica;
    row.place = <u16>(container | flags);
    row.block = 0;
    row.next = 0;
    row.member = NO_MEMBER;
    document.entriesLive++;
    if (flags & FLAG_DELETED) document.deletedMarks++;
    const containerRow = Containers.row(container);
    Containers.touch(containerRow);
    containerRow.entries++;
    Entries.addDot(replica, sequence, id);
    return id;
  }

  /** Gives a record its key and payload. */
  static setBlock(
    row: EntryRow,
    keyPointer: u32,
    keyLength: u32,
    payloadPointer: u32,
    payloadLength: u32,
  ): void {
    const pointer = Heap.allocate(BLOCK_HEADER_BYTES + keyLength + payloadLength);
    const block = changetype<BlockRow>(pointer);
    block.keyLength = keyLength;
    block.payloadLength = payloadLength;
    Bytes.copy(pointer + BLOCK_HEADER_BYTES, keyPointer, keyLength);
    Bytes.copy(pointer + BLOCK_HEADER_BYTES + keyLength, payloadPointer, payloadLength);
    row.block = pointer;
  }

  /** Puts a new dot, timestamp and payload in the place of an entry; key and links stay. */
  static replace(row: EntryRow, id: u32, replica: u32, sequence: u32, timestamp: u64): void {
    Journal.noteRecord(changetype<u32>(row));
    const oldReplica = Replicas.row(row.replica);
    Replicas.touch(oldReplica);
    oldReplica.dotsLive--;
    row.timestamp = timestamp;
    row.sequence = sequence;
    row.replica = <u16>replica;
    Entries.addDot(replica, sequence, id);
  }

  /** Replaces the payload of an entry whose record is noted already. */
  static replacePayload(row: EntryRow, payloadPointer: u32, payloadLength: u32): void {
    const block = changetype<BlockRow>(row.block);
    const wasDeleted = block.payloadLength == 0;
    const isDeleted = payloadLength == 0;
    if (wasDeleted != isDeleted) Entries.flipDeleted(row, isDeleted);
    const oldBytes = BLOCK_HEADER_BYTES + block.keyLength + block.payloadLength;
    const newBytes = BLOCK_HEADER_BYTES + block.keyLength + payloadLength;
    if (Heap.roundUp(oldBytes) != Heap.roundUp(newBytes)) {
      const oldPointer = row.block;
      Entries.setBlock(row, Entries.keyPointer(row), block.keyLength, payloadPointer, payloadLength);
      Journal.release(oldPointer, oldBytes);
      return;
    }
    if (block.payloadLength != payloadLength) {
      Journal.noteWord(row.block + <u32>offsetof<BlockRow>("payloadLength"));
    }
    const toPointer = row.block + BLOCK_HEADER_BYTES + block.keyLength;
    Journal.noteRange(toPointer, payloadLength);
    block.payloadLength = payloadLength;
    Bytes.copy(toPointer, payloadPointer, payloadLength);
  }

  /** Drops an entry: out of key index and members, the record on the free list, the block freed at commit unless others
   *  under its key share it. True when nothing is left under its key. */
  static drop(id: u32): bool {
    const document = Document.current;
    const row = Entries.row(id);
    const container = Entries.containerOf(row);
    const containerRow = Containers.row(container);
    Containers.touch(containerRow);
    const replica = Replicas.row(row.replica);
    Replicas.touch(replica);
    let isKeyGone = true;
    if (containerRow.rule == RULE_CELL) {
      Members.clearCell(containerRow, row.replica);
      containerRow.size--;
    } else {
      if (containerRow.rule == RULE_LOG) Entries.dropFromLog(containerRow, row);
      else {
        isKeyGone = Keys.remove(id);
        const isCounted = Rules.isCounted(containerRow.type, Entries.keyPointer(row), isKeyGone);
        if (containerRow.marks != 0 && <u32>load<u8>(Entries.keyPointer(row)) != KIND_CHUNK)
          containerRow.marks--;
        if (isCounted && !Entries.isDeletedMark(row)) containerRow.size--;
      }
      if (isKeyGone || !Rules.isBlockShared(containerRow.type)) {
        Journal.release(row.block, BLOCK_HEADER_BYTES + Entries.keyLength(row) + Entries.payloadLength(row));
      }
    }
    if (Entries.isDeletedMark(row)) document.deletedMarks--;
    replica.dotsLive--;
    containerRow.entries--;
    containerRow.revision++;
    document.entriesLive--;
    Journal.noteRecord(changetype<u32>(row));
    row.replica = <u16>NO_REPLICA;
    row.next = document.entryFree;
    document.entryFree = id + 1;
    return isKeyGone;
  }

  private static dropFromLog(containerRow: ContainerRow, row: EntryRow): void {
    if (!Entries.isTruncationMark(row)) {
      containerRow.size--;
      return;
    }
    containerRow.mark = 0;
    containerRow.markTimestamp = 0;
    containerRow.markReplica = 0;
    containerRow.markSequence = 0;
  }

  @inline private static addDot(replica: u32, sequence: u32, id: u32): void {
    const row = Replicas.row(replica);
    Replicas.touch(row);
    Dots.append(row, replica, sequence, id);
  }

  private static flipDeleted(row: EntryRow, isDeleted: bool): void {
    const containerRow = Containers.row(Entries.containerOf(row));
    if (containerRow.type == TYPE_LIST) return;
    Containers.touch(containerRow);
    row.place = <u16>(<u32>row.place ^ FLAG_DELETED);
    const step: u32 = isDeleted ? 1 : -1;
    containerRow.size -= step;
    Document.current.deletedMarks += step;
  }

  /** Makes room for `count` more records at once. */
  static reserve(count: u32): void {
    const document = Document.current;
    if (document.entryCapacity - document.entryCount < count) Entries.grow(count);
  }

  private static grow(needed: u32): void {
    const document = Document.current;
    const capacity = Column.nextCapacity(document.entryCapacity, document.entryCount + needed, CAPACITY_MIN);
    document.entries = Column.grow(
      document.entries,
      document.entryCapacity,
      document.entryCount,
      capacity,
      1 << ENTRY_SHIFT,
    );
    document.entryCapacity = capacity;
  }
}
