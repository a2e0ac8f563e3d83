// Numbers of 0 to 32 bits in as few bytes as they need, 128 at a time. A block stands in four lanes, as in SIMD-BP128 of
// Lemire and Boytsov (2015), so that four numbers are shifted at once; fewer numbers than a block run on as one stream.
// Wider numbers are two streams, their low 32 bits and the rest: that is the caller's to split. Reading may touch up to
// 16 bytes behind the end.
//
//   block     | word r of lane j at 16·r + 4·j              lane j: numbers j, j + 4, j + 8 …, lowest bits first
//   tail      | number i at bit i·width, lowest bits first  the bits of the last byte that are left over are 0

/** Numbers a full block holds. */
export const BLOCK_NUMBERS: u32 = 128;
const ROW_BYTES: u32 = 16;
const BLOCK_BYTES: u32 = BLOCK_NUMBERS << 2;

export abstract class BitPack {
  /** Bytes of `count` numbers of `width` bits, at most 64. */
  @inline static byteLength(count: u32, width: u32): u32 {
    if (width <= 32) return (count * width + 7) >> 3;
    return ((count * 32) >> 3) + ((count * (width - 32) + 7) >> 3);
  }

  /** Packs `count` words of at most `width` bits; gives the end. */
  static pack(words: u32, count: u32, width: u32, to: u32): u32 {
    if (width == 0) return to;
    if (width == 32) {
      memory.copy(to, words, count << 2);
      return to + (count << 2);
    }
    if (count != BLOCK_NUMBERS) return BitPack.packTail(words, count, width, to);
    if (ASC_FEATURE_SIMD) return BitPack.packRows(words, width, to);
    for (let lane: u32 = 0; lane < ROW_BYTES; lane += 4) BitPack.packLane(words + lane, width, to + lane);
    return to + width * ROW_BYTES;
  }

  /** Unpacks what `pack` packed. */
  static unpack(from: u32, count: u32, width: u32, words: u32): void {
    if (width == 0) memory.fill(words, 0, count << 2);
    else if (width == 32) memory.copy(words, from, count << 2);
    else if (count != BLOCK_NUMBERS) BitPack.unpackTail(from, count, width, words);
    else if (ASC_FEATURE_SIMD) BitPack.unpackRows(from, width, words);
    else
      for (let lane: u32 = 0; lane < ROW_BYTES; lane += 4)
        BitPack.unpackLane(from + lane, width, words + lane);
  }

  /** Whether the bits left over in the last byte of a tail are 0. */
  static isTailClean(from: u32, count: u32, width: u32): bool {
    const bits = count * width;
    if ((bits & 7) == 0) return true;
    return <u32>load<u8>(from + (bits >> 3)) >> (bits & 7) == 0;
  }

  private static packRows(words: u32, width: u32, to: u32): u32 {
    const end = words + BLOCK_BYTES;
    let filled: u32 = 0;
    let row = i32x4.splat(0);
    while (words < end) {
      const number = v128.load(words);
      row = v128.or(row, v128.shl<u32>(number, filled));
      filled += width;
      if (filled >= 32) {
        v128.store(to, row);
        to += ROW_BYTES;
        filled -= 32;
        row = v128.shr<u32>(number, width - filled);
      }
      words += ROW_BYTES;
    }
    return to;
  }

  private static unpackRows(from: u32, width: u32, words: u32): void {
    const end = words + BLOCK_BYTES;
    const mask = i32x4.splat((1 << width) - 1);
    let row = v128.load(from);
    let used: u32 = 0;
    while (words < end) {
      let number = v128.shr<u32>(row, used);
      used += width;
      if (used >= 32) {
        used -= 32;
        from += ROW_BYTES;
        row = v128.load(from);
        number = v128.or(number, v128.shl<u32>(row, width - used));
      }
      v128.store(words, v128.and(number, mask));
      words += ROW_BYTES;
    }
  }

  private static packLane(words: u32, width: u32, to: u32): void {
    const end = words + BLOCK_BYTES;
    let filled: u32 = 0;
    let row: u64 = 0;
    while (words < end) {
      row |= (<u64>load<u32>(words)) << filled;
      filled += width;
      if (filled >= 32) {
        store<u32>(to, <u32>row);
        to += ROW_BYTES;
        filled -= 32;
        row >>= 32;
      }
      words += ROW_BYTES;
    }
  }

  private static unpackLane(from: u32, width: u32, words: u32): void {
    const end = words + BLOCK_BYTES;
    const mask = ((<u64>1) << width) - 1;
    let row = <u64>load<u32>(from);
    let left: u32 = 32;
    while (words < end) {
      if (left < width) {
        from += ROW_BYTES;
        row |= (<u64>load<u32>(from)) << left;
        left += 32;
      }
      store<u32>(words, <u32>(row & mask));
      row >>= width;
      left -= width;
      words += ROW_BYTES;
    }
  }

  private static packTail(words: u32, count: u32, width: u32, to: u32): u32 {
    const end = words + (count << 2);
    let filled: u32 = 0;
    let row: u64 = 0;
    while (words < end) {
      row |= (<u64>load<u32>(words)) << filled;
      filled += width;
      while (filled >= 8) {
        store<u8>(to++, <u32>row);
        row >>= 8;
        filled -= 8;
      }
      words += 4;
    }
    if (filled != 0) store<u8>(to++, <u32>row);
    return to;
  }

  private static unpackTail(from: u32, count: u32, width: u32, words: u32): void {
    const mask = ((<u64>1) << width) - 1;
    const bits = count * width;
    for (let bit: u32 = 0; bit < bits; bit += width) {
      store<u32>(words, <u32>((load<u64>(from + (bit >> 3)) >> (bit & 7)) & mask));
      words += 4;
    }
  }
}
