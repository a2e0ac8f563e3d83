// What counts as available: a fleet under faults, a fleet that is too slow on purpose, and time that does not count.
import { expect, it } from "vitest";
import {
  AVAILABILITY_FAULTS,
  AVAILABILITY_SHARE_MIN,
  AVAILABILITY_TIMING,
  type SimulationOptions,
  simulate,
} from "../../host/simulator/index.ts";

const run = (options: Partial<SimulationOptions>) =>
  simulate({ seed: 1, nodes: 8, seconds: 12, rate: 1, timing: AVAILABILITY_TIMING, ...options });

it("a small fleet under the faults availability is promised under lags by less than 5 s", async () => {
  let nodeSeconds = 0;
  let late = 0;
  for (const seed of [1, 2, 3]) {
    const { availability, violations } = await run({ seed, faults: AVAILABILITY_FAULTS });
    expect(violations).toEqual([]);
    expect(availability!.failedWrites).toBe(0);
    expect(availability!.writes).toBeGreaterThan(0);
    nodeSeconds += availability!.nodeSeconds;
    late += availability!.lateNodeSeconds;
  }
  expect(nodeSeconds).toBeGreaterThan(100);
  expect(1 - late / nodeSeconds).toBeGreaterThanOrEqual(AVAILABILITY_SHARE_MIN);
});

it("a fleet whose messages take seconds is found late", async () => {
  const latency = { fromMs: 2_600, toMs: 2_600 };
  const slow = { topology: "ring", latency, faults: [], seconds: 20, timing: {} };
  const { availability } = await run(slow);
  expect(availability!.excludedNodeSeconds).toBeLessThan(availability!.nodeSeconds);
  expect(availability!.lateNodeSeconds).toBeGreaterThan(10);
});

it("time behind a cut does not count, and what was written there counts from when it ends", async () => {
  const { availability } = await run({ seed: 3, faults: ["partition"] });
  expect(availability!.excludedNodeSeconds).toBeGreaterThan(5);
  expect(availability!.lateNodeSeconds).toBe(0);
});

it("no figure is given where the topology makes itself", async () => {
  expect((await run({ nodes: 3, seconds: 2, faults: [], topology: "overlay" })).availability).toBeUndefined();
});
