// The presence of one document as an application sees it: its own value, those of the others, and what changes. Values
// are decoded here and nowhere else; bytes that are no value show nobody.
import { isCrdtError } from "../errors.ts";
import { callListener } from "../replica/call-listener.ts";
import type { DocumentPresence, PresenceChange } from "../replica/ports.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import type { Value } from "../wire/value.ts";
import { decodeValue } from "../wire/value-codec.ts";
import type { PresenceTable } from "./presence-table.ts";

export interface PresenceViewParts {
  readonly table: PresenceTable;
  set(value: Value): void;
  leave(): void;
  closed(): void;
  own(): ReplicaId;
}

export class PresenceView implements DocumentPresence {
  readonly #parts: PresenceViewParts;
  readonly #peers = new Map<ReplicaId, Value>();
  /** What the values were decoded from. */
  readonly #bytes = new Map<ReplicaId, Uint8Array>();
  readonly #listeners = new Set<(change: PresenceChange) => void>();
  #counter = 0;
  #isClosed = false;

  constructor(parts: PresenceViewParts) {
    this.#parts = parts;
    for (const { replica } of parts.table.states()) this.changed(replica);
  }

  get peers(): ReadonlyMap<ReplicaId, Value> {
    return this.#peers;
  }

  set(value: Value): void {
    if (!this.#isClosed) this.#parts.set(value);
  }

  leave(): void {
    if (!this.#isClosed) this.#parts.leave();
  }

  subscribe(listener: (change: PresenceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#parts.leave();
    this.#isClosed = true;
    this.#listeners.clear();
    this.#peers.clear();
    this.#parts.closed();
  }

  /** Above all counters of ours so far, those of an earlier run with the same id included. */
  nextCounter(nowMs: number): number {
    this.#counter = Math.min(Number.MAX_SAFE_INTEGER, Math.max(this.#counter + 1, nowMs));
    return this.#counter;
  }

  /** Somebody, an earlier run of ours perhaps, used this counter under our id. */
  overtaken(counter: number): void {
    this.#counter = Math.max(this.#counter, counter);
  }

  /** The state of a replica is another, or gone. */
  changed(replica: ReplicaId): void {
    if (replica === this.#parts.own()) return;
    const bytes = this.#parts.table.get(replica)?.value;
    const known = this.#bytes.get(replica);
    // A renewal brings the same value again.
    if (bytes !== undefined && known !== undefined && isSame(bytes, known)) return;
    const value = bytes === undefined ? undefined : decoded(bytes);
    if (bytes === undefined || value === undefined) {
      this.#bytes.delete(replica);
      if (!this.#peers.delete(replica)) return;
    } else {
      this.#bytes.set(replica, bytes);
      this.#peers.set(replica, value);
    }
    for (const listener of [...this.#listeners]) callListener(listener, { replica, value });
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

function decoded(bytes: Uint8Array): Value | undefined {
  try {
    return decodeValue(bytes);
  } catch (error) {
    if (isCrdtError(error)) return undefined;
    throw error;
  }
}
