// The containers of a document: rows by index in order of appearance, and an order by (name bytes, type) in which they
// are found and written. Finding is O(log n), adding O(n) words; there are at most CONTAINERS_MAX.
import { Bytes } from "../memory/bytes";
import { Column } from "../memory/column";
import { Heap } from "../memory/heap";
import { Journal } from "../memory/journal";
import { Document } from "./document";
import { ContainerRow } from "./records";
import { Rules } from "./rules";

const CAPACITY_MIN: u32 = 4;
const NOT_FOUND: u32 = 0xffffffff;
const ROW_BYTES: u32 = <u32>offsetof<ContainerRow>();

export abstract class Containers {
  /** Where the last unsuccessful search would insert. */
  private static place: u32 = 0;

  @inline static row(index: u32): ContainerRow {
    return changetype<ContainerRow>(Document.current.containers + index * ROW_BYTES);
  }

  /** Notes the row before its first change in this call. */
  @inline static touch(row: ContainerRow): void {
    if (row.stamp != Journal.serial) Containers.note(row);
  }

  /** The index of the container, or 0xffffffff. */
  static find(type: u32, namePointer: u32, nameLength: u32): u32 {
    const order = Containers.order();
    let low: u32 = 0;
    let high = Document.current.containerCount;
    while (low < high) {
      const middle = (low + high) >> 1;
      const index = load<u32>(order + (middle << 2));
      const row = Containers.row(index);
      let difference = Bytes.compare(row.name, row.nameLength, namePointer, nameLength);
      if (difference == 0) difference = <i32>row.type - <i32>type;
      if (difference == 0) return index;
      if (difference < 0) low = middle + 1;
      else high = middle;
    }
    Containers.place = low;
    return NOT_FOUND;
  }

  static findOrAdd(type: u32, namePointer: u32, nameLength: u32): u32 {
    const found = Containers.find(type, namePointer, nameLength);
    if (found != NOT_FOUND) return found;
    const place = Containers.place;
    const index = Containers.append(type, namePointer, nameLength);
    Containers.insertOrdered(place, index);
    return index;
  }

  /** Container indices by (name bytes, type). */
  static order(): u32 {
    const document = Document.current;
    if (document.containerOrderCount != document.containerCount) {
      document.containerOrderCount = 0;
      const count = document.containerCount;
      for (let index: u32 = 0; index < count; index++) {
        Containers.insertOrdered(Containers.placeAmong(index), index);
      }
    }
    return document.containerOrder;
  }

  /** The position in the order of the first `index` containers where container `index` belongs. */
  private static placeAmong(index: u32): u32 {
    const row = Containers.row(index);
    let low: u32 = 0;
    let high = index;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = Containers.row(load<u32>(Document.current.containerOrder + (middle << 2)));
      const difference = Bytes.compare(other.name, other.nameLength, row.name, row.nameLength);
      if (difference < 0 || (difference == 0 && row.type > other.type)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private static note(row: ContainerRow): void {
    Journal.noteRange(changetype<u32>(row), ROW_BYTES);
    row.stamp = Journal.serial;
  }

  private static append(type: u32, namePointer: u32, nameLength: u32): u32 {
    const document = Document.current;
    const index = document.containerCount;
    if (index == document.containerCapacity) {
      const capacity = Column.nextCapacity(document.containerCapacity, index + 1, CAPACITY_MIN);
      document.containers = Column.grow(
        document.containers,
        document.containerCapacity,
        index,
        capacity,
        ROW_BYTES,
      );
      document.containerCapacity = capacity;
    }
    const row = Containers.row(index);
    memory.fill(changetype<u32>(row), 0, ROW_BYTES);
    row.name = Heap.allocate(nameLength);
    memory.copy(row.name, namePointer, nameLength);
    row.nameLength = nameLength;
    row.type = type;
    row.rule = Rules.ofType(type);
    row.stamp = Journal.serial;
    document.containerCount = index + 1;
    return index;
  }

  private static insertOrdered(place: u32, index: u32): void {
    const document = Document.current;
    const count = document.containerOrderCount;
    if (count == document.containerOrderCapacity) {
      const oldPointer = document.containerOrder;
      const oldCapacity = document.containerOrderCapacity;
      const capacity = Column.nextCapacity(oldCapacity, count + 1, CAPACITY_MIN);
      const grown = Heap.allocateUnnoted(capacity << 2);
      memory.copy(grown, oldPointer, count << 2);
      document.containerOrder = grown;
      document.containerOrderCapacity = capacity;
      if (oldCapacity) Heap.release(oldPointer, oldCapacity << 2);
    }
    const pointer = document.containerOrder + (place << 2);
    document.containerOrderCount = 0; // not valid until the insertion is whole
    memory.copy(pointer + 4, pointer, (count - place) << 2);
    store<u32>(pointer, index);
    document.containerOrderCount = count + 1;
  }
}
