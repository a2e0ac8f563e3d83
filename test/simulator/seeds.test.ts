// Many seeds through the whole world, and the runs that once failed. The other half is in more-seeds.test.ts.
import { describe, it } from "vitest";
import { REGRESSIONS } from "./regressions.ts";
import { pass, passSeeds } from "./seed-runs.ts";

/** More with SIMULATOR_SEEDS=n. */
const SEEDS = Number(process.env.SIMULATOR_SEEDS ?? 150);
const FIRST_SEED = Number(process.env.SIMULATOR_FIRST_SEED ?? 1);

describe(`seeds ${FIRST_SEED} to ${FIRST_SEED + SEEDS - 1}, 20 nodes`, () => {
  passSeeds(FIRST_SEED, FIRST_SEED + SEEDS);
});

describe("a run that once failed passes:", () => {
  for (const { what, options } of REGRESSIONS) it(what, () => pass(options), 600_000);
});
