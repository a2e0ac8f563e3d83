// A schedule that delays what is sent: the same end state with fewer frames, nothing later than its cap, and no schedule,
// however wrong, that keeps a write back for ever.
import { afterEach, describe, expect, it } from "vitest";
import { createReplica } from "../../host/index.ts";
import { SendSchedule } from "../../host/learning/index.ts";
import { PACING_MS_MAX } from "../../host/limits.ts";
import type { NetworkOptions, Session } from "../../host/net/index.ts";
import { serve } from "../../host/relay.ts";
import { Random } from "../../host/simulator/random.ts";
import { faultyWorld, randomFrom } from "./faulty-transport.ts";
import { converged, createNode, FAST, Home, joinLasting, type Node, openHome, pause } from "./fleet.ts";
import { VirtualTime } from "./virtual-time.ts";

const LATENCY_MS = 1;
const ended: Node[] = [];
afterEach(async () => {
  for (const { replica } of ended.splice(0)) await replica.close();
});

/** A relay and two clients in virtual time. */
async function fleet(time: VirtualTime, pacing?: NetworkOptions["pacing"]) {
  const options = {
    timing: { heartbeatMs: 1e7, repairMs: 1e7, handshakeMs: 1e6 },
    ...(pacing && { pacing }),
  };
  const nodes = [1, 2, 3].map((id) => createNode(id, options, time.platform()));
  ended.push(...nodes);
  const [relay, ada, bob] = nodes as [Node, Node, Node];
  const homes = await Promise.all(nodes.map((node) => openHome(node)));
  const sessions: Session[] = [];
  const sent = { frames: 0 };
  for (const client of [ada, bob]) {
    const [left, right] = time.transports(LATENCY_MS);
    relay.hub.attach(right, "server");
    const send = left.send.bind(left);
    left.send = (frame) => {
      sent.frames++;
      send(frame);
    };
    sessions.push(client.hub.attach(left, "client"));
  }
  await time.advance(200);
  return { homes, sessions, sent };
}

async function run(pacing?: NetworkOptions["pacing"]) {
  const time = new VirtualTime(5);
  const { homes, sent } = await fleet(time, pacing);
  const random = new Random("pacing");
  const before = sent.frames;
  for (let step = 0; step < 300; step++) {
    const home = homes[1 + random.below(2)]!;
    home.settings.set(`key ${random.below(8)}`, `value ${step}`);
    if (random.chance(0.3)) home.visits.increment();
    await time.advance(random.chance(0.05) ? random.between(100, 900) : random.between(3, 15));
  }
  await time.advance(5_000);
  return { digests: homes.map((home) => home.digest()), frames: sent.frames - before };
}

describe("a paced replica", () => {
  it("ends where it ends unpaced, with half the frames", async () => {
    const plain = await run();
    const paced = await run(() => new SendSchedule({ costMs: 200, staleMsMax: 300 }));
    expect(new Set([...plain.digests, ...paced.digests]).size).toBe(1);
    expect(paced.frames).toBeLessThan(0.5 * plain.frames);
  });

  it("lets no write arrive later than the cap, and sends what waits to whoever asks", async () => {
    const time = new VirtualTime(6);
    const never = { arrived: (nowMs: number) => nowMs + 400, sent: () => {} };
    const { homes, sessions } = await fleet(time, () => never);
    homes[1].visits.increment();
    await time.advance(PACING_MS_MAX + 1_000);
    homes[1].visits.increment(5);
    await time.advance(399);
    expect(homes[0].visits.value).toBe(1);
    await time.advance(1 + 2 * LATENCY_MS);
    expect(homes[0].visits.value).toBe(6);
    homes[1].visits.increment(2);
    await time.advance(10);
    [...sessions[0]!.links][0]!.probe(false, () => {});
    await time.advance(2 * LATENCY_MS);
    expect(homes[0].visits.value).toBe(8);
    homes[1].visits.increment();
    await time.advance(1);
    await homes[1].close();
    await time.advance(2 * LATENCY_MS);
    expect(homes[0].visits.value).toBe(9);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e300])("survives a pacing that says %s", async (due) => {
    const time = new VirtualTime(7);
    const { homes } = await fleet(time, () => ({ arrived: () => due, sent: () => {} }));
    homes[1].visits.increment();
    await time.advance(PACING_MS_MAX - 1);
    expect(homes[0].visits.value).toBe(Number.isNaN(due) ? 1 : 0);
    homes[1].visits.increment();
    await time.advance(1 + 2 * LATENCY_MS);
    expect(homes[0].visits.value).toBe(2);
  });
});

it.each([1, 2, 3])(
  "paced replicas converge when messages are lost, doubled and swapped (seed %i)",
  async (seed) => {
    const random = randomFrom(seed);
    const world = faultyWorld({ lose: 0.05, double: 0.05, swap: 0.05 }, random);
    const pacing = () => new SendSchedule({ costMs: 5 * random(), staleMsMax: 20 });
    const nodes = [1, 2, 9].map((id) => createNode(id, { ...FAST, pacing }));
    ended.push(...nodes);
    const [a, b, relay] = nodes as [Node, Node, Node];
    const homes = [await openHome(a), await openHome(b)];
    const links = [a, b].map((node) => joinLasting(node, relay, world.wrap));
    for (let step = 0; step < 100; step++) {
      const home = homes[step % 2]!;
      home.visits.increment();
      if (random() < 0.5) home.tags.add(`tag ${step % 5}`);
      else home.tags.delete(`tag ${step % 5}`);
      if (random() < 0.5) await pause(0);
    }
    await pause(20);
    world.isFaulty = false;
    await converged(nodes, "home", 20_000);
    expect(homes.map(({ visits }) => visits.value)).toEqual([100, 100]);
    for (const link of links) link.stop();
  },
);

it("createReplica takes a schedule, and its writes arrive", async () => {
  const server = await createReplica();
  const relay = await serve(server, { port: 0 });
  let asked = 0;
  const schedule = () => {
    asked++;
    return new SendSchedule({ costMs: 20, staleMsMax: 50 });
  };
  const client = await createReplica({ sync: { schedule } });
  try {
    const home = await client.open("home", Home);
    const connection = await client.connect(relay.url);
    for (let count = 0; count < 20; count++) {
      home.visits.increment();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await connection.synced();
    expect(asked).toBe(1);
    const seen = await server.open("home", Home);
    expect(seen.visits.value).toBe(20);
  } finally {
    await client.close();
    await relay.close();
    await server.close();
  }
});
