// Encodes points as a series chunk (docs/wire-format.md, "Series chunks"): the twin of assembly/kernels/chunk-encode.ts,
// with its choices and its bytes. The points are trusted: one to CHUNK_POINTS_MAX, times integers within ±(2^53 − 1) that do
// not descend, no NaN. Differences are doubles, which hold them exactly; only what is packed is split into words.
// Cost: one pass over the values for each scale tried (the ranges of blocks are noted on the way), two over the times, and one
// over each column that splits and packs it.
import { CHUNK_POINTS_MAX } from "../../limits.ts";
import { BLOCK_NUMBERS, pack, packedBytes } from "./bit-packing.ts";
import { CHUNK } from "./chunk-format.ts";

/** 1.5·2^52: adding and subtracting it rounds to the nearest integer, ties to even. */
const ROUNDER = 6755399441055744;
const TWO_32 = 4294967296;
const THOUSAND = 1000;
const BLOCKS_MAX = CHUNK_POINTS_MAX / BLOCK_NUMBERS;

const output = new Uint8Array(CHUNK_POINTS_MAX * 17 + 128);
const outputView = new DataView(output.buffer);
/** What the encoder packs: a copy of the values, or what they are scaled to. */
const column = new Float64Array(CHUNK_POINTS_MAX);
const columnWords = new Uint32Array(column.buffer);
const exceptions = new Uint16Array(256);
const lowWords = new Uint32Array(BLOCK_NUMBERS);
const highWords = new Uint32Array(BLOCK_NUMBERS);
/** The packed words of one column. */
const packedWords = new Uint32Array(CHUNK_POINTS_MAX * 2 + 1);
const packed = new Uint8Array(packedWords.buffer);
const timeBases = new Float64Array(BLOCKS_MAX);
const timeWidths = new Uint8Array(BLOCKS_MAX);
const thousandWidths = new Uint8Array(BLOCKS_MAX);
const valueBases = new Float64Array(BLOCKS_MAX);
const valueWidths = new Uint8Array(BLOCKS_MAX);
const valueTrailing = new Uint8Array(BLOCKS_MAX);
let exceptionCount = 0;
let low = 0;
let high = 0;

/** The chunk of the points `from` to before `to`, in the place of those of the `covers` sequences before it. */
export function encodeChunk(
  times: Float64Array,
  values: Float64Array,
  from: number,
  to: number,
  covers = 0,
): Uint8Array {
  const count = to - from;
  const first = times[from]!;
  const last = times[to - 1]!;
  const isWide = last - first > Number.MAX_SAFE_INTEGER;
  const kind = isWide ? CHUNK.timesWide : rangeTimes(times, from, count);
  const unit = kind === CHUNK.timesThousands ? THOUSAND : 1;
  const scale = findScale(values, from, count);
  const isScaled = scale !== CHUNK.scaleNone;
  let end = writeVarint(0, count);
  const flags = (exceptionCount > 0 ? CHUNK.hasExceptions : 0) | (covers > 0 ? CHUNK.isJoined : 0);
  output[end++] = scale | kind | flags;
  if (covers > 0) end = writeVarint(end, covers);
  end = writeSigned(end, first);
  if (count > 1) end = isWide ? writeSigned(end, last) : writeVarint(end, last - first);
  if (isScaled) {
    end = writeSigned(end, column[0]!);
  } else {
    column.set(values.subarray(from, to));
    outputView.setFloat64(end, column[0]!, true);
    end += 8;
  }
  if (!isWide) end = writeTimeTable(count, unit, end);
  end = isScaled ? writeMantissaTable(count, end) : writeBitTable(count, end);
  end = isWide ? writeWide(times, from, count, end) : packTimes(times, from, count, unit, end);
  end = isScaled ? packMantissas(count, end) : packBits(count, end);
  if (exceptionCount > 0) end = writeExceptions(values, from, end);
  return output.slice(0, end);
}

function writeVarint(at: number, value: number): number {
  let end = at;
  let rest = value;
  while (rest >= 0x80) {
    output[end++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  output[end++] = rest;
  return end;
}

/** LEB128 of twice the magnitude, plus 1 below zero. */
function writeSigned(at: number, value: number): number {
  const magnitude = Math.abs(value);
  const lowest = (magnitude % 64) * 2 + (value < 0 ? 1 : 0);
  if (magnitude < 64) {
    output[at] = lowest;
    return at + 1;
  }
  output[at] = lowest | 0x80;
  return writeVarint(at + 1, Math.floor(magnitude / 64));
}

const blocksOf = (count: number): number => (count - 1 + BLOCK_NUMBERS - 1) >>> 7;
const blockSize = (count: number, block: number): number =>
  Math.min(BLOCK_NUMBERS, count - 1 - block * BLOCK_NUMBERS);

/** Bits of an integer from 0 to 2^53. */
const bitsOf = (integer: number): number =>
  integer < TWO_32 ? 32 - Math.clz32(integer) : 64 - Math.clz32(integer / TWO_32);

// --- choosing --------------------------------------------------------------------------------------------------------

/** Notes least difference and width of each block of times; gives what the differences are multiples of. */
function rangeTimes(times: Float64Array, from: number, count: number): number {
  let areThousands = count > 1;
  for (let block = blocksOf(count) - 1; block >= 0; block--) {
    const start = from + 1 + block * BLOCK_NUMBERS;
    const size = blockSize(count, block);
    range(times, start, size);
    timeBases[block] = low;
    timeWidths[block] = bitsOf(high - low);
    if (areThousands) areThousands = areMultiples(times, start, size);
    if (areThousands) thousandWidths[block] = bitsOf((high - low) / THOUSAND);
  }
  return areThousands ? CHUNK.timesThousands : CHUNK.timesUnits;
}

/** Leaves the least and the greatest difference in `low` and `high`. */
function range(numbers: Float64Array, start: number, size: number): void {
  let previous = numbers[start - 1]!;
  let least = numbers[start]! - previous;
  let most = least;
  for (let index = start, end = start + size; index < end; index++) {
    const number = numbers[index]!;
    const difference = number - previous;
    previous = number;
    if (difference < least) least = difference;
    if (difference > most) most = difference;
  }
  low = least;
  high = most;
}

function areMultiples(times: Float64Array, start: number, size: number): boolean {
  if (!isThousands(low) || !isThousands(high)) return false;
  if (low === high) return true;
  for (let index = start; index < start + size; index++) {
    if (!isThousands(times[index]! - times[index - 1]!)) return false;
  }
  return true;
}

const isThousands = (difference: number): boolean =>
  Math.floor(difference / THOUSAND) * THOUSAND === difference;

/** The scale that makes integers of all values but a few; leaves them in `column`, and where the few are. */
function findScale(values: Float64Array, from: number, count: number): number {
  const limit = count >>> CHUNK.exceptionShift;
  for (let scale = 0; scale <= CHUNK.scaleMax; scale++) {
    if (tryScale(values, from, count, CHUNK.powers[scale]!, limit)) return scale;
  }
  exceptionCount = 0;
  return CHUNK.scaleNone;
}

/** Scales block by block until too many values become no integers; notes least difference and width of each block. */
function tryScale(values: Float64Array, from: number, count: number, power: number, limit: number): boolean {
  exceptionCount = 0;
  column[0] = 0;
  if (!scaleBlock(values, from, 0, 1, power, limit)) return false;
  for (let block = 0, blocks = blocksOf(count); block < blocks; block++) {
    if (!scaleBlock(values, from, 1 + block * BLOCK_NUMBERS, blockSize(count, block), power, limit))
      return false;
    valueBases[block] = low;
    valueWidths[block] = bitsOf(high - low);
  }
  return true;
}

/** An exception counts as the value before it. Leaves the least and the greatest difference in `low` and `high`. */
function scaleBlock(
  values: Float64Array,
  from: number,
  start: number,
  size: number,
  power: number,
  limit: number,
): boolean {
  let previous = start === 0 ? 0 : column[start - 1]!;
  let least = Infinity;
  let most = -Infinity;
  for (let index = start, end = start + size; index < end; index++) {
    const value = values[from + index]!;
    const scaled = value * power;
    let mantissa = scaled + ROUNDER - ROUNDER;
    if (
      mantissa / power !== value ||
      scaled > CHUNK.mantissaMax ||
      scaled < -CHUNK.mantissaMax ||
      (mantissa === 0 && Object.is(value, -0))
    ) {
      if (exceptionCount === limit) return false;
      exceptions[exceptionCount++] = index;
      mantissa = previous;
    }
    const difference = mantissa - previous;
    previous = mantissa;
    column[index] = mantissa;
    if (difference < least) least = difference;
    if (difference > most) most = difference;
  }
  low = least;
  high = most;
  return true;
}

// --- tables ----------------------------------------------------------------------------------------------------------

function writeTimeTable(count: number, unit: number, at: number): number {
  let end = at;
  const widths = unit === 1 ? timeWidths : thousandWidths;
  for (let block = 0, blocks = blocksOf(count); block < blocks; block++) {
    output[end] = widths[block]!;
    end = writeVarint(end + 1, timeBases[block]! / unit);
  }
  return end;
}

function writeMantissaTable(count: number, at: number): number {
  let end = at;
  for (let block = 0, blocks = blocksOf(count); block < blocks; block++) {
    output[end] = valueWidths[block]!;
    end = writeSigned(end + 1, valueBases[block]!);
  }
  return end;
}

/** The bits in which neighbours differ anywhere in each block. */
function writeBitTable(count: number, at: number): number {
  let end = at;
  for (let block = 0, blocks = blocksOf(count); block < blocks; block++) {
    const start = 2 + block * BLOCK_NUMBERS * 2;
    let lower = 0;
    let upper = 0;
    for (let word = start; word < start + blockSize(count, block) * 2; word += 2) {
      lower |= columnWords[word]! ^ columnWords[word - 2]!;
      upper |= columnWords[word + 1]! ^ columnWords[word - 1]!;
    }
    const leading = upper !== 0 ? Math.clz32(upper) : 32 + Math.clz32(lower);
    const trailing = lower !== 0 ? trailingZeros(lower) : upper !== 0 ? 32 + trailingZeros(upper) : 0;
    const width = leading === 64 ? 0 : 64 - leading - trailing;
    valueWidths[block] = width;
    valueTrailing[block] = trailing;
    output[end++] = width;
    output[end++] = trailing;
  }
  return end;
}

const trailingZeros = (word: number): number => 31 - Math.clz32(word & -word);

// --- packing ---------------------------------------------------------------------------------------------------------

function writeWide(times: Float64Array, from: number, count: number, at: number): number {
  let end = at;
  for (let index = 1; index < count - 1; index++) {
    outputView.setFloat64(end, times[from + index]! + 0, true);
    end += 8;
  }
  return end;
}

function packTimes(times: Float64Array, from: number, count: number, unit: number, at: number): number {
  const widths = unit === 1 ? timeWidths : thousandWidths;
  return packDifferences(times, from, count, timeBases, widths, unit, at);
}

function packMantissas(count: number, at: number): number {
  return packDifferences(column, 0, count, valueBases, valueWidths, 1, at);
}

function packDifferences(
  numbers: Float64Array,
  from: number,
  count: number,
  bases: Float64Array,
  widths: Uint8Array,
  unit: number,
  at: number,
): number {
  let bytes = 0;
  for (let block = 0, blocks = blocksOf(count); block < blocks; block++) {
    const width = widths[block]!;
    if (width === 0) continue;
    const start = from + 1 + block * BLOCK_NUMBERS;
    const size = blockSize(count, block);
    const to = bytes >>> 2;
    if (unit === 1 && width < 32 && size === BLOCK_NUMBERS) {
      packBlockDifferences(numbers, start, bases[block]!, width, to);
    } else {
      if (unit === 1) splitDifferences(numbers, start, size, bases[block]!, width);
      else splitThousands(numbers, start, size, bases[block]!, width);
      packHalves(size, width, to);
    }
    bytes += packedBytes(size, width);
  }
  return writePacked(bytes, at);
}

function writePacked(length: number, at: number): number {
  output.set(packed.subarray(0, length), at);
  return at + length;
}

/** Packs the differences of a full block above the base, of 1 to 31 bits, as they are made. */
function packBlockDifferences(
  numbers: Float64Array,
  start: number,
  base: number,
  width: number,
  at: number,
): void {
  let [word0, word1, word2, word3] = [0, 0, 0, 0];
  let filled = 0;
  let to = at;
  let previous = numbers[start - 1]!;
  for (let index = start, end = start + BLOCK_NUMBERS; index < end; index += 4) {
    const number0 = numbers[index]!;
    const number1 = numbers[index + 1]!;
    const number2 = numbers[index + 2]!;
    const number3 = numbers[index + 3]!;
    const offset0 = (number0 - previous - base) | 0;
    const offset1 = (number1 - number0 - base) | 0;
    const offset2 = (number2 - number1 - base) | 0;
    const offset3 = (number3 - number2 - base) | 0;
    previous = number3;
    word0 |= offset0 << filled;
    word1 |= offset1 << filled;
    word2 |= offset2 << filled;
    word3 |= offset3 << filled;
    filled += width;
    if (filled < 32) continue;
    packedWords[to] = word0;
    packedWords[to + 1] = word1;
    packedWords[to + 2] = word2;
    packedWords[to + 3] = word3;
    to += 4;
    filled -= 32;
    const used = width - filled;
    word0 = offset0 >>> used;
    word1 = offset1 >>> used;
    word2 = offset2 >>> used;
    word3 = offset3 >>> used;
  }
}

/** Differences above the base as words of 32 bits. */
function splitDifferences(
  numbers: Float64Array,
  start: number,
  size: number,
  base: number,
  width: number,
): void {
  let previous = numbers[start - 1]!;
  if (width <= 32) {
    for (let index = 0; index < size; index++) {
      const number = numbers[start + index]!;
      lowWords[index] = number - previous - base;
      previous = number;
    }
    return;
  }
  for (let index = 0; index < size; index++) {
    const number = numbers[start + index]!;
    split(index, number - previous - base);
    previous = number;
  }
}

function splitThousands(times: Float64Array, start: number, size: number, base: number, width: number): void {
  for (let index = 0; index < size; index++) {
    const offset = (times[start + index]! - times[start + index - 1]! - base) / THOUSAND;
    if (width <= 32) lowWords[index] = offset;
    else split(index, offset);
  }
}

function split(index: number, offset: number): void {
  const upper = Math.floor(offset / TWO_32);
  highWords[index] = upper;
  lowWords[index] = offset - upper * TWO_32;
}

function packBits(count: number, at: number): number {
  let bytes = 0;
  for (let block = 0, blocks = blocksOf(count); block < blocks; block++) {
    const width = valueWidths[block]!;
    if (width === 0) continue;
    const size = blockSize(count, block);
    splitBits(2 + block * BLOCK_NUMBERS * 2, size, valueTrailing[block]!);
    packHalves(size, width, bytes >>> 2);
    bytes += packedBytes(size, width);
  }
  return writePacked(bytes, at);
}

function splitBits(start: number, size: number, trailing: number): void {
  const isFar = trailing >= 32;
  const shift = trailing & 31;
  for (let index = 0, word = start; index < size; index++, word += 2) {
    const lower = columnWords[word]! ^ columnWords[word - 2]!;
    const upper = columnWords[word + 1]! ^ columnWords[word - 1]!;
    if (isFar) {
      lowWords[index] = upper >>> shift;
      highWords[index] = 0;
    } else {
      lowWords[index] = shift === 0 ? lower : (lower >>> shift) | (upper << (32 - shift));
      highWords[index] = upper >>> shift;
    }
  }
}

function packHalves(size: number, width: number, to: number): void {
  pack(lowWords, size, Math.min(width, 32), packedWords, to);
  if (width > 32) pack(highWords, size, width - 32, packedWords, to + size);
}

function writeExceptions(values: Float64Array, from: number, at: number): number {
  let end = writeVarint(at, exceptionCount);
  for (let number = 0; number < exceptionCount; number++) {
    const index = exceptions[number]!;
    outputView.setUint16(end, index, true);
    outputView.setFloat64(end + 2, values[from + index]!, true);
    end += CHUNK.exceptionBytes;
  }
  return end;
}
