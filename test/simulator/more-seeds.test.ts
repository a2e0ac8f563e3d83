// The second half of the seeds of every test run.
import { describe } from "vitest";
import { passSeeds } from "./seed-runs.ts";

describe.skipIf(process.env.SIMULATOR_SEEDS !== undefined)("seeds 151 to 300, 20 nodes", () => {
  passSeeds(151, 301);
});
