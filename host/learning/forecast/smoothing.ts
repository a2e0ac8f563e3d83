// Exponential smoothing with a damped trend and an additive season (Holt 1957, Winters 1960, Gardner and McKenzie 1985), one
// value a step. Before a whole season has been seen there is none. Leaves out choosing the weights (load-forecast.ts).
// Cost of a value: constant.

export interface SmoothingWeights {
  readonly level: number;
  readonly trend: number;
  readonly season: number;
  /** What is left of a trend a step later, up to 1. */
  readonly damping: number;
}

export class Smoothing {
  readonly #weights: SmoothingWeights;
  /** Values of one season from its beginning; empty where there is no season. */
  readonly #seasonal: Float64Array;
  #level = 0;
  #trend = 0;
  #count = 0;

  constructor(weights: SmoothingWeights, seasonSteps: number) {
    this.#weights = weights;
    this.#seasonal = new Float64Array(weights.season > 0 ? seasonSteps : 0);
  }

  add(value: number): void {
    const season = this.#seasonal.length;
    const { level: levelWeight, trend: trendWeight, season: seasonWeight, damping } = this.#weights;
    if (this.#count < season) this.#learnFirstSeason(value);
    else if (this.#count === 0) this.#level = value;
    else {
      const place = season === 0 ? 0 : this.#count % season;
      const seasonal = season === 0 ? 0 : this.#seasonal[place]!;
      const before = this.#level;
      const expected = before + damping * this.#trend;
      this.#level = expected + levelWeight * (value - seasonal - expected);
      this.#trend = damping * this.#trend + trendWeight * (this.#level - before - damping * this.#trend);
      if (season > 0) this.#seasonal[place] = seasonal + seasonWeight * (value - this.#level - seasonal);
    }
    this.#count++;
  }

  /** What is expected `steps` from the last value on. */
  at(steps: number): number {
    const season = this.#seasonal.length;
    const { damping } = this.#weights;
    const sum = damping === 1 ? steps : (damping * (1 - damping ** steps)) / (1 - damping);
    const place = (this.#count - 1 + steps) % Math.max(1, season);
    const seasonal = season === 0 || this.#count < season ? 0 : this.#seasonal[place]!;
    return this.#level + sum * this.#trend + seasonal;
  }

  #learnFirstSeason(value: number): void {
    const season = this.#seasonal.length;
    this.#seasonal[this.#count] = value;
    // Until it is whole, the level follows the values.
    this.#level = this.#count === 0 ? value : this.#level + 0.5 * (value - this.#level);
    if (this.#count < season - 1) return;
    this.#level = this.#seasonal.reduce((sum, one) => sum + one, 0) / season;
    for (let place = 0; place < season; place++) this.#seasonal[place]! -= this.#level;
  }
}
