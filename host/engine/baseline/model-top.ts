// The values of greatest magnitude, by histograms of their bits: 11, 11 and then 9. Linear, and equal values are taken from
// the front, as the other engine does.
const CLASS_BITS = 11;
const CLASSES = 1 << CLASS_BITS;
const SHIFTS = [20, 9, 0] as const;
const MAGNITUDE = 0x7fffffff;

export function topIndices(values: Float32Array, count: number): Uint32Array {
  const out = new Uint32Array(count);
  if (count === 0) return out;
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const counts = new Uint32Array(CLASSES);
  let prefix = 0;
  let rank = count;
  for (const shift of SHIFTS) {
    // The last pass has 9 bits, so the prefix stands 9 above it.
    const width = shift === 0 ? 9 : CLASS_BITS;
    counts.fill(0);
    countClasses(counts, bits, prefix, shift, width);
    const found = classOf(counts, rank);
    rank -= found.above;
    prefix = (prefix << width) | found.index;
  }
  gather(out, bits, prefix, rank);
  return out;
}

function countClasses(
  counts: Uint32Array,
  bits: Uint32Array,
  prefix: number,
  shift: number,
  width: number,
): void {
  const mask = (1 << width) - 1;
  for (const word of bits) {
    const magnitude = word & MAGNITUDE;
    if ((magnitude >>> shift) >>> width !== prefix) continue;
    counts[(magnitude >>> shift) & mask]!++;
  }
}

function classOf(counts: Uint32Array, rank: number): { index: number; above: number } {
  let above = 0;
  for (let index = CLASSES - 1; index > 0; index--) {
    if (above + counts[index]! >= rank) return { index, above };
    above += counts[index]!;
  }
  return { index: 0, above };
}

function gather(out: Uint32Array, bits: Uint32Array, bound: number, equal: number): void {
  let length = 0;
  let equalLeft = equal;
  for (let index = 0; index < bits.length && length < out.length; index++) {
    const magnitude = bits[index]! & MAGNITUDE;
    if (magnitude < bound || (magnitude === bound && equalLeft-- <= 0)) continue;
    out[length++] = index;
  }
}
