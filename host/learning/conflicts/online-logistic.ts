// Logistic regression learned one example at a time: the Gaussian approximation of Spiegelhalter and Lauritzen
// ("Sequential updating of conditional probabilities on directed graphical structures", 1990), a Kalman filter whose
// observation is the logistic function. Its weights begin at a prior and leave it as the evidence grows, so it is as
// good as the prior from the first example on. Cost of a call: the square of the number of weights.

export interface WeightPrior {
  readonly mean: number;
  readonly deviation: number;
}

/** Log-odds beyond this make no difference to a probability that anybody acts on. */
const LOG_ODDS_MAX = 30;

export class OnlineLogistic {
  readonly #weights: Float64Array;
  readonly #covariance: Float64Array;
  readonly #gain: Float64Array;

  constructor(priors: readonly WeightPrior[]) {
    const size = priors.length;
    this.#weights = Float64Array.from(priors, ({ mean }) => mean);
    this.#covariance = new Float64Array(size * size);
    for (const [place, { deviation }] of priors.entries()) {
      this.#covariance[place * size + place] = deviation * deviation;
    }
    this.#gain = new Float64Array(size);
  }

  get weights(): readonly number[] {
    return [...this.#weights];
  }

  /** The probability, where `offset` are log-odds that no weight changes. */
  probability(offset: number, features: readonly number[]): number {
    let logOdds = offset;
    for (let place = 0; place < this.#weights.length; place++) {
      logOdds += this.#weights[place]! * features[place]!;
    }
    return logistic(logOdds);
  }

  /** `share` says how much of an example counts: examples that come together are not independent. */
  learn(offset: number, features: readonly number[], outcome: boolean, share: number): void {
    const probability = this.probability(offset, features);
    const size = this.#weights.length;
    const gain = this.#gain;
    let spread = 0;
    for (let row = 0; row < size; row++) {
      let sum = 0;
      for (let column = 0; column < size; column++) {
        sum += this.#covariance[row * size + column]! * features[column]!;
      }
      gain[row] = sum;
      spread += sum * features[row]!;
    }
    const precision = Math.max(1e-4, probability * (1 - probability)) * share;
    const shrink = 1 / (1 + precision * spread);
    const error = ((outcome ? 1 : 0) - probability) * share * shrink;
    for (let row = 0; row < size; row++) {
      this.#weights[row]! += gain[row]! * error;
      for (let column = 0; column < size; column++) {
        this.#covariance[row * size + column]! -= precision * shrink * gain[row]! * gain[column]!;
      }
    }
  }
}

export function logistic(logOdds: number): number {
  return 1 / (1 + Math.exp(-Math.max(-LOG_ODDS_MAX, Math.min(LOG_ODDS_MAX, logOdds))));
}

/** The log-odds of a probability, kept finite. */
export function logOddsOf(probability: number): number {
  const inside = Math.max(1e-6, Math.min(1 - 1e-6, probability));
  return Math.log(inside / (1 - inside));
}
