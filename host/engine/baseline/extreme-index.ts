// Maximum and minimum: of all entries the one with the greatest, or least, value; among equal values the one with the
// greatest (timestamp, replica id, sequence).
import { beats, type Entry } from "./entry.ts";
import type { ReplicaColumn } from "./replica-column.ts";

const number = new DataView(new ArrayBuffer(8));

export class ExtremeIndex {
  readonly kind = "extreme";
  best: Entry | undefined = undefined;
  readonly #direction: 1 | -1;

  /** `direction`: 1 where the greatest value survives, -1 where the least does. */
  constructor(direction: 1 | -1) {
    this.#direction = direction;
  }

  get size(): number {
    return this.best === undefined ? 0 : 1;
  }

  /** Takes the place of what stood there; the caller has compared. */
  insert(entry: Entry): void {
    this.best = entry;
  }

  remove(entry: Entry): void {
    if (this.best === entry) this.best = undefined;
  }

  /** Above 0 where `value` lies beyond the one that is there, or none is; 0 where it is that one. */
  compare(value: number): number {
    if (this.best === undefined) return 1;
    return this.#direction * compareNumbers(value, readNumber(this.best.chunk, this.best.start));
  }

  /** Whether an entry with `value` survives the one that is there. */
  takesOver(value: number, timestamp: number, replica: ReplicaColumn, sequence: number): boolean {
    const order = this.compare(value);
    return order === 0 ? beats(timestamp, replica, sequence, this.best!) : order > 0;
  }

  *all(): Generator<Entry> {
    if (this.best !== undefined) yield this.best;
  }
}

/** The f64 that stands at `offset`. */
export function readNumber(bytes: Uint8Array, offset: number): number {
  for (let index = 0; index < 8; index++) number.setUint8(index, bytes[offset + index]!);
  return number.getFloat64(0, true);
}

/** Numeric order, −0 below +0. */
function compareNumbers(left: number, right: number): number {
  if (left !== right) return left < right ? -1 : 1;
  return left === 0 ? (Object.is(left, -0) ? 0 : 1) - (Object.is(right, -0) ? 0 : 1) : 0;
}
