// Stochastic rounding in f32, step by step as the other engine does it.
const FRACTION = 2 ** -24;
const FRACTION_MASK = 0xffffff;
const NIBBLE_OFFSET = 8;

function rounded(value: number, word: number, inverse: number, most: number): number {
  const fraction = Math.fround((word & FRACTION_MASK) * FRACTION);
  const whole = Math.floor(Math.fround(Math.fround(value * inverse) + fraction));
  return whole > most ? most : whole < -most ? -most : whole;
}

export function toBytes(
  out: Uint8Array,
  values: Float32Array,
  words: Uint32Array,
  inverse: number,
  most: number,
): void {
  for (let at = 0; at < values.length; at++) out[at] = rounded(values[at]!, words[at]!, inverse, most);
}

export function toNibbles(
  out: Uint8Array,
  values: Float32Array,
  words: Uint32Array,
  inverse: number,
  most: number,
): void {
  for (let at = 0; at < values.length; at += 2) {
    const low = rounded(values[at]!, words[at]!, inverse, most) + NIBBLE_OFFSET;
    const hasHigh = at + 1 < values.length;
    const high = hasHigh ? rounded(values[at + 1]!, words[at + 1]!, inverse, most) : 0;
    out[at >> 1] = low | ((high + NIBBLE_OFFSET) << 4);
  }
}
