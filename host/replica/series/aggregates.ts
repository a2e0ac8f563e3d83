// What can be said of a stretch of points, and how the rows of several labels become one: count by count, sum by sum, the
// squared deviations by the pairwise rule of Chan, Golub and LeVeque (1979), as the engine joins chunks. In the order of
// the labels, so equal on every replica.
import { WINDOW_FIELDS } from "../../engine/engine.ts";
import type { WindowRow } from "./series-questions.ts";

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

/** The aggregate `name` of a row that holds points. */
export function aggregateOf(row: WindowRow, name: Aggregate): number {
  switch (name) {
    case "count":
      return row[COUNT]!;
    case "sum":
      return row[SUM]!;
    case "mean":
      return row[SUM]! / row[COUNT]!;
    case "min":
      return row[MINIMUM]!;
    case "max":
      return row[MAXIMUM]!;
    case "first":
      return row[WINDOW_FIELDS.first]!;
    case "last":
      return row[WINDOW_FIELDS.last]!;
    case "variance":
      return row[SQUARES]! / row[COUNT]!;
  }
}

export function aggregatesOf(row: WindowRow): Aggregates {
  const count = row[COUNT]!;
  const known = (name: Aggregate): number | undefined => (count === 0 ? undefined : aggregateOf(row, name));
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

export function emptyRow(): WindowRow {
  const row = new Float64Array(Object.keys(WINDOW_FIELDS).length);
  row[MINIMUM] = Infinity;
  row[MAXIMUM] = -Infinity;
  return row;
}

/**
 * Adds the points of `part` to those of `total`: all but start, first and last, which are the caller's to tell. Neither
 * is changed where `part` is empty.
 */
export function addRow(total: WindowRow, part: WindowRow): void {
  const [n, m] = [total[COUNT]!, part[COUNT]!];
  if (m === 0) return;
  if (n === 0) {
    total.set(part);
    return;
  }
  const distance = part[SUM]! / m - total[SUM]! / n;
  total[SQUARES] = total[SQUARES]! + part[SQUARES]! + distance * distance * ((n * m) / (n + m));
  total[SUM] = total[SUM]! + part[SUM]!;
  total[COUNT] = n + m;
  // Math.min and Math.max know −0 from 0.
  total[MINIMUM] = Math.min(total[MINIMUM]!, part[MINIMUM]!);
  total[MAXIMUM] = Math.max(total[MAXIMUM]!, part[MAXIMUM]!);
}
