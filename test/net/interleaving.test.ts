// What a hasty or hostile peer does in between: giving up and asking again while a document opens, cutting answers
// into crumbs, reports nobody asked for, names without end; and listeners of the application that throw.
import { expect, it, vi } from "vitest";
import type { ReplicaId } from "../../host/engine/engine.ts";
import { CrdtError } from "../../host/errors.ts";
import { CONTAINERS_MAX } from "../../host/limits.ts";
import { unfoldDelta } from "../../host/net/delta-folding.ts";
import { IncomingDictionary } from "../../host/net/dictionary.ts";
import { DrainQueue } from "../../host/net/drain-queue.ts";
import { FrameReader } from "../../host/net/frame-reader.ts";
import { ACK_FLAGS } from "../../host/net/messages.ts";
import type { Outbound } from "../../host/net/outbound.ts";
import { platform } from "../../host/platform/node.ts";
import type { DocumentCore } from "../../host/replica/document-core.ts";
import { ByteWriter } from "../../host/wire/byte-writer.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";
import { areEqual, createNode, FAST, join, openHome, pause, until } from "./fleet.ts";
import { connectScripted, hello } from "./scripted-peer.ts";

/** Makes `node` open documents only when told. */
function holdOpening(node: { host: { openCore(name: string): Promise<DocumentCore> } }): () => void {
  const open = node.host.openCore.bind(node.host);
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  node.host.openCore = async (name) => {
    await held;
    return open(name);
  };
  return letGo;
}

const vectorOf = (count: number, first = 1) =>
  new VersionVector(
    Array.from({ length: count }, (_, index) => [
      (first + index).toString(16).padStart(16, "0") as ReplicaId,
      1,
    ]),
  );

it("a document closed and opened again while the server opens it flows both ways", async () => {
  const quiet = { timing: { heartbeatMs: 60_000, repairMs: 60_000 } };
  const [client, server] = [createNode(1, quiet), createNode(2, quiet)];
  const letGo = holdOpening(server);
  join(client, server);
  await until("the handshake", () => client.hub.sessions.length === 1 && server.hub.sessions.length === 1);
  await (await openHome(client)).close();
  const home = await openHome(client);
  await pause(5);
  letGo();
  home.visits.increment();
  await until("the first write is there", () => areEqual([client, server]), 2_000);
  home.visits.increment();
  await until("the second write is there", () => areEqual([client, server]), 2_000);
});

it("a document given up while the server opens it leaves no room behind", async () => {
  const server = createNode(2);
  const letGo = holdOpening(server);
  const peer = connectScripted(server);
  peer.say(hello());
  await peer.hear("hello");
  peer.say({ type: "subscribe", index: 3, name: "home", vector: new VersionVector() });
  peer.say({ type: "unsubscribe", index: 3 });
  await pause(5);
  letGo();
  await pause(5);
  expect([...server.hub.rooms]).toEqual([]);
  expect(peer.heard.map(({ type }) => type)).not.toContain("subscribe");
});

it("documents that are still being opened count against what a connection may ask for", async () => {
  const server = createNode(2, { ...FAST, documentsMax: 3 });
  const letGo = holdOpening(server);
  const peer = connectScripted(server);
  peer.say(hello());
  await peer.hear("hello");
  for (let index = 0; index < 9; index++) {
    peer.say({ type: "subscribe", index, name: `document ${index}`, vector: new VersionVector() });
  }
  await peer.hear("refuse");
  letGo();
  await until("three are open", () => [...server.host.documents()].length >= 3);
  await pause(5);
  expect([...server.host.documents()].length).toBe(3);
});

it("reports that nobody asked for, and replicas nobody knows, are not remembered", async () => {
  const server = createNode(2);
  await openHome(server);
  const peer = connectScripted(server);
  peer.say(hello());
  await peer.hear("hello");
  peer.say({ type: "subscribe", index: 0, name: "home", vector: new VersionVector() });
  await peer.hear("start");
  for (let token = 0; token < 5; token++) {
    peer.say({ type: "report", index: 0, token, flags: 0, vector: vectorOf(1_000, 1 + token * 1_000) });
  }
  await pause(20);
  const [session] = server.hub.sessions;
  expect(session!.linkOf("home")!.outbound.acknowledged.size).toBe(0);
});

it("an answer in crumbs is merged like any other", async () => {
  const [server, author] = [createNode(2), createNode(7)];
  const [home, written] = [await openHome(server), await openHome(author)];
  for (let index = 0; index < 40; index++) written.tags.add(`tag ${index}`);
  const bytes = written.snapshot();
  const peer = connectScripted(server);
  peer.say(hello());
  await peer.hear("hello");
  peer.say({ type: "subscribe", index: 0, name: "home", vector: new VersionVector() });
  for (let offset = 0; offset < bytes.length; offset += 3) {
    const part = bytes.subarray(offset, offset + 3);
    peer.say({ type: "answer", index: 0, totalBytes: bytes.length, offset, part });
  }
  await until("it is merged", () => home.tags.size === 40);
});

it("a folded delta cannot name more containers than a document may hold", () => {
  const name = "n".repeat(255);
  const dictionary = new IncomingDictionary([
    { kind: "replica", slot: 0, id: "00000000000000aa" as ReplicaId, baseSequence: 0, baseTime: 0 },
    { kind: "container", slot: 0, type: "map", name },
  ]);
  const writer = new ByteWriter();
  writer.varint(0);
  writer.varint(0);
  writer.varint(CONTAINERS_MAX + 1);
  for (let index = 0; index < CONTAINERS_MAX + 5; index++) writer.u8(0);
  const read = () => unfoldDelta(1 | 2 | 8, new FrameReader(writer.toBytes()), dictionary, 0);
  expect(read).toThrow(expect.objectContaining({ code: "protocol-error" }));
});

it("a listener that throws keeps no connection from opening, and its error surfaces", async () => {
  const surfaced: unknown[] = [];
  const original = queueMicrotask;
  vi.stubGlobal("queueMicrotask", (callback: () => void) =>
    original(() => {
      try {
        callback();
      } catch (error) {
        surfaced.push(error);
      }
    }),
  );
  try {
    const [client, server] = [createNode(1), createNode(2)];
    server.hub.onEvent(() => {
      throw new Error("thrown by a listener");
    });
    await Promise.all([openHome(client), openHome(server)]);
    const { cut } = join(client, server);
    await until(
      "both are joined",
      () => client.hub.sessions.length === 1 && server.hub.sessions.length === 1,
    );
    cut();
    await until("both have ended", () => client.hub.sessions.length + server.hub.sessions.length === 0);
    expect(surfaced.map(String)).toEqual(["Error: thrown by a listener", "Error: thrown by a listener"]);
  } finally {
    vi.unstubAllGlobals();
  }
});

it("what cannot be encoded when a timer asks for it ends the connection, not the process", async () => {
  const server = createNode(2);
  await openHome(server);
  const peer = connectScripted(server);
  peer.say(hello());
  await peer.hear("hello");
  peer.say({ type: "subscribe", index: 0, name: "home", vector: new VersionVector() });
  await peer.hear("start");
  const [room] = server.hub.rooms;
  room!.flush = () => {
    room!.flush = () => {};
    throw new CrdtError("limit-exceeded", "a delta of too many bytes");
  };
  expect(await peer.hear("goodbye")).toMatchObject({ code: "limit-exceeded" });
});

it("a queue that cannot go on says so to its connection", async () => {
  const failures: unknown[] = [];
  const queue = new DrainQueue(platform, { bufferedBytes: 0 }, (error) => failures.push(error));
  const outbound = {
    resume() {
      throw new Error("too large");
    },
  };
  queue.add(0, outbound as unknown as Outbound);
  await until("it was resumed", () => failures.length === 1);
});

it("a reporter whose store failed says so, and is asked again", async () => {
  const server = createNode(2);
  Object.defineProperty(server.host, "isStored", { value: true });
  let isFull = true;
  server.host.durable = async () => {
    if (isFull) throw new CrdtError("store-full", "the disk is full");
  };
  await openHome(server);
  const peer = connectScripted(server);
  peer.say(hello());
  await peer.hear("hello");
  peer.say({ type: "subscribe", index: 0, name: "home", vector: new VersionVector() });
  await peer.hear("start");
  peer.say({ type: "probe", index: 0, token: 1, flags: ACK_FLAGS.stored });
  expect(await peer.hear("report")).toMatchObject({ token: 1, flags: 0 });
  isFull = false;
  peer.say({ type: "probe", index: 0, token: 2, flags: ACK_FLAGS.stored });
  await until("the second report", () => peer.heard.some((m) => m.type === "report" && m.token === 2));
  expect(peer.heard.at(-1)).toMatchObject({ flags: ACK_FLAGS.stored });
});
