// Decodes series chunks (docs/wire-format.md). A block whose numbers take at most 25 bits is summed up in words of 32 bits,
// four at a time, and added to a straight line; the others go one by one. Columns written to are whole only where the
// answer is true. Cost: one pass over each column; a regular time column costs its stores.
import { BitPack, BLOCK_NUMBERS } from "./bit-pack";
import {
  ChunkBlock,
  ChunkFormat,
  EXCEPTION_BYTES,
  highWordsPointer,
  lowWordsPointer,
  MANTISSA_MAX,
  SAFE_INTEGER_MAX,
  SCALE_NONE,
  TIMES_WIDE,
} from "./chunk-format";
import { ChunkReader } from "./chunk-reader";

const TWO_32: f64 = 4294967296;
/** 128 numbers of so many bits sum up to less than 2^32. */
const SUMMED_BITS_MAX: u32 = 25;
/** Above the sum of a block of them. */
const SUMMED_END: f64 = 4294967296;

export abstract class ChunkDecoder {
  /** Writes the times of the chunk that was opened; false where they descend or do not end at the last time. */
  static times(to: u32): bool {
    const count = ChunkReader.count;
    if (ChunkReader.timesKind == TIMES_WIDE) return ChunkDecoder.wideTimes(count, to);
    const unit = ChunkFormat.unit(ChunkReader.timesKind);
    const first = ChunkReader.firstTime;
    const last = ChunkReader.lastTime;
    const blocks = ChunkFormat.blocks(count);
    let from = ChunkReader.packedTimes;
    let time = first;
    store<f64>(to, time + 0.0);
    to += 8;
    for (let index: u32 = 0; index < blocks; index++) {
      const block = ChunkFormat.timeBlock(index);
      const size = ChunkFormat.blockCount(count, index);
      const step = block.base * unit;
      if (step > last - time) return false;
      if (block.width == 0) {
        time = ChunkDecoder.line(size, time, step, 1, to);
      } else if (block.width <= SUMMED_BITS_MAX) {
        BitPack.unpack(from, size, block.width, lowWordsPointer);
        time = ChunkDecoder.sumUpTimes(size, time, step, unit, to);
      } else {
        ChunkDecoder.unpackHalves(from, size, block.width);
        time = ChunkDecoder.addTimes(size, time, block.base, unit, to);
      }
      if (!(time <= last)) return false;
      from += BitPack.byteLength(size, block.width);
      to += size << 3;
    }
    return time == last;
  }

  /** Writes the values of the chunk that was opened; false where one is no number or leaves what a scale allows. */
  static values(to: u32): bool {
    const isDecoded = ChunkReader.scale == SCALE_NONE ? ChunkDecoder.bits(to) : ChunkDecoder.scaled(to);
    if (!isDecoded) return false;
    let pointer = ChunkReader.exceptions;
    const end = pointer + ChunkReader.exceptionCount * EXCEPTION_BYTES;
    for (; pointer < end; pointer += EXCEPTION_BYTES) {
      store<f64>(to + ((<u32>load<u16>(pointer)) << 3), load<f64>(pointer + 2));
    }
    return true;
  }

  private static wideTimes(count: u32, to: u32): bool {
    let previous = ChunkReader.firstTime;
    store<f64>(to, previous);
    to += 8;
    let from = ChunkReader.packedTimes;
    const end = from + ((count - 2) << 3);
    for (; from < end; from += 8) {
      const bits = load<u64>(from);
      const time = reinterpret<f64>(bits);
      if (!(time >= previous && time <= SAFE_INTEGER_MAX) || floor(time) != time) return false;
      if (bits == 0x8000000000000000) return false;
      store<f64>(to, time);
      to += 8;
      previous = time;
    }
    store<f64>(to, ChunkReader.lastTime);
    return previous <= ChunkReader.lastTime;
  }

  private static scaled(to: u32): bool {
    const count = ChunkReader.count;
    const power = ChunkFormat.power(ChunkReader.scale);
    const blocks = ChunkFormat.blocks(count);
    let from = ChunkReader.packedValues;
    let mantissa = ChunkReader.firstValue;
    store<f64>(to, mantissa / power);
    to += 8;
    for (let index: u32 = 0; index < blocks; index++) {
      const block = ChunkFormat.valueBlock(index);
      const size = ChunkFormat.blockCount(count, index);
      const farthest = abs(mantissa) + <f64>BLOCK_NUMBERS * abs(block.base) + SUMMED_END;
      if (block.width <= SUMMED_BITS_MAX && farthest <= MANTISSA_MAX) {
        if (block.width == 0) {
          mantissa = ChunkDecoder.line(size, mantissa, block.base, power, to);
        } else {
          BitPack.unpack(from, size, block.width, lowWordsPointer);
          mantissa = ChunkDecoder.sumUpMantissas(size, mantissa, block.base, power, to);
        }
      } else {
        ChunkDecoder.unpackHalves(from, size, block.width);
        mantissa = ChunkDecoder.addMantissas(size, mantissa, block.base, power, to);
        if (!ChunkFormat.isNumber(mantissa)) return false;
      }
      from += BitPack.byteLength(size, block.width);
      to += size << 3;
    }
    return true;
  }

  /** Writes `start` plus 1, 2 … `count` steps, as `power`-ths; gives the last before division. */
  private static line(count: u32, start: f64, step: f64, power: f64, to: u32): f64 {
    const end = to + (count << 3);
    let line = start;
    if (ASC_FEATURE_SIMD) {
      const powers = f64x2.splat(power);
      const steps = f64x2.splat(2 * step);
      let lines = f64x2.replace_lane(f64x2.splat(start + step), 1, start + 2 * step);
      for (; to + 16 <= end; to += 16) {
        v128.store(to, power == 1 ? lines : f64x2.div(lines, powers));
        line = f64x2.extract_lane(lines, 1);
        lines = f64x2.add(lines, steps);
      }
    }
    for (; to < end; to += 8) {
      line += step;
      store<f64>(to, line / power);
    }
    return line;
  }

  /**
   * Writes, for each of the first `count` words, `start` plus a step for each word so far plus `unit` times their sum, as
   * `power`-ths where `isDivided`. Gives the last before division. All sums of words stay below 2^32.
   */
  @inline private static sumUp(
    count: u32,
    start: f64,
    step: f64,
    unit: f64,
    isDivided: bool,
    power: f64,
    to: u32,
  ): f64 {
    let words = lowWordsPointer;
    const end = words + (count << 2);
    let sum: u32 = 0;
    let line = start;
    if (ASC_FEATURE_SIMD) {
      const zeros = i32x4.splat(0);
      const units = f64x2.splat(unit);
      const powers = f64x2.splat(power);
      const steps = f64x2.splat(4 * step);
      let left = f64x2.replace_lane(f64x2.splat(start + step), 1, start + 2 * step);
      let right = f64x2.replace_lane(f64x2.splat(start + 3 * step), 1, start + 4 * step);
      let sums = zeros;
      for (; words + 16 <= end; words += 16) {
        let row = v128.load(words);
        row = i32x4.add(row, v128.shuffle<u32>(zeros, row, 3, 4, 5, 6));
        row = i32x4.add(row, v128.shuffle<u32>(zeros, row, 2, 3, 4, 5));
        sums = i32x4.add(row, v128.shuffle<u32>(sums, sums, 3, 3, 3, 3));
        const upper = v128.shuffle<u32>(sums, sums, 2, 3, 2, 3);
        let first = f64x2.add(left, f64x2.mul(f64x2.convert_low_i32x4_u(sums), units));
        let second = f64x2.add(right, f64x2.mul(f64x2.convert_low_i32x4_u(upper), units));
        if (isDivided) {
          first = f64x2.div(first, powers);
          second = f64x2.div(second, powers);
        }
        v128.store(to, first);
        v128.store(to, second, 16);
        to += 32;
        line = f64x2.extract_lane(right, 1);
        left = f64x2.add(left, steps);
        right = f64x2.add(right, steps);
      }
      sum = i32x4.extract_lane(sums, 3);
    }
    for (; words < end; words += 4) {
      sum += load<u32>(words);
      line += step;
      const total = line + unit * <f64>sum;
      store<f64>(to, isDivided ? total / power : total);
      to += 8;
    }
    return line + unit * <f64>sum;
  }

  private static sumUpTimes(count: u32, start: f64, step: f64, unit: f64, to: u32): f64 {
    return ChunkDecoder.sumUp(count, start, step, unit, false, 1, to);
  }

  private static sumUpMantissas(count: u32, start: f64, step: f64, power: f64, to: u32): f64 {
    if (power == 1) return ChunkDecoder.sumUp(count, start, step, 1, false, 1, to);
    return ChunkDecoder.sumUp(count, start, step, 1, true, power, to);
  }

  /** Unpacks numbers of any width into low and high words. */
  private static unpackHalves(from: u32, count: u32, width: u32): void {
    BitPack.unpack(from, count, min<u32>(width, 32), lowWordsPointer);
    const upperFrom = width <= 32 ? from : from + (count << 2);
    BitPack.unpack(upperFrom, count, width <= 32 ? 0 : width - 32, highWordsPointer);
  }

  @inline private static number(index: u32): f64 {
    return (
      <f64>load<u32>(highWordsPointer + (index << 2)) * TWO_32 +
      <f64>load<u32>(lowWordsPointer + (index << 2))
    );
  }

  private static addTimes(count: u32, start: f64, base: f64, unit: f64, to: u32): f64 {
    let time = start;
    for (let index: u32 = 0; index < count; index++) {
      time += (base + ChunkDecoder.number(index)) * unit;
      store<f64>(to + (index << 3), time);
    }
    return time;
  }

  /** NaN where one leaves the range of scaled values. */
  private static addMantissas(count: u32, start: f64, base: f64, power: f64, to: u32): f64 {
    let mantissa = start;
    for (let index: u32 = 0; index < count; index++) {
      mantissa = mantissa + base + ChunkDecoder.number(index);
      if (abs(mantissa) > MANTISSA_MAX) return NaN;
      store<f64>(to + (index << 3), mantissa / power);
    }
    return mantissa;
  }

  /** Values that are no scaled integers: each is the one before with some bits flipped. */
  private static bits(to: u32): bool {
    const count = ChunkReader.count;
    const blocks = ChunkFormat.blocks(count);
    let from = ChunkReader.packedValues;
    let bits = reinterpret<u64>(ChunkReader.firstValue);
    store<u64>(to, bits);
    to += 8;
    for (let index: u32 = 0; index < blocks; index++) {
      const block = ChunkFormat.valueBlock(index);
      const size = ChunkFormat.blockCount(count, index);
      ChunkDecoder.unpackHalves(from, size, block.width);
      bits = ChunkDecoder.flip(size, bits, block.trailing, to);
      if (!ChunkDecoder.areNumbers(to, size)) return false;
      from += BitPack.byteLength(size, block.width);
      to += size << 3;
    }
    return true;
  }

  private static flip(count: u32, start: u64, trailing: u32, to: u32): u64 {
    let bits = start;
    for (let offset: u32 = 0; offset < count << 2; offset += 4) {
      const low = <u64>load<u32>(lowWordsPointer + offset);
      const high = <u64>load<u32>(highWordsPointer + offset);
      bits ^= ((high << 32) | low) << trailing;
      store<u64>(to, bits);
      to += 8;
    }
    return bits;
  }

  private static areNumbers(pointer: u32, count: u32): bool {
    let areGood = true;
    const end = pointer + (count << 3);
    for (; pointer < end; pointer += 8) areGood = areGood && load<f64>(pointer) == load<f64>(pointer);
    return areGood;
  }
}
