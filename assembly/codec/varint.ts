// Unsigned LEB128 below 2^53 in at most 8 bytes, minimal.

const BYTES_MAX: u32 = 8;
const VALUE_END: u64 = 1 << 53;

export abstract class Varint {
  /** Where the varint last read ends. */
  static end: u32 = 0;
  static isValid: bool = true;

  /** Reads the varint at `pointer`; clears `isValid` where it is cut off by `limit`, not minimal or too large. */
  static read(pointer: u32, limit: u32): u64 {
    let value: u64 = 0;
    let shift: u64 = 0;
    const start = pointer;
    while (pointer < limit && pointer - start < BYTES_MAX) {
      const byte = <u64>load<u8>(pointer++);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        Varint.end = pointer;
        if (value >= VALUE_END || (byte == 0 && pointer - start > 1)) Varint.isValid = false;
        return value;
      }
      shift += 7;
    }
    Varint.end = pointer;
    Varint.isValid = false;
    return 0;
  }

  /** Writes `value`; gives the end. */
  static write(pointer: u32, value: u64): u32 {
    while (value >= 0x80) {
      store<u8>(pointer++, (<u32>value & 0x7f) | 0x80);
      value >>= 7;
    }
    store<u8>(pointer, <u32>value);
    return pointer + 1;
  }

  @inline static byteLength(value: u64): u32 {
    return value == 0 ? 1 : (70 - <u32>clz(value)) / 7;
  }
}
