// Numbers of 0 to 32 bits in as few bytes as they need (docs/wire-format.md, "Series chunks"): 128 of them in four lanes,
// fewer as one stream. Every stream of a column begins at a whole word, since only its last one may end within: columns are
// packed and unpacked in words of 32 bits, which JavaScript shifts in a register, and their bytes copied once.
// Cost: a shift, a mask and a store a number.

/** Numbers a full block holds. */
export const BLOCK_NUMBERS = 128;
const LANES = 4;

/** Bytes of `count` numbers of `width` bits, at most 64. */
export function packedBytes(count: number, width: number): number {
  if (width <= 32) return (count * width + 7) >>> 3;
  return count * 4 + ((count * (width - 32) + 7) >>> 3);
}

/** Packs `count` numbers of `numbers`, of 1 to 32 bits each, from word `to` of `packed` on. */
export function pack(
  numbers: Uint32Array,
  count: number,
  width: number,
  packed: Uint32Array,
  to: number,
): void {
  if (width === 32) for (let index = 0; index < count; index++) packed[to + index] = numbers[index]!;
  else if (count === BLOCK_NUMBERS) packBlock(numbers, width, packed, to);
  else packTail(numbers, count, width, packed, to);
}

/** Unpacks `count` numbers of 0 to 32 bits from word `from` of `packed` on. */
export function unpack(
  packed: Uint32Array,
  from: number,
  count: number,
  width: number,
  numbers: Uint32Array,
): void {
  if (width === 0) numbers.fill(0, 0, count);
  else if (width === 32) for (let index = 0; index < count; index++) numbers[index] = packed[from + index]!;
  else if (count === BLOCK_NUMBERS) unpackBlock(packed, from, width, numbers);
  else unpackTail(packed, from, count, width, numbers);
}

/** Whether the bits left over in the last byte of a stream that is no full block are 0. */
export function isTailClean(bytes: Uint8Array, from: number, count: number, width: number): boolean {
  const bits = count * width;
  return (bits & 7) === 0 || bytes[from + (bits >>> 3)]! >>> (bits & 7) === 0;
}

function packBlock(numbers: Uint32Array, width: number, packed: Uint32Array, start: number): void {
  let [word0, word1, word2, word3] = [0, 0, 0, 0];
  let filled = 0;
  let to = start;
  for (let index = 0; index < BLOCK_NUMBERS; index += LANES) {
    const number0 = numbers[index]!;
    const number1 = numbers[index + 1]!;
    const number2 = numbers[index + 2]!;
    const number3 = numbers[index + 3]!;
    word0 |= number0 << filled;
    word1 |= number1 << filled;
    word2 |= number2 << filled;
    word3 |= number3 << filled;
    filled += width;
    if (filled < 32) continue;
    packed[to] = word0;
    packed[to + 1] = word1;
    packed[to + 2] = word2;
    packed[to + 3] = word3;
    to += LANES;
    filled -= 32;
    const used = width - filled;
    word0 = number0 >>> used;
    word1 = number1 >>> used;
    word2 = number2 >>> used;
    word3 = number3 >>> used;
  }
}

function unpackBlock(words: Uint32Array, start: number, width: number, numbers: Uint32Array): void {
  const mask = (1 << width) - 1;
  let from = start;
  let used = 0;
  for (let index = 0; index < BLOCK_NUMBERS; index += LANES) {
    let number0 = words[from]! >>> used;
    let number1 = words[from + 1]! >>> used;
    let number2 = words[from + 2]! >>> used;
    let number3 = words[from + 3]! >>> used;
    used += width;
    if (used >= 32) {
      used -= 32;
      from += LANES;
      if (used > 0) {
        const left = width - used;
        number0 |= words[from]! << left;
        number1 |= words[from + 1]! << left;
        number2 |= words[from + 2]! << left;
        number3 |= words[from + 3]! << left;
      }
    }
    numbers[index] = number0 & mask;
    numbers[index + 1] = number1 & mask;
    numbers[index + 2] = number2 & mask;
    numbers[index + 3] = number3 & mask;
  }
}

function packTail(
  numbers: Uint32Array,
  count: number,
  width: number,
  packed: Uint32Array,
  start: number,
): void {
  let word = 0;
  let filled = 0;
  let to = start;
  for (let index = 0; index < count; index++) {
    const number = numbers[index]!;
    word |= number << filled;
    filled += width;
    if (filled < 32) continue;
    packed[to] = word;
    to += 1;
    filled -= 32;
    word = filled === 0 ? 0 : number >>> (width - filled);
  }
  if (filled > 0) packed[to] = word;
}

function unpackTail(
  words: Uint32Array,
  start: number,
  count: number,
  width: number,
  numbers: Uint32Array,
): void {
  const mask = (1 << width) - 1;
  let from = start;
  let used = 0;
  for (let index = 0; index < count; index++) {
    let number = words[from]! >>> used;
    used += width;
    if (used >= 32) {
      used -= 32;
      from += 1;
      if (used > 0) number |= words[from]! << (width - used);
    }
    numbers[index] = number & mask;
  }
}
