// Merging sorted runs of points, against a stable sort.
import { beforeAll, expect, it } from "vitest";
import type { Engine } from "../../host/engine/engine.ts";
import { Random } from "../laws/random.ts";
import { bitsOfColumn } from "./chunk-points.ts";
import { codeOf } from "./documents.ts";
import { describeEngines } from "./engines.ts";

interface Run {
  readonly times: number[];
}

const SAFE = Number.MAX_SAFE_INTEGER;

const SHAPES: Readonly<Record<string, (random: Random, run: number, length: number) => number[]>> = {
  interleaved: (random, _, length) => Array.from({ length }, () => random.below(10_000)),
  disjoint: (random, run, length) => Array.from({ length }, () => run * 1000 + random.below(1000)),
  "disjoint, descending": (random, run, length) =>
    Array.from({ length }, () => -run * 1000 - random.below(1000)),
  "mostly disjoint": (random, run, length) => Array.from({ length }, () => run * 900 + random.below(1000)),
  equal: (_, __, length) => Array.from({ length }, () => 7),
  "few times": (random, _, length) => Array.from({ length }, () => random.below(3)),
  "all of the range": (random, _, length) =>
    Array.from({ length }, () => random.pick([-SAFE, SAFE, 0, random.below(1000) - 500])),
};

const runsOf = (shape: string, count: number, lengthMax: number, seed: number): Run[] => {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, run) => {
    const times = SHAPES[shape]!(random, run, random.below(lengthMax + 1));
    return { times: times.map((time) => time + 0).sort((left, right) => left - right) };
  });
};

describeEngines("run merge", (create) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });

  function merge(runs: readonly Run[], lead: number): void {
    const total = runs.reduce((sum, run) => sum + run.times.length, 0);
    const table = engine.createPointTable(lead + total * 2);
    if (lead > 0) table.append(new Float64Array(lead), new Float64Array(lead));
    const bounds = Uint32Array.of(lead, ...runs.map(() => 0));
    let order = 0;
    const wanted: [number, number][] = [];
    runs.forEach(({ times }, run) => {
      const values = times.map(() => order++ + 0.5);
      table.append(Float64Array.from(times), Float64Array.from(values));
      wanted.push(...times.map((time, index): [number, number] => [time, values[index]!]));
      bounds[run + 1] = table.length;
    });
    table.mergeRuns(bounds);
    wanted.sort(([left], [right]) => left - right);
    expect(table.length).toBe(lead + total * 2);
    const [times, values] = [new Float64Array(total), new Float64Array(total)];
    table.read(lead + total, times, values);
    expect(bitsOfColumn(times)).toBe(bitsOfColumn(wanted.map(([time]) => time)));
    expect(bitsOfColumn(values)).toBe(bitsOfColumn(wanted.map(([, value]) => value)));
    if (total > 0)
      expect(table.encodeChunk(lead + total, lead + Math.min(2 * total, total + 16384))).toBeDefined();
    table.close();
  }

  it.each(Object.keys(SHAPES))("%s runs are merged as a stable sort would", (shape) => {
    for (const count of [0, 1, 2, 3, 5, 8, 17, 64]) {
      for (const length of [0, 1, 7, 100])
        merge(runsOf(shape, count, length, count * 101 + length), count % 3);
    }
  });

  it("more runs than one tournament takes", () => {
    for (const count of [511, 512, 513, 1025]) merge(runsOf("interleaved", count, 3, count), 2);
    merge(runsOf("few times", 1500, 2, 1), 0);
  });

  it("long runs are galloped through", () => {
    merge(runsOf("mostly disjoint", 9, 3000, 5), 0);
    merge(runsOf("disjoint, descending", 9, 3000, 6), 1);
  });

  it("refuses bounds that are none, runs out of order and results that do not fit", () => {
    const table = engine.createPointTable(8);
    table.append(Float64Array.of(1, 2, 3), new Float64Array(3));
    table.append(Float64Array.of(2, 4), new Float64Array(2));
    const refused = (...bounds: number[]): string | undefined =>
      codeOf(() => table.mergeRuns(Uint32Array.from(bounds)));
    expect(refused()).toBe("invalid-argument");
    expect(refused(3, 2)).toBe("invalid-argument");
    expect(refused(0, 6)).toBe("invalid-argument");
    expect(refused(7)).toBe("invalid-argument");
    expect(refused(1, 5)).toBe("invalid-argument");
    expect(refused(0, 3, 5)).toBe("limit-exceeded");
    expect(table.length).toBe(5);
    table.mergeRuns(Uint32Array.of(1, 3, 4));
    const times = new Float64Array(3);
    table.read(5, times, new Float64Array(3));
    expect([...times]).toEqual([2, 2, 3]);
    expect(codeOf(() => table.encodeChunk(4, 6))).toBe("invalid-argument");
    expect(table.encodeChunk(5, 8).length).toBeGreaterThan(0);
    table.close();
  });
});
