// The index over keys of all containers but counters and logs of a document: open addressing with linear probing, at most
// 70 % full, deletion by backward shift. The hash is seeded by the caller, so that nobody outside can aim collisions.
//
//   slot       | hash u32 | entry id + 1 u32, 0 = free     the id is the first of its chain
import { Bytes } from "../memory/bytes";
import { Column } from "../memory/column";
import { Journal } from "../memory/journal";
import { Document } from "./document";
import { Entries } from "./entries";
import { BlockRow, CONTAINER_MASK, EntryRow, FLAG_LINKED } from "./records";

const SLOT_SHIFT: u32 = 3;
const SLOTS_MIN: u32 = 16;
const FILL_TENTHS_MAX: u32 = 7;
const CONTAINER_MULTIPLIER: u64 = 0xa0761d6478bd642f;

@unmanaged
class KeySlot {
  hash: u32;
  entry: u32;
}

export abstract class Keys {
  /** The slot the last search ended at. */
  static slotPointer: u32 = 0;

  @inline static hash(container: u32, keyPointer: u32, keyLength: u32): u32 {
    const seed = Document.current.hashSeed ^ (<u64>container * CONTAINER_MULTIPLIER);
    return Bytes.hash(seed, keyPointer, keyLength);
  }

  /** The hash of a key that each replica has its own entry under. */
  static hashOwn(container: u32, replica: u32, keyPointer: u32, keyLength: u32): u32 {
    const word = ((<u64>replica) << 32) | Keys.hash(container, keyPointer, keyLength);
    return Bytes.fold(Bytes.mix(word ^ Document.current.hashSeed));
  }

  /** The address of the slot where a search begins, or `otherwise`. */
  @inline static firstSlot(hash: u32, otherwise: u32): u32 {
    const document = Document.current;
    return document.keySlots == 0
      ? otherwise
      : document.keySlots + ((hash & document.keySlotMask) << SLOT_SHIFT);
  }

  /** Id + 1 of the first entry with this hash from a slot on, or 0. Not yet known to be of the same key. */
  @inline static linkFrom(slotPointer: u32, hash: u32): u32 {
    const document = Document.current;
    const end = document.keySlots + ((document.keySlotMask + 1) << SLOT_SHIFT);
    while (slotPointer < end) {
      const slot = changetype<KeySlot>(slotPointer);
      if (slot.hash == hash || slot.entry == 0) return slot.entry;
      slotPointer += 1 << SLOT_SHIFT;
    }
    return 0;
  }

  /** Id + 1 of the (first) entry under the key, or 0; `slotPointer` is its slot, or the free one it belongs into. */
  static find(hash: u32, container: u32, keyPointer: u32, keyLength: u32): u32 {
    const document = Document.current;
    if (document.keySlots == 0) return 0;
    const mask = document.keySlotMask;
    const slots = document.keySlots;
    let position = hash & mask;
    while (true) {
      const slot = changetype<KeySlot>(slots + (position << SLOT_SHIFT));
      if (
        slot.entry == 0 ||
        (slot.hash == hash && Keys.matches(slot.entry - 1, container, keyPointer, keyLength))
      ) {
        Keys.slotPointer = changetype<u32>(slot);
        return slot.entry;
      }
      position = (position + 1) & mask;
    }
  }

  /** The same for the one entry a replica has under the key. */
  static findOwn(hash: u32, container: u32, replica: u32, keyPointer: u32, keyLength: u32): u32 {
    const document = Document.current;
    if (document.keySlots == 0) return 0;
    let position = hash & document.keySlotMask;
    while (true) {
      const slot = changetype<KeySlot>(document.keySlots + (position << SLOT_SHIFT));
      const isFound =
        slot.entry == 0 ||
        (slot.hash == hash &&
          Keys.matches(slot.entry - 1, container, keyPointer, keyLength) &&
          <u32>Entries.row(slot.entry - 1).replica == replica);
      if (isFound) {
        Keys.slotPointer = changetype<u32>(slot);
        return slot.entry;
      }
      position = (position + 1) & document.keySlotMask;
    }
  }

  /** Makes room for `count` more keys; do so before the search whose slot is filled. */
  @inline static reserve(count: u32): void {
    const document = Document.current;
    const capacity: u32 = document.keySlots == 0 ? 0 : document.keySlotMask + 1;
    if (<u64>(document.keyCount + count) * 10 > <u64>capacity * FILL_TENTHS_MAX) Keys.grow(count);
  }

  /** Fills the free slot the last search ended at. */
  static insert(hash: u32, entry: u32): void {
    const slot = changetype<KeySlot>(Keys.slotPointer);
    Journal.noteWord(changetype<u32>(slot));
    Journal.noteWord(changetype<u32>(slot) + <u32>offsetof<KeySlot>("entry"));
    slot.hash = hash;
    slot.entry = entry + 1;
    Document.current.keyCount++;
  }

  /** Links another entry of the same key, whose record is fresh or noted, behind the first one. */
  static link(first: u32, entry: u32): void {
    const row = Entries.row(first);
    const linked = Entries.row(entry);
    Journal.noteRecord(changetype<u32>(row));
    linked.place = <u16>(<u32>linked.place | FLAG_LINKED);
    linked.hash = first + 1;
    linked.next = row.next;
    if (row.next != 0) Keys.setPrevious(row.next - 1, entry);
    row.next = entry + 1;
  }

  /** Takes `entry` out of the chain of its key; true when the key has no entry left. */
  static remove(entry: u32): bool {
    const row = Entries.row(entry);
    if (Entries.isLinked(row)) {
      const previous = Entries.row(row.hash - 1);
      Journal.noteWord(changetype<u32>(previous) + <u32>offsetof<EntryRow>("next"));
      previous.next = row.next;
      if (row.next != 0) Keys.setPrevious(row.next - 1, row.hash - 1);
      return false;
    }
    const slot = Keys.slotOf(entry, row.hash);
    if (row.next == 0) {
      Keys.clear(changetype<u32>(slot));
      return true;
    }
    const heir = Entries.row(row.next - 1);
    Journal.noteRecord(changetype<u32>(heir));
    heir.place = <u16>(<u32>heir.place & ~FLAG_LINKED);
    heir.hash = row.hash;
    Journal.noteWord(changetype<u32>(slot) + <u32>offsetof<KeySlot>("entry"));
    slot.entry = row.next;
    return false;
  }

  @inline private static setPrevious(entry: u32, previous: u32): void {
    const row = Entries.row(entry);
    Journal.noteWord(changetype<u32>(row) + <u32>offsetof<EntryRow>("hash"));
    row.hash = previous + 1;
  }

  /** The slot that holds `entry`, the first of its key. */
  private static slotOf(entry: u32, hash: u32): KeySlot {
    const document = Document.current;
    let position = hash & document.keySlotMask;
    while (true) {
      const slot = changetype<KeySlot>(document.keySlots + (position << SLOT_SHIFT));
      if (slot.entry == entry + 1) return slot;
      position = (position + 1) & document.keySlotMask;
    }
  }

  /** Frees a slot and moves those behind it up, so that no search meets a hole. */
  private static clear(slotPointer: u32): void {
    const document = Document.current;
    const mask = document.keySlotMask;
    const slots = document.keySlots;
    let hole = (slotPointer - slots) >> SLOT_SHIFT;
    let position = hole;
    while (true) {
      position = (position + 1) & mask;
      const slot = changetype<KeySlot>(slots + (position << SLOT_SHIFT));
      if (slot.entry == 0) break;
      const home = slot.hash & mask;
      if (((position - home) & mask) < ((position - hole) & mask)) continue;
      Keys.overwrite(slots + (hole << SLOT_SHIFT), slot.hash, slot.entry);
      hole = position;
    }
    Keys.overwrite(slots + (hole << SLOT_SHIFT), 0, 0);
    document.keyCount--;
  }

  private static overwrite(slotPointer: u32, hash: u32, entry: u32): void {
    const slot = changetype<KeySlot>(slotPointer);
    Journal.noteWord(slotPointer);
    Journal.noteWord(slotPointer + <u32>offsetof<KeySlot>("entry"));
    slot.hash = hash;
    slot.entry = entry;
  }

  @inline private static matches(entry: u32, container: u32, keyPointer: u32, keyLength: u32): bool {
    const row = Entries.row(entry);
    if ((<u32>row.place & CONTAINER_MASK) != container) return false;
    const block = changetype<BlockRow>(row.block);
    return block.keyLength == keyLength && Bytes.equal(Entries.keyPointer(row), keyPointer, keyLength);
  }

  private static grow(count: u32): void {
    const document = Document.current;
    const oldCapacity: u32 = document.keySlots == 0 ? 0 : document.keySlotMask + 1;
    const oldSlots = document.keySlots;
    let capacity = max(SLOTS_MIN, oldCapacity);
    while (<u64>(document.keyCount + count) * 10 > <u64>capacity * FILL_TENTHS_MAX) capacity *= 2;
    const slots = Column.allocateZeroed(capacity << SLOT_SHIFT);
    const mask = capacity - 1;
    for (let position: u32 = 0; position < oldCapacity; position++) {
      const word = load<u64>(oldSlots + (position << SLOT_SHIFT));
      if (word == 0) continue;
      let to = <u32>word & mask;
      while (load<u64>(slots + (to << SLOT_SHIFT)) != 0) to = (to + 1) & mask;
      store<u64>(slots + (to << SLOT_SHIFT), word);
    }
    if (oldCapacity) Journal.release(oldSlots, oldCapacity << SLOT_SHIFT);
    document.keySlots = slots;
    document.keySlotMask = mask;
  }
}
