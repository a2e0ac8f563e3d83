// One window's aggregates with every lane in a register: what PointReduction does in calls that may be continued, for a
// stretch that is whole. The points behind the last group of eight are added in pairs, and a single one beside +0, which
// changes no lane: lanes begin at +0, and no sum that does is ever −0. Needs vectors.
import { PointReduction } from "./point-reduction";

const GROUP_MASK: u32 = ~7;
const GROUP_BYTES: u32 = 64;

export abstract class WindowRow {
  static minimum: f64 = 0;
  static maximum: f64 = 0;

  /** The lanes together, in the order of PointReduction.total. */
  @inline private static total(sum0: v128, sum1: v128, sum2: v128, sum3: v128): f64 {
    const left = f64x2.add(v128.shuffle<f64>(sum0, sum1, 0, 2), v128.shuffle<f64>(sum0, sum1, 1, 3));
    const right = f64x2.add(v128.shuffle<f64>(sum2, sum3, 0, 2), v128.shuffle<f64>(sum2, sum3, 1, 3));
    return PointReduction.canonical(
      f64x2.extract_lane(left, 0) +
        f64x2.extract_lane(left, 1) +
        (f64x2.extract_lane(right, 0) + f64x2.extract_lane(right, 1)),
    );
  }

  /** The sum of at least one point; leaves the extremes in `minimum` and `maximum`, whatever the sign of zero. */
  static summarize(pointer: u32, count: u32): f64 {
    const groupsEnd = pointer + ((count & GROUP_MASK) << 3);
    let sum0 = f64x2.splat(0);
    let sum1 = sum0;
    let sum2 = sum0;
    let sum3 = sum0;
    let least0 = v128.load64_splat(pointer);
    let least1 = least0;
    let most0 = least0;
    let most1 = least0;
    while (pointer < groupsEnd) {
      const pair0 = v128.load(pointer);
      const pair1 = v128.load(pointer, 16);
      sum0 = f64x2.add(sum0, pair0);
      sum1 = f64x2.add(sum1, pair1);
      least0 = f64x2.pmin(least0, pair0);
      most0 = f64x2.pmax(most0, pair0);
      least1 = f64x2.pmin(least1, pair1);
      most1 = f64x2.pmax(most1, pair1);
      const pair2 = v128.load(pointer, 32);
      const pair3 = v128.load(pointer, 48);
      sum2 = f64x2.add(sum2, pair2);
      sum3 = f64x2.add(sum3, pair3);
      least0 = f64x2.pmin(least0, pair2);
      most0 = f64x2.pmax(most0, pair2);
      least1 = f64x2.pmin(least1, pair3);
      most1 = f64x2.pmax(most1, pair3);
      pointer += GROUP_BYTES;
    }
    const rest = count & 7;
    if (rest >= 2) {
      const pair = v128.load(pointer);
      sum0 = f64x2.add(sum0, pair);
      least0 = f64x2.pmin(least0, pair);
      most0 = f64x2.pmax(most0, pair);
    }
    if (rest >= 4) {
      const pair = v128.load(pointer, 16);
      sum1 = f64x2.add(sum1, pair);
      least1 = f64x2.pmin(least1, pair);
      most1 = f64x2.pmax(most1, pair);
    }
    if (rest >= 6) {
      const pair = v128.load(pointer, 32);
      sum2 = f64x2.add(sum2, pair);
      least0 = f64x2.pmin(least0, pair);
      most0 = f64x2.pmax(most0, pair);
    }
    if ((rest & 1) != 0) {
      const last = pointer + ((rest - 1) << 3);
      const single = v128.load64_zero(last);
      if (rest == 1) sum0 = f64x2.add(sum0, single);
      else if (rest == 3) sum1 = f64x2.add(sum1, single);
      else if (rest == 5) sum2 = f64x2.add(sum2, single);
      else sum3 = f64x2.add(sum3, single);
      const both = v128.load64_splat(last);
      least1 = f64x2.pmin(least1, both);
      most1 = f64x2.pmax(most1, both);
    }
    least0 = f64x2.pmin(least0, least1);
    most0 = f64x2.pmax(most0, most1);
    WindowRow.minimum = min(f64x2.extract_lane(least0, 0), f64x2.extract_lane(least0, 1));
    WindowRow.maximum = max(f64x2.extract_lane(most0, 0), f64x2.extract_lane(most0, 1));
    return WindowRow.total(sum0, sum1, sum2, sum3);
  }

  /** The sum of (value − mean)². */
  static squares(pointer: u32, count: u32, mean: f64): f64 {
    const groupsEnd = pointer + ((count & GROUP_MASK) << 3);
    const means = f64x2.splat(mean);
    let sum0 = f64x2.splat(0);
    let sum1 = sum0;
    let sum2 = sum0;
    let sum3 = sum0;
    while (pointer < groupsEnd) {
      const off0 = f64x2.sub(v128.load(pointer), means);
      const off1 = f64x2.sub(v128.load(pointer, 16), means);
      const off2 = f64x2.sub(v128.load(pointer, 32), means);
      const off3 = f64x2.sub(v128.load(pointer, 48), means);
      sum0 = f64x2.add(sum0, f64x2.mul(off0, off0));
      sum1 = f64x2.add(sum1, f64x2.mul(off1, off1));
      sum2 = f64x2.add(sum2, f64x2.mul(off2, off2));
      sum3 = f64x2.add(sum3, f64x2.mul(off3, off3));
      pointer += GROUP_BYTES;
    }
    const rest = count & 7;
    if (rest >= 2) sum0 = WindowRow.addSquare(sum0, f64x2.sub(v128.load(pointer), means));
    if (rest >= 4) sum1 = WindowRow.addSquare(sum1, f64x2.sub(v128.load(pointer, 16), means));
    if (rest >= 6) sum2 = WindowRow.addSquare(sum2, f64x2.sub(v128.load(pointer, 32), means));
    if ((rest & 1) != 0) {
      const off = load<f64>(pointer + ((rest - 1) << 3)) - mean;
      const single = f64x2.replace_lane(f64x2.splat(0), 0, off);
      if (rest == 1) sum0 = WindowRow.addSquare(sum0, single);
      else if (rest == 3) sum1 = WindowRow.addSquare(sum1, single);
      else if (rest == 5) sum2 = WindowRow.addSquare(sum2, single);
      else sum3 = WindowRow.addSquare(sum3, single);
    }
    return WindowRow.total(sum0, sum1, sum2, sum3);
  }

  @inline private static addSquare(sum: v128, off: v128): v128 {
    return f64x2.add(sum, f64x2.mul(off, off));
  }
}
