// How far a write has come: local, sent, merged, durable; each only when it is true, and durable never by a peer that
// has no store.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createReplica } from "../../host/create-replica.ts";
import type { NetworkOptions } from "../../host/net/index.ts";
import { hubOf } from "../../host/net/index.ts";
import { createMemoryTransports } from "../../host/platform/memory-transport.ts";
import { platform } from "../../host/platform/node.ts";
import type { Transport } from "../../host/platform/transport.ts";
import { serve } from "../../host/relay.ts";
import type { ReplicaHost, WriteProgress } from "../../host/replica/ports.ts";
import { hostOf, type Replica } from "../../host/replica/replica.ts";
import { converged, createNode, Home, type Node, openHome, pause, until } from "./fleet.ts";
import { type Gate, gated } from "./gated-transport.ts";

const QUIET: NetworkOptions = { timing: { heartbeatMs: 60_000, repairMs: 60_000 } };

const open: { close(): Promise<unknown> }[] = [];
const keep = <Closable extends { close(): Promise<unknown> }>(closable: Closable): Closable => {
  open.unshift(closable);
  return closable;
};
afterEach(async () => {
  for (const closable of open.splice(0)) await closable.close();
});

function storedReplica(): Promise<Replica> {
  const folder = mkdtempSync(joinPath(tmpdir(), "jarvis-progress-"));
  keep({ close: async () => rmSync(folder, { recursive: true, force: true }) });
  return createReplica({ storage: folder, engine: "baseline" }).then(keep);
}

/** A client whose connection leads to `server` over memory; the gate holds what the server sends. */
function gatedClient(server: ReplicaHost): { readonly client: Node; readonly gates: Gate[]; cut(): void } {
  const gates: Gate[] = [];
  const lefts: Transport[] = [];
  const connect = async () => {
    const [left, right] = createMemoryTransports((deliver) => setImmediate(deliver));
    const { gate, wrapped } = gated(right);
    gates.push(gate);
    lefts.push(left);
    hubOf(server).attach(wrapped, "server");
    return left;
  };
  const client = createNode(1, QUIET, { ...platform, connect });
  return { client, gates, cut: () => lefts.at(-1)!.terminate() };
}

/** Makes the store of a replica slow: `durable` resolves when `go` is called. */
function slowStore(host: ReplicaHost): { go(): void } {
  const durable = host.durable.bind(host);
  let go = () => {};
  const gate = new Promise<void>((resolve) => {
    go = resolve;
  });
  host.durable = async (core) => {
    await gate;
    await durable(core);
  };
  return { go: () => go() };
}

describe("progress", () => {
  it("goes from local to sent, to merged, to durable, each when it is true", async () => {
    const relay = await storedReplica();
    const { client, gates } = gatedClient(hostOf(relay));
    const home = await openHome(client);
    const connection = keep(await client.hub.connect("memory:"));
    await connection.synced(home);
    const store = slowStore(hostOf(relay));
    const states: string[] = [];
    connection.onProgress(({ state, written }) => states.push(`${written} ${state}`));
    expect(connection.progress(home)).toMatchObject({ written: 0, state: "durable" });
    gates[0]!.pause();
    home.transact(() => {
      home.visits.increment();
      // It may still be undone, so it has not been written yet.
      expect(connection.progress("home").written).toBe(0);
    });
    expect(connection.progress(home)).toEqual({
      document: "home",
      written: 1,
      stored: 0,
      sent: 1,
      merged: 0,
      durable: 0,
      state: "sent",
    });
    await until("the relay has it", () => gates[0]!.heldBytes > 0);
    await pause(30);
    expect(connection.progress(home).state).toBe("sent");
    gates[0]!.resume();
    await until("merged", () => connection.progress(home).state === "merged");
    await pause(60);
    expect(connection.progress(home)).toMatchObject({ merged: 1, durable: 0 });
    let isDurable = false;
    const durable = connection.durable(home).then(() => {
      isDurable = true;
    });
    await pause(30);
    expect(isDurable).toBe(false);
    store.go();
    await durable;
    await until("durable", () => connection.progress(home).state === "durable");
    expect(connection.progress(home)).toMatchObject({ written: 1, sent: 1, merged: 1, durable: 1 });
    await until("the events", () => states.at(-1) === "1 durable");
    expect(states.filter((state) => state.startsWith("1"))).toEqual(["1 sent", "1 merged", "1 durable"]);
  });

  it("is local while there is no connection, and sent falls back to merged when one is lost", async () => {
    const server = createNode(3, QUIET);
    const { client, gates, cut } = gatedClient(server.host);
    const home = await openHome(client);
    const connection = keep(await client.hub.connect("memory:"));
    home.visits.increment();
    await connection.synced(home);
    await until("merged", () => connection.progress(home).state === "merged");
    gates[0]!.pause();
    home.visits.increment();
    expect(connection.progress(home)).toMatchObject({ written: 2, sent: 2, merged: 1, state: "sent" });
    cut();
    await until("lost", () => connection.status !== "open");
    home.visits.increment();
    expect(connection.progress(home)).toMatchObject({ written: 3, sent: 1, merged: 1, state: "local" });
    await until("back", () => connection.progress(home).state === "merged");
    expect(connection.progress(home)).toMatchObject({ written: 3, sent: 3, merged: 3, durable: 0 });
  });

  it("says what the own store keeps, and what a peer had stored before", async () => {
    const [relay, replica] = [await storedReplica(), await storedReplica()];
    const served = keep(await serve(relay, { port: 0 }));
    const home = await replica.open("home", Home);
    const first = await replica.connect(served.url);
    home.visits.increment();
    home.tags.add("one");
    await first.durable();
    await home.durable();
    await first.close();
    const second = keep(await replica.connect(served.url));
    const events: WriteProgress[] = [];
    second.onProgress((progress) => events.push(progress));
    await until("the relay says what it has", () => events.at(-1)?.state === "durable");
    const all = { written: 2, stored: 2, sent: 2, merged: 2, durable: 2 };
    expect(events.at(-1)).toMatchObject(all);
    expect(second.progress(home)).toMatchObject(all);
  });

  it("counts from 0 under a new id", async () => {
    const relay = await storedReplica();
    const served = keep(await serve(relay, { port: 0 }));
    const client = createNode(1, QUIET);
    const home = await openHome(client);
    const connection = keep(await client.hub.connect(served.url));
    for (let count = 0; count < 3; count++) home.visits.increment();
    await connection.durable(home);
    await until("durable", () => connection.progress(home).durable === 3);
    client.host.rotateId("id-taken");
    home.visits.increment();
    expect(connection.progress(home)).toMatchObject({ written: 1, merged: 0, durable: 0 });
    await until("durable", () => connection.progress(home).durable === 1);
  });

  it("of a document that is not open is an error, and a listener that left hears nothing", async () => {
    const server = createNode(3, QUIET);
    const { client } = gatedClient(server.host);
    const home = await openHome(client);
    const connection = keep(await client.hub.connect("memory:"));
    expect(() => connection.progress("other")).toThrow(expect.objectContaining({ code: "document-closed" }));
    let heard = 0;
    const stop = connection.onProgress(() => heard++);
    await until("the first", () => heard > 0);
    stop();
    const before = heard;
    home.visits.increment();
    await connection.synced(home);
    await pause(40);
    expect(heard).toBe(before);
  });
});

describe("durable", () => {
  it("is refused by a peer without a store, now and after it waited for a connection", async () => {
    const server = createNode(3, QUIET);
    const { client, cut } = gatedClient(server.host);
    const home = await openHome(client);
    const connection = keep(await client.hub.connect("memory:"));
    home.visits.increment();
    await expect(connection.durable(home)).rejects.toMatchObject({ code: "no-store" });
    cut();
    await until("lost", () => connection.status !== "open");
    await expect(connection.durable()).rejects.toMatchObject({ code: "no-store" });
    await converged([client, server]);
  });

  it("waits while the peer's store fails, and resolves when it has stored after all", async () => {
    const relay = await storedReplica();
    const host = hostOf(relay);
    const durable = host.durable.bind(host);
    let isFull = true;
    host.durable = async (core) => {
      if (isFull) throw new Error("full");
      await durable(core);
    };
    const { client } = gatedClient(host);
    const home = await openHome(client);
    const connection = keep(await client.hub.connect("memory:"));
    home.visits.increment();
    let isDurable = false;
    const waiting = connection.durable(home).then(() => {
      isDurable = true;
    });
    await connection.synced(home);
    await pause(50);
    expect([isDurable, connection.progress(home).state]).toEqual([false, "merged"]);
    isFull = false;
    await waiting;
    expect(connection.progress(home).state).toBe("durable");
  });
});
