// Sums of squares in doubles, in four lanes: element i goes to lane i mod 4, and the sum is (0+1)+(2+3).

export function squaredNorm(model: Float32Array): number {
  let lane0 = 0;
  let lane1 = 0;
  let lane2 = 0;
  let lane3 = 0;
  const { length } = model;
  const groups = length & ~3;
  for (let at = 0; at < groups; at += 4) {
    const value0 = model[at]!;
    const value1 = model[at + 1]!;
    const value2 = model[at + 2]!;
    const value3 = model[at + 3]!;
    lane0 += value0 * value0;
    lane1 += value1 * value1;
    lane2 += value2 * value2;
    lane3 += value3 * value3;
  }
  if (groups < length) lane0 += model[groups]! * model[groups]!;
  if (groups + 1 < length) lane1 += model[groups + 1]! * model[groups + 1]!;
  if (groups + 2 < length) lane2 += model[groups + 2]! * model[groups + 2]!;
  return lane0 + lane1 + (lane2 + lane3);
}

export function squaredDistance(model: Float32Array, other: Float32Array): number {
  let lane0 = 0;
  let lane1 = 0;
  let lane2 = 0;
  let lane3 = 0;
  const { length } = model;
  const groups = length & ~3;
  for (let at = 0; at < groups; at += 4) {
    const off0 = Math.fround(model[at]! - other[at]!);
    const off1 = Math.fround(model[at + 1]! - other[at + 1]!);
    const off2 = Math.fround(model[at + 2]! - other[at + 2]!);
    const off3 = Math.fround(model[at + 3]! - other[at + 3]!);
    lane0 += off0 * off0;
    lane1 += off1 * off1;
    lane2 += off2 * off2;
    lane3 += off3 * off3;
  }
  if (groups < length) lane0 += squaredOff(model, other, groups);
  if (groups + 1 < length) lane1 += squaredOff(model, other, groups + 1);
  if (groups + 2 < length) lane2 += squaredOff(model, other, groups + 2);
  return lane0 + lane1 + (lane2 + lane3);
}

function squaredOff(model: Float32Array, other: Float32Array, at: number): number {
  const off = Math.fround(model[at]! - other[at]!);
  return off * off;
}
