// The notice of visible changes a merge leaves behind when it was asked for. Lives in scratch memory.
//
//   notice     | count u32, then per change: container u16, present u8, 0 u8, keyLength u32, key
import { Bytes } from "../memory/bytes";
import { Scratch } from "../memory/scratch";

const COUNT_BYTES: u32 = 4;
const CHANGE_BYTES: u32 = 8;
const CAPACITY_MIN: u32 = 1024;

@unmanaged
class Change {
  container: u16;
  present: u16;
  keyLength: u32;
}

export abstract class Changes {
  static isWanted: bool = false;
  static pointer: u32 = 0;
  static length: u32 = 0;
  private static capacity: u32 = 0;

  static open(isWanted: bool): void {
    Changes.isWanted = isWanted;
    Changes.length = 0;
    if (!isWanted) return;
    Changes.capacity = CAPACITY_MIN;
    Changes.pointer = Scratch.allocate(CAPACITY_MIN);
    store<u32>(Changes.pointer, 0);
    Changes.length = COUNT_BYTES;
  }

  @inline static note(container: u32, isPresent: bool, keyPointer: u32, keyLength: u32): void {
    if (Changes.isWanted) Changes.append(container, isPresent, keyPointer, keyLength);
  }

  private static append(container: u32, isPresent: bool, keyPointer: u32, keyLength: u32): void {
    const bytes = CHANGE_BYTES + keyLength;
    if (Changes.capacity - Changes.length < bytes) Changes.grow(bytes);
    const pointer = Changes.pointer + Changes.length;
    const change = changetype<Change>(pointer);
    change.container = <u16>container;
    change.present = isPresent ? 1 : 0;
    change.keyLength = keyLength;
    Bytes.copy(pointer + CHANGE_BYTES, keyPointer, keyLength);
    Changes.length += bytes;
    store<u32>(Changes.pointer, load<u32>(Changes.pointer) + 1);
  }

  private static grow(bytes: u32): void {
    const capacity = max(Changes.capacity * 2, Changes.length + bytes);
    const pointer = Scratch.allocate(capacity);
    memory.copy(pointer, Changes.pointer, Changes.length);
    Changes.pointer = pointer;
    Changes.capacity = capacity;
  }
}
