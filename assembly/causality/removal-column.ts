// Per replica its removal records, ascending by sequence: which dots each mutation removed. Records at or below the
// floor are dropped from the front. Append O(1).

import { Column } from "../memory/column";
import { Heap } from "../memory/heap";
import { Journal } from "../memory/journal";
import { Document } from "../state/document";
import { REMOVAL_SHIFT, RemovalRow, ReplicaRow, TargetPair } from "../state/records";

const CAPACITY_MIN: u32 = 2;
const PAIR_BYTES: u32 = <u32>offsetof<TargetPair>();

export abstract class Removals {
  @inline static row(replica: ReplicaRow, position: u32): RemovalRow {
    return changetype<RemovalRow>(replica.removals + (position << REMOVAL_SHIFT));
  }

  /** A new record above all others of `replica`, which is touched already; its targets are not set. */
  static append(replica: ReplicaRow, sequence: u32, container: u32, targetCount: u32): RemovalRow {
    if (replica.removalCount == replica.removalCapacity) {
      const capacity = Column.nextCapacity(replica.removalCapacity, 1, CAPACITY_MIN);
      replica.removals = Column.grow(
        replica.removals,
        replica.removalCapacity,
        replica.removalCount,
        capacity,
        1 << REMOVAL_SHIFT,
      );
      replica.removalCapacity = capacity;
    }
    const row = Removals.row(replica, replica.removalCount);
    row.sequence = sequence;
    row.container = <u16>container;
    row.targetCount = targetCount;
    row.target = targetCount > 1 ? Heap.allocate(targetCount * PAIR_BYTES) : 0;
    replica.removalCount++;
    Document.current.removalCount++;
    return row;
  }

  @inline static setTarget(row: RemovalRow, position: u32, replica: u32, sequence: u32): void {
    if (row.targetCount == 1) {
      row.targetReplica = <u16>replica;
      row.target = sequence;
    } else {
      const pair = changetype<TargetPair>(row.target + position * PAIR_BYTES);
      pair.replica = replica;
      pair.sequence = sequence;
    }
  }

  @inline static targetReplica(row: RemovalRow, position: u32): u32 {
    if (row.targetCount == 1) return row.targetReplica;
    return changetype<TargetPair>(row.target + position * PAIR_BYTES).replica;
  }

  @inline static targetSequence(row: RemovalRow, position: u32): u32 {
    if (row.targetCount == 1) return row.target;
    return changetype<TargetPair>(row.target + position * PAIR_BYTES).sequence;
  }

  /** The position of the first record above `sequence`. */
  static firstAbove(replica: ReplicaRow, sequence: u32): u32 {
    let low: u32 = 0;
    let high = replica.removalCount;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Removals.row(replica, middle).sequence > sequence) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Drops the records up to `sequence` of a touched replica; gives how many there were. */
  static dropThrough(replica: ReplicaRow, sequence: u32): u32 {
    const dropped = Removals.firstAbove(replica, sequence);
    if (dropped == 0) return 0;
    for (let position: u32 = 0; position < dropped; position++) {
      const row = Removals.row(replica, position);
      if (row.targetCount > 1) Journal.release(row.target, row.targetCount * PAIR_BYTES);
    }
    const kept = replica.removalCount - dropped;
    const oldPointer = replica.removals;
    const oldCapacity = replica.removalCapacity;
    replica.removals = 0;
    replica.removalCapacity = 0;
    if (kept != 0) {
      replica.removalCapacity = max(CAPACITY_MIN, kept);
      replica.removals = Heap.allocate(replica.removalCapacity << REMOVAL_SHIFT);
      memory.copy(replica.removals, oldPointer + (dropped << REMOVAL_SHIFT), kept << REMOVAL_SHIFT);
    }
    Journal.release(oldPointer, oldCapacity << REMOVAL_SHIFT);
    replica.removalCount = kept;
    Document.current.removalCount -= dropped;
    return dropped;
  }
}
