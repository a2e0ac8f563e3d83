// The chunks of one label of a series, and what is derived of them: rows in the order (first time, replica id, sequence),
// put right when they are read. Rows are summed up when they are first asked for their sums.
// Cost: an append at the end O(1); reading after a chunk went or came out of order sorts the rows once.
import { CHUNK_POINTS_MAX } from "../../limits.ts";
import { decodeOpened, openChunk } from "./chunk-decoder.ts";
import { type ChunkHead, readChunkHead } from "./chunk-head.ts";
import { byDot, type Entry } from "./entry.ts";
import { reducePoints, squaresPoints } from "./point-reduction.ts";

/** Points of one chunk, summed up: what series combine. */
export interface PointPart {
  readonly count: number;
  readonly sum: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly squares: number;
  readonly firstTime: number;
  readonly lastTime: number;
  readonly firstValue: number;
  readonly lastValue: number;
}

/** The points of the row decoded last. */
export const decodedTimes = new Float64Array(CHUNK_POINTS_MAX);
export const decodedValues = new Float64Array(CHUNK_POINTS_MAX);

export class ChunkRow implements ChunkHead {
  readonly entry: Entry;
  readonly count: number;
  readonly covers: number;
  readonly firstTime: number;
  readonly lastTime: number;
  #whole: PointPart | undefined;
  /** For which mark the next two hold. */
  #mark = Number.NEGATIVE_INFINITY;
  #hidden = 0;
  #firstShown: number;

  constructor(entry: Entry) {
    const { count, covers, firstTime, lastTime } = readChunkHead(entry.chunk, entry.start);
    this.entry = entry;
    this.count = count;
    this.covers = covers;
    this.firstTime = this.#firstShown = firstTime;
    this.lastTime = lastTime;
  }

  /** All its points, summed up. */
  whole(): PointPart {
    if (this.#whole === undefined) {
      this.decode();
      this.#whole = summedUp(0, this.count);
    }
    return this.#whole;
  }

  /** Decodes into {@link decodedTimes} and {@link decodedValues}. */
  decode(): void {
    this.decodeInto(decodedTimes, decodedValues, 0);
  }

  /** Decodes into columns that have room for `count` points behind `at`. */
  decodeInto(times: Float64Array, values: Float64Array, at: number): void {
    const { chunk, start, length } = this.entry;
    const isChunk = openChunk(chunk.subarray(start, start + length)) !== undefined;
    if (!isChunk || !decodeOpened(times, values, at))
      throw new Error("broken invariant: an entry holds a chunk");
  }

  /** How many of its points lie below `mark`. */
  hiddenBelow(mark: number): number {
    this.#hide(mark);
    return this.#hidden;
  }

  /** The time of the first point that does not lie below `mark`; there is one. */
  firstShown(mark: number): number {
    this.#hide(mark);
    return this.#firstShown;
  }

  #hide(mark: number): void {
    if (mark === this.#mark) return;
    this.#mark = mark;
    this.#hidden = 0;
    this.#firstShown = this.firstTime;
    if (mark <= this.firstTime) return;
    this.decode();
    this.#hidden = firstAtOrAbove(mark, this.count);
    this.#firstShown = decodedTimes[this.#hidden]!;
  }
}

export class SeriesLabel {
  /** A binary string, without the kind. */
  readonly label: string;
  /** The mark of this label. */
  mark: Entry | undefined = undefined;
  points = 0;
  bytes = 0;
  readonly #rows = new Map<Entry, ChunkRow>();
  #ordered: ChunkRow[] | undefined = [];
  /** The greatest last time of a row and those before it. */
  #reaches: number[] = [];

  constructor(label: string) {
    this.label = label;
  }

  get chunks(): number {
    return this.#rows.size;
  }

  insert(entry: Entry): void {
    const row = new ChunkRow(entry);
    this.#rows.set(entry, row);
    this.points += row.count;
    this.bytes += entry.length;
    const ordered = this.#ordered;
    const last = ordered?.at(-1);
    if (last !== undefined && byFirstTime(last, row) > 0) this.#ordered = undefined;
    else if (ordered !== undefined) this.#push(ordered, row);
  }

  remove(entry: Entry): void {
    const row = this.#rows.get(entry)!;
    this.#rows.delete(entry);
    this.points -= row.count;
    this.bytes -= entry.length;
    this.#ordered = undefined;
  }

  /** Rows in order. Dies at the next change. */
  rowsView(): readonly ChunkRow[] {
    if (this.#ordered === undefined) {
      const ordered: ChunkRow[] = [];
      this.#reaches = [];
      for (const row of [...this.#rows.values()].sort(byFirstTime)) this.#push(ordered, row);
      this.#ordered = ordered;
    }
    return this.#ordered;
  }

  /** The first row before which none reaches `time`. */
  firstReaching(time: number): number {
    const { length } = this.rowsView();
    let low = 0;
    let high = length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#reaches[middle]! >= time) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Chunks that lie wholly below `mark`. */
  below(mark: number): Entry[] {
    const entries: Entry[] = [];
    for (const { entry, lastTime } of this.#rows.values()) if (lastTime < mark) entries.push(entry);
    return entries;
  }

  /** Its chunks, in no particular order. */
  entries(): IterableIterator<Entry> {
    return this.#rows.keys();
  }

  #push(ordered: ChunkRow[], row: ChunkRow): void {
    this.#reaches.push(Math.max(row.lastTime, this.#reaches.at(-1) ?? Number.NEGATIVE_INFINITY));
    ordered.push(row);
  }
}

/** The decoded points `from` to before `to`, at least one. */
export function summedUp(from: number, to: number): PointPart {
  const { count, sum, minimum, maximum } = reducePoints(decodedValues, from, to);
  return {
    count,
    sum,
    minimum,
    maximum,
    squares: squaresPoints(decodedValues, from, to, sum / count),
    firstTime: decodedTimes[from]!,
    lastTime: decodedTimes[to - 1]!,
    firstValue: decodedValues[from]!,
    lastValue: decodedValues[to - 1]!,
  };
}

/** The first of `count` decoded points whose time is not below `time`. */
export function firstAtOrAbove(time: number, count: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (decodedTimes[middle]! >= time) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The first of `count` decoded points whose time is above `time`. */
export function firstAbove(time: number, count: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (decodedTimes[middle]! > time) high = middle;
    else low = middle + 1;
  }
  return low;
}

function byFirstTime(left: ChunkRow, right: ChunkRow): number {
  return left.firstTime - right.firstTime || byDot(left.entry, right.entry);
}
