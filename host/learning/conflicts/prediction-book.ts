// Predictions that wait for what came of them. A conflict may be seen at any time up to the horizon, and more than
// once; a prediction is validated once, when its horizon has passed, so that conflicts, which are known early, weigh no
// more than their absence. Bounded: the oldest is dropped and counted. Cost of a call: the predictions open for a key.
import { PENDING_PREDICTIONS_MAX } from "../../limits.ts";

export interface Pending {
  readonly id: number;
  readonly key: string;
  readonly writer: string;
  readonly probability: number;
  /** Log-odds of the closed form, and the features, as they were when it was made. */
  readonly offset: number;
  readonly features: readonly number[];
  /** How much it counts when it is learned from. */
  readonly share: number;
  readonly dueMs: number;
  hasConflicted: boolean;
}

export class PredictionBook {
  /** In the order made, which is that of their horizons. */
  readonly #waiting = new Map<number, Pending>();
  /** Those no conflict was seen for, by key. */
  readonly #openByKey = new Map<string, Set<Pending>>();
  readonly #pendingMax: number;
  #dropped = 0;
  #nextId = 1;

  constructor(pendingMax = PENDING_PREDICTIONS_MAX) {
    this.#pendingMax = pendingMax;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Those that were given up before their horizon had passed. */
  get dropped(): number {
    return this.#dropped;
  }

  open(made: Omit<Pending, "id" | "hasConflicted">): Pending {
    if (this.#waiting.size >= this.#pendingMax) this.#dropOldest();
    const pending: Pending = { ...made, id: this.#nextId++, hasConflicted: false };
    this.#waiting.set(pending.id, pending);
    const open = this.#openByKey.get(pending.key);
    if (open === undefined) this.#openByKey.set(pending.key, new Set([pending]));
    else open.add(pending);
    return pending;
  }

  /** Somebody wrote a key: a conflict for all others whose horizon lasts. Take out what is due before. */
  wrote(key: string, writer: string): void {
    for (const pending of this.#openByKey.get(key) ?? []) {
      if (pending.writer !== writer) this.#conflicted(pending);
    }
  }

  /** A conflict that was seen otherwise. False for a prediction that has one, is validated, or was never made. */
  conflicted(id: number): boolean {
    const pending = this.#waiting.get(id);
    if (pending === undefined || pending.hasConflicted) return false;
    this.#conflicted(pending);
    return true;
  }

  /** Takes out those whose horizon has passed. */
  *takeDue(nowMs: number): Generator<Pending> {
    for (const pending of this.#waiting.values()) {
      if (pending.dueMs >= nowMs) return;
      this.#forget(pending);
      yield pending;
    }
  }

  #conflicted(pending: Pending): void {
    pending.hasConflicted = true;
    this.#close(pending);
  }

  #dropOldest(): void {
    const oldest = this.#waiting.values().next().value;
    if (oldest === undefined) return;
    this.#forget(oldest);
    this.#dropped++;
  }

  #forget(pending: Pending): void {
    this.#waiting.delete(pending.id);
    this.#close(pending);
  }

  #close(pending: Pending): void {
    const open = this.#openByKey.get(pending.key);
    if (open?.delete(pending) && open.size === 0) this.#openByKey.delete(pending.key);
  }
}
