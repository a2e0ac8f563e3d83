// All a document knows of one replica: how far it is seen, its live entries and its removal records, both ascending
// by sequence. Entries that died stay in the column until they are half as many as the living.
// Cost: append O(1); finding a dot O(1) while the column is dense, O(log n) otherwise.
import type { ReplicaId } from "../engine.ts";
import type { Container } from "./container.ts";
import type { Entry } from "./entry.ts";

/** What one mutation removed. Targets ascend by (replica id, sequence). */
export interface Removal {
  readonly sequence: number;
  readonly container: Container;
  readonly targetReplicas: readonly ReplicaColumn[];
  readonly targetSequences: readonly number[];
}

const DEAD_ENTRIES_MIN = 32;

export class ReplicaColumn {
  readonly id: ReplicaId;
  readonly idLow: number;
  readonly idHigh: number;
  /** The highest sequence seen. */
  sequence = 0;
  /** Removal records up to here may be missing. */
  floor = 0;
  entries: Entry[] = [];
  deadEntries = 0;
  removals: Removal[] = [];
  /** Whether it waits to be trimmed. */
  isQueued = false;
  /** Where it stands in the replica table that is being written. */
  position = 0;

  constructor(id: ReplicaId) {
    this.id = id;
    this.idLow = Number.parseInt(id.slice(8), 16);
    this.idHigh = Number.parseInt(id.slice(0, 8), 16);
  }

  /** The live entry with this sequence. */
  find(sequence: number): Entry | undefined {
    const index = this.indexAfter(sequence - 1);
    const entry = this.entries[index];
    return entry !== undefined && entry.sequence === sequence && entry.isLive ? entry : undefined;
  }

  /** The index of the first entry above `sequence`. */
  indexAfter(sequence: number): number {
    const { entries } = this;
    let high = entries.length;
    if (high === 0 || entries[high - 1]!.sequence <= sequence) return high;
    let low = 0;
    // Sequences ascend strictly, so the place is never behind where a column without holes would have it.
    const guess = sequence + 1 - entries[0]!.sequence;
    if (guess <= 0) return 0;
    if (guess < high) {
      if (entries[guess]!.sequence === sequence + 1) return guess;
      high = guess;
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (entries[middle]!.sequence > sequence) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The index of the first removal record above `sequence`. */
  removalIndexAfter(sequence: number): number {
    const { removals } = this;
    let low = 0;
    let high = removals.length;
    if (high === 0 || removals[high - 1]!.sequence <= sequence) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (removals[middle]!.sequence > sequence) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  get needsTrim(): boolean {
    return this.deadEntries > DEAD_ENTRIES_MIN && this.deadEntries * 3 > this.entries.length;
  }

  /** Drops the dead. Not while a journal may bring them back. */
  trim(): void {
    this.entries = this.entries.filter((entry) => entry.isLive);
    this.deadEntries = 0;
  }
}
