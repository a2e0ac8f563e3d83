// Counts values in buckets of their leading bits, as quantile-sketch.ts reads them. One table of counts is kept for all calls
// and is zero between them; a mark per sign and exponent tells where to look. Neighbours often share a bucket, and a count
// just stored is slow to load again: element i counts in lane i mod 4. Cost: one pass and 4,096 marks.
import { SKETCH_BUCKETS } from "../quantile-sketch.ts";

const BUCKET_SHIFT = 13;
const LANES = 4;
const MARK_SHIFT = 20;
const MARKS = 4096;
const MARK_BUCKETS = SKETCH_BUCKETS / MARKS;
const HALF = SKETCH_BUCKETS / 2;

interface Cells {
  /** Four lanes of counts by leading bits. Signed, because those are whole numbers to the compiler. */
  readonly counts: Int32Array;
  readonly marks: Uint8Array;
  /** The marks, four a word. */
  readonly markWords: Int32Array;
  /** Room for a result; grows with the ranges asked for. */
  pairs: Uint32Array<ArrayBuffer>;
}

let kept: Cells | undefined;

/** Bucket and count in turn, ascending, of every bucket that holds a value. */
export function sketchPoints(values: Float64Array, from: number, to: number): Uint32Array {
  kept ??= emptyCells();
  const pairs = Math.min(to - from, SKETCH_BUCKETS) * 2;
  if (kept.pairs.length < pairs) kept.pairs = new Uint32Array(pairs);
  countWords(kept, new Int32Array(values.buffer, values.byteOffset, values.length * 2), from, to);
  const { markWords } = kept;
  let length = 0;
  for (let word = MARKS / 4 - 1; word >= MARKS / 8; word--) {
    if (markWords[word] === 0) continue;
    for (let mark = word * 4 + 3; mark >= word * 4; mark--) length = gather(kept, mark, length);
  }
  for (let word = 0; word < MARKS / 8; word++) {
    if (markWords[word] === 0) continue;
    for (let mark = word * 4; mark < word * 4 + 4; mark++) length = gather(kept, mark, length);
  }
  return kept.pairs.slice(0, length);
}

function emptyCells(): Cells {
  const marks = new Uint8Array(MARKS);
  return {
    counts: new Int32Array(SKETCH_BUCKETS * LANES),
    marks,
    markWords: new Int32Array(marks.buffer),
    pairs: new Uint32Array(0),
  };
}

function countWords({ counts, marks }: Cells, words: Int32Array, from: number, to: number): void {
  let word = from * 2 + 1;
  for (const groupsEnd = to * 2 - 6; word < groupsEnd; word += 8) {
    const high0 = words[word]!;
    const high1 = words[word + 2]!;
    const high2 = words[word + 4]!;
    const high3 = words[word + 6]!;
    const cell0 = (high0 >>> BUCKET_SHIFT) << 2;
    const cell1 = ((high1 >>> BUCKET_SHIFT) << 2) | 1;
    const cell2 = ((high2 >>> BUCKET_SHIFT) << 2) | 2;
    const cell3 = ((high3 >>> BUCKET_SHIFT) << 2) | 3;
    const count0 = counts[cell0]!;
    const count1 = counts[cell1]!;
    const count2 = counts[cell2]!;
    const count3 = counts[cell3]!;
    counts[cell0] = (count0 + 1) | 0;
    counts[cell1] = (count1 + 1) | 0;
    counts[cell2] = (count2 + 1) | 0;
    counts[cell3] = (count3 + 1) | 0;
    if (count0 === 0) marks[high0 >>> MARK_SHIFT] = 1;
    if (count1 === 0) marks[high1 >>> MARK_SHIFT] = 1;
    if (count2 === 0) marks[high2 >>> MARK_SHIFT] = 1;
    if (count3 === 0) marks[high3 >>> MARK_SHIFT] = 1;
  }
  for (; word < to * 2; word += 2) {
    const high = words[word]!;
    const cell = (high >>> BUCKET_SHIFT) << 2;
    counts[cell] = (counts[cell]! + 1) | 0;
    marks[high >>> MARK_SHIFT] = 1;
  }
}

/** Moves the counts below a mark to the pairs from `length` on; gives their new length. */
function gather({ counts, marks, pairs }: Cells, mark: number, length: number): number {
  if (marks[mark] === 0) return length;
  marks[mark] = 0;
  const first = mark * MARK_BUCKETS;
  const isNegative = first >= HALF;
  let end = length;
  for (let step = 0; step < MARK_BUCKETS; step++) {
    const bits = isNegative ? first + MARK_BUCKETS - 1 - step : first + step;
    const cell = bits * LANES;
    const count = (counts[cell]! + counts[cell + 1]! + counts[cell + 2]! + counts[cell + 3]!) | 0;
    if (count === 0) continue;
    counts[cell] = counts[cell + 1] = counts[cell + 2] = counts[cell + 3] = 0;
    pairs[end] = isNegative ? SKETCH_BUCKETS - 1 - bits : HALF + bits;
    pairs[end + 1] = count;
    end += 2;
  }
  return end;
}
