// The undo journal: what a transaction overwrote, so that a refusal or a trap can put it back byte for byte. Fresh blocks
// and bytes behind the end of a column need no note beyond the allocation. Blocks given up are freed at commit, not before.
// One shared journal serves all calls; a document with an open transaction owns its own and lends it for each call.
//
// Records are read from their end, where the last word is `address | tag`:
//
//   WORD        | old u32 | address                      a word to restore
//   RANGE       | bytes … | length u32 | address         a stretch to restore, length a multiple of 4
//   ALLOCATION  | size u32 | address                     a block to free on undo
//   RELEASE     | previous u32 | size u32 | address      a block to free on commit; previous links these records
import { Bytes } from "./bytes";
import { Heap } from "./heap";

const TAG_MASK: u32 = 3;
const TAG_WORD: u32 = 0;
const TAG_RANGE: u32 = 1;
const TAG_ALLOCATION: u32 = 2;
const TAG_RELEASE: u32 = 3;
const WORD: u32 = 4;
const NONE: u32 = 0xffffffff;
const CAPACITY_BYTES_MIN: u32 = 65536;
/** A larger shared journal is given back after use. */
const CAPACITY_BYTES_KEPT: u32 = 4194304;

const PHASE_CLOSED: u32 = 0;
const PHASE_OPEN: u32 = 1;
const PHASE_COMMITTING: u32 = 2;

export abstract class Journal {
  static basePointer: u32 = 0;
  static capacityBytes: u32 = 0;
  static length: u32 = 0;
  static lastRelease: u32 = NONE;
  /** Where the running call began: a trap undoes to here. */
  static savepoint: u32 = 0;
  static savepointRelease: u32 = NONE;
  /** Names the running call; a row whose stamp equals it has its image in the journal already. */
  static serial: u32 = 0;
  static phase: u32 = PHASE_CLOSED;

  /** Opens a savepoint: later notes can be undone to here. */
  static open(): void {
    Journal.savepoint = Journal.length;
    Journal.savepointRelease = Journal.lastRelease;
    Journal.serial++;
    Journal.phase = PHASE_OPEN;
  }

  /** Ends the running call and keeps its notes: a transaction goes on. */
  static suspend(): void {
    Journal.phase = PHASE_CLOSED;
  }

  /** Keeps all changes and frees what they gave up. A trap in here is no undo: `recover` finishes it. */
  static commit(): void {
    Journal.phase = PHASE_COMMITTING;
    Journal.finishCommit();
  }

  static undo(): void {
    Journal.undoTo(Journal.savepoint);
    Journal.lastRelease = Journal.savepointRelease;
    Journal.phase = PHASE_CLOSED;
  }

  /** Undoes everything, down to where the transaction began. */
  static undoAll(): void {
    Journal.undoTo(0);
    Journal.lastRelease = NONE;
    Journal.phase = PHASE_CLOSED;
    Journal.trim();
  }

  static get isOpen(): bool {
    return Journal.phase == PHASE_OPEN;
  }

  static get isCommitting(): bool {
    return Journal.phase == PHASE_COMMITTING;
  }

  static finishCommit(): void {
    let offset = Journal.lastRelease;
    while (offset != NONE) {
      const endPointer = Journal.basePointer + offset;
      const address = load<u32>(endPointer - WORD) & ~TAG_MASK;
      Heap.release(address, load<u32>(endPointer - 2 * WORD));
      offset = load<u32>(endPointer - 3 * WORD);
      Journal.lastRelease = offset;
    }
    Journal.length = 0;
    Journal.trim();
    Journal.phase = PHASE_CLOSED;
  }

  /** Notes the word at `pointer` before it is overwritten. */
  @inline static noteWord(pointer: u32): void {
    const endPointer = Journal.reserve(2 * WORD);
    store<u32>(endPointer, load<u32>(pointer));
    store<u32>(endPointer + WORD, pointer | TAG_WORD);
    Journal.length += 2 * WORD;
  }

  /** Notes the 32 bytes at `pointer`, an entry record. */
  @inline static noteRecord(pointer: u32): void {
    const endPointer = Journal.reserve(40);
    if (ASC_FEATURE_SIMD) {
      v128.store(endPointer, v128.load(pointer));
      v128.store(endPointer + 16, v128.load(pointer + 16));
    } else {
      for (let offset: u32 = 0; offset < 32; offset += 8) {
        store<u64>(endPointer + offset, load<u64>(pointer + offset));
      }
    }
    store<u32>(endPointer + 32, 32);
    store<u32>(endPointer + 36, pointer | TAG_RANGE);
    Journal.length += 40;
  }

  /** Notes `length` bytes, widened to whole words. */
  static noteRange(pointer: u32, length: u32): void {
    const start = pointer & ~3;
    const bytes = ((pointer + length + 3) & ~3) - start;
    const endPointer = Journal.reserve(bytes + 2 * WORD);
    Bytes.copyWords(endPointer, start, bytes);
    store<u32>(endPointer + bytes, bytes);
    store<u32>(endPointer + bytes + WORD, start | TAG_RANGE);
    Journal.length += bytes + 2 * WORD;
  }

  static noteAllocation(pointer: u32, bytes: u32): void {
    if (Journal.phase != PHASE_OPEN) return;
    const endPointer = Journal.reserve(2 * WORD);
    store<u32>(endPointer, bytes);
    store<u32>(endPointer + WORD, pointer | TAG_ALLOCATION);
    Journal.length += 2 * WORD;
  }

  /** Frees a block once the changes are kept. */
  static release(pointer: u32, bytes: u32): void {
    if (Journal.phase != PHASE_OPEN) {
      Heap.release(pointer, bytes);
      return;
    }
    const endPointer = Journal.reserve(3 * WORD);
    store<u32>(endPointer, Journal.lastRelease);
    store<u32>(endPointer + WORD, bytes);
    store<u32>(endPointer + 2 * WORD, pointer | TAG_RELEASE);
    Journal.length += 3 * WORD;
    Journal.lastRelease = Journal.length;
  }

  @inline private static reserve(bytes: u32): u32 {
    if (Journal.capacityBytes - Journal.length < bytes) Journal.grow(bytes);
    return Journal.basePointer + Journal.length;
  }

  private static grow(bytes: u32): void {
    const wanted = max(max(CAPACITY_BYTES_MIN, Journal.capacityBytes * 2), Journal.length + bytes);
    const capacityBytes = (wanted + 65535) & ~65535;
    const basePointer = Heap.reserveRun(capacityBytes);
    Heap.takeRun(basePointer, capacityBytes);
    memory.copy(basePointer, Journal.basePointer, Journal.length);
    if (Journal.capacityBytes != 0) Heap.releasePages(Journal.basePointer, Journal.capacityBytes);
    Journal.basePointer = basePointer;
    Journal.capacityBytes = capacityBytes;
  }

  private static undoTo(offset: u32): void {
    while (Journal.length > offset) {
      const endPointer = Journal.basePointer + Journal.length;
      const tagged = load<u32>(endPointer - WORD);
      const address = tagged & ~TAG_MASK;
      const operand = load<u32>(endPointer - 2 * WORD);
      const tag = tagged & TAG_MASK;
      if (tag == TAG_WORD) {
        store<u32>(address, operand);
        Journal.length -= 2 * WORD;
      } else if (tag == TAG_RANGE) {
        memory.copy(address, endPointer - 2 * WORD - operand, operand);
        Journal.length -= operand + 2 * WORD;
      } else if (tag == TAG_ALLOCATION) {
        Heap.release(address, operand);
        Journal.length -= 2 * WORD;
      } else {
        Journal.length -= 3 * WORD;
      }
    }
  }

  private static trim(): void {
    if (Journal.capacityBytes > CAPACITY_BYTES_KEPT) Journal.releaseCapacity();
  }

  /** Gives back the pages of a journal that is empty. */
  static releaseCapacity(): void {
    if (Journal.capacityBytes == 0) return;
    Heap.releasePages(Journal.basePointer, Journal.capacityBytes);
    Journal.basePointer = Journal.capacityBytes = 0;
  }
}
