// Averaging without rounds or a creator: push-sum gossip (Kempe, Dobra and Gehrke, FOCS 2003). Each holds a sum and a weight,
// keeps half and gives half away; sum / weight goes to the mean of all for everybody. What is given away must arrive once:
// a lost or doubled share shifts the mean for good, so shares travel through something that does neither.
import { CrdtError } from "../errors.ts";

export interface PushSumShare {
  readonly sums: Float64Array;
  readonly weight: number;
}

export class PushSum {
  readonly #sums: Float64Array;
  #weight = 1;

  constructor(model: Float32Array) {
    this.#sums = Float64Array.from(model);
  }

  /** Takes half away, for a neighbour. */
  give(): PushSumShare {
    for (let index = 0; index < this.#sums.length; index++) this.#sums[index] = this.#sums[index]! / 2;
    this.#weight /= 2;
    return { sums: this.#sums.slice(), weight: this.#weight };
  }

  /** Errors: invalid-argument for another length, or numbers that are not finite; the weight is above 0. */
  take({ sums, weight }: PushSumShare): void {
    const isGood =
      sums.length === this.#sums.length && weight > 0 && weight <= 2 ** 32 && sums.every(Number.isFinite);
    if (!isGood) {
      throw new CrdtError(
        "invalid-argument",
        `a share of ${sums.length} numbers and weight ${weight}; give ${this.#sums.length} finite ones and a weight above 0`,
      );
    }
    for (let index = 0; index < sums.length; index++) this.#sums[index]! += sums[index]!;
    this.#weight += weight;
  }

  get weight(): number {
    return this.#weight;
  }

  get mean(): Float32Array {
    return Float32Array.from(this.#sums, (sum) => sum / this.#weight);
  }
}
