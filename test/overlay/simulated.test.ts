// Lazy push in the simulator: real stores and sessions under every kind of fault, with its checks always on. Nodes
// that speak it and nodes that do not are mixed by the simulator's own fault of old versions.
import { describe, expect, it } from "vitest";
import type { Hub } from "../../host/net/index.ts";
import { LazyPush } from "../../host/overlay/lazy-push/lazy-push.ts";
import { MEMBERSHIP_TYPES } from "../../host/overlay/membership/membership-messages.ts";
import { joinOverlay } from "../../host/overlay/overlay.ts";
import type { Replica } from "../../host/replica/replica.ts";
import { type FaultKind, type SimulationOptions, simulate } from "../../host/simulator/index.ts";
import { addressOf } from "../../host/simulator/machine.ts";
import type { SimulatedPlatform } from "../../host/simulator/simulated-platform.ts";

const lazily = (_replica: Replica, platform: SimulatedPlatform, hub: Hub): void =>
  hub.extend(new LazyPush(platform));

const run = (options: Partial<SimulationOptions>) =>
  simulate({ seed: 1, nodes: 12, seconds: 6, engine: "baseline", afterStart: [lazily], ...options });

const PING = 12;
const PONG = 13;

/** Many nodes on a busy machine. */
const SLOW_MS = 300_000;

describe("lazy push under faults", () => {
  it.each([1, 2, 3, 4])(
    "seed %i: every check holds, the fleet converges and falls silent",
    async (seed) => {
      const result = await run({ seed });
      expect(result.violations).toEqual([]);
      expect(result.convergedMs).toBeDefined();
      expect(result.silentMs).toBeDefined();
    },
    SLOW_MS,
  );

  it(
    "pushes little in vain where nothing fails",
    async () => {
      const result = await run({ nodes: 30, seconds: 12, writers: 10, faults: [] });
      expect(result.violations).toEqual([]);
      expect(result.duplicates / result.pushes).toBeLessThan(0.15);
    },
    SLOW_MS,
  );
});

describe("an overlay under faults", () => {
  const quietTypes = [PING, PONG, ...Object.values(MEMBERSHIP_TYPES)];
  const joining = (replica: Replica, { machine }: SimulatedPlatform): void => {
    const seeds = [addressOf(0), addressOf(1)];
    joinOverlay(replica, { topology: { kind: "mesh" }, address: machine.address, seeds });
  };

  it.each([1, 2])(
    "seed %i: members that knew two addresses find each other, whatever happens, and agree",
    async (seed) => {
      const result = await run({ seed, seconds: 8, topology: () => [], quietTypes, afterStart: [joining] });
      expect(result.violations).toEqual([]);
      expect(result.convergedMs).toBeLessThanOrEqual(5_000);
    },
    SLOW_MS,
  );
});

/** OVERLAY_NODES=1000 OVERLAY_SECONDS=20 OVERLAY_FAULTS=loss,partition prints a larger run. */
const { OVERLAY_NODES, OVERLAY_SECONDS = "15", OVERLAY_FAULTS = "" } = process.env;

it.runIf(OVERLAY_NODES)(
  "a run of the size asked for",
  async () => {
    const nodes = Number(OVERLAY_NODES);
    const faults = OVERLAY_FAULTS.split(",").filter((name): name is FaultKind => name !== "");
    const writers = Math.ceil(nodes / 10);
    const sizes = { nodes, seconds: Number(OVERLAY_SECONDS), writers, rate: 0.5, lookAt: 50 };
    const { violations, pushes, duplicates, delivery, convergedMs, events } = await run({ ...sizes, faults });
    console.log({ ...sizes, share: duplicates / pushes, delivery, convergedMs, events });
    expect(violations).toEqual([]);
  },
  3_600_000,
);
