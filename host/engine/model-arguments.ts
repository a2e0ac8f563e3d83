// What both engines refuse before a kernel over models runs. Kernels may then trust what they are given.
import { CrdtError } from "../errors.ts";
import { MODEL_PARAMETERS_MAX, MODEL_ROWS_MAX } from "../limits.ts";

const TABLE_BYTES_END = 2 ** 31;
const WEIGHT_BITS = 29;

const refuse = (message: string): never => {
  throw new CrdtError("invalid-argument", message);
};

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

function checkLimit(what: string, value: number, limit: number): void {
  if (value <= limit) return;
  throw new CrdtError("limit-exceeded", `${value} ${what}, at most ${limit}; use fewer at a time`);
}

export function checkParameters(parameters: number): void {
  if (!isCount(parameters)) refuse(`a model of ${parameters} parameters; give an integer from 0 on`);
  checkLimit("parameters", parameters, MODEL_PARAMETERS_MAX);
}

export function checkTable(rows: number, parameters: number): void {
  if (!isCount(rows) || rows === 0) refuse(`a table of ${rows} models; give an integer from 1 on`);
  checkLimit("models", rows, MODEL_ROWS_MAX);
  checkParameters(parameters);
  checkLimit("bytes of a table of models", rows * (parameters + 3) * 4, TABLE_BYTES_END);
}

/** Refuses models of unequal lengths, and none at all; gives their length. */
export function checkModels(models: readonly Float32Array[]): number {
  const [first] = models;
  if (first === undefined) return refuse("no model; give one at least");
  checkLimit("models", models.length, MODEL_ROWS_MAX);
  checkLimit("parameters", first.length, MODEL_PARAMETERS_MAX);
  for (const model of models) checkLength("parameters", model.length, first.length);
  return first.length;
}

export function checkLength(what: string, length: number, expected: number): void {
  if (length !== expected) refuse(`${length} ${what} for ${expected}; give one each`);
}

export function checkRow(row: number, rows: number): void {
  if (!isCount(row) || row >= rows) refuse(`row ${row} of ${rows} models; rows count from 0`);
}

export function checkTrim(trim: number, rows: number): void {
  if (!isCount(trim) || trim > (rows - 1) / 2) {
    refuse(`${trim} of ${rows} models to trim at either end; at least one must remain`);
  }
}

export function checkWeights(weights: Float32Array, rows: number): void {
  checkLength("weights", weights.length, rows);
  const wrong = weights.find((weight) => !Number.isFinite(weight));
  if (wrong !== undefined) refuse(`a weight of ${wrong}; give finite numbers`);
}

/** Refuses what is no integer below 2^29 times a power of two. */
export function checkExactWeights(weights: Float64Array, rows: number): void {
  checkLength("weights", weights.length, rows);
  for (const weight of weights) {
    const isExact = Number.isFinite(weight) && weight >= 0 && isShort(weight);
    if (!isExact)
      refuse(`a weight of ${weight}; give an integer below 2^${WEIGHT_BITS} times a power of two`);
  }
}

const weightView = new DataView(new ArrayBuffer(8));
/** Of the 52 bits behind the first the last 24: they are 0 where at most 29 bits count. */
const SPARE_BITS = 2 ** (53 - WEIGHT_BITS) - 1;

function isShort(weight: number): boolean {
  weightView.setFloat64(0, weight);
  return (weightView.getUint32(4) & SPARE_BITS) === 0;
}

export function checkDivisor(divisor: number): void {
  if (!(divisor > 0) || !Number.isFinite(divisor)) refuse(`a divisor of ${divisor}; give a number above 0`);
}

export function checkStep(step: number): void {
  const isStep = step > 0 && Math.fround(step) === step && Number.isFinite(Math.fround(1 / step));
  if (!isStep) refuse(`a step of ${step}; give an f32 above 0 whose inverse is finite`);
}

export function checkBits(bits: number): void {
  if (bits !== 8 && bits !== 4) refuse(`${bits} bits a value; give 8 or 4`);
}

export function checkQuantized(bytes: Uint8Array, bits: 8 | 4, count: number): void {
  checkParameters(count);
  checkLength("bytes of integers", bytes.length, quantizedBytes(bits, count));
}

export const quantizedBytes = (bits: 8 | 4, count: number): number => (bits === 8 ? count : (count + 1) >> 1);
/** The greatest integer of so many bits; the least is its negative. */
export const quantizedMost = (bits: 8 | 4): number => (bits === 8 ? 127 : 7);

export function checkTop(count: number, length: number): void {
  if (!isCount(count) || count > length)
    refuse(`the greatest ${count} of ${length} values; give 0 to ${length}`);
}
