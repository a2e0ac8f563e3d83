// What encoder and decoder of series chunks share: the coding byte, limits of what is packed, room for one block of words
// and for the tables of blocks. The layout of a chunk is in docs/wire-format.md ("Series chunks").
//
//   coding byte  | bits 0–3 scale of the values: 0–9, or 15 | bits 4–5 times: 0 units, 1 thousands, 2 wide | bit 6 exceptions | bit 7 joined
//   block table  | per block: base f64, width u32, trailing u32        16 bytes, at most 128 blocks
import { CHUNK_POINTS_MAX } from "../../host/limits";
import { BLOCK_NUMBERS } from "./bit-pack";

export const SCALE_MASK: u32 = 0x0f;
export const SCALE_MAX: u32 = 9;
/** The values are not scaled: the exclusive or of neighbours is packed. */
export const SCALE_NONE: u32 = 0x0f;
export const TIMES_MASK: u32 = 0x30;
export const TIMES_UNITS: u32 = 0x00;
export const TIMES_THOUSANDS: u32 = 0x10;
export const TIMES_WIDE: u32 = 0x20;
export const HAS_EXCEPTIONS: u32 = 0x40;
export const IS_JOINED: u32 = 0x80;

export const SAFE_INTEGER_MAX: f64 = 9007199254740991;
/** A scaled value stays within this, so that adding 1.5·2^52 rounds it to an integer. */
export const MANTISSA_MAX: f64 = 2251799813685247;
/** Differences of safe integers, and of scaled values, need no more bits. */
export const DIFFERENCE_BITS_MAX: u32 = 53;
/** One point in so many may be an exception. */
export const EXCEPTION_SHIFT: u32 = 6;
export const EXCEPTION_BYTES: u32 = 10;

@unmanaged
export class ChunkBlock {
  base: f64;
  width: u32;
  trailing: u32;
}

const BLOCK_SHIFT: u32 = 4;
const TABLE_BYTES: i32 = (CHUNK_POINTS_MAX / 128) << 4;
const powersPointer: u32 = <u32>memory.data<f64>([1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9], 8);
const timeTablePointer: u32 = <u32>memory.data(TABLE_BYTES, 16);
const valueTablePointer: u32 = <u32>memory.data(TABLE_BYTES, 16);

/** One block of words, the low 32 bits of each number and above them the high ones; 16 bytes to spare behind each. */
export const lowWordsPointer: u32 = <u32>memory.data(128 * 4 + 16, 16);
export const highWordsPointer: u32 = <u32>memory.data(128 * 4 + 16, 16);

export abstract class ChunkFormat {
  @inline static power(scale: u32): f64 {
    return load<f64>(powersPointer + (scale << 3));
  }

  @inline static timeBlock(index: u32): ChunkBlock {
    return changetype<ChunkBlock>(timeTablePointer + (index << BLOCK_SHIFT));
  }

  @inline static valueBlock(index: u32): ChunkBlock {
    return changetype<ChunkBlock>(valueTablePointer + (index << BLOCK_SHIFT));
  }

  /** Blocks of the differences of `count` points. */
  @inline static blocks(count: u32): u32 {
    return (count - 1 + BLOCK_NUMBERS - 1) / BLOCK_NUMBERS;
  }

  /** Differences in block `index` of a chunk of `count` points. */
  @inline static blockCount(count: u32, index: u32): u32 {
    return min(BLOCK_NUMBERS, count - 1 - index * BLOCK_NUMBERS);
  }

  @inline static unit(times: u32): f64 {
    return times == TIMES_THOUSANDS ? 1000 : 1;
  }

  @inline static isNumber(value: f64): bool {
    return value == value;
  }
}
