// Computing over models, arrays of f32: what both engines implement with equal bits. What a call gives is a copy.
// Errors: invalid-argument for lengths, weights, counts and numbers outside what is said here; limit-exceeded beyond
// MODEL_PARAMETERS_MAX and MODEL_ROWS_MAX; document-closed after `close`. Whatever fails leaves tables and sums as they were.

export interface ModelKernels {
  /** Σ weight × model in f32, model after model, from +0: weights that add to one give the mean. */
  weightedSum(models: readonly Float32Array[], weights: Float32Array): Float32Array;
  /**
   * A column at a time: of the sorted numbers, −0 as +0, those from `trim` to before `n − trim` added ascending in f32 and
   * divided; where these are one or two, half of the lower plus half of the upper. 0 ≤ trim ≤ (n − 1) / 2; the greatest
   * trim gives the median. The models hold finite numbers.
   */
  trimmedMean(models: readonly Float32Array[], trim: number): Float32Array;
  /** Σ x² in doubles: element i in lane i mod 4, lanes as (0+1)+(2+3). */
  squaredNorm(model: Float32Array): number;
  /** Σ (x − y)² in the same lanes, the differences in f32. */
  squaredDistance(model: Float32Array, other: Float32Array): number;
  /** The greatest magnitude; NaN where there is one, Infinity where one is infinite. */
  greatestMagnitude(model: Float32Array): number;
  /**
   * Rounds x / step up or down by chance, so that the mean is kept: floor(x · f32(1 / step) + u) in f32, u the low 24 bits of
   * a word as a fraction, one word a value, within ±127 or ±7. 8 bits are two's complement; 4 bits are two a byte, the
   * first in the low half, each 8 too great. `step` is an f32 above 0.
   */
  quantize(values: Float32Array, bits: 8 | 4, step: number, words: Uint32Array): Uint8Array;
  /** The `count` integers of `bytes`, each times `step` in f32. */
  dequantize(bytes: Uint8Array, bits: 8 | 4, step: number, count: number): Float32Array;
  /** The places of the `count` values of greatest magnitude, ascending; of equal ones the first. No value is NaN. */
  topIndices(values: Float32Array, count: number): Uint32Array;
  /** Rows that stay with the engine. */
  createTable(rows: number, parameters: number): ModelTable;
  createSum(parameters: number): ModelSum;
}

/** Models that stay with the engine, all 0 at first. */
export interface ModelTable {
  readonly rows: number;
  readonly parameters: number;
  setRow(row: number, model: Float32Array): void;
  weightedSum(weights: Float32Array): Float32Array;
  trimmedMean(trim: number): Float32Array;
  /** Adds every row to `sum`, which is of the same engine and length. */
  addTo(sum: ModelSum, weights: Float64Array): void;
  close(): void;
}

/**
 * A sum that no order and no grouping changes: each term is model × weight rounded to the nearest integer (to even), in
 * doubles. That is exact while the magnitudes of all terms together stay below 2^52, which is the caller's to see to. A
 * weight is an integer below 2^29 times a power of two: its product with an f32 is then exact before it is rounded.
 */
export interface ModelSum {
  readonly parameters: number;
  add(models: readonly Float32Array[], weights: Float64Array): void;
  /** Adds what `read` of another sum gave. */
  fold(sums: Float64Array): void;
  read(): Float64Array;
  /** Every sum over `divisor`, rounded to a double and then to f32. */
  divided(divisor: number): Float32Array;
  clear(): void;
  close(): void;
}
