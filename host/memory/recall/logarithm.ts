// The natural logarithm by additions, multiplications and divisions in a fixed order. Math.log may differ between
// engines in its last bit, and a ranking must not. Within 2 units in the last place of the true value.

const bits = new DataView(new ArrayBuffer(8));

const MANTISSA_BITS = 52;
const EXPONENT_BIAS = 1023;

/** 1/21 … 1/3: odd reciprocals of the series of the inverse hyperbolic tangent, smallest first. */
const RECIPROCALS = Array.from({ length: 10 }, (_, index) => 1 / (21 - 2 * index));

/** ln(x) of a positive, normal number. */
export function logarithm(x: number): number {
  bits.setFloat64(0, x);
  const high = bits.getUint32(0);
  let exponent = (high >>> (MANTISSA_BITS - 32)) - EXPONENT_BIAS;
  bits.setUint32(0, (high & 0xfffff) | (EXPONENT_BIAS << 20));
  let mantissa = bits.getFloat64(0);
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent += 1;
  }
  const ratio = (mantissa - 1) / (mantissa + 1);
  const square = ratio * ratio;
  let sum = 0;
  for (const reciprocal of RECIPROCALS) sum = (sum + reciprocal) * square;
  return exponent * Math.LN2 + 2 * ratio * (sum + 1);
}
