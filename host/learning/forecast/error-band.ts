// How far forecasts of one horizon were off, and the band that held the given share of late: a conformal interval whose
// quantile moves with its own misses (Gibbs and Candès, "Adaptive conformal inference under distribution shift", 2021), so
// that coverage over time is the nominal one whatever the errors are. Cost of an error: that of keeping 128 numbers sorted.

const ERRORS_KEPT = 128;
/** Fewer errors say nothing of a tail. */
const ERRORS_MIN = 8;
/** How far one miss moves the quantile. */
const STEP = 0.02;

export class ErrorBand {
  readonly #missShare: number;
  readonly #recent: number[] = [];
  readonly #sorted: number[] = [];
  /** The share to be missed that is aimed at, so that the nominal one is. */
  #aimed: number;

  constructor(coverage: number) {
    this.#missShare = 1 - coverage;
    this.#aimed = this.#missShare;
  }

  get count(): number {
    return this.#recent.length;
  }

  /** Half the width of the interval; undefined while too little is known. */
  get half(): number | undefined {
    const count = this.#sorted.length;
    if (count < ERRORS_MIN) return undefined;
    const rank = Math.ceil((1 - Math.max(0, this.#aimed)) * (count + 1)) - 1;
    if (rank < count) return this.#sorted[Math.max(0, rank)]!;
    // Beyond all errors seen: as far beyond the largest as that is beyond the median.
    return 2 * this.#sorted[count - 1]! - this.#sorted[count >> 1]!;
  }

  /** A forecast was off by this; `half` was the band it was given. */
  add(error: number, half: number | undefined): void {
    const size = Math.abs(error);
    if (half !== undefined) {
      const missed = size > half ? 1 : 0;
      this.#aimed = Math.min(1, Math.max(-0.2, this.#aimed + STEP * (this.#missShare - missed)));
    }
    this.#recent.push(size);
    this.#sorted.splice(placeOf(this.#sorted, size), 0, size);
    if (this.#recent.length <= ERRORS_KEPT) return;
    const oldest = this.#recent.shift()!;
    this.#sorted.splice(placeOf(this.#sorted, oldest), 1);
  }
}

/** Where `value` stands, or would, in ascending order. */
function placeOf(sorted: readonly number[], value: number): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle]! < value) from = middle + 1;
    else to = middle;
  }
  return from;
}
