// What becomes of tasks when a process ends: how soon another one runs them, what a process that was started again takes
// back, and which store is which seat.
import { afterEach, describe, expect, it } from "vitest";
import type { TaskMode } from "../../host/agents/index.ts";
import { Members } from "../../host/agents/members.ts";
import { type FleetNode, FleetWorld, type FleetWorldOptions, LEASE_MS } from "./simulated-fleet.ts";

/** Of a heartbeat, a grant or a vote and its receipt, in virtual milliseconds: a few hops and writes. */
const SYNC_ROUND_MS = 400;

let fleet: FleetWorld | undefined;
afterEach(() => {
  fleet?.end();
  fleet = undefined;
});

async function begin(options: Partial<FleetWorldOptions> = {}): Promise<FleetWorld> {
  fleet = new FleetWorld({
    seed: 7,
    nodes: 3,
    isSkewed: false,
    durationMs: { from: 5_000, to: 5_001 },
    ...options,
  });
  const { nodes } = fleet;
  fleet.start();
  const isFull = (): boolean => nodes.every((node) => node.fleet?.agents().length === nodes.length);
  expect(await fleet.until(isFull, 30_000)).toBe(true);
  return fleet;
}

/** Submits on the first node, and waits until another one runs it. */
async function runElsewhere(world: FleetWorld, mode: TaskMode): Promise<{ id: string; runner: number }> {
  for (;;) {
    const id = world.nodes[0]!.fleet!.submit({ kind: "job", mode });
    expect(await world.until(() => world.executions.some(({ task }) => task === id), 5_000)).toBe(true);
    const runner = world.executions.find(({ task }) => task === id)!.node;
    if (runner !== 0) return { id, runner };
  }
}

const runsOf = (world: FleetWorld, id: string) => world.executions.filter(({ task }) => task === id);

describe("when a process ends", () => {
  it.each(["eventual", "quorum"] as const)(
    "another one runs its task within a lease and a round, mode %s",
    async (mode) => {
      const world = await begin();
      const { id, runner } = await runElsewhere(world, mode);
      // Electors wait for a lease and a tenth, since clocks may run that much faster.
      const leaseMs = mode === "quorum" ? LEASE_MS * 1.1 : LEASE_MS;
      const atMs = world.world.nowMs;
      world.nodes[runner]!.kill();
      expect(await world.until(() => runsOf(world, id).length === 2, 2 * LEASE_MS)).toBe(true);
      const again = runsOf(world, id)[1]!;
      expect(again.node).not.toBe(runner);
      expect(again.epoch).toBeGreaterThan(1);
      expect(again.beganMs - atMs).toBeLessThan(leaseMs + SYNC_ROUND_MS);
      expect(await world.until(() => world.nodes[0]!.fleet!.task(id)?.status === "done", LEASE_MS)).toBe(
        true,
      );
      expect(world.nodes[0]!.fleet!.task(id)).toMatchObject({ attempts: 2, duplicates: 0 });
    },
  );

  it("nobody else runs its task in mode owned, until it is back", async () => {
    const world = await begin();
    const { id, runner } = await runElsewhere(world, "owned");
    const node = world.nodes[runner]!;
    const { seat } = node.fleet!;
    // What it was told of its right is stored with it.
    await world.world.advance(100);
    node.kill();
    await world.world.advance(6 * LEASE_MS);
    expect(runsOf(world, id)).toHaveLength(1);
    const atMs = world.world.nowMs;
    node.start();
    expect(await world.until(() => runsOf(world, id).length === 2, LEASE_MS)).toBe(true);
    expect(node.fleet!.seat).toBe(seat);
    expect(runsOf(world, id)[1]!.beganMs - atMs).toBeLessThan(2_000);
    expect(runsOf(world, id)[1]!.replica).not.toBe(runsOf(world, id)[0]!.replica);
  });

  it("and is back soon, it gives what it ran to somebody at once", async () => {
    const world = await begin();
    const { id, runner } = await runElsewhere(world, "eventual");
    world.crash(world.nodes[runner]!, 1_000);
    const atMs = world.world.nowMs;
    expect(await world.until(() => runsOf(world, id).length === 2, LEASE_MS)).toBe(true);
    expect(runsOf(world, id)[1]!.beganMs - atMs).toBeLessThan(4_000);
    expect(world.nodes[0]!.fleet!.task(id)).toMatchObject({ attempts: 2, duplicates: 0 });
  });

  it("a minority in mode quorum waits, and goes on with the others", async () => {
    const world = await begin();
    world.partition(new Set([0]), 60_000);
    const id = world.nodes[0]!.fleet!.submit({ kind: "job", mode: "quorum" });
    await world.world.advance(59_000);
    expect(runsOf(world, id)).toHaveLength(0);
    expect(await world.until(() => world.nodes[0]!.fleet!.task(id)?.status === "done", 60_000)).toBe(true);
  });

  it("who was cut off in mode quorum stops before another one begins, though its clock is slow", async () => {
    const world = await begin({ durationMs: { from: 60_000, to: 60_001 }, rates: [1, 0.92, 1] });
    for (const node of [0, 2]) world.nodes[node]!.agent!.pause();
    await world.world.advance(1_000);
    const id = world.nodes[0]!.fleet!.submit({ kind: "job", mode: "quorum" });
    expect(await world.until(() => runsOf(world, id).length === 1, 5_000)).toBe(true);
    for (const node of [0, 2]) world.nodes[node]!.agent!.resume();
    // Heartbeats at 3, 6 and 9 s, those of the slow one at 3.3, 6.6 and 9.8: the last that was heard has just been answered.
    await world.world.advance(9_300 - world.world.nowMs);
    world.partition(new Set([1]), 30_000);
    expect(await world.until(() => runsOf(world, id).length === 2, 25_000)).toBe(true);
    const [first, second] = runsOf(world, id);
    expect(first!.node).toBe(1);
    expect(first!.endedMs).toBeLessThan(second!.beganMs);
  });

  it("what was cut off runs twice in mode eventual, and is counted", async () => {
    const world = await begin({ durationMs: { from: 25_000, to: 25_001 } });
    const { id, runner } = await runElsewhere(world, "eventual");
    world.partition(new Set([runner]), 20_000);
    expect(await world.until(() => runsOf(world, id).length === 2, 20_000)).toBe(true);
    expect(
      await world.until(() => world.nodes.every(({ fleet }) => fleet!.task(id)?.status === "done"), 90_000),
    ).toBe(true);
    await world.world.advance(5_000);
    for (const { fleet: member } of world.nodes) {
      expect(member!.task(id)!.duplicates).toBe(1);
      expect(member!.counters().duplicates).toBeGreaterThanOrEqual(1);
    }
  });
});

describe("a right that was seen and not stored", () => {
  /** The first node's disk takes nothing for so long, and the agents that are named take no tasks. */
  const hold = (world: FleetWorld, idle: readonly number[]): void => {
    world.nodes[0]!.slowDisk = { fromMs: 60_000, toMs: 60_001 };
    for (const node of idle) world.nodes[node]!.agent!.pause();
  };

  it("runs nothing in mode owned: who gave it may come back and not know", async () => {
    const world = await begin({ durationMs: { from: 30_000, to: 30_001 } });
    for (const { agent } of world.nodes) agent!.pause();
    await world.world.advance(1_000);
    const id = world.nodes[0]!.fleet!.submit({ kind: "job", mode: "owned" });
    await world.world.advance(1_000);
    hold(world, []);
    world.nodes[1]!.agent!.resume();
    await world.world.advance(1_000);
    // The grant is there, and counts nowhere.
    expect(world.nodes[1]!.fleet!.task(id)).toMatchObject({ status: "moving", agent: undefined });
    world.partition(new Set([1]), 40_000);
    world.nodes[0]!.kill();
    world.nodes[0]!.slowDisk = { fromMs: 0, toMs: 0 };
    world.nodes[0]!.start();
    await world.until(() => runsOf(world, id).length > 0, 5_000);
    world.nodes[2]!.agent!.resume();
    expect(
      await world.until(() => world.nodes.every(({ fleet }) => fleet!.task(id)?.status === "done"), 120_000),
    ).toBe(true);
    expect(runsOf(world, id)).toHaveLength(1);
    expect(runsOf(world, id)[0]!.node).not.toBe(1);
  });

  it("and a vote counts for nothing in mode quorum: the elector may come back and vote otherwise", async () => {
    const world = await begin({ durationMs: { from: 30_000, to: 30_001 } });
    for (const { agent } of world.nodes) agent!.pause();
    await world.world.advance(1_000);
    const id = world.nodes[0]!.fleet!.submit({ kind: "job", mode: "quorum" });
    await world.world.advance(1_000);
    hold(world, [0]);
    world.partition(new Set([2]), 1_500);
    world.nodes[1]!.agent!.resume();
    await world.world.advance(1_000);
    expect(runsOf(world, id)).toHaveLength(0);
    world.nodes[0]!.kill();
    world.partition(new Set([1]), 20_000);
    world.nodes[0]!.slowDisk = { fromMs: 0, toMs: 0 };
    world.nodes[0]!.start();
    world.nodes[2]!.agent!.resume();
    expect(await world.until(() => runsOf(world, id).length === 1, 19_000)).toBe(true);
    expect(runsOf(world, id)[0]!.node).not.toBe(1);
    expect(
      await world.until(() => world.nodes.every(({ fleet }) => fleet!.task(id)?.status === "done"), 120_000),
    ).toBe(true);
    expect(runsOf(world, id)).toHaveLength(1);
  });
});

describe("a seat", () => {
  it("belongs to one store: a copy of it takes another one", async () => {
    const world = await begin({ nodes: 4 });
    const [first, second] = [world.nodes[1]!, world.nodes[2]!];
    const seats = [first.fleet!.seat, second.fleet!.seat];
    await world.world.advance(1_000);
    first.kill();
    second.kill();
    second.machine.disk = first.machine.disk.copy();
    first.start();
    second.start();
    expect(await world.until(() => first.fleet !== undefined && second.fleet !== undefined, 10_000)).toBe(
      true,
    );
    expect(first.fleet!.seat).toBe(seats[0]);
    expect(seats).not.toContain(second.fleet!.seat);
  });

  it("is not kept by a store that lost records", async () => {
    const world = await begin();
    const node = world.nodes[1]!;
    const { seat } = node.fleet!;
    await world.world.advance(1_000);
    node.kill();
    const key = node.machine.disk
      .keys({ from: "", to: "\uffff" })
      .filter((name) => name.includes("agents"))
      .at(-2)!;
    const value = node.machine.disk.get(key)!;
    value[value.length >> 1]! ^= 1;
    node.machine.disk.write([{ type: "put", key, value }], true);
    node.start();
    expect(await world.until(() => node.fleet !== undefined, 10_000)).toBe(true);
    expect(node.fleet!.seat).not.toBe(seat);
  });
});

describe("a right whose receipt was sent and not stored", () => {
  it("is not given to another one in mode owned by who comes back without the receipt", async () => {
    const world = await begin({ durationMs: { from: 30_000, to: 30_001 } });
    for (const { agent } of world.nodes) agent!.pause();
    await world.world.advance(1_000);
    const [holder, far, near] = world.nodes as [FleetNode, FleetNode, FleetNode];
    const id = holder.fleet!.submit({ kind: "job", mode: "owned" });
    await world.world.advance(1_000);
    // The grant is stored at once, the receipt that follows it is not.
    const { fleet: giver } = holder;
    const stop = giver!.subscribe(({ task, status }) => {
      if (task === id && status === "given") holder.slowDisk = { fromMs: 60_000, toMs: 60_001 };
    });
    far.agent!.resume();
    expect(await world.until(() => runsOf(world, id).length === 1, 5_000)).toBe(true);
    stop();
    world.partition(new Set([1]), 20_000);
    holder.kill();
    holder.slowDisk = { fromMs: 0, toMs: 0 };
    holder.start();
    near.agent!.resume();
    await world.world.advance(15_000);
    expect(runsOf(world, id)).toHaveLength(1);
    expect(
      await world.until(() => world.nodes.every(({ fleet }) => fleet!.task(id)?.status === "done"), 120_000),
    ).toBe(true);
    expect(runsOf(world, id)).toHaveLength(1);
  });
});

it("a late heartbeat of an ended process does not take the place of the one that came after it", () => {
  const members = new Members(LEASE_MS, 3_000);
  members.setSeat("replica first", { seat: "seat", process: 1 });
  members.setSeat("replica second", { seat: "seat", process: 2 });
  members.setBeat("seat", { replica: "second", number: 1, atMs: 1, load: 0 }, 1_000);
  members.setBeat("seat", { replica: "first", number: 9, atMs: 2, load: 0 }, 2_000);
  expect(members.replicaOf("seat")).toBe("second");
  expect(members.heardAtMs("second")).toBe(1_000);
});
