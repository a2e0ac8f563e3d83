// A growable byte buffer that is written front to back and reused: mutation batches, values and preambles go
// through it. Writing costs a bounds check a call; growth doubles. `bytes` is replaced when it grows.
import { type ReplicaId, writeReplicaId } from "./replica-id.ts";
import { VARINT_BYTES_MAX, writeVarint } from "./varint.ts";

const INITIAL_BYTES = 4096;

export class ByteWriter {
  /** The buffer; its first `length` bytes are written. */
  bytes: Uint8Array;
  length = 0;
  #view: DataView;

  constructor(initialBytes: number = INITIAL_BYTES) {
    this.bytes = new Uint8Array(initialBytes);
    this.#view = new DataView(this.bytes.buffer);
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.length + count > this.bytes.length) this.#grow(count);
  }

  #grow(count: number): void {
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** A byte, two bytes little-endian, and `blanks` bytes that are overwritten later. */
  head(first: number, second: number, blanks: number): void {
    const end = this.length + 3 + blanks;
    if (end > this.bytes.length) this.#grow(3 + blanks);
    const { bytes, length } = this;
    bytes[length] = first;
    bytes[length + 1] = second;
    bytes[length + 2] = second >>> 8;
    this.length = end;
  }

  u16(value: number): void {
    this.reserve(2);
    this.#view.setUint16(this.length, value, true);
    this.length += 2;
  }

  u32(value: number): void {
    this.reserve(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  /** Overwrites four bytes written before. */
  setU32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, true);
  }

  /** An integer below 2^53 in eight bytes. */
  u64(value: number): void {
    this.u32(value >>> 0);
    this.u32(Math.floor(value / 0x1_0000_0000));
  }

  f64(value: number): void {
    this.reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** Doubles, each in eight bytes. */
  f64Column(numbers: Float64Array): void {
    this.append(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  }

  replicaId(id: ReplicaId): void {
    this.reserve(8);
    writeReplicaId(this.bytes, this.length, id);
    this.length += 8;
  }

  /** Unsigned LEB128 of an integer below 2^53. */
  varint(value: number): void {
    this.reserve(VARINT_BYTES_MAX);
    this.length = writeVarint(this.bytes, this.length, value);
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Appends `bytes[start, end)` by a loop: for a few bytes. */
  appendRange(bytes: Uint8Array, start: number, end: number): void {
    this.reserve(end - start);
    const own = this.bytes;
    let offset = this.length;
    for (let index = start; index < end; index++) own[offset++] = bytes[index]!;
    this.length = offset;
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  /** Forgets what was written; keeps the buffer unless it grew beyond `keepBytes`. */
  reset(keepBytes: number = Number.POSITIVE_INFINITY): void {
    this.length = 0;
    if (this.bytes.length > keepBytes) {
      this.bytes = new Uint8Array(INITIAL_BYTES);
      this.#view = new DataView(this.bytes.buffer);
    }
  }
}
