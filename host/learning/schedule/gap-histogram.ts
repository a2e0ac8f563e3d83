// How long it takes until something more is to be sent: a histogram of gaps with bins that grow by half, in which old
// gaps fade. Gaps are measured in message costs: what takes longer than a few of them is never worth waiting for, so the
// last bin holds all of that. Cost of a call: the number of bins.

/** The first bin ends at this share of a message's cost. */
const FIRST_SHARE = 1 / 1024;
const GROWTH = 1.5;
export const GAP_BINS = 24;
/** What a gap counts for after the next one. */
const KEPT = 0.97;

export class GapHistogram {
  readonly #counts = new Float64Array(GAP_BINS);
  readonly #cost: number;
  #total = 0;
  #meanMs = 0;

  constructor(costMs: number) {
    this.#cost = costMs;
  }

  /** Faded gaps; 0 before the first. */
  get total(): number {
    return this.#total;
  }

  /** The faded mean, where a gap of many message costs counts as four of them: a pause is not a rate. */
  get meanMs(): number {
    return this.#total === 0 ? Number.POSITIVE_INFINITY : this.#meanMs / this.#total;
  }

  add(gapMs: number): void {
    for (let bin = 0; bin < GAP_BINS; bin++) this.#counts[bin]! *= KEPT;
    this.#counts[this.#binOf(gapMs)]! += 1;
    this.#total = this.#total * KEPT + 1;
    this.#meanMs = this.#meanMs * KEPT + Math.min(Math.max(0, gapMs), 4 * this.#cost);
  }

  share(bin: number): number {
    return this.#counts[bin]! / this.#total;
  }

  /** Where a bin ends, in milliseconds. */
  endMs(bin: number): number {
    return this.#cost * FIRST_SHARE * GROWTH ** bin;
  }

  /** A gap of this bin, in milliseconds. */
  middleMs(bin: number): number {
    return this.endMs(bin) / Math.sqrt(GROWTH);
  }

  #binOf(gapMs: number): number {
    const ratio = gapMs / (this.#cost * FIRST_SHARE);
    if (!(ratio > 1)) return 0;
    return Math.min(GAP_BINS - 1, Math.ceil(Math.log(ratio) / Math.log(GROWTH)));
  }
}
