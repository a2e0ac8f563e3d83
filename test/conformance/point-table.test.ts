// Tables of points, against plain definitions: every kernel on values of all kinds and ranges of all small lengths and
// alignments, windows on uneven times, and what is refused.
import { beforeAll, describe, expect, it } from "vitest";
import { type Engine, type PointTable, WINDOW_FIELD_COUNT } from "../../host/engine/engine.ts";
import { bucketValue, mergeSketches, quantile, SKETCH_BUCKETS } from "../../host/engine/quantile-sketch.ts";
import { TABLE_POINTS_MAX } from "../../host/limits.ts";
import { Random } from "../laws/random.ts";
import { codeOf } from "./documents.ts";
import { describeEngines } from "./engines.ts";

const LANES = 8;
const PIECE = 65_536;
const TIME_MAX = Number.MAX_SAFE_INTEGER;
const ODD = [0, -0, Infinity, -Infinity, 5e-324, -5e-324, 2.2e-308, Number.MAX_VALUE, -Number.MAX_VALUE, 1];

function laneSum(values: readonly number[]): number {
  const lanes = new Array<number>(LANES).fill(0);
  for (const [index, value] of values.entries()) lanes[index % LANES]! += value;
  const [a, b, c, d, e, f, g, h] = lanes as [number, number, number, number, number, number, number, number];
  return a + b + (c + d) + (e + f + (g + h));
}

function laneSquares(values: readonly number[]): number {
  const mean = laneSum(values) / values.length;
  return laneSum(values.map((value) => (value - mean) ** 2));
}

const summaryOf = (values: readonly number[]) => ({
  count: values.length,
  sum: laneSum(values),
  minimum: values.reduce((least, value) => Math.min(least, value), Infinity),
  maximum: values.reduce((most, value) => Math.max(most, value), -Infinity),
});

/** The rows of windows by their definition, in exact integers. */
function windowsOf(
  times: readonly number[],
  values: readonly number[],
  origin: number,
  width: number,
): number[] {
  const groups = new Map<number, number[]>();
  for (const [index, time] of times.entries()) {
    const distance = BigInt(time) - BigInt(origin);
    const into = ((distance % BigInt(width)) + BigInt(width)) % BigInt(width);
    const start = Number(BigInt(time) - into);
    const group = groups.get(start);
    if (group === undefined) groups.set(start, [values[index]!]);
    else group.push(values[index]!);
  }
  return [...groups].flatMap(([start, group]) => {
    const { count, sum, minimum, maximum } = summaryOf(group);
    return [start, count, sum, minimum, maximum, group[0]!, group.at(-1)!, laneSquares(group)];
  });
}

const random = new Random(7);
const kinds: readonly [string, () => number][] = [
  ["sensor values", () => Math.round(2_000 + random.next() * 500) / 100],
  ["signed values", () => (random.next() - 0.5) * 1e6],
  ["zeros of both signs", () => random.pick([0, -0])],
  ["zero and above", () => random.pick([0, -0, 1, 2])],
  ["zero and below", () => random.pick([0, -0, -1, -2])],
  ["minus zero and above", () => random.pick([-0, 1, 2])],
  ["odd values", () => random.pick(ODD)],
  ["infinity among numbers", () => (random.chance(0.01) ? Infinity : random.next())],
];

describeEngines("point table", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  const tableOf = (times: readonly number[], values: readonly number[]): PointTable => {
    const table = engine.createPointTable(times.length);
    table.append(Float64Array.from(times), Float64Array.from(values));
    return table;
  };
  const seconds = (count: number): number[] => Array.from({ length: count }, (_, index) => index * 1_000);

  describe.each(kinds)("of %s", (_name, draw) => {
    it("reduces and takes variances of ranges of all small lengths, wherever they begin", () => {
      const values = Array.from({ length: 70 }, draw);
      const table = tableOf(seconds(70), values);
      for (let from = 0; from < 12; from++) {
        for (let to = from; to <= 70; to++) {
          const range = values.slice(from, to);
          expect(table.reduce(from, to)).toEqual(summaryOf(range));
          const mean = range.length === 0 ? 0 : laneSum(range) / range.length;
          const squares = range.length === 0 ? 0 : laneSquares(range);
          expect(table.variance(from, to)).toEqual({ count: range.length, mean, squares });
        }
      }
      table.close();
    });

    it("aggregates windows of uneven times", () => {
      let time = -50_000;
      const times = Array.from({ length: 400 }, () => {
        time += random.pick([0, 1, 90, 100, 110, random.below(20_000)]);
        return time;
      });
      const values = times.map(draw);
      const table = tableOf(times, values);
      for (const [origin, width] of [
        [0, 1],
        [0, 1_000],
        [-77, 333],
        [10 ** 12, 6_000],
        [5, 2 ** 44],
      ] as const) {
        for (const [from, to] of [
          [0, 400],
          [3, 350],
          [9, 10],
          [17, 17],
        ] as const) {
          const rows = table.windows(from, to, origin, width);
          expect([...rows]).toEqual(windowsOf(times.slice(from, to), values.slice(from, to), origin, width));
        }
      }
      table.close();
    });

    it("counts values in buckets that are near them", () => {
      const values = Array.from({ length: 501 }, draw);
      const table = tableOf(seconds(501), values);
      const sketch = table.sketch(0, 501);
      const sorted = values.toSorted((left, right) => left - right || (Object.is(left, -0) ? -1 : 1));
      let index = 0;
      for (let pair = 0; pair < sketch.length; pair += 2) {
        if (pair > 0) expect(sketch[pair]!).toBeGreaterThan(sketch[pair - 2]!);
        const middle = bucketValue(sketch[pair]!);
        for (let count = 0; count < sketch[pair + 1]!; count++) {
          const value = sorted[index++]!;
          if (!Number.isFinite(value)) expect(middle).toBe(value);
          else
            expect(Math.abs(middle - value)).toBeLessThanOrEqual(Math.max(Math.abs(value), 2 ** -1022) / 256);
        }
      }
      expect(index).toBe(501);
      expect(mergeSketches([table.sketch(0, 33), table.sketch(33, 300), table.sketch(300, 501)])).toEqual(
        sketch,
      );
      expect(table.sketch(0, 501)).toEqual(sketch);
      const median = sorted[250]!;
      expect(Math.abs(quantile(sketch, 0.5)! - median) || 0).toBeLessThanOrEqual(
        Number.isFinite(median) ? Math.max(Math.abs(median), 2 ** -1022) / 256 : 0,
      );
      table.close();
    });
  });

  it("gives the same for a long range as its definition, over the pieces kernels are called in", () => {
    const count = 2 * PIECE + 13;
    const times = seconds(count);
    const values = times.map(() => random.next() - 0.5);
    values[PIECE + 1] = -0;
    const table = tableOf(times, values);
    expect(table.reduce(0, count)).toEqual(summaryOf(values));
    expect(table.variance(3, count).squares).toBe(laneSquares(values.slice(3)));
    for (const width of [1_000, 7_000, 60_000, 100_000_000]) {
      const rows = table.windows(5, count, 0, width);
      const wanted = windowsOf(times.slice(5), values.slice(5), 0, width);
      expect(rows.length).toBe(wanted.length);
      expect(rows.every((value, index) => Object.is(value, wanted[index]))).toBe(true);
    }
    const total = table.sketch(0, count).reduce((sum, value, index) => sum + (index % 2) * value, 0);
    expect(total).toBe(count);
    table.close();
  });

  it("keeps what was appended, bit for bit, and forgets it when cleared", () => {
    const table = engine.createPointTable(20);
    table.append(Float64Array.of(-TIME_MAX, -0, TIME_MAX), Float64Array.of(-0, 5e-324, -Infinity));
    table.append(new Float64Array(0), new Float64Array(0));
    table.append(Float64Array.of(4, 4), Float64Array.of(1, 2));
    expect([table.length, table.capacity]).toEqual([5, 20]);
    const [times, values] = [new Float64Array(4), new Float64Array(4)];
    table.read(1, times, values);
    expect([...times]).toEqual([0, TIME_MAX, 4, 4]);
    expect([...values]).toEqual([5e-324, -Infinity, 1, 2]);
    expect(codeOf(() => table.windows(0, 4, 0, 10))).toBe("invalid-argument");
    expect(codeOf(() => table.windows(2, 4, 0, 10))).toBe("invalid-argument");
    expect([...table.windows(3, 5, 0, 10)]).toEqual([0, 2, 3, 1, 2, 1, 2, 0.5]);
    table.clear();
    expect(table.length).toBe(0);
    expect(codeOf(() => table.reduce(0, 1))).toBe("invalid-argument");
    table.append(Float64Array.of(1, 2, 3, 4), Float64Array.of(1, 2, 3, 4));
    expect(table.windows(0, 4, 0, 10).length).toBe(WINDOW_FIELD_COUNT);
    table.close();
  });

  it("of no points gives what is said of none", () => {
    const table = engine.createPointTable(0);
    expect(table.reduce(0, 0)).toEqual({ count: 0, sum: 0, minimum: Infinity, maximum: -Infinity });
    expect(table.variance(0, 0)).toEqual({ count: 0, mean: 0, squares: 0 });
    expect(table.windows(0, 0, 0, 1)).toEqual(new Float64Array(0));
    expect(table.sketch(0, 0)).toEqual(new Uint32Array(0));
    expect(quantile(new Uint32Array(0), 0.5)).toBe(undefined);
    table.close();
  });

  it.each([-1, 0.5, Number.NaN, Infinity])("refuses a capacity of %d", (capacity) => {
    expect(codeOf(() => engine.createPointTable(capacity))).toBe("invalid-argument");
  });

  it("refuses a capacity beyond the limit, and points beyond the capacity", () => {
    expect(codeOf(() => engine.createPointTable(TABLE_POINTS_MAX + 1))).toBe("limit-exceeded");
    const table = engine.createPointTable(2);
    expect(codeOf(() => table.append(new Float64Array(3), new Float64Array(3)))).toBe("limit-exceeded");
    table.append(new Float64Array(2), new Float64Array(2));
    expect(codeOf(() => table.append(new Float64Array(1), new Float64Array(1)))).toBe("limit-exceeded");
    expect(table.length).toBe(2);
    table.close();
  });

  it("refuses times and values that are none, wherever they stand", () => {
    const table = engine.createPointTable(40);
    table.append(Float64Array.of(5), Float64Array.of(5));
    for (let length = 1; length < 20; length++) {
      for (let place = 0; place < length; place++) {
        for (const time of [Number.NaN, 0.5, Infinity, -Infinity, 2 ** 53, -(2 ** 53), TIME_MAX, -TIME_MAX]) {
          const times = Float64Array.from({ length }, (_, index) => index + 10);
          times[place] = time;
          const isFine = (time === TIME_MAX && place === length - 1) || (time === -TIME_MAX && place === 0);
          if (isFine) continue;
          expect(codeOf(() => table.append(times, new Float64Array(length)))).toBe("invalid-argument");
        }
        const values = new Float64Array(length);
        values[place] = Number.NaN;
        expect(codeOf(() => table.append(new Float64Array(length), values))).toBe("invalid-argument");
      }
    }
    expect(codeOf(() => table.append(new Float64Array(2), new Float64Array(1)))).toBe("invalid-argument");
    expect(table.length).toBe(1);
    expect(table.reduce(0, 1).sum).toBe(5);
    table.close();
  });

  it("refuses ranges outside its rows, and windows that are none", () => {
    const table = tableOf([-TIME_MAX, 0, 1, TIME_MAX], [1, 2, 3, 4]);
    for (const [from, to] of [
      [-1, 1],
      [0, 5],
      [2, 1],
      [0.5, 1],
      [0, Number.NaN],
      [0, 2 ** 32],
    ] as const) {
      const ranged: (() => unknown)[] = [
        () => table.reduce(from, to),
        () => table.variance(from, to),
        () => table.windows(from, to, 0, 10),
        () => table.sketch(from, to),
      ];
      for (const call of ranged) expect(codeOf(call), `${from} to ${to}`).toBe("invalid-argument");
    }
    expect(codeOf(() => table.read(3, new Float64Array(2), new Float64Array(2)))).toBe("invalid-argument");
    expect(codeOf(() => table.read(0, new Float64Array(1), new Float64Array(2)))).toBe("invalid-argument");
    for (const [origin, width] of [
      [0, 0],
      [0, -1],
      [0, 0.5],
      [0, Number.NaN],
      [0, Infinity],
      [0, 2 ** 53],
      [0.5, 1],
      [Number.NaN, 1],
      [2 ** 53, 1],
    ] as const) {
      expect(
        codeOf(() => table.windows(1, 3, origin, width)),
        `${origin} ${width}`,
      ).toBe("invalid-argument");
    }
    expect(
      codeOf(() => table.windows(0, 1, 1, 10)),
      "too far from the origin",
    ).toBe("invalid-argument");
    expect(
      codeOf(() => table.windows(0, 1, 0, 10)),
      "begins too low",
    ).toBe("invalid-argument");
    expect(
      codeOf(() => table.windows(3, 4, 0, 10)),
      "ends too high",
    ).toBe("invalid-argument");
    expect(table.windows(1, 3, 0, TIME_MAX)[0]).toBe(0);
    table.close();
  });

  it("refuses every call once closed", () => {
    const table = tableOf([1], [1]);
    table.close();
    table.close();
    const one = new Float64Array(1);
    const calls: (() => unknown)[] = [
      () => table.append(one, one),
      () => table.read(0, one, one),
      () => table.clear(),
      () => table.reduce(0, 0),
      () => table.variance(0, 0),
      () => table.windows(0, 0, 0, 1),
      () => table.sketch(0, 0),
    ];
    for (const call of calls) expect(codeOf(call)).toBe("document-closed");
  });

  it("keeps tables apart, and gives a closed one's place to the next", () => {
    const first = tableOf([1, 2], [1, 2]);
    const second = tableOf([1, 2], [10, 20]);
    first.close();
    const third = tableOf([1, 2, 3], [100, 200, 300]);
    expect([second.reduce(0, 2).sum, third.reduce(0, 3).sum]).toEqual([30, 600]);
    second.close();
    third.close();
  });
});

it("buckets are ascending and hold their own middle", () => {
  const around = [
    0,
    1,
    131_071,
    262_143,
    262_144,
    262_145,
    392_832,
    SKETCH_BUCKETS - 129,
    SKETCH_BUCKETS - 1,
  ];
  const middles = around.map(bucketValue);
  expect(middles.toSorted((left, right) => left - right)).toEqual(middles);
  expect(Math.abs(bucketValue(262_144 + (1023 << 7)) - 1)).toBeLessThan(2 ** -7);
});
