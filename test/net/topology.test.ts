// Shapes of networks: chains, rings, cuts, gossip. Everybody ends up equal, and then the wires are silent.
import { describe, expect, it } from "vitest";
import { faultyWorld, randomFrom } from "./faulty-transport.ts";
import {
  areEqual,
  converged,
  createNode,
  join,
  joinLasting,
  type Node,
  openHome,
  pause,
  until,
} from "./fleet.ts";
import { type Gate, gated } from "./gated-transport.ts";

const QUIET = { timing: { heartbeatMs: 60_000, repairMs: 60_000, handshakeMs: 1_000 } };

/** Opens "home" at every node and gives the documents. */
const openAll = (nodes: readonly Node[]) => Promise.all(nodes.map((node) => openHome(node)));
const bytesOf = (nodes: readonly Node[]): number =>
  nodes.flatMap((node) => node.hub.sessions).reduce((sum, session) => sum + session.bytesSent, 0);

describe("a chain of two relays", () => {
  it("carries deltas from end to end", async () => {
    const [a, b, near, far] = [createNode(1), createNode(2), createNode(8), createNode(9)];
    const [homeA, homeB] = await openAll([a, b]);
    join(near, far);
    join(a, near);
    join(b, far);
    homeA!.visits.increment(2);
    homeB!.visits.increment(3);
    await converged([a, b, near, far]);
    homeA!.tags.add("later");
    await converged([a, b, near, far]);
    expect([homeB!.visits.value, homeB!.tags.has("later")]).toEqual([5, true]);
  });
});

describe("a relay that also reads a document itself", () => {
  it("goes on serving it after closing its own view", async () => {
    const [a, relay, far] = [createNode(1), createNode(2), createNode(3)];
    const view = await openHome(relay);
    join(relay, far);
    await converged([relay, far]);
    const home = await openHome(a);
    join(a, relay);
    home.visits.increment();
    await converged([a, relay, far]);
    expect(view.visits.value).toBe(1);
    view.close();
    await pause(20);
    home.visits.increment();
    await converged([a, relay, far]);
  });
});

describe("a ring of three", () => {
  it("falls silent", async () => {
    const nodes = [createNode(1, QUIET), createNode(2, QUIET), createNode(3, QUIET)];
    const homes = await openAll(nodes);
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [2, 0],
    ] as const) {
      join(nodes[from]!, nodes[to]!);
    }
    for (const home of homes) home.visits.increment();
    await converged(nodes);
    homes[0]!.tags.add("round");
    await converged(nodes);
    await pause(100);
    const before = bytesOf(nodes);
    await pause(200);
    expect(bytesOf(nodes) - before).toBe(0);
    expect(homes.map((home) => home.visits.value)).toEqual([3, 3, 3]);
  });
});

describe("five nodes", () => {
  it("each adding its number and one agree on 15", async () => {
    const nodes = [1, 2, 3, 4, 5].map((id) => createNode(id));
    const homes = await openAll(nodes);
    for (const node of nodes.slice(1)) join(node, nodes[0]!);
    for (const [index, home] of homes.entries()) home.visits.increment(index + 1);
    await converged(nodes);
    expect(homes.map((home) => home.visits.value)).toEqual([15, 15, 15, 15, 15]);
  });

  it("cut in two count on, differ, and agree on 81 when healed", async () => {
    const nodes = [1, 2, 3, 4, 5].map((id) => createNode(id));
    const homes = await openAll(nodes);
    const left = nodes.slice(0, 2);
    const right = nodes.slice(2);
    join(left[1]!, left[0]!);
    join(right[1]!, right[0]!);
    join(right[2]!, right[0]!);
    const bridge = join(left[0]!, right[0]!);
    for (const home of homes) home.visits.increment(10);
    await converged(nodes);
    bridge.cut();
    for (const home of homes.slice(0, 2)) home.visits.increment(5);
    for (const home of homes.slice(2)) home.visits.increment(7);
    await converged(left);
    await converged(right);
    expect(areEqual(nodes)).toBe(false);
    expect([homes[0]!.visits.value, homes[4]!.visits.value]).toEqual([60, 71]);
    join(left[0]!, right[0]!);
    await converged(nodes);
    expect(homes.map((home) => home.visits.value)).toEqual([81, 81, 81, 81, 81]);
  });
});

describe("gossip between random pairs", () => {
  it("converges though three connections in ten fail", async () => {
    const random = randomFrom(7);
    const nodes = Array.from({ length: 8 }, (_, index) => createNode(index + 1));
    const homes = await openAll(nodes);
    for (const home of homes) home.visits.increment();
    for (let round = 0; round < 400 && !areEqual(nodes); round++) {
      const [one, other] = [Math.floor(random() * 8), Math.floor(random() * 8)];
      if (one === other) continue;
      const link = join(nodes[one]!, nodes[other]!);
      if (random() < 0.3) link.cut();
      else await pause(10);
      link.cut();
      if (round < 100) homes[one]!.visits.increment();
    }
    expect(areEqual(nodes)).toBe(true);
  });

  it("converges though three messages in ten are lost", async () => {
    const random = randomFrom(11);
    const world = faultyWorld({ lose: 0.3 }, random);
    const nodes = Array.from({ length: 8 }, (_, index) => createNode(index + 1));
    const homes = await openAll(nodes);
    const sum = nodes.length * 3;
    for (const home of homes) home.visits.increment(3);
    for (let round = 0; round < 600 && homes.some(({ visits }) => visits.value !== sum); round++) {
      const [one, other] = [Math.floor(random() * 8), Math.floor(random() * 8)];
      if (one === other) continue;
      const link = join(nodes[one]!, nodes[other]!, world.wrap);
      await pause(10);
      link.cut();
    }
    expect(homes.map(({ visits }) => visits.value)).toEqual(nodes.map(() => sum));
    expect(areEqual(nodes)).toBe(true);
    expect(world.count).toBeGreaterThan(10);
  });
});

describe("one source among many", () => {
  it("does not get its own deltas back, and others get a turn as one frame", async () => {
    const [a, b, c, relay] = [1, 2, 3, 4].map((id) => createNode(id, { ...QUIET, packsFrames: false }));
    const homes = await openAll([a!, b!, c!]);
    const links = [a!, b!, c!].map((node) => join(node, relay!));
    homes[0]!.visits.increment();
    await converged([a!, b!, c!, relay!]);
    await pause(60);
    const before = links.map(({ client }) => client.bytesReceived);
    for (let index = 0; index < 100; index++) homes[0]!.settings.set(`key${index}`, "x".repeat(100));
    await converged([a!, b!, c!, relay!]);
    await pause(60);
    const received = links.map(({ client }, index) => client.bytesReceived - before[index]!);
    // The definition of a container, and the acknowledgement.
    expect(received[0]).toBeLessThan(80);
    expect(received[1]).toBeGreaterThan(10_000);
    expect(received[2]).toBe(received[1]);
  });

  it("whose deltas of one turn lie far apart reaches everybody through the stream", async () => {
    const [a, b, relay] = [1, 2, 3].map((id) => createNode(id, QUIET));
    const [homeA] = await openAll([a!, b!]);
    const gates: Gate[] = [];
    join(a!, relay!, (transport) => {
      const { gate, wrapped } = gated(transport);
      gates.push(gate);
      return wrapped;
    });
    const toB = join(b!, relay!);
    homeA!.visits.increment();
    await converged([a!, b!, relay!]);
    homeA!.visits.increment();
    await converged([a!, b!, relay!]);
    const fromA = gates[1]!;
    fromA.pause();
    for (let round = 0; round < 4; round++) {
      homeA!.tags.addMany(Array.from({ length: 9_000 }, (_, index) => `${round}/${index}`));
      await pause(5);
    }
    fromA.resume();
    await converged([a!, b!, relay!]);
    const [link] = [...toB.client.links];
    expect([link!.inbound.repairs, link!.inbound.isStreaming]).toEqual([0, true]);
  });

  it("and nine sources at once all converge", async () => {
    const nodes = Array.from({ length: 9 }, (_, index) => createNode(index + 1));
    const relay = createNode(99);
    const homes = await openAll(nodes);
    for (const node of nodes) join(node, relay);
    await converged([...nodes, relay]);
    for (let round = 0; round < 20; round++) {
      for (const [index, home] of homes.entries()) home.settings.set(`key${index}`, `${round}`);
      await pause(0);
    }
    await converged([...nodes, relay]);
    expect(homes[8]!.settings.size).toBe(9);
  });
});

describe("a connection that is cut again and again", () => {
  it("loses nothing", async () => {
    const [a, b, relay] = [createNode(1), createNode(2), createNode(3)];
    const [homeA, homeB] = await openAll([a, b]);
    const links = [a, b].map((node) => joinLasting(node, relay));
    for (let step = 0; step < 100; step++) {
      homeA!.visits.increment();
      homeB!.events.append(step);
      if (step % 7 === 0) links[step % 2]!.cut();
      await pause(step % 3);
    }
    await converged([a, b, relay]);
    expect([homeB!.visits.value, homeA!.events.size]).toEqual([100, 100]);
    for (const link of links) link.stop();
    await until("all sessions are gone", () => relay.hub.sessions.length === 0);
    expect([...relay.hub.rooms]).toEqual([]);
  });
});
