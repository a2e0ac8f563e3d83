// Stochastic rounding of f32 to integers of 8 or 4 bits: q = floor(x · inverse + u) within ±most, u from the low 24 bits of a
// word the host hands in, one a value. All of it in f32, so every engine gets the same bits. Two integers of 4 bits share a
// byte, the first in its low half, each 8 too great. What is left out: choosing the step, which the host does.

/** 2^−24: makes 24 bits a fraction of one. */
const FRACTION: f32 = 5.9604644775390625e-8;
const FRACTION_MASK: u32 = 0xffffff;
const NIBBLE_OFFSET: i32 = 8;

export abstract class ModelQuantization {
  static bytes(out: u32, values: u32, words: u32, inverse: f32, most: f32, count: u32): void {
    const end = out + count;
    if (ASC_FEATURE_SIMD) {
      for (const groupsEnd = out + (count & ~3); out < groupsEnd; out += 4, values += 16, words += 16) {
        const four = ModelQuantization.four(values, words, inverse, most);
        const halves = i16x8.narrow_i32x4_s(four, four);
        v128.store32_lane(out, i8x16.narrow_i16x8_s(halves, halves), 0);
      }
    }
    for (; out < end; out++, values += 4, words += 4) {
      store<i8>(out, <i8>ModelQuantization.one(values, words, inverse, most));
    }
  }

  /** `count` is rounded up to two; there is room for that, and the spare half is 0. */
  static nibbles(out: u32, values: u32, words: u32, inverse: f32, most: f32, count: u32): void {
    for (let index: u32 = 0; index < count; index += 2, out++, values += 8, words += 8) {
      const low = ModelQuantization.one(values, words, inverse, most);
      const high = index + 1 < count ? ModelQuantization.one(values + 4, words + 4, inverse, most) : 0;
      store<u8>(out, <u8>((low + NIBBLE_OFFSET) | ((high + NIBBLE_OFFSET) << 4)));
    }
  }

  @inline private static one(value: u32, word: u32, inverse: f32, most: f32): i32 {
    const fraction = <f32>(load<u32>(word) & FRACTION_MASK) * FRACTION;
    return <i32>min(max(floor(load<f32>(value) * inverse + fraction), -most), most);
  }

  @inline private static four(values: u32, words: u32, inverse: f32, most: f32): v128 {
    const bits = v128.and(v128.load(words), v128.splat<u32>(FRACTION_MASK));
    const fractions = v128.mul<f32>(v128.convert<i32>(bits), v128.splat<f32>(FRACTION));
    const scaled = v128.mul<f32>(v128.load(values), v128.splat<f32>(inverse));
    const whole = v128.floor<f32>(v128.add<f32>(scaled, fractions));
    const bounded = v128.min<f32>(v128.max<f32>(whole, v128.splat<f32>(-most)), v128.splat<f32>(most));
    return v128.trunc_sat<i32>(bounded);
  }

  static fromBytes(out: u32, bytes: u32, step: f32, count: u32): void {
    const end = bytes + count;
    for (; bytes < end; bytes++, out += 4) store<f32>(out, <f32>load<i8>(bytes) * step);
  }

  static fromNibbles(out: u32, bytes: u32, step: f32, count: u32): void {
    for (let index: u32 = 0; index < count; index++, out += 4) {
      const pair = <i32>load<u8>(bytes + (index >> 1));
      const nibble = (index & 1) != 0 ? pair >> 4 : pair & 15;
      store<f32>(out, <f32>(nibble - NIBBLE_OFFSET) * step);
    }
  }
}
