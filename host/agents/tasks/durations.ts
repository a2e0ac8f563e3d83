// How long tasks of a kind took: a mean over the results that count now, and so the same on every replica.
interface Took {
  readonly kind: string;
  readonly ms: number;
}

export class Durations {
  readonly #took = new Map<string, Took>();
  readonly #sums = new Map<string, { ms: number; count: number }>();

  /** Undefined before the first of a kind. */
  meanMs(kind: string): number | undefined {
    const sum = this.#sums.get(kind);
    return sum === undefined || sum.count === 0 ? undefined : sum.ms / sum.count;
  }

  set(task: string, kind: string, tookMs: number | undefined): void {
    const before = this.#took.get(task);
    // Whole milliseconds: their sum is the same in any order.
    const ms = tookMs === undefined ? undefined : Math.min(Math.round(tookMs), 2 ** 31);
    if (before?.ms === ms) return;
    if (before !== undefined) this.#add(before, -1);
    if (ms === undefined) {
      this.#took.delete(task);
      return;
    }
    const took = { kind, ms };
    this.#took.set(task, took);
    this.#add(took, 1);
  }

  #add({ kind, ms }: Took, sign: number): void {
    const sum = this.#sums.get(kind) ?? { ms: 0, count: 0 };
    sum.ms += sign * ms;
    sum.count += sign;
    this.#sums.set(kind, sum);
  }
}
