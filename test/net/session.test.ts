// The handshake and what a session refuses: versions, identities, clocks, documents, and peers that break the rules.
import { describe, expect, it } from "vitest";
import type { ReplicaId } from "../../host/engine/engine.ts";
import { isCrdtError } from "../../host/errors.ts";
import { SESSION_DOCUMENTS_MAX } from "../../host/limits.ts";
import { encodeMessage, REFUSALS } from "../../host/net/messages.ts";
import type { Session } from "../../host/net/session.ts";
import type { SessionEnd } from "../../host/net/session-errors.ts";
import { createMemoryTransports } from "../../host/platform/memory-transport.ts";
import { platform } from "../../host/platform/node.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";
import { converged, createNode, FAST, join, joinLasting, openHome, pause, until } from "./fleet.ts";
import { connectScripted, hello } from "./scripted-peer.ts";

describe("a handshake", () => {
  it("is refused without hello", async () => {
    const node = createNode(1);
    const peer = connectScripted(node);
    peer.say({ type: "subscribe", index: 0, name: "home", vector: new VersionVector() });
    const goodbye = await peer.hear("goodbye");
    expect([goodbye.code, goodbye.explanation]).toEqual(["protocol-error", expect.stringContaining("hello")]);
    expect([...node.host.documents()]).toEqual([]);
  });

  it("ends when the peer says nothing", async () => {
    const peer = connectScripted(createNode(1, { timing: { handshakeMs: 30 } }));
    await until("the close", () => peer.close !== undefined);
  });

  it("with another protocol version says who must update", async () => {
    for (const [versions, who] of [
      [{ versionMin: 2, versionMax: 3 }, "this side"],
      [{ versionMin: 0, versionMax: 0 }, "the peer"],
    ] as const) {
      const peer = connectScripted(createNode(1));
      peer.say(hello(versions));
      const { explanation, retry } = await peer.hear("goodbye");
      expect(explanation).toContain(`update ${who}`);
      expect(retry).toBe("no");
    }
  });

  it("with a later version that still speaks ours goes on", async () => {
    const node = createNode(1);
    const peer = connectScripted(node);
    peer.say(hello({ versionMin: 1, versionMax: 7, features: 2 ** 40 + 1 }));
    peer.say({ type: "subscribe", index: 5, name: "home", vector: new VersionVector() });
    expect((await peer.hear("subscribe")).name).toBe("home");
    expect((await peer.hear("start")).index).toBe(0);
  });

  it("tells a peer whose clock is off, and says so here", async () => {
    const node = createNode(1);
    const events: unknown[] = [];
    node.replica.subscribe((event) => events.push(event));
    const peer = connectScripted(node);
    peer.say(hello({ clockMs: Date.now() + 3_600_000 }));
    const { offMs, isReceiverAhead } = await peer.hear("clock");
    expect(isReceiverAhead).toBe(true);
    expect(Math.round(offMs / 60_000)).toBe(60);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: "clock", source: expect.stringContaining("scripted") }),
    );
  });

  it("refuses a peer whose clock is off where the policy says so", async () => {
    const peer = connectScripted(createNode(1, { clockOffMaxMs: 600_000 }));
    peer.say(hello({ clockMs: Date.now() - 3_600_000 }));
    expect((await peer.hear("clock")).isReceiverAhead).toBe(false);
    expect((await peer.hear("goodbye")).explanation).toContain("at most 600000 are allowed");
  });

  it("between clocks a year apart reports to both, and serves both", async () => {
    const late = { ...platform, now: () => Date.now() - 365 * 86_400_000 };
    const [a, b] = [createNode(1), createNode(2, FAST, late)];
    const kinds: string[][] = [[], []];
    for (const [index, node] of [a, b].entries())
      node.replica.subscribe(({ kind }) => kinds[index]!.push(kind));
    const home = await openHome(a);
    home.visits.increment();
    join(a, b);
    await converged([a, b]);
    expect(kinds.map((list) => list.includes("clock"))).toEqual([true, true]);
  });

  it("with oneself ends for good", async () => {
    const node = createNode(1);
    const { client } = join(node, node);
    await until("the end", () => node.hub.sessions.length === 0);
    await pause(5);
    expect(client.isOpen).toBe(false);
  });
});

describe("two replicas with one id", () => {
  it("connected to each other: the client takes a new one", async () => {
    const [a, b] = [createNode(1), createNode(1)];
    const [homeA, homeB] = [await openHome(a), await openHome(b)];
    const link = joinLasting(a, b);
    await until("the new id", () => a.replica.id !== b.replica.id);
    homeA.visits.increment(2);
    homeB.visits.increment(3);
    await converged([a, b]);
    expect(homeA.visits.value).toBe(5);
    expect(b.replica.id).toBe("0000000000000001");
    link.stop();
  });

  it("at one relay: the second takes a new one", async () => {
    const [a, b, relay] = [createNode(1), createNode(1), createNode(3)];
    const [homeA, homeB] = [await openHome(a), await openHome(b)];
    const links = [joinLasting(a, relay)];
    await until("the first session", () => relay.hub.sessions.length === 1);
    links.push(joinLasting(b, relay));
    await until("the new id", () => a.replica.id !== b.replica.id);
    homeA.visits.increment(2);
    homeB.visits.increment(3);
    await converged([a, b, relay]);
    expect([a.replica.id, homeA.visits.value]).toEqual(["0000000000000001", 5]);
    for (const link of links) link.stop();
  });

  it("known by what a peer has seen of it: the new one is taken before anything else happens", async () => {
    const node = createNode(1);
    const home = await openHome(node);
    home.visits.increment();
    const peer = connectScripted(node);
    peer.say(hello());
    const vector = new VersionVector([[node.replica.id, 9]]);
    peer.say({ type: "subscribe", index: 0, name: "home", vector });
    await peer.hear("start");
    expect(node.replica.id).not.toBe("0000000000000001");
    home.visits.increment();
    await until("the stream", () => peer.heard.some(({ type }) => type === "stream"));
  });

  it("one of them restored from a backup: it takes a new one before it sends anything", async () => {
    const [a, relay] = [createNode(1), createNode(3)];
    const homeA = await openHome(a);
    homeA.visits.increment();
    const backup = homeA.snapshot();
    homeA.visits.increment(10);
    const first = join(a, relay);
    await converged([a, relay]);
    first.cut();
    const restored = createNode(1);
    const core = await restored.host.openCore("home");
    core.restore(backup);
    const home = await openHome(restored);
    const link = joinLasting(restored, relay);
    await until("the new id", () => restored.replica.id !== a.replica.id);
    home.visits.increment(100);
    await converged([restored, relay]);
    expect(home.visits.value).toBe(111);
    link.stop();
  });
});

describe("a session", () => {
  it("refuses documents beyond its number, those not allowed, and names out of bounds", async () => {
    const node = createNode(1, {
      documentsMax: 2,
      allowDocument: (name, peer) => name !== "secret" && peer === hello().replica,
    });
    const peer = connectScripted(node);
    peer.say(hello());
    const vector = new VersionVector();
    for (const [index, name] of ["secret", "", "one", "two", "three"].entries()) {
      peer.say({ type: "subscribe", index, name, vector });
      await pause(5);
    }
    await until("three refusals", () => peer.heard.filter(({ type }) => type === "refuse").length === 3);
    const refusals = peer.heard.flatMap((message) =>
      message.type === "refuse" ? [[message.name, message.reason]] : [],
    );
    expect(refusals).toEqual([
      ["secret", REFUSALS.notAllowed],
      ["", REFUSALS.notAllowed],
      ["three", REFUSALS.tooMany],
    ]);
    expect([...node.host.documents()].map(({ name }) => name)).toEqual(["one", "two"]);
  });

  it("carries SESSION_DOCUMENTS_MAX documents and no more, whatever a server allows", async () => {
    const node = createNode(1, { documentsMax: Number.MAX_SAFE_INTEGER });
    const [silent] = createMemoryTransports();
    // A connection that says how many it carries: to make it carry them would take minutes.
    const carrying = (documents: number): Session =>
      ({ documents, hello: hello(), access: node.hub.attach(silent, "server").access }) satisfies Pick<
        Session,
        "access" | "documents" | "hello"
      > as unknown as Session;
    expect((await node.hub.roomFor(carrying(SESSION_DOCUMENTS_MAX - 1), "last")).core.name).toBe("last");
    expect(() => node.hub.roomFor(carrying(SESSION_DOCUMENTS_MAX), "one more")).toThrow(
      `a connection may carry ${SESSION_DOCUMENTS_MAX} documents`,
    );
  });

  it("tells its replica what was refused", async () => {
    const [a, b] = [createNode(1), createNode(2, { allowDocument: () => false })];
    const home = await openHome(a);
    home.visits.increment();
    const events: string[] = [];
    a.hub.onEvent(({ kind, message }) => events.push(`${kind} ${message}`));
    join(a, b);
    await until("the refusal", () => events.length === 2);
    expect(events[1]).toContain('document "home" was refused');
  });

  it("ends when one index is given to two documents, and others live on", async () => {
    const node = createNode(1);
    const [good, bad] = [connectScripted(node), connectScripted(node)];
    good.say(hello({ replica: "00000000000000a1" as ReplicaId }));
    bad.say(hello());
    for (const peer of [good, bad])
      peer.say({ type: "subscribe", index: 0, name: "home", vector: new VersionVector() });
    await bad.hear("start");
    bad.say({ type: "subscribe", index: 0, name: "other", vector: new VersionVector() });
    expect((await bad.hear("goodbye")).explanation).toContain("index 0");
    good.say({ type: "ping", token: 77 });
    expect(await good.hear("pong")).toEqual({ type: "pong", token: 77 });
  });

  it("does not believe in acknowledgements of what was never sent", async () => {
    const node = createNode(1);
    const peer = connectScripted(node);
    peer.say(hello());
    peer.say({ type: "subscribe", index: 0, name: "home", vector: new VersionVector() });
    await peer.hear("start");
    const rows = [{ replica: node.replica.id, sequence: 9 }];
    peer.say({ type: "ack", index: 0, flags: 0, number: 0, leftOut: 0, expected: 0, rows });
    expect((await peer.hear("goodbye")).explanation).toContain("never sent");
  });

  it("that the peer closed because a message was too large says so", async () => {
    const node = createNode(1);
    const [left, right] = createMemoryTransports((deliver) => setImmediate(deliver));
    const end = new Promise<SessionEnd>((resolve) => node.hub.attach(right, "client", () => {}, resolve));
    left.close(1009, "Max payload size exceeded");
    expect((await end).error).toMatchObject({ code: "message-too-large" });
  });

  it("drops a peer that has gone silent", async () => {
    const node = createNode(1, { timing: { heartbeatMs: 20, repairMs: 20 } });
    const peer = connectScripted(node);
    peer.transport.send(encodeMessage(hello()));
    await peer.hear("ping");
    await until("the peer is dropped", () => node.hub.sessions.length === 0, 1_000);
  });

  it("measures the round trip", async () => {
    const [a, b] = [createNode(1), createNode(2)];
    const { client } = join(a, b);
    await until("a round trip", () => client.heartbeat.roundTripMs !== undefined);
    expect(client.heartbeat.roundTripMs).toBeLessThan(1_000);
  });
});

describe("after close", () => {
  it("nothing connects and the peer is told", async () => {
    const [a, b] = [createNode(1), createNode(2)];
    const home = await openHome(a);
    home.visits.increment();
    join(a, b);
    await converged([a, b]);
    home.visits.increment();
    await a.hub.close();
    await until("the peer notices", () => b.hub.sessions.length === 0);
    const [core] = [...b.host.documents()];
    expect(core!.versionVector.get(a.replica.id)).toBe(2);
    await expect(a.hub.connect("ws://127.0.0.1:1")).rejects.toSatisfy((error) =>
      isCrdtError(error, "connection-closed"),
    );
  });
});
