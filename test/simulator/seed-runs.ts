// Runs of many seeds, as the files of seeds share them: two files, so that two workers have half of the runs each.
import { expect, it } from "vitest";
import { replayLine, type SimulationOptions, simulate } from "../../host/simulator/index.ts";

const BATCH = 25;

/** Every check holds, the fleet converges and falls silent. A failure prints the command that replays it. */
export async function pass(options: SimulationOptions): Promise<void> {
  const { violations, convergedMs, silentMs } = await simulate(options);
  expect(violations, replayLine(options)).toEqual([]);
  expect(convergedMs, replayLine(options)).toBeDefined();
  expect(silentMs, replayLine(options)).toBeDefined();
}

/** 20 nodes over 2 virtual seconds with every kind of fault; of every second seed they push lazily. */
export const seedRun = (seed: number): SimulationOptions => ({
  seed,
  nodes: 20,
  seconds: 2,
  push: seed % 2 === 0 ? "lazy" : "flooding",
});

/** A test for every 25 seeds of `[from, to)`. */
export function passSeeds(from: number, to: number): void {
  for (let first = from; first < to; first += BATCH) {
    it(`from ${first} on hold every check`, async () => {
      for (let seed = first; seed < Math.min(first + BATCH, to); seed++) await pass(seedRun(seed));
    }, 1_200_000);
  }
}
