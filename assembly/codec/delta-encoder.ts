// Encodes deltas, stream deltas, snapshots and digest images of the current document (docs/wire-format.md). A selection
// says what goes in; this file writes it canonically into scratch memory. Cost: that of what is written, plus a pass over
// the replicas listed.
import { DELTA_BYTES_MAX, DELTA_ENTRIES_MAX, DELTA_TARGETS_MAX } from "../../host/limits";
import { TIMESTAMP_END } from "../causality/clock";
import { Removals } from "../causality/removal-column";
import { Replicas } from "../causality/replica-table";
import { VectorReader } from "../causality/version-vector";
import { XxHash32 } from "../kernels/xxhash32";
import { Bytes } from "../memory/bytes";
import { Heap } from "../memory/heap";
import { Scratch } from "../memory/scratch";
import { Refusal } from "../refusal";
import { Containers } from "../state/containers";
import { Document } from "../state/document";
import { Entries } from "../state/entries";
import { CounterRow } from "../state/records";
import { TYPE_COUNTER } from "../state/rules";
import {
  STATUS_LIMIT_EXCEEDED,
  STATUS_OK,
  SUBJECT_DELTA_BYTES,
  SUBJECT_ENTRY_COUNT,
  SUBJECT_REMOVAL_TARGETS,
} from "../status";
import {
  CHECKSUM_BYTES,
  DeltaHeader,
  FLAG_SNAPSHOT,
  FLAG_STREAM,
  FORMAT_VERSION,
  HEADER_BYTES,
  ID_BYTES,
  MAGIC,
} from "./format";
import { PackedColumn } from "./packed-column";
import { Selection } from "./selection";
import { Varint } from "./varint";

const TIMESTAMP_MASK: u64 = TIMESTAMP_END - 1;
const VARINT_BYTES_MAX: u64 = 8;
/** Columns of an entry at their widest: sequence 4, container 2, timestamp 8, key length 2, payload length 4. */
const ENTRY_BYTES_MAX: u64 = 21;
/** Columns of a removal record at their widest, and of a target. */
const REMOVAL_BYTES_MAX: u64 = 11;
const TARGET_BYTES_MAX: u64 = 9;
const CONTAINER_BYTES_MAX: u64 = 257;
const DIGEST_SEED_HIGH: u32 = 1;
const DIGEST_SEED_LOW: u32 = 2;

export abstract class DeltaEncoder {
  /** What was written last. */
  static pointer: u32 = 0;
  static length: u32 = 0;
  static digestHigh: u32 = 0;
  static digestLow: u32 = 0;

  // The columns of the selected entries.
  private static timestamps: u32 = 0;
  private static keyLengths: u32 = 0;
  private static payloadLengths: u32 = 0;
  private static values: u32 = 0;
  private static baseTimestamp: u64 = 0;
  private static entryBytes: u64 = 0;

  /** A complete delta above the vector last read, or a snapshot where it does not cover the floor. */
  static delta(): u32 {
    const order = Replicas.order();
    const count = Document.current.replicaCount;
    for (let rank: u32 = 0; rank < count; rank++) {
      const replica = Replicas.row(Replicas.at(order, rank));
      if (replica.floor > VectorReader.aligned(rank)) return DeltaEncoder.snapshot();
    }
    Selection.open(count);
    for (let rank: u32 = 0; rank < count; rank++) {
      const index = Replicas.at(order, rank);
      const sequence = Replicas.row(index).sequence;
      const base = min(sequence, VectorReader.aligned(rank));
      Selection.list(index, base, sequence - base);
    }
    Selection.allocate(false);
    for (let position: u32 = 0; position < count; position++) {
      const row = Selection.replica(position);
      if (row.advance != 0) {
        Selection.takeEntries(position, row.base, false);
        Selection.takeRemovals(position, row.base);
      }
      Selection.endReplica(position);
    }
    return DeltaEncoder.write(0, 0, true);
  }

  /** What this replica did after `sequence`, which is at or above its floor. */
  static stream(own: u32, sequence: u32): u32 {
    const replica = Replicas.row(own);
    const bases = Scratch.allocateZeroed(Document.current.replicaCount << 2);
    Selection.put(bases, own, sequence);
    for (let i = Removals.firstAbove(replica, sequence); i < replica.removalCount; i++) {
      const removal = Removals.row(replica, i);
      for (let target: u32 = 0; target < removal.targetCount; target++) {
        const targetReplica = Removals.targetReplica(removal, target);
        if (targetReplica == own) continue;
        const base = max(Selection.at(bases, targetReplica), Removals.targetSequence(removal, target));
        Selection.put(bases, targetReplica, base);
      }
    }
    DeltaEncoder.listStream(own, bases);
    Selection.allocate(false);
    for (let position: u32 = 0; position < Selection.replicaCount; position++) {
      if (Selection.replica(position).replica == own) {
        Selection.takeEntries(position, sequence, false);
        Selection.takeRemovals(position, sequence);
      }
      Selection.endReplica(position);
    }
    return DeltaEncoder.write(FLAG_STREAM, 0, true);
  }

  private static listStream(own: u32, bases: u32): void {
    const order = Replicas.order();
    const count = Document.current.replicaCount;
    Selection.open(count);
    for (let rank: u32 = 0; rank < count; rank++) {
      const index = Replicas.at(order, rank);
      const base = Selection.at(bases, index);
      if (index == own) Selection.list(index, base, Replicas.row(own).sequence - base);
      else if (base != 0) Selection.list(index, base, 0);
    }
  }

  static emptyStream(): u32 {
    Selection.open(0);
    Selection.allocate(false);
    return DeltaEncoder.write(FLAG_STREAM, 0, true);
  }

  static snapshot(): u32 {
    const order = Replicas.order();
    const count = Document.current.replicaCount;
    Selection.open(count);
    for (let rank: u32 = 0; rank < count; rank++) {
      const index = Replicas.at(order, rank);
      const replica = Replicas.row(index);
      Selection.list(index, replica.floor, replica.sequence - replica.floor);
    }
    Selection.allocate(true);
    for (let position: u32 = 0; position < count; position++) {
      Selection.takeEntries(position, 0, false);
      Selection.takeRemovals(position, Selection.replica(position).base);
      Selection.endReplica(position);
    }
    return DeltaEncoder.write(FLAG_SNAPSHOT, Document.current.compacted, true);
  }

  static digest(): u32 {
    const order = Replicas.order();
    const count = Document.current.replicaCount;
    Selection.open(count);
    for (let rank: u32 = 0; rank < count; rank++) {
      const index = Replicas.at(order, rank);
      Selection.list(index, 0, Replicas.row(index).sequence);
    }
    Selection.allocate(true);
    for (let position: u32 = 0; position < count; position++) {
      Selection.takeEntries(position, 0, true);
      Selection.endReplica(position);
    }
    const status = DeltaEncoder.write(FLAG_SNAPSHOT, 0, false);
    DeltaEncoder.digestHigh = XxHash32.of(DeltaEncoder.pointer, DeltaEncoder.length, DIGEST_SEED_HIGH);
    DeltaEncoder.digestLow = XxHash32.of(DeltaEncoder.pointer, DeltaEncoder.length, DIGEST_SEED_LOW);
    return status;
  }

  private static write(flags: u32, compacted: u64, isLimited: bool): u32 {
    Selection.placeContainers();
    DeltaEncoder.gatherColumns();
    if (isLimited) {
      const status = DeltaEncoder.checkCounts();
      if (status != STATUS_OK) return status;
    }
    const pointer = Scratch.allocate(DeltaEncoder.bytesMax());
    let end = DeltaEncoder.writeTables(pointer, flags);
    end = DeltaEncoder.writeEntries(end, flags);
    end = DeltaEncoder.writeRemovals(end);
    if (flags == FLAG_SNAPSHOT) end = Varint.write(end, compacted);
    if (isLimited) {
      store<u32>(end, XxHash32.of(pointer, end - pointer, 0));
      end += CHECKSUM_BYTES;
    }
    DeltaEncoder.pointer = pointer;
    DeltaEncoder.length = end - pointer;
    return isLimited && end - pointer > <u32>DELTA_BYTES_MAX
      ? DeltaEncoder.tooLarge(end - pointer)
      : STATUS_OK;
  }

  private static tooLarge(bytes: u64): u32 {
    return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_DELTA_BYTES, <f64>bytes, DELTA_BYTES_MAX);
  }

  private static checkCounts(): u32 {
    if (Selection.entryCount > <u32>DELTA_ENTRIES_MAX) {
      return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_ENTRY_COUNT, Selection.entryCount, DELTA_ENTRIES_MAX);
    }
    if (Selection.targetCount > <u64>DELTA_TARGETS_MAX) {
      return Refusal.of(
        STATUS_LIMIT_EXCEEDED,
        SUBJECT_REMOVAL_TARGETS,
        <f64>Selection.targetCount,
        DELTA_TARGETS_MAX,
      );
    }
    return DeltaEncoder.entryBytes > <u64>DELTA_BYTES_MAX
      ? DeltaEncoder.tooLarge(DeltaEncoder.entryBytes)
      : STATUS_OK;
  }

  /** No more bytes than this are written. */
  private static bytesMax(): u32 {
    let bytes = <u64>HEADER_BYTES + 8 * VARINT_BYTES_MAX;
    bytes += <u64>Selection.replicaCount * (ID_BYTES + 4 * VARINT_BYTES_MAX);
    bytes += <u64>Selection.containerCount * CONTAINER_BYTES_MAX;
    bytes += <u64>Selection.entryCount * ENTRY_BYTES_MAX + DeltaEncoder.entryBytes;
    bytes += <u64>Selection.removalCount * REMOVAL_BYTES_MAX + Selection.targetCount * TARGET_BYTES_MAX;
    Heap.checkBytes(bytes + 64);
    return <u32>bytes + 64;
  }

  /** One pass over the records: timestamps, lengths, the smallest timestamp, the bytes of keys and payloads. */
  private static gatherColumns(): void {
    const count = Selection.entryCount;
    DeltaEncoder.timestamps = Scratch.allocate(count << 3);
    DeltaEncoder.keyLengths = Scratch.allocate(count << 2);
    DeltaEncoder.payloadLengths = Scratch.allocate(count << 2);
    DeltaEncoder.values = Scratch.allocate(count << 2);
    let smallest: u64 = count == 0 ? 0 : TIMESTAMP_END;
    let bytes: u64 = 0;
    for (let i: u32 = 0; i < count; i++) {
      const id = Selection.at(Selection.entries, i);
      const row = Entries.row(id);
      let keyLength: u32 = 0;
      let payloadLength: u32 = 0;
      if (Containers.row(Entries.containerOf(row)).type == TYPE_COUNTER) {
        const sums = changetype<CounterRow>(changetype<u32>(row));
        payloadLength = Varint.byteLength(sums.plus) + Varint.byteLength(sums.minus);
      } else {
        keyLength = Entries.keyLength(row);
        payloadLength = Entries.payloadLength(row);
      }
      store<u64>(DeltaEncoder.timestamps + (i << 3), row.timestamp);
      Selection.put(DeltaEncoder.keyLengths, i, keyLength);
      Selection.put(DeltaEncoder.payloadLengths, i, payloadLength);
      smallest = min(smallest, row.timestamp);
      bytes += keyLength + payloadLength;
    }
    DeltaEncoder.baseTimestamp = smallest;
    DeltaEncoder.entryBytes = bytes;
  }

  private static writeTables(pointer: u32, flags: u32): u32 {
    const header = changetype<DeltaHeader>(pointer);
    header.magic = <u16>MAGIC;
    header.version = <u8>FORMAT_VERSION;
    header.flags = <u8>flags;
    header.baseTimestampLow = <u32>DeltaEncoder.baseTimestamp;
    header.baseTimestampHigh = <u32>(DeltaEncoder.baseTimestamp >> 32);
    let end = Varint.write(pointer + HEADER_BYTES, Selection.replicaCount);
    for (let position: u32 = 0; position < Selection.replicaCount; position++) {
      const row = Selection.replica(position);
      store<u64>(end, Replicas.row(row.replica).id);
      end = Varint.write(end + ID_BYTES, row.base);
      end = Varint.write(end, row.advance);
    }
    end = Varint.write(end, Selection.containerCount);
    for (let position: u32 = 0; position < Selection.containerCount; position++) {
      const row = Containers.row(Selection.at(Selection.containers, position));
      store<u8>(end, row.type);
      store<u8>(end + 1, row.nameLength);
      Bytes.copy(end + 2, row.name, row.nameLength);
      end += 2 + row.nameLength;
    }
    return end;
  }

  private static writeEntries(pointer: u32, flags: u32): u32 {
    const count = Selection.entryCount;
    let end = DeltaEncoder.writeCounts(Varint.write(pointer, count), false);
    if (count == 0) return end;
    const values = DeltaEncoder.values;
    let index: u32 = 0;
    for (let position: u32 = 0; position < Selection.replicaCount; position++) {
      const row = Selection.replica(position);
      let previous = flags == FLAG_SNAPSHOT ? 0 : row.base;
      for (; index < row.entryEnd; index++) {
        const sequence = Entries.row(Selection.at(Selection.entries, index)).sequence;
        Selection.put(values, index, sequence - previous - 1);
        previous = sequence;
      }
    }
    end = PackedColumn.write32(end, values, count);
    if (Selection.containerCount > 1) {
      for (let i: u32 = 0; i < count; i++) {
        const container = Entries.containerOf(Entries.row(Selection.at(Selection.entries, i)));
        Selection.put(values, i, Selection.at(Selection.containerPositions, container));
      }
      end = PackedColumn.write32(end, values, count);
    }
    DeltaEncoder.subtractTimestamps();
    end = PackedColumn.write64(end, DeltaEncoder.timestamps, count);
    end = PackedColumn.write32(end, DeltaEncoder.keyLengths, count);
    end = PackedColumn.write32(end, DeltaEncoder.payloadLengths, count);
    return DeltaEncoder.writePayloads(DeltaEncoder.writeKeys(end, count), count);
  }

  /** Turns timestamps into differences, in place. */
  private static subtractTimestamps(): void {
    let place = DeltaEncoder.timestamps;
    for (let position: u32 = 0; position < Selection.replicaCount; position++) {
      const end = DeltaEncoder.timestamps + (Selection.replica(position).entryEnd << 3);
      let previous = DeltaEncoder.baseTimestamp;
      for (; place < end; place += 8) {
        const timestamp = load<u64>(place);
        store<u64>(place, (timestamp - previous) & TIMESTAMP_MASK);
        previous = timestamp;
      }
    }
  }

  private static writeKeys(pointer: u32, count: u32): u32 {
    for (let i: u32 = 0; i < count; i++) {
      const length = Selection.at(DeltaEncoder.keyLengths, i);
      if (length == 0) continue;
      Bytes.copy(pointer, Entries.keyPointer(Entries.row(Selection.at(Selection.entries, i))), length);
      pointer += length;
    }
    return pointer;
  }

  private static writePayloads(pointer: u32, count: u32): u32 {
    for (let i: u32 = 0; i < count; i++) {
      const length = Selection.at(DeltaEncoder.payloadLengths, i);
      if (length == 0) continue;
      const row = Entries.row(Selection.at(Selection.entries, i));
      if (Containers.row(Entries.containerOf(row)).type == TYPE_COUNTER) {
        const sums = changetype<CounterRow>(changetype<u32>(row));
        pointer = Varint.write(Varint.write(pointer, sums.plus), sums.minus);
      } else {
        Bytes.copy(pointer, Entries.payloadPointer(row), length);
        pointer += length;
      }
    }
    return pointer;
  }

  /** Writes how many entries, or removal records, each replica has, where there are several replicas. */
  private static writeCounts(pointer: u32, isRemovals: bool): u32 {
    if (Selection.replicaCount < 2) return pointer;
    let previous: u32 = 0;
    for (let position: u32 = 0; position < Selection.replicaCount; position++) {
      const row = Selection.replica(position);
      const end = isRemovals ? row.removalEnd : row.entryEnd;
      pointer = Varint.write(pointer, end - previous);
      previous = end;
    }
    return pointer;
  }

  private static writeRemovals(pointer: u32): u32 {
    const count = Selection.removalCount;
    let end = Varint.write(pointer, count);
    if (count == 0) return end;
    end = DeltaEncoder.writeCounts(end, true);
    const targets = <u32>Selection.targetCount;
    const values = Scratch.allocate(max(count, targets) << 2);
    let index: u32 = 0;
    for (let position: u32 = 0; position < Selection.replicaCount; position++) {
      const row = Selection.replica(position);
      let previous = row.base;
      for (; index < row.removalEnd; index++) {
        const sequence = Selection.removal(index).sequence;
        Selection.put(values, index, sequence - previous - 1);
        previous = sequence;
      }
    }
    end = PackedColumn.write32(end, values, count);
    if (Selection.containerCount > 1) {
      for (let i: u32 = 0; i < count; i++) {
        Selection.put(values, i, Selection.at(Selection.containerPositions, Selection.removal(i).container));
      }
      end = PackedColumn.write32(end, values, count);
    }
    for (let i: u32 = 0; i < count; i++) Selection.put(values, i, Selection.removal(i).targetCount);
    end = PackedColumn.write32(end, values, count);
    return DeltaEncoder.writeTargets(end, values, count, targets);
  }

  private static writeTargets(pointer: u32, values: u32, count: u32, targets: u32): u32 {
    let index: u32 = 0;
    for (let i: u32 = 0; i < count; i++) {
      const removal = Selection.removal(i);
      for (let target: u32 = 0; target < removal.targetCount; target++) {
        const position = Selection.at(Selection.positions, Removals.targetReplica(removal, target));
        Selection.put(values, index++, position);
      }
    }
    const end = PackedColumn.write32(pointer, values, targets);
    index = 0;
    for (let i: u32 = 0; i < count; i++) {
      const removal = Selection.removal(i);
      for (let target: u32 = 0; target < removal.targetCount; target++) {
        Selection.put(values, index++, Removals.targetSequence(removal, target));
      }
    }
    return PackedColumn.write32(end, values, targets);
  }
}
