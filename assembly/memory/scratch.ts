// Memory that lives until the next call from the host: decoded columns, gathered ids, encoded results, the bytes the host
// hands in. One run of pages is kept; larger ones come and go. Slots are written before pages are marked, so that a trap
// in between loses nothing.
//
//   slot table | per run: address u32, bytes u32          SLOTS_MAX × 8
import { Heap } from "./heap";

const SLOTS_MAX: u32 = 24;
const KEPT_BYTES: u32 = 262144;
const slotTablePointer: u32 = <u32>memory.data(24 * 8, 8);

export abstract class Scratch {
  private static slots: u32 = 0;
  private static nextPointer: u32 = 0;
  private static limitPointer: u32 = 0;
  /** The window the host writes into, its room, and whether it is a run of its own. */
  private static inputPointer: u32 = 0;
  private static inputBytes: u32 = 0;
  /** Where `rewind` goes back to. */
  private static markedSlots: u32 = 0;
  private static markedPointer: u32 = 0;

  /** Forgets all blocks but the input window. Call once at the start of each call that uses scratch. */
  static reset(): void {
    Scratch.releaseRuns(1);
    if (Scratch.slots == 0) Scratch.addRun(KEPT_BYTES);
    Scratch.nextPointer = load<u32>(slotTablePointer);
    Scratch.limitPointer = Scratch.nextPointer + load<u32>(slotTablePointer + 4);
  }

  static mark(): void {
    Scratch.markedSlots = Scratch.slots;
    Scratch.markedPointer = Scratch.nextPointer;
  }

  /** Forgets what was allocated since the mark: a batch needs no more than its hungriest operation. */
  @inline static rewind(): void {
    if (Scratch.nextPointer != Scratch.markedPointer) Scratch.rewindFar();
  }

  private static rewindFar(): void {
    Scratch.releaseRuns(Scratch.markedSlots);
    const slotPointer = slotTablePointer + ((Scratch.slots - 1) << 3);
    Scratch.nextPointer = Scratch.markedPointer;
    Scratch.limitPointer = load<u32>(slotPointer) + load<u32>(slotPointer + 4);
  }

  private static releaseRuns(kept: u32): void {
    while (Scratch.slots > kept) {
      const slotPointer = slotTablePointer + ((Scratch.slots - 1) << 3);
      Heap.releasePages(load<u32>(slotPointer), load<u32>(slotPointer + 4));
      Scratch.slots--;
    }
  }

  /** A block, 16-aligned, of unknown content, with 16 bytes to spare behind it. */
  static allocate(bytes: u32): u32 {
    const needed = ((bytes + 15) & ~15) + 16;
    if (Scratch.limitPointer - Scratch.nextPointer < needed) Scratch.addRun(needed);
    const pointer = Scratch.nextPointer;
    Scratch.nextPointer = pointer + needed;
    return pointer;
  }

  static allocateZeroed(bytes: u32): u32 {
    const pointer = Scratch.allocate(bytes);
    memory.fill(pointer, 0, bytes);
    return pointer;
  }

  /** Room for `bytes` the host writes before its next call. */
  static reserveInput(bytes: u32): u32 {
    const needed = max<u32>(bytes + 16, 65536);
    const isOversized = Scratch.inputBytes > KEPT_BYTES && needed <= KEPT_BYTES;
    if (needed > Scratch.inputBytes || isOversized) {
      if (Scratch.inputBytes != 0) {
        const oldBytes = Scratch.inputBytes;
        Scratch.inputBytes = 0;
        Heap.releasePages(Scratch.inputPointer, oldBytes);
      }
      const rounded = (needed + 65535) & ~65535;
      Scratch.inputPointer = Heap.reserveRun(rounded);
      Scratch.inputBytes = rounded;
      Heap.takeRun(Scratch.inputPointer, rounded);
    }
    return Scratch.inputPointer;
  }

  static inputCapacity(): u32 {
    return Scratch.inputBytes - 16;
  }

  private static addRun(bytes: u32): void {
    if (Scratch.slots == SLOTS_MAX) abort("scratch runs are used up");
    const previousBytes =
      Scratch.slots == 0 ? 0 : load<u32>(slotTablePointer + ((Scratch.slots - 1) << 3) + 4);
    Heap.checkBytes(bytes);
    const doubled = min<u32>(previousBytes * 2, 67108864);
    const rounded = (max(max(bytes, doubled), KEPT_BYTES) + 65535) & ~65535;
    const pointer = Heap.reserveRun(rounded);
    const slotPointer = slotTablePointer + (Scratch.slots << 3);
    store<u32>(slotPointer, pointer);
    store<u32>(slotPointer + 4, rounded);
    Scratch.slots++;
    Heap.takeRun(pointer, rounded);
    Scratch.nextPointer = pointer;
    Scratch.limitPointer = pointer + rounded;
  }
}
