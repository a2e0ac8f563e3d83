// The replicas a document knows: dense indices in order of appearance, found by id through an open-addressing index,
// listed in canonical order (ascending id) through a lazily kept permutation. The sequences are the version vector.
// Finding and adding are O(1); the order costs a sort after replicas were added.
import { Bytes } from "../memory/bytes";
import { Column } from "../memory/column";
import { Heap } from "../memory/heap";
import { Journal } from "../memory/journal";
import { Scratch } from "../memory/scratch";
import { Sort, SortItem } from "../memory/sort";
import { Document } from "../state/document";
import { ReplicaRow } from "../state/records";

const CAPACITY_MIN: u32 = 4;
const SLOTS_MIN: u32 = 8;
const NOT_FOUND: u32 = 0xffffffff;
const ROW_BYTES: u32 = <u32>offsetof<ReplicaRow>();

export abstract class Replicas {
  @inline static row(index: u32): ReplicaRow {
    return changetype<ReplicaRow>(Document.current.replicas + index * ROW_BYTES);
  }

  /** Notes the row before its first change in this call. */
  @inline static touch(row: ReplicaRow): void {
    if (row.stamp != Journal.serial) Replicas.note(row);
  }

  /** The dense index of `id`, or 0xffffffff. */
  static find(id: u64): u32 {
    const document = Document.current;
    if (document.replicaSlots == 0) return NOT_FOUND;
    let slot = Replicas.hash(id) & document.replicaSlotMask;
    while (true) {
      const stored = load<u32>(document.replicaSlots + (slot << 2));
      if (stored == 0) return NOT_FOUND;
      if (Replicas.row(stored - 1).id == id) return stored - 1;
      slot = (slot + 1) & document.replicaSlotMask;
    }
  }

  static findOrAdd(id: u64): u32 {
    const found = Replicas.find(id);
    return found != NOT_FOUND ? found : Replicas.add(id);
  }

  /** Dense indices by ascending id; every row's rank is set. */
  static order(): u32 {
    const document = Document.current;
    if (document.replicaOrderCount != document.replicaCount) Replicas.sortByIds(document.replicaCount);
    return document.replicaOrder;
  }

  @inline static at(orderPointer: u32, rank: u32): u32 {
    return load<u32>(orderPointer + (rank << 2));
  }

  private static note(row: ReplicaRow): void {
    Journal.noteRange(changetype<u32>(row), ROW_BYTES);
    row.stamp = Journal.serial;
  }

  private static add(id: u64): u32 {
    const document = Document.current;
    const index = document.replicaCount;
    if (index == document.replicaCapacity) {
      const capacity = Column.nextCapacity(document.replicaCapacity, index + 1, CAPACITY_MIN);
      document.replicas = Column.grow(
        document.replicas,
        document.replicaCapacity,
        index,
        capacity,
        ROW_BYTES,
      );
      document.replicaCapacity = capacity;
    }
    const row = Replicas.row(index);
    memory.fill(changetype<u32>(row), 0, ROW_BYTES);
    row.id = id;
    row.stamp = Journal.serial;
    document.replicaCount = index + 1;
    if ((index + 1) * 2 > document.replicaSlotMask) Replicas.growSlots();
    else Replicas.putSlot(id, index, true);
    return index;
  }

  private static hash(id: u64): u32 {
    return Bytes.fold(Bytes.mix(id ^ Document.current.hashSeed));
  }

  private static putSlot(id: u64, index: u32, isNoted: bool): void {
    const document = Document.current;
    let slot = Replicas.hash(id) & document.replicaSlotMask;
    while (load<u32>(document.replicaSlots + (slot << 2)) != 0) slot = (slot + 1) & document.replicaSlotMask;
    const pointer = document.replicaSlots + (slot << 2);
    if (isNoted) Journal.noteWord(pointer);
    store<u32>(pointer, index + 1);
  }

  private static growSlots(): void {
    const document = Document.current;
    const oldCount: u32 = document.replicaSlots == 0 ? 0 : document.replicaSlotMask + 1;
    const count = max(SLOTS_MIN, oldCount * 2);
    const slots = Column.allocateZeroed(count << 2);
    if (oldCount) Journal.release(document.replicaSlots, oldCount << 2);
    document.replicaSlots = slots;
    document.replicaSlotMask = count - 1;
    for (let index: u32 = 0; index < document.replicaCount; index++) {
      Replicas.putSlot(Replicas.row(index).id, index, false);
    }
  }

  private static sortByIds(count: u32): void {
    const document = Document.current;
    document.replicaOrderCount = 0;
    if (document.replicaOrderCapacity < count) {
      const capacity = Column.nextCapacity(document.replicaOrderCapacity, count, CAPACITY_MIN);
      const oldPointer = document.replicaOrder;
      const oldCapacity = document.replicaOrderCapacity;
      document.replicaOrderCapacity = 0;
      document.replicaOrder = Heap.allocateUnnoted(capacity << 2);
      document.replicaOrderCapacity = capacity;
      if (oldCapacity) Heap.release(oldPointer, oldCapacity << 2);
    }
    let items = Scratch.allocate(count * <u32>offsetof<SortItem>());
    for (let i: u32 = 0; i < count; i++) Sort.set(items, i, Replicas.row(i).id, 0, i);
    items = Sort.ascending(items, count);
    for (let rank: u32 = 0; rank < count; rank++) {
      const index = Sort.item(items, rank).value;
      store<u32>(document.replicaOrder + (rank << 2), index);
      Replicas.row(index).rank = rank;
    }
    document.replicaOrderCount = count;
  }
}
