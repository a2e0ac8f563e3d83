// Copying, clearing, comparing and hashing byte strings eight bytes at a time. `memory.copy` and `memory.fill` are calls
// of their own, so short pieces run inline. Hashing may read up to 7 bytes behind the end, which the heap and the input window allow.

const COPY_INLINE_BYTES_MAX: u32 = 64;
const CLEAR_INLINE_BYTES_MAX: u32 = 64;
const WORDS_INLINE_BYTES_MAX: u32 = 512;
const MULTIPLIER: u64 = 0x9e3779b97f4a7c15;
const FINALIZER: u64 = 0xd6e8feb86659fd93;

export abstract class Bytes {
  static copy(toPointer: u32, fromPointer: u32, length: u32): void {
    if (length > COPY_INLINE_BYTES_MAX) {
      memory.copy(toPointer, fromPointer, length);
    } else if (length >= 8) {
      const lastWord = load<u64>(fromPointer + length - 8);
      const lastPointer = toPointer + length - 8;
      while (toPointer < lastPointer) {
        store<u64>(toPointer, load<u64>(fromPointer));
        toPointer += 8;
        fromPointer += 8;
      }
      store<u64>(lastPointer, lastWord);
    } else if (length >= 4) {
      const lastWord = load<u32>(fromPointer + length - 4);
      store<u32>(toPointer, load<u32>(fromPointer));
      store<u32>(toPointer + length - 4, lastWord);
    } else if (length != 0) {
      const middle = length >> 1;
      const last = load<u8>(fromPointer + length - 1);
      store<u8>(toPointer + middle, load<u8>(fromPointer + middle));
      store<u8>(toPointer, load<u8>(fromPointer));
      store<u8>(toPointer + length - 1, last);
    }
  }

  /** Copies a stretch of whole u32 words to where it does not overlap. */
  static copyWords(toPointer: u32, fromPointer: u32, bytes: u32): void {
    if (bytes > WORDS_INLINE_BYTES_MAX) {
      memory.copy(toPointer, fromPointer, bytes);
      return;
    }
    const end = fromPointer + bytes;
    while (fromPointer + 16 <= end) {
      v128.store(toPointer, v128.load(fromPointer));
      toPointer += 16;
      fromPointer += 16;
    }
    while (fromPointer < end) {
      store<u32>(toPointer, load<u32>(fromPointer));
      toPointer += 4;
      fromPointer += 4;
    }
  }

  /** Zeroes a stretch of whole u32 words. */
  static clearWords(pointer: u32, bytes: u32): void {
    if (bytes > CLEAR_INLINE_BYTES_MAX) {
      memory.fill(pointer, 0, bytes);
      return;
    }
    const end = pointer + bytes;
    while (pointer + 8 <= end) {
      store<u64>(pointer, 0);
      pointer += 8;
    }
    if (pointer < end) store<u32>(pointer, 0);
  }

  static equal(aPointer: u32, bPointer: u32, length: u32): bool {
    const aEnd = aPointer + length;
    while (aPointer + 8 <= aEnd) {
      if (load<u64>(aPointer) != load<u64>(bPointer)) return false;
      aPointer += 8;
      bPointer += 8;
    }
    const rest = aEnd - aPointer;
    if (rest == 0) return true;
    return (load<u64>(aPointer) ^ load<u64>(bPointer)) << ((<u64>(8 - rest)) << 3) == 0;
  }

  /** Bytewise order; a prefix comes before what it begins. */
  static compare(aPointer: u32, aLength: u32, bPointer: u32, bLength: u32): i32 {
    const shared = min(aLength, bLength);
    for (let i: u32 = 0; i < shared; i++) {
      const difference = <i32>load<u8>(aPointer + i) - <i32>load<u8>(bPointer + i);
      if (difference != 0) return difference;
    }
    return aLength < bLength ? -1 : aLength > bLength ? 1 : 0;
  }

  /**
   * Spreads a word over 64 bits, each difference by an amount that depends on the whole word: the product of its halves
   * sees to that. Multiplying, shifting and folding alone cancel chosen differences under every seed.
   */
  @inline static mix(word: u64): u64 {
    const spread = word * MULTIPLIER;
    return rotl(spread, 32) + (spread >> 32) * (spread & 0xffffffff);
  }

  /** 32 bits of a mixed word. */
  @inline static fold(word: u64): u32 {
    return <u32>((word * FINALIZER) >> 32);
  }

  /** A seeded 32-bit hash, whose collisions cannot be aimed without the seed. */
  static hash(seed: u64, pointer: u32, length: u32): u32 {
    let state = Bytes.mix(seed ^ (<u64>length * FINALIZER));
    const end = pointer + length;
    while (pointer + 8 <= end) {
      state = Bytes.mix(state ^ load<u64>(pointer));
      pointer += 8;
    }
    const rest = end - pointer;
    if (rest != 0) state = Bytes.mix(state ^ (load<u64>(pointer) << ((<u64>(8 - rest)) << 3)));
    return Bytes.fold(state);
  }
}
