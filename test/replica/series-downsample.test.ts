// Downsampling: LTTB against a slow twin that follows the paper's formula word by word, and that min-max loses no peak.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { downsample, type SeriesPoints } from "../../host/replica/series/downsample.ts";

const pointsOf = (rows: readonly (readonly [number, number])[]): SeriesPoints => ({
  times: Float64Array.from(rows, ([time]) => time),
  values: Float64Array.from(rows, ([, value]) => value),
});
const rowsOf = ({ times, values }: SeriesPoints) =>
  Array.from(times, (time, index): [number, number] => [time, values[index]!]);

/** Steinarsson's algorithm on pairs: split, then go from left to right. */
function slowTriangles(rows: readonly [number, number][], count: number): [number, number][] {
  const inner = rows.slice(1, -1);
  const buckets: [number, number][][] = [[rows[0]!]];
  for (let bucket = 0; bucket < count - 2; bucket++) {
    const [start, end] = [bucket, bucket + 1].map((edge) => Math.floor((edge * inner.length) / (count - 2)));
    buckets.push(inner.slice(start, end));
  }
  buckets.push([rows.at(-1)!]);
  const kept = [rows[0]!];
  for (let bucket = 1; bucket <= count - 2; bucket++) {
    const next = buckets[bucket + 1]!;
    const mean = [0, 1].map((axis) => next.reduce((sum, row) => sum + row[axis]!, 0) / next.length);
    const [ax, ay] = kept.at(-1)!;
    const areas = buckets[bucket]!.map(([bx, by]) =>
      Math.abs(ax * (by - mean[1]!) + bx * (mean[1]! - ay) + mean[0]! * (ay - by)),
    );
    kept.push(buckets[bucket]![areas.indexOf(Math.max(...areas))]!);
  }
  kept.push(rows.at(-1)!);
  return kept;
}

const ascending = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: -1000, max: 1000 })), {
    minLength: 1,
    maxLength: 300,
  })
  .map((steps) => {
    let time = 0;
    return steps.map(([step, value]): [number, number] => {
      time += step;
      return [time, value];
    });
  });

describe("lttb", () => {
  it("keeps the spike of a flat line, and its ends", () => {
    const rows = Array.from({ length: 101 }, (_, time): [number, number] => [time, time === 37 ? 9 : 1]);
    const kept = rowsOf(downsample(pointsOf(rows), 5, "lttb"));
    expect(kept.length).toBe(5);
    expect(kept[0]).toEqual([0, 1]);
    expect(kept[4]).toEqual([100, 1]);
    expect(kept).toContainEqual([37, 9]);
  });

  it("chooses triangles as large as a slow twin's", () => {
    fc.assert(
      fc.property(ascending, fc.integer({ min: 3, max: 60 }), (rows, count) => {
        const kept = rowsOf(downsample(pointsOf(rows), count, "lttb"));
        if (rows.length <= count) expect(kept).toEqual(rows);
        else expect(kept.length).toBe(count);
        // Ties may fall either way where the areas are sums of roundings: the count of equal picks must be high.
        const slow = rows.length <= count ? rows : slowTriangles(rows, count);
        const same = kept.filter((row, index) => row[0] === slow[index]![0]).length;
        if (same !== kept.length) expect(firstDifferenceIsTie(kept, slow, rows, count)).toBe(true);
      }),
    );
  });

  it("is exact on times of today", () => {
    const origin = 1_700_000_000_000;
    const rows = Array.from({ length: 200 }, (_, index): [number, number] => [index, Math.sin(index / 7)]);
    const late = rows.map(([time, value]): [number, number] => [time + origin, value]);
    const kept = rowsOf(downsample(pointsOf(rows), 20, "lttb"));
    expect(rowsOf(downsample(pointsOf(late), 20, "lttb"))).toEqual(kept.map(([t, v]) => [t + origin, v]));
  });

  it("goes on over infinities, and gives 2 points when asked for 2", () => {
    const rows = Array.from({ length: 50 }, (_, time): [number, number] => [
      time,
      time % 9 === 4 ? Infinity : 1,
    ]);
    expect(rowsOf(downsample(pointsOf(rows), 10, "lttb")).length).toBe(10);
    expect(rowsOf(downsample(pointsOf(rows), 2, "lttb"))).toEqual([rows[0], rows[49]]);
  });
});

/** Whether at the first difference both picks span the same area up to rounding. */
function firstDifferenceIsTie(
  kept: readonly [number, number][],
  slow: readonly [number, number][],
  rows: readonly [number, number][],
  count: number,
): boolean {
  const at = kept.findIndex((row, index) => row[0] !== slow[index]![0]);
  const start = 1 + Math.floor(((at - 1) * (rows.length - 2)) / (count - 2));
  const end = 1 + Math.floor((at * (rows.length - 2)) / (count - 2));
  const behind =
    at === count - 2 ? rows.length : 1 + Math.floor(((at + 1) * (rows.length - 2)) / (count - 2));
  const next = rows.slice(end, behind);
  const [mx, my] = [0, 1].map((axis) => next.reduce((sum, row) => sum + row[axis]!, 0) / next.length);
  const [ax, ay] = kept[at - 1]!;
  const area = ([bx, by]: readonly [number, number]) =>
    Math.abs((ax - mx!) * (by - ay) - (ax - bx) * (my! - ay));
  const isInside = (row: readonly [number, number]) =>
    row[0] >= rows[start]![0] && row[0] <= rows[end - 1]![0];
  const [mine, theirs] = [kept[at]!, slow[at]!];
  return isInside(mine) && Math.abs(area(mine) - area(theirs)) <= 1e-9 * Math.max(1, area(theirs));
}

describe("min-max", () => {
  it("keeps the least and the greatest of every stretch of time", () => {
    fc.assert(
      fc.property(ascending, fc.integer({ min: 2, max: 60 }), (rows, count) => {
        const kept = rowsOf(downsample(pointsOf(rows), count, "min-max"));
        expect(kept.length).toBeLessThanOrEqual(Math.max(count, Math.min(count, rows.length)));
        const values = rows.map(([, value]) => value);
        const keptValues = kept.map(([, value]) => value);
        expect(Math.min(...keptValues)).toBe(Math.min(...values));
        expect(Math.max(...keptValues)).toBe(Math.max(...values));
        const times = kept.map(([time]) => time);
        expect(times).toEqual([...new Set(times)].sort((left, right) => left - right));
        if (rows.length <= count) return;
        const stretches = Math.floor(count / 2);
        const [first, last] = [rows[0]![0], rows.at(-1)![0]];
        const stretchOf = (time: number): number => {
          for (let stretch = 0; stretch < stretches - 1; stretch++) {
            if (time < first + ((last - first) * (stretch + 1)) / stretches) return stretch;
          }
          return stretches - 1;
        };
        for (const [time, value] of rows) {
          const own = kept
            .filter(([other]) => stretchOf(other) === stretchOf(time))
            .map(([, other]) => other);
          expect(value).toBeGreaterThanOrEqual(Math.min(...own));
          expect(value).toBeLessThanOrEqual(Math.max(...own));
        }
      }),
    );
  });

  it("takes points that share one time, and leaves out empty stretches", () => {
    const same = [5, 1, 9, 3].map((value): [number, number] => [7, value]);
    expect(rowsOf(downsample(pointsOf(same), 2, "min-max"))).toEqual([
      [7, 1],
      [7, 9],
    ]);
    const gap: [number, number][] = [
      [0, 1],
      [1, 2],
      [2, 3],
      [1000, 4],
      [1001, 5],
    ];
    expect(rowsOf(downsample(pointsOf(gap), 4, "min-max"))).toEqual([
      [0, 1],
      [2, 3],
      [1000, 4],
      [1001, 5],
    ]);
  });
});
