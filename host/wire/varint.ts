// Unsigned LEB128 of integers below 2^53 in at most 8 bytes, minimal: what docs/wire-format.md calls a varint.
// Reading never throws: it says -1 and the caller names the error. Cost: that of the bytes.

export const VARINT_BYTES_MAX = 8;

/** A place in bytes that reading moves forward. */
export interface ByteCursor {
  bytes: Uint8Array;
  offset: number;
}

/** The varint at the cursor, which moves behind it; -1 where it is cut off, not minimal or 2^53 or more. */
export function readVarint(cursor: ByteCursor): number {
  const { bytes } = cursor;
  let offset = cursor.offset;
  let value = 0;
  let scale = 1;
  for (let index = 0; index < VARINT_BYTES_MAX && offset < bytes.length; index++) {
    const byte = bytes[offset++]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      cursor.offset = offset;
      return value > Number.MAX_SAFE_INTEGER || (byte === 0 && index > 0) ? -1 : value;
    }
    scale *= 0x80;
  }
  return -1;
}

/** Writes `value` at `offset`, where there is room; returns the offset behind it. */
export function writeVarint(bytes: Uint8Array, offset: number, value: number): number {
  let rest = value;
  let end = offset;
  while (rest >= 0x8000_0000) {
    bytes[end++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  // Shifting costs a fraction of dividing doubles.
  let word = rest | 0;
  while (word >= 0x80) {
    bytes[end++] = (word & 0x7f) | 0x80;
    word >>>= 7;
  }
  bytes[end++] = word;
  return end;
}
