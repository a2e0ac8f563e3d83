// Reads the head of a series chunk (docs/wire-format.md): counts, tables of blocks and where the packed bytes stand. A chunk
// whose head is read holds exactly the bytes it says, so that unpacking it cannot leave it. Hostile bytes are refused, and
// never trap. Cost: the blocks, one for 128 points.

import { CHUNK_POINTS_MAX } from "../../host/limits";
import { Varint } from "../codec/varint";
import { BitPack, BLOCK_NUMBERS } from "./bit-pack";
import {
  ChunkBlock,
  ChunkFormat,
  DIFFERENCE_BITS_MAX,
  EXCEPTION_BYTES,
  EXCEPTION_SHIFT,
  HAS_EXCEPTIONS,
  IS_JOINED,
  MANTISSA_MAX,
  SAFE_INTEGER_MAX,
  SCALE_MASK,
  SCALE_MAX,
  SCALE_NONE,
  TIMES_MASK,
  TIMES_WIDE,
} from "./chunk-format";

const POINT_BITS: u32 = 64;

export abstract class ChunkReader {
  static count: u32 = 0;
  /** How many sequences before its own the chunk stands for; 0: it stands for itself alone. */
  static covers: u32 = 0;
  static scale: u32 = 0;
  static timesKind: u32 = 0;
  static firstTime: f64 = 0;
  static lastTime: f64 = 0;
  /** The first value: itself where the values are not scaled, else scaled. */
  static firstValue: f64 = 0;
  static packedTimes: u32 = 0;
  static packedValues: u32 = 0;
  static exceptions: u32 = 0;
  static exceptionCount: u32 = 0;

  private static pointer: u32 = 0;
  private static limit: u32 = 0;

  /** Whether the `length` bytes at `pointer` have the head of a chunk and the length it asks for. */
  static open(pointer: u32, length: u32): bool {
    ChunkReader.pointer = pointer;
    ChunkReader.limit = pointer + length;
    Varint.isValid = true;
    const count = <u32>min<u64>(ChunkReader.varint(), 0xffffffff);
    if (!Varint.isValid || count == 0 || count > <u32>CHUNK_POINTS_MAX) return false;
    if (ChunkReader.pointer == ChunkReader.limit) return false;
    const coding = <u32>load<u8>(ChunkReader.pointer++);
    const scale = coding & SCALE_MASK;
    const kind = coding & TIMES_MASK;
    if (scale > SCALE_MAX && scale != SCALE_NONE) return false;
    if (kind > TIMES_WIDE || (count == 1 && kind != 0)) return false;
    if (scale == SCALE_NONE && (coding & HAS_EXCEPTIONS) != 0) return false;
    const isJoined = (coding & IS_JOINED) != 0;
    const covers = isJoined ? ChunkReader.varint() : 0;
    if (!Varint.isValid || covers > 0xffffffff || (isJoined && covers == 0)) return false;
    ChunkReader.covers = <u32>covers;
    ChunkReader.count = count;
    ChunkReader.scale = scale;
    ChunkReader.timesKind = kind;
    ChunkReader.exceptionCount = 0;
    return (
      ChunkReader.readEnds() &&
      ChunkReader.readFirstValue() &&
      (kind == TIMES_WIDE || ChunkReader.readTimeTable()) &&
      ChunkReader.readValueTable() &&
      ChunkReader.checkLength((coding & HAS_EXCEPTIONS) != 0)
    );
  }

  @inline private static varint(): u64 {
    const value = Varint.read(ChunkReader.pointer, ChunkReader.limit);
    ChunkReader.pointer = Varint.end;
    return value;
  }

  /** A signed varint within ±`largest`; clears `Varint.isValid` otherwise. */
  private static signed(largest: f64): f64 {
    let value: u64 = 0;
    let shift: u64 = 0;
    let pointer = ChunkReader.pointer;
    const end = min(ChunkReader.limit, pointer + 8);
    let byte: u64 = 0x80;
    while (pointer < end && byte >= 0x80) {
      byte = <u64>load<u8>(pointer++);
      value |= (byte & 0x7f) << shift;
      shift += 7;
    }
    const isMinimal = byte != 0 || shift == 7;
    ChunkReader.pointer = pointer;
    const magnitude = <f64>(value >> 1);
    if (byte >= 0x80 || !isMinimal || magnitude > largest || value == 1) Varint.isValid = false;
    return (value & 1) != 0 ? -magnitude : magnitude;
  }

  private static readEnds(): bool {
    const first = ChunkReader.signed(SAFE_INTEGER_MAX);
    let last = first;
    if (ChunkReader.count > 1) {
      if (ChunkReader.timesKind == TIMES_WIDE) last = ChunkReader.signed(SAFE_INTEGER_MAX);
      else last = first + <f64>ChunkReader.varint();
    }
    ChunkReader.firstTime = first;
    ChunkReader.lastTime = last;
    if (ChunkReader.timesKind == TIMES_WIDE && !(last - first > SAFE_INTEGER_MAX)) return false;
    return Varint.isValid && last <= SAFE_INTEGER_MAX;
  }

  private static readFirstValue(): bool {
    if (ChunkReader.scale != SCALE_NONE) {
      ChunkReader.firstValue = ChunkReader.signed(MANTISSA_MAX);
      return Varint.isValid;
    }
    if (ChunkReader.limit - ChunkReader.pointer < 8) return false;
    ChunkReader.firstValue = load<f64>(ChunkReader.pointer);
    ChunkReader.pointer += 8;
    return ChunkFormat.isNumber(ChunkReader.firstValue);
  }

  /** The width of a block, or more than any. */
  @inline private static width(): u32 {
    if (ChunkReader.pointer >= ChunkReader.limit) return 0xff;
    return <u32>load<u8>(ChunkReader.pointer++);
  }

  private static readTimeTable(): bool {
    const blocks = ChunkFormat.blocks(ChunkReader.count);
    for (let index: u32 = 0; index < blocks; index++) {
      const block = ChunkFormat.timeBlock(index);
      block.width = ChunkReader.width();
      if (block.width > DIFFERENCE_BITS_MAX) return false;
      block.base = <f64>ChunkReader.varint();
      if (!Varint.isValid) return false;
    }
    return true;
  }

  private static readValueTable(): bool {
    const blocks = ChunkFormat.blocks(ChunkReader.count);
    for (let index: u32 = 0; index < blocks; index++) {
      const block = ChunkFormat.valueBlock(index);
      block.width = ChunkReader.width();
      if (ChunkReader.scale == SCALE_NONE) {
        block.trailing = ChunkReader.width();
        if (block.width + block.trailing > POINT_BITS) return false;
        if (block.width == 0 && block.trailing != 0) return false;
      } else {
        if (block.width > DIFFERENCE_BITS_MAX) return false;
        block.base = ChunkReader.signed(2 * MANTISSA_MAX);
        if (!Varint.isValid) return false;
      }
    }
    return true;
  }

  /** Finds where the packed bytes stand, and whether they end where the chunk does. */
  private static checkLength(hasExceptions: bool): bool {
    const count = ChunkReader.count;
    const blocks = ChunkFormat.blocks(count);
    ChunkReader.packedTimes = ChunkReader.pointer;
    let timeBytes: u32 = 0;
    if (ChunkReader.timesKind == TIMES_WIDE) {
      timeBytes = (count - 2) << 3;
    } else {
      for (let index: u32 = 0; index < blocks; index++) {
        const size = ChunkFormat.blockCount(count, index);
        timeBytes += BitPack.byteLength(size, ChunkFormat.timeBlock(index).width);
      }
    }
    let valueBytes: u32 = 0;
    for (let index: u32 = 0; index < blocks; index++) {
      const size = ChunkFormat.blockCount(count, index);
      valueBytes += BitPack.byteLength(size, ChunkFormat.valueBlock(index).width);
    }
    if (timeBytes + valueBytes > ChunkReader.limit - ChunkReader.pointer) return false;
    ChunkReader.packedValues = ChunkReader.pointer + timeBytes;
    ChunkReader.pointer = ChunkReader.packedValues + valueBytes;
    if (!ChunkReader.areTailsClean(blocks)) return false;
    if (hasExceptions && !ChunkReader.readExceptions()) return false;
    return ChunkReader.pointer == ChunkReader.limit;
  }

  /** Whether the bits left over behind the last block of times and of values are 0. */
  private static areTailsClean(blocks: u32): bool {
    if (blocks == 0) return true;
    const size = ChunkFormat.blockCount(ChunkReader.count, blocks - 1);
    const end = ChunkReader.pointer;
    if (!ChunkReader.isTailClean(end, size, ChunkFormat.valueBlock(blocks - 1))) return false;
    if (ChunkReader.timesKind == TIMES_WIDE) return true;
    return ChunkReader.isTailClean(ChunkReader.packedValues, size, ChunkFormat.timeBlock(blocks - 1));
  }

  /** Only the last stream of a block ends within a byte: full blocks and halves of 32 bits do not. */
  private static isTailClean(end: u32, size: u32, block: ChunkBlock): bool {
    if (size == BLOCK_NUMBERS || block.width == 0) return true;
    const width = block.width <= 32 ? block.width : block.width - 32;
    return BitPack.isTailClean(end - ((size * width + 7) >> 3), size, width);
  }

  private static readExceptions(): bool {
    const exceptions = ChunkReader.varint();
    if (!Varint.isValid || exceptions == 0 || exceptions > <u64>(ChunkReader.count >> EXCEPTION_SHIFT)) {
      return false;
    }
    ChunkReader.exceptions = ChunkReader.pointer;
    ChunkReader.exceptionCount = <u32>exceptions;
    if (<u32>exceptions * EXCEPTION_BYTES > ChunkReader.limit - ChunkReader.pointer) return false;
    ChunkReader.pointer += <u32>exceptions * EXCEPTION_BYTES;
    let next: u32 = 0;
    for (let pointer = ChunkReader.exceptions; pointer < ChunkReader.pointer; pointer += EXCEPTION_BYTES) {
      const index = <u32>load<u16>(pointer);
      if (index < next || index >= ChunkReader.count || !ChunkFormat.isNumber(load<f64>(pointer + 2))) {
        return false;
      }
      next = index + 1;
    }
    return true;
  }
}
