// The coordinate-wise median and trimmed mean of models. Up to sixteen rows are sorted in locals; more by K. E. Batcher's
// merge exchange (Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M) over blocks of columns, as integers that order
// as the f32 do, since choosing without a branch beats one that is guessed wrong half of the time.
import { sortSixteen } from "./sort-sixteen.ts";

const BLOCK_COLUMNS = 256;
const SORTED_IN_LOCALS = 16;
const MAGNITUDE = 0x7fffffff;

const sixteen = new Float32Array(SORTED_IN_LOCALS);
const missing = new Map<number, Float32Array>();

/** The trimmed mean of the columns `from` to before `to`. */
export function trimmedMean(
  out: Float32Array,
  models: readonly Float32Array[],
  trim: number,
  from: number,
  to: number,
): void {
  if (models.length <= SORTED_IN_LOCALS) {
    trimFew(out, models, trim, from, to);
    return;
  }
  const keys = new Int32Array(models.length * BLOCK_COLUMNS);
  for (let at = from; at < to; at += BLOCK_COLUMNS) {
    const columns = Math.min(BLOCK_COLUMNS, to - at);
    gather(keys, models, at, columns);
    sortBlock(keys, models.length, columns);
    reduceBlock(out, keys, models.length, trim, at, columns);
  }
}

function trimFew(
  out: Float32Array,
  models: readonly Float32Array[],
  trim: number,
  from: number,
  to: number,
): void {
  const rows = models.length;
  const views = models.map((model) => model.subarray(from, to));
  while (views.length < SORTED_IN_LOCALS) views.push(infinite(to - from));
  const kept = rows - 2 * trim;
  const [first, last] = [trim, trim + kept - 1];
  for (let at = 0; at < to - from; at++) {
    sortSixteen(views, at, sixteen);
    if (kept <= 2) {
      out[from + at] = Math.fround(sixteen[first]! * 0.5) + Math.fround(sixteen[last]! * 0.5);
    } else {
      let sum = sixteen[first]!;
      for (let row = first + 1; row <= last; row++) sum = Math.fround(sum + sixteen[row]!);
      out[from + at] = sum / kept;
    }
  }
}

/** A row that comes to lie behind all others. */
function infinite(columns: number): Float32Array {
  let row = missing.get(columns);
  if (row === undefined) {
    row = new Float32Array(columns).fill(Number.POSITIVE_INFINITY);
    missing.clear();
    missing.set(columns, row);
  }
  return row;
}

const block = new Float32Array(BLOCK_COLUMNS);
const blockKeys = new Int32Array(block.buffer);

/** Integers that order as the numbers do: those of negative ones have their other bits turned over. */
function gather(keys: Int32Array, models: readonly Float32Array[], at: number, columns: number): void {
  for (let row = 0; row < models.length; row++) {
    const model = models[row]!;
    for (let column = 0; column < columns; column++) block[column] = model[at + column]! + 0;
    const base = row * BLOCK_COLUMNS;
    for (let column = 0; column < columns; column++) {
      const bits = blockKeys[column]!;
      keys[base + column] = bits ^ ((bits >> 31) & MAGNITUDE);
    }
  }
}

function sortBlock(keys: Int32Array, rows: number, columns: number): void {
  const top = 1 << (31 - Math.clz32(rows - 1));
  for (let part = top; part > 0; part >>= 1) {
    let span = top;
    let offset = 0;
    let distance = part;
    for (;;) {
      for (let row = 0; row + distance < rows; row++) {
        if ((row & part) === offset) exchange(keys, row, row + distance, columns);
      }
      if (span === part) break;
      distance = span - part;
      span >>= 1;
      offset = part;
    }
  }
}

function exchange(keys: Int32Array, lowRow: number, highRow: number, columns: number): void {
  let low = lowRow * BLOCK_COLUMNS;
  let high = highRow * BLOCK_COLUMNS;
  for (const end = low + columns; low < end; low++, high++) {
    const left = keys[low]!;
    const right = keys[high]!;
    const difference = (right - left) | 0;
    // All ones where right < left, the difference having overflowed or not.
    const isLess = (difference ^ ((right ^ left) & (difference ^ right))) >> 31;
    const turn = (left ^ right) & isLess;
    keys[low] = left ^ turn;
    keys[high] = right ^ turn;
  }
}

function numbersOf(keys: Int32Array, row: number, columns: number): Float32Array {
  const base = row * BLOCK_COLUMNS;
  for (let column = 0; column < columns; column++) {
    const key = keys[base + column]!;
    blockKeys[column] = key ^ ((key >> 31) & MAGNITUDE);
  }
  return block;
}

function reduceBlock(
  out: Float32Array,
  keys: Int32Array,
  rows: number,
  trim: number,
  at: number,
  columns: number,
): void {
  const kept = rows - 2 * trim;
  const isHalved = kept <= 2;
  const last = trim + kept - 1;
  const lower = numbersOf(keys, trim, columns);
  for (let column = 0; column < columns; column++) out[at + column] = lower[column]! * (isHalved ? 0.5 : 1);
  for (let row = isHalved ? last : trim + 1; row <= last; row++) {
    const numbers = numbersOf(keys, row, columns);
    for (let column = 0; column < columns; column++) {
      const number = isHalved ? Math.fround(numbers[column]! * 0.5) : numbers[column]!;
      out[at + column] = Math.fround(out[at + column]! + number);
    }
  }
  if (isHalved) return;
  for (let column = 0; column < columns; column++) out[at + column] = out[at + column]! / kept;
}
