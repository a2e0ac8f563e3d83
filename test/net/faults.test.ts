// Transports that lose, double, swap, cut or damage messages: replicas converge as soon as the world behaves, some
// sessions end on the way, and nothing wrong is ever merged: equal vectors mean equal digests at every step.
import { describe, expect, it } from "vitest";
import { type Faults, faultyWorld, randomFrom } from "./faulty-transport.ts";
import { converged, createNode, join, joinLasting, type Node, openHome, pause, until } from "./fleet.ts";

/** Seeds a world is tried with; more with NET_SEEDS=n. */
const SEEDS = Number(process.env.NET_SEEDS ?? 5);

const WORLDS: Record<string, Faults> = {
  lost: { lose: 0.15 },
  doubled: { double: 0.3 },
  swapped: { swap: 0.2 },
  "cut short": { truncate: 0.1 },
  damaged: { flip: 0.1 },
  "all of it": { lose: 0.05, double: 0.05, swap: 0.05, truncate: 0.02, flip: 0.02 },
};

function checkAgreement(nodes: readonly Node[]): void {
  const seen = new Map<string, string>();
  for (const node of nodes) {
    for (const core of node.host.documents()) {
      core.engine.checkInvariants();
      const vector = JSON.stringify(core.versionVector);
      const digest = core.engine.digest();
      expect(seen.get(vector) ?? digest, `two states at ${vector}`).toBe(digest);
      seen.set(vector, digest);
    }
  }
}

async function survive(faults: Faults, seed: number): Promise<number> {
  const random = randomFrom(seed);
  const world = faultyWorld(faults, random);
  const [a, b, c, relay] = [createNode(1), createNode(2), createNode(3), createNode(9)];
  const homes = await Promise.all([a, b, c].map((node) => openHome(node)));
  const links = [a, b, c].map((node) => joinLasting(node, relay, world.wrap));
  for (let step = 0; step < 150; step++) {
    const home = homes[Math.floor(random() * 3)]!;
    const tag = `tag${Math.floor(random() * 5)}`;
    const dice = random();
    if (dice < 0.3) home.tags.delete(tag);
    else if (dice < 0.6) home.tags.add(tag);
    else if (dice < 0.8) home.visits.increment();
    else home.settings.set(tag, String(step));
    if (random() < 0.5) await pause(0);
    if (step % 10 === 0) checkAgreement([a, b, c, relay]);
  }
  await pause(20);
  world.isFaulty = false;
  await converged([a, b, c, relay], "home", 20_000);
  checkAgreement([a, b, c, relay]);
  for (const link of links) link.stop();
  return world.count;
}

describe("messages that are", () => {
  for (const [what, faults] of Object.entries(WORLDS)) {
    it(`${what} delay replicas, and no more`, async () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const count = await survive(faults, seed).catch((error) => {
          throw new Error(`seed ${seed}: ${error.message}`, { cause: error });
        });
        expect(count, `faults of seed ${seed}`).toBeGreaterThan(5);
      }
    }, 600_000);
  }
});

describe("the last message of all", () => {
  it("that is lost to one who only reads is noticed without further traffic", async () => {
    const [a, b, relay] = [createNode(1), createNode(2), createNode(9)];
    const home = await openHome(a);
    await openHome(b);
    const world = faultyWorld({ lose: 1 }, () => 0);
    world.isFaulty = false;
    join(a, relay);
    join(b, relay, world.wrap);
    for (let index = 0; index < 3; index++) {
      home.visits.increment();
      await converged([a, b, relay]);
    }
    await pause(100);
    world.isFaulty = true;
    home.visits.increment();
    await converged([a, relay]);
    await until("the loss", () => world.count === 1);
    world.isFaulty = false;
    await converged([a, b, relay], "home", 2_000);
  });
});
