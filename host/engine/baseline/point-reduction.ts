// Sum, extremes and squared deviation of a stretch of doubles, none of them NaN, in one unrolled pass each. Sums run in
// eight lanes (element i goes to lane i mod 8), which the processor adds side by side and which give the bits of the other
// engine. −0 lies below +0; comparisons cannot tell them apart, so the sign of an extreme that is zero is looked up after.
// Loops run over pieces and leave their lanes in between: code that V8 compiles for entry in the middle of one long loop
// (on-stack replacement) spills the lanes, takes two to five times as long, and is kept.
import type { PointSummary, PointVariance } from "../engine.ts";

/** Elements a loop runs over; a multiple of eight. */
const PIECE = 1024;
const MINIMUM = 8;
const MAXIMUM = 9;
/** Eight sums, then minimum and maximum. */
const lanes = new Float64Array(10);
/** Sum, minimum and maximum, where no object is wanted. */
const summary = new Float64Array(3);

export function reducePoints(values: Float64Array, from: number, to: number): PointSummary {
  if (from === to) return { count: 0, sum: 0, minimum: Infinity, maximum: -Infinity };
  summarizePoints(values, from, to, summary, 0);
  return { count: to - from, sum: summary[0]!, minimum: summary[1]!, maximum: summary[2]! };
}

/** Writes sum, minimum and maximum of at least one point from `at` on. */
export function summarizePoints(
  values: Float64Array,
  from: number,
  to: number,
  output: Float64Array,
  at: number,
): void {
  lanes[MINIMUM] = lanes[MAXIMUM] = values[from]!;
  let begin = from;
  for (; to - begin > PIECE; begin += PIECE) summarizePiece(values, begin, begin + PIECE, begin === from);
  output[at] = summarizePiece(values, begin, to, begin === from);
  const minimum = lanes[MINIMUM]!;
  const maximum = lanes[MAXIMUM]!;
  output[at + 1] = minimum === 0 && hasZero(values, from, to, -0) ? -0 : minimum === 0 ? 0 : minimum;
  output[at + 2] = maximum === 0 && hasZero(values, from, to, 0) ? 0 : maximum === 0 ? -0 : maximum;
}

/** Takes a piece in; gives the sum of all pieces so far, where this one is the last. */
function summarizePiece(values: Float64Array, from: number, to: number, isFirst: boolean): number {
  let sum0 = isFirst ? 0 : lanes[0]!;
  let sum1 = isFirst ? 0 : lanes[1]!;
  let sum2 = isFirst ? 0 : lanes[2]!;
  let sum3 = isFirst ? 0 : lanes[3]!;
  let sum4 = isFirst ? 0 : lanes[4]!;
  let sum5 = isFirst ? 0 : lanes[5]!;
  let sum6 = isFirst ? 0 : lanes[6]!;
  let sum7 = isFirst ? 0 : lanes[7]!;
  let minimum = lanes[MINIMUM]!;
  let maximum = lanes[MAXIMUM]!;
  let index = from;
  for (const groupsEnd = to - 7; index < groupsEnd; index += 8) {
    const value0 = values[index]!;
    sum0 += value0;
    if (value0 < minimum) minimum = value0;
    if (value0 > maximum) maximum = value0;
    const value1 = values[index + 1]!;
    sum1 += value1;
    if (value1 < minimum) minimum = value1;
    if (value1 > maximum) maximum = value1;
    const value2 = values[index + 2]!;
    sum2 += value2;
    if (value2 < minimum) minimum = value2;
    if (value2 > maximum) maximum = value2;
    const value3 = values[index + 3]!;
    sum3 += value3;
    if (value3 < minimum) minimum = value3;
    if (value3 > maximum) maximum = value3;
    const value4 = values[index + 4]!;
    sum4 += value4;
    if (value4 < minimum) minimum = value4;
    if (value4 > maximum) maximum = value4;
    const value5 = values[index + 5]!;
    sum5 += value5;
    if (value5 < minimum) minimum = value5;
    if (value5 > maximum) maximum = value5;
    const value6 = values[index + 6]!;
    sum6 += value6;
    if (value6 < minimum) minimum = value6;
    if (value6 > maximum) maximum = value6;
    const value7 = values[index + 7]!;
    sum7 += value7;
    if (value7 < minimum) minimum = value7;
    if (value7 > maximum) maximum = value7;
  }
  if (to - from === PIECE) {
    lanes[0] = sum0;
    lanes[1] = sum1;
    lanes[2] = sum2;
    lanes[3] = sum3;
    lanes[4] = sum4;
    lanes[5] = sum5;
    lanes[6] = sum6;
    lanes[7] = sum7;
  }
  for (let left = index; left < to; left++) {
    const value = values[left]!;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  lanes[MINIMUM] = minimum;
  lanes[MAXIMUM] = maximum;
  const rest = to - index;
  if (rest > 0) sum0 += values[index]!;
  if (rest > 1) sum1 += values[index + 1]!;
  if (rest > 2) sum2 += values[index + 2]!;
  if (rest > 3) sum3 += values[index + 3]!;
  if (rest > 4) sum4 += values[index + 4]!;
  if (rest > 5) sum5 += values[index + 5]!;
  if (rest > 6) sum6 += values[index + 6]!;
  return canonical(sum0 + sum1 + (sum2 + sum3) + (sum4 + sum5 + (sum6 + sum7)));
}

export function variancePoints(values: Float64Array, from: number, to: number): PointVariance {
  if (from === to) return { count: 0, mean: 0, squares: 0 };
  const mean = sumPoints(values, from, to) / (to - from);
  return { count: to - from, mean, squares: squaresPoints(values, from, to, mean) };
}

function sumPoints(values: Float64Array, from: number, to: number): number {
  let begin = from;
  for (; to - begin > PIECE; begin += PIECE) sumPiece(values, begin, begin + PIECE, begin === from);
  return sumPiece(values, begin, to, begin === from);
}

function sumPiece(values: Float64Array, from: number, to: number, isFirst: boolean): number {
  let sum0 = isFirst ? 0 : lanes[0]!;
  let sum1 = isFirst ? 0 : lanes[1]!;
  let sum2 = isFirst ? 0 : lanes[2]!;
  let sum3 = isFirst ? 0 : lanes[3]!;
  let sum4 = isFirst ? 0 : lanes[4]!;
  let sum5 = isFirst ? 0 : lanes[5]!;
  let sum6 = isFirst ? 0 : lanes[6]!;
  let sum7 = isFirst ? 0 : lanes[7]!;
  let index = from;
  for (const groupsEnd = to - 7; index < groupsEnd; index += 8) {
    sum0 += values[index]!;
    sum1 += values[index + 1]!;
    sum2 += values[index + 2]!;
    sum3 += values[index + 3]!;
    sum4 += values[index + 4]!;
    sum5 += values[index + 5]!;
    sum6 += values[index + 6]!;
    sum7 += values[index + 7]!;
  }
  if (to - from === PIECE) {
    lanes[0] = sum0;
    lanes[1] = sum1;
    lanes[2] = sum2;
    lanes[3] = sum3;
    lanes[4] = sum4;
    lanes[5] = sum5;
    lanes[6] = sum6;
    lanes[7] = sum7;
  }
  const rest = to - index;
  if (rest > 0) sum0 += values[index]!;
  if (rest > 1) sum1 += values[index + 1]!;
  if (rest > 2) sum2 += values[index + 2]!;
  if (rest > 3) sum3 += values[index + 3]!;
  if (rest > 4) sum4 += values[index + 4]!;
  if (rest > 5) sum5 += values[index + 5]!;
  if (rest > 6) sum6 += values[index + 6]!;
  return canonical(sum0 + sum1 + (sum2 + sum3) + (sum4 + sum5 + (sum6 + sum7)));
}

/** The sum of (value − mean)². */
export function squaresPoints(values: Float64Array, from: number, to: number, mean: number): number {
  let begin = from;
  for (; to - begin > PIECE; begin += PIECE) squarePiece(values, begin, begin + PIECE, begin === from, mean);
  return squarePiece(values, begin, to, begin === from, mean);
}

function squarePiece(values: Float64Array, from: number, to: number, isFirst: boolean, mean: number): number {
  let sum0 = isFirst ? 0 : lanes[0]!;
  let sum1 = isFirst ? 0 : lanes[1]!;
  let sum2 = isFirst ? 0 : lanes[2]!;
  let sum3 = isFirst ? 0 : lanes[3]!;
  let sum4 = isFirst ? 0 : lanes[4]!;
  let sum5 = isFirst ? 0 : lanes[5]!;
  let sum6 = isFirst ? 0 : lanes[6]!;
  let sum7 = isFirst ? 0 : lanes[7]!;
  let index = from;
  for (const groupsEnd = to - 7; index < groupsEnd; index += 8) {
    const off0 = values[index]! - mean;
    const off1 = values[index + 1]! - mean;
    const off2 = values[index + 2]! - mean;
    const off3 = values[index + 3]! - mean;
    const off4 = values[index + 4]! - mean;
    const off5 = values[index + 5]! - mean;
    const off6 = values[index + 6]! - mean;
    const off7 = values[index + 7]! - mean;
    sum0 += off0 * off0;
    sum1 += off1 * off1;
    sum2 += off2 * off2;
    sum3 += off3 * off3;
    sum4 += off4 * off4;
    sum5 += off5 * off5;
    sum6 += off6 * off6;
    sum7 += off7 * off7;
  }
  if (to - from === PIECE) {
    lanes[0] = sum0;
    lanes[1] = sum1;
    lanes[2] = sum2;
    lanes[3] = sum3;
    lanes[4] = sum4;
    lanes[5] = sum5;
    lanes[6] = sum6;
    lanes[7] = sum7;
  }
  const rest = to - index;
  if (rest > 0) sum0 += square(values[index]! - mean);
  if (rest > 1) sum1 += square(values[index + 1]! - mean);
  if (rest > 2) sum2 += square(values[index + 2]! - mean);
  if (rest > 3) sum3 += square(values[index + 3]! - mean);
  if (rest > 4) sum4 += square(values[index + 4]! - mean);
  if (rest > 5) sum5 += square(values[index + 5]! - mean);
  if (rest > 6) sum6 += square(values[index + 6]! - mean);
  return canonical(sum0 + sum1 + (sum2 + sum3) + (sum4 + sum5 + (sum6 + sum7)));
}

/** A product, rounded once everywhere; a power need not be. */
const square = (value: number): number => value * value;

/** Machines give NaN different bits; windows hand theirs out. */
function canonical(value: number): number {
  return Number.isNaN(value) ? Number.NaN : value;
}

/** Whether `zero`, with its sign, is among the values. */
function hasZero(values: Float64Array, from: number, to: number, zero: 0 | -0): boolean {
  const reciprocal = 1 / zero;
  for (let index = from; index < to; index++) {
    if (values[index] === 0 && 1 / values[index]! === reciprocal) return true;
  }
  return false;
}
