// Decodes a delta or snapshot and checks every rule of docs/wire-format.md on the way, in the order that page gives.
// Changes no document. Cost: one pass over each column, two over the entries.
import {
  CONTAINERS_MAX,
  DELTA_BYTES_MAX,
  DELTA_ENTRIES_MAX,
  KEY_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  REPLICAS_MAX,
} from "../../host/limits";
import { TIMESTAMP_END } from "../causality/clock";
import { XxHash32 } from "../kernels/xxhash32";
import { Bytes } from "../memory/bytes";
import { Scratch } from "../memory/scratch";
import { Refusal } from "../refusal";
import { Rules, TYPE_LIST } from "../state/rules";
import {
  STATUS_CHECKSUM_MISMATCH,
  STATUS_LIMIT_EXCEEDED,
  STATUS_MALFORMED_DELTA,
  STATUS_OK,
  STATUS_UNSUPPORTED_TYPE,
  STATUS_UNSUPPORTED_VERSION,
  SUBJECT_BASE_TIMESTAMP,
  SUBJECT_CHECKSUM,
  SUBJECT_COMPACTED_TIMESTAMP,
  SUBJECT_CONTAINER_INDICES,
  SUBJECT_CONTAINER_NAME,
  SUBJECT_CONTAINER_TABLE,
  SUBJECT_CONTAINER_TYPE,
  SUBJECT_CONTAINERS,
  SUBJECT_DELTA_BYTES,
  SUBJECT_ENTRY_COUNT,
  SUBJECT_FLAGS,
  SUBJECT_FORMAT_VERSION,
  SUBJECT_KEY_BYTES,
  SUBJECT_LENGTH,
  SUBJECT_MAGIC,
  SUBJECT_PAYLOAD_BYTES,
  SUBJECT_REPLICA_TABLE,
  SUBJECT_REPLICAS,
  SUBJECT_SEQUENCES,
  SUBJECT_TIMESTAMPS,
} from "../status";
import { Delta, DeltaContainer, DeltaReplica } from "./delta";
import { EntryCheck } from "./entry-check";
import {
  CHECKSUM_BYTES,
  DELTA_BYTES_MIN,
  DeltaHeader,
  FLAG_SNAPSHOT,
  FLAG_STREAM,
  FORMAT_VERSION,
  HEADER_BYTES,
  ID_BYTES,
  MAGIC,
} from "./format";
import { PackedColumn } from "./packed-column";
import { RemovalDecoder } from "./removal-decoder";
import { Utf8 } from "./utf8";
import { Varint } from "./varint";

const SEQUENCE_MAX: u64 = 0xfffffffe;
const TIMESTAMP_MASK: u64 = TIMESTAMP_END - 1;

export abstract class DeltaDecoder {
  /** Where reading is, where the checksum begins, how long the whole is. */
  static cursor: u32 = 0;
  static end: u32 = 0;
  static byteLength: u32 = 0;

  static decode(pointer: u32, byteLength: u32): u32 {
    let status = DeltaDecoder.readHeader(pointer, byteLength);
    if (status == STATUS_OK) status = DeltaDecoder.readReplicaTable();
    if (status == STATUS_OK) status = DeltaDecoder.readContainerTable();
    if (status == STATUS_OK) status = DeltaDecoder.readEntries();
    if (status == STATUS_OK) status = RemovalDecoder.read();
    if (status == STATUS_OK) status = DeltaDecoder.readEnd();
    return status;
  }

  static malformed(subject: u32, value: f64 = 0, limit: f64 = 0): u32 {
    return Refusal.of(STATUS_MALFORMED_DELTA, subject, value, limit);
  }

  /** Reads a varint; check `Varint.isValid`. */
  @inline static varint(): u64 {
    const value = Varint.read(DeltaDecoder.cursor, DeltaDecoder.end);
    DeltaDecoder.cursor = Varint.end;
    return value;
  }

  /** Reads a count of entries or records into `Delta`-sized bounds; -1 is refused, with the status in `countStatus`. */
  static countStatus: u32 = STATUS_OK;

  static readCount(subject: u32): u32 {
    const count = DeltaDecoder.varint();
    DeltaDecoder.countStatus = STATUS_OK;
    if (!Varint.isValid || count > DeltaDecoder.byteLength) {
      DeltaDecoder.countStatus = DeltaDecoder.malformed(subject, <f64>count, DeltaDecoder.byteLength);
    } else if (count > <u64>DELTA_ENTRIES_MAX) {
      DeltaDecoder.countStatus = Refusal.of(STATUS_LIMIT_EXCEEDED, subject, <f64>count, DELTA_ENTRIES_MAX);
    } else if (count > 0 && (Delta.replicaCount == 0 || Delta.containerCount == 0)) {
      DeltaDecoder.countStatus = DeltaDecoder.malformed(subject, <f64>count, 0);
    }
    return <u32>count;
  }

  /** Reads how many of the `count` each replica has. */
  static readEnds(count: u32, isRemovals: bool, subject: u32): u32 {
    const replicas = Delta.replicaCount;
    let sum: u64 = replicas == 1 ? count : 0;
    for (let index: u32 = 0; index < replicas; index++) {
      if (replicas > 1) sum += DeltaDecoder.varint();
      if (!Varint.isValid || sum > count) return DeltaDecoder.malformed(subject, <f64>sum, count);
      const row = Delta.replica(index);
      if (isRemovals) row.removalEnd = <u32>sum;
      else row.entryEnd = <u32>sum;
    }
    return sum == count ? STATUS_OK : DeltaDecoder.malformed(subject, <f64>sum, count);
  }

  /** Turns the gaps of the replica's stretch into sequences, in place. */
  static addUpSequences(columnPointer: u32, start: u32, end: u32, from: u32, to: u32): bool {
    let previous = <u64>from;
    for (let index = start; index < end; index++) {
      previous += <u64>Delta.at(columnPointer, index) + 1;
      if (previous > to) return false;
      store<u32>(columnPointer + (index << 2), <u32>previous);
    }
    return true;
  }

  /** Reads container indices, all 0 where there is one container, and marks those named. */
  static readContainerIndices(columnPointer: u32, count: u32): u32 {
    if (Delta.containerCount == 1) {
      memory.fill(columnPointer, 0, count << 2);
      Delta.container(0).isNamed = 1;
      return STATUS_OK;
    }
    if (!DeltaDecoder.readColumn(columnPointer, count))
      return DeltaDecoder.malformed(SUBJECT_CONTAINER_INDICES);
    for (let i: u32 = 0; i < count; i++) {
      const index = Delta.at(columnPointer, i);
      if (index >= Delta.containerCount) {
        return DeltaDecoder.malformed(SUBJECT_CONTAINER_INDICES, index, Delta.containerCount - 1);
      }
      Delta.container(index).isNamed = 1;
    }
    return STATUS_OK;
  }

  static readColumn(columnPointer: u32, count: u32): bool {
    if (count == 0) return true;
    const next = PackedColumn.read32(DeltaDecoder.cursor, DeltaDecoder.end, columnPointer, count);
    DeltaDecoder.cursor = next;
    return next != 0;
  }

  private static readHeader(pointer: u32, byteLength: u32): u32 {
    if (byteLength > <u32>DELTA_BYTES_MAX) {
      return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_DELTA_BYTES, byteLength, DELTA_BYTES_MAX);
    }
    if (byteLength < DELTA_BYTES_MIN)
      return DeltaDecoder.malformed(SUBJECT_LENGTH, byteLength, DELTA_BYTES_MIN);
    const header = changetype<DeltaHeader>(pointer);
    if (header.magic != MAGIC) return DeltaDecoder.malformed(SUBJECT_MAGIC, header.magic, MAGIC);
    if (header.version != FORMAT_VERSION) {
      return Refusal.of(STATUS_UNSUPPORTED_VERSION, SUBJECT_FORMAT_VERSION, header.version, FORMAT_VERSION);
    }
    const end = pointer + byteLength - CHECKSUM_BYTES;
    const checksum = XxHash32.of(pointer, byteLength - CHECKSUM_BYTES, 0);
    if (checksum != load<u32>(end)) {
      return Refusal.of(STATUS_CHECKSUM_MISMATCH, SUBJECT_CHECKSUM, load<u32>(end), checksum);
    }
    if (header.flags > FLAG_STREAM) return DeltaDecoder.malformed(SUBJECT_FLAGS, header.flags, FLAG_STREAM);
    Delta.isSnapshot = header.flags == FLAG_SNAPSHOT;
    Delta.baseTimestamp = ((<u64>header.baseTimestampHigh) << 32) | header.baseTimestampLow;
    if (Delta.baseTimestamp >= TIMESTAMP_END) {
      return DeltaDecoder.malformed(SUBJECT_BASE_TIMESTAMP, <f64>Delta.baseTimestamp, <f64>TIMESTAMP_MASK);
    }
    DeltaDecoder.cursor = pointer + HEADER_BYTES;
    DeltaDecoder.end = end;
    DeltaDecoder.byteLength = byteLength;
    Varint.isValid = true;
    return STATUS_OK;
  }

  private static readReplicaTable(): u32 {
    const count = DeltaDecoder.varint();
    if (!Varint.isValid) return DeltaDecoder.malformed(SUBJECT_REPLICA_TABLE);
    if (count > <u64>REPLICAS_MAX)
      return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_REPLICAS, <f64>count, REPLICAS_MAX);
    Delta.replicaCount = <u32>count;
    Delta.replicas = Scratch.allocate(Delta.replicaCount * <u32>offsetof<DeltaReplica>());
    let previous: u64 = 0;
    for (let index: u32 = 0; index < Delta.replicaCount; index++) {
      if (DeltaDecoder.end - DeltaDecoder.cursor < ID_BYTES || DeltaDecoder.cursor > DeltaDecoder.end) {
        return DeltaDecoder.malformed(SUBJECT_REPLICA_TABLE, index, <f64>count);
      }
      const row = Delta.replica(index);
      row.id = load<u64>(DeltaDecoder.cursor);
      DeltaDecoder.cursor += ID_BYTES;
      if (row.id <= previous) return DeltaDecoder.malformed(SUBJECT_REPLICA_TABLE, index, <f64>count);
      previous = row.id;
      const base = DeltaDecoder.varint();
      const to = base + DeltaDecoder.varint();
      if (!Varint.isValid || to < 1 || to > SEQUENCE_MAX) {
        return DeltaDecoder.malformed(SUBJECT_REPLICA_TABLE, <f64>to, <f64>SEQUENCE_MAX);
      }
      row.base = <u32>base;
      row.to = <u32>to;
      row.entryEnd = 0;
      row.removalEnd = 0;
    }
    return STATUS_OK;
  }

  private static readContainerTable(): u32 {
    const count = DeltaDecoder.varint();
    if (!Varint.isValid) return DeltaDecoder.malformed(SUBJECT_CONTAINER_TABLE);
    if (count > <u64>CONTAINERS_MAX) {
      return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_CONTAINERS, <f64>count, CONTAINERS_MAX);
    }
    Delta.containerCount = <u32>count;
    Delta.containers = Scratch.allocate(Delta.containerCount * <u32>offsetof<DeltaContainer>());
    for (let index: u32 = 0; index < Delta.containerCount; index++) {
      const status = DeltaDecoder.readContainer(index);
      if (status != STATUS_OK) return status;
    }
    return STATUS_OK;
  }

  private static readContainer(index: u32): u32 {
    const left = DeltaDecoder.end - DeltaDecoder.cursor;
    if (left < 1) return DeltaDecoder.malformed(SUBJECT_CONTAINER_TABLE, index, Delta.containerCount);
    const row = Delta.container(index);
    row.isNamed = 0;
    row.isCutDue = 0;
    row.type = load<u8>(DeltaDecoder.cursor);
    if (!Rules.isType(row.type)) {
      return Refusal.of(STATUS_UNSUPPORTED_TYPE, SUBJECT_CONTAINER_TYPE, row.type, TYPE_LIST);
    }
    row.rule = Rules.ofType(row.type);
    if (left < 2) return DeltaDecoder.malformed(SUBJECT_CONTAINER_TABLE, index, Delta.containerCount);
    row.nameLength = load<u8>(DeltaDecoder.cursor, 1);
    row.name = DeltaDecoder.cursor + 2;
    if (row.nameLength == 0 || left - 2 < row.nameLength) {
      return DeltaDecoder.malformed(SUBJECT_CONTAINER_NAME, row.nameLength, left - 2);
    }
    DeltaDecoder.cursor = row.name + row.nameLength;
    if (!Utf8.isWellFormed(row.name, row.nameLength))
      return DeltaDecoder.malformed(SUBJECT_CONTAINER_NAME, index);
    if (index == 0) return STATUS_OK;
    const previous = Delta.container(index - 1);
    const order = Bytes.compare(previous.name, previous.nameLength, row.name, row.nameLength);
    if (order > 0 || (order == 0 && previous.type >= row.type)) {
      return DeltaDecoder.malformed(SUBJECT_CONTAINER_TABLE, index, Delta.containerCount);
    }
    return STATUS_OK;
  }

  private static readEntries(): u32 {
    const count = DeltaDecoder.readCount(SUBJECT_ENTRY_COUNT);
    if (DeltaDecoder.countStatus != STATUS_OK) return DeltaDecoder.countStatus;
    Delta.entryCount = count;
    let status = DeltaDecoder.readEnds(count, false, SUBJECT_ENTRY_COUNT);
    if (status != STATUS_OK) return status;
    if (count == 0) {
      return Delta.baseTimestamp == 0 ? STATUS_OK : DeltaDecoder.malformed(SUBJECT_BASE_TIMESTAMP);
    }
    Delta.sequences = Scratch.allocate(count << 2);
    Delta.containerIndices = Scratch.allocate(count << 2);
    Delta.timestamps = Scratch.allocate(count << 3);
    Delta.keys = Scratch.allocate((count + 1) << 2);
    Delta.payloads = Scratch.allocate((count + 1) << 2);
    status = DeltaDecoder.readSequences(count);
    if (status == STATUS_OK) status = DeltaDecoder.readContainerIndices(Delta.containerIndices, count);
    if (status == STATUS_OK) status = DeltaDecoder.readTimestamps(count);
    if (status == STATUS_OK)
      status = DeltaDecoder.readLengths(Delta.keys, count, KEY_BYTES_MAX, SUBJECT_KEY_BYTES);
    if (status == STATUS_OK) {
      status = DeltaDecoder.readLengths(Delta.payloads, count, PAYLOAD_BYTES_MAX, SUBJECT_PAYLOAD_BYTES);
    }
    if (status == STATUS_OK) status = DeltaDecoder.placeBytes(count);
    if (status == STATUS_OK) status = EntryCheck.all(count);
    return status;
  }

  private static readSequences(count: u32): u32 {
    if (!DeltaDecoder.readColumn(Delta.sequences, count)) return DeltaDecoder.malformed(SUBJECT_SEQUENCES);
    let start: u32 = 0;
    for (let index: u32 = 0; index < Delta.replicaCount; index++) {
      const row = Delta.replica(index);
      const from = Delta.isSnapshot ? 0 : row.base;
      if (!DeltaDecoder.addUpSequences(Delta.sequences, start, row.entryEnd, from, row.to)) {
        return DeltaDecoder.malformed(SUBJECT_SEQUENCES, index, row.to);
      }
      start = row.entryEnd;
    }
    return STATUS_OK;
  }

  private static readTimestamps(count: u32): u32 {
    const next = PackedColumn.read64(DeltaDecoder.cursor, DeltaDecoder.end, Delta.timestamps, count);
    if (next == 0) return DeltaDecoder.malformed(SUBJECT_TIMESTAMPS);
    DeltaDecoder.cursor = next;
    let smallest: u64 = TIMESTAMP_END;
    let place = Delta.timestamps;
    for (let index: u32 = 0; index < Delta.replicaCount; index++) {
      let previous = Delta.baseTimestamp;
      const end = Delta.timestamps + (Delta.replica(index).entryEnd << 3);
      for (; place < end; place += 8) {
        previous = (previous + load<u64>(place)) & TIMESTAMP_MASK;
        store<u64>(place, previous);
        smallest = min(smallest, previous);
      }
    }
    if (smallest == Delta.baseTimestamp) return STATUS_OK;
    return DeltaDecoder.malformed(SUBJECT_BASE_TIMESTAMP, <f64>Delta.baseTimestamp, <f64>smallest);
  }

  /** Reads lengths and turns them into running sums that begin at 0. */
  private static readLengths(columnPointer: u32, count: u32, limit: u32, subject: u32): u32 {
    if (!DeltaDecoder.readColumn(columnPointer, count)) return DeltaDecoder.malformed(subject);
    let sum: u64 = 0;
    let longest: u32 = 0;
    for (let i: u32 = 0; i < count; i++) {
      const length = Delta.at(columnPointer, i);
      longest = max(longest, length);
      store<u32>(columnPointer + (i << 2), <u32>sum);
      sum += length;
    }
    if (longest > limit) return Refusal.of(STATUS_LIMIT_EXCEEDED, subject, longest, limit);
    const left = DeltaDecoder.end - DeltaDecoder.cursor;
    if (sum > left) return DeltaDecoder.malformed(subject, <f64>sum, left);
    store<u32>(columnPointer + (count << 2), <u32>sum);
    return STATUS_OK;
  }

  /** Turns running sums into addresses. */
  private static placeBytes(count: u32): u32 {
    const keyStart = DeltaDecoder.cursor;
    const payloadStart = keyStart + Delta.at(Delta.keys, count);
    // Compared as a difference: the sum could pass the end of the address space.
    const payloadBytes = Delta.at(Delta.payloads, count);
    const left = DeltaDecoder.end - payloadStart;
    if (payloadBytes > left) return DeltaDecoder.malformed(SUBJECT_PAYLOAD_BYTES, payloadBytes, left);
    const end = payloadStart + payloadBytes;
    for (let i: u32 = 0; i <= count; i++) {
      store<u32>(Delta.keys + (i << 2), keyStart + Delta.at(Delta.keys, i));
      store<u32>(Delta.payloads + (i << 2), payloadStart + Delta.at(Delta.payloads, i));
    }
    DeltaDecoder.cursor = end;
    return STATUS_OK;
  }

  private static readEnd(): u32 {
    for (let index: u32 = 0; index < Delta.containerCount; index++) {
      if (!Delta.container(index).isNamed) return DeltaDecoder.malformed(SUBJECT_CONTAINER_TABLE, index);
    }
    Delta.compacted = Delta.isSnapshot ? DeltaDecoder.varint() : 0;
    if (!Varint.isValid) return DeltaDecoder.malformed(SUBJECT_COMPACTED_TIMESTAMP);
    if (DeltaDecoder.cursor == DeltaDecoder.end) return STATUS_OK;
    return DeltaDecoder.malformed(SUBJECT_LENGTH, DeltaDecoder.end - DeltaDecoder.cursor);
  }
}
