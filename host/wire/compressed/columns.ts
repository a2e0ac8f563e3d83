// Columns of a compressed delta (docs/wire-format.md, "Compressed deltas"): numbers as varints, plain or as differences;
// texts as what they share with the text before them, the rest, and the decimal number they end in; bytes as they are.
// A column writes one or more sections, a length and its bytes. Cost: that of the bytes; what is compared is one text back.
import { ByteWriter } from "../byte-writer.ts";
import { type ByteCursor, readVarint, writeVarint } from "../varint.ts";
import { malformed } from "./malformed.ts";

const PLAIN = 0;
const DIFFERENCES = 1;
/** Differences of larger numbers would leave the exact integers when their sign is folded in. */
const DIFFERENCES_BELOW = 2 ** 51;
const DIGITS_MAX = 15;
const ZERO = 0x30;
const NINE = 0x39;
const INITIAL_NUMBERS = 16;
const NO_BYTES = new Uint8Array(0);
/** Up to here a byte loop beats `set` and the view that it needs. */
const LOOPED_BYTES_MAX = 48;

export function writeSection(writer: ByteWriter, bytes: Uint8Array): void {
  writer.varint(bytes.length);
  writer.append(bytes);
}

/** The bytes of the section at the cursor. Errors: malformed-delta. */
export function readSection(cursor: ByteCursor): Uint8Array {
  const length = readVarint(cursor);
  const end = cursor.offset + length;
  if (length < 0 || end > cursor.bytes.length)
    throw malformed(`a column ends behind byte ${cursor.bytes.length}`);
  const section = cursor.bytes.subarray(cursor.offset, end);
  cursor.offset = end;
  return section;
}

export interface ColumnWriter {
  writeTo(writer: ByteWriter): void;
}

export interface ColumnReader {
  /** Refuses a column of which something was never read. */
  finish(): void;
}

export class BytesWriter implements ColumnWriter {
  readonly #bytes = new ByteWriter(64);

  add(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes.appendRange(bytes, start, end);
  }

  writeTo(writer: ByteWriter): void {
    writeSection(writer, this.#bytes.bytes.subarray(0, this.#bytes.length));
  }
}

export class BytesReader implements ColumnReader {
  readonly #cursor: ByteCursor;

  constructor(cursor: ByteCursor) {
    this.#cursor = { bytes: readSection(cursor), offset: 0 };
  }

  /** Restores the next `count` bytes. */
  restore(target: Target, count: number): void {
    const { bytes, offset } = this.#cursor;
    if (count > bytes.length - offset) throw malformed("a column has too few bytes");
    demand(target, count);
    this.#cursor.offset = offset + count;
    copy(target.bytes, target.offset, bytes, offset, count);
    target.offset += count;
  }

  finish(): void {
    if (this.#cursor.offset !== this.#cursor.bytes.length) throw malformed("a column has too many bytes");
  }
}

/** Integers from 0 to 2^53 − 1. */
export class NumbersWriter implements ColumnWriter {
  #values = new Float64Array(INITIAL_NUMBERS);
  #count = 0;
  #largest = 0;

  add(value: number): void {
    if (this.#count === this.#values.length) {
      const grown = new Float64Array(this.#count * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#count++] = value;
    if (value > this.#largest) this.#largest = value;
  }

  writeTo(writer: ByteWriter): void {
    const plain = this.#encode(PLAIN);
    const differences = this.#largest < DIFFERENCES_BELOW ? this.#encode(DIFFERENCES) : plain;
    writeSection(writer, estimatedBits(differences) < estimatedBits(plain) ? differences : plain);
  }

  /** In `form`; no bytes at all where there are no numbers. */
  #encode(form: number): Uint8Array {
    const count = this.#count;
    if (count === 0) return NO_BYTES;
    const bytes = new Uint8Array(1 + count * varintBytes(this.#largest * 2 + 1));
    bytes[0] = form;
    return bytes.subarray(0, writeCodes(bytes, form, this.#values, count));
  }
}

/** Writes numbers behind the form; returns where they end. A loop alone in its function is compiled once, and stays so. */
function writeCodes(bytes: Uint8Array, form: number, values: Float64Array, count: number): number {
  let end = 1;
  let previous = 0;
  for (let index = 0; index < count; index += 1) {
    const value = values[index]!;
    const difference = value - previous;
    let code = value;
    if (form === DIFFERENCES) code = difference < 0 ? -2 * difference - 1 : 2 * difference;
    previous = value;
    end = writeVarint(bytes, end, code);
  }
  return end;
}

/** What the varint of a number, or of twice the greatest there can be, takes. */
function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest /= 0x80) bytes += 1;
  return bytes;
}

function countBytes(bytes: Uint8Array, counts: Uint32Array): void {
  for (let index = 0; index < bytes.length; index += 1) counts[bytes[index]!]! += 1;
}

/** What a coder that knows only how often each byte occurs would need. */
function estimatedBits(bytes: Uint8Array): number {
  const counts = new Uint32Array(256);
  countBytes(bytes, counts);
  let bits = 0;
  for (const count of counts) if (count > 0) bits += count * Math.log2(bytes.length / count);
  return bits;
}

export class NumbersReader implements ColumnReader {
  readonly #cursor: ByteCursor;
  readonly #form: number;
  #previous = 0;

  constructor(cursor: ByteCursor) {
    const bytes = readSection(cursor);
    this.#cursor = { bytes, offset: Math.min(bytes.length, 1) };
    this.#form = bytes[0] ?? PLAIN;
    if (this.#form > DIFFERENCES || bytes.length === 1) {
      throw malformed(`form ${this.#form} of a column of ${bytes.length} bytes`);
    }
  }

  take(): number {
    const cursor = this.#cursor;
    let code = cursor.bytes[cursor.offset] ?? 0x80;
    if (code < 0x80) cursor.offset += 1;
    else code = readVarint(cursor);
    if (code < 0) throw malformed("a column has too few numbers");
    if (this.#form === PLAIN) return code;
    this.#previous += code % 2 === 0 ? code / 2 : -(code + 1) / 2;
    if (this.#previous < 0 || this.#previous >= DIFFERENCES_BELOW) {
      throw malformed(`number ${this.#previous} in a column of differences`);
    }
    return this.#previous;
  }

  finish(): void {
    if (this.#cursor.offset !== this.#cursor.bytes.length) throw malformed("a column has too many numbers");
  }
}

/** Copies `count` bytes to a place that is not among them. */
function copy(to: Uint8Array, toOffset: number, from: Uint8Array, fromOffset: number, count: number): void {
  if (count > LOOPED_BYTES_MAX) to.set(from.subarray(fromOffset, fromOffset + count), toOffset);
  else for (let index = 0; index < count; index += 1) to[toOffset + index] = from[fromOffset + index]!;
}

/** Texts as bytes; what their bytes mean does not matter. */
export class TextsWriter implements ColumnWriter {
  readonly #shared = new NumbersWriter();
  readonly #lengths = new NumbersWriter();
  readonly #rest = new BytesWriter();
  readonly #numbers = new NumbersWriter();
  #previousStart = 0;
  #previousEnd = 0;

  /** All calls give the same `bytes`. */
  add(bytes: Uint8Array, start: number, end: number): void {
    const split = numberStart(bytes, start, end);
    const most = Math.min(split - start, this.#previousEnd - this.#previousStart);
    let shared = 0;
    while (shared < most && bytes[start + shared] === bytes[this.#previousStart + shared]) shared += 1;
    this.#shared.add(shared);
    this.#lengths.add((split - start - shared) * 2 + (split < end ? 1 : 0));
    this.#rest.add(bytes, start + shared, split);
    if (split < end) this.#numbers.add(decimal(bytes, split, end));
    this.#previousStart = start;
    this.#previousEnd = split;
  }

  writeTo(writer: ByteWriter): void {
    for (const column of [this.#shared, this.#lengths, this.#rest, this.#numbers]) column.writeTo(writer);
  }
}

/** Where the decimal number at the end begins, without leading zeros; `end` where there is none. */
function numberStart(bytes: Uint8Array, start: number, end: number): number {
  let split = end;
  while (split > start && end - split < DIGITS_MAX && isDigit(bytes[split - 1]!)) split -= 1;
  while (split < end - 1 && bytes[split] === ZERO) split += 1;
  return split;
}

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= NINE;

function decimal(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let index = start; index < end; index += 1) value = value * 10 + bytes[index]! - ZERO;
  return value;
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits += 1;
  return digits;
}

/** Where restored bytes go; `end` is where they have to stop. */
export interface Target {
  readonly bytes: Uint8Array;
  offset: number;
  end: number;
}

/** Refuses what would go beyond the target's end. */
export function demand(target: Target, count: number): void {
  if (count > target.end - target.offset)
    throw malformed(`${count} bytes where ${target.end - target.offset} belong`);
}

export function put(target: Target, bytes: Uint8Array): void {
  const { length } = bytes;
  demand(target, length);
  copy(target.bytes, target.offset, bytes, 0, length);
  target.offset += length;
}

export class TextsReader implements ColumnReader {
  readonly #shared: NumbersReader;
  readonly #lengths: NumbersReader;
  readonly #rest: BytesReader;
  readonly #numbers: NumbersReader;
  #previousStart = 0;
  #previousLength = 0;

  constructor(cursor: ByteCursor) {
    this.#shared = new NumbersReader(cursor);
    this.#lengths = new NumbersReader(cursor);
    this.#rest = new BytesReader(cursor);
    this.#numbers = new NumbersReader(cursor);
  }

  /** Restores the next text; `before` is told its length and may write something ahead of it. */
  restore(target: Target, before?: (target: Target, length: number) => void): void {
    const shared = this.#shared.take();
    const lengthAndMark = this.#lengths.take();
    const rest = Math.floor(lengthAndMark / 2);
    const number = lengthAndMark % 2 === 0 ? undefined : this.#numbers.take();
    if (shared > this.#previousLength)
      throw malformed(`a text shares ${shared} bytes of ${this.#previousLength}`);
    const digits = number === undefined ? 0 : digitsOf(number);
    if (digits > DIGITS_MAX) throw malformed(`a number of ${digits} digits ends a text`);
    const length = shared + rest + digits;
    before?.(target, length);
    demand(target, length);
    const { bytes, offset } = target;
    copy(bytes, offset, bytes, this.#previousStart, shared);
    target.offset += shared;
    this.#rest.restore(target, rest);
    this.#previousStart = offset;
    this.#previousLength = shared + rest;
    target.offset = offset + length;
    let left = number ?? 0;
    for (let index = target.offset - 1; index >= target.offset - digits; index -= 1) {
      bytes[index] = ZERO + (left % 10);
      left = Math.floor(left / 10);
    }
  }

  finish(): void {
    for (const column of [this.#shared, this.#lengths, this.#rest, this.#numbers]) column.finish();
  }
}
