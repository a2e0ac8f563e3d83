// Large and slow: bursts, large values, messages over the limit, readers that fall behind, and silence.

import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { ReplicaId } from "../../host/engine/engine.ts";
import { MESSAGE_BYTES_MAX, SESSION_BACKLOG_BYTES_MAX } from "../../host/limits.ts";
import { platform } from "../../host/platform/node.ts";
import { createNodeTransport } from "../../host/platform/node-transport.ts";
import { serve } from "../../host/relay.ts";
import { converged, createNode, join, openHome, pause, until } from "./fleet.ts";
import { type Gate, gated } from "./gated-transport.ts";

/** Plain frames: what is counted here is bytes. */
const QUIET = { timing: { heartbeatMs: 60_000, repairMs: 60_000 }, packsFrames: false };

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const closable of open.splice(0).reverse()) await closable.close();
});

const text = (length: number, seed = 0): string =>
  Array.from({ length: length / 10 }, (_, index) => String(index + seed).padStart(10, "0")).join("");

describe("a burst", () => {
  it("of 1,000 messages arrives as 1,000, in order", async () => {
    const [a, b, c] = [createNode(1), createNode(2), createNode(3)];
    const relay = await serve(c.replica, { port: 0 });
    const [homeA, homeB] = [await openHome(a), await openHome(b)];
    open.push(relay, await a.replica.connect(relay.url), await b.replica.connect(relay.url));
    const seen: number[] = [];
    let last = 0;
    homeB.subscribe(() => {
      for (const { value } of homeB.events.entries({ last: homeB.events.size - last })) seen.push(value);
      last = homeB.events.size;
    });
    for (let index = 0; index < 1_000; index++) {
      homeA.events.append(index);
      if (index % 10 === 9) await pause(0);
    }
    await until("1,000 messages", () => seen.length >= 1_000);
    expect(seen).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
  });
});

describe("a value", () => {
  it("of 5 MB passes, to those there and to those who come later", async () => {
    const [a, b, c, late] = [1, 2, 3, 4].map((id) => createNode(id));
    const relay = await serve(c!.replica, { port: 0 });
    const [homeA, homeB] = [await openHome(a!), await openHome(b!)];
    open.push(relay, await a!.replica.connect(relay.url), await b!.replica.connect(relay.url));
    const value = text(5_000_000);
    homeA.settings.set("large", value);
    homeA.settings.set("small", "s");
    await converged([a!, b!, c!]);
    expect(homeB.settings.get("large") === value).toBe(true);
    const homeLate = await openHome(late!);
    open.push(await late!.replica.connect(relay.url));
    await converged([a!, b!, c!, late!]);
    expect(homeLate.settings.get("large")?.length).toBe(5_000_000);
  });

  it("over the limit is refused with a code, and nothing changes", async () => {
    const [a, b] = [createNode(1), createNode(2)];
    const home = await openHome(a);
    join(a, b);
    home.settings.set("small", "s");
    const tooLarge = () => home.settings.set("large", text(16_777_220));
    expect(tooLarge).toThrow(expect.objectContaining({ code: "limit-exceeded" }));
    home.settings.set("more", "m");
    await converged([a, b]);
    expect([...home.settings.keys()].sort()).toEqual(["more", "small"]);
  });
});

describe("a message", () => {
  it("over the limit ends its connection, and no other", async () => {
    const [a, c] = [createNode(1), createNode(3)];
    const relay = await serve(c.replica, { port: 0 });
    const home = await openHome(a);
    const connection = await a.replica.connect(relay.url);
    const events: string[] = [];
    open.push(relay, connection, { close: relay.onEvent(({ message }) => events.push(message)) });
    const rude = new WebSocket(relay.url);
    const code = await new Promise<number>((resolve) => {
      rude.on("open", () => rude.send(new Uint8Array(MESSAGE_BYTES_MAX + 1)));
      rude.on("close", resolve);
      rude.on("error", () => {});
    });
    // The peer may also see the socket go while it is still sending.
    expect([1009, 1006]).toContain(code);
    home.visits.increment();
    await connection.synced();
    expect(connection.status).toBe("open");
  });

  it("in text is refused", async () => {
    const relay = await serve(createNode(3).replica, { port: 0 });
    open.push(relay);
    const rude = new WebSocket(relay.url);
    const code = await new Promise<number>((resolve) => {
      rude.on("open", () => rude.send("hello"));
      rude.on("close", resolve);
    });
    expect(code).toBe(1003);
  });
});

describe("a reader that stops", () => {
  it("costs at most the backlog, delays nobody, and is resynced when it reads again", async () => {
    const [a, b, relay] = [createNode(1, QUIET), createNode(2, QUIET), createNode(3, QUIET)];
    const [homeA, homeB] = [await openHome(a), await openHome(b)];
    join(a, relay);
    const gates: Gate[] = [];
    join(b, relay, (transport) => {
      const { gate, wrapped } = gated(transport);
      gates.push(gate);
      return wrapped;
    });
    const toB = gates[0]!;
    await converged([a, b, relay]);
    toB.pause();
    let heldBytesMax = 0;
    for (let index = 0; index < 80; index++) {
      homeA.settings.set(`key${index % 10}`, text(200_000, index));
      homeB.visits.increment();
      await converged([a, relay]);
      heldBytesMax = Math.max(heldBytesMax, toB.heldBytes);
    }
    expect(heldBytesMax).toBeGreaterThan(SESSION_BACKLOG_BYTES_MAX);
    expect(heldBytesMax).toBeLessThan(SESSION_BACKLOG_BYTES_MAX + 500_000);
    expect(homeA.visits.value).toBe(80);
    const before = relay.hub.sessions.map((session) => session.bytesSent)[1]!;
    toB.resume();
    await converged([a, b, relay]);
    const caughtUp = relay.hub.sessions.map((session) => session.bytesSent)[1]! - before;
    // Ten live values of 200 kB, not the 80 that were written.
    expect(caughtUp).toBeLessThan(3_000_000);
    expect(homeB.settings.size).toBe(10);
    homeA.visits.increment();
    await converged([a, b, relay]);
  });

  it("over a socket: the relay keeps a bounded queue, and the reader comes back", async () => {
    const [a, c] = [createNode(1, QUIET), createNode(3, QUIET)];
    const relay = await serve(c.replica, { port: 0 });
    const homeA = await openHome(a);
    open.push(relay, await a.replica.connect(relay.url));
    const sockets: WebSocket[] = [];
    const b = createNode(2, QUIET, {
      ...platform,
      async connect(url) {
        const socket = new WebSocket(url);
        sockets.push(socket);
        const transport = createNodeTransport(socket, url);
        await new Promise((resolve) => socket.once("open", resolve));
        return transport;
      },
    });
    await openHome(b);
    open.push(await b.replica.connect(relay.url));
    await converged([a, b, c]);
    sockets[0]!.pause();
    let bufferedBytesMax = 0;
    for (let index = 0; index < 50; index++) {
      homeA.settings.set(`key${index % 10}`, text(400_000, index));
      await converged([a, c]);
      const buffered = relay.peers().map((peer) => peer.bufferedBytes);
      bufferedBytesMax = Math.max(bufferedBytesMax, ...buffered);
    }
    expect(bufferedBytesMax).toBeGreaterThan(0);
    expect(bufferedBytesMax).toBeLessThan(SESSION_BACKLOG_BYTES_MAX + 1_000_000);
    sockets[0]!.resume();
    await converged([a, b, c]);
  });

  it("and only asks is dropped", async () => {
    const relay = createNode(3, QUIET);
    const core = await relay.host.openCore("home");
    const home = await openHome(relay);
    for (let id = 100; id < 1_100; id++) {
      core.setReplica(id.toString(16).padStart(16, "0") as ReplicaId);
      home.visits.increment();
    }
    const b = createNode(2, QUIET);
    await openHome(b);
    const gates: Gate[] = [];
    join(b, relay, (transport) => {
      const { gate, wrapped } = gated(transport);
      gates.push(gate);
      return wrapped;
    });
    await converged([b, relay]);
    gates[0]!.pause();
    const [session] = b.hub.sessions;
    const [link] = [...session!.links];
    for (let index = 0; index < 3_000; index++) {
      link!.probe(false, () => {});
      if (index % 100 === 0) await pause(0);
    }
    await until("the connection is dropped", () => relay.hub.sessions.length === 0);
  });
});

describe("an idle connection", () => {
  it("costs less than four bytes a second in both directions together", async () => {
    const timing = { heartbeatMs: 100, repairMs: 50 };
    const [a, b, relay] = [1, 2, 3].map((id) => createNode(id, { timing }));
    const homes = [await openHome(a!), await openHome(b!)];
    const { client } = join(a!, relay!);
    join(b!, relay!);
    homes[0]!.visits.increment();
    await converged([a!, b!, relay!]);
    await pause(300);
    const [sent, received, start] = [client.bytesSent, client.bytesReceived, performance.now()];
    await pause(1_000);
    const intervals = (performance.now() - start) / timing.heartbeatMs;
    const bytesAnInterval = (client.bytesSent - sent + client.bytesReceived - received) / intervals;
    // The default interval is 10 s.
    expect(bytesAnInterval / 10).toBeLessThan(4);
    expect(bytesAnInterval).toBeGreaterThan(0);
  });
});
