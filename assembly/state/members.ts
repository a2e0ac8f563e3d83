// Which entries a container has. Counters: a cell a replica, holding the entry with its running sums. All others: the ids
// of their entries, appended; a position is stale when its entry says it stands elsewhere. Stale ones go when a full
// column is rebuilt.
//
//   cell       | entry id + 1 u32, 0 = none                by dense replica
//   member     | entry id u32

import { Column } from "../memory/column";
import { Heap } from "../memory/heap";
import { Journal } from "../memory/journal";
import { Document } from "./document";
import { Entries } from "./entries";
import { ContainerRow, EntryRow, NO_REPLICA } from "./records";

const CAPACITY_MIN: u32 = 4;
const CELL_SHIFT: u32 = 2;

export abstract class Members {
  /** Adds an entry to its touched container. */
  static append(containerRow: ContainerRow, container: u32, id: u32): void {
    if (containerRow.memberCount == containerRow.memberCapacity) Members.makeRoom(containerRow, container);
    store<u32>(containerRow.members + (containerRow.memberCount << CELL_SHIFT), id);
    Entries.row(id).member = containerRow.memberCount;
    containerRow.memberCount++;
  }

  @inline static at(containerRow: ContainerRow, position: u32): u32 {
    return load<u32>(containerRow.members + (position << CELL_SHIFT));
  }

  /** Whether the entry at `position` is a live one of the container. */
  @inline static isLive(row: EntryRow, container: u32, position: u32): bool {
    return row.member == position && Entries.containerOf(row) == container && <u32>row.replica != NO_REPLICA;
  }

  /** Id + 1 of the entry a replica has in a counter, or 0. */
  @inline static cell(containerRow: ContainerRow, replica: u32): u32 {
    return replica < containerRow.memberCapacity
      ? load<u32>(containerRow.members + (replica << CELL_SHIFT))
      : 0;
  }

  /** The address of that cell, or `otherwise`. */
  @inline static cellAddress(containerRow: ContainerRow, replica: u32, otherwise: u32): u32 {
    return replica < containerRow.memberCapacity ? containerRow.members + (replica << CELL_SHIFT) : otherwise;
  }

  static setCell(containerRow: ContainerRow, replica: u32, id: u32): void {
    if (replica >= containerRow.memberCapacity) Members.growCells(containerRow, replica + 1);
    const pointer = containerRow.members + (replica << CELL_SHIFT);
    Journal.noteWord(pointer);
    store<u32>(pointer, id + 1);
  }

  static clearCell(containerRow: ContainerRow, replica: u32): void {
    const pointer = containerRow.members + (replica << CELL_SHIFT);
    Journal.noteWord(pointer);
    store<u32>(pointer, 0);
  }

  private static growCells(containerRow: ContainerRow, needed: u32): void {
    const oldCapacity = containerRow.memberCapacity;
    const capacity = Column.nextCapacity(
      oldCapacity,
      max(needed, Document.current.replicaCount),
      CAPACITY_MIN,
    );
    containerRow.members = Column.grow(
      containerRow.members,
      oldCapacity,
      oldCapacity,
      capacity,
      1 << CELL_SHIFT,
    );
    memory.fill(
      containerRow.members + (oldCapacity << CELL_SHIFT),
      0,
      (capacity - oldCapacity) << CELL_SHIFT,
    );
    containerRow.memberCapacity = capacity;
  }

  private static makeRoom(containerRow: ContainerRow, container: u32): void {
    const oldCapacity = containerRow.memberCapacity;
    const count = containerRow.memberCount;
    // The entry being added is counted already.
    if ((containerRow.entries - 1) * 2 > count || count == 0) {
      const capacity = Column.nextCapacity(oldCapacity, 1, CAPACITY_MIN);
      containerRow.members = Column.grow(containerRow.members, oldCapacity, count, capacity, 1 << CELL_SHIFT);
      containerRow.memberCapacity = capacity;
      return;
    }
    const capacity = max(CAPACITY_MIN, containerRow.entries * 2);
    const rebuilt = Heap.allocate(capacity << CELL_SHIFT);
    let kept: u32 = 0;
    for (let position: u32 = 0; position < count; position++) {
      const id = Members.at(containerRow, position);
      const row = Entries.row(id);
      if (!Members.isLive(row, container, position)) continue;
      store<u32>(rebuilt + (kept << CELL_SHIFT), id);
      Journal.noteWord(changetype<u32>(row) + <u32>offsetof<EntryRow>("member"));
      row.member = kept++;
    }
    Journal.release(containerRow.members, oldCapacity << CELL_SHIFT);
    containerRow.members = rebuilt;
    containerRow.memberCapacity = capacity;
    containerRow.memberCount = kept;
    containerRow.revision++;
  }
}
