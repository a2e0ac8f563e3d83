// Encodes points as a series chunk (docs/wire-format.md). The points are trusted: at least one and at most
// CHUNK_POINTS_MAX, times integers within ±(2^53 − 1) that do not descend, no NaN. Scaling values to integers follows the
// idea of ALP (Afroozeh, Kuffo, Boncz 2023), with one scale a chunk and differences in frames of reference.
// Cost: one pass over the values for each scale tried (bad ones end after some hundred points), two passes over both columns.
import { Varint } from "../codec/varint";
import { Scratch } from "../memory/scratch";
import { BitPack, BLOCK_NUMBERS } from "./bit-pack";
import {
  ChunkBlock,
  ChunkFormat,
  EXCEPTION_BYTES,
  EXCEPTION_SHIFT,
  HAS_EXCEPTIONS,
  highWordsPointer,
  IS_JOINED,
  lowWordsPointer,
  MANTISSA_MAX,
  SAFE_INTEGER_MAX,
  SCALE_MAX,
  SCALE_NONE,
  TIMES_THOUSANDS,
  TIMES_UNITS,
  TIMES_WIDE,
} from "./chunk-format";

/** 1.5·2^52: adding and subtracting it rounds to the nearest integer, ties to even. */
const ROUNDER: f64 = 6755399441055744;
const TWO_32: f64 = 4294967296;
const THOUSAND: f64 = 1000;
/** 2^52: adding it leaves an integer below 2^32 in the low word. */
const WORD_BIAS: f64 = 4503599627370496;
const exceptionsPointer: u32 = <u32>memory.data(256 * 2 + 8, 8);

export abstract class ChunkEncoder {
  private static low: f64 = 0;
  private static high: f64 = 0;

  /** Bytes a chunk of `count` points takes at most. */
  @inline static bytesMax(count: u32): u32 {
    return count * 17 + 128;
  }

  /**
   * Writes the chunk to `to`, which has room for `bytesMax`, in the place of those of the `covers` sequences before it;
   * gives its end.
   */
  static encode(times: u32, values: u32, count: u32, to: u32, covers: u32 = 0): u32 {
    const first = load<f64>(times);
    const last = load<f64>(times + ((count - 1) << 3));
    const kind = last - first > SAFE_INTEGER_MAX ? TIMES_WIDE : ChunkEncoder.rangeTimes(times, count);
    const mantissas = Scratch.allocate(count << 3);
    const found = ChunkEncoder.findScale(values, count, mantissas);
    const scale = found & 0xff;
    const exceptions = found >> 8;
    to = Varint.write(to, count);
    const flags = (exceptions != 0 ? HAS_EXCEPTIONS : 0) | (covers != 0 ? IS_JOINED : 0);
    store<u8>(to++, scale | kind | flags);
    if (covers != 0) to = Varint.write(to, covers);
    to = ChunkEncoder.writeSigned(to, first);
    if (count > 1) {
      to = kind == TIMES_WIDE ? ChunkEncoder.writeSigned(to, last) : Varint.write(to, <u64>(last - first));
    }
    if (scale == SCALE_NONE) {
      store<f64>(to, load<f64>(values));
      to += 8;
    } else {
      to = ChunkEncoder.writeSigned(to, load<f64>(mantissas));
    }
    if (kind != TIMES_WIDE) to = ChunkEncoder.writeTimeTable(count, ChunkFormat.unit(kind), to);
    to = ChunkEncoder.writeValueTable(scale, scale == SCALE_NONE ? values : mantissas, count, to);
    if (kind == TIMES_WIDE) to = ChunkEncoder.writeWide(times, count, to);
    else to = ChunkEncoder.packTimes(times, count, ChunkFormat.unit(kind), to);
    if (scale == SCALE_NONE) return ChunkEncoder.packBits(values, count, to);
    to = ChunkEncoder.packMantissas(mantissas, count, to);
    return exceptions == 0 ? to : ChunkEncoder.writeExceptions(values, exceptions, to);
  }

  /** LEB128 of twice the magnitude, plus 1 below zero. */
  private static writeSigned(to: u32, value: f64): u32 {
    return Varint.write(to, ((<u64>abs(value)) << 1) | (value < 0 ? 1 : 0));
  }

  // --- choosing ----------------------------------------------------------------------------------------------------

  /** Notes least and greatest difference of each block of times; gives what the differences are multiples of. */
  private static rangeTimes(times: u32, count: u32): u32 {
    const blocks = ChunkFormat.blocks(count);
    let isThousands = count > 1;
    for (let index: u32 = 0; index < blocks; index++) {
      const from = times + 8 + ((index * BLOCK_NUMBERS) << 3);
      const size = ChunkFormat.blockCount(count, index);
      ChunkEncoder.range(from, size);
      const block = ChunkFormat.timeBlock(index);
      const base = ChunkEncoder.low;
      const spread = ChunkEncoder.high - base;
      block.base = base;
      block.width = ChunkEncoder.bitsOf(spread);
      if (isThousands) isThousands = ChunkEncoder.areThousands(from, size, base, spread);
      if (isThousands) block.trailing = ChunkEncoder.bitsOf(spread / THOUSAND);
    }
    return isThousands ? TIMES_THOUSANDS : TIMES_UNITS;
  }

  /** Leaves the least and the greatest difference in `low` and `high`. */
  private static range(from: u32, count: u32): void {
    const end = from + (count << 3);
    let low: f64 = load<f64>(from) - load<f64>(from - 8);
    let high: f64 = low;
    if (ASC_FEATURE_SIMD) {
      let lows = f64x2.splat(low);
      let highs = lows;
      for (; from + 16 <= end; from += 16) {
        const difference = f64x2.sub(v128.load(from), v128.load(from - 8));
        lows = f64x2.pmin(lows, difference);
        highs = f64x2.pmax(highs, difference);
      }
      low = min(f64x2.extract_lane(lows, 0), f64x2.extract_lane(lows, 1));
      high = max(f64x2.extract_lane(highs, 0), f64x2.extract_lane(highs, 1));
    }
    for (; from < end; from += 8) {
      const difference = load<f64>(from) - load<f64>(from - 8);
      low = min(low, difference);
      high = max(high, difference);
    }
    ChunkEncoder.low = low;
    ChunkEncoder.high = high;
  }

  private static areThousands(from: u32, count: u32, base: f64, spread: f64): bool {
    if (!ChunkEncoder.isThousands(base) || !ChunkEncoder.isThousands(spread)) return false;
    if (spread == 0) return true;
    const end = from + (count << 3);
    for (; from < end; from += 8) {
      if (!ChunkEncoder.isThousands(load<f64>(from) - load<f64>(from - 8))) return false;
    }
    return true;
  }

  @inline private static isThousands(difference: f64): bool {
    return floor(difference / THOUSAND) * THOUSAND == difference;
  }

  @inline private static bitsOf(integer: f64): u32 {
    return 64 - <u32>clz(<u64>integer);
  }

  /** The scale that makes integers of all values but a few, which are written to `mantissas`; above it their number. */
  private static findScale(values: u32, count: u32, mantissas: u32): u32 {
    const limit = count >> EXCEPTION_SHIFT;
    for (let scale: u32 = 0; scale <= SCALE_MAX; scale++) {
      const exceptions = ChunkEncoder.tryScale(values, count, ChunkFormat.power(scale), mantissas, limit);
      if (exceptions <= limit) return scale | (exceptions << 8);
    }
    return SCALE_NONE;
  }

  /** Scales the values until more than `limit` do not become integers; gives how many do not. */
  private static tryScale(values: u32, count: u32, power: f64, mantissas: u32, limit: u32): u32 {
    let index: u32 = 0;
    let exceptions: u32 = 0;
    while (index < count) {
      if (ASC_FEATURE_SIMD) {
        index = ChunkEncoder.scalePairs(values, index, count, power, mantissas);
        if (index == count) break;
      }
      const value = load<f64>(values + (index << 3));
      const scaled = value * power;
      let mantissa = scaled + ROUNDER - ROUNDER;
      const isExact =
        abs(scaled) <= MANTISSA_MAX && reinterpret<u64>(mantissa / power) == reinterpret<u64>(value);
      if (!isExact) {
        if (exceptions == limit) return limit + 1;
        store<u16>(exceptionsPointer + (exceptions << 1), index);
        exceptions++;
        mantissa = index == 0 ? 0 : load<f64>(mantissas + (index << 3) - 8);
      }
      store<f64>(mantissas + (index << 3), mantissa);
      index++;
    }
    return exceptions;
  }

  /** Scales values two at a time up to the first pair that does not become integers; gives its index. */
  private static scalePairs(values: u32, index: u32, count: u32, power: f64, mantissas: u32): u32 {
    const powers = f64x2.splat(power);
    const rounders = f64x2.splat(ROUNDER);
    const limits = f64x2.splat(MANTISSA_MAX);
    for (; index + 2 <= count; index += 2) {
      const value = v128.load(values + (index << 3));
      const scaled = f64x2.mul(value, powers);
      const mantissa = f64x2.sub(f64x2.add(scaled, rounders), rounders);
      const isSame = i64x2.eq(f64x2.div(mantissa, powers), value);
      if (!i64x2.all_true(v128.and(isSame, f64x2.le(f64x2.abs(scaled), limits)))) return index;
      v128.store(mantissas + (index << 3), mantissa);
    }
    return index;
  }

  // --- tables ------------------------------------------------------------------------------------------------------

  private static writeTimeTable(count: u32, unit: f64, to: u32): u32 {
    const blocks = ChunkFormat.blocks(count);
    for (let index: u32 = 0; index < blocks; index++) {
      const block = ChunkFormat.timeBlock(index);
      if (unit != 1) block.width = block.trailing;
      store<u8>(to, block.width);
      to = Varint.write(to + 1, <u64>(block.base / unit));
    }
    return to;
  }

  private static writeValueTable(scale: u32, column: u32, count: u32, to: u32): u32 {
    const blocks = ChunkFormat.blocks(count);
    for (let index: u32 = 0; index < blocks; index++) {
      const block = ChunkFormat.valueBlock(index);
      const from = column + 8 + ((index * BLOCK_NUMBERS) << 3);
      const size = ChunkFormat.blockCount(count, index);
      if (scale == SCALE_NONE) {
        ChunkEncoder.rangeBits(from, size, block);
        store<u8>(to, block.width);
        store<u8>(to + 1, block.trailing);
        to += 2;
      } else {
        ChunkEncoder.range(from, size);
        block.base = ChunkEncoder.low;
        block.width = ChunkEncoder.bitsOf(ChunkEncoder.high - ChunkEncoder.low);
        store<u8>(to, block.width);
        to = ChunkEncoder.writeSigned(to + 1, block.base);
      }
    }
    return to;
  }

  /** The bits in which neighbours differ anywhere in the block. */
  private static rangeBits(from: u32, count: u32, block: ChunkBlock): void {
    const end = from + (count << 3);
    let bits: u64 = 0;
    for (; from < end; from += 8) bits |= load<u64>(from) ^ load<u64>(from - 8);
    block.trailing = bits == 0 ? 0 : <u32>ctz(bits);
    block.width = 64 - <u32>clz(bits) - block.trailing;
  }

  // --- packing -----------------------------------------------------------------------------------------------------

  private static writeWide(times: u32, count: u32, to: u32): u32 {
    for (let index: u32 = 1; index + 1 < count; index++) {
      store<f64>(to, load<f64>(times + (index << 3)) + 0.0);
      to += 8;
    }
    return to;
  }

  private static packTimes(times: u32, count: u32, unit: f64, to: u32): u32 {
    const blocks = ChunkFormat.blocks(count);
    for (let index: u32 = 0; index < blocks; index++) {
      const block = ChunkFormat.timeBlock(index);
      if (block.width == 0) continue;
      const from = times + 8 + ((index * BLOCK_NUMBERS) << 3);
      to = ChunkEncoder.packDifferences(from, ChunkFormat.blockCount(count, index), block, unit, to);
    }
    return to;
  }

  private static packMantissas(mantissas: u32, count: u32, to: u32): u32 {
    const blocks = ChunkFormat.blocks(count);
    for (let index: u32 = 0; index < blocks; index++) {
      const block = ChunkFormat.valueBlock(index);
      if (block.width == 0) continue;
      const from = mantissas + 8 + ((index * BLOCK_NUMBERS) << 3);
      to = ChunkEncoder.packDifferences(from, ChunkFormat.blockCount(count, index), block, 1, to);
    }
    return to;
  }

  private static packDifferences(from: u32, count: u32, block: ChunkBlock, unit: f64, to: u32): u32 {
    const base = block.base;
    const width = block.width;
    if (width <= 32) {
      ChunkEncoder.narrowWords(from, count, base, unit);
      return BitPack.pack(lowWordsPointer, count, width, to);
    }
    for (let index: u32 = 0; index < count; index++) {
      const pointer = from + (index << 3);
      const offset = (load<f64>(pointer) - load<f64>(pointer - 8) - base) / unit;
      const upper = floor(offset / TWO_32);
      store<u32>(lowWordsPointer + (index << 2), <u32>(offset - upper * TWO_32));
      store<u32>(highWordsPointer + (index << 2), <u32>upper);
    }
    return ChunkEncoder.packHalves(count, width, to);
  }

  /** Differences above the base, in units, as words of 32 bits. */
  private static narrowWords(from: u32, count: u32, base: f64, unit: f64): void {
    const end = from + (count << 3);
    let to = lowWordsPointer;
    if (ASC_FEATURE_SIMD) {
      const bases = f64x2.splat(base);
      const units = f64x2.splat(unit);
      const biases = f64x2.splat(WORD_BIAS);
      for (; from + 32 <= end; from += 32) {
        let left = f64x2.sub(f64x2.sub(v128.load(from), v128.load(from - 8)), bases);
        let right = f64x2.sub(f64x2.sub(v128.load(from + 16), v128.load(from + 8)), bases);
        if (unit != 1) {
          left = f64x2.div(left, units);
          right = f64x2.div(right, units);
        }
        left = f64x2.add(left, biases);
        right = f64x2.add(right, biases);
        v128.store(to, v128.shuffle<u32>(left, right, 0, 2, 4, 6));
        to += 16;
      }
    }
    for (; from < end; from += 8) {
      store<u32>(to, <u32>((load<f64>(from) - load<f64>(from - 8) - base) / unit));
      to += 4;
    }
  }

  private static packBits(values: u32, count: u32, to: u32): u32 {
    const blocks = ChunkFormat.blocks(count);
    for (let index: u32 = 0; index < blocks; index++) {
      const block = ChunkFormat.valueBlock(index);
      if (block.width == 0) continue;
      const from = values + 8 + ((index * BLOCK_NUMBERS) << 3);
      const size = ChunkFormat.blockCount(count, index);
      ChunkEncoder.splitBits(from, size, block.trailing);
      to = ChunkEncoder.packHalves(size, block.width, to);
    }
    return to;
  }

  private static splitBits(from: u32, count: u32, trailing: u32): void {
    const end = from + (count << 3);
    let low = lowWordsPointer;
    let high = highWordsPointer;
    if (ASC_FEATURE_SIMD) {
      for (; from + 32 <= end; from += 32) {
        const left = v128.shr<u64>(v128.xor(v128.load(from), v128.load(from - 8)), trailing);
        const right = v128.shr<u64>(v128.xor(v128.load(from + 16), v128.load(from + 8)), trailing);
        v128.store(low, v128.shuffle<u32>(left, right, 0, 2, 4, 6));
        v128.store(high, v128.shuffle<u32>(left, right, 1, 3, 5, 7));
        low += 16;
        high += 16;
      }
    }
    for (; from < end; from += 8) {
      const bits = (load<u64>(from) ^ load<u64>(from - 8)) >> trailing;
      store<u32>(low, <u32>bits);
      store<u32>(high, <u32>(bits >> 32));
      low += 4;
      high += 4;
    }
  }

  private static packHalves(count: u32, width: u32, to: u32): u32 {
    if (width <= 32) return BitPack.pack(lowWordsPointer, count, width, to);
    to = BitPack.pack(lowWordsPointer, count, 32, to);
    return BitPack.pack(highWordsPointer, count, width - 32, to);
  }

  private static writeExceptions(values: u32, exceptions: u32, to: u32): u32 {
    to = Varint.write(to, exceptions);
    for (let number: u32 = 0; number < exceptions; number++) {
      const index = <u32>load<u16>(exceptionsPointer + (number << 1));
      store<u16>(to, index);
      store<f64>(to + 2, load<f64>(values + (index << 3)));
      to += EXCEPTION_BYTES;
    }
    return to;
  }
}
