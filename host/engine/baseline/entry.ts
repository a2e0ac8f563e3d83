// A live entry and what orders entries among each other. One class, so that every access is monomorphic.
import type { Container } from "./container.ts";
import type { ReplicaColumn } from "./replica-column.ts";

export class Entry {
  readonly replica: ReplicaColumn;
  readonly sequence: number;
  readonly timestamp: number;
  readonly container: Container;
  /** A binary string. */
  readonly key: string;
  /** The payload is `chunk[start, start + length)`. */
  readonly chunk: Uint8Array;
  readonly start: number;
  readonly length: number;
  /** False once it was superseded or removed; columns drop such entries later. */
  isLive = false;
  /** The next and the previous entry of the same set element. */
  sibling: Entry | undefined = undefined;
  elder: Entry | undefined = undefined;

  constructor(
    replica: ReplicaColumn,
    sequence: number,
    timestamp: number,
    container: Container,
    key: string,
    chunk: Uint8Array,
    start: number,
    length: number,
  ) {
    this.replica = replica;
    this.sequence = sequence;
    this.timestamp = timestamp;
    this.container = container;
    this.key = key;
    this.chunk = chunk;
    this.start = start;
    this.length = length;
  }

  payloadBytes(): Uint8Array {
    return this.chunk.slice(this.start, this.start + this.length);
  }
}

/** Whether a write of (timestamp, replica, sequence) wins over `other`. */
export function beats(timestamp: number, replica: ReplicaColumn, sequence: number, other: Entry): boolean {
  if (timestamp !== other.timestamp) return timestamp > other.timestamp;
  if (replica !== other.replica) return replica.id > other.replica.id;
  return sequence > other.sequence;
}

/** Canonical order: replica id, then sequence. */
export function byDot(left: Entry, right: Entry): number {
  if (left.replica !== right.replica) return left.replica.id < right.replica.id ? -1 : 1;
  return left.sequence - right.sequence;
}

/** The order of a log: timestamp, replica id, sequence. */
export function byPosition(left: Entry, right: Entry): number {
  return left.timestamp - right.timestamp || byDot(left, right);
}
