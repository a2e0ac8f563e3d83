// Packed columns: rows of blocks of 256 numbers, each block as wide as its largest value needs. Reading expands into an
// array of u32 or u64 and checks that the width was needed; writing finds the width. One pass each, by vectors of 4.
//
//   block      | width u8 ∈ {0, 1, 2, 4, 8} | values, `width` bytes each
import { Bytes } from "../memory/bytes";

const BLOCK_VALUES: u32 = 256;
const SATURATED: u32 = 0xffffffff;
const VALUE_END_HIGH: u32 = 1 << 21; // 2^53 >> 32

export abstract class PackedColumn {
  /** Where the read column ends; 0 when it is malformed or runs past `end`. Values of 2^32 and more become 2^32 − 1. */
  static read32(pointer: u32, end: u32, valuesPointer: u32, count: u32): u32 {
    while (count != 0) {
      const values = min(count, BLOCK_VALUES);
      const width = PackedColumn.widthAt(pointer, end, values);
      if (width > 8) return 0;
      pointer++;
      if (width == 0) Bytes.zeroWords(valuesPointer, values << 2);
      else if (width == 8) {
        if (!PackedColumn.saturate(pointer, valuesPointer, values)) return 0;
      } else {
        const bits = PackedColumn.expand(pointer, width, valuesPointer, values);
        if (bits >> ((width >> 1) << 3) == 0) return 0;
      }
      pointer += values * width;
      valuesPointer += values << 2;
      count -= values;
    }
    return pointer;
  }

  /** The same for values below 2^53, as u64. */
  static read64(pointer: u32, end: u32, valuesPointer: u32, count: u32): u32 {
    while (count != 0) {
      const values = min(count, BLOCK_VALUES);
      const width = PackedColumn.widthAt(pointer, end, values);
      if (width > 8) return 0;
      pointer++;
      if (width == 0) Bytes.zeroWords(valuesPointer, values << 3);
      else if (width == 8) {
        if (!PackedColumn.copyWide(pointer, valuesPointer, values)) return 0;
      } else {
        // Expand into the upper half, then widen from the front: reading stays ahead of writing.
        const upperPointer = valuesPointer + (values << 2);
        const bits = PackedColumn.expand(pointer, width, upperPointer, values);
        if (bits >> ((width >> 1) << 3) == 0) return 0;
        for (let i: u32 = 0; i < values; i++) {
          store<u64>(valuesPointer + (i << 3), load<u32>(upperPointer + (i << 2)));
        }
      }
      pointer += values * width;
      valuesPointer += values << 3;
      count -= values;
    }
    return pointer;
  }

  /** Writes `count` u32 values; gives the end. */
  static write32(pointer: u32, valuesPointer: u32, count: u32): u32 {
    while (count != 0) {
      const values = min(count, BLOCK_VALUES);
      const width = PackedColumn.widthOf(PackedColumn.bits32(valuesPointer, values));
      store<u8>(pointer++, width);
      if (width == 4) memory.copy(pointer, valuesPointer, values << 2);
      else if (width == 2) {
        for (let i: u32 = 0; i < values; i++)
          store<u16>(pointer + (i << 1), load<u32>(valuesPointer + (i << 2)));
      } else if (width == 1) {
        for (let i: u32 = 0; i < values; i++) store<u8>(pointer + i, load<u32>(valuesPointer + (i << 2)));
      }
      pointer += values * width;
      valuesPointer += values << 2;
      count -= values;
    }
    return pointer;
  }

  /** Writes `count` u64 values; gives the end. */
  static write64(pointer: u32, valuesPointer: u32, count: u32): u32 {
    while (count != 0) {
      const values = min(count, BLOCK_VALUES);
      const bits = PackedColumn.bits64(valuesPointer, values);
      const width = bits >> 32 != 0 ? 8 : PackedColumn.widthOf(<u32>bits);
      store<u8>(pointer++, width);
      if (width == 8) memory.copy(pointer, valuesPointer, values << 3);
      else PackedColumn.narrow(pointer, width, valuesPointer, values);
      pointer += values * width;
      valuesPointer += values << 3;
      count -= values;
    }
    return pointer;
  }

  /** The width of the block at `pointer`, or more than 8 when it is none or the block is cut off. */
  @inline private static widthAt(pointer: u32, end: u32, values: u32): u32 {
    if (pointer >= end) return SATURATED;
    const width = <u32>load<u8>(pointer);
    if ((width & (width - 1)) != 0 || width > 8) return SATURATED;
    return end - pointer - 1 < values * width ? SATURATED : width;
  }

  @inline private static widthOf(bits: u32): u32 {
    return bits == 0 ? 0 : bits < 0x100 ? 1 : bits < 0x10000 ? 2 : 4;
  }

  /** Expands values of 1, 2 or 4 bytes; gives all their bits, or-ed. */
  private static expand(pointer: u32, width: u32, valuesPointer: u32, values: u32): u32 {
    let i: u32 = 0;
    let allBits: u32 = 0;
    if (ASC_FEATURE_SIMD) {
      let bits = v128.splat<u32>(0);
      if (width == 1) {
        for (; i + 8 <= values; i += 8) {
          const eight = v128.load_ext<u8>(pointer + i);
          const low = v128.extend_low<u16>(eight);
          const high = v128.extend_high<u16>(eight);
          v128.store(valuesPointer + (i << 2), low);
          v128.store(valuesPointer + (i << 2), high, 16);
          bits = v128.or(bits, v128.or(low, high));
        }
      } else if (width == 2) {
        for (; i + 4 <= values; i += 4) {
          const four = v128.load_ext<u16>(pointer + (i << 1));
          v128.store(valuesPointer + (i << 2), four);
          bits = v128.or(bits, four);
        }
      } else {
        for (; i + 4 <= values; i += 4) {
          const four = v128.load(pointer + (i << 2));
          v128.store(valuesPointer + (i << 2), four);
          bits = v128.or(bits, four);
        }
      }
      allBits =
        v128.extract_lane<u32>(bits, 0) |
        v128.extract_lane<u32>(bits, 1) |
        v128.extract_lane<u32>(bits, 2) |
        v128.extract_lane<u32>(bits, 3);
    }
    for (; i < values; i++) {
      const place = pointer + i * width;
      const value = width == 1 ? <u32>load<u8>(place) : width == 2 ? <u32>load<u16>(place) : load<u32>(place);
      store<u32>(valuesPointer + (i << 2), value);
      allBits |= value;
    }
    return allBits;
  }

  private static saturate(pointer: u32, valuesPointer: u32, values: u32): bool {
    let highBits: u32 = 0;
    for (let i: u32 = 0; i < values; i++) {
      const value = load<u64>(pointer + (i << 3));
      const high = <u32>(value >> 32);
      highBits |= high;
      store<u32>(valuesPointer + (i << 2), high == 0 ? <u32>value : SATURATED);
    }
    return highBits != 0;
  }

  private static copyWide(pointer: u32, valuesPointer: u32, values: u32): bool {
    const bits = PackedColumn.bits64(pointer, values);
    const high = <u32>(bits >> 32);
    if (high == 0 || high >= VALUE_END_HIGH) return false;
    Bytes.copy(valuesPointer, pointer, values << 3);
    return true;
  }

  private static narrow(pointer: u32, width: u32, valuesPointer: u32, values: u32): void {
    for (let i: u32 = 0; i < values; i++) {
      const value = <u32>load<u64>(valuesPointer + (i << 3));
      if (width == 4) store<u32>(pointer + (i << 2), value);
      else if (width == 2) store<u16>(pointer + (i << 1), value);
      else if (width == 1) store<u8>(pointer + i, value);
    }
  }

  private static bits32(valuesPointer: u32, values: u32): u32 {
    let bits: u32 = 0;
    for (let i: u32 = 0; i < values; i++) bits |= load<u32>(valuesPointer + (i << 2));
    return bits;
  }

  private static bits64(valuesPointer: u32, values: u32): u64 {
    let bits: u64 = 0;
    for (let i: u32 = 0; i < values; i++) bits |= load<u64>(valuesPointer + (i << 3));
    return bits;
  }
}
