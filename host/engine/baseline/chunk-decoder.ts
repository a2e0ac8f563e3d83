// Decodes series chunks (docs/wire-format.md, "Series chunks"): the twin of assembly/kernels/chunk-decode.ts, which refuses
// the same bytes. A block whose numbers take at most 25 bits is summed up in words of 32 bits, as it is unpacked, and added
// to a straight line; the others go one by one. Cost: one pass over each column.
import { CHUNK_POINTS_MAX } from "../../limits.ts";
import { BLOCK_NUMBERS, packedBytes, unpack } from "./bit-packing.ts";
import { CHUNK } from "./chunk-format.ts";
import { blockSize, ChunkReader } from "./chunk-reader.ts";

const TWO_32 = 4294967296;
/** 128 numbers of so many bits sum up to less than 2^32. */
const SUMMED_BITS_MAX = 25;
const SUMMED_END = 4294967296;
const THOUSAND = 1000;

const reader = new ChunkReader();
const lowWords = new Uint32Array(BLOCK_NUMBERS);
const highWords = new Uint32Array(BLOCK_NUMBERS);
/** The packed words of one column, and a word that a block may look at behind its end. */
const packedWords = new Uint32Array(CHUNK_POINTS_MAX * 2 + 1);
const packed = new Uint8Array(packedWords.buffer);

/** Points of the chunk, read from its head; undefined where the head is malformed. */
export function openChunk(bytes: Uint8Array): ChunkReader | undefined {
  return reader.open(bytes) ? reader : undefined;
}

/**
 * Writes the points of the chunk that was opened last to both columns from `at` on, where there must be room; false
 * where the chunk is malformed, and the room is of unknown content then.
 */
export function decodeOpened(times: Float64Array, values: Float64Array, at: number): boolean {
  return decodeTimes(times, at) && decodeValues(values, at);
}

/** Writes the values of the chunk that was opened last; false where it is malformed, times included. */
export function decodeOver(column: Float64Array): boolean {
  return decodeTimes(column, 0) && decodeValues(column, 0);
}

/** Copies packed bytes of a column to where they are read as words. */
function takeWords(from: number, to: number): void {
  packed.set(reader.bytes.subarray(from, to));
}

function decodeTimes(to: Float64Array, at: number): boolean {
  if (reader.timesKind === CHUNK.timesWide) return wideTimes(to, at);
  const unit = reader.timesKind === CHUNK.timesThousands ? THOUSAND : 1;
  const last = reader.lastTime;
  takeWords(reader.packedTimes, reader.packedValues);
  let from = 0;
  let time = reader.firstTime;
  to[at] = time;
  for (let block = 0; block < reader.blocks; block++) {
    const size = blockSize(reader.count, block);
    const base = reader.timeBases[block]!;
    const width = reader.timeWidths[block]!;
    const start = at + 1 + block * BLOCK_NUMBERS;
    if (base * unit > last - time) return false;
    if (width === 0) time = line(size, time, base * unit, 1, to, start);
    else if (width > SUMMED_BITS_MAX) {
      unpackHalves(from, size, width);
      time = addTimes(size, time, base, unit, to, start);
    } else if (size === BLOCK_NUMBERS) time = sumUpBlock(from, width, time, base * unit, unit, 1, to, start);
    else {
      unpack(packedWords, from, size, width, lowWords);
      time = sumUp(size, time, base * unit, unit, 1, to, start);
    }
    if (!(time <= last)) return false;
    from += packedBytes(size, width) >>> 2;
  }
  return time === last;
}

function wideTimes(to: Float64Array, at: number): boolean {
  let previous = reader.firstTime;
  to[at] = previous;
  const end = reader.count - 1;
  for (let index = 1; index < end; index++) {
    const time = reader.double(reader.packedTimes + (index - 1) * 8);
    if (!(time >= previous) || !Number.isSafeInteger(time) || Object.is(time, -0)) return false;
    to[at + index] = time;
    previous = time;
  }
  to[at + end] = reader.lastTime;
  return previous <= reader.lastTime;
}

function decodeValues(to: Float64Array, at: number): boolean {
  const isDecoded = reader.scale === CHUNK.scaleNone ? decodeBits(to, at) : decodeScaled(to, at);
  if (!isDecoded) return false;
  for (let number = 0; number < reader.exceptionCount; number++) {
    const exceptionAt = reader.exceptionsAt + number * CHUNK.exceptionBytes;
    to[at + reader.exceptionIndex(exceptionAt)] = reader.double(exceptionAt + 2);
  }
  return true;
}

function decodeScaled(to: Float64Array, at: number): boolean {
  const power = CHUNK.powers[reader.scale]!;
  takeWords(reader.packedValues, reader.packedEnd);
  let from = 0;
  let mantissa = reader.firstValue;
  to[at] = mantissa / power;
  for (let block = 0; block < reader.blocks; block++) {
    const size = blockSize(reader.count, block);
    const base = reader.valueBases[block]!;
    const width = reader.valueWidths[block]!;
    const start = at + 1 + block * BLOCK_NUMBERS;
    const farthest = Math.abs(mantissa) + BLOCK_NUMBERS * Math.abs(base) + SUMMED_END;
    if (width > SUMMED_BITS_MAX || farthest > CHUNK.mantissaMax) {
      unpackHalves(from, size, width);
      mantissa = addMantissas(size, mantissa, base, power, to, start);
      if (Number.isNaN(mantissa)) return false;
    } else if (width === 0) mantissa = line(size, mantissa, base, power, to, start);
    else if (size === BLOCK_NUMBERS) {
      mantissa = sumUpBlock(from, width, mantissa, base, 1, power, to, start);
    } else {
      unpack(packedWords, from, size, width, lowWords);
      mantissa = sumUp(size, mantissa, base, 1, power, to, start);
    }
    from += packedBytes(size, width) >>> 2;
  }
  return true;
}

/** Writes `start` plus 1, 2 … `count` steps, as `power`-ths; gives the last before division. */
function line(
  count: number,
  start: number,
  step: number,
  power: number,
  to: Float64Array,
  at: number,
): number {
  let total = start;
  if (power === 1) {
    for (let index = at, end = at + count; index < end; index++) {
      total += step;
      to[index] = total;
    }
  } else {
    for (let index = at, end = at + count; index < end; index++) {
      total += step;
      to[index] = total / power;
    }
  }
  return total;
}

/** The same with `unit` times the sum of the words so far, which stays below 2^32. */
function sumUp(
  count: number,
  start: number,
  step: number,
  unit: number,
  power: number,
  to: Float64Array,
  at: number,
): number {
  let sum = 0;
  let total = start;
  for (let index = 0; index < count; index++) {
    sum += lowWords[index]!;
    total = start + (index + 1) * step + unit * sum;
    to[at + index] = total / power;
  }
  return total;
}

/** The same for a full block of numbers of 1 to 25 bits, which are unpacked on the way. */
function sumUpBlock(
  from: number,
  width: number,
  start: number,
  step: number,
  unit: number,
  power: number,
  to: Float64Array,
  at: number,
): number {
  const words = packedWords;
  const mask = (1 << width) - 1;
  let word = from;
  let used = 0;
  let sum = 0;
  let straight = start;
  for (let index = at, end = at + BLOCK_NUMBERS; index < end; index += 4) {
    let number0 = words[word]! >>> used;
    let number1 = words[word + 1]! >>> used;
    let number2 = words[word + 2]! >>> used;
    let number3 = words[word + 3]! >>> used;
    used += width;
    if (used >= 32) {
      used -= 32;
      word += 4;
      if (used > 0) {
        const left = width - used;
        number0 |= words[word]! << left;
        number1 |= words[word + 1]! << left;
        number2 |= words[word + 2]! << left;
        number3 |= words[word + 3]! << left;
      }
    }
    const sum0 = (sum + (number0 & mask)) | 0;
    const sum1 = (sum0 + (number1 & mask)) | 0;
    const sum2 = (sum1 + (number2 & mask)) | 0;
    sum = (sum2 + (number3 & mask)) | 0;
    const total0 = straight + step + unit * (sum0 >>> 0);
    const total1 = straight + 2 * step + unit * (sum1 >>> 0);
    const total2 = straight + 3 * step + unit * (sum2 >>> 0);
    straight += 4 * step;
    const total3 = straight + unit * (sum >>> 0);
    if (power === 1) {
      to[index] = total0;
      to[index + 1] = total1;
      to[index + 2] = total2;
      to[index + 3] = total3;
    } else {
      to[index] = total0 / power;
      to[index + 1] = total1 / power;
      to[index + 2] = total2 / power;
      to[index + 3] = total3 / power;
    }
  }
  return straight + unit * (sum >>> 0);
}

/** Unpacks numbers of any width into low and high words. */
function unpackHalves(from: number, count: number, width: number): void {
  unpack(packedWords, from, count, Math.min(width, 32), lowWords);
  unpack(packedWords, from + count, count, Math.max(width - 32, 0), highWords);
}

function addTimes(
  count: number,
  start: number,
  base: number,
  unit: number,
  to: Float64Array,
  at: number,
): number {
  let time = start;
  for (let index = 0; index < count; index++) {
    time += (base + (highWords[index]! * TWO_32 + lowWords[index]!)) * unit;
    to[at + index] = time;
  }
  return time;
}

/** NaN where one leaves the range of scaled values. */
function addMantissas(
  count: number,
  start: number,
  base: number,
  power: number,
  to: Float64Array,
  at: number,
): number {
  let mantissa = start;
  for (let index = 0; index < count; index++) {
    mantissa = mantissa + base + (highWords[index]! * TWO_32 + lowWords[index]!);
    if (Math.abs(mantissa) > CHUNK.mantissaMax) return Number.NaN;
    to[at + index] = mantissa / power;
  }
  return mantissa;
}

/** Values that are no scaled integers: each is the one before with some bits flipped. */
function decodeBits(to: Float64Array, at: number): boolean {
  const words = new Uint32Array(to.buffer, to.byteOffset, to.length * 2);
  takeWords(reader.packedValues, reader.packedEnd);
  let from = 0;
  to[at] = reader.firstValue;
  for (let block = 0; block < reader.blocks; block++) {
    const size = blockSize(reader.count, block);
    const width = reader.valueWidths[block]!;
    const start = at + 1 + block * BLOCK_NUMBERS;
    unpackHalves(from, size, width);
    flip(words, start * 2, size, reader.valueTrailing[block]!);
    for (let index = start, end = start + size; index < end; index++) {
      if (Number.isNaN(to[index])) return false;
    }
    from += packedBytes(size, width) >>> 2;
  }
  return true;
}

function flip(words: Uint32Array, start: number, count: number, trailing: number): void {
  let lower = words[start - 2]!;
  let upper = words[start - 1]!;
  const isFar = trailing >= 32;
  const shift = trailing & 31;
  for (let index = 0, word = start; index < count; index++, word += 2) {
    const low = lowWords[index]!;
    if (isFar) {
      upper ^= low << shift;
    } else {
      lower ^= low << shift;
      upper ^= shift === 0 ? highWords[index]! : (highWords[index]! << shift) | (low >>> (32 - shift));
    }
    words[word] = lower;
    words[word + 1] = upper;
  }
}
