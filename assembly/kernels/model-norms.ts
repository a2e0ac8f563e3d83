// Norms of f32 columns. Squares are added in doubles in four lanes: element i goes to lane i mod 4, and the sum is
// (0+1)+(2+3), so every engine gets the same bits. Lanes are kept between calls, so that the host may call in pieces of a
// multiple of four elements. A difference is that of the f32 numbers, rounded to f32.
//
//   state  | lanes f64 × 4

export abstract class ModelNorms {
  private static readonly statePointer: u32 = <u32>memory.data(32, 16);

  static open(): void {
    memory.fill(ModelNorms.statePointer, 0, 32);
  }

  static total(): f64 {
    const state = ModelNorms.statePointer;
    return load<f64>(state) + load<f64>(state, 8) + (load<f64>(state, 16) + load<f64>(state, 24));
  }

  static squares(pointer: u32, count: u32): void {
    const state = ModelNorms.statePointer;
    const groupsEnd = pointer + ((count & ~3) << 2);
    if (ASC_FEATURE_SIMD) {
      let left = v128.load(state);
      let right = v128.load(state, 16);
      for (; pointer < groupsEnd; pointer += 16) {
        const four = v128.load(pointer);
        const low = f64x2.promote_low_f32x4(four);
        const high = f64x2.promote_low_f32x4(v128.shuffle<i64>(four, four, 1, 0));
        left = v128.add<f64>(left, v128.mul<f64>(low, low));
        right = v128.add<f64>(right, v128.mul<f64>(high, high));
      }
      v128.store(state, left);
      v128.store(state, right, 16);
    } else {
      for (; pointer < groupsEnd; pointer += 16) {
        for (let lane: u32 = 0; lane < 4; lane++)
          ModelNorms.addSquare(lane, load<f32>(pointer + (lane << 2)));
      }
    }
    for (let lane: u32 = 0; lane < (count & 3); lane++) {
      ModelNorms.addSquare(lane, load<f32>(pointer + (lane << 2)));
    }
  }

  static squaredDistance(pointer: u32, other: u32, count: u32): void {
    const state = ModelNorms.statePointer;
    const groupsEnd = pointer + ((count & ~3) << 2);
    if (ASC_FEATURE_SIMD) {
      let left = v128.load(state);
      let right = v128.load(state, 16);
      for (; pointer < groupsEnd; pointer += 16, other += 16) {
        const four = v128.sub<f32>(v128.load(pointer), v128.load(other));
        const low = f64x2.promote_low_f32x4(four);
        const high = f64x2.promote_low_f32x4(v128.shuffle<i64>(four, four, 1, 0));
        left = v128.add<f64>(left, v128.mul<f64>(low, low));
        right = v128.add<f64>(right, v128.mul<f64>(high, high));
      }
      v128.store(state, left);
      v128.store(state, right, 16);
    } else {
      for (; pointer < groupsEnd; pointer += 16, other += 16) {
        for (let lane: u32 = 0; lane < 4; lane++) {
          const at = lane << 2;
          ModelNorms.addSquare(lane, load<f32>(pointer + at) - load<f32>(other + at));
        }
      }
    }
    for (let lane: u32 = 0; lane < (count & 3); lane++) {
      const at = lane << 2;
      ModelNorms.addSquare(lane, load<f32>(pointer + at) - load<f32>(other + at));
    }
  }

  @inline private static addSquare(lane: u32, value: f32): void {
    const pointer = ModelNorms.statePointer + (lane << 3);
    store<f64>(pointer, load<f64>(pointer) + <f64>value * <f64>value);
  }

  /** The greatest magnitude as the bits of its f32, which order as the magnitudes do: from 0x7f800000 on it is no finite number. */
  static greatestBits(pointer: u32, count: u32): u32 {
    const end = pointer + (count << 2);
    let most: u32 = 0;
    if (ASC_FEATURE_SIMD) {
      const mask = v128.splat<i32>(0x7fffffff);
      let lanes = v128.splat<i32>(0);
      for (const groupsEnd = pointer + ((count & ~3) << 2); pointer < groupsEnd; pointer += 16) {
        lanes = v128.max<u32>(lanes, v128.and(v128.load(pointer), mask));
      }
      most = max(max(v128.extract_lane<u32>(lanes, 0), v128.extract_lane<u32>(lanes, 1)), most);
      most = max(max(v128.extract_lane<u32>(lanes, 2), v128.extract_lane<u32>(lanes, 3)), most);
    }
    for (; pointer < end; pointer += 4) most = max(most, load<u32>(pointer) & 0x7fffffff);
    return most;
  }
}
