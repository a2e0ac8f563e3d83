// Faults aimed at the moment a right is given: a disk that takes nothing, the end of its process before or after others
// have heard, and a cut between those who heard and those who did not. Seeds draw the times; see schedules.ts for the rest.
// The number of runs and the first seed are taken from AGENT_SCHEDULES and AGENT_SEED.
import { expect, it } from "vitest";
import type { TaskMode } from "../../host/agents/index.ts";
import { type FleetNode, FleetWorld, overlaps } from "./simulated-fleet.ts";

const count = Number(process.env.AGENT_SCHEDULES ?? 20);
const first = Number(process.env.AGENT_SEED ?? 1);
const TASKS = 4;
const NEVER = { fromMs: 90_000, toMs: 90_001 };

async function gathered(seed: number, rates: readonly number[], slots: number): Promise<FleetWorld> {
  const fleet = new FleetWorld({
    seed,
    nodes: 3,
    rates,
    slots,
    durationMs: { from: 30_000, to: 30_001 },
  });
  fleet.start();
  const { nodes } = fleet;
  expect(await fleet.until(() => nodes.every((node) => node.fleet?.agents().length === 3), 30_000)).toBe(
    true,
  );
  for (const { agent } of nodes) agent!.pause();
  await fleet.world.advance(1_000);
  return fleet;
}

const submit = (node: FleetNode, mode: TaskMode, tasks: number): void => {
  for (let index = 0; index < tasks; index++) node.fleet!.submit({ kind: "job", mode });
};

function check(fleet: FleetWorld, text: string): void {
  fleet.end();
  expect(fleet.errors).toEqual([]);
  expect(fleet.executions.length, text).toBeGreaterThan(0);
  expect(overlaps(fleet.executions), text).toEqual([]);
}

/** With one place an agent, so that a later plan may name another one. Node 0 says something, forgets it, and comes back where those who heard it are not. */
async function forgets(seed: number, mode: TaskMode): Promise<void> {
  const fleet = await gathered(seed, [1, 1, 1], 1);
  const { world, random, nodes } = fleet;
  const forgetful = nodes[0]!;
  // Either may be the one that a plan names of equals.
  const [near, far] = (random.chance(0.5) ? [nodes[1], nodes[2]] : [nodes[2], nodes[1]]) as [
    FleetNode,
    FleetNode,
  ];
  submit(forgetful, mode, mode === "quorum" ? 1 : TASKS);
  await world.advance(1_000);
  // The disk stops before the right is given, or when it counts: then the receipt is what is forgotten.
  const stopDisk = (): void => {
    forgetful.slowDisk = NEVER;
  };
  const stop =
    seed % 2 === 0
      ? forgetful.fleet!.subscribe(({ status }) => status === "given" && stopDisk())
      : stopDisk();
  // Nothing of it may be on its way to who has not heard.
  if (mode === "quorum") far.kill();
  near.agent!.resume();
  await world.advance(random.between(400, 1_300));
  stop?.();
  forgetful.kill();
  fleet.partition(new Set([near.machine.index]), 25_000);
  forgetful.slowDisk = { fromMs: 0, toMs: 0 };
  forgetful.start();
  if (mode === "quorum") far.start();
  else far.agent!.resume();
  await world.advance(24_000);
  check(fleet, `${mode}: AGENT_SEED=${seed} AGENT_SCHEDULES=1`);
}

/** Who runs has a slow clock and is cut off from the others, whose clocks are fast, at some time within a heartbeat. */
async function cutsOff(seed: number): Promise<void> {
  const fleet = await gathered(seed, [1.04, 0.955, 1.04], TASKS);
  const { world, random, nodes } = fleet;
  submit(nodes[0]!, "quorum", TASKS);
  nodes[1]!.agent!.resume();
  await world.advance(4_000 + random.between(0, 3_200));
  for (const node of [0, 2]) nodes[node]!.agent!.resume();
  fleet.partition(new Set([1]), 25_000);
  await world.advance(24_000);
  check(fleet, `cut off: AGENT_SEED=${seed} AGENT_SCHEDULES=1`);
}

it(`${count} times each: what was said and forgotten, or not heard, lets no two run at a time`, async () => {
  for (let seed = first; seed < first + count; seed++) {
    await forgets(seed, "owned");
    await forgets(seed, "quorum");
    await cutsOff(seed);
  }
}, 3_600_000);
