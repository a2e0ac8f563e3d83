// The state of one document: replica columns, containers, clock and floor, and the only primitives that change them.
// Each primitive leaves a step in the journal, after its work is done; supersession is decided by the callers (mutation, merge, compaction).
// Cost: every primitive O(1), a new replica or container excepted.
import type { ContainerType, ContainerTypeName, ReplicaId } from "../engine.ts";
import { type Container, createContainer } from "./container.ts";
import type { Entry } from "./entry.ts";
import { PayloadStore } from "./payload-store.ts";
import { type Removal, ReplicaColumn } from "./replica-column.ts";
import { UndoJournal } from "./undo-journal.ts";

export class DocumentState {
  readonly replicas = new Map<ReplicaId, ReplicaColumn>();
  readonly containers: Container[] = [];
  readonly payloads = new PayloadStore();
  readonly journal = new UndoJournal();
  readonly driftLimitMs: number;
  /** The greatest timestamp issued or absorbed. */
  clock = 0;
  /** The greatest timestamp of a deleted-mark dropped by compaction. */
  compacted = 0;
  entries = 0;
  deletedMarks = 0;
  removals = 0;
  readonly #containersByName = new Map<string, Container>();
  #sortedReplicas: ReplicaColumn[] = [];
  #isSorted = true;
  #queue: ReplicaColumn[] = [];
  readonly #toggle = (entry: Entry): void => {
    if (entry.isLive) this.#takeBack(entry);
    else this.#bringBack(entry);
  };

  constructor(driftLimitMs: number) {
    this.driftLimitMs = driftLimitMs;
  }

  /** Columns in ascending order of replica id. */
  sortedReplicas(): readonly ReplicaColumn[] {
    if (!this.#isSorted) {
      this.#sortedReplicas = [...this.replicas.values()].sort((left, right) => (left.id < right.id ? -1 : 1));
      this.#isSorted = true;
    }
    return this.#sortedReplicas;
  }

  /** The column of a replica; a new one where there was none. */
  column(id: ReplicaId): ReplicaColumn {
    const known = this.replicas.get(id);
    if (known !== undefined) return known;
    const column = new ReplicaColumn(id);
    this.replicas.set(id, column);
    this.#isSorted = false;
    this.journal.push(() => {
      this.replicas.delete(id);
      this.#isSorted = false;
    });
    return column;
  }

  findContainer(type: ContainerType, name: string): Container | undefined {
    return this.#containersByName.get(`${type} ${name}`);
  }

  addContainer(
    type: ContainerType,
    typeName: ContainerTypeName,
    name: string,
    nameBytes: Uint8Array,
  ): Container {
    const container = createContainer(this.containers.length, type, typeName, name, nameBytes);
    this.containers.push(container);
    this.#containersByName.set(`${type} ${name}`, container);
    return container;
  }

  /** A new entry, the last of its column. */
  enter(entry: Entry): void {
    this.#attach(entry);
    this.journal.push(entry);
  }

  /** A new entry takes the place of the one its index holds for the same key. */
  replace(old: Entry, entry: Entry): void {
    this.#attach(entry);
    this.#detach(old);
    this.journal.pushBoth(old, entry);
  }

  /** A live entry goes. */
  leave(entry: Entry): void {
    this.#detach(entry);
    this.journal.push(entry);
  }

  keep(column: ReplicaColumn, removal: Removal): void {
    column.removals.push(removal);
    this.removals++;
    this.journal.push(() => {
      column.removals.pop();
      this.removals--;
    });
  }

  /** Drops the removal records of a column up to `sequence`; returns how many there were. */
  dropRemovals(column: ReplicaColumn, sequence: number): number {
    const count = column.removalIndexAfter(sequence);
    if (count === 0) return 0;
    const before = column.removals;
    column.removals = before.slice(count);
    this.removals -= count;
    this.journal.push(() => {
      column.removals = before;
      this.removals += count;
    });
    return count;
  }

  advance(column: ReplicaColumn, sequence: number): void {
    const before = column.sequence;
    column.sequence = sequence;
    this.journal.push(() => {
      column.sequence = before;
    });
  }

  raiseFloor(column: ReplicaColumn, sequence: number): void {
    const before = column.floor;
    if (sequence <= before) return;
    column.floor = sequence;
    this.journal.push(() => {
      column.floor = before;
    });
  }

  raiseClock(timestamp: number): void {
    const before = this.clock;
    if (timestamp <= before) return;
    this.clock = timestamp;
    this.journal.push(() => {
      this.clock = before;
    });
  }

  raiseCompacted(timestamp: number): void {
    const before = this.compacted;
    if (timestamp <= before) return;
    this.compacted = timestamp;
    this.journal.push(() => {
      this.compacted = before;
    });
  }

  /** Makes everything since the last commit final. */
  commit(): void {
    this.journal.clear();
    if (this.#queue.length === 0) return;
    for (const column of this.#queue) {
      column.isQueued = false;
      if (column.needsTrim) column.trim();
    }
    this.#queue = [];
  }

  /** Takes back everything after the journal had `length` steps. */
  rollback(length: number): void {
    this.journal.undo(length, this.#toggle);
  }

  #attach(entry: Entry): void {
    entry.container.content.insert(entry);
    entry.replica.entries.push(entry);
    entry.isLive = true;
    this.#count(entry, 1);
  }

  #detach(entry: Entry): void {
    this.#die(entry);
    const column = entry.replica;
    column.deadEntries++;
    if (!column.isQueued && column.needsTrim) {
      column.isQueued = true;
      this.#queue.push(column);
    }
  }

  #takeBack(entry: Entry): void {
    this.#die(entry);
    entry.replica.entries.pop();
  }

  #bringBack(entry: Entry): void {
    entry.isLive = true;
    entry.replica.deadEntries--;
    this.#count(entry, 1);
    entry.container.content.insert(entry);
  }

  #die(entry: Entry): void {
    entry.isLive = false;
    this.#count(entry, -1);
    entry.container.content.remove(entry);
  }

  #count(entry: Entry, sign: number): void {
    this.entries += sign;
    entry.container.entries += sign;
    if (isDeletedMark(entry)) this.deletedMarks += sign;
  }
}

/** Whether an entry says that a key is absent and may go once it is stable; the deleted-marks of lists stay. */
export function isDeletedMark(entry: Entry): boolean {
  return entry.length === 0 && isMark(entry);
}

function isMark(entry: Entry): boolean {
  const { content } = entry.container;
  return content.kind === "winners" || (content.kind === "kinds" && content.isDeletedMark(entry));
}
