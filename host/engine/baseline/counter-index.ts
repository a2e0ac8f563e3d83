// Counters: per replica the entry with its running sums. The totals are kept exact in two halves of 27 and 26 bits,
// each summed as a double far below 2^53, so that reading them does not visit the replicas.
import { type ByteCursor, readVarint } from "../../wire/varint.ts";
import type { CounterSums } from "../engine.ts";
import type { Entry } from "./entry.ts";
import type { ReplicaColumn } from "./replica-column.ts";

const HALF = 2 ** 27;
const cursor: ByteCursor = { bytes: new Uint8Array(0), offset: 0 };

export class CounterIndex {
  readonly kind = "counter";
  readonly contributions = new Map<ReplicaColumn, Entry>();
  #plusHigh = 0;
  #plusLow = 0;
  #minusHigh = 0;
  #minusLow = 0;

  /** Replicas that contributed. */
  get size(): number {
    return this.contributions.size;
  }

  insert(entry: Entry): void {
    this.contributions.set(entry.replica, entry);
    this.#count(entry, 1);
  }

  remove(entry: Entry): void {
    if (this.contributions.get(entry.replica) === entry) this.contributions.delete(entry.replica);
    this.#count(entry, -1);
  }

  #count(entry: Entry, sign: number): void {
    cursor.bytes = entry.chunk;
    cursor.offset = entry.start;
    const plus = readVarint(cursor);
    const minus = readVarint(cursor);
    this.#plusHigh += sign * Math.floor(plus / HALF);
    this.#plusLow += sign * (plus % HALF);
    this.#minusHigh += sign * Math.floor(minus / HALF);
    this.#minusLow += sign * (minus % HALF);
  }

  sums(): CounterSums {
    return {
      plus: BigInt(this.#plusHigh) * BigInt(HALF) + BigInt(this.#plusLow),
      minus: BigInt(this.#minusHigh) * BigInt(HALF) + BigInt(this.#minusLow),
    };
  }

  *all(): Generator<Entry> {
    yield* this.contributions.values();
  }
}

/** The running sums of a counter entry: plus, minus. */
export function readSums(entry: Entry): [number, number] {
  cursor.bytes = entry.chunk;
  cursor.offset = entry.start;
  const plus = readVarint(cursor);
  return [plus, readVarint(cursor)];
}
