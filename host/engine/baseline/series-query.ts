// Answers what is asked of a series (`SERIES_REQUESTS` in engine.ts). Chunks that fall whole into a row are answered from
// their sums, the others are decoded; how parts combine is fixed there, so that both engines give equal bits.
// Cost: the chunks in the range, decoded where they are cut.
import { CrdtError } from "../../errors.ts";
import { SERIES_RESULT_BYTES_MAX } from "../../limits.ts";
import { SERIES_REQUESTS, WINDOW_FIELD_COUNT, WINDOW_FIELDS } from "../engine.ts";
import { checkWindowEnds, windowStart } from "../point-arguments.ts";
import { readSeriesRequest, type SeriesRequest } from "../series-request.ts";
import { binaryString, writeBinaryString } from "./binary-string.ts";
import { PointAccumulator, writeRows } from "./point-accumulator.ts";
import { sketchPoints } from "./point-sketch.ts";
import { windowPoints } from "./point-windows.ts";
import type { SeriesIndex } from "./series-index.ts";
import { decodedTimes, decodedValues, type PointPart, SeriesLabel, summedUp } from "./series-label.ts";
import { pointsBetween, type RowRange, rangesBetween, timeOfNewest, tooLarge } from "./series-points.ts";

const HEADER_BYTES = 8;
const ROW_BYTES = WINDOW_FIELD_COUNT * 8;
/** Points, first time, last time, chunks, bytes. */
const LABEL_FIELDS = 5;
/** Values gathered before they are sorted into buckets. */
const SKETCH_VALUES = 65536;
const SKETCH_POINTS_END = 2 ** 32;
const NO_LABEL = new SeriesLabel("");

/** Errors: invalid-argument, limit-exceeded. */
export function answerSeries(series: SeriesIndex, bytes: Uint8Array): Uint8Array {
  const request = readSeriesRequest(bytes);
  const labels: SeriesLabel[] = [];
  const marks: number[] = [];
  if (request.kind !== SERIES_REQUESTS.labels) chooseLabels(series, bytes, request, labels, marks);
  const asked = { request, labels, marks };
  switch (request.kind) {
    case SERIES_REQUESTS.labels:
      return answerLabels(series);
    case SERIES_REQUESTS.points: {
      const from = Math.max(request.from, marks[0]!);
      return pointsBetween(labels[0]!, from, request.to, request.limit, request.isOldest);
    }
    case SERIES_REQUESTS.reduce:
      return reduce(asked);
    case SERIES_REQUESTS.windows:
      return windows(asked);
    case SERIES_REQUESTS.sketch:
      return sketch(asked);
    default:
      return answerTime(timeOfNewest(labels[0]!, marks[0]!, request.limit));
  }
}

/** A question about labels, with below which time the points of each are forgotten. */
interface Asked {
  readonly request: SeriesRequest;
  readonly labels: readonly SeriesLabel[];
  readonly marks: readonly number[];
}

function chooseLabels(
  series: SeriesIndex,
  bytes: Uint8Array,
  request: SeriesRequest,
  labels: SeriesLabel[],
  marks: number[],
): void {
  const places = request.labels;
  if (places.length === 0) {
    for (const label of series.labelsView()) {
      labels.push(label);
      marks.push(series.markTime(label.label));
    }
  }
  for (let index = 0; index < places.length; index += 2) {
    const name = binaryString(bytes, places[index]!, places[index + 1]!);
    labels.push(series.label(name) ?? NO_LABEL);
    marks.push(series.markTime(name));
  }
}

/** What is shown of a label in the range that is asked for. */
function rangesOf({ request, labels, marks }: Asked, index: number): Generator<RowRange> {
  return rangesBetween(labels[index]!, Math.max(request.from, marks[index]!), request.to);
}

function answerLabels(series: SeriesIndex): Uint8Array {
  const labels = series.labelsView();
  const labelBytes = labels.reduce((sum, { label }) => sum + label.length, 0);
  const fieldBytes = labels.length * LABEL_FIELDS * 8;
  const byteLength = HEADER_BYTES + fieldBytes + labels.length * 4 + labelBytes;
  if (byteLength > SERIES_RESULT_BYTES_MAX) throw tooLarge(byteLength);
  const answer = new Uint8Array(byteLength);
  new Uint32Array(answer.buffer, 0, 2).set([labels.length, labelBytes]);
  const fields = new Float64Array(answer.buffer, HEADER_BYTES, labels.length * LABEL_FIELDS);
  const lengths = new Uint32Array(answer.buffer, HEADER_BYTES + fieldBytes, labels.length);
  let at = HEADER_BYTES + fieldBytes + labels.length * 4;
  labels.forEach((label, index) => {
    fields.set(fieldsOf(series, label), index * LABEL_FIELDS);
    lengths[index] = label.label.length;
    at = writeBinaryString(answer, at, label.label);
  });
  return answer;
}

function fieldsOf(series: SeriesIndex, label: SeriesLabel): number[] {
  const mark = series.markTime(label.label);
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const row of label.rowsView()) {
    first = Math.min(first, row.firstShown(mark));
    last = Math.max(last, row.lastTime);
  }
  return [series.shown(label), first, last, label.chunks, label.bytes];
}

function reduce(asked: Asked): Uint8Array {
  const count = asked.labels.length;
  const byteLength = HEADER_BYTES + count * ROW_BYTES;
  if (byteLength > SERIES_RESULT_BYTES_MAX) throw tooLarge(byteLength);
  const rows = asked.labels.map((_, index) => {
    const row = new PointAccumulator(0);
    for (const range of rangesOf(asked, index)) row.add(partOf(range), range.row.entry);
    row.start = row.firstTime;
    return row;
  });
  const answer = new Uint8Array(byteLength);
  new Uint32Array(answer.buffer, 0, 1)[0] = count;
  writeRows(rows, new Float64Array(answer.buffer, HEADER_BYTES));
  return answer;
}

/** The points of a range, summed up. Where it is part of a chunk, that chunk is the one decoded last. */
function partOf({ row, begin, end }: RowRange): PointPart {
  return end - begin === row.count ? row.whole() : summedUp(begin, end);
}

function windows(asked: Asked): Uint8Array {
  const { labels, request } = asked;
  const counts: number[] = [];
  const rows: PointAccumulator[] = [];
  const headBytes = HEADER_BYTES + (labels.length + (labels.length & 1)) * 4;
  for (let index = 0; index < labels.length; index++) {
    const before = rows.length;
    const grid = new WindowGrid(request.origin, request.width);
    for (const range of rangesOf(asked, index)) grid.add(range);
    for (const row of grid.rows()) rows.push(row);
    counts.push(rows.length - before);
    const byteLength = headBytes + rows.length * ROW_BYTES;
    if (byteLength > SERIES_RESULT_BYTES_MAX) throw tooLarge(byteLength);
  }
  const answer = new Uint8Array(headBytes + rows.length * ROW_BYTES);
  new Uint32Array(answer.buffer, 0, 2).set([labels.length, rows.length]);
  new Uint32Array(answer.buffer, HEADER_BYTES, labels.length).set(counts);
  writeRows(rows, new Float64Array(answer.buffer, headBytes));
  return answer;
}

/** The windows of one label, by where they begin. */
class WindowGrid {
  readonly #origin: number;
  readonly #width: number;
  readonly #rows: PointAccumulator[] = [];
  readonly #byStart = new Map<number, PointAccumulator>();
  #last: PointAccumulator | undefined;
  #isAscending = true;

  constructor(origin: number, width: number) {
    this.#origin = origin;
    this.#width = width;
  }

  /** Errors: invalid-argument where a window leaves the safe integers. */
  add(range: RowRange): void {
    const { row, begin, end } = range;
    const isWhole = end - begin === row.count;
    const first = isWhole ? row.firstTime : decodedTimes[begin]!;
    const last = isWhole ? row.lastTime : decodedTimes[end - 1]!;
    checkWindowEnds([first, last], this.#origin, this.#width);
    const start = windowStart(first, this.#origin, this.#width);
    if (last - start < this.#width) {
      this.#row(start).add(partOf(range), row.entry);
      return;
    }
    if (isWhole) row.decode();
    this.#addCut(range);
  }

  /** A chunk that falls into several windows; it is the one decoded last. */
  #addCut({ row, begin, end }: RowRange): void {
    const cut = windowPoints(decodedTimes, decodedValues, begin, end, this.#origin, this.#width);
    let at = begin;
    for (let field = 0; field < cut.length; field += WINDOW_FIELD_COUNT) {
      const count = cut[field + WINDOW_FIELDS.count]!;
      const part: PointPart = {
        count,
        sum: cut[field + WINDOW_FIELDS.sum]!,
        minimum: cut[field + WINDOW_FIELDS.minimum]!,
        maximum: cut[field + WINDOW_FIELDS.maximum]!,
        squares: cut[field + WINDOW_FIELDS.squares]!,
        firstTime: decodedTimes[at]!,
        lastTime: decodedTimes[at + count - 1]!,
        firstValue: cut[field + WINDOW_FIELDS.first]!,
        lastValue: cut[field + WINDOW_FIELDS.last]!,
      };
      this.#row(cut[field + WINDOW_FIELDS.start]!).add(part, row.entry);
      at += count;
    }
  }

  /** Its rows, ascending. */
  rows(): readonly PointAccumulator[] {
    if (!this.#isAscending) this.#rows.sort((left, right) => left.start - right.start);
    return this.#rows;
  }

  #row(start: number): PointAccumulator {
    if (this.#last?.start === start) return this.#last;
    let row = this.#byStart.get(start);
    if (row === undefined) {
      row = new PointAccumulator(start);
      this.#byStart.set(start, row);
      if (start < (this.#rows.at(-1)?.start ?? start)) this.#isAscending = false;
      this.#rows.push(row);
    }
    this.#last = row;
    return row;
  }
}

function sketch(asked: Asked): Uint8Array {
  const counts = new Map<number, number>();
  const gathered = new Float64Array(SKETCH_VALUES);
  let filled = 0;
  let points = 0;
  const empty = (): void => {
    const pairs = sketchPoints(gathered, 0, filled);
    for (let pair = 0; pair < pairs.length; pair += 2) {
      counts.set(pairs[pair]!, (counts.get(pairs[pair]!) ?? 0) + pairs[pair + 1]!);
    }
    filled = 0;
  };
  for (let index = 0; index < asked.labels.length; index++) {
    for (const { row, begin, end } of rangesOf(asked, index)) {
      points += end - begin;
      if (points >= SKETCH_POINTS_END) throw tooMany(points);
      if (filled + end - begin > SKETCH_VALUES) empty();
      if (end - begin === row.count) row.decode();
      gathered.set(decodedValues.subarray(begin, end), filled);
      filled += end - begin;
    }
  }
  empty();
  const answer = new Uint8Array(HEADER_BYTES + counts.size * 8);
  new Uint32Array(answer.buffer, 0, 1)[0] = counts.size;
  const pairs = [...counts].sort(([left], [right]) => left - right).flat();
  new Uint32Array(answer.buffer, HEADER_BYTES).set(pairs);
  return answer;
}

function answerTime(time: number | undefined): Uint8Array {
  const answer = new Uint8Array(time === undefined ? HEADER_BYTES : HEADER_BYTES + 8);
  if (time === undefined) return answer;
  answer[0] = 1;
  new Float64Array(answer.buffer, HEADER_BYTES)[0] = time;
  return answer;
}

function tooMany(points: number): CrdtError {
  return new CrdtError(
    "limit-exceeded",
    `a sketch of ${points} points or more; fewer than 2^32 are allowed, ask for less at a time`,
  );
}
