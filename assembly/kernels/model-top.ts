// The k values of greatest magnitude: a histogram of the upper bits of their magnitudes finds the class the k-th falls
// into, and two more within it find its bits. Magnitudes order as the bits of f32 without the sign do. Of equal ones the
// first are taken. The host hands values in pieces, four passes in all, and keeps nothing but the bits found so far.
//
//   counts  | u32 × 2,048          values by 11, 11 and then 9 bits

const CLASSES: u32 = 2048;
const MAGNITUDE: u32 = 0x7fffffff;

export abstract class ModelTop {
  private static readonly countsPointer: u32 = <u32>memory.data(8192, 16);

  static open(): void {
    memory.fill(ModelTop.countsPointer, 0, CLASSES << 2);
  }

  /** Counts the magnitudes that agree with `prefix` above `shift + width` bits by their `width` bits above `shift`. */
  static count(pointer: u32, count: u32, prefix: u32, shift: u32, width: u32): void {
    const counts = ModelTop.countsPointer;
    const mask = ((<u32>1) << width) - 1;
    const end = pointer + (count << 2);
    for (; pointer < end; pointer += 4) {
      const bits = load<u32>(pointer) & MAGNITUDE;
      if (bits >> (shift + width) != prefix) continue;
      const at = counts + (((bits >> shift) & mask) << 2);
      store<u32>(at, load<u32>(at) + 1);
    }
  }

  /** The class that the `rank`-th greatest (from 1) falls into. Second: how many lie above it. */
  static classOf(rank: u32): u32 {
    let above: u32 = 0;
    for (let index = CLASSES; index > 0; index--) {
      const here = load<u32>(ModelTop.countsPointer + ((index - 1) << 2));
      if (above + here >= rank) {
        ModelTop.above = above;
        return index - 1;
      }
      above += here;
    }
    return 0;
  }

  static above: u32 = 0;
  /** How many values equal to the bound `gather` may still take. */
  static equalLeft: u32 = 0;

  /** Writes the places of values above `bound`, and of the first equal ones; gives how many. */
  static gather(out: u32, pointer: u32, count: u32, bound: u32, base: u32): u32 {
    const first = out;
    for (let index: u32 = 0; index < count; index++) {
      const bits = load<u32>(pointer + (index << 2)) & MAGNITUDE;
      if (bits < bound) continue;
      if (bits == bound) {
        if (ModelTop.equalLeft == 0) continue;
        ModelTop.equalLeft--;
      }
      store<u32>(out, base + index);
      out += 4;
    }
    return (out - first) >> 2;
  }
}
