// How likely it is that somebody who was heard regularly is gone, as a number that grows while nothing is heard: "The
// φ Accrual Failure Detector" (Hayashibara, Défago, Yared, Katayama 2004, https://doi.org/10.1109/RELDIS.2004.1353004).
// φ = 1 means one wrong suspicion in ten, φ = 8 one in a hundred million. Reads no clock. Cost of a call: constant.

export interface PhiOptions {
  /** Intervals remembered. */
  readonly window: number;
  /** The standard deviation is taken as at least this: a very regular past is no promise. */
  readonly deviationMsMin: number;
  /** What a pause may last beyond the usual: a garbage collection, a busy disk. */
  readonly pauseMs: number;
  /** The interval assumed before the first was seen. */
  readonly firstMs: number;
}

const PHI_OPTIONS: PhiOptions = { window: 100, deviationMsMin: 200, pauseMs: 500, firstMs: 1_000 };

export class PhiAccrual {
  readonly #options: PhiOptions;
  readonly #intervals: number[] = [];
  #sum = 0;
  #squares = 0;
  #next = 0;
  #heardAtMs: number | undefined;

  constructor(options: PhiOptions = PHI_OPTIONS) {
    this.#options = options;
    // As if two intervals had been seen, far enough apart to say little.
    this.#take(options.firstMs * 0.75);
    this.#take(options.firstMs * 1.25);
  }

  /** When it was last heard of; undefined before the first time. */
  get heardAtMs(): number | undefined {
    return this.#heardAtMs;
  }

  heard(nowMs: number): void {
    if (this.#heardAtMs !== undefined) this.#take(nowMs - this.#heardAtMs);
    this.#heardAtMs = nowMs;
  }

  /** −log10 of the probability that it is heard of later still. 0 before the first time. */
  phi(nowMs: number): number {
    if (this.#heardAtMs === undefined) return 0;
    const count = this.#intervals.length;
    const mean = this.#sum / count;
    const variance = Math.max(0, this.#squares / count - mean * mean);
    const deviation = Math.max(Math.sqrt(variance), this.#options.deviationMsMin);
    const away = (nowMs - this.#heardAtMs - mean - this.#options.pauseMs) / deviation;
    return -Math.log10(tail(away));
  }

  #take(ms: number): void {
    const { window } = this.#options;
    const oldest = this.#intervals.length === window ? this.#intervals[this.#next]! : undefined;
    if (oldest !== undefined) {
      this.#sum -= oldest;
      this.#squares -= oldest * oldest;
    }
    this.#intervals[this.#next] = ms;
    this.#next = (this.#next + 1) % window;
    this.#sum += ms;
    this.#squares += ms * ms;
  }
}

/** The upper tail of the normal distribution by its logistic approximation (Bowling et al. 2009), never 0. */
function tail(away: number): number {
  const power = Math.exp(-away * (1.5976 + 0.070566 * away * away));
  const share = away > 0 ? power / (1 + power) : 1 - 1 / (1 + power);
  return Math.max(share, Number.MIN_VALUE);
}
