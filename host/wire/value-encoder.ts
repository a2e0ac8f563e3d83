// Values to canonical CBOR (RFC 8949 §4.2.1; docs/wire-format.md, "Values and keys"), straight into a ByteWriter.
// Written for small values: no intermediate objects, no path bookkeeping; a refusal is explained by value.ts.
// Leaves out size limits, which belong to the caller who knows what the value is for.
import { VALUE_DEPTH_MAX } from "../limits.ts";
import { ByteWriter } from "./byte-writer.ts";
import { hasLoneSurrogate, writeText } from "./key-codec.ts";
import { type ObjectShape, predictedShape, SHAPE_KEYS_MAX, shapeOf } from "./object-shapes.ts";
import { invalidValueError, isPlainObject } from "./value.ts";

/** The head bytes shared by encoder and decoder. */
export const MAJOR = {
  unsigned: 0,
  negative: 1,
  bytes: 2,
  text: 3,
  array: 4,
  map: 5,
  tag: 6,
  simple: 7,
} as const;
export const SIMPLE = {
  false: 0xf4,
  true: 0xf5,
  null: 0xf6,
  half: 0xf9,
  single: 0xfa,
  double: 0xfb,
} as const;
export const TAG = { positiveBigint: 2, negativeBigint: 3, wtf8: 273 } as const;
export const CANONICAL_NAN = 0x7e00;
/** Arguments up to this one sit in the head byte itself. */
export const DIRECT_MAX = 23;

const TEXT_HEAD = MAJOR.text << 5;
const MAP_HEAD = MAJOR.map << 5;
const SHORT_TEXT_MAX = DIRECT_MAX;
const SHORT_LIST_MAX = 16;
const encoder = new TextEncoder();
const singleView = new Float32Array(1);
const singleBits = new Uint32Array(singleView.buffer);
const keyWriter = new ByteWriter(256);

/** Appends the encoding of `value`. Errors: invalid-value, whose message calls the value `name`; nothing is appended then. */
export function writeValue(writer: ByteWriter, value: unknown, name: string = "value"): void {
  const start = writer.length;
  if (write(writer, value, 0)) return;
  writer.length = start;
  throw invalidValueError(value, name);
}

function write(writer: ByteWriter, value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "string":
      writeString(writer, value);
      return true;
    case "number":
      writeNumber(writer, value);
      return true;
    case "boolean":
      writer.u8(value ? SIMPLE.true : SIMPLE.false);
      return true;
    case "bigint":
      writeBigint(writer, value);
      return true;
    case "object":
      return writeObject(writer, value, depth);
    default:
      return false;
  }
}

function writeObject(writer: ByteWriter, value: object | null, depth: number): boolean {
  if (value === null) {
    writer.u8(SIMPLE.null);
    return true;
  }
  if (Object.getPrototypeOf(value) === Object.prototype) {
    return depth < VALUE_DEPTH_MAX && writeMap(writer, value as Record<string, unknown>, depth + 1);
  }
  if (value instanceof Uint8Array) {
    writeHead(writer, MAJOR.bytes, value.length);
    writer.append(value);
    return true;
  }
  if (depth >= VALUE_DEPTH_MAX) return false;
  if (Array.isArray(value)) return writeArray(writer, value, depth + 1);
  return isPlainObject(value) && writeMap(writer, value, depth + 1);
}

function writeArray(writer: ByteWriter, array: readonly unknown[], depth: number): boolean {
  writeHead(writer, MAJOR.array, array.length);
  for (let index = 0; index < array.length; index++) {
    if (!write(writer, array[index], depth)) return false;
  }
  return true;
}

function writeMap(writer: ByteWriter, record: Record<string, unknown>, depth: number): boolean {
  const predicted = predictedShape(record);
  if (predicted !== undefined) {
    writer.u8(MAP_HEAD | predicted.ordered.length);
    return writeShaped(writer, record, predicted, depth);
  }
  const keys = Object.keys(record);
  const count = keys.length;
  writeHead(writer, MAJOR.map, count);
  const shape = count > 0 && count <= SHAPE_KEYS_MAX ? shapeOf(keys, makeShape) : undefined;
  if (shape !== undefined) return writeShaped(writer, record, shape, depth);
  for (const key of canonicalOrder(keys)) {
    writeString(writer, key);
    if (!write(writer, record[key], depth)) return false;
  }
  return true;
}

function writeShaped(
  writer: ByteWriter,
  record: Record<string, unknown>,
  { ordered, bytes, ends }: ObjectShape,
  depth: number,
): boolean {
  let start = 0;
  for (let index = 0; index < ordered.length; index++) {
    const end = ends[index]!;
    writer.appendRange(bytes, start, end);
    start = end;
    if (!write(writer, record[ordered[index]!], depth)) return false;
  }
  return true;
}

function makeShape(keys: readonly string[]): ObjectShape {
  const ordered = canonicalOrder([...keys]);
  const ends: number[] = [];
  const writer = new ByteWriter(256);
  for (const key of ordered) {
    writeString(writer, key);
    ends.push(writer.length);
  }
  return { keys: [...keys], ordered, bytes: writer.toBytes(), ends };
}

/** Major type and argument, in the fewest bytes. */
export function writeHead(writer: ByteWriter, major: number, argument: number): void {
  const type = major << 5;
  if (argument <= DIRECT_MAX) {
    writer.u8(type | argument);
    return;
  }
  writer.reserve(9);
  const bytes = writer.bytes;
  let offset = writer.length;
  if (argument < 0x1_0000) {
    const isShort = argument < 0x100;
    bytes[offset++] = type | (isShort ? 24 : 25);
    if (!isShort) bytes[offset++] = argument >>> 8;
    bytes[offset++] = argument;
    writer.length = offset;
    return;
  }
  const size = argument < 0x1_0000_0000 ? 4 : 8;
  bytes[offset++] = type | (size === 4 ? 26 : 27);
  let rest = argument;
  for (let index = size - 1; index >= 0; index--) {
    bytes[offset + index] = rest % 0x100;
    rest = Math.floor(rest / 0x100);
  }
  writer.length = offset + size;
}

function headBytes(argument: number): number {
  if (argument <= DIRECT_MAX) return 1;
  return argument < 0x100 ? 2 : argument < 0x1_0000 ? 3 : argument < 0x1_0000_0000 ? 5 : 9;
}

function writeString(writer: ByteWriter, text: string): void {
  const start = writer.length;
  if (text.length > SHORT_TEXT_MAX) {
    writeLongString(writer, text, start);
    return;
  }
  writer.reserve(text.length + 1);
  const { bytes } = writer;
  let offset = start;
  bytes[offset++] = TEXT_HEAD | text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x80) {
      writeLongString(writer, text, start);
      return;
    }
    bytes[offset++] = code;
  }
  writer.length = offset;
}

/** Encodes behind a head sized for ASCII, and moves the bytes when they turn out to be more. */
function writeLongString(writer: ByteWriter, text: string, start: number): void {
  writer.reserve(text.length * 3 + 9);
  const textStart = start + headBytes(text.length);
  const { written } = encoder.encodeInto(text, writer.bytes.subarray(textStart));
  if (written !== text.length && hasLoneSurrogate(text)) {
    writeWtf8String(writer, text);
    return;
  }
  const textOffset = start + headBytes(written);
  if (textOffset !== textStart) writer.bytes.copyWithin(textOffset, textStart, textStart + written);
  writeHead(writer, MAJOR.text, written);
  writer.length = textOffset + written;
}

function writeWtf8String(writer: ByteWriter, text: string): void {
  const scratch = new ByteWriter(text.length * 3);
  writeText(scratch, text);
  writeHead(writer, MAJOR.tag, TAG.wtf8);
  writeHead(writer, MAJOR.bytes, scratch.length);
  writer.append(scratch.bytes.subarray(0, scratch.length));
}

function writeNumber(writer: ByteWriter, value: number): void {
  if (value > 0 && value >>> 0 === value) {
    writeHead(writer, MAJOR.unsigned, value);
    return;
  }
  if (Number.isSafeInteger(value) && (value !== 0 || 1 / value > 0)) {
    if (value >= 0) writeHead(writer, MAJOR.unsigned, value);
    else writeHead(writer, MAJOR.negative, -1 - value);
    return;
  }
  writeFloat(writer, value);
}

function writeFloat(writer: ByteWriter, value: number): void {
  writer.reserve(9);
  const half = halfBits(value);
  if (half >= 0) {
    writer.u8(SIMPLE.half);
    writer.u8(half >> 8);
    writer.u8(half & 0xff);
    return;
  }
  const view = new DataView(writer.bytes.buffer);
  if (Math.fround(value) === value) {
    writer.u8(SIMPLE.single);
    view.setFloat32(writer.length, value);
    writer.length += 4;
    return;
  }
  writer.u8(SIMPLE.double);
  view.setFloat64(writer.length, value);
  writer.length += 8;
}

/** The half-precision bits of `value`, or -1 where half precision does not hold it exactly. */
export function halfBits(value: number): number {
  if (Number.isNaN(value)) return CANONICAL_NAN;
  if (Math.fround(value) !== value) return -1;
  singleView[0] = value;
  const bits = singleBits[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 127;
  const mantissa = bits & 0x7f_ffff;
  if (exponent === 128) return sign | 0x7c00;
  if (exponent === -127) return mantissa === 0 ? sign : -1;
  if (exponent >= -14 && exponent <= 15) {
    return (mantissa & 0x1fff) === 0 ? sign | ((exponent + 15) << 10) | (mantissa >> 13) : -1;
  }
  if (exponent < -24 || exponent > 15) return -1;
  const shift = -1 - exponent;
  const significand = mantissa | 0x80_0000;
  return (significand & ((1 << shift) - 1)) === 0 ? sign | (significand >> shift) : -1;
}

function writeBigint(writer: ByteWriter, value: bigint): void {
  const isNegative = value < 0n;
  const magnitude = isNegative ? -1n - value : value;
  writeHead(writer, MAJOR.tag, isNegative ? TAG.negativeBigint : TAG.positiveBigint);
  if (magnitude === 0n) {
    writeHead(writer, MAJOR.bytes, 0);
    return;
  }
  const digits = magnitude.toString(16);
  const hex = digits.length % 2 === 0 ? digits : `0${digits}`;
  writeHead(writer, MAJOR.bytes, hex.length / 2);
  writer.reserve(hex.length / 2);
  for (let index = 0; index < hex.length; index += 2) {
    writer.u8(Number.parseInt(hex.slice(index, index + 2), 16));
  }
}

/** Map keys in bytewise order of their encodings: for ASCII, shorter first, then by code. */
function canonicalOrder(keys: string[]): string[] {
  for (let index = 0; index < keys.length; index++) if (!isAscii(keys[index]!)) return orderByEncoding(keys);
  return keys.length > SHORT_LIST_MAX ? keys.sort(compareAscii) : insertionSort(keys);
}

/** For the handful of keys an object has, this beats the call into the sort of the engine. */
function insertionSort(keys: string[]): string[] {
  for (let index = 1; index < keys.length; index++) {
    const key = keys[index]!;
    let place = index;
    while (place > 0 && compareAscii(keys[place - 1]!, key) > 0) {
      keys[place] = keys[place - 1]!;
      place--;
    }
    keys[place] = key;
  }
  return keys;
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) >= 0x80) return false;
  return true;
}

function compareAscii(left: string, right: string): number {
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}

function orderByEncoding(keys: readonly string[]): string[] {
  const encoded = keys.map((key) => {
    keyWriter.reset();
    writeString(keyWriter, key);
    return { key, bytes: keyWriter.toBytes() };
  });
  encoded.sort((left, right) =>
    compareRanges(left.bytes, 0, left.bytes.length, right.bytes, 0, right.bytes.length),
  );
  return encoded.map(({ key }) => key);
}

/** Bytewise order of two ranges; a prefix comes first. */
export function compareRanges(
  left: Uint8Array,
  leftStart: number,
  leftEnd: number,
  right: Uint8Array,
  rightStart: number,
  rightEnd: number,
): number {
  const length = Math.min(leftEnd - leftStart, rightEnd - rightStart);
  for (let index = 0; index < length; index++) {
    const difference = left[leftStart + index]! - right[rightStart + index]!;
    if (difference !== 0) return difference;
  }
  return leftEnd - leftStart - (rightEnd - rightStart);
}
