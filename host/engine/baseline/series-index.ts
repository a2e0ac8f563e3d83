// Series: per label chunks of points and a mark up to which they are forgotten, and one mark for all labels. A chunk goes
// when its last time lies below a mark ("Merging" in docs/wire-format.md); of those that stay, points below are not shown.
// Cost: an entry O(1); its size, after a change, the labels and, under a mark, their chunks.
import { SERIES_KINDS } from "../engine.ts";
import { byteAt } from "./binary-string.ts";
import { readChunkHead } from "./chunk-head.ts";
import { beats, byDot, type Entry } from "./entry.ts";
import { readNumber } from "./extreme-index.ts";
import type { ReplicaColumn } from "./replica-column.ts";
import { SeriesLabel } from "./series-label.ts";

const KIND_BYTES = 1;

export class SeriesIndex {
  readonly kind = "series";
  readonly #labels = new Map<string, SeriesLabel>();
  #markOfAll: Entry | undefined = undefined;
  #size: number | undefined = 0;
  #sorted: SeriesLabel[] | undefined = [];

  /** Points that no mark has taken. */
  get size(): number {
    if (this.#size === undefined) {
      this.#size = 0;
      for (const label of this.#labels.values()) this.#size += this.shown(label);
    }
    return this.#size;
  }

  insert(entry: Entry): void {
    this.#size = undefined;
    if (isMarkOfAll(entry.key)) {
      this.#markOfAll = entry;
      return;
    }
    const label = this.#label(labelOf(entry.key));
    if (isMark(entry.key)) label.mark = entry;
    else {
      if (label.chunks === 0) this.#sorted = undefined;
      label.insert(entry);
    }
  }

  remove(entry: Entry): void {
    this.#size = undefined;
    if (isMarkOfAll(entry.key)) {
      if (this.#markOfAll === entry) this.#markOfAll = undefined;
      return;
    }
    const label = this.#labels.get(labelOf(entry.key))!;
    if (isMark(entry.key)) {
      if (label.mark === entry) label.mark = undefined;
    } else {
      label.remove(entry);
      if (label.chunks === 0) this.#sorted = undefined;
    }
    if (label.chunks === 0 && label.mark === undefined) this.#labels.delete(label.label);
  }

  /** The label with these bytes, where there is a chunk or a mark of it. */
  label(label: string): SeriesLabel | undefined {
    return this.#labels.get(label);
  }

  /** The labels that have points, ascending by bytes. Dies at the next change. */
  labelsView(): readonly SeriesLabel[] {
    this.#sorted ??= [...this.#labels.values()].filter(({ chunks }) => chunks > 0).sort(byBytes);
    return this.#sorted;
  }

  /** Below which time points of a label are forgotten. */
  markTime(label: string): number {
    return Math.max(timeOf(this.#labels.get(label)?.mark), timeOf(this.#markOfAll));
  }

  /** How many points of a label are shown. */
  shown(label: SeriesLabel): number {
    const mark = this.markTime(label.label);
    if (mark === Number.NEGATIVE_INFINITY) return label.points;
    let points = label.points;
    for (const row of label.rowsView()) {
      if (row.firstTime >= mark) break;
      points -= row.hiddenBelow(mark);
    }
    return points;
  }

  /** The mark under a key. */
  markAt(key: string): Entry | undefined {
    return isMarkOfAll(key) ? this.#markOfAll : this.#labels.get(labelOf(key))?.mark;
  }

  /** Whether a mark at `time` survives the one that is there under its key. */
  takesOver(key: string, time: number, timestamp: number, replica: ReplicaColumn, sequence: number): boolean {
    const old = this.markAt(key);
    if (old === undefined) return true;
    const oldTime = timeOf(old);
    return time === oldTime ? beats(timestamp, replica, sequence, old) : time > oldTime;
  }

  /** What the mark under a key takes along. */
  taken(key: string): Entry[] {
    const labels = isMarkOfAll(key) ? [...this.#labels.values()] : [this.#labels.get(labelOf(key))];
    const mark = timeOf(this.markAt(key));
    return labels.flatMap((label) => label?.below(mark) ?? []);
  }

  /** The chunks of a label that a replica wrote from a sequence on, ascending by sequence. */
  chunksOf(label: string, replica: ReplicaColumn, from = 0): Entry[] {
    const found: Entry[] = [];
    for (const entry of this.#labels.get(label)?.entries() ?? []) {
      if (entry.replica === replica && entry.sequence >= from) found.push(entry);
    }
    return found.sort((left, right) => left.sequence - right.sequence);
  }

  /** What stands under a key, in canonical order. */
  entriesOf(key: string): Entry[] {
    if (!isChunk(key)) {
      const mark = this.markAt(key);
      return mark === undefined ? [] : [mark];
    }
    return [...(this.#labels.get(labelOf(key))?.entries() ?? [])].sort(byDot);
  }

  isPresent(key: string): boolean {
    if (!isChunk(key)) return this.markAt(key) !== undefined;
    return (this.#labels.get(labelOf(key))?.chunks ?? 0) > 0;
  }

  *all(): Generator<Entry> {
    if (this.#markOfAll !== undefined) yield this.#markOfAll;
    for (const label of this.#labels.values()) {
      if (label.mark !== undefined) yield label.mark;
      yield* label.entries();
    }
  }

  #label(label: string): SeriesLabel {
    const known = this.#labels.get(label);
    if (known !== undefined) return known;
    const created = new SeriesLabel(label);
    this.#labels.set(label, created);
    return created;
  }
}

/** The label in the key of a chunk or of a mark. */
export function labelOf(key: string): string {
  return key.slice(KIND_BYTES);
}

export function isChunk(key: string): boolean {
  return byteAt(key, 0) === SERIES_KINDS.chunk;
}

/** Below which time a chunk is taken: that it ends there. */
export function lastTimeOf(bytes: Uint8Array, start: number): number {
  return readChunkHead(bytes, start).lastTime;
}

/** Order of bytes, not of the characters that stand for them. */
function byBytes({ label: left }: SeriesLabel, { label: right }: SeriesLabel): number {
  const shorter = Math.min(left.length, right.length);
  for (let index = 0; index < shorter; index++) {
    const difference = byteAt(left, index) - byteAt(right, index);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function isMark(key: string): boolean {
  return byteAt(key, 0) === SERIES_KINDS.mark;
}

function isMarkOfAll(key: string): boolean {
  return byteAt(key, 0) === SERIES_KINDS.markOfAll;
}

function timeOf(mark: Entry | undefined): number {
  return mark === undefined ? Number.NEGATIVE_INFINITY : readNumber(mark.chunk, mark.start);
}
