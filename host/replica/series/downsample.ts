// Fewer points that still look like the whole, both methods pure and in one pass. "lttb" keeps the first point, the last
// one, and of each of as many equal runs between them the point that spans the largest triangle with the point kept
// before and the mean of the run behind (Sveinn Steinarsson, Downsampling Time Series for Visual Representation, 2013).
// "min-max" cuts the span into equal stretches of time and keeps the least and the greatest value of each, as the columns
// of a plot do (after Jugel et al., M4, 2014): no peak is lost, but the first and the last point may be.

/** Points of one label, ascending by time; both arrays are as long. */
export interface SeriesPoints {
  readonly times: Float64Array;
  readonly values: Float64Array;
}

export const DOWNSAMPLE_METHODS = ["lttb", "min-max"] as const;
export type DownsampleMethod = (typeof DOWNSAMPLE_METHODS)[number];

/** At most `count` of the points, in order; all of them where there are no more. `count` is at least 2. */
export function downsample(points: SeriesPoints, count: number, method: DownsampleMethod): SeriesPoints {
  if (points.times.length <= count) return points;
  return picked(points, method === "lttb" ? largestTriangles(points, count) : extremes(points, count));
}

function largestTriangles({ times, values }: SeriesPoints, count: number): number[] {
  const last = times.length - 1;
  const runs = count - 2;
  const rows = [0];
  let kept = 0;
  const startOf = (run: number): number => 1 + Math.floor((run * (last - 1)) / runs);
  for (let run = 0; run < runs; run++) {
    const end = startOf(run + 1);
    const behind = run + 1 < runs ? startOf(run + 2) : last + 1;
    const meanTime = meanOf(times, end, behind);
    const meanValue = meanOf(values, end, behind);
    const width = times[kept]! - meanTime;
    const rise = meanValue - values[kept]!;
    let best = startOf(run);
    let bestArea = -1;
    for (let row = best; row < end; row++) {
      // An area that is no number, as infinities give, never wins.
      const area = Math.abs(width * (values[row]! - values[kept]!) - (times[kept]! - times[row]!) * rise);
      if (area > bestArea) [best, bestArea] = [row, area];
    }
    rows.push(best);
    kept = best;
  }
  rows.push(last);
  return rows;
}

/** Relative to the first of them, so that large times lose nothing. */
function meanOf(column: Float64Array, start: number, end: number): number {
  const origin = column[start]!;
  let sum = 0;
  for (let row = start; row < end; row++) sum += column[row]! - origin;
  return origin + sum / (end - start);
}

function extremes({ times, values }: SeriesPoints, count: number): number[] {
  const stretches = Math.floor(count / 2);
  const first = times[0]!;
  const span = times[times.length - 1]! - first;
  const rows: number[] = [];
  let row = 0;
  for (let stretch = 0; stretch < stretches; stretch++) {
    const isLast = stretch === stretches - 1;
    const end = first + (span * (stretch + 1)) / stretches;
    let [least, greatest] = [row, row];
    const start = row;
    while (row < times.length && (isLast || times[row]! < end)) {
      if (values[row]! < values[least]!) least = row;
      if (values[row]! > values[greatest]!) greatest = row;
      row++;
    }
    if (row === start) continue;
    rows.push(Math.min(least, greatest));
    if (least !== greatest) rows.push(Math.max(least, greatest));
  }
  return rows;
}

function picked({ times, values }: SeriesPoints, rows: readonly number[]): SeriesPoints {
  return {
    times: Float64Array.from(rows, (row) => times[row]!),
    values: Float64Array.from(rows, (row) => values[row]!),
  };
}
