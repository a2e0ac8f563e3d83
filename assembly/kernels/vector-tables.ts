// Vector tables by handle: rows of padded sequences, and beside them the vector to compare with and the room for results.
//
//   handle table  | address of a VectorTable u32, 0 = free       by handle
import { Heap } from "../memory/heap";
import { VectorCompare } from "./vector-compare";

const COLUMN_GROUP: u32 = 16;
const SLOT_SHIFT: u32 = 2;
const CAPACITY_MIN: u32 = 16;

@unmanaged
export class VectorTable {
  rows: u32;
  strideBytes: u32;
  cells: u32;
  cellBytes: u32;
  vector: u32;
  relations: u32;
}

export abstract class VectorTables {
  private static slots: u32 = 0;
  private static count: u32 = 0;
  private static capacity: u32 = 0;

  @inline static at(handle: u32): VectorTable {
    return changetype<VectorTable>(load<u32>(VectorTables.slots + (handle << SLOT_SHIFT)));
  }

  static create(rows: u32, columns: u32): u32 {
    const strideBytes = ((columns + COLUMN_GROUP - 1) & ~(COLUMN_GROUP - 1)) << 2;
    // The large block first: where memory is full, it is what traps, and nothing is lost.
    const cells = VectorTables.zeroed(rows * strideBytes);
    const pointer = Heap.allocate(offsetof<VectorTable>());
    const table = changetype<VectorTable>(pointer);
    table.rows = rows;
    table.strideBytes = strideBytes;
    table.cellBytes = rows * strideBytes;
    table.cells = cells;
    table.vector = VectorTables.zeroed(strideBytes);
    table.relations = VectorTables.zeroed(rows);
    const handle = VectorTables.freeHandle();
    store<u32>(VectorTables.slots + (handle << SLOT_SHIFT), pointer);
    return handle;
  }

  static close(handle: u32): void {
    const table = VectorTables.at(handle);
    Heap.release(table.cells, table.cellBytes);
    Heap.release(table.vector, table.strideBytes);
    Heap.release(table.relations, table.rows);
    Heap.release(changetype<u32>(table), offsetof<VectorTable>());
    store<u32>(VectorTables.slots + (handle << SLOT_SHIFT), 0);
  }

  static compare(handle: u32): void {
    const table = VectorTables.at(handle);
    VectorCompare.compareRows(table.cells, table.rows, table.strideBytes, table.vector, table.relations);
  }

  /** Leaves the minimum where the vector to compare with stands. */
  static minimum(handle: u32): void {
    const table = VectorTables.at(handle);
    VectorCompare.minimum(table.cells, table.rows, table.strideBytes, table.vector);
  }

  private static zeroed(bytes: u32): u32 {
    const pointer = Heap.allocate(bytes);
    memory.fill(pointer, 0, bytes);
    return pointer;
  }

  private static freeHandle(): u32 {
    for (let handle: u32 = 0; handle < VectorTables.count; handle++) {
      if (load<u32>(VectorTables.slots + (handle << SLOT_SHIFT)) == 0) return handle;
    }
    if (VectorTables.count == VectorTables.capacity) {
      const capacity = max(CAPACITY_MIN, VectorTables.capacity * 2);
      const slots = Heap.allocate(capacity << SLOT_SHIFT);
      memory.copy(slots, VectorTables.slots, VectorTables.count << SLOT_SHIFT);
      if (VectorTables.capacity) Heap.release(VectorTables.slots, VectorTables.capacity << SLOT_SHIFT);
      VectorTables.slots = slots;
      VectorTables.capacity = capacity;
    }
    return VectorTables.count++;
  }
}
