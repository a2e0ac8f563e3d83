// A second decoder of series chunks, written from docs/wire-format.md alone: bigints, one bit at a time, no state. Slow and
// plain, it judges both engines. It refuses what the page forbids by throwing.

export interface PlainChunk {
  readonly times: readonly number[];
  readonly values: readonly number[];
  readonly coding: number;
}

const SAFE = 2n ** 53n - 1n;
const SCALED = 2n ** 51n - 1n;

function refuse(reason: string): never {
  throw new Error(`malformed chunk: ${reason}`);
}

class PlainReader {
  at = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  byte(): number {
    return this.bytes[this.at++] ?? refuse("cut off");
  }

  /** LEB128 of at most eight bytes, minimal. */
  leb(): bigint {
    let value = 0n;
    for (let index = 0; index < 8; index++) {
      const byte = this.byte();
      value += BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte >= 0x80) continue;
      if (byte === 0 && index > 0) refuse("varint not minimal");
      return value;
    }
    return refuse("varint too long");
  }

  varint(): bigint {
    const value = this.leb();
    return value > SAFE ? refuse("varint too large") : value;
  }

  signed(largest: bigint): bigint {
    const value = this.leb();
    if (value === 1n || value >> 1n > largest) refuse("signed varint");
    return value & 1n ? -(value >> 1n) : value >> 1n;
  }

  double(): number {
    const view = new DataView(Uint8Array.from({ length: 8 }, () => this.byte()).buffer);
    return view.getFloat64(0, true);
  }

  /** Numbers of a block: 128 in four lanes, fewer as one stream; above 32 bits the low halves come first. */
  numbers(count: number, width: number): bigint[] {
    if (width <= 32) return this.stream(count, width);
    const low = this.stream(count, 32);
    const high = this.stream(count, width - 32);
    return low.map((number, index) => number + (high[index]! << 32n));
  }

  private stream(count: number, width: number): bigint[] {
    const length = Math.ceil((count * width) / 8);
    const packed = Array.from({ length }, () => this.byte());
    const bit = (index: number): bigint => BigInt((packed[index >> 3]! >> (index & 7)) & 1);
    const numbers = Array.from({ length: count }, (_, index) => {
      let number = 0n;
      for (let place = 0; place < width; place++) {
        let at = index * width + place;
        if (count === 128) {
          const inLane = (index >> 2) * width + place;
          at = ((inLane >> 5) * 4 + (index & 3)) * 32 + (inLane & 31);
        }
        number |= bit(at) << BigInt(place);
      }
      return number;
    });
    for (let at = count * width; at < length * 8; at++) if (bit(at) !== 0n) refuse("bits left over");
    return numbers;
  }
}

const bitsOf = (value: number): bigint => new BigUint64Array(Float64Array.of(value).buffer)[0]!;
const doubleOf = (bits: bigint): number => new Float64Array(BigUint64Array.of(bits).buffer)[0]!;

export function decodeChunkPlainly(bytes: Uint8Array): PlainChunk {
  const reader = new PlainReader(bytes);
  const count = Number(reader.varint());
  if (count < 1 || count > 16384) refuse(`count ${count}`);
  const coding = reader.byte();
  const scale = coding & 0x0f;
  const timesKind = (coding >> 4) & 3;
  const hasExceptions = (coding & 0x40) !== 0;
  const covers = coding >= 0x80 ? reader.varint() : 0n;
  if (covers > 0xffffffffn || (coding >= 0x80 && covers === 0n)) refuse("covers");
  if ((scale > 9 && scale !== 15) || timesKind === 3) refuse(`coding ${coding}`);
  if ((count === 1 && timesKind !== 0) || (scale === 15 && hasExceptions)) refuse(`coding ${coding}`);
  const first = reader.signed(SAFE);
  let last = first;
  if (count > 1) last = timesKind === 2 ? reader.signed(SAFE) : first + reader.varint();
  if (last > SAFE) refuse("last time");
  if (timesKind === 2 && last - first <= SAFE) refuse("wide without need");
  const firstValue = scale === 15 ? reader.double() : reader.signed(SCALED);
  const sizes: number[] = [];
  for (let left = count - 1; left > 0; left -= 128) sizes.push(Math.min(left, 128));
  const timeBlocks = sizes.map(() => {
    if (timesKind === 2) return { width: 0, base: 0n };
    const width = reader.byte();
    return width > 53 ? refuse("width") : { width, base: reader.varint() };
  });
  const valueBlocks = sizes.map(() => {
    const width = reader.byte();
    if (scale === 15) {
      const trailing = reader.byte();
      if (width + trailing > 64 || (width === 0 && trailing !== 0)) refuse("width and trailing bits");
      return { width, base: BigInt(trailing) };
    }
    return width > 53 ? refuse("width") : { width, base: reader.signed(2n * SCALED) };
  });

  const times = [Number(first)];
  let time = first;
  if (timesKind === 2) {
    for (let index = 1; index < count - 1; index++) {
      const next = reader.double();
      if (!Number.isSafeInteger(next) || Object.is(next, -0) || BigInt(next) < time) refuse("wide time");
      times.push(next);
      time = BigInt(next);
    }
    if (last < time) refuse("last time");
    times.push(Number(last));
  } else {
    const unit = timesKind === 1 ? 1000n : 1n;
    sizes.forEach((size, block) => {
      const { width, base } = timeBlocks[block]!;
      for (const number of reader.numbers(size, width)) {
        time += (base + number) * unit;
        if (time > last) refuse("a time behind the last");
        times.push(Number(time));
      }
    });
    if (time !== last) refuse("the last time");
  }

  const values: number[] = [];
  if (scale === 15) {
    let bits = bitsOf(firstValue as number);
    values.push(firstValue as number);
    sizes.forEach((size, block) => {
      const { width, base } = valueBlocks[block]!;
      for (const number of reader.numbers(size, width)) {
        bits ^= number << base;
        values.push(doubleOf(bits));
      }
    });
  } else {
    const power = 10 ** scale;
    let scaled = firstValue as bigint;
    values.push(Number(scaled) / power);
    sizes.forEach((size, block) => {
      const { width, base } = valueBlocks[block]!;
      for (const number of reader.numbers(size, width)) {
        scaled += base + number;
        if (scaled > SCALED || scaled < -SCALED) refuse("a scaled value");
        values.push(Number(scaled) / power);
      }
    });
  }
  if (hasExceptions) {
    const exceptions = Number(reader.varint());
    if (exceptions < 1 || exceptions > count >> 6) refuse(`${exceptions} exceptions`);
    let next = 0;
    for (let number = 0; number < exceptions; number++) {
      const index = reader.byte() + 256 * reader.byte();
      if (index < next || index >= count) refuse(`exception ${index}`);
      values[index] = reader.double();
      next = index + 1;
    }
  }
  if (values.some(Number.isNaN)) refuse("NaN");
  if (reader.at !== bytes.length) refuse(`${bytes.length - reader.at} bytes left over`);
  return { times, values, coding };
}
