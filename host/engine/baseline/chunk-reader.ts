// Reads the head of a series chunk (docs/wire-format.md, "Series chunks"): the twin of assembly/kernels/chunk-reader.ts.
// Hostile bytes are refused by the same rules; a chunk whose head is read holds exactly the bytes it says.
// Cost: the blocks, one for 128 points.
import { CHUNK_POINTS_MAX } from "../../limits.ts";
import { BLOCK_NUMBERS, isTailClean, packedBytes } from "./bit-packing.ts";
import { CHUNK } from "./chunk-format.ts";

const POINT_BITS = 64;
const BLOCKS_MAX = CHUNK_POINTS_MAX / BLOCK_NUMBERS;
const VARINT_BYTES_MAX = 8;
const COVERS_MAX = 0xffff_ffff;
const doubleBytes = new Uint8Array(8);
const double = new Float64Array(doubleBytes.buffer);

/** Differences in block `block` of a chunk of `count` points. */
export const blockSize = (count: number, block: number): number =>
  Math.min(BLOCK_NUMBERS, count - 1 - block * BLOCK_NUMBERS);

export class ChunkReader {
  bytes: Uint8Array = new Uint8Array(0);
  count = 0;
  /** How many sequences before its own the chunk stands for; 0: it stands for itself alone. */
  covers = 0;
  blocks = 0;
  scale = 0;
  timesKind = 0;
  firstTime = 0;
  lastTime = 0;
  /** The first value: itself where the values are not scaled, else scaled. */
  firstValue = 0;
  packedTimes = 0;
  packedValues = 0;
  packedEnd = 0;
  exceptionsAt = 0;
  exceptionCount = 0;
  readonly timeBases = new Float64Array(BLOCKS_MAX);
  readonly timeWidths = new Uint8Array(BLOCKS_MAX);
  readonly valueBases = new Float64Array(BLOCKS_MAX);
  readonly valueWidths = new Uint8Array(BLOCKS_MAX);
  readonly valueTrailing = new Uint8Array(BLOCKS_MAX);
  #at = 0;
  #isValid = true;

  /** Whether `bytes` have the head of a chunk and the length it asks for. */
  open(bytes: Uint8Array): boolean {
    this.bytes = bytes;
    this.#at = 0;
    this.#isValid = true;
    const count = this.#varint();
    if (!this.#isValid || count === 0 || count > CHUNK_POINTS_MAX || this.#at === bytes.length) return false;
    const coding = bytes[this.#at++]!;
    const scale = coding & CHUNK.scaleMask;
    const kind = coding & CHUNK.timesMask;
    const hasExceptions = (coding & CHUNK.hasExceptions) !== 0;
    if (scale > CHUNK.scaleMax && scale !== CHUNK.scaleNone) return false;
    if (kind > CHUNK.timesWide || (count === 1 && kind !== 0)) return false;
    if (scale === CHUNK.scaleNone && hasExceptions) return false;
    this.covers = (coding & CHUNK.isJoined) === 0 ? 0 : this.#varint();
    if (!this.#isValid || this.covers > COVERS_MAX) return false;
    if ((coding & CHUNK.isJoined) !== 0 && this.covers === 0) return false;
    this.count = count;
    this.blocks = (count - 1 + BLOCK_NUMBERS - 1) >>> 7;
    this.scale = scale;
    this.timesKind = kind;
    this.exceptionCount = 0;
    return (
      this.#readEnds() &&
      this.#readFirstValue() &&
      (kind === CHUNK.timesWide || this.#readTimeTable()) &&
      this.#readValueTable() &&
      this.#checkLength(hasExceptions)
    );
  }

  /** The double at `at`. */
  double(at: number): number {
    for (let index = 0; index < 8; index++) doubleBytes[index] = this.bytes[at + index]!;
    return double[0]!;
  }

  exceptionIndex(at: number): number {
    return this.bytes[at]! | (this.bytes[at + 1]! << 8);
  }

  /** Unsigned LEB128 below 2^53, minimal; clears `#isValid` otherwise. */
  #varint(): number {
    const { bytes } = this;
    const start = this.#at;
    const end = Math.min(bytes.length, start + VARINT_BYTES_MAX);
    let value = 0;
    let scale = 1;
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte >= 0x80) continue;
      this.#at = at + 1;
      if (value > Number.MAX_SAFE_INTEGER || (byte === 0 && at > start)) this.#isValid = false;
      return value;
    }
    this.#at = end;
    this.#isValid = false;
    return 0;
  }

  /** A signed varint within ±`largest`: the lowest bit is the sign. Clears `#isValid` otherwise. */
  #signed(largest: number): number {
    const { bytes } = this;
    const start = this.#at;
    const end = Math.min(bytes.length, start + VARINT_BYTES_MAX);
    let magnitude = 0;
    let scale = 64;
    let at = start;
    let byte = 0x80;
    if (at < end) {
      byte = bytes[at++]!;
      magnitude = (byte & 0x7f) >>> 1;
    }
    while (byte >= 0x80 && at < end) {
      byte = bytes[at++]!;
      magnitude += (byte & 0x7f) * scale;
      scale *= 128;
    }
    this.#at = at;
    const isNegative = at > start && (bytes[start]! & 1) === 1;
    const isMinimal = byte !== 0 || at === start + 1;
    if (byte >= 0x80 || !isMinimal || magnitude > largest || (isNegative && magnitude === 0)) {
      this.#isValid = false;
    }
    return isNegative ? -magnitude : magnitude;
  }

  #readEnds(): boolean {
    const first = this.#signed(Number.MAX_SAFE_INTEGER);
    let last = first;
    const isWide = this.timesKind === CHUNK.timesWide;
    if (this.count > 1) last = isWide ? this.#signed(Number.MAX_SAFE_INTEGER) : first + this.#varint();
    this.firstTime = first;
    this.lastTime = last;
    if (isWide && !(last - first > Number.MAX_SAFE_INTEGER)) return false;
    return this.#isValid && last <= Number.MAX_SAFE_INTEGER;
  }

  #readFirstValue(): boolean {
    if (this.scale !== CHUNK.scaleNone) {
      this.firstValue = this.#signed(CHUNK.mantissaMax);
      return this.#isValid;
    }
    if (this.bytes.length - this.#at < 8) return false;
    this.firstValue = this.double(this.#at);
    this.#at += 8;
    return !Number.isNaN(this.firstValue);
  }

  /** The width of a block, or more than any. */
  #width(): number {
    return this.#at < this.bytes.length ? this.bytes[this.#at++]! : 0xff;
  }

  #readTimeTable(): boolean {
    for (let block = 0; block < this.blocks; block++) {
      const width = this.#width();
      if (width > CHUNK.differenceBitsMax) return false;
      this.timeWidths[block] = width;
      this.timeBases[block] = this.#varint();
      if (!this.#isValid) return false;
    }
    return true;
  }

  #readValueTable(): boolean {
    for (let block = 0; block < this.blocks; block++) {
      const width = this.#width();
      this.valueWidths[block] = width;
      if (this.scale === CHUNK.scaleNone) {
        const trailing = this.#width();
        if (width + trailing > POINT_BITS || (width === 0 && trailing !== 0)) return false;
        this.valueTrailing[block] = trailing;
      } else {
        if (width > CHUNK.differenceBitsMax) return false;
        this.valueBases[block] = this.#signed(2 * CHUNK.mantissaMax);
        if (!this.#isValid) return false;
      }
    }
    return true;
  }

  /** Finds where the packed bytes stand, and whether they end where the chunk does. */
  #checkLength(hasExceptions: boolean): boolean {
    const isWide = this.timesKind === CHUNK.timesWide;
    let timeBytes = isWide ? (this.count - 2) * 8 : 0;
    let valueBytes = 0;
    for (let block = 0; block < this.blocks; block++) {
      const size = blockSize(this.count, block);
      if (!isWide) timeBytes += packedBytes(size, this.timeWidths[block]!);
      valueBytes += packedBytes(size, this.valueWidths[block]!);
    }
    if (timeBytes + valueBytes > this.bytes.length - this.#at) return false;
    this.packedTimes = this.#at;
    this.packedValues = this.#at + timeBytes;
    this.packedEnd = this.packedValues + valueBytes;
    this.#at = this.packedEnd;
    if (!this.#areTailsClean()) return false;
    if (hasExceptions && !this.#readExceptions()) return false;
    return this.#at === this.bytes.length;
  }

  /** Whether the bits left over behind the last block of times and of values are 0. */
  #areTailsClean(): boolean {
    if (this.blocks === 0) return true;
    const last = this.blocks - 1;
    if (!this.#isClean(this.#at, this.valueWidths[last]!)) return false;
    return this.timesKind === CHUNK.timesWide || this.#isClean(this.packedValues, this.timeWidths[last]!);
  }

  /** Only the last stream of a block ends within a byte: full blocks and halves of 32 bits do not. */
  #isClean(end: number, width: number): boolean {
    const size = blockSize(this.count, this.blocks - 1);
    if (size === BLOCK_NUMBERS || width === 0) return true;
    const stream = width <= 32 ? width : width - 32;
    return isTailClean(this.bytes, end - ((size * stream + 7) >>> 3), size, stream);
  }

  #readExceptions(): boolean {
    const count = this.#varint();
    if (!this.#isValid || count === 0 || count > this.count >>> CHUNK.exceptionShift) return false;
    this.exceptionsAt = this.#at;
    this.exceptionCount = count;
    if (count * CHUNK.exceptionBytes > this.bytes.length - this.#at) return false;
    this.#at += count * CHUNK.exceptionBytes;
    let next = 0;
    for (let at = this.exceptionsAt; at < this.#at; at += CHUNK.exceptionBytes) {
      const index = this.exceptionIndex(at);
      if (index < next || index >= this.count || Number.isNaN(this.double(at + 2))) return false;
      next = index + 1;
    }
    return true;
  }
}
