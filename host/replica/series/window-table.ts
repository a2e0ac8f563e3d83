// Windows of labels put together by group, and gaps filled: pure functions over the rows the engine gives. A window
// without points is a gap; what stands in it is a fill and never a measurement, so its count stays 0.
import { WINDOW_FIELDS } from "../../engine/engine.ts";
import { windowStart } from "../../engine/point-arguments.ts";
import { CrdtError } from "../../errors.ts";
import { SERIES_FILLED_WINDOWS_MAX } from "../../limits.ts";
import { type Aggregate, addRow, aggregateOf } from "./aggregates.ts";
import type { SeriesPoints } from "./downsample.ts";
import type { TimeRange } from "./series-arguments.ts";
import type { WindowRow } from "./series-questions.ts";

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
  readonly rows: readonly WindowRow[];
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
  grid: Grid,
  pointsOf: ((label: string) => SeriesPoints) | undefined,
): WindowRow[] {
  if (labels.length === 1) return [...labels[0]!.rows];
  const joined = new Map<number, WindowRow>();
  for (const { rows } of labels) {
    for (const row of rows) {
      const total = joined.get(row[WINDOW_FIELDS.start]!);
      if (total === undefined) joined.set(row[WINDOW_FIELDS.start]!, row.slice());
      else addRow(total, row);
    }
  }
  if (pointsOf !== undefined) setEnds(joined, labels, grid, pointsOf);
  return [...joined.values()].sort((left, right) => left[WINDOW_FIELDS.start]! - right[WINDOW_FIELDS.start]!);
}

/** Of points at one time the first label's comes first. */
function setEnds(
  joined: ReadonlyMap<number, WindowRow>,
  labels: readonly LabelWindows[],
  grid: Grid,
  pointsOf: (label: string) => SeriesPoints,
): void {
  const ends = new Map<number, { first: number; last: number }>();
  for (const { label } of labels) {
    const { times, values } = pointsOf(label);
    for (const [index, time] of times.entries()) {
      const start = windowStart(time, grid.origin, grid.widthMs);
      const row = joined.get(start)!;
      const end = ends.get(start);
      if (end === undefined || time < end.first) row[WINDOW_FIELDS.first] = values[index]!;
      if (end === undefined || time >= end.last) row[WINDOW_FIELDS.last] = values[index]!;
      if (end === undefined) {
        ends.set(start, { first: time, last: time });
      } else {
        end.first = Math.min(end.first, time);
        end.last = Math.max(end.last, time);
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
  tables: readonly (readonly WindowRow[])[],
  { from, to }: TimeRange,
  grid: Grid,
  call: string,
): WindowSpan | undefined {
  let first = from === undefined ? Infinity : checkedStart(from, grid, call);
  let last = to === undefined ? -Infinity : checkedStart(to, grid, call);
  for (const rows of tables) {
    if (rows.length === 0) continue;
    if (from === undefined) first = Math.min(first, rows[0]![WINDOW_FIELDS.start]!);
    if (to === undefined) last = Math.max(last, rows[rows.length - 1]![WINDOW_FIELDS.start]!);
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

/** Rows as columns, without the gaps. */
export function columnsOf<Name extends Aggregate>(
  rows: readonly WindowRow[],
  names: readonly Name[],
): { starts: Float64Array } & Record<Name, (number | null)[]> {
  const starts = Float64Array.from(rows, (row) => row[WINDOW_FIELDS.start]!);
  const columns = names.map((name) => [name, rows.map((row) => aggregateOf(row, name))] as const);
  return { starts, ...(Object.fromEntries(columns) as Record<Name, (number | null)[]>) };
}

/** Rows as columns from window `first` to window `last`, the gaps filled. */
export function filledColumnsOf<Name extends Aggregate>(
  rows: readonly WindowRow[],
  names: readonly Name[],
  { first, last }: WindowSpan,
  widthMs: number,
  fill: Fill,
): { starts: Float64Array } & Record<Name, (number | null)[]> {
  const count = Math.floor((last - first) / widthMs) + 1;
  const starts = Float64Array.from({ length: count }, (_, index) => first + index * widthMs);
  const places = rows.map((row) => (row[WINDOW_FIELDS.start]! - first) / widthMs);
  const columns = names.map((name) => {
    const column = new Array<number | null>(count).fill(name === "count" ? 0 : null);
    for (const [index, row] of rows.entries()) column[places[index]!] = aggregateOf(row, name);
    if (name !== "count") fillGaps(column, places, fill);
    return [name, column] as const;
  });
  return { starts, ...(Object.fromEntries(columns) as Record<Name, (number | null)[]>) };
}

/** Fills a column behind each of the `places` that hold a measurement, ascending. */
function fillGaps(column: (number | null)[], places: readonly number[], fill: Fill): void {
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
