// How long mutations take to reach the other nodes, counted in a histogram of quarter-powers of two: a percentile is
// right within a fifth. Only entries of the ledger are timed, and each at the first delta that brings it to a node.
import type { LedgerEntry, Truth } from "./truth.ts";
import type { World } from "./world.ts";

const BUCKETS_PER_OCTAVE = 8;
const BUCKETS = 32 * BUCKETS_PER_OCTAVE;

export class DeliveryTimes {
  readonly #world: World;
  readonly #truth: Truth;
  readonly #histogram = new Uint32Array(BUCKETS);
  /** Times by replica and sequence. */
  readonly #writtenAt = new Map<string, Map<number, number>>();
  #known = 0;
  #count = 0;
  #maxMs = 0;

  constructor(world: World, truth: Truth) {
    this.#world = world;
    this.#truth = truth;
  }

  /** A node has merged what `replica` wrote after `base` up to `to`. */
  merged(_node: number, replica: string, base: number, to: number): void {
    for (; this.#known < this.#truth.ledger.length; this.#known++)
      this.#learn(this.#truth.ledger[this.#known]!);
    const times = this.#writtenAt.get(replica);
    if (times === undefined) return;
    for (let sequence = base + 1; sequence <= to; sequence++) {
      const atMs = times.get(sequence);
      if (atMs !== undefined) this.#add(this.#world.nowMs - atMs);
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

  #learn({ replica, sequence, atMs }: LedgerEntry): void {
    let times = this.#writtenAt.get(replica);
    if (times === undefined) {
      times = new Map();
      this.#writtenAt.set(replica, times);
    }
    times.set(sequence, atMs);
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
