// Canonical CBOR back to frozen values. Refuses whatever the encoder would not write, so that equal values have equal
// bytes on every replica: longer heads than needed, unordered or repeated map keys, indefinite lengths, other tags.
// With `text` (the same bytes as one Latin-1 string) ASCII strings are slices of it: ten times cheaper in bulk.
import { CrdtError } from "../errors.ts";
import { VALUE_DEPTH_MAX } from "../limits.ts";
import { hasSurrogateBytes, readText, readWtf8 } from "./key-codec.ts";
import { defineEntry, type Value } from "./value.ts";
import { CANONICAL_NAN, compareRanges, DIRECT_MAX, halfBits, MAJOR, SIMPLE, TAG } from "./value-encoder.ts";

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const SHORT_TEXT_MAX = 24;
/** Floats are read from here: a view over each payload would cost more than the copy. */
const floatBytes = new Uint8Array(8);
const floatView = new DataView(floatBytes.buffer);

export class ValueDecoder {
  /** Whether the last value holds a Uint8Array, which cannot be frozen and so must not be shared. */
  hasBytes = false;
  #bytes: Uint8Array;
  #text: string | undefined;
  #offset = 0;
  #end = 0;

  constructor(bytes: Uint8Array = new Uint8Array(0), text?: string) {
    this.#bytes = bytes;
    this.#text = text;
  }

  /** Reads from other bytes from now on. */
  open(bytes: Uint8Array, text?: string): this {
    this.#bytes = bytes;
    this.#text = text;
    return this;
  }

  /** The one value that fills `[start, end)`. Errors: invalid-value. */
  decode(start: number, end: number): Value {
    this.hasBytes = false;
    this.#offset = start;
    this.#end = end;
    const value = this.#value(0);
    if (this.#offset !== end) throw this.#malformed(`${end - this.#offset} bytes too many`);
    return value;
  }

  #value(depth: number): Value {
    const head = this.#byte();
    switch (head >> 5) {
      case MAJOR.unsigned:
        return this.#argument(head);
      case MAJOR.negative:
        return -1 - this.#negativeArgument(head);
      case MAJOR.bytes:
        this.hasBytes = true;
        return this.#byteString(head).slice();
      case MAJOR.text:
        return this.#string(head);
      case MAJOR.array:
        return this.#array(head, depth + 1);
      case MAJOR.map:
        return this.#map(head, depth + 1);
      case MAJOR.tag:
        return this.#tagged(head);
      default:
        return this.#simple(head);
    }
  }

  #byte(): number {
    if (this.#offset >= this.#end) throw this.#malformed("cut off");
    return this.#bytes[this.#offset++]!;
  }

  #argument(head: number): number {
    const short = head & 0x1f;
    if (short <= DIRECT_MAX) return short;
    if (short > 27) throw this.#malformed("an indefinite or reserved length");
    const size = 1 << (short - 24);
    if (this.#offset + size > this.#end) throw this.#malformed("cut off");
    let value = 0;
    for (let index = 0; index < size; index++) value = value * 0x100 + this.#bytes[this.#offset++]!;
    const leastForSize = size === 1 ? DIRECT_MAX + 1 : 2 ** (size * 4);
    if (value < leastForSize) throw this.#malformed("a number longer than it needs to be");
    if (value > Number.MAX_SAFE_INTEGER) throw this.#malformed("an integer beyond 2^53 − 1");
    return value;
  }

  #negativeArgument(head: number): number {
    const argument = this.#argument(head);
    if (argument === Number.MAX_SAFE_INTEGER) throw this.#malformed("an integer beyond −(2^53 − 1)");
    return argument;
  }

  #length(head: number): number {
    const length = this.#argument(head);
    if (length > this.#end - this.#offset) throw this.#malformed(`a length of ${length} beyond the end`);
    return length;
  }

  #byteString(head: number): Uint8Array {
    const length = this.#length(head);
    const start = this.#offset;
    this.#offset = start + length;
    return this.#bytes.subarray(start, start + length);
  }

  #string(head: number): string {
    const length = this.#length(head);
    const start = this.#offset;
    const end = start + length;
    this.#offset = end;
    if (this.#text !== undefined && this.#isAscii(start, end)) return this.#text.slice(start, end);
    if (length > SHORT_TEXT_MAX) return this.#utf8(start, end);
    const text = readText(this.#bytes, start, end);
    if (text.length !== length && hasSurrogateBytes(this.#bytes, start, end))
      throw this.#malformed("no UTF-8");
    return text;
  }

  #isAscii(start: number, end: number): boolean {
    const bytes = this.#bytes;
    for (let offset = start; offset < end; offset++) if (bytes[offset]! >= 0x80) return false;
    return true;
  }

  #utf8(start: number, end: number): string {
    try {
      return strictDecoder.decode(this.#bytes.subarray(start, end));
    } catch {
      throw this.#malformed("a string that is no UTF-8");
    }
  }

  #array(head: number, depth: number): readonly Value[] {
    const length = this.#length(head);
    if (depth > VALUE_DEPTH_MAX) throw this.#malformed(`nesting deeper than ${VALUE_DEPTH_MAX} levels`);
    const array: Value[] = [];
    for (let index = 0; index < length; index++) array.push(this.#value(depth));
    return Object.freeze(array);
  }

  #map(head: number, depth: number): Value {
    const length = this.#length(head);
    if (depth > VALUE_DEPTH_MAX) throw this.#malformed(`nesting deeper than ${VALUE_DEPTH_MAX} levels`);
    const record: Record<string, Value> = {};
    let previousStart = this.#offset;
    let previousEnd = previousStart;
    for (let index = 0; index < length; index++) {
      const start = this.#offset;
      const key = this.#key();
      const bytes = this.#bytes;
      if (index > 0 && compareRanges(bytes, previousStart, previousEnd, bytes, start, this.#offset) >= 0) {
        throw this.#malformed("object keys out of order");
      }
      previousStart = start;
      previousEnd = this.#offset;
      defineEntry(record, key, this.#value(depth));
    }
    return Object.freeze(record);
  }

  #key(): string {
    const head = this.#byte();
    if (head >> 5 === MAJOR.text) return this.#string(head);
    const key = head >> 5 === MAJOR.tag ? this.#tagged(head) : undefined;
    if (typeof key !== "string") throw this.#malformed("an object key that is no string");
    return key;
  }

  #tagged(head: number): string | bigint {
    const tag = this.#argument(head);
    const bytesHead = this.#byte();
    if (bytesHead >> 5 !== MAJOR.bytes) throw this.#malformed(`tag ${tag} around something else than bytes`);
    const bytes = this.#byteString(bytesHead);
    if (tag === TAG.wtf8) return this.#loneSurrogateString(bytes);
    if (tag !== TAG.positiveBigint && tag !== TAG.negativeBigint) throw this.#malformed(`tag ${tag}`);
    if (bytes[0] === 0) throw this.#malformed("a bigint with a leading zero");
    const magnitude = bytes.length === 0 ? 0n : BigInt(`0x${hex(bytes)}`);
    return tag === TAG.positiveBigint ? magnitude : -1n - magnitude;
  }

  #loneSurrogateString(bytes: Uint8Array): string {
    if (!hasSurrogateBytes(bytes, 0, bytes.length)) throw this.#malformed("tag 273 without a lone surrogate");
    return readWtf8(bytes);
  }

  #simple(head: number): Value {
    switch (head) {
      case SIMPLE.false:
        return false;
      case SIMPLE.true:
        return true;
      case SIMPLE.null:
        return null;
      case SIMPLE.half:
        return this.#half();
      case SIMPLE.single:
        return this.#float(4);
      case SIMPLE.double:
        return this.#float(8);
      default:
        throw this.#malformed(`the byte 0x${head.toString(16)}`);
    }
  }

  #half(): number {
    const bits = (this.#byte() << 8) | this.#byte();
    const exponent = (bits >> 10) & 0x1f;
    const mantissa = bits & 0x3ff;
    const sign = bits & 0x8000 ? -1 : 1;
    if (exponent === 0x1f && mantissa !== 0) {
      if (bits !== CANONICAL_NAN) throw this.#malformed("a NaN other than the canonical one");
      return Number.NaN;
    }
    if (exponent === 0x1f) return sign * Number.POSITIVE_INFINITY;
    const value =
      exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1024 + mantissa) * 2 ** (exponent - 25);
    return this.#checkedFloat(value);
  }

  #float(size: 4 | 8): number {
    if (this.#offset + size > this.#end) throw this.#malformed("cut off");
    for (let index = 0; index < size; index++) floatBytes[index] = this.#bytes[this.#offset++]!;
    const value = size === 4 ? floatView.getFloat32(0) : floatView.getFloat64(0);
    if (halfBits(value) >= 0 || (size === 8 && Math.fround(value) === value)) {
      throw this.#malformed("a float longer than it needs to be");
    }
    return this.#checkedFloat(value);
  }

  #checkedFloat(value: number): number {
    if (Number.isSafeInteger(value) && !Object.is(value, -0))
      throw this.#malformed("an integer written as a float");
    return value;
  }

  #malformed(reason: string): CrdtError {
    return new CrdtError(
      "invalid-value",
      `bytes that are no canonical CBOR: ${reason} at byte ${this.#offset}; its writer is at fault`,
    );
  }
}

function hex(bytes: Uint8Array): string {
  let digits = "";
  for (const byte of bytes) digits += byte.toString(16).padStart(2, "0");
  return digits;
}
