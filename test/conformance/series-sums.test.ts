// Sums, windows and sketches of series: by hand where they are small, and against the plain twin, bit for bit, over random
// series of several replicas with chunks that overlap, marks that cut them and values that round.
import { beforeAll, describe, expect, it } from "vitest";
import type { Engine, EngineDocument } from "../../host/engine/engine.ts";
import { quantile } from "../../host/engine/quantile-sketch.ts";
import { CHUNK_POINTS_MAX } from "../../host/limits.ts";
import { Random } from "../laws/random.ts";
import { hex, mutate, readEntries } from "./batch.ts";
import { NOW_MS, sync, syncAll, useDocuments } from "./documents.ts";
import { describeEngines } from "./engines.ts";
import { PlainSeries } from "./plain-series.ts";
import {
  type AggregateRow,
  newestTime,
  pointsOf,
  type Range,
  reduced,
  sketchOf,
  windowsOf,
} from "./series-questions.ts";

const SERIES = 25;
const LABELS = ["", "a", "b"];
const bitsOf = (rows: readonly AggregateRow[]): string[] =>
  rows.map((row) => hex(new Uint8Array(Float64Array.from(Object.values(row)).buffer)));
const varianceOf = ({ squares, count }: AggregateRow): number => squares / count;

describeEngines("sums of series", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  const open = useDocuments(() => engine);
  const record = (
    document: EngineDocument,
    label: string,
    times: readonly number[],
    values = times,
  ): void => {
    const index = document.container("series", "s");
    mutate(document, NOW_MS, (batch) => batch.record(index, label, times, values));
  };

  describe("by hand", () => {
    it("10, 20 … 50 are five points of sum 150, mean 30, least 10 and most 50", () => {
      const document = open();
      record(document, "a", [30, 10, 50]);
      record(document, "a", [40, 20]);
      const [row] = reduced(document, 0);
      expect(row).toEqual({
        start: 10,
        count: 5,
        sum: 150,
        minimum: 10,
        maximum: 50,
        first: 10,
        last: 50,
        squares: 1000,
      });
      expect(row!.sum / row!.count).toBe(30);
      expect(varianceOf(row!)).toBe(200);
    });

    it("a label of no points is a row of none", () => {
      const document = open();
      record(document, "a", [1]);
      const [none, twice, again] = reduced(document, 0, { labels: ["none", "a", "a"] });
      expect(Object.values(none!)).toEqual([
        0,
        0,
        0,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        0,
        0,
        0,
      ]);
      expect(twice).toEqual(again);
      expect(reduced(document, 0, { from: 2 })).toEqual([none]);
      expect(windowsOf(document, 0, 0, 1, { labels: ["none", "a"] })).toEqual([
        [],
        [expect.objectContaining({ count: 1 })],
      ]);
      expect(sketchOf(document, 0, { labels: ["a", "a"] })[1]).toBe(2);
    });

    it("−0 lies below 0, and what is no number is NaN", () => {
      const document = open();
      record(document, "a", [1, 3], [0, -0]);
      record(document, "a", [2], [-0]);
      record(document, "b", [1], [Number.POSITIVE_INFINITY]);
      record(document, "b", [2], [Number.NEGATIVE_INFINITY]);
      const [zeros, infinities] = reduced(document, 0) as [AggregateRow, AggregateRow];
      expect([zeros.minimum, zeros.maximum, zeros.first, zeros.last]).toEqual([-0, 0, 0, -0]);
      expect([infinities.minimum, infinities.maximum]).toEqual([
        Number.NEGATIVE_INFINITY,
        Number.POSITIVE_INFINITY,
      ]);
      expect(bitsOf([infinities])[0]!.match(/.{16}/g)![2]).toBe("000000000000f87f");
      expect(bitsOf([infinities])[0]!.match(/.{16}/g)![7]).toBe("000000000000f87f");
    });

    it("the first and last value go by replica where times are equal", () => {
      const [left, right] = [open(1), open(2)];
      record(right, "a", [10, 10], [3, 4]);
      record(left, "a", [10, 10], [1, 2]);
      syncAll([left, right]);
      for (const document of [left, right]) {
        expect(reduced(document, 0)[0]).toMatchObject({ first: 1, last: 4 });
        expect(windowsOf(document, 0, 0, 100)[0]).toMatchObject([{ start: 0, first: 1, last: 4, count: 4 }]);
      }
    });

    it("windows begin at their origin, before it too, and only where there are points", () => {
      const document = open();
      record(document, "a", [-61, -60, -1, 0, 59, 60, 300], [1, 2, 3, 4, 5, 6, 7]);
      const starts = (origin: number) =>
        windowsOf(document, 0, origin, 60)[0]!.map(({ start, count }) => [start, count]);
      expect(starts(0)).toEqual([
        [-120, 1],
        [-60, 2],
        [0, 2],
        [60, 1],
        [300, 1],
      ]);
      expect(starts(-1)).toEqual([
        [-61, 2],
        [-1, 2],
        [59, 2],
        [299, 1],
      ]);
    });

    it("whole chunks and parts of them are found on both sides of the limit of a chunk", () => {
      const document = open();
      const count = CHUNK_POINTS_MAX + 10;
      record(
        document,
        "a",
        Array.from({ length: count }, (_, time) => time),
      );
      for (const [from, to] of [
        [0, count - 1],
        [1, count - 2],
        [CHUNK_POINTS_MAX - 1, CHUNK_POINTS_MAX],
        [5, 5],
      ] as const) {
        const [row] = reduced(document, 0, { from, to });
        const expected = ((to - from + 1) * (from + to)) / 2;
        expect(row).toMatchObject({
          start: from,
          count: to - from + 1,
          sum: expected,
          first: from,
          last: to,
        });
      }
      expect(newestTime(document, 0, "a", count)).toBe(0);
      expect(newestTime(document, 0, "a", 11)).toBe(count - 11);
    });

    it("a sketch gives quantiles within its error", () => {
      const document = open();
      const values = Array.from({ length: 5000 }, (_, index) => index + 1);
      record(document, "a", values.slice(0, 2000));
      record(document, "b", values.slice(2000));
      for (const fraction of [0, 0.25, 0.5, 0.9, 1]) {
        const exact = 1 + fraction * 4999;
        expect(Math.abs(quantile(sketchOf(document, 0), fraction)! / exact - 1)).toBeLessThan(
          2 ** -8 + 0.001,
        );
      }
    });
  });

  /** Some replicas that write over each other's times, and marks. */
  function grow(random: Random): EngineDocument[] {
    const documents = [open(3), open(1), open(2)];
    for (const document of documents) document.container("series", "s");
    const span = random.pick([20, 1000, 100_000]);
    for (let step = 4 + random.below(20); step > 0; step--) {
      const document = random.pick(documents);
      const label = random.pick(LABELS);
      const start = random.below(span) - span / 10;
      const times = Array.from({ length: 1 + random.below(random.chance(0.2) ? 400 : 12) }, () =>
        Math.floor(start + random.below(random.pick([1, 10, span]))),
      );
      const isRough = random.chance(0.5);
      const values = times.map(() =>
        random.chance(0.02)
          ? random.pick([-0, 0, 1e300])
          : isRough
            ? random.next() * 1e6
            : random.below(9999) / 100,
      );
      record(document, label, times, values);
      if (random.chance(0.15)) {
        const of = random.chance(0.3) ? undefined : label;
        mutate(document, NOW_MS, (batch) => batch.retain(0, of, random.below(span / 2)));
      }
      if (random.chance(0.2)) sync(document, random.pick(documents));
    }
    syncAll(documents);
    return documents;
  }

  it(`${SERIES} random series answer as the plain twin does, to the last bit`, () => {
    for (let seed = 1; seed <= SERIES; seed++) {
      const random = new Random(seed);
      const documents = grow(random);
      const plain = new PlainSeries(readEntries(documents[0]!.entries(0, 0)));
      for (const document of documents) {
        const ranges: Range[] = [{}, { from: random.below(500), to: 500 + random.below(9000) }];
        for (const range of ranges) {
          const { from, to } = range;
          for (const label of LABELS) {
            const points = plain.points(label, from, to).map(({ time, value }) => [time, value]);
            expect(pointsOf(document, 0, label, range), `seed ${seed}`).toEqual(points);
          }
          const asked = { ...range, labels: LABELS };
          const rows = LABELS.map((label) => plain.reduce(label, from, to));
          expect(bitsOf(reduced(document, 0, asked)), `seed ${seed}`).toEqual(bitsOf(rows));
          const [origin, width] = [random.below(99) - 50, random.pick([3, 60, 7777, 10 ** 9])];
          const windows = LABELS.map((label) => bitsOf(plain.windows(label, origin, width, from, to)));
          expect(windowsOf(document, 0, origin, width, asked).map(bitsOf), `seed ${seed}`).toEqual(windows);
        }
      }
    }
  });
});
