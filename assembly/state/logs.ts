// Logs: entries in (timestamp, replica id, sequence) order above a truncation mark. The mark is an entry of its own whose
// key is the position it cuts at; of several the greatest position wins, then the greatest dot. Cutting visits all
// entries of the log, so many marks in one delta are followed by one cut.
//
//   position   | timestamp u64 | replica id u64 | sequence u32     20 bytes, unaligned
import { Replicas } from "../causality/replica-table";
import { Journal } from "../memory/journal";
import { Containers } from "./containers";
import { Entries } from "./entries";
import { Members } from "./members";
import { ContainerRow, EntryRow, FLAG_MARK } from "./records";

export const POSITION_BYTES: u32 = 20;
const REPLICA_OFFSET: usize = 8;
const SEQUENCE_OFFSET: usize = 16;

export abstract class Logs {
  @inline static timestampAt(positionPointer: u32): u64 {
    return load<u64>(positionPointer);
  }

  @inline static replicaAt(positionPointer: u32): u64 {
    return load<u64>(positionPointer, REPLICA_OFFSET);
  }

  @inline static sequenceAt(positionPointer: u32): u32 {
    return load<u32>(positionPointer, SEQUENCE_OFFSET);
  }

  static writePosition(positionPointer: u32, timestamp: u64, replica: u64, sequence: u32): void {
    store<u64>(positionPointer, timestamp);
    store<u64>(positionPointer, replica, REPLICA_OFFSET);
    store<u32>(positionPointer, sequence, SEQUENCE_OFFSET);
  }

  /** Whether an entry would lie at or below the mark. */
  @inline static isCut(log: ContainerRow, timestamp: u64, replica: u64, sequence: u32): bool {
    if (log.mark == 0) return false;
    if (timestamp != log.markTimestamp) return timestamp < log.markTimestamp;
    if (replica != log.markReplica) return replica < log.markReplica;
    return sequence <= log.markSequence;
  }

  /** How the position compares with the mark: above 0 when it would raise it. */
  static compareWithMark(log: ContainerRow, positionPointer: u32): i32 {
    if (log.mark == 0) return 1;
    const timestamp = Logs.timestampAt(positionPointer);
    if (timestamp != log.markTimestamp) return timestamp > log.markTimestamp ? 1 : -1;
    const replica = Logs.replicaAt(positionPointer);
    if (replica != log.markReplica) return replica > log.markReplica ? 1 : -1;
    const sequence = Logs.sequenceAt(positionPointer);
    return sequence == log.markSequence ? 0 : sequence > log.markSequence ? 1 : -1;
  }

  static append(
    container: u32,
    replica: u32,
    sequence: u32,
    timestamp: u64,
    payloadPointer: u32,
    payloadLength: u32,
  ): void {
    const id = Entries.create(replica, sequence, timestamp, container, 0);
    Entries.setBlock(Entries.row(id), 0, 0, payloadPointer, payloadLength);
    const log = Containers.row(container);
    Members.append(log, container, id);
    log.size++;
  }

  /** Takes a truncation mark in; true when it is now the mark of the log, and `cut` is due. */
  static mark(container: u32, replica: u32, sequence: u32, timestamp: u64, positionPointer: u32): bool {
    const log = Containers.row(container);
    const comparison = Logs.compareWithMark(log, positionPointer);
    if (comparison < 0 || (comparison == 0 && !Logs.isLaterDot(log, replica, sequence))) return false;
    Containers.touch(log);
    if (log.mark == 0) {
      const id = Entries.create(replica, sequence, timestamp, container, FLAG_MARK);
      Entries.setBlock(Entries.row(id), positionPointer, POSITION_BYTES, 0, 0);
      log.mark = id + 1;
    } else {
      const row = Entries.row(log.mark - 1);
      Entries.replace(row, log.mark - 1, replica, sequence, timestamp);
      Journal.noteRange(Entries.keyPointer(row), POSITION_BYTES);
      memory.copy(Entries.keyPointer(row), positionPointer, POSITION_BYTES);
    }
    log.markTimestamp = Logs.timestampAt(positionPointer);
    log.markReplica = Logs.replicaAt(positionPointer);
    log.markSequence = Logs.sequenceAt(positionPointer);
    return true;
  }

  private static isLaterDot(log: ContainerRow, replica: u32, sequence: u32): bool {
    const row = Entries.row(log.mark - 1);
    if (<u32>row.replica == replica) return sequence > row.sequence;
    return Replicas.row(replica).id > Replicas.row(row.replica).id;
  }

  /** Drops the entries at or below the mark. */
  static cut(container: u32): void {
    const log = Containers.row(container);
    for (let position: u32 = 0; position < log.memberCount; position++) {
      const id = Members.at(log, position);
      const row: EntryRow = Entries.row(id);
      if (!Members.isLive(row, container, position)) continue;
      if (Logs.isCut(log, row.timestamp, Replicas.row(row.replica).id, row.sequence)) Entries.drop(id);
    }
  }
}
