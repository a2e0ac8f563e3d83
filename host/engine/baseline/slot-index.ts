// Bounded counters: per replica and key the entry with that replica's running sums. Sums are left to who reads them.
import type { Entry } from "./entry.ts";
import type { ReplicaColumn } from "./replica-column.ts";

export class SlotIndex {
  readonly kind = "slots";
  readonly #slots = new Map<ReplicaColumn, Map<string, Entry>>();
  /** Live entries. */
  size = 0;

  find(replica: ReplicaColumn, key: string): Entry | undefined {
    return this.#slots.get(replica)?.get(key);
  }

  /** Takes the place of whatever stood in the slot: it is older. */
  insert(entry: Entry): void {
    let own = this.#slots.get(entry.replica);
    if (own === undefined) {
      own = new Map();
      this.#slots.set(entry.replica, own);
    }
    own.set(entry.key, entry);
    this.size++;
  }

  remove(entry: Entry): void {
    this.size--;
    const own = this.#slots.get(entry.replica);
    if (own?.get(entry.key) !== entry) return;
    own.delete(entry.key);
    if (own.size === 0) this.#slots.delete(entry.replica);
  }

  /** The entries under one key, of all replicas, in no particular order. */
  entriesOf(key: string): Entry[] {
    const entries: Entry[] = [];
    for (const own of this.#slots.values()) {
      const entry = own.get(key);
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }

  *all(): Generator<Entry> {
    for (const own of this.#slots.values()) yield* own.values();
  }
}
