// How long mutations take to reach the other nodes, counted in a histogram of quarter-powers of two: a percentile is
// right within a fifth. Only entries of the ledger are timed, and each at the first delta that brings it to a node.
import type { LedgerEntry, Truth } from "./truth.ts";
import type { World } from "./world.ts";

const BUCKETS_PER_OCTAVE = 8;
const BUCKETS = 32 * BUCKETS_PER_OCTAVE;

interface ReplicaWrites {
  /** In the order they were made. */
  readonly entries: LedgerEntry[];
  /** By node the first entry that has not arrived there. */
  readonly nextOf: Map<number, number>;
}

export class DeliveryTimes {
  readonly #world: World;
  readonly #truth: Truth;
  readonly #histogram = new Uint32Array(BUCKETS);
  readonly #writes = new Map<string, ReplicaWrites>();
  #known = 0;
  #count = 0;
  #maxMs = 0;

  constructor(world: World, truth: Truth) {
    this.#world = world;
    this.#truth = truth;
  }

  /** A node has merged what `replica` wrote up to `to`. */
  merged(node: number, replica: string, to: number): void {
    for (; this.#known < this.#truth.ledger.length; this.#known++)
      this.#learn(this.#truth.ledger[this.#known]!);
    const writes = this.#writes.get(replica);
    if (writes === undefined) return;
    for (let next = writes.nextOf.get(node) ?? 0; next < writes.entries.length; next++) {
      const { sequence, atMs } = writes.entries[next]!;
      if (sequence > to) break;
      this.#add(this.#world.nowMs - atMs);
      writes.nextOf.set(node, next + 1);
    }
  }

  summary(): { count: number; p50Ms: number; p99Ms: number; maxMs: number } {
    return {
      count: this.#count,
      p50Ms: this.#percentile(0.5),
      p99Ms: this.#percentile(0.99),
      maxMs: this.#maxMs,
    };
  }

  #learn(entry: LedgerEntry): void {
    const known = this.#writes.get(entry.replica);
    if (known === undefined) this.#writes.set(entry.replica, { entries: [entry], nextOf: new Map() });
    else known.entries.push(entry);
  }

  #add(ms: number): void {
    const bucket = Math.floor(Math.log2(Math.max(1, ms)) * BUCKETS_PER_OCTAVE);
    this.#histogram[Math.min(bucket, BUCKETS - 1)]!++;
    this.#count++;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  #percentile(share: number): number {
    let left = Math.ceil(this.#count * share);
    for (const [bucket, count] of this.#histogram.entries()) {
      left -= count;
      if (left <= 0 && this.#count > 0) return 2 ** ((bucket + 1) / BUCKETS_PER_OCTAVE);
    }
    return 0;
  }
}
