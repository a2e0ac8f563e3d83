// The relay over real sockets: what applications see of connect, serve, synced, status and lag.
import { afterEach, describe, expect, it } from "vitest";
import { isCrdtError } from "../../host/errors.ts";
import type { NetworkOptions } from "../../host/net/index.ts";
import { messageTypeOf } from "../../host/net/messages.ts";
import { createMemoryTransports } from "../../host/platform/memory-transport.ts";
import { platform } from "../../host/platform/node.ts";
import type { Transport } from "../../host/platform/transport.ts";
import { type Relay, serve } from "../../host/relay.ts";
import { areEqual, converged, createNode, FAST, type Node, openHome, pause, until } from "./fleet.ts";
import { type Gate, gated } from "./gated-transport.ts";

const open: { close(): Promise<unknown> }[] = [];
const keep = <Closable extends { close(): Promise<unknown> }>(closable: Closable): Closable => {
  open.unshift(closable);
  return closable;
};
afterEach(async () => {
  for (const closable of open.splice(0)) await closable.close();
});

async function relayOn(node: Node, port = 0): Promise<Relay> {
  return keep(await serve(node.replica, { port }));
}

/** A client whose connections lead to `server` over memory, each end as `wrap` gives it. */
function clientOf(
  server: Node,
  options: NetworkOptions,
  wrap: (left: Transport, right: Transport) => readonly [Transport, Transport],
): Node {
  const connect = async () => {
    const [left, right] = wrap(...createMemoryTransports((deliver) => setImmediate(deliver)));
    server.hub.attach(right, "server");
    return left;
  };
  return createNode(1, options, { ...platform, connect });
}

describe("a relay over WebSockets", () => {
  it("joins two replicas, and synced means merged", async () => {
    const [a, b, c] = [createNode(1), createNode(2), createNode(3)];
    const relay = await relayOn(c);
    const [homeA, homeB] = [await openHome(a), await openHome(b)];
    const toRelay = keep(await a.replica.connect(relay.url));
    const fromB = keep(await b.replica.connect(relay.url));
    homeA.visits.increment(2);
    await toRelay.synced(homeA);
    expect(toRelay.lag).toBe(0);
    expect(areEqual([a, c])).toBe(true);
    await fromB.synced();
    expect(homeB.visits.value).toBe(2);
    expect(toRelay.peer).toBe(c.replica.id);
    expect(relay.documents()).toEqual([{ name: "home", receivers: 2 }]);
    expect(
      relay
        .peers()
        .map((peer) => peer.replica)
        .sort(),
    ).toEqual([a.replica.id, b.replica.id]);
  });

  it("has synced only when it said so: sent and even merged is not enough", async () => {
    const [server, gates] = [createNode(3), [] as Gate[]];
    const client = clientOf(server, { timing: { heartbeatMs: 60_000, repairMs: 60_000 } }, (left, right) => {
      const { gate, wrapped } = gated(right);
      gates.push(gate);
      return [left, wrapped];
    });
    const home = await openHome(client);
    const connection = keep(await client.replica.connect("memory:"));
    await connection.synced(home);
    gates[0]!.pause();
    home.visits.increment();
    let isSynced = false;
    const synced = connection.synced(home).then(() => {
      isSynced = true;
    });
    await converged([client, server]);
    await pause(50);
    expect([isSynced, connection.lag]).toEqual([false, 1]);
    gates[0]!.resume();
    await synced;
    expect(connection.lag).toBe(0);
  });

  it("has not synced while what was sent to it is lost", async () => {
    const server = createNode(3);
    let isLossy = true;
    const client = clientOf(server, FAST, (left, right) => {
      const send = left.send.bind(left);
      left.send = (bytes) => {
        if (!isLossy || messageTypeOf(bytes) !== "stream") send(bytes);
      };
      return [left, right];
    });
    const home = await openHome(client);
    const connection = keep(await client.replica.connect("memory:"));
    await connection.synced(home);
    home.visits.increment();
    let isSynced = false;
    const synced = connection.synced(home).then(() => {
      isSynced = true;
    });
    await pause(30);
    expect([isSynced, areEqual([client, server])]).toEqual([false, false]);
    isLossy = false;
    await synced;
    expect(areEqual([client, server])).toBe(true);
  });

  it("carries on after it was restarted elsewhere with nothing", async () => {
    const [a, b] = [createNode(1), createNode(2)];
    const [homeA, homeB] = [await openHome(a), await openHome(b)];
    const first = await serve(createNode(3).replica, { port: 0 });
    const connection = keep(await a.replica.connect(first.url));
    keep(await b.replica.connect(first.url));
    homeA.visits.increment();
    await connection.synced();
    await converged([a, b]);
    await first.close();
    await until("the loss is noticed", () => connection.status === "waiting");
    homeA.visits.increment();
    homeB.tags.add("offline");
    expect(connection.lag).toBe(1);
    const second = createNode(4);
    await relayOn(second, first.port);
    await converged([a, b, second]);
    await connection.synced();
    expect([connection.status, homeB.visits.value, [...homeA.tags]]).toEqual(["open", 2, ["offline"]]);
  });

  it("that refuses a document makes synced fail, not wait", async () => {
    const [a, c] = [createNode(1), createNode(3)];
    const relay = keep(await serve(c.replica, { port: 0, allowDocument: (name) => name !== "home" }));
    const home = await openHome(a);
    const refusals: string[] = [];
    a.hub.onEvent(({ kind }) => refusals.push(kind));
    const connection = keep(await a.replica.connect(relay.url));
    home.visits.increment();
    await until("the refusal", () => refusals.includes("refused"));
    await expect(connection.synced(home)).rejects.toMatchObject({ code: "connection-closed" });
    await expect(connection.synced("no such document")).rejects.toMatchObject({ code: "document-closed" });
    expect(connection.lag).toBe(1);
  });

  it("is left by close, which ends what waits, and says so", async () => {
    const [a, c] = [createNode(1), createNode(3)];
    const relay = await relayOn(c);
    const home = await openHome(a);
    const events: string[] = [];
    relay.onEvent(({ kind }) => events.push(kind));
    const connection = keep(await a.replica.connect(relay.url));
    const statuses: string[] = [];
    connection.onStatus((status) => statuses.push(status));
    await connection.synced();
    home.visits.increment();
    await connection.close();
    await until("the relay notices", () => events.includes("left"));
    // What was done just before still arrived.
    expect(areEqual([a, c])).toBe(true);
    expect([connection.status, statuses, events]).toEqual(["closed", ["closed"], ["joined", "left"]]);
    await expect(connection.synced()).rejects.toMatchObject({ code: "connection-closed" });
    expect(connection.bytesSent).toBeGreaterThan(0);
  });

  it("that is gone while somebody waits for it: the wait goes on until it is back", async () => {
    const [a, c] = [createNode(1), createNode(3)];
    const first = await serve(c.replica, { port: 0 });
    const home = await openHome(a);
    const connection = keep(await a.replica.connect(first.url));
    const statuses: string[] = [];
    connection.onStatus((status) => statuses.push(status));
    await connection.synced();
    await first.close();
    home.visits.increment();
    const synced = connection.synced(home);
    await until("the loss is noticed", () => connection.status !== "open");
    await relayOn(c, first.port);
    await synced;
    expect(areEqual([a, c])).toBe(true);
    expect(statuses.slice(0, 2)).toEqual(["waiting", "connecting"]);
    expect(statuses.at(-1)).toBe("open");
  });

  it("that is not there is an error, not a success", async () => {
    const a = createNode(1);
    const nobody = a.replica.connect("ws://127.0.0.1:1");
    await expect(nobody).rejects.toSatisfy((error) => isCrdtError(error, "connection-failed"));
    expect(a.replica.connections()).toEqual([]);
  });
});
