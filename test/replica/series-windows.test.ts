// Grouping and gap filling over rows as the engine gives them, against plain sums over the points.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WINDOW_FIELDS } from "../../host/engine/engine.ts";
import { SERIES_FILLED_WINDOWS_MAX } from "../../host/limits.ts";
import { AGGREGATES, addRow, aggregatesOf, emptyRow } from "../../host/replica/series/aggregates.ts";
import {
  columnsOf,
  filledColumnsOf,
  groupLabels,
  joinWindows,
  shownSpan,
} from "../../host/replica/series/window-table.ts";

type Points = readonly (readonly [time: number, value: number])[];

/** A row as the engine would give it, by plain sums. */
function rowOf(points: Points, start: number): Float64Array {
  const row = emptyRow();
  const values = points.map(([, value]) => value);
  const sum = values.reduce((total, value) => total + value, 0);
  row[WINDOW_FIELDS.start] = start;
  row[WINDOW_FIELDS.count] = points.length;
  if (points.length === 0) return row;
  row[WINDOW_FIELDS.sum] = sum;
  row[WINDOW_FIELDS.minimum] = Math.min(...values);
  row[WINDOW_FIELDS.maximum] = Math.max(...values);
  row[WINDOW_FIELDS.first] = values[0]!;
  row[WINDOW_FIELDS.last] = values.at(-1)!;
  row[WINDOW_FIELDS.squares] = values.reduce((total, value) => total + (value - sum / values.length) ** 2, 0);
  return row;
}

function windowsOf(points: Points, origin: number, widthMs: number): Float64Array[] {
  const starts = new Map<number, [number, number][]>();
  for (const [time, value] of points) {
    const start = origin + Math.floor((time - origin) / widthMs) * widthMs;
    starts.set(start, [...(starts.get(start) ?? []), [time, value]]);
  }
  return [...starts].map(([start, inside]) => rowOf(inside, start));
}

const points = fc
  .array(fc.tuple(fc.integer({ min: -200, max: 200 }), fc.integer({ min: -50, max: 50 })), { maxLength: 40 })
  .map((rows): Points => rows.sort(([left], [right]) => left - right));

describe("rows of several labels", () => {
  it("make one as if all points were of one label", () => {
    fc.assert(
      fc.property(fc.array(points, { minLength: 1, maxLength: 4 }), (labels) => {
        const total = emptyRow();
        for (const own of labels) addRow(total, rowOf(own, 0));
        const plain = aggregatesOf(rowOf(labels.flat(), 0));
        const joined = aggregatesOf(total);
        const ends = { first: undefined, last: undefined, variance: undefined };
        expect({ ...joined, ...ends }).toEqual({ ...plain, ...ends });
        if (plain.variance === undefined) expect(joined.variance).toBeUndefined();
        else expect(joined.variance).toBeCloseTo(plain.variance, 9);
      }),
    );
  });

  it("know −0 from 0", () => {
    const total = emptyRow();
    addRow(total, rowOf([[0, 0]], 0));
    addRow(total, rowOf([[1, -0]], 0));
    expect(aggregatesOf(total)).toMatchObject({ min: -0, max: 0 });
  });

  it("of nothing say so", () => {
    expect(aggregatesOf(emptyRow())).toEqual({
      count: 0,
      sum: 0,
      mean: undefined,
      min: undefined,
      max: undefined,
      first: undefined,
      last: undefined,
      variance: undefined,
    });
  });
});

describe("windows of a group", () => {
  it("are those of its points put together", () => {
    const grid = fc.record({
      origin: fc.integer({ min: -10, max: 10 }),
      widthMs: fc.integer({ min: 1, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(points, { minLength: 1, maxLength: 4 }), grid, (labels, { origin, widthMs }) => {
        const parts = labels.map((own, index) => ({
          label: String(index),
          rows: windowsOf(own, origin, widthMs),
        }));
        const pointsOf = (label: string) => ({
          times: Float64Array.from(labels[Number(label)]!, ([time]) => time),
          values: Float64Array.from(labels[Number(label)]!, ([, value]) => value),
        });
        const joined = joinWindows(parts, { origin, widthMs }, pointsOf);
        const all = labels.flat().sort(([left], [right]) => left - right);
        const plain = windowsOf(all, origin, widthMs);
        const { variance: joinedVariance, ...columns } = columnsOf(joined, AGGREGATES);
        const { variance: plainVariance, ...expected } = columnsOf(plain, AGGREGATES);
        expect(columns).toEqual(expected);
        for (const [index, variance] of plainVariance.entries()) {
          expect(joinedVariance[index]).toBeCloseTo(variance!, 9);
        }
      }),
    );
  });

  it("leave the rows they are made of as they were", () => {
    const row = rowOf([[1, 1]], 0);
    const before = [...row];
    const grid = { origin: 0, widthMs: 10 };
    joinWindows(
      [
        { label: "a", rows: [row] },
        { label: "b", rows: [rowOf([[2, 5]], 0)] },
      ],
      grid,
      undefined,
    );
    expect([...row]).toEqual(before);
  });

  it("go by the name a function gives each label", () => {
    const groups = groupLabels(["a/cpu", "b/cpu", "a/mem"], (label) => label.split("/")[1]!, "load.windows");
    expect([...groups]).toEqual([
      ["cpu", ["a/cpu", "b/cpu"]],
      ["mem", ["a/mem"]],
    ]);
    const nothing = (() => 7) as unknown as () => string;
    expect(() => groupLabels(["a"], nothing, "load.windows")).toThrow(
      expect.objectContaining({
        code: "invalid-argument",
        message: 'load.windows: group gave 7 for label "a"; it names a group with a string',
      }),
    );
  });
});

describe("gaps", () => {
  const rows = [rowOf([[10, 2]], 10), rowOf([[40, 8]], 40)];
  const span = { first: 0, last: 50 };
  const filled = (fill: "null" | "previous" | "linear") =>
    filledColumnsOf(rows, ["count", "mean"], span, 10, fill);

  it.each([
    ["null", [null, 2, null, null, 8, null]],
    ["previous", [null, 2, 2, 2, 8, 8]],
    ["linear", [null, 2, 4, 6, 8, null]],
  ] as const)("are filled by %s, never counted", (fill, mean) => {
    expect(filled(fill)).toEqual({
      starts: Float64Array.of(0, 10, 20, 30, 40, 50),
      count: [0, 1, 0, 0, 1, 0],
      mean,
    });
  });

  it("stay null where a line would be no number", () => {
    const steep = [rowOf([[0, -Infinity]], 0), rowOf([[20, Infinity]], 20)];
    expect(filledColumnsOf(steep, ["mean"], { first: 0, last: 20 }, 10, "linear").mean).toEqual([
      -Infinity,
      null,
      Infinity,
    ]);
    const level = [rowOf([[0, Infinity]], 0), rowOf([[20, Infinity]], 20)];
    expect(filledColumnsOf(level, ["mean"], { first: 0, last: 20 }, 10, "linear").mean[1]).toBeNull();
  });

  it("reach from window to window that was asked for, or that holds points in any group", () => {
    const grid = { origin: 5, widthMs: 10 };
    const tables = [[rowOf([[25, 1]], 25)], [], [rowOf([[15, 1]], 15), rowOf([[45, 1]], 45)]];
    expect(shownSpan(tables, {}, grid, "x")).toEqual({ first: 15, last: 45 });
    expect(shownSpan(tables, { from: 4, to: 66 }, grid, "x")).toEqual({ first: -5, last: 65 });
    expect(shownSpan([[]], {}, grid, "x")).toBeUndefined();
    expect(shownSpan([[]], { from: 10 }, grid, "x")).toBeUndefined();
    expect(shownSpan([[]], { from: 30, to: 10 }, grid, "x")).toBeUndefined();
  });

  it("are refused in numbers that nobody can hold, and where times end", () => {
    const grid = { origin: 0, widthMs: 1 };
    const most = { from: 0, to: SERIES_FILLED_WINDOWS_MAX - 1 };
    expect(shownSpan([[]], most, grid, "x")).toEqual({ first: 0, last: most.to });
    expect(() => shownSpan([[]], { from: 0, to: most.to + 1 }, grid, "load.windows")).toThrow(
      expect.objectContaining({
        code: "limit-exceeded",
        message: expect.stringMatching(/^load\.windows: 1048577 windows of 1 ms .* at most 1048576;/),
      }),
    );
    expect(() => shownSpan([[], []], most, grid, "x")).toThrow(
      expect.objectContaining({ code: "limit-exceeded" }),
    );
    const edge = Number.MAX_SAFE_INTEGER;
    expect(() => shownSpan([[]], { from: -edge, to: 0 }, { origin: 10, widthMs: 7 }, "x")).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
  });
});
