// A failing run is made smaller and still fails, and its line says how to repeat it.
import { expect, it, vi } from "vitest";
import {
  type Fault,
  replayLine,
  type SimulationOptions,
  type SimulationResult,
  shrink,
  simulate,
} from "../../host/simulator/index.ts";
import { storageWith } from "./broken-builds.ts";

vi.setConfig({ testTimeout: 600_000 });

const brokenDisk = storageWith((storage) => ({ write: (writes) => storage.write(writes, false) }));

it("a broken build's run keeps what it needs to fail, and little else", async () => {
  let failed: SimulationResult | undefined;
  for (let seed = 1; seed < 20 && failed === undefined; seed++) {
    const result = await simulate({ seed, nodes: 8, seconds: 4, rate: 5, wrapPlatform: brokenDisk });
    if (result.violations.length > 0) failed = result;
  }
  expect(failed, "no seed fails").toBeDefined();
  const { options, violation } = await shrink(failed!, { runsMax: 80 });
  expect(violation.check).toBe(failed!.violations[0]!.check);
  expect(options.keepFaults!.length).toBeLessThan(failed!.schedule.length);
  expect(options.withoutNodes!.length).toBeGreaterThan(0);
  const again = await simulate(options);
  expect(again.violations[0]).toEqual(violation);
  const kinds = options.keepFaults!.map((number) => again.schedule[number]!.kind);
  expect(kinds.some((kind) => kind === "power-loss" || kind === "torn-record")).toBe(true);
});

/** A world in which a run fails when faults 3 and 11 happen while node 2 is there. */
async function plainRun(options: SimulationOptions): Promise<SimulationResult> {
  const kept = options.keepFaults ?? Array.from({ length: 16 }, (_, number) => number);
  const fails = kept.includes(3) && kept.includes(11) && !(options.withoutNodes ?? []).includes(2);
  const violation = { check: "no crash", atMs: 1, node: 2, message: "both" } as const;
  const result: Pick<SimulationResult, "options" | "violations" | "schedule"> = {
    options,
    violations: fails ? [violation] : [],
    schedule: Array.from(
      { length: 16 },
      (): Fault => ({ kind: "kill", atMs: 0, forMs: 1, nodes: [], amount: 0 }),
    ),
  };
  return result as SimulationResult;
}

it("what does not matter is left out", async () => {
  const failed = await plainRun({ seed: 1, nodes: 5, seconds: 8 });
  const { options, runs } = await shrink(failed, { run: plainRun });
  expect(options.keepFaults).toEqual([3, 11]);
  expect(options.withoutNodes).toEqual([0, 1, 3, 4]);
  expect(options.writeSeconds).toBeLessThan(0.5);
  expect(runs).toBeLessThan(60);
});

it("it stops when it has run often enough", async () => {
  const failed = await plainRun({ seed: 1, nodes: 5, seconds: 8 });
  const { runs } = await shrink(failed, { run: plainRun, runsMax: 7 });
  expect(runs).toBe(7);
});

it("the line names what differs from the usual run", () => {
  expect(replayLine({ seed: 4, nodes: 20, seconds: 10 })).toBe(
    "jarvis simulate --seed 4 --nodes 20 --seconds 10",
  );
  const options: SimulationOptions = {
    seed: 4,
    nodes: 3,
    seconds: 2,
    faults: ["kill", "loss"],
    keepFaults: [],
    withoutNodes: [1],
    writeSeconds: 0.5,
    topology: "ring",
  };
  expect(replayLine(options)).toBe(
    "jarvis simulate --seed 4 --nodes 3 --seconds 2 --faults kill,loss --topology ring --keep-faults none " +
      "--without-nodes 1 --write-seconds 0.5",
  );
});
