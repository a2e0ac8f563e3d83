// Strings as bytes: UTF-8 where a lone surrogate stands as its three bytes (WTF-8), so that every JavaScript string
// comes back as it went in. Short ASCII is copied by a loop, the rest goes through the platform's encoder; only
// strings with lone surrogates take the slow path. A surrogate pair is never written as two lone ones.
import { CrdtError } from "../errors.ts";
import type { ByteWriter } from "./byte-writer.ts";

/** Up to this many characters a loop beats the call into the encoder. */
const LOOP_CHARACTERS_MAX = 24;
const LONE_SURROGATE = /\p{Surrogate}/u;

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function hasLoneSurrogate(text: string): boolean {
  return LONE_SURROGATE.test(text);
}

/** Appends the WTF-8 of `text`; returns how many bytes that took. */
export function writeText(writer: ByteWriter, text: string): number {
  const start = writer.length;
  if (text.length <= LOOP_CHARACTERS_MAX && writeAscii(writer, text)) return text.length;
  writer.reserve(text.length * 3);
  const { written } = encoder.encodeInto(text, writer.bytes.subarray(start));
  if (written !== text.length && hasLoneSurrogate(text)) writeWtf8(writer, text);
  else writer.length = start + written;
  return writer.length - start;
}

/** Appends `text` if it is ASCII; otherwise leaves the writer as it was and says false. */
function writeAscii(writer: ByteWriter, text: string): boolean {
  const length = text.length;
  writer.reserve(length);
  const bytes = writer.bytes;
  const start = writer.length;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x80) return false;
    bytes[start + index] = code;
  }
  writer.length = start + length;
  return true;
}

function writeWtf8(writer: ByteWriter, text: string): void {
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < 0x80) {
      writer.u8(code);
    } else if (code < 0x800) {
      writer.u8(0xc0 | (code >> 6));
      writer.u8(0x80 | (code & 0x3f));
    } else if (code < 0x1_0000) {
      writer.u8(0xe0 | (code >> 12));
      writer.u8(0x80 | ((code >> 6) & 0x3f));
      writer.u8(0x80 | (code & 0x3f));
    } else {
      writer.u8(0xf0 | (code >> 18));
      writer.u8(0x80 | ((code >> 12) & 0x3f));
      writer.u8(0x80 | ((code >> 6) & 0x3f));
      writer.u8(0x80 | (code & 0x3f));
    }
  }
}

/** The string of the WTF-8 in `bytes[start, end)`. Errors: invalid-value. */
export function readText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= LOOP_CHARACTERS_MAX) {
    const text = readAscii(bytes, start, end);
    if (text !== undefined) return text;
  }
  const slice = bytes.subarray(start, end);
  try {
    return strictDecoder.decode(slice);
  } catch {
    return readWtf8(slice);
  }
}

/** The string of `bytes[start, end)` if all of it is ASCII. For short pieces: it joins four characters at a time. */
function readAscii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = "";
  let offset = start;
  for (; offset + 4 <= end; offset += 4) {
    const first = bytes[offset]!;
    const second = bytes[offset + 1]!;
    const third = bytes[offset + 2]!;
    const fourth = bytes[offset + 3]!;
    if ((first | second | third | fourth) >= 0x80) return undefined;
    text += String.fromCharCode(first, second, third, fourth);
  }
  for (; offset < end; offset++) {
    const byte = bytes[offset]!;
    if (byte >= 0x80) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}

/** Decodes WTF-8 that is not UTF-8: three-byte surrogates stand alone, and never form a pair. */
export function readWtf8(bytes: Uint8Array): string {
  let text = "";
  let runStart = 0;
  let previousHigh = -1;
  for (let offset = 0; offset + 2 < bytes.length; offset++) {
    if (!isSurrogate(bytes, offset)) continue;
    const unit = 0xd000 | ((bytes[offset + 1]! & 0x3f) << 6) | (bytes[offset + 2]! & 0x3f);
    if (unit >= 0xdc00 && previousHigh === offset) throw noText("a surrogate pair is written as two");
    text += decodeRun(bytes, runStart, offset) + String.fromCharCode(unit);
    runStart = offset + 3;
    previousHigh = unit < 0xdc00 ? runStart : -1;
    offset += 2;
  }
  return text + decodeRun(bytes, runStart, bytes.length);
}

/** Whether a surrogate stands at `offset`, as three bytes. */
function isSurrogate(bytes: Uint8Array, offset: number): boolean {
  return bytes[offset] === 0xed && bytes[offset + 1]! >> 5 === 0b101 && bytes[offset + 2]! >> 6 === 0b10;
}

/** Whether `bytes[start, end)` holds a surrogate as three bytes. */
export function hasSurrogateBytes(bytes: Uint8Array, start: number, end: number): boolean {
  for (let offset = start; offset + 2 < end; offset++) if (isSurrogate(bytes, offset)) return true;
  return false;
}

function decodeRun(bytes: Uint8Array, start: number, end: number): string {
  try {
    return strictDecoder.decode(bytes.subarray(start, end));
  } catch {
    throw noText(`the bytes from ${start} on are no UTF-8`);
  }
}

function noText(reason: string): CrdtError {
  return new CrdtError(
    "invalid-value",
    `bytes of a key or string that are no WTF-8: ${reason}; its writer is at fault`,
  );
}
