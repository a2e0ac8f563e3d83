// Windows of labels put together by group, and gaps filled: pure functions over the rows the engine gives. A window
// without points is a gap; what stands in it is a fill and never a measurement, so its count stays 0.
import { WINDOW_FIELD_COUNT, WINDOW_FIELDS } from "../../engine/engine.ts";
import { windowStart } from "../../engine/point-arguments.ts";
import { CrdtError } from "../../errors.ts";
import { SERIES_FILLED_WINDOWS_MAX } from "../../limits.ts";
import { type Aggregate, addRow, aggregateOf, emptyRows, type WindowRows } from "./aggregates.ts";
import type { SeriesPoints } from "./downsample.ts";
import type { TimeRange } from "./series-arguments.ts";

const START = WINDOW_FIELDS.start;

/**
 * What stands where no point is: nothing ("none": the window is left out), null, the value of the window before, or the
 * straight line between its neighbours. Before the first window, and with "linear" after the last, it is null.
 */
export const FILLS = ["none", "null", "previous", "linear"] as const;
export type Fill = (typeof FILLS)[number];

/** The windows of a group of labels: one column for the starts and one for each aggregate. */
export type WindowTable<Name extends Aggregate = Aggregate> = {
  readonly group: string;
  readonly labels: readonly string[];
  /** Where each window begins, in milliseconds, ascending. */
  readonly starts: Float64Array;
} & { readonly [Column in Name]: readonly (number | null)[] };

/** A label and its windows that hold points, ascending. */
export interface LabelWindows {
  readonly label: string;
  readonly rows: WindowRows;
}

export interface Grid {
  readonly origin: number;
  readonly widthMs: number;
}

/** The starts of the first and the last window shown. */
export interface WindowSpan {
  readonly first: number;
  readonly last: number;
}

/** The windows of several labels as those of one; first and last are those of `pointsOf`, where it is given. */
export function joinWindows(
  labels: readonly LabelWindows[],
  { widthMs }: Grid,
  pointsOf: ((label: string) => SeriesPoints) | undefined,
): WindowRows {
  if (labels.length === 1) return labels[0]!.rows;
  const starts = distinctStarts(labels);
  const joined = emptyRows(starts.length);
  for (const { rows } of labels) {
    let window = 0;
    for (let at = 0; at < rows.length; at += WINDOW_FIELD_COUNT) {
      while (starts[window]! < rows[at + START]!) window++;
      addRow(joined, window * WINDOW_FIELD_COUNT, rows, at);
    }
  }
  if (pointsOf !== undefined) setEnds(joined, labels, widthMs, pointsOf);
  return joined;
}

function distinctStarts(labels: readonly LabelWindows[]): Float64Array {
  const count = labels.reduce((sum, { rows }) => sum + rows.length / WINDOW_FIELD_COUNT, 0);
  const starts = new Float64Array(count);
  let next = 0;
  for (const { rows } of labels) {
    for (let at = 0; at < rows.length; at += WINDOW_FIELD_COUNT) starts[next++] = rows[at + START]!;
  }
  starts.sort();
  return starts.filter((start, index) => index === 0 || start !== starts[index - 1]);
}

/** Of points at one time the first label's comes first. */
function setEnds(
  joined: WindowRows,
  labels: readonly LabelWindows[],
  widthMs: number,
  pointsOf: (label: string) => SeriesPoints,
): void {
  const firstTimes = new Float64Array(joined.length / WINDOW_FIELD_COUNT).fill(Infinity);
  const lastTimes = firstTimes.map(() => -Infinity);
  for (const { label } of labels) {
    const { times, values } = pointsOf(label);
    let window = 0;
    for (let index = 0; index < times.length; index++) {
      const time = times[index]!;
      while (joined[window * WINDOW_FIELD_COUNT + START]! + widthMs <= time) window++;
      const at = window * WINDOW_FIELD_COUNT;
      if (time < firstTimes[window]!) {
        firstTimes[window] = time;
        joined[at + WINDOW_FIELDS.first] = values[index]!;
      }
      if (time >= lastTimes[window]!) {
        lastTimes[window] = time;
        joined[at + WINDOW_FIELDS.last] = values[index]!;
      }
    }
  }
}

/** Labels by the group that `groupOf` names, in the order of their first label. */
export function groupLabels(
  labels: readonly string[],
  groupOf: (label: string) => string,
  call: string,
): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const label of labels) {
    const group: unknown = groupOf(label);
    if (typeof group !== "string") {
      throw new CrdtError(
        "invalid-argument",
        `${call}: group gave ${String(group)} for label ${JSON.stringify(label)}; it names a group with a string`,
      );
    }
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [label]);
    else members.push(label);
  }
  return groups;
}

/** The windows to show: those asked for, else those that hold points; undefined where there are none. */
export function shownSpan(
  tables: readonly WindowRows[],
  { from, to }: TimeRange,
  grid: Grid,
  call: string,
): WindowSpan | undefined {
  let first = from === undefined ? Infinity : checkedStart(from, grid, call);
  let last = to === undefined ? -Infinity : checkedStart(to, grid, call);
  for (const rows of tables) {
    if (rows.length === 0) continue;
    if (from === undefined) first = Math.min(first, rows[START]!);
    if (to === undefined) last = Math.max(last, rows[rows.length - WINDOW_FIELD_COUNT + START]!);
  }
  if (first === Infinity || last === -Infinity || first > last) return undefined;
  const count = ((last - first) / grid.widthMs + 1) * tables.length;
  if (count <= SERIES_FILLED_WINDOWS_MAX) return { first, last };
  throw new CrdtError(
    "limit-exceeded",
    `${call}: ${count} windows of ${grid.widthMs} ms with the gaps, at most ${SERIES_FILLED_WINDOWS_MAX}; ask for wider ones, for a shorter range, or without fill`,
  );
}

/** Where the window of `time` begins, if that can be said. */
function checkedStart(time: number, { origin, widthMs }: Grid, call: string): number {
  const start = windowStart(time, origin, widthMs);
  const isSafe = Number.isSafeInteger;
  if (isSafe(time - origin) && isSafe(start) && isSafe(start + widthMs)) return start;
  throw new CrdtError(
    "invalid-argument",
    `${call}: windows of ${widthMs} ms from ${origin} at time ${time} leave ±(2^53 − 1)`,
  );
}

/** A table's columns: its starts, and one for each aggregate. */
type Columns<Name extends Aggregate> = { starts: Float64Array } & Record<Name, (number | null)[]>;

/** Rows as columns, without the gaps. */
export function columnsOf<Name extends Aggregate>(rows: WindowRows, names: readonly Name[]): Columns<Name> {
  const count = rows.length / WINDOW_FIELD_COUNT;
  const starts = new Float64Array(count);
  for (let index = 0; index < count; index++) starts[index] = rows[index * WINDOW_FIELD_COUNT + START]!;
  const columns = names.map((name) => {
    const column = new Array<number>(count);
    for (let index = 0; index < count; index++) {
      column[index] = aggregateOf(rows, index * WINDOW_FIELD_COUNT, name);
    }
    return [name, column] as const;
  });
  return { starts, ...(Object.fromEntries(columns) as Record<Name, (number | null)[]>) };
}

/** Rows as columns from window `first` to window `last`, the gaps filled. */
export function filledColumnsOf<Name extends Aggregate>(
  rows: WindowRows,
  names: readonly Name[],
  { first, last }: WindowSpan,
  widthMs: number,
  fill: Fill,
): Columns<Name> {
  const count = Math.floor((last - first) / widthMs) + 1;
  const starts = new Float64Array(count);
  for (let index = 0; index < count; index++) starts[index] = first + index * widthMs;
  const measured = columnsOf(rows, names);
  const places = measured.starts.map((start) => (start - first) / widthMs);
  const columns = names.map((name) => {
    const column = new Array<number | null>(count).fill(name === "count" ? 0 : null);
    for (let index = 0; index < places.length; index++) column[places[index]!] = measured[name][index]!;
    if (name !== "count") fillGaps(column, places, fill);
    return [name, column] as const;
  });
  return { starts, ...(Object.fromEntries(columns) as Record<Name, (number | null)[]>) };
}

/** Fills a column behind each of the `places` that hold a measurement, ascending. */
function fillGaps(column: (number | null)[], places: Float64Array, fill: Fill): void {
  if (fill === "none" || fill === "null") return;
  for (const [index, place] of places.entries()) {
    const end = places[index + 1] ?? (fill === "previous" ? column.length : place);
    const value = column[place]!;
    const rise = fill === "previous" ? 0 : column[end]! - value;
    for (let gap = place + 1; gap < end; gap++) {
      const filled = fill === "previous" ? value : value + rise * ((gap - place) / (end - place));
      column[gap] = Number.isNaN(filled) ? null : filled;
    }
  }
}
