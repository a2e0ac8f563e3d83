// Writes the varints and packed columns of docs/wire-format.md into one growing buffer, which is reused.
// Cost: one pass over the values of a block to find its width, one to write it.
import { writeVarint } from "../../wire/varint.ts";
import { BLOCK_VALUES } from "./column-reader.ts";

const TWO_32 = 2 ** 32;
const INITIAL_BYTES = 1024;
/** A buffer above this is given back after use. */
const KEPT_BYTES_MAX = 1048576;

export class ColumnWriter {
  bytes = new Uint8Array(INITIAL_BYTES);
  length = 0;
  #view = new DataView(this.bytes.buffer);
  readonly #block = new Float64Array(BLOCK_VALUES);
  #blockLength = 0;

  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.reserve(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  f64(value: number): void {
    this.reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  varint(value: number): void {
    this.reserve(8);
    this.length = writeVarint(this.bytes, this.length, value);
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** The next value of the column being written. */
  value(value: number): void {
    this.#block[this.#blockLength++] = value;
    if (this.#blockLength === BLOCK_VALUES) this.endColumn();
  }

  /** Writes what is left of the column. */
  endColumn(): void {
    const count = this.#blockLength;
    if (count === 0) return;
    const block = this.#block;
    let largest = 0;
    for (let index = 0; index < count; index++) if (block[index]! > largest) largest = block[index]!;
    const width = largest === 0 ? 0 : largest < 0x100 ? 1 : largest < 0x10000 ? 2 : largest < TWO_32 ? 4 : 8;
    this.reserve(1 + count * width);
    this.bytes[this.length++] = width;
    const view = this.#view;
    let offset = this.length;
    if (width === 1) for (let index = 0; index < count; index++) this.bytes[offset + index] = block[index]!;
    else if (width === 2) {
      for (let index = 0; index < count; index++, offset += 2) view.setUint16(offset, block[index]!, true);
    } else if (width >= 4) {
      for (let index = 0; index < count; index++, offset += width) {
        const value = block[index]!;
        view.setUint32(offset, value % TWO_32, true);
        if (width === 8) view.setUint32(offset + 4, Math.floor(value / TWO_32), true);
      }
    }
    this.length += count * width;
    this.#blockLength = 0;
  }

  /** A copy of what was written; the buffer is ready for the next. */
  take(): Uint8Array {
    const bytes = this.bytes.slice(0, this.length);
    this.length = 0;
    if (this.bytes.length > KEPT_BYTES_MAX) {
      this.bytes = new Uint8Array(INITIAL_BYTES);
      this.#view = new DataView(this.bytes.buffer);
    }
    return bytes;
  }
}
