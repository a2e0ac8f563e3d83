// Where payload bytes live: appended to chunks, so that an entry holds a reference instead of an array of its own.
// A chunk goes when the last entry that points into it goes. Cost: one copy of the bytes.

const CHUNK_BYTES_MIN = 256;
const CHUNK_BYTES_MAX = 32768;
/** Up to here a loop beats `set` and the view it needs. */
const LOOP_BYTES_MAX = 64;

export class PayloadStore {
  chunk = new Uint8Array(0);
  /** Where the bytes stored last begin in `chunk`. */
  start = 0;
  #used = 0;

  /** Copies `bytes[start, start + length)`; afterwards `chunk` and `start` say where it is. */
  put(bytes: Uint8Array, start: number, length: number): void {
    this.reserve(length);
    const { chunk } = this;
    this.start = this.#used;
    if (length > LOOP_BYTES_MAX) chunk.set(bytes.subarray(start, start + length), this.start);
    else for (let index = 0; index < length; index++) chunk[this.start + index] = bytes[start + index]!;
    this.#used += length;
  }

  /** Makes room for `length` bytes in one piece. */
  reserve(length: number): void {
    if (this.#used + length <= this.chunk.length) return;
    const grown = Math.min(Math.max(this.chunk.length * 2, CHUNK_BYTES_MIN), CHUNK_BYTES_MAX);
    this.chunk = new Uint8Array(Math.max(length, grown));
    this.#used = 0;
  }
}
