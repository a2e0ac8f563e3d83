// Point tables of both engines side by side: equal bits for equal calls, on doubles of any bits.
import { beforeAll, expect, it } from "vitest";
import type { Engine, PointTable } from "../../host/engine/engine.ts";
import { describeEnginePairs } from "../conformance/engines.ts";
import { Random } from "../laws/random.ts";

const HISTORIES = 60;

const bitsOf = (numbers: Iterable<number>): string =>
  Buffer.from(Float64Array.from(numbers).buffer).toString("hex");

/** Any double but NaN: random bits half of the time, otherwise one of a few that meet often. */
function drawValue(random: Random): number {
  if (random.chance(0.3)) return random.pick([0, -0, 1, -1, Infinity, -Infinity, 5e-324]);
  if (random.chance(0.3)) return random.below(1_000) / 100;
  const words = Uint32Array.of(random.below(2 ** 32), random.below(2 ** 32));
  const value = new Float64Array(words.buffer)[0]!;
  return Number.isNaN(value) ? 0 : value;
}

function drawPoints(random: Random): [Float64Array, Float64Array] {
  const count = random.pick([1, 7, 8, 9, 100, 1_000, 5_000]);
  let time = random.below(1e6) - 5e5;
  const step = random.pick([1, 10, 1_000, 100_000]);
  const times = Float64Array.from({ length: count }, () => {
    time += random.chance(0.8) ? step : random.below(3 * step);
    return time;
  });
  const isPlain = random.chance(0.5);
  const values = Float64Array.from({ length: count }, () =>
    isPlain ? random.below(1e4) / 100 - 50 : drawValue(random),
  );
  return [times, values];
}

/** What both tables answer to the same questions, as bits. */
function answers(table: PointTable, from: number, to: number, origin: number, width: number): string[] {
  const { sum, minimum, maximum } = table.reduce(from, to);
  const { mean, squares } = table.variance(from, to);
  const windows = table.windows(from, to, origin, width);
  return [
    bitsOf([sum, minimum, maximum].map((value) => (Number.isNaN(value) ? 0 : value))),
    bitsOf([mean, squares].map((value) => (Number.isNaN(value) ? 0 : value))),
    Buffer.from(windows.buffer, windows.byteOffset, windows.byteLength).toString("hex"),
    table.sketch(from, to).join(),
  ];
}

describeEnginePairs("point tables", (create) => {
  let engines: readonly Engine[];
  beforeAll(async () => {
    engines = await create();
  });

  it("give equal bits", () => {
    for (let seed = 0; seed < HISTORIES; seed++) {
      const random = new Random(seed);
      const runs = Array.from({ length: 1 + random.below(3) }, () => drawPoints(random));
      const capacity = runs.reduce((sum, [times]) => sum + times.length, 0);
      const tables = engines.map((engine) => engine.createPointTable(capacity));
      for (const table of tables) for (const run of runs) table.append(...run);
      let begin = 0;
      for (const [{ length }] of runs) {
        for (let question = 0; question < 5; question++) {
          const from = begin + random.below(length);
          const to = from + random.below(begin + length - from + 1);
          const origin = random.below(1e6) - 5e5;
          const width = 1 + random.below(random.pick([3, 1_000, 1e6, 1e9]));
          const [left, right] = tables.map((table) => answers(table, from, to, origin, width));
          expect(right, `seed ${seed}, rows ${from} to ${to}`).toEqual(left);
        }
        begin += length;
      }
      for (const table of tables) table.close();
    }
  });
});
