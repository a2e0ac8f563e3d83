// Reads the frames of docs/protocol.md front to back. Everything is bounds-checked here, so that no caller has to:
// what is cut off, out of range or no UTF-8 is a protocol-error. Bytes are handed out as views of the frame.
import { CrdtError } from "../errors.ts";
import { REPLICAS_MAX } from "../limits.ts";
import { type ReplicaId, readReplicaId, readUint32 } from "../wire/replica-id.ts";
import { SEQUENCE_MAX, VersionVector } from "../wire/version-vector.ts";

const VARINT_BYTES_MAX = 8;
const REPLICA_ID_BYTES = 8;
/** A row of a vector is at least an id and one byte. */
const VECTOR_ROW_BYTES_MIN = REPLICA_ID_BYTES + 1;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export class FrameReader {
  readonly bytes: Uint8Array;
  offset: number;
  /** Where reading must stop. */
  readonly end: number;

  constructor(bytes: Uint8Array, offset = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  u8(): number {
    this.#need(1);
    return this.bytes[this.offset++]!;
  }

  u32(): number {
    this.#need(4);
    this.offset += 4;
    return readUint32(this.bytes, this.offset - 4);
  }

  /** An integer below 2^53 in eight bytes. */
  u64(): number {
    const low = this.u32();
    const value = this.u32() * 0x1_0000_0000 + low;
    if (value > Number.MAX_SAFE_INTEGER)
      throw malformed(`a number of 2^53 or more at byte ${this.offset - 8}`);
    return value;
  }

  varint(max: number = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    let scale = 1;
    const start = this.offset;
    for (let count = 0; count < VARINT_BYTES_MAX; count++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > max || (byte === 0 && count > 0)) break;
        return value;
      }
      scale *= 0x80;
    }
    throw malformed(`the number at byte ${start} is above ${max} or not minimal`);
  }

  replicaId(): ReplicaId {
    this.#need(REPLICA_ID_BYTES);
    if (readUint32(this.bytes, this.offset) === 0 && readUint32(this.bytes, this.offset + 4) === 0) {
      throw malformed(`replica id 0 at byte ${this.offset}`);
    }
    this.offset += REPLICA_ID_BYTES;
    return readReplicaId(this.bytes, this.offset - REPLICA_ID_BYTES);
  }

  /** A view of the next `count` bytes. */
  view(count: number): Uint8Array {
    this.#need(count);
    this.offset += count;
    return this.bytes.subarray(this.offset - count, this.offset);
  }

  text(): string {
    const bytes = this.view(this.u8());
    try {
      return decoder.decode(bytes);
    } catch {
      throw malformed(`the text that ends at byte ${this.offset} is no UTF-8`);
    }
  }

  vector(): VersionVector {
    const count = this.varint(REPLICAS_MAX);
    if (count * VECTOR_ROW_BYTES_MIN > this.remaining)
      throw malformed(`a vector of ${count} replicas is cut off`);
    const vector = new VersionVector();
    let previous = "";
    for (let row = 0; row < count; row++) {
      const id = this.replicaId();
      const sequence = this.varint(SEQUENCE_MAX);
      if (id <= previous || sequence === 0) throw malformed(`row ${row} of a vector: ${id} ${sequence}`);
      vector.advance(id, sequence);
      previous = id;
    }
    return vector;
  }

  /** Everything must have been read. */
  done(): void {
    if (this.offset !== this.end) throw malformed(`${this.end - this.offset} bytes too many`);
  }

  #need(count: number): void {
    if (count > this.end - this.offset) throw malformed(`it ends ${count - this.remaining} bytes too early`);
  }
}

/** A frame this program does not take; the connection that brought it ends. */
export function malformed(reason: string): CrdtError {
  return new CrdtError(
    "protocol-error",
    `malformed frame: ${reason}; the connection was closed, reconnect to repeat`,
  );
}
