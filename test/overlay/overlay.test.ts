// Replicas in an overlay, in virtual time: they find each other, keep the connections of their topology, change it
// while they write, come apart and together again, and lose nothing.
import { describe, expect, it } from "vitest";
import { isCrdtError } from "../../host/errors.ts";
import { MEMBER_META_BYTES_MAX } from "../../host/limits.ts";
import type { PartitionEvent } from "../../host/overlay/index.ts";
import * as door from "../../host/overlay/index.ts";
import { joinOverlay } from "../../host/overlay/overlay.ts";
import type { Topology } from "../../host/overlay/topology/topology.ts";
import { degrees, isKnown, overlayFleet } from "./overlay-fleet.ts";
import { areEqual, VirtualNode, VirtualWorld } from "./virtual-world.ts";

/** Many nodes on a busy machine. */
const SLOW_MS = 300_000;

describe("a fleet", () => {
  it(
    "meets through one seed, and has few connections each",
    async () => {
      const fleet = await overlayFleet(1, 30, { kind: "partial-mesh" });
      expect(await fleet.world.run(15_000, () => isKnown(fleet))).toBe(true);
      await fleet.world.run(20_000);
      expect(Math.min(...degrees(fleet))).toBeGreaterThanOrEqual(3);
      expect(Math.max(...degrees(fleet))).toBeLessThanOrEqual(11);
      fleet.homes[7]!.visits.increment();
      expect(await fleet.world.run(2_000, () => areEqual(fleet.nodes))).toBe(true);
      expect(fleet.homes.every(({ visits }) => visits.value === 1)).toBe(true);
    },
    SLOW_MS,
  );

  it(
    "loses nothing while its topology changes under it",
    async () => {
      const fleet = await overlayFleet(2, 16, { kind: "star" }, (number) => `region${number % 3}`);
      expect(await fleet.world.run(15_000, () => isKnown(fleet))).toBe(true);
      const topologies: readonly Topology[] = [
        { kind: "ring" },
        { kind: "hierarchy" },
        { kind: "mesh" },
        { kind: "hybrid" },
        { kind: "full-mesh" },
        { kind: "partial-mesh" },
        { kind: "star" },
      ];
      let writes = 0;
      for (const topology of topologies) {
        for (const overlay of fleet.overlays) overlay.setTopology(topology);
        for (let round = 0; round < 20; round++) {
          fleet.homes[round % 16]!.visits.increment();
          writes++;
          await fleet.world.run(200);
        }
        expect(await fleet.world.run(4_000, () => areEqual(fleet.nodes))).toBe(true);
        expect(fleet.homes.map(({ visits }) => visits.value)).toEqual(fleet.nodes.map(() => writes));
      }
      expect(degrees(fleet).filter((degree) => degree === 1).length).toBe(15);
    },
    SLOW_MS,
  );

  it(
    "comes apart in two parts and is whole within five seconds after healing",
    async () => {
      const fleet = await overlayFleet(3, 21, { kind: "partial-mesh" });
      const { world, nodes, overlays, homes } = fleet;
      expect(await world.run(15_000, () => isKnown(fleet))).toBe(true);
      await world.run(10_000);
      const events: PartitionEvent[] = [];
      overlays[20]!.onPartition((event) => events.push(event));
      const island = new Set(nodes.slice(0, 7).map(({ name }) => name));
      world.isCut = (from, to) => island.has(from) !== island.has(to);
      for (let round = 0; round < 45; round++) {
        homes[round % 21]!.visits.increment();
        await world.run(2_000);
      }
      expect(events[0]?.kind).toBe("parted");
      const parted = events.at(-1)!;
      expect(parted.own.length).toBe(14);
      expect(parted.lost.flatMap(({ members }) => members).length).toBe(7);
      expect(parted.lost[0]!.cutProbability).toBeGreaterThan(0.8);
      expect(areEqual(nodes.slice(0, 7)) && areEqual(nodes.slice(7))).toBe(true);
      expect(areEqual(nodes)).toBe(false);
      world.isCut = () => false;
      expect(await world.run(5_000, () => areEqual(nodes))).toBe(true);
      expect(homes.map(({ visits }) => visits.value)).toEqual(nodes.map(() => 45));
      expect(await world.run(20_000, () => isKnown(fleet))).toBe(true);
      expect(await world.run(5_000, () => events.at(-1)!.kind === "healed")).toBe(true);
    },
    SLOW_MS,
  );

  it(
    "goes on when a third of it is killed, and calls that no cut for sure",
    async () => {
      const fleet = await overlayFleet(4, 30, { kind: "mesh" });
      const { world, nodes, homes, overlays } = fleet;
      expect(await world.run(15_000, () => isKnown(fleet))).toBe(true);
      await world.run(10_000);
      const events: PartitionEvent[] = [];
      overlays[29]!.onPartition((event) => events.push(event));
      for (let victim = 0; victim < 10; victim++) nodes[victim]!.kill();
      const left = nodes.slice(10);
      homes[15]!.visits.increment();
      expect(await world.run(10_000, () => areEqual(left))).toBe(true);
      const among = left.map((_, index) => index + 10);
      expect(await world.run(60_000, () => isKnown(fleet, among))).toBe(true);
      await world.run(5_000);
      const closed = events.at(-1)!.lost.filter(({ cutProbability }) => cutProbability < 0.5);
      expect(closed.length).toBeGreaterThan(0);
      for (let index = 10; index < 30; index++) {
        expect(overlays[index]!.links().length).toBeGreaterThanOrEqual(2);
      }
    },
    SLOW_MS,
  );
});

describe("a member", () => {
  it("that leaves is gone for all at once", async () => {
    const fleet = await overlayFleet(5, 8, { kind: "ring" });
    expect(await fleet.world.run(15_000, () => isKnown(fleet))).toBe(true);
    const leaving = fleet.overlays[3]!.leave();
    await fleet.world.run(3_000);
    await leaving;
    const rest = fleet.overlays.filter((_, index) => index !== 3);
    for (const overlay of rest) {
      expect(overlay.members().find(({ id }) => id === fleet.overlays[3]!.id)?.state).toBe("left");
    }
  });

  it("that takes a new id is a new member, and the old one has left", async () => {
    const fleet = await overlayFleet(6, 8, { kind: "ring" });
    expect(await fleet.world.run(15_000, () => isKnown(fleet))).toBe(true);
    const old = fleet.overlays[3]!.id;
    const renewed = fleet.nodes[3]!.host.rotateId("id-taken");
    const isSettled = () =>
      fleet.overlays.every((overlay) => {
        const alive = overlay.members().filter(({ state }) => state === "alive");
        return (
          alive.length === 8 && alive.some(({ id }) => id === renewed) && !alive.some(({ id }) => id === old)
        );
      });
    expect(await fleet.world.run(60_000, isSettled)).toBe(true);
    fleet.homes[3]!.visits.increment();
    expect(await fleet.world.run(5_000, () => areEqual(fleet.nodes))).toBe(true);
  });

  it("without an address opens connections, and changes pass through it", async () => {
    const world = new VirtualWorld(7);
    const [relay, page] = [new VirtualNode(world, 1), new VirtualNode(world, 2)];
    const near = joinOverlay(relay.replica, { address: relay.name });
    const far = joinOverlay(page.replica, { seeds: [relay.name] });
    await world.run(5_000);
    expect(near.links()).toMatchObject([{ id: far.id, isOpener: false }]);
    expect(far.links()).toMatchObject([{ id: near.id, isOpener: true }]);
    expect(far.links()[0]!.roundTripMs).toBeGreaterThan(0);
  });

  it("says no more than fits, and joins once", () => {
    const node = new VirtualNode(new VirtualWorld(8), 1);
    const codeOf = (options: Parameters<typeof joinOverlay>[1]) => {
      try {
        joinOverlay(node.replica, options);
      } catch (error) {
        return isCrdtError(error) ? error.code : String(error);
      }
      return undefined;
    };
    expect(codeOf({ meta: new Uint8Array(MEMBER_META_BYTES_MAX + 1) })).toBe("limit-exceeded");
    expect(codeOf({ region: "r".repeat(256) })).toBe("limit-exceeded");
    expect(codeOf({ address: Array.from({ length: 9 }, () => "ws://a") })).toBe("limit-exceeded");
    expect(codeOf({ address: "" })).toBe("invalid-argument");
    expect(codeOf({ meta: new Uint8Array(MEMBER_META_BYTES_MAX) })).toBe(undefined);
    expect(codeOf({})).toBe("invalid-argument");
  });
});

it("the door lists what there is", () => {
  expect(Object.keys(door).sort()).toEqual(["Overlay", "joinOverlay", "neighbours"]);
});
