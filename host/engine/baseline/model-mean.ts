// Weighted sums of models, four at a time. `Math.fround` around every step makes V8 compute in f32. Adding and taking away
// 1.5 · 2^52 rounds a double below 2^51 to the nearest integer, to even where two are as near.
const ROUNDER = 6755399441055744;

/** sum += weight × model over a stretch, model after model, in f32. */
export function addWeighted(
  sum: Float32Array,
  models: readonly Float32Array[],
  weights: Float32Array,
  from: number,
  to: number,
): void {
  let row = 0;
  for (; row + 4 <= models.length; row += 4) addFour(sum, models, weights, row, from, to);
  for (; row < models.length; row++) {
    const model = models[row]!;
    const weight = weights[row]!;
    for (let at = from; at < to; at++) sum[at] = Math.fround(sum[at]! + Math.fround(model[at]! * weight));
  }
}

function addFour(
  sum: Float32Array,
  models: readonly Float32Array[],
  weights: Float32Array,
  row: number,
  from: number,
  to: number,
): void {
  const model0 = models[row]!;
  const model1 = models[row + 1]!;
  const model2 = models[row + 2]!;
  const model3 = models[row + 3]!;
  const weight0 = weights[row]!;
  const weight1 = weights[row + 1]!;
  const weight2 = weights[row + 2]!;
  const weight3 = weights[row + 3]!;
  for (let at = from; at < to; at++) {
    let one = Math.fround(sum[at]! + Math.fround(model0[at]! * weight0));
    one = Math.fround(one + Math.fround(model1[at]! * weight1));
    one = Math.fround(one + Math.fround(model2[at]! * weight2));
    sum[at] = Math.fround(one + Math.fround(model3[at]! * weight3));
  }
}

/** sum += round(weight × model) over a stretch, in doubles that hold integers. */
export function addExactly(
  sum: Float64Array,
  models: readonly Float32Array[],
  weights: Float64Array,
  from: number,
  to: number,
): void {
  let row = 0;
  for (; row + 4 <= models.length; row += 4) addFourExactly(sum, models, weights, row, from, to);
  for (; row < models.length; row++) {
    const model = models[row]!;
    const weight = weights[row]!;
    for (let at = from; at < to; at++) sum[at] = sum[at]! + (model[at]! * weight + ROUNDER - ROUNDER);
  }
}

function addFourExactly(
  sum: Float64Array,
  models: readonly Float32Array[],
  weights: Float64Array,
  row: number,
  from: number,
  to: number,
): void {
  const model0 = models[row]!;
  const model1 = models[row + 1]!;
  const model2 = models[row + 2]!;
  const model3 = models[row + 3]!;
  const weight0 = weights[row]!;
  const weight1 = weights[row + 1]!;
  const weight2 = weights[row + 2]!;
  const weight3 = weights[row + 3]!;
  for (let at = from; at < to; at++) {
    const term0 = model0[at]! * weight0 + ROUNDER - ROUNDER;
    const term1 = model1[at]! * weight1 + ROUNDER - ROUNDER;
    const term2 = model2[at]! * weight2 + ROUNDER - ROUNDER;
    const term3 = model3[at]! * weight3 + ROUNDER - ROUNDER;
    sum[at] = sum[at]! + (term0 + term1 + (term2 + term3));
  }
}
