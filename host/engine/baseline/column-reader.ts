// Reads the varints and packed columns of docs/wire-format.md with every bound checked. Cost: one pass a column.
import { CrdtError } from "../../errors.ts";
import { type ByteCursor, readVarint } from "../../wire/varint.ts";

export const BLOCK_VALUES = 256;
const TWO_32 = 2 ** 32;
const TWO_21 = 2 ** 21;
const SATURATED = 0xffff_ffff;

export class ColumnReader implements ByteCursor {
  bytes: Uint8Array = new Uint8Array(0);
  offset = 0;
  /** Where the checksum begins. */
  end = 0;
  #view: DataView = new DataView(this.bytes.buffer);

  /** Begins to read `bytes` at `offset`. */
  open(bytes: Uint8Array, offset: number, end: number): void {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  varint(what: string): number {
    const begin = this.offset;
    const value = readVarint(this);
    if (value < 0 || this.offset > this.end)
      throw malformed(`the ${what} at byte ${begin} is no minimal varint`);
    return value;
  }

  u8(what: string): number {
    this.need(1, what);
    return this.bytes[this.offset++]!;
  }

  need(count: number, what: string): void {
    if (this.offset + count > this.end) throw malformed(`the ${what} at byte ${this.offset} is cut off`);
  }

  /** Reads `count` values; those of 2^32 and more become 2^32 − 1. */
  column(count: number, target: Uint32Array, what: string): void {
    for (let begin = 0; begin < count; begin += BLOCK_VALUES) {
      const end = Math.min(count, begin + BLOCK_VALUES);
      const width = this.#openBlock(end - begin, what);
      if (width === 8) this.#wideBlock(target, begin, end, what);
      else this.#block(width, target, begin, end, what);
    }
  }

  /** Reads `count` values below 2^53. */
  wideColumn(count: number, target: Float64Array, what: string): void {
    for (let begin = 0; begin < count; begin += BLOCK_VALUES) {
      const end = Math.min(count, begin + BLOCK_VALUES);
      const width = this.#openBlock(end - begin, what);
      if (width === 8) this.#wideFloatBlock(target, begin, end, what);
      else this.#floatBlock(width, target, begin, end, what);
    }
  }

  #openBlock(count: number, what: string): number {
    const width = this.u8(what);
    if (width > 8 || (width & (width - 1)) !== 0)
      throw malformed(`a block of ${what} is ${width} bytes wide`);
    this.need(count * width, what);
    return width;
  }

  #block(width: number, target: Uint32Array, begin: number, end: number, what: string): void {
    if (width === 0) {
      target.fill(0, begin, end);
      return;
    }
    const view = this.#view;
    const { bytes } = this;
    let offset = this.offset;
    let bits = 0;
    if (width === 1) {
      for (let index = begin; index < end; index++) bits |= target[index] = bytes[offset++]!;
    } else if (width === 2) {
      for (let index = begin; index < end; index++, offset += 2) {
        bits |= target[index] = view.getUint16(offset, true);
      }
    } else {
      for (let index = begin; index < end; index++, offset += 4) {
        bits |= target[index] = view.getUint32(offset, true);
      }
    }
    this.offset = offset;
    this.#checkMinimal(width, bits, what);
  }

  #wideBlock(target: Uint32Array, begin: number, end: number, what: string): void {
    const view = this.#view;
    let offset = this.offset;
    let highBits = 0;
    for (let index = begin; index < end; index++, offset += 8) {
      const high = view.getUint32(offset + 4, true);
      highBits |= high;
      target[index] = high === 0 ? view.getUint32(offset, true) : SATURATED;
    }
    this.offset = offset;
    if (highBits === 0) throw tooWide(8, what);
  }

  #floatBlock(width: number, target: Float64Array, begin: number, end: number, what: string): void {
    const view = this.#view;
    const { bytes } = this;
    let offset = this.offset;
    let bits = 0;
    if (width === 0) {
      target.fill(0, begin, end);
      return;
    }
    for (let index = begin; index < end; index++, offset += width) {
      const value =
        width === 1
          ? bytes[offset]!
          : width === 2
            ? view.getUint16(offset, true)
            : view.getUint32(offset, true);
      bits |= value;
      target[index] = value;
    }
    this.offset = offset;
    this.#checkMinimal(width, bits, what);
  }

  #wideFloatBlock(target: Float64Array, begin: number, end: number, what: string): void {
    const view = this.#view;
    let offset = this.offset;
    let highBits = 0;
    for (let index = begin; index < end; index++, offset += 8) {
      const high = view.getUint32(offset + 4, true);
      highBits |= high;
      target[index] = view.getUint32(offset, true) + high * TWO_32;
    }
    this.offset = offset;
    if (highBits === 0) throw tooWide(8, what);
    if (highBits >>> 0 >= TWO_21) throw malformed(`a block of ${what} holds 2^53 or more`);
  }

  #checkMinimal(width: number, bits: number, what: string): void {
    if (bits >>> (width === 1 ? 0 : width * 4) === 0) throw tooWide(width, what);
  }
}

function tooWide(width: number, what: string): CrdtError {
  return malformed(`a block of ${what} is ${width} bytes wide and needs fewer`);
}

export function malformed(reason: string): CrdtError {
  return new CrdtError("malformed-delta", `malformed delta: ${reason}; ask the sender for it again`);
}
