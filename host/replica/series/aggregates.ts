// What can be said of a stretch of points, and how the rows of several labels become one: count by count, sum by sum, the
// squared deviations by the pairwise rule of Chan, Golub and LeVeque (1979), as the engine joins chunks. In the order of
// the labels, so equal on every replica.
import { WINDOW_FIELD_COUNT, WINDOW_FIELDS } from "../../engine/engine.ts";

/** Rows one after another, each WINDOW_FIELD_COUNT numbers by WINDOW_FIELDS of engine.ts. */
export type WindowRows = Float64Array;

/** `variance` is that of the population: the mean squared distance to the mean. */
export const AGGREGATES = ["count", "sum", "mean", "min", "max", "first", "last", "variance"] as const;
export type Aggregate = (typeof AGGREGATES)[number];

/** Of no points: count and sum are 0, the others undefined. */
export interface Aggregates {
  readonly count: number;
  readonly sum: number;
  readonly mean: number | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** The value of the earliest point. */
  readonly first: number | undefined;
  /** The value of the latest point. */
  readonly last: number | undefined;
  readonly variance: number | undefined;
}

const { count: COUNT, sum: SUM, minimum: MINIMUM, maximum: MAXIMUM, squares: SQUARES } = WINDOW_FIELDS;

/** The aggregate `name` of the row that begins at `at` and holds points. */
export function aggregateOf(rows: WindowRows, at: number, name: Aggregate): number {
  switch (name) {
    case "count":
      return rows[at + COUNT]!;
    case "sum":
      return rows[at + SUM]!;
    case "mean":
      return rows[at + SUM]! / rows[at + COUNT]!;
    case "min":
      return rows[at + MINIMUM]!;
    case "max":
      return rows[at + MAXIMUM]!;
    case "first":
      return rows[at + WINDOW_FIELDS.first]!;
    case "last":
      return rows[at + WINDOW_FIELDS.last]!;
    case "variance":
      return rows[at + SQUARES]! / rows[at + COUNT]!;
  }
}

export function aggregatesOf(row: WindowRows): Aggregates {
  const count = row[COUNT]!;
  const known = (name: Aggregate): number | undefined =>
    count === 0 ? undefined : aggregateOf(row, 0, name);
  return {
    count,
    sum: row[SUM]!,
    mean: known("mean"),
    min: known("min"),
    max: known("max"),
    first: known("first"),
    last: known("last"),
    variance: known("variance"),
  };
}

/** So many rows of no points. */
export function emptyRows(count: number): WindowRows {
  const rows = new Float64Array(count * WINDOW_FIELD_COUNT);
  for (let at = 0; at < rows.length; at += WINDOW_FIELD_COUNT) {
    rows[at + MINIMUM] = Infinity;
    rows[at + MAXIMUM] = -Infinity;
  }
  return rows;
}

/**
 * Adds the points of the row of `parts` at `from` to those of the row of `totals` at `at`: all but start, first and last,
 * which are the caller's to tell where the total holds points already.
 */
export function addRow(totals: WindowRows, at: number, parts: WindowRows, from: number): void {
  const n = totals[at + COUNT]!;
  const m = parts[from + COUNT]!;
  if (m === 0) return;
  if (n === 0) {
    for (let field = 0; field < WINDOW_FIELD_COUNT; field++) totals[at + field] = parts[from + field]!;
    return;
  }
  const sum = totals[at + SUM]!;
  const distance = parts[from + SUM]! / m - sum / n;
  const squares = totals[at + SQUARES]! + parts[from + SQUARES]!;
  totals[at + SQUARES] = squares + distance * distance * ((n * m) / (n + m));
  totals[at + SUM] = sum + parts[from + SUM]!;
  totals[at + COUNT] = n + m;
  // Math.min and Math.max know −0 from 0.
  totals[at + MINIMUM] = Math.min(totals[at + MINIMUM]!, parts[from + MINIMUM]!);
  totals[at + MAXIMUM] = Math.max(totals[at + MAXIMUM]!, parts[from + MAXIMUM]!);
}
