// Many seeds through the whole world, and the runs that once failed. A failure prints the command that replays it.
import { describe, expect, it } from "vitest";
import { replayLine, type SimulationOptions, simulate } from "../../host/simulator/index.ts";
import { REGRESSIONS } from "./regressions.ts";

/** More with SIMULATOR_SEEDS=n. */
const SEEDS = Number(process.env.SIMULATOR_SEEDS ?? 300);
const FIRST_SEED = Number(process.env.SIMULATOR_FIRST_SEED ?? 1);
const BATCH = 25;

async function pass(options: SimulationOptions): Promise<void> {
  const { violations, convergedMs, silentMs } = await simulate(options);
  expect(violations, replayLine(options)).toEqual([]);
  expect(convergedMs, replayLine(options)).toBeDefined();
  expect(silentMs, replayLine(options)).toBeDefined();
}

describe(`seeds ${FIRST_SEED} to ${FIRST_SEED + SEEDS - 1}, 20 nodes`, () => {
  for (let from = FIRST_SEED; from < FIRST_SEED + SEEDS; from += BATCH) {
    it(`from ${from} on hold every check`, async () => {
      for (let seed = from; seed < Math.min(from + BATCH, FIRST_SEED + SEEDS); seed++) {
        await pass({ seed, nodes: 20, seconds: 2 });
      }
    }, 1_200_000);
  }
});

describe("a run that once failed passes:", () => {
  for (const { what, options } of REGRESSIONS) it(what, () => pass(options), 600_000);
});
