// Several relays for a client: who is preferred, who is tried next, and that losing one loses nothing.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createReplica } from "../../host/create-replica.ts";
import { RELAY_ADDRESSES_MAX, RETRY_AFTER_MS_MAX } from "../../host/limits.ts";
import { RelayBook, RelayChoice, rendezvousOrder } from "../../host/net/relay-choice.ts";
import { CLOSE_SERVICE_RESTART, retryAfterOf, retryAfterReason } from "../../host/net/retry-after.ts";
import type { Transport } from "../../host/platform/transport.ts";
import { type Relay, serve } from "../../host/relay.ts";
import { hostOf } from "../../host/replica/replica.ts";
import { areEqual, createNode, FAST, type Node, openHome, pause, until } from "./fleet.ts";
import { VirtualTime } from "./virtual-time.ts";

const URLS = ["ws://a", "ws://b", "ws://c", "ws://d"];
const QUIET = { timing: { heartbeatMs: 10_000, repairMs: 5_000, handshakeMs: 10_000 } };

const open: { close(): Promise<unknown> }[] = [];
const keep = <Closable extends { close(): Promise<unknown> }>(closable: Closable): Closable => {
  open.unshift(closable);
  return closable;
};
afterEach(async () => {
  for (const closable of open.splice(0)) await closable.close();
});

describe("the rendezvous order", () => {
  it("spreads keys evenly, does not depend on how addresses are listed, and moves only the keys of a lost relay", () => {
    const counts = new Map<string, number>(URLS.map((url) => [url, 0]));
    for (let key = 0; key < 4_000; key++) {
      const order = rendezvousOrder(URLS, `document ${key}`);
      expect(rendezvousOrder([...URLS].reverse(), `document ${key}`)).toEqual(order);
      counts.set(order[0]!, counts.get(order[0]!)! + 1);
      const lost = order[3]!;
      expect(
        rendezvousOrder(
          URLS.filter((url) => url !== lost),
          `document ${key}`,
        ),
      ).toEqual(order.slice(0, 3));
    }
    for (const count of counts.values()) {
      expect(count).toBeGreaterThan(880);
      expect(count).toBeLessThan(1_120);
    }
  });
});

describe("the choice", () => {
  const choiceOf = (workAt: (url: string) => number = () => 0) => {
    const time = new VirtualTime();
    const book = new RelayBook(time.platform());
    const choice = new RelayChoice(URLS, "key", book, workAt);
    return { choice, book, urls: choice.addresses.map(({ url }) => url) };
  };

  it("is the first, the second where that is clearly better, and never the third", () => {
    const { choice, book, urls } = choiceOf();
    expect(choice.next(0).address.url).toBe(urls[0]);
    book.of(urls[1]!).measured(10);
    expect(choice.next(0).address.url).toBe(urls[0]);
    book.of(urls[0]!).measured(12);
    expect(choice.next(0).address.url).toBe(urls[0]);
    for (let count = 0; count < 20; count++) book.of(urls[0]!).measured(40);
    expect(book.of(urls[0]!).latencyMs).toBeCloseTo(40, 0);
    expect(choice.next(0).address.url).toBe(urls[1]);
    book.of(urls[2]!).measured(0.1);
    expect(choice.next(0).address.url).toBe(urls[1]);
  });

  it("looks at work under way", () => {
    let busy = "";
    const { choice, urls } = choiceOf((url) => (url === busy ? 5 : 0));
    busy = urls[0]!;
    expect(choice.next(0).address.url).toBe(urls[1]);
    busy = urls[1]!;
    expect(choice.next(0).address.url).toBe(urls[0]);
  });

  it("leaves alone who failed, as long as asked or longer each time, and waits when nobody is left", () => {
    const { choice, book, urls } = choiceOf();
    book.of(urls[0]!).failed(0, 5_000);
    expect(choice.next(0)).toMatchObject({ waitMs: 0, address: { url: urls[1] } });
    book.of(urls[1]!).failed(0, 3_000);
    book.of(urls[2]!).failed(0, 4_000);
    book.of(urls[3]!).failed(0, 9_000);
    expect(choice.next(1_000)).toMatchObject({ waitMs: 2_000, address: { url: urls[1] } });
    expect(choice.next(5_000)).toMatchObject({ waitMs: 0, address: { url: urls[0] } });
    const spans = Array.from({ length: 12 }, () => {
      book.of(urls[2]!).failed(0, undefined);
      return book.of(urls[2]!).notBeforeMs;
    });
    expect(Math.max(...spans)).toBeGreaterThan(1_000);
    expect(Math.max(...spans)).toBeLessThanOrEqual(30_000);
    book.of(urls[2]!).held();
    book.of(urls[2]!).failed(0, undefined);
    expect(book.of(urls[2]!).notBeforeMs).toBeLessThanOrEqual(200);
  });

  it("takes 1 to as many addresses as allowed", () => {
    const book = new RelayBook(new VirtualTime().platform());
    const many = Array.from({ length: RELAY_ADDRESSES_MAX + 1 }, (_, index) => `ws://${index}`);
    for (const urls of [[], many]) {
      const refused = () => new RelayChoice(urls, "", book, () => 0);
      expect(refused).toThrow(expect.objectContaining({ code: "invalid-argument" }));
    }
    expect(new RelayChoice(many.slice(1), "", book, () => 0).addresses.length).toBe(RELAY_ADDRESSES_MAX);
  });
});

describe("the hint when to come back", () => {
  it("is read from closes that carry it, and capped", () => {
    const read = (code: number, reason: string) => retryAfterOf({ code, reason });
    expect(read(1012, "retry-after=1500")).toBe(1_500);
    expect(read(1013, retryAfterReason(20.4))).toBe(20);
    expect(read(1012, `retry-after=${RETRY_AFTER_MS_MAX + 1}`)).toBe(RETRY_AFTER_MS_MAX);
    expect(read(1012, "retry-after=999999999999999")).toBe(RETRY_AFTER_MS_MAX);
    for (const reason of [
      "",
      "retry-after=",
      "retry-after=-1",
      "retry-after=1e9",
      "retry-after=1 ",
      "later",
    ]) {
      expect(read(1012, reason)).toBeUndefined();
    }
    expect(read(1006, "retry-after=5")).toBeUndefined();
    expect([retryAfterReason(-5), retryAfterReason(1e12)]).toEqual([
      "retry-after=0",
      `retry-after=${RETRY_AFTER_MS_MAX}`,
    ]);
  });
});

/** Relays in virtual time that can be unplugged, and clients that know their addresses. */
function world(seed: number, relayCount: number) {
  const time = new VirtualTime(seed);
  const urls = Array.from({ length: relayCount }, (_, index) => `ws://relay${index}`);
  const relays = urls.map((_, index) => createNode(900 + index, QUIET, time.platform()));
  const isDown = urls.map(() => false);
  const sockets: Set<Transport>[] = urls.map(() => new Set());
  const connects: { readonly atMs: number; readonly url: string }[] = [];
  const connect = async (url: string): Promise<Transport> => {
    const index = urls.indexOf(url);
    connects.push({ atMs: time.nowMs, url });
    await new Promise<void>((resolve) => time.setTimer(resolve, 2));
    if (isDown[index]) throw new Error("nobody listens");
    const [left, right] = time.transports();
    sockets[index]!.add(right);
    relays[index]!.hub.attach(right, "server");
    return left;
  };
  return {
    time,
    urls,
    relays,
    connects,
    client: (id: number): Node => createNode(id, QUIET, time.platform(connect)),
    kill(url: string) {
      const index = urls.indexOf(url);
      isDown[index] = true;
      for (const socket of sockets[index]!) socket.terminate();
      sockets[index]!.clear();
    },
    revive(url: string) {
      isDown[urls.indexOf(url)] = false;
    },
  };
}

describe("a client with several relays", () => {
  it("connects to the first that answers, and fails only when none does", async () => {
    const { time, urls, client, kill } = world(1, 3);
    const order = rendezvousOrder(urls, "k");
    kill(order[0]!);
    const connecting = client(1).hub.connect(urls, { key: "k" });
    await time.advance(1_000);
    expect((await connecting).url).toBe(order[1]);
    kill(order[1]!);
    kill(order[2]!);
    const failing = client(2).hub.connect(urls, { key: "k" });
    const outcome = expect(failing).rejects.toMatchObject({ code: "connection-failed" });
    await time.advance(1_000);
    await outcome;
  });

  it("goes on elsewhere when its relay dies, and loses and repeats nothing", async () => {
    const { time, urls, relays, client, kill, revive } = world(7, 3);
    const backbone = (from: number, to: number) => {
      const [left, right] = time.transports();
      relays[to]!.hub.attach(right, "server");
      relays[from]!.hub.attach(left, "client");
    };
    const nodes = [1, 2, 3, 4].map(client);
    const homes = await Promise.all(nodes.map((node) => openHome(node)));
    for (const relay of relays) await openHome(relay);
    backbone(0, 1);
    backbone(1, 2);
    const connecting = nodes.map((node) => node.hub.connect(urls));
    await time.advance(1_000);
    const connections = await Promise.all(connecting);
    const merged: number[] = nodes.map(() => 0);
    for (let step = 0; step < 300; step++) {
      for (const [index, home] of homes.entries()) {
        home.visits.increment();
        home.events.append(step * 10 + index);
      }
      await time.advance(20);
      for (const [index, connection] of connections.entries()) {
        // What a peer has acknowledged it must never lack again.
        merged[index] = Math.max(merged[index]!, connection.progress("home").merged);
      }
      if (step % 60 === 30) kill(connections[step % 4]!.url);
      if (step % 60 === 59) for (const url of urls) revive(url);
    }
    for (const url of urls) revive(url);
    await time.until("all agree", () => areEqual([...nodes, ...relays]), 120_000);
    expect(homes.map((home) => [home.visits.value, home.events.size])).toEqual(
      homes.map(() => [1_200, 1_200]),
    );
    expect(Math.min(...merged)).toBeGreaterThan(0);
    for (const [index, connection] of connections.entries()) {
      expect(connection.status).toBe("open");
      expect(connection.progress("home").merged).toBeGreaterThanOrEqual(merged[index]!);
    }
  });

  it("does not come back to a dead relay more often than the pauses allow", async () => {
    const { time, urls, connects, client, kill } = world(3, 1);
    const connecting = client(1).hub.connect(urls);
    await time.advance(100);
    const connection = await connecting;
    kill(urls[0]!);
    const from = connects.length;
    await time.advance(120_000);
    expect(connects.length - from).toBeGreaterThan(5);
    expect(connects.length - from).toBeLessThan(40);
    await connection.close();
  });

  it("goes elsewhere within a moment when it is sent away, and comes back no earlier than asked", async () => {
    const { time, urls, relays, client } = world(5, 2);
    const connecting = client(1).hub.connect(urls, { key: "k" });
    await time.advance(100);
    const connection = await connecting;
    const [first, second] = rendezvousOrder(urls, "k");
    expect(connection.url).toBe(first);
    const relay = relays[urls.indexOf(first!)]!;
    for (const session of relay.hub.sessions)
      session.dismiss(CLOSE_SERVICE_RESTART, retryAfterReason(10_000));
    await time.advance(300);
    expect([connection.url, connection.status]).toEqual([second, "open"]);
    const leftAtMs = time.nowMs;
    const other = relays[urls.indexOf(second!)]!;
    for (const session of other.hub.sessions)
      session.dismiss(CLOSE_SERVICE_RESTART, retryAfterReason(60_000));
    await time.advance(1_000);
    expect(connection.status).toBe("waiting");
    await time.until("it is back", () => connection.status === "open", 20_000);
    expect(connection.url).toBe(first);
    expect(time.nowMs - leftAtMs).toBeGreaterThan(9_000);
    expect(time.nowMs - leftAtMs).toBeLessThan(10_500);
  });

  it("is told no by one relay and asks it no more", async () => {
    const { time, urls, relays, client, connects } = world(6, 2);
    const [first] = rendezvousOrder(urls, "k");
    const relay = relays[urls.indexOf(first!)]!;
    relay.hub.attach = ((transport: Transport) => {
      const frame = Uint8Array.of(1, 0x4a, 0x43, 0x4e, 0x50, 200, 201);
      transport.send(frame);
    }) as never;
    const connecting = client(1).hub.connect(urls, { key: "k" });
    await time.advance(1_000);
    const connection = await connecting;
    expect(connection.url).not.toBe(first);
    await time.advance(60_000);
    expect(connects.filter(({ url }) => url === first).length).toBe(1);
  });
});

describe("a relay that drains", () => {
  it("has told what it merged before it sends its peers away, and they find another", async () => {
    const [c1, c2] = [createNode(31, FAST), createNode(32, FAST)];
    const relays = new Map<string, Relay>();
    for (const node of [c1, c2]) {
      const relay = keep(await serve(node.replica, { port: 0 }));
      relays.set(relay.url, relay);
    }
    const a = createNode(1, FAST);
    const home = await openHome(a);
    const connection = keep(await a.replica.connect([...relays.keys()]));
    home.visits.increment();
    const first = relays.get(connection.url)!;
    const firstUrl = connection.url;
    await until("a relay has it", () => areEqual([a, c1]) || areEqual([a, c2]));
    const merged: number[] = [];
    connection.onStatus(() => merged.push(connection.progress(home).merged));
    await first.drain({ retryAfterMs: 60_000 });
    await until("elsewhere", () => connection.status === "open" && connection.url !== firstUrl);
    expect(merged[0]).toBe(1);
    expect(first.peers()).toEqual([]);
    home.visits.increment();
    await connection.synced(home);
    expect(home.visits.value).toBe(2);
    const refused = createNode(2, FAST).replica.connect(firstUrl);
    await expect(refused).rejects.toMatchObject({ code: "connection-failed" });
  });

  it("waits for its store, and says what is stored before it sends its peers away", async () => {
    const folder = mkdtempSync(joinPath(tmpdir(), "jarvis-drain-"));
    keep({ close: async () => rmSync(folder, { recursive: true, force: true }) });
    const stored = keep(await createReplica({ storage: folder, engine: "baseline" }));
    const host = hostOf(stored);
    const durable = host.durable.bind(host);
    host.durable = async (core) => {
      await pause(60);
      await durable(core);
    };
    const relay = keep(await serve(stored, { port: 0 }));
    const a = createNode(1, FAST);
    const home = await openHome(a);
    const connection = keep(await a.replica.connect(relay.url));
    await connection.synced(home);
    const durables: number[] = [];
    connection.onStatus(() => durables.push(connection.progress(home).durable));
    for (let count = 1; count <= 5; count++) home.visits.increment();
    const core = await host.openCore("home");
    await until("the relay has merged it", () => core.versionVector.get(a.replica.id) === 5);
    expect(connection.progress(home).durable).toBe(0);
    await relay.drain();
    await until("sent away", () => durables.length > 0);
    expect(durables[0]).toBe(5);
  });

  it("does not wait for ever for a store that hangs", async () => {
    const node = createNode(31, FAST);
    Object.defineProperty(node.host, "isStored", { value: true });
    node.host.durable = () => new Promise(() => {});
    const relay = keep(await serve(node.replica, { port: 0 }));
    const a = createNode(1, FAST);
    const home = await openHome(a);
    const connection = keep(await a.replica.connect(relay.url));
    home.visits.increment();
    await until("the relay has it", () => areEqual([a, node]));
    await relay.drain({ settleWithinMs: 50 });
    await until("sent away", () => connection.status !== "open");
  });

  it("spreads the hints, and those with no other relay wait for them", async () => {
    const node = createNode(31, FAST);
    const relay = keep(await serve(node.replica, { port: 0 }));
    const clients = Array.from({ length: 8 }, (_, index) => createNode(index + 1, FAST));
    const connections = await Promise.all(clients.map((client) => client.replica.connect(relay.url)));
    for (const connection of connections) keep(connection);
    const errors: string[] = [];
    for (const connection of connections) {
      connection.onStatus((status) => {
        if (status === "waiting") errors.push((connection as never as { error: Error }).error.message);
      });
    }
    await relay.drain({ retryAfterMs: 30_000 });
    await until("all are told", () => errors.length === 8);
    const hints = errors.map((message) => Number(/retry-after=(\d+)/.exec(message)?.[1]));
    expect(Math.min(...hints)).toBeGreaterThanOrEqual(30_000);
    expect(Math.max(...hints)).toBeLessThanOrEqual(60_000);
    expect(new Set(hints).size).toBeGreaterThan(4);
    await pause(400);
    expect(connections.map(({ status }) => status)).toEqual(connections.map(() => "waiting"));
  });
});
