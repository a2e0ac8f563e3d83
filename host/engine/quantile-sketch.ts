// Reading and merging of quantile sketches (`PointTable.sketch`): counts by bucket, after the idea of DDSketch (Masson, Rim
// and Lee, PVLDB 12, 2019), with the leading bits of a double in place of a logarithm. Buckets are numbered in order of
// their values: 0 holds the most negative, the upper half the positive ones and +0. A bucket spans 2^-7 of its power of
// two, so its middle lies within 2^-8 of each of its values; of subnormals within 2^-1030.

/** Sign, eleven bits of the exponent, seven of the fraction. */
export const SKETCH_BUCKETS = 2 ** 19;
const HALF = SKETCH_BUCKETS / 2;
/** The top half of the bits a bucket leaves open. */
const MIDDLE_BITS = 0x1000;
const HIGH_SHIFT = 13;
const EXPONENT_MASK = 0x7ff00000;

const bits = new DataView(new ArrayBuffer(8));

/** The value that stands for all of a bucket: its middle; of infinities themselves. */
export function bucketValue(bucket: number): number {
  const isNegative = bucket < HALF;
  const magnitude = (isNegative ? HALF - 1 - bucket : bucket - HALF) << HIGH_SHIFT;
  if ((magnitude & EXPONENT_MASK) === EXPONENT_MASK) return isNegative ? -Infinity : Infinity;
  bits.setUint32(0, magnitude === 0 ? 0 : magnitude | MIDDLE_BITS);
  bits.setUint32(4, 0);
  const value = bits.getFloat64(0);
  return isNegative ? -value : value;
}

/** The sketch of all values that any of the sketches counted. */
export function mergeSketches(sketches: readonly Uint32Array[]): Uint32Array {
  const counts = new Map<number, number>();
  for (const sketch of sketches) {
    for (let index = 0; index < sketch.length; index += 2) {
      const bucket = sketch[index]!;
      counts.set(bucket, (counts.get(bucket) ?? 0) + sketch[index + 1]!);
    }
  }
  return Uint32Array.from([...counts].sort(([left], [right]) => left - right).flat());
}

/** About the value below which a share of `fraction` (0 to 1) lies; undefined of no values. */
export function quantile(sketch: Uint32Array, fraction: number): number | undefined {
  let total = 0;
  for (let index = 1; index < sketch.length; index += 2) total += sketch[index]!;
  if (total === 0) return undefined;
  let rank = Math.min(Math.max(fraction, 0), 1) * (total - 1);
  for (let index = 0; index < sketch.length; index += 2) {
    rank -= sketch[index + 1]!;
    if (rank < 0) return bucketValue(sketch[index]!);
  }
  return bucketValue(sketch[sketch.length - 2]!);
}
