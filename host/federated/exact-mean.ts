// The weighted mean of updates that no order, grouping or duplication of work changes: each update times its examples is
// rounded to a multiple of a unit, and multiples of one unit add in doubles without rounding (ModelSum).
//
// Range. With magnitudes up to m and N examples in all, terms together stay below N · m. The unit is 2^−e with e the
// greatest integer for which N · m · 2^e ≤ 2^51, so sums stay below 2^52, half of what doubles hold exactly, and each term
// below 2^51, up to where it is rounded to the nearest. The mean is then off by at most K / N · 2^−(e+1) for K updates: at
// 1,500 examples and m = 64 that is 2^−35 where each update stands for one example. Partial sums of one unit fold; N comes from the closing record.
import type { ModelKernels } from "../engine/engine.ts";
import { CrdtError } from "../errors.ts";

const SUM_BITS = 51;

/** Multiples of 2^−e that one stands for: 2^e. */
export function exactScale(examples: number, magnitudeMax: number): number {
  const bits = Math.ceil(Math.log2(examples * magnitudeMax));
  let scale = 2 ** (SUM_BITS - bits);
  // The logarithm may be off by its last bit.
  while (examples * magnitudeMax * scale > 2 ** SUM_BITS) scale /= 2;
  return scale;
}

/** Errors: invalid-argument where an update holds more than `magnitudeMax`, for which the sum would not be exact. */
export function exactMean(
  kernels: ModelKernels,
  updates: readonly Float32Array[],
  examples: readonly number[],
  magnitudeMax: number,
): Float32Array {
  for (const update of updates) {
    const greatest = kernels.greatestMagnitude(update);
    if (greatest <= magnitudeMax) continue;
    throw new CrdtError(
      "invalid-argument",
      `an update of magnitude ${greatest}, at most ${magnitudeMax}; clip it first`,
    );
  }
  const total = examples.reduce((sum, count) => sum + count, 0);
  const scale = exactScale(total, magnitudeMax);
  const sum = kernels.createSum(updates[0]?.length ?? 0);
  try {
    sum.add(
      updates,
      Float64Array.from(examples, (count) => count * scale),
    );
    return sum.divided(total * scale);
  } finally {
    sum.close();
  }
}
