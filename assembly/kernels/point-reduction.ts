// Sum, minimum, maximum and squared deviation of a stretch of doubles, none of them NaN. Sums run in eight lanes: element i
// goes to lane i mod 8, so that four vectors of two, eight scalars and any other engine add in the same order and get
// the same bits. Lanes are kept between calls, so that the host may call in pieces of a multiple of eight elements.
//
//   state  | lanes f64 × 8 | minimum f64 | maximum f64
//
// −0 lies below +0. Machines disagree about the least of both, so where zero is an extreme its sign is looked up after.

const LANES: u32 = 8;
const GROUP_BYTES: u32 = LANES << 3;
const MINIMUM: usize = 64;
const MAXIMUM: usize = 72;

export abstract class PointReduction {
  static readonly statePointer: u32 = <u32>memory.data(80, 16);

  /** The state of no element. */
  static open(): void {
    const state = PointReduction.statePointer;
    for (let lane: u32 = 0; lane < GROUP_BYTES; lane += 8) store<f64>(state + lane, 0);
    store<f64>(state, Infinity, MINIMUM);
    store<f64>(state, -Infinity, MAXIMUM);
  }

  /** The lanes together, in the one order; the canonical NaN if that is no number. */
  static total(): f64 {
    const state = PointReduction.statePointer;
    const left = load<f64>(state) + load<f64>(state, 8) + (load<f64>(state, 16) + load<f64>(state, 24));
    const right = load<f64>(state, 32) + load<f64>(state, 40) + (load<f64>(state, 48) + load<f64>(state, 56));
    return PointReduction.canonical(left + right);
  }

  @inline static get minimum(): f64 {
    return load<f64>(PointReduction.statePointer, MINIMUM);
  }

  @inline static get maximum(): f64 {
    return load<f64>(PointReduction.statePointer, MAXIMUM);
  }

  @inline static canonical(value: f64): f64 {
    return value == value ? value : NaN;
  }

  /** Adds a stretch to sums and extremes. Every stretch but the last has a multiple of eight elements. */
  static accumulate(pointer: u32, count: u32): void {
    if (count == 0) return;
    if (ASC_FEATURE_SIMD) PointReduction.accumulateVectors(pointer, count);
    else PointReduction.accumulateScalars(pointer, count);
  }

  private static accumulateVectors(pointer: u32, count: u32): void {
    const state = PointReduction.statePointer;
    const first = pointer;
    const end = pointer + (count << 3);
    const groupsEnd = pointer + ((count & ~(LANES - 1)) << 3);
    let sum0 = v128.load(state);
    let sum1 = v128.load(state, 16);
    let sum2 = v128.load(state, 32);
    let sum3 = v128.load(state, 48);
    const any = v128.load64_splat(pointer);
    let least0 = any;
    let least1 = any;
    let least2 = any;
    let least3 = any;
    let most0 = any;
    let most1 = any;
    let most2 = any;
    let most3 = any;
    while (pointer < groupsEnd) {
      const pair0 = v128.load(pointer);
      sum0 = v128.add<f64>(sum0, pair0);
      least0 = v128.pmin<f64>(least0, pair0);
      most0 = v128.pmax<f64>(most0, pair0);
      const pair1 = v128.load(pointer, 16);
      sum1 = v128.add<f64>(sum1, pair1);
      least1 = v128.pmin<f64>(least1, pair1);
      most1 = v128.pmax<f64>(most1, pair1);
      const pair2 = v128.load(pointer, 32);
      sum2 = v128.add<f64>(sum2, pair2);
      least2 = v128.pmin<f64>(least2, pair2);
      most2 = v128.pmax<f64>(most2, pair2);
      const pair3 = v128.load(pointer, 48);
      sum3 = v128.add<f64>(sum3, pair3);
      least3 = v128.pmin<f64>(least3, pair3);
      most3 = v128.pmax<f64>(most3, pair3);
      pointer += GROUP_BYTES;
    }
    v128.store(state, sum0);
    v128.store(state, sum1, 16);
    v128.store(state, sum2, 32);
    v128.store(state, sum3, 48);
    least0 = v128.pmin<f64>(v128.pmin<f64>(least0, least1), v128.pmin<f64>(least2, least3));
    most0 = v128.pmax<f64>(v128.pmax<f64>(most0, most1), v128.pmax<f64>(most2, most3));
    let least = min(v128.extract_lane<f64>(least0, 0), v128.extract_lane<f64>(least0, 1));
    let most = max(v128.extract_lane<f64>(most0, 0), v128.extract_lane<f64>(most0, 1));
    let lane = state;
    while (pointer < end) {
      const value = load<f64>(pointer);
      store<f64>(lane, load<f64>(lane) + value);
      least = min(least, value);
      most = max(most, value);
      lane += 8;
      pointer += 8;
    }
    PointReduction.keepExtremes(first, count, least, most);
  }

  private static accumulateScalars(pointer: u32, count: u32): void {
    const state = PointReduction.statePointer;
    const first = pointer;
    const end = pointer + (count << 3);
    const groupsEnd = pointer + ((count & ~(LANES - 1)) << 3);
    let sum0 = load<f64>(state);
    let sum1 = load<f64>(state, 8);
    let sum2 = load<f64>(state, 16);
    let sum3 = load<f64>(state, 24);
    let sum4 = load<f64>(state, 32);
    let sum5 = load<f64>(state, 40);
    let sum6 = load<f64>(state, 48);
    let sum7 = load<f64>(state, 56);
    let least = load<f64>(pointer);
    let most = least;
    while (pointer < groupsEnd) {
      const value0 = load<f64>(pointer);
      const value1 = load<f64>(pointer, 8);
      const value2 = load<f64>(pointer, 16);
      const value3 = load<f64>(pointer, 24);
      const value4 = load<f64>(pointer, 32);
      const value5 = load<f64>(pointer, 40);
      const value6 = load<f64>(pointer, 48);
      const value7 = load<f64>(pointer, 56);
      sum0 += value0;
      sum1 += value1;
      sum2 += value2;
      sum3 += value3;
      sum4 += value4;
      sum5 += value5;
      sum6 += value6;
      sum7 += value7;
      if (value0 < least) least = value0;
      if (value0 > most) most = value0;
      if (value1 < least) least = value1;
      if (value1 > most) most = value1;
      if (value2 < least) least = value2;
      if (value2 > most) most = value2;
      if (value3 < least) least = value3;
      if (value3 > most) most = value3;
      if (value4 < least) least = value4;
      if (value4 > most) most = value4;
      if (value5 < least) least = value5;
      if (value5 > most) most = value5;
      if (value6 < least) least = value6;
      if (value6 > most) most = value6;
      if (value7 < least) least = value7;
      if (value7 > most) most = value7;
      pointer += GROUP_BYTES;
    }
    store<f64>(state, sum0);
    store<f64>(state, sum1, 8);
    store<f64>(state, sum2, 16);
    store<f64>(state, sum3, 24);
    store<f64>(state, sum4, 32);
    store<f64>(state, sum5, 40);
    store<f64>(state, sum6, 48);
    store<f64>(state, sum7, 56);
    let lane = state;
    while (pointer < end) {
      const value = load<f64>(pointer);
      store<f64>(lane, load<f64>(lane) + value);
      least = min(least, value);
      most = max(most, value);
      lane += 8;
      pointer += 8;
    }
    PointReduction.keepExtremes(first, count, least, most);
  }

  /** Takes the extremes of a stretch in, after setting the sign of one that is zero. */
  @inline private static keepExtremes(pointer: u32, count: u32, least: f64, most: f64): void {
    least = PointReduction.leastZero(pointer, count, least);
    most = PointReduction.mostZero(pointer, count, most);
    const state = PointReduction.statePointer;
    store<f64>(state, min(load<f64>(state, MINIMUM), least), MINIMUM);
    store<f64>(state, max(load<f64>(state, MAXIMUM), most), MAXIMUM);
  }

  /** The least of the elements, with the sign of the least zero where it is one. */
  @inline static leastZero(pointer: u32, count: u32, least: f64): f64 {
    return least != 0 ? least : PointReduction.isSignIn(pointer, count, 1) ? -0.0 : 0.0;
  }

  /** The same for the greatest. */
  @inline static mostZero(pointer: u32, count: u32, most: f64): f64 {
    return most != 0 ? most : PointReduction.isSignIn(pointer, count, 0) ? 0.0 : -0.0;
  }

  /** Whether an element has this sign bit. */
  private static isSignIn(pointer: u32, count: u32, sign: u64): bool {
    const end = pointer + (count << 3);
    const flip = sign - 1;
    let signs: u64 = 0;
    if (ASC_FEATURE_SIMD) {
      const flips = v128.splat<i64>(flip);
      let pair0 = v128.splat<i64>(0);
      let pair1 = pair0;
      for (const groupsEnd = pointer + ((count & ~3) << 3); pointer < groupsEnd; pointer += 32) {
        pair0 = v128.or(pair0, v128.xor(v128.load(pointer), flips));
        pair1 = v128.or(pair1, v128.xor(v128.load(pointer, 16), flips));
      }
      pair0 = v128.or(pair0, pair1);
      signs = v128.extract_lane<u64>(pair0, 0) | v128.extract_lane<u64>(pair0, 1);
    }
    for (; pointer < end; pointer += 8) signs |= load<u64>(pointer) ^ flip;
    return signs >> 63 != 0;
  }

  /** Adds a stretch to the sums alone. */
  static sum(pointer: u32, count: u32): void {
    const state = PointReduction.statePointer;
    const groupsEnd = pointer + ((count & ~(LANES - 1)) << 3);
    if (ASC_FEATURE_SIMD) {
      let sum0 = v128.load(state);
      let sum1 = v128.load(state, 16);
      let sum2 = v128.load(state, 32);
      let sum3 = v128.load(state, 48);
      while (pointer < groupsEnd) {
        sum0 = v128.add<f64>(sum0, v128.load(pointer));
        sum1 = v128.add<f64>(sum1, v128.load(pointer, 16));
        sum2 = v128.add<f64>(sum2, v128.load(pointer, 32));
        sum3 = v128.add<f64>(sum3, v128.load(pointer, 48));
        pointer += GROUP_BYTES;
      }
      v128.store(state, sum0);
      v128.store(state, sum1, 16);
      v128.store(state, sum2, 32);
      v128.store(state, sum3, 48);
    } else {
      while (pointer < groupsEnd) {
        for (let lane: u32 = 0; lane < GROUP_BYTES; lane += 8) {
          store<f64>(state + lane, load<f64>(state + lane) + load<f64>(pointer + lane));
        }
        pointer += GROUP_BYTES;
      }
    }
    const rest = (count & (LANES - 1)) << 3;
    for (let lane: u32 = 0; lane < rest; lane += 8) {
      store<f64>(state + lane, load<f64>(state + lane) + load<f64>(pointer + lane));
    }
  }

  /** Adds (element − mean)² of a stretch to the sums. */
  static squares(pointer: u32, count: u32, mean: f64): void {
    const state = PointReduction.statePointer;
    const groupsEnd = pointer + ((count & ~(LANES - 1)) << 3);
    if (ASC_FEATURE_SIMD) {
      const means = v128.splat<f64>(mean);
      let sum0 = v128.load(state);
      let sum1 = v128.load(state, 16);
      let sum2 = v128.load(state, 32);
      let sum3 = v128.load(state, 48);
      while (pointer < groupsEnd) {
        const off0 = v128.sub<f64>(v128.load(pointer), means);
        const off1 = v128.sub<f64>(v128.load(pointer, 16), means);
        const off2 = v128.sub<f64>(v128.load(pointer, 32), means);
        const off3 = v128.sub<f64>(v128.load(pointer, 48), means);
        sum0 = v128.add<f64>(sum0, v128.mul<f64>(off0, off0));
        sum1 = v128.add<f64>(sum1, v128.mul<f64>(off1, off1));
        sum2 = v128.add<f64>(sum2, v128.mul<f64>(off2, off2));
        sum3 = v128.add<f64>(sum3, v128.mul<f64>(off3, off3));
        pointer += GROUP_BYTES;
      }
      v128.store(state, sum0);
      v128.store(state, sum1, 16);
      v128.store(state, sum2, 32);
      v128.store(state, sum3, 48);
    } else {
      while (pointer < groupsEnd) {
        for (let lane: u32 = 0; lane < GROUP_BYTES; lane += 8) {
          const off = load<f64>(pointer + lane) - mean;
          store<f64>(state + lane, load<f64>(state + lane) + off * off);
        }
        pointer += GROUP_BYTES;
      }
    }
    const rest = (count & (LANES - 1)) << 3;
    for (let lane: u32 = 0; lane < rest; lane += 8) {
      const off = load<f64>(pointer + lane) - mean;
      store<f64>(state + lane, load<f64>(state + lane) + off * off);
    }
  }
}
