// What every compared library has to do: one document with a map, a set of strings and a counter, used the way the
// library's own documentation says an efficient user would.

/** A value as small applications keep them; key and value are about 62 bytes of JSON. */
export interface Item {
  readonly id: number;
  readonly name: string;
  readonly on: boolean;
}

export interface RivalDocument {
  /** Runs `work` as one transaction, which leaves as one update. Calls outside are a transaction each. */
  batch(work: () => void): void;
  set(key: string, item: Item): void;
  get(key: string): Item | undefined;
  /** Present keys of the map. */
  size(): number;
  add(element: string): void;
  remove(element: string): void;
  /** Present elements of the set. */
  elements(): number;
  increment(): void;
  /** The counter's value over all replicas. */
  count(): number;
  /** All that was written since the last call, encoded as one update. */
  take(): Uint8Array;
  /** Merges one update as it arrives. */
  apply(update: Uint8Array): void;
  /** Merges updates that are there together, by the library's batch call where it has one. */
  applyAll(updates: readonly Uint8Array[]): void;
  snapshot(): Uint8Array;
  close(): void;
}

export interface Rival {
  readonly name: string;
  /** Replicas are numbered from 1. */
  create(replica: number): RivalDocument;
  load(snapshot: Uint8Array, replica: number): RivalDocument;
}

/** Ids in use come in no order; a prime keeps the first hundred thousand distinct. */
const PRIME = 100_003;
const idOf = (index: number): number => (index < PRIME ? (index * 48_271) % PRIME : index);

export const itemKey = (index: number): string => `profile/user:${idOf(index)}`;
export function itemOf(index: number): Item {
  const id = idOf(index);
  return { id, name: `user ${id}`, on: ((Math.imul(id, 0x9e3779b1) >>> 13) & 1) === 1 };
}
