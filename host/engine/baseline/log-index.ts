// Logs: entries by (timestamp, replica id, sequence), and the greatest truncation mark. Appends arrive nearly in
// order, so the list is an array that is put right when it is read, and only if something came far out of place.
// Cost: append O(1), reading O(1) an entry, plus one adaptive sort after disorder.
import { byteAt } from "./binary-string.ts";
import { byPosition, type Entry } from "./entry.ts";
import type { ReplicaColumn } from "./replica-column.ts";

/** How far from the end an entry is still put in place at once. */
const INSERTION_DISTANCE_MAX = 32;
export const MARK_KEY_BYTES = 20;
const TWO_32 = 2 ** 32;

export class LogIndex {
  readonly kind = "log";
  /** The truncation mark; {@link mark} is its position. */
  markEntry: Entry | undefined = undefined;
  mark: Position | undefined = undefined;
  /** Log entries, without the truncation mark. */
  size = 0;
  #ordered: Entry[] = [];
  #isSorted = true;
  #hasDead = false;

  insert(entry: Entry): void {
    if (isMark(entry)) {
      this.markEntry = entry;
      this.mark = readPosition(entry.key);
      return;
    }
    this.size++;
    const ordered = this.#ordered;
    let place = ordered.length;
    if (this.#isSorted && !this.#hasDead) {
      const lowest = Math.max(0, place - INSERTION_DISTANCE_MAX);
      while (place > lowest && byPosition(ordered[place - 1]!, entry) > 0) place--;
      if (place > lowest || place === 0) {
        if (place === ordered.length) ordered.push(entry);
        else ordered.splice(place, 0, entry);
        return;
      }
    }
    ordered.push(entry);
    this.#isSorted = false;
  }

  remove(entry: Entry): void {
    if (isMark(entry)) {
      if (this.markEntry !== entry) return;
      this.markEntry = undefined;
      this.mark = undefined;
      return;
    }
    this.size--;
    this.#hasDead = true;
  }

  /** Live entries in the order of the log. Dies at the next change. */
  orderedView(): readonly Entry[] {
    if (this.#hasDead) {
      const seen = new Set(this.#ordered.filter((entry) => entry.isLive));
      this.#ordered = [...seen];
      this.#hasDead = false;
    }
    if (!this.#isSorted) {
      this.#ordered.sort(byPosition);
      this.#isSorted = true;
    }
    return this.#ordered;
  }

  /** The entries at or below the truncation mark. */
  truncated(): Entry[] {
    const { mark } = this;
    if (mark === undefined || this.size === 0) return [];
    const ordered = this.orderedView();
    let low = 0;
    let high = ordered.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = ordered[middle]!;
      if (isAtOrBelow(entry.timestamp, entry.replica, entry.sequence, mark)) low = middle + 1;
      else high = middle;
    }
    return ordered.slice(0, low);
  }

  /** After the entries of `truncated()` were removed: closes the gap without visiting the others. */
  dropFirst(count: number): void {
    if (count === 0) return;
    this.#ordered.splice(0, count);
    this.#hasDead = false;
  }

  *all(): Generator<Entry> {
    yield* this.orderedView();
    if (this.markEntry !== undefined) yield this.markEntry;
  }
}

/** A place in a log. The replica is written as its 16 digits, or 16 zeros. */
export interface Position {
  readonly timestamp: number;
  readonly replica: string;
  readonly sequence: number;
}

export function isMark(entry: Entry): boolean {
  return entry.key.length === MARK_KEY_BYTES;
}

/** The position a truncation mark's key names. */
export function readPosition(key: string): Position {
  const high = uint32At(key, 12).toString(16).padStart(8, "0");
  const low = uint32At(key, 8).toString(16).padStart(8, "0");
  return {
    timestamp: uint32At(key, 0) + uint32At(key, 4) * TWO_32,
    replica: high + low,
    sequence: uint32At(key, 16),
  };
}

function uint32At(key: string, offset: number): number {
  return (
    (byteAt(key, offset) |
      (byteAt(key, offset + 1) << 8) |
      (byteAt(key, offset + 2) << 16) |
      (byteAt(key, offset + 3) << 24)) >>>
    0
  );
}

export function comparePositions(left: Position, right: Position): number {
  if (left.timestamp !== right.timestamp) return left.timestamp - right.timestamp;
  if (left.replica !== right.replica) return left.replica < right.replica ? -1 : 1;
  return left.sequence - right.sequence;
}

/** Whether (timestamp, replica, sequence) goes with a truncation at `mark`. */
export function isAtOrBelow(
  timestamp: number,
  replica: ReplicaColumn,
  sequence: number,
  mark: Position,
): boolean {
  if (timestamp !== mark.timestamp) return timestamp < mark.timestamp;
  if (replica.id !== mark.replica) return replica.id < mark.replica;
  return sequence <= mark.sequence;
}
