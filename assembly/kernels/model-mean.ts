// Weighted sums of models, rows of f32 that lie `stride` bytes apart. Four rows are taken at a time, so that the sum is
// loaded and stored once for four; terms are added in the order of the rows, so every engine gets the same bits.
//
// The exact sum holds integers in doubles: a term is model × weight × scale, rounded to the nearest integer (to even), and
// integers below 2^53 add without rounding, whatever the order and grouping. A product of 24 and at most 29 bits is itself
// exact. Whoever calls sees to it that all terms together stay below 2^52. Stretches are rounded up to four elements:
// rows and sums have room for that.

/** Adding and taking away 1.5 · 2^52 rounds a double below 2^51 to the nearest integer. */
const ROUNDER: f64 = 6755399441055744;

export abstract class ModelMean {
  /** sum f32 += weight × row, row after row. */
  static add(sum: u32, rows: u32, stride: u32, weights: u32, rowCount: u32, count: u32): void {
    let row: u32 = 0;
    for (; row + 4 <= rowCount; row += 4) {
      ModelMean.addFour(sum, rows + row * stride, stride, weights + (row << 2), count);
    }
    for (; row < rowCount; row++) {
      ModelMean.addOne(sum, rows + row * stride, load<f32>(weights + (row << 2)), count);
    }
  }

  private static addOne(sum: u32, row: u32, weight: f32, count: u32): void {
    const end = sum + (count << 2);
    if (ASC_FEATURE_SIMD) {
      const weights = v128.splat<f32>(weight);
      for (; sum < end; sum += 16, row += 16) {
        v128.store(sum, v128.add<f32>(v128.load(sum), v128.mul<f32>(v128.load(row), weights)));
      }
    } else {
      for (; sum < end; sum += 4, row += 4) store<f32>(sum, load<f32>(sum) + load<f32>(row) * weight);
    }
  }

  private static addFour(sum: u32, row0: u32, stride: u32, weights: u32, count: u32): void {
    const end = sum + (count << 2);
    let row1 = row0 + stride;
    let row2 = row1 + stride;
    let row3 = row2 + stride;
    if (ASC_FEATURE_SIMD) {
      const weight0 = v128.load32_splat(weights);
      const weight1 = v128.load32_splat(weights, 4);
      const weight2 = v128.load32_splat(weights, 8);
      const weight3 = v128.load32_splat(weights, 12);
      const pairsEnd = sum + ((count & ~7) << 2);
      while (sum < pairsEnd) {
        let left = v128.add<f32>(v128.load(sum), v128.mul<f32>(v128.load(row0), weight0));
        let right = v128.add<f32>(v128.load(sum, 16), v128.mul<f32>(v128.load(row0, 16), weight0));
        left = v128.add<f32>(left, v128.mul<f32>(v128.load(row1), weight1));
        right = v128.add<f32>(right, v128.mul<f32>(v128.load(row1, 16), weight1));
        left = v128.add<f32>(left, v128.mul<f32>(v128.load(row2), weight2));
        right = v128.add<f32>(right, v128.mul<f32>(v128.load(row2, 16), weight2));
        left = v128.add<f32>(left, v128.mul<f32>(v128.load(row3), weight3));
        right = v128.add<f32>(right, v128.mul<f32>(v128.load(row3, 16), weight3));
        v128.store(sum, left);
        v128.store(sum, right, 16);
        sum += 32;
        row0 += 32;
        row1 += 32;
        row2 += 32;
        row3 += 32;
      }
      while (sum < end) {
        let four = v128.add<f32>(v128.load(sum), v128.mul<f32>(v128.load(row0), weight0));
        four = v128.add<f32>(four, v128.mul<f32>(v128.load(row1), weight1));
        four = v128.add<f32>(four, v128.mul<f32>(v128.load(row2), weight2));
        v128.store(sum, v128.add<f32>(four, v128.mul<f32>(v128.load(row3), weight3)));
        sum += 16;
        row0 += 16;
        row1 += 16;
        row2 += 16;
        row3 += 16;
      }
    } else {
      const weight0 = load<f32>(weights);
      const weight1 = load<f32>(weights, 4);
      const weight2 = load<f32>(weights, 8);
      const weight3 = load<f32>(weights, 12);
      while (sum < end) {
        let one = load<f32>(sum) + load<f32>(row0) * weight0;
        one += load<f32>(row1) * weight1;
        one += load<f32>(row2) * weight2;
        store<f32>(sum, one + load<f32>(row3) * weight3);
        sum += 4;
        row0 += 4;
        row1 += 4;
        row2 += 4;
        row3 += 4;
      }
    }
  }

  /** sum f64 += round(weight × row), row after row; weights are f64 and hold the scale. */
  static addExact(sum: u32, rows: u32, stride: u32, weights: u32, rowCount: u32, count: u32): void {
    let row: u32 = 0;
    for (; row + 4 <= rowCount; row += 4) {
      ModelMean.addFourExact(sum, rows + row * stride, stride, weights + (row << 3), count);
    }
    for (; row < rowCount; row++) {
      ModelMean.addOneExact(sum, rows + row * stride, load<f64>(weights + (row << 3)), count);
    }
  }

  private static addOneExact(sum: u32, row: u32, weight: f64, count: u32): void {
    const end = row + (count << 2);
    if (ASC_FEATURE_SIMD) {
      const weights = v128.splat<f64>(weight);
      for (; row < end; row += 16, sum += 32) {
        const four = v128.load(row);
        v128.store(sum, v128.add<f64>(v128.load(sum), ModelMean.terms(four, weights)));
        const high = v128.shuffle<i64>(four, four, 1, 0);
        v128.store(sum, v128.add<f64>(v128.load(sum, 16), ModelMean.terms(high, weights)), 16);
      }
    } else {
      for (; row < end; row += 4, sum += 8) {
        store<f64>(sum, load<f64>(sum) + ModelMean.term(load<f32>(row), weight));
      }
    }
  }

  private static addFourExact(sum: u32, row0: u32, stride: u32, weights: u32, count: u32): void {
    const end = row0 + (count << 2);
    let row1 = row0 + stride;
    let row2 = row1 + stride;
    let row3 = row2 + stride;
    if (ASC_FEATURE_SIMD) {
      const weight0 = v128.load64_splat(weights);
      const weight1 = v128.load64_splat(weights, 8);
      const weight2 = v128.load64_splat(weights, 16);
      const weight3 = v128.load64_splat(weights, 24);
      while (row0 < end) {
        const four0 = v128.load(row0);
        let left = v128.add<f64>(v128.load(sum), ModelMean.terms(four0, weight0));
        let right = v128.load(sum, 16);
        right = v128.add<f64>(right, ModelMean.terms(v128.shuffle<i64>(four0, four0, 1, 0), weight0));
        const four1 = v128.load(row1);
        left = v128.add<f64>(left, ModelMean.terms(four1, weight1));
        right = v128.add<f64>(right, ModelMean.terms(v128.shuffle<i64>(four1, four1, 1, 0), weight1));
        const four2 = v128.load(row2);
        left = v128.add<f64>(left, ModelMean.terms(four2, weight2));
        right = v128.add<f64>(right, ModelMean.terms(v128.shuffle<i64>(four2, four2, 1, 0), weight2));
        const four3 = v128.load(row3);
        left = v128.add<f64>(left, ModelMean.terms(four3, weight3));
        right = v128.add<f64>(right, ModelMean.terms(v128.shuffle<i64>(four3, four3, 1, 0), weight3));
        v128.store(sum, left);
        v128.store(sum, right, 16);
        sum += 32;
        row0 += 16;
        row1 += 16;
        row2 += 16;
        row3 += 16;
      }
    } else {
      const weight0 = load<f64>(weights);
      const weight1 = load<f64>(weights, 8);
      const weight2 = load<f64>(weights, 16);
      const weight3 = load<f64>(weights, 24);
      while (row0 < end) {
        let one = load<f64>(sum) + ModelMean.term(load<f32>(row0), weight0);
        one += ModelMean.term(load<f32>(row1), weight1);
        one += ModelMean.term(load<f32>(row2), weight2);
        store<f64>(sum, one + ModelMean.term(load<f32>(row3), weight3));
        sum += 8;
        row0 += 4;
        row1 += 4;
        row2 += 4;
        row3 += 4;
      }
    }
  }

  @inline private static term(value: f32, weight: f64): f64 {
    return <f64>value * weight + ROUNDER - ROUNDER;
  }

  /** The terms of the two low lanes. */
  @inline private static terms(four: v128, weights: v128): v128 {
    const rounder = v128.splat<f64>(ROUNDER);
    const products = v128.mul<f64>(f64x2.promote_low_f32x4(four), weights);
    return v128.sub<f64>(v128.add<f64>(products, rounder), rounder);
  }

  /** sum f64 += other f64. */
  static fold(sum: u32, other: u32, count: u32): void {
    const end = sum + (count << 3);
    for (; sum < end; sum += 8, other += 8) store<f64>(sum, load<f64>(sum) + load<f64>(other));
  }

  /** mean f32 = sum / divisor, rounded twice: to a double, then to f32. */
  static divide(mean: u32, sum: u32, divisor: f64, count: u32): void {
    const end = mean + (count << 2);
    if (ASC_FEATURE_SIMD) {
      const divisors = v128.splat<f64>(divisor);
      for (; mean < end; mean += 16, sum += 32) {
        const low = f32x4.demote_f64x2_zero(v128.div<f64>(v128.load(sum), divisors));
        const high = f32x4.demote_f64x2_zero(v128.div<f64>(v128.load(sum, 16), divisors));
        v128.store(mean, v128.shuffle<i64>(low, high, 0, 2));
      }
    } else {
      for (; mean < end; mean += 4, sum += 8) store<f32>(mean, <f32>(load<f64>(sum) / divisor));
    }
  }
}
