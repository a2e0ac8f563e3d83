// Both engines encode equal points to equal bytes, decode equal bytes to equal points, and merge runs alike.
import { beforeAll, expect, it } from "vitest";
import type { Engine, PointTable } from "../../host/engine/engine.ts";
import { CHUNK_POINTS_MAX } from "../../host/limits.ts";
import {
  bitsOfColumn,
  everyKind,
  type Points,
  pointsOf,
  TIMES,
  VALUES,
} from "../conformance/chunk-points.ts";
import { describeEnginePairs } from "../conformance/engines.ts";
import { Random } from "../laws/random.ts";

const ROUNDS = 400;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describeEnginePairs("series chunks differ", (create) => {
  let engines: readonly [Engine, Engine];
  let tables: readonly PointTable[];
  beforeAll(async () => {
    engines = await create();
    tables = engines.map((engine) => engine.createPointTable(2 * CHUNK_POINTS_MAX));
  });

  function expectEqual({ times, values }: Points): void {
    const [left, right] = tables.map((table) => {
      table.clear();
      table.append(times, values);
      return table.encodeChunk(0, times.length).slice();
    });
    if (hex(left!) !== hex(right!)) expect(hex(left!)).toBe(hex(right!));
    const images = tables.map((table, number) => {
      const count = table.decodeChunk(left!);
      const decoded = { times: new Float64Array(count), values: new Float64Array(count) };
      table.read(times.length, decoded.times, decoded.values);
      const summary = Object.values(engines[number]!.summarizeChunk(left!)) as number[];
      return [decoded.times, decoded.values, summary].map(bitsOfColumn);
    });
    expect(images[0]).toEqual(images[1]);
    expect(images[0]!.slice(0, 2)).toEqual([times, values].map(bitsOfColumn));
  }

  it("not at full size, of every kind", () => {
    for (const [times, values] of everyKind()) expectEqual(pointsOf(times, values, CHUNK_POINTS_MAX, 3));
  });

  it("not at random sizes and kinds, stretches of one kind behind another", () => {
    const random = new Random(20_260);
    for (let round = 0; round < ROUNDS; round++) {
      const count = 1 + random.below(random.pick([4, 130, 700]));
      const seed = random.below(2 ** 31);
      const times = random.pick(Object.keys(TIMES));
      const { times: column } = pointsOf(times, "constant", count, seed);
      const parts = Array.from({ length: 1 + random.below(3) }, () =>
        pointsOf("equal", random.pick(Object.keys(VALUES)), count, seed + 1),
      );
      const values = Float64Array.from({ length: count }, (_, index) => {
        const part = parts[Math.min(parts.length - 1, Math.floor((index * parts.length) / count))]!;
        return part.values[index]!;
      });
      expectEqual({ times: column, values });
    }
  });

  it("not in merged runs", () => {
    const random = new Random(77);
    for (let round = 0; round < 40; round++) {
      const runs = Array.from({ length: 1 + random.below(70) }, () =>
        pointsOf(
          random.pick(["jittered", "gappy", "equal", "wide"]),
          "integers",
          1 + random.below(60),
          random.below(99),
        ),
      );
      const images = tables.map((table) => {
        table.clear();
        const bounds = [0];
        for (const { times, values } of runs) {
          table.append(times, values);
          bounds.push(table.length);
        }
        const total = table.length;
        table.mergeRuns(Uint32Array.from(bounds));
        const [times, values] = [new Float64Array(total), new Float64Array(total)];
        table.read(total, times, values);
        return [bitsOfColumn(times), bitsOfColumn(values)];
      });
      expect(images[0]).toEqual(images[1]);
    }
  });
});
