// Growable columns of fixed-width rows: the capacity doubles, the old block is freed once the call is kept.
import { Heap } from "./heap";
import { Journal } from "./journal";

export abstract class Column {
  /** A larger copy of the `count` rows at `pointer`; the old block goes with the commit. */
  static grow(pointer: u32, capacity: u32, count: u32, newCapacity: u32, rowBytes: u32): u32 {
    Heap.checkBytes(<u64>newCapacity * rowBytes);
    const grown = Heap.allocate(newCapacity * rowBytes);
    memory.copy(grown, pointer, count * rowBytes);
    if (capacity != 0) Journal.release(pointer, capacity * rowBytes);
    return grown;
  }

  /** The capacity to grow to: double, at least `needed` and an eighth to spare, at least `smallest`. */
  @inline static nextCapacity(capacity: u32, needed: u32, smallest: u32): u32 {
    return max(max(capacity * 2, needed + (needed >> 3)), smallest);
  }

  static allocateZeroed(bytes: u32): u32 {
    const pointer = Heap.allocate(bytes);
    memory.fill(pointer, 0, bytes);
    return pointer;
  }
}
