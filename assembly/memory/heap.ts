// The allocator of linear memory. Blocks up to 32 KiB come in size classes with free lists (multiples of 16 bytes up to
// 512, powers of two above), carved from chunks; larger blocks are runs of whole pages, found first-fit in a byte map,
// so that freed neighbours join by themselves. Callers remember sizes. Every step is safe to be cut short by a trap:
// at worst the rest of one chunk is lost. Allocation is O(1), of page runs O(pages). Memory never shrinks.
//
//   heap base  | page map: one byte a page, 1 = taken      65,536 bytes
//              | free list heads: u32 a size class          CLASSES × 4
//   page bound | pages handed out as chunks and runs
//   last page  | never handed out, so that reading 8 bytes at the end of a block cannot leave memory
//
// A free block holds the address of the next free block of its class in its first word.
import { Journal } from "./journal";

const PAGE_BYTES: u32 = 65536;
const PAGE_SHIFT: u32 = 16;
const PAGES_MAX: u32 = 65536;
const GRAIN_SHIFT: u32 = 4;
const GRAINED_BYTES_MAX: u32 = 512;
const GRAINED_CLASSES: u32 = 32;
const SMALL_BYTES_MAX: u32 = 32768;
const CLASSES: u32 = 39;
const CHUNK_PAGES: u32 = 2;
/** No block is larger: it would not fit beside the first and the last page. */
const BYTES_MAX: u64 = (<u64>PAGES_MAX - 2) * PAGE_BYTES;
/** Growing in small steps detaches views and starts collections: 16 MiB or half of what there is. */
const GROW_PAGES_MIN: u32 = 256;

const pageMapPointer: u32 = (<u32>__heap_base + 15) & ~15;
const headsPointer: u32 = pageMapPointer + PAGES_MAX;
const firstPage: u32 = (headsPointer + (CLASSES << 2) + PAGE_BYTES - 1) >> PAGE_SHIFT;

export abstract class Heap {
  private static bumpPointer: u32 = 0;
  private static bumpLimit: u32 = 0;
  /** No free page lies below this one. */
  private static lowestFreePage: u32 = firstPage;

  /** Refuses sizes that no longer fit into a u32 when rounded up to pages. */
  @inline static checkBytes(bytes: u64): void {
    if (bytes > BYTES_MAX) abort("linear memory is full");
  }

  /** The bytes really taken by a block of `bytes`. */
  static roundUp(bytes: u32): u32 {
    if (bytes <= GRAINED_BYTES_MAX) return bytes == 0 ? 16 : (bytes + 15) & ~15;
    if (bytes <= SMALL_BYTES_MAX) return (<u32>1) << (32 - clz(bytes - 1));
    return (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
  }

  /** A block of at least `bytes`, 16-aligned, of unknown content. Noted in the open journal, if there is one. */
  static allocate(bytes: u32): u32 {
    if (bytes > SMALL_BYTES_MAX) return Heap.allocatePages(bytes, true);
    return Heap.allocateSmall(bytes, true);
  }

  /** A block no journal frees: for what is derived and survives an undo. */
  static allocateUnnoted(bytes: u32): u32 {
    if (bytes > SMALL_BYTES_MAX) return Heap.allocatePages(bytes, false);
    return Heap.allocateSmall(bytes, false);
  }

  @inline private static allocateSmall(bytes: u32, isNoted: bool): u32 {
    const headPointer = Heap.headPointer(bytes);
    const pointer = load<u32>(headPointer);
    if (pointer == 0) return Heap.carve(Heap.roundUp(bytes), isNoted);
    if (isNoted) Journal.noteAllocation(pointer, bytes);
    store<u32>(headPointer, load<u32>(pointer));
    return pointer;
  }

  /** Gives a block back at once. A journal calls this at commit; others use `Journal.release`. */
  static release(pointer: u32, bytes: u32): void {
    if (bytes > SMALL_BYTES_MAX) {
      Heap.releasePages(pointer, bytes);
      return;
    }
    const headPointer = Heap.headPointer(bytes);
    const head = load<u32>(headPointer);
    if (head == pointer) return; // an allocation cut short by a trap before the head moved on
    store<u32>(pointer, head);
    store<u32>(headPointer, pointer);
  }

  /** A run of pages that no journal knows. */
  static reserveRun(bytes: u32): u32 {
    Heap.checkBytes(bytes);
    const count = (bytes + PAGE_BYTES - 1) >> PAGE_SHIFT;
    const page = Heap.findRun(count);
    return page << PAGE_SHIFT;
  }

  /** Marks the run as taken; repeating it does no harm. */
  static takeRun(pointer: u32, bytes: u32): void {
    memory.fill(pageMapPointer + (pointer >> PAGE_SHIFT), 1, (bytes + PAGE_BYTES - 1) >> PAGE_SHIFT);
  }

  static releasePages(pointer: u32, bytes: u32): void {
    const page = pointer >> PAGE_SHIFT;
    memory.fill(pageMapPointer + page, 0, (bytes + PAGE_BYTES - 1) >> PAGE_SHIFT);
    if (page < Heap.lowestFreePage) Heap.lowestFreePage = page;
  }

  /** Bytes not handed out as chunks or runs; for tests of reuse. */
  static freePages(): u32 {
    let free: u32 = 0;
    const end = <u32>memory.size() - 1;
    for (let page = firstPage; page < end; page++) {
      if (load<u8>(pageMapPointer + page) == 0) free++;
    }
    return free;
  }

  @inline private static headPointer(bytes: u32): u32 {
    const sizeClass =
      bytes <= GRAINED_BYTES_MAX ? (bytes + 15) >> GRAIN_SHIFT : GRAINED_CLASSES + 23 - clz(bytes - 1);
    return headsPointer + (max<u32>(sizeClass, 1) << 2);
  }

  private static carve(bytes: u32, isNoted: bool): u32 {
    if (Heap.bumpLimit - Heap.bumpPointer < bytes) Heap.openChunk();
    const pointer = Heap.bumpPointer;
    if (isNoted) Journal.noteAllocation(pointer, bytes);
    Heap.bumpPointer = pointer + bytes;
    return pointer;
  }

  /** Hands the rest of the chunk to the free lists and starts a new one. */
  private static openChunk(): void {
    let rest = Heap.bumpPointer;
    const limit = Heap.bumpLimit;
    Heap.bumpPointer = Heap.bumpLimit = 0;
    while (rest < limit) {
      const left = limit - rest;
      const piece = left > GRAINED_BYTES_MAX ? (<u32>1) << (31 - clz(left)) : left;
      Heap.release(rest, min<u32>(piece, SMALL_BYTES_MAX));
      rest += min<u32>(piece, SMALL_BYTES_MAX);
    }
    const page = Heap.findRun(CHUNK_PAGES);
    memory.fill(pageMapPointer + page, 1, CHUNK_PAGES);
    Heap.bumpPointer = page << PAGE_SHIFT;
    Heap.bumpLimit = (page + CHUNK_PAGES) << PAGE_SHIFT;
  }

  private static allocatePages(bytes: u32, isNoted: bool): u32 {
    const pointer = Heap.reserveRun(bytes);
    if (isNoted) Journal.noteAllocation(pointer, bytes);
    Heap.takeRun(pointer, bytes);
    return pointer;
  }

  private static findRun(count: u32): u32 {
    let end = <u32>memory.size() - 1;
    let page = Heap.lowestFreePage;
    while (page < end && load<u8>(pageMapPointer + page) != 0) page++;
    Heap.lowestFreePage = page;
    let start = page;
    while (true) {
      if (page - start == count) return start;
      if (page == end) {
        Heap.grow(count - (page - start));
        end = <u32>memory.size() - 1;
      } else {
        if (load<u8>(pageMapPointer + page) != 0) start = page + 1;
        page++;
      }
    }
  }

  private static grow(pages: u32): void {
    const size = <u32>memory.size();
    if (pages > PAGES_MAX - size) abort("linear memory is full");
    const wanted = max(pages, max(GROW_PAGES_MIN, size >> 1));
    if (memory.grow(min(wanted, PAGES_MAX - size)) >= 0) return;
    if (memory.grow(pages) < 0) abort("linear memory is full");
  }
}

memory.fill(pageMapPointer, 1, firstPage);
