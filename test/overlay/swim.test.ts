// SWIM with Lifeguard in virtual time: everybody learns of everybody, the dead are found in bounded time, and loss and
// slowness kill nobody.
import { describe, expect, it } from "vitest";
import { LocalHealth, suspicionMs } from "../../host/overlay/membership/local-health.ts";
import { SWIM_TIMING } from "../../host/overlay/membership/swim.ts";
import { DESCRIPTION, idOf, SwimWorld } from "./swim-world.ts";

async function joined(seed: number, count: number): Promise<SwimWorld> {
  const world = new SwimWorld(seed, count);
  world.linkAll(1);
  expect(await world.time.run(10_000, () => world.agreesOn(world.nodes))).toBe(true);
  return world;
}

const wrongDeaths = (world: SwimWorld): number =>
  world.nodes
    .filter(({ isDown }) => !isDown)
    .flatMap(({ events }) => events)
    .filter(({ kind, member }) => kind === "dead" && !world.nodes.find(({ id }) => id === member.id)!.isDown)
    .length;

describe("120 members with four links each", () => {
  it("know each other within ten seconds, and then only probe", async () => {
    const world = await joined(1, 120);
    await world.time.run(10_000);
    const before = world.messages;
    await world.time.run(10_000);
    const perSecond = (world.messages - before) / 10 / world.nodes.length;
    expect(perSecond).toBeLessThan(30);
    expect(wrongDeaths(world)).toBe(0);
  });

  it("find who died, all of them, within the bounds of the suspicion", async () => {
    const world = await joined(2, 120);
    await world.time.run(5_000);
    const diedAtMs = world.time.nowMs;
    const dead = [10, 50, 90].map((number) => world.nodes[number]!);
    for (const node of dead) node.isDown = true;
    const left = world.nodes.filter(({ isDown }) => !isDown);
    expect(await world.time.run(60_000, () => world.agreesOn(left))).toBe(true);
    const shortest = suspicionMs(2, 120, SWIM_TIMING);
    const deaths = left.flatMap(({ events }) => events.filter(({ kind }) => kind === "dead"));
    expect(deaths.length).toBe(left.length * dead.length);
    for (const { atMs } of deaths) expect(atMs - diedAtMs).toBeGreaterThan(shortest - 1_000);
    // A probe finds it within a few intervals, and two confirmations make the suspicion short.
    expect(world.time.nowMs - diedAtMs).toBeLessThan(shortest + 10_000);
    expect(wrongDeaths(world)).toBe(0);
  });

  it("call nobody dead in a minute of 5 % loss", async () => {
    const world = await joined(3, 120);
    world.loss = 0.05;
    await world.time.run(60_000);
    expect(wrongDeaths(world)).toBe(0);
    expect(
      world.agreesOn(world.nodes) || (await world.time.run(5_000, () => world.agreesOn(world.nodes))),
    ).toBe(true);
  });

  it("take back who was cut off, when he can be heard again", async () => {
    const world = await joined(4, 60);
    const island = new Set(world.nodes.slice(0, 20).map(({ id }) => id));
    world.isCut = (from, to) => island.has(from) !== island.has(to);
    await world.time.run(120_000);
    expect([...world.nodes[40]!.states().values()].filter((state) => state === "dead").length).toBe(20);
    expect([...world.nodes[5]!.states().values()].filter((state) => state === "dead").length).toBe(40);
    world.isCut = () => false;
    // The links still stand: the next rumour or exchange over one of them tells each side that it is called dead.
    expect(await world.time.run(40_000, () => world.agreesOn(world.nodes))).toBe(true);
  });
});

describe("a star", () => {
  it("probes its spokes through the hub", async () => {
    const world = new SwimWorld(5, 50);
    for (let spoke = 1; spoke < 50; spoke++) world.link(spoke, 0);
    expect(await world.time.run(10_000, () => world.agreesOn(world.nodes))).toBe(true);
    world.nodes[7]!.isDown = true;
    const left = world.nodes.filter(({ isDown }) => !isDown);
    expect(await world.time.run(60_000, () => world.agreesOn(left))).toBe(true);
    expect(wrongDeaths(world)).toBe(0);
  });
});

describe("a member", () => {
  it("that leaves is called left, not dead", async () => {
    const world = await joined(6, 30);
    const leaver = world.nodes[3]!;
    leaver.act(() => leaver.swim.table.describe({}, "left"));
    await world.time.run(2_000);
    leaver.isDown = true;
    await world.time.run(20_000);
    const others = world.nodes.filter((node) => node !== leaver);
    expect(others.every((node) => node.states().get(leaver.id) === "left")).toBe(true);
    expect(others.flatMap(({ events }) => events).some(({ kind }) => kind === "dead")).toBe(false);
  });

  it("tells what it says of itself, and the last word counts", async () => {
    const world = await joined(7, 30);
    const node = world.nodes[3]!;
    node.act(() => node.swim.table.describe({ region: "north", meta: Uint8Array.of(1, 2) }));
    await world.time.run(3_000);
    for (const other of world.nodes.filter((each) => each !== node)) {
      expect(other.swim.table.get(node.id)).toMatchObject({ region: "north", meta: Uint8Array.of(1, 2) });
    }
  });

  it("that comes back with an old incarnation raises it above what others remember", async () => {
    const world = await joined(8, 10);
    const node = world.nodes[0]!;
    const said = { ...DESCRIPTION, id: node.id, incarnation: 40, state: "dead" as const };
    node.act(() =>
      node.swim.receive(
        idOf(1),
        { type: "rumours", rumours: [{ kind: "member", member: said, from: idOf(1) }] },
        world.time.nowMs,
      ),
    );
    await world.time.run(3_000);
    expect(node.swim.table.self).toMatchObject({ incarnation: 41, state: "alive" });
    expect(node.swim.health.score).toBeGreaterThanOrEqual(0);
    expect(world.nodes[5]!.swim.table.get(node.id)).toMatchObject({ incarnation: 41, state: "alive" });
  });
});

describe("Lifeguard", () => {
  it("shortens a suspicion as others confirm it, between its bounds", () => {
    const spans = [0, 1, 2, 3].map((confirmations) => suspicionMs(confirmations, 100, SWIM_TIMING));
    expect(spans[0]).toBe(4 * 2 * 1_000 * 6);
    expect(spans[1]).toBeLessThan(spans[0]!);
    expect(spans[2]).toBe(4 * 2 * 1_000);
    expect(spans[3]).toBe(spans[2]);
    expect(suspicionMs(0, 2, SWIM_TIMING)).toBe(4_000);
  });

  it("keeps its score between 0 and 8", () => {
    const health = new LocalHealth();
    health.change(-3);
    expect(health.factor).toBe(1);
    health.change(20);
    expect(health.factor).toBe(9);
  });

  it("lets a node that hears nothing slow down before it calls the others dead", async () => {
    const world = await joined(9, 40);
    const deaf = world.nodes[11]!;
    world.isCut = (from, to) => from === deaf.id || to === deaf.id;
    await world.time.run(6_000);
    expect(deaf.swim.health.score).toBeGreaterThan(2);
    expect(deaf.events.filter(({ kind }) => kind === "dead")).toEqual([]);
    world.isCut = () => false;
    await world.time.run(40_000);
    expect(wrongDeaths(world)).toBe(0);
    expect(deaf.swim.health.score).toBe(0);
  });
});
