// Byte strings as JavaScript strings, one character a byte, so that a `Map` can be keyed by them. The characters are
// those of TextDecoder("latin1"), the fastest bulk way: windows-1252, which is bijective but not the identity.
// Cost: bulk decoding about a nanosecond a byte, slicing it costs nothing a byte.

const decoder = new TextDecoder("latin1");
const CHARACTERS = decoder.decode(Uint8Array.from({ length: 256 }, (_, byte) => byte));
const CODES = Uint16Array.from({ length: 256 }, (_, byte) => CHARACTERS.charCodeAt(byte));
const BYTES = new Uint8Array(Math.max(...CODES) + 1);
for (let byte = 0; byte < 256; byte++) BYTES[CODES[byte]!] = byte;

/** Up to here a loop beats the decoder's call. */
const LOOP_BYTES_MAX = 32;
const scratch: number[][] = Array.from({ length: LOOP_BYTES_MAX + 1 }, (_, length) =>
  new Array<number>(length).fill(0),
);

/** `bytes[start, end)` as a binary string. */
export function binaryString(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length === 0) return "";
  if (length > LOOP_BYTES_MAX) return decoder.decode(bytes.subarray(start, end));
  const codes = scratch[length]!;
  for (let index = 0; index < length; index++) codes[index] = CODES[bytes[start + index]!]!;
  return String.fromCharCode.apply(undefined, codes);
}

/** Writes the bytes of a binary string at `offset`, where there is room; returns the offset behind them. */
export function writeBinaryString(target: Uint8Array, offset: number, text: string): number {
  for (let index = 0; index < text.length; index++) target[offset + index] = BYTES[text.charCodeAt(index)]!;
  return offset + text.length;
}

/** The byte that stands at `index` of a binary string. */
export function byteAt(text: string, index: number): number {
  return BYTES[text.charCodeAt(index)]!;
}
