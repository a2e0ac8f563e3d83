// Writes mutation batches as host/engine/engine.ts lays them out, and the keys, elements and values that go into
// them. Values are opaque to an engine, so JSON text stands in for encoded ones.
import { type EngineDocument, OPCODES } from "../host/engine/engine.ts";

const encoder = new TextEncoder();

export class BatchWriter {
  #bytes = new Uint8Array(65536);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  increment(container: number, amount: number): void {
    const at = this.#open(OPCODES.increment, container, 8);
    this.#view.setFloat64(at, amount, true);
  }
  put(container: number, key: Uint8Array, payload: Uint8Array): void {
    const at = this.#open(OPCODES.put, container, 8 + key.length + payload.length);
    this.#view.setUint32(at, key.length, true);
    this.#view.setUint32(at + 4, payload.length, true);
    this.#bytes.set(key, at + 8);
    this.#bytes.set(payload, at + 8 + key.length);
  }
  add(container: number, element: Uint8Array): void {
    this.#keyed(OPCODES.add, container, element);
  }
  remove(container: number, element: Uint8Array): void {
    this.#keyed(OPCODES.remove, container, element);
  }

  /** Applies what was written as one transaction and starts over. */
  applyTo(document: EngineDocument, nowMs: number): void {
    document.mutate(this.#bytes, this.#length, nowMs);
    this.#length = 0;
  }

  #keyed(opcode: number, container: number, key: Uint8Array): void {
    const at = this.#open(opcode, container, 4 + key.length);
    this.#view.setUint32(at, key.length, true);
    this.#bytes.set(key, at + 4);
  }

  /** Makes room, writes the head of an operation, and gives the place of its operands. */
  #open(opcode: number, container: number, operandBytes: number): number {
    const at = this.#length;
    const end = at + 3 + operandBytes;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#bytes[at] = opcode;
    this.#view.setUint16(at + 1, container, true);
    this.#length = end;
    return at + 3;
  }
}

export const keyBytes = (index: number): Uint8Array => encoder.encode(`profile/user:${index}`);
export const payloadBytes = (index: number): Uint8Array =>
  encoder.encode(JSON.stringify({ id: index, name: `user ${index}`, on: index % 2 === 0 }));

/** Numbers 0 to count − 1 in an order that is always the same and looks like none (Fisher and Yates, xorshift32). */
export function shuffled(count: number, seed = 0x9e3779b9): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  let state = seed;
  for (let index = count - 1; index > 0; index -= 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const other = (state >>> 0) % (index + 1);
    const swapped = order[index] as number;
    order[index] = order[other] as number;
    order[other] = swapped;
  }
  return order;
}
