// Presence: the last value of each replica, over relays that decode nothing, gone when its author leaves or falls
// silent, bounded in bytes, peers and time, and never in the way of documents.
import { describe, expect, it } from "vitest";
import {
  PRESENCE_BYTES_PER_SECOND,
  PRESENCE_PEERS_MAX,
  PRESENCE_STATES_PER_FRAME_MAX,
  PRESENCE_VALUE_BYTES_MAX,
} from "../../host/limits.ts";
import { encodeExtensionFrame } from "../../host/net/extension.ts";
import { PRESENCE_LIFETIME_MS, writeState } from "../../host/net/presence-table.ts";
import type { Transport } from "../../host/platform/transport.ts";
import type { DocumentPresence } from "../../host/replica/ports.ts";
import type { ByteWriter } from "../../host/wire/byte-writer.ts";
import type { ReplicaId } from "../../host/wire/replica-id.ts";
import { encodeValue } from "../../host/wire/value-codec.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";
import { converged, createNode, type Node, openHome, pause, until } from "./fleet.ts";
import { type Gate, gated } from "./gated-transport.ts";
import { connectScripted, hello, type ScriptedPeer } from "./scripted-peer.ts";
import { VirtualTime } from "./virtual-time.ts";

const QUIET = { timing: { heartbeatMs: 1_000_000, repairMs: 1_000_000, handshakeMs: 1_000_000 } };
const FEATURE = 1 << 3;
const TYPE = 17;

/** Nodes in virtual time with "home" open, and what each sees of it. */
async function world(count: number) {
  const time = new VirtualTime(count);
  const nodes = Array.from({ length: count }, (_, index) => createNode(index + 1, QUIET, time.platform()));
  for (const node of nodes) await openHome(node);
  const cuts: (() => void)[] = [];
  return {
    time,
    nodes,
    cuts,
    presences: nodes.map((node) => node.hub.presence("home")),
    join(client: number, server: number, wrap: (transport: Transport) => Transport = (same) => same) {
      const [left, right] = time.transports();
      nodes[server]!.hub.attach(wrap(right), "server");
      nodes[client]!.hub.attach(left, "client");
      cuts.push(() => left.terminate());
    },
  };
}

const seen = (presence: DocumentPresence) => Object.fromEntries([...presence.peers].sort());
const idOf = (node: Node): string => node.replica.id;

describe("presence", () => {
  it("shows what others say of themselves, to those who come later too, and tells changes once", async () => {
    const { time, nodes, presences, join } = await world(4);
    const [, relay] = [nodes[3], 3];
    const changes: unknown[] = [];
    presences[1]!.subscribe(({ replica, value }) => changes.push([replica, value]));
    join(0, relay);
    join(1, relay);
    presences[0]!.set({ name: "Ada", cursor: 1 });
    await time.advance(200);
    expect(seen(presences[1]!)).toEqual({ [idOf(nodes[0]!)]: { name: "Ada", cursor: 1 } });
    expect(seen(presences[0]!)).toEqual({});
    join(2, relay);
    await time.advance(200);
    expect(seen(presences[2]!)).toEqual(seen(presences[1]!));
    presences[0]!.set({ name: "Ada", cursor: 2 });
    await time.advance(200);
    await time.advance(PRESENCE_LIFETIME_MS * 3);
    expect(seen(presences[1]!)).toEqual({ [idOf(nodes[0]!)]: { name: "Ada", cursor: 2 } });
    presences[0]!.leave();
    await time.advance(200);
    expect(seen(presences[2]!)).toEqual({});
    expect(changes).toEqual([
      [idOf(nodes[0]!), { name: "Ada", cursor: 1 }],
      [idOf(nodes[0]!), { name: "Ada", cursor: 2 }],
      [idOf(nodes[0]!), undefined],
    ]);
  });

  it("of one who is cut off is gone after its lifetime, and not before", async () => {
    const { time, presences, join, cuts } = await world(3);
    join(0, 2);
    join(1, 2);
    presences[0]!.set("here");
    await time.advance(100);
    cuts[0]!();
    await time.advance(PRESENCE_LIFETIME_MS - 12_000);
    expect(presences[1]!.peers.size).toBe(1);
    await time.advance(15_000);
    expect(presences[1]!.peers.size).toBe(0);
  });

  it("does not live on by being handed round", async () => {
    const { time, presences, join, cuts } = await world(4);
    join(0, 1);
    presences[0]!.set("here");
    await time.advance(100);
    cuts[0]!();
    // Three that meet again and again: each tells the other what it knows.
    for (let round = 0; round < 12; round++) {
      join(1 + (round % 3), 1 + ((round + 1) % 3));
      await time.advance(4_000);
      cuts.at(-1)!();
      await time.advance(10);
    }
    expect(presences.slice(1).map(({ peers }) => peers.size)).toEqual([0, 0, 0]);
  });

  it("goes round a ring once", async () => {
    const { time, nodes, presences, join } = await world(3);
    join(0, 1);
    join(1, 2);
    join(2, 0);
    await time.advance(100);
    const bytes = () =>
      nodes.flatMap(({ hub }) => hub.sessions).reduce((sum, { bytesSent }) => sum + bytesSent, 0);
    presences[0]!.set("round");
    await time.advance(500);
    expect(presences[1]!.peers.size + presences[2]!.peers.size).toBe(2);
    const before = bytes();
    await time.advance(5_000);
    expect(bytes() - before).toBe(0);
  });

  it("sends many changes of a moment as few, and the last one always", async () => {
    const { time, nodes, presences, join } = await world(2);
    join(0, 1);
    await time.advance(100);
    const [session] = nodes[0]!.hub.sessions;
    const before = session!.bytesSent;
    let told = 0;
    presences[1]!.subscribe(() => told++);
    for (let step = 0; step < 1_000; step++) {
      presences[0]!.set({ step });
      await time.advance(1);
    }
    await time.advance(100);
    expect(seen(presences[1]!)).toEqual({ [idOf(nodes[0]!)]: { step: 999 } });
    expect(told).toBeLessThanOrEqual(22);
    expect(session!.bytesSent - before).toBeLessThan(22 * 60);
  });

  it("follows its replica to a new id, and a restart with an older clock", async () => {
    const { time, nodes, presences, join, cuts } = await world(2);
    join(0, 1);
    presences[0]!.set("one");
    await time.advance(100);
    const old = idOf(nodes[0]!);
    nodes[0]!.host.rotateId("id-taken");
    await time.advance(100);
    expect(seen(presences[1]!)).toEqual({ [idOf(nodes[0]!)]: "one" });
    expect(presences[1]!.peers.has(old as ReplicaId)).toBe(false);
    cuts[0]!();
    const again = createNode(idOf(nodes[0]!), QUIET, { ...time.platform(), now: () => 1_000 });
    await openHome(again);
    const presence = again.hub.presence("home");
    presence.set("two");
    const [left, right] = time.transports();
    nodes[1]!.hub.attach(right, "server");
    again.hub.attach(left, "client");
    await time.advance(11_000);
    expect(seen(presences[1]!)).toEqual({ [idOf(nodes[0]!)]: "two" });
  });

  it("ends with the document and with the replica, which say so", async () => {
    const { time, nodes, presences, join } = await world(3);
    join(0, 2);
    join(1, 2);
    presences[0]!.set(1);
    presences[1]!.set(2);
    await time.advance(100);
    expect(presences[2]!.peers.size).toBe(2);
    presences[0]!.close();
    const closing = nodes[1]!.hub.close();
    await time.advance(2_000);
    await closing;
    expect(presences[2]!.peers.size).toBe(0);
    expect(() => nodes[2]!.hub.presence("other")).toThrow(
      expect.objectContaining({ code: "document-closed" }),
    );
  });

  it("is reached through the replica", async () => {
    const [a, b] = [createNode(1), createNode(2)];
    const home = await openHome(a);
    const [left, right] = new VirtualTime().transports();
    b.hub.attach(right, "server");
    left.terminate();
    const presence = await a.replica.presence(home);
    expect(presence.peers.size).toBe(0);
    expect(await a.replica.presence("home")).toBe(presence);
    await expect(a.replica.presence("none")).rejects.toMatchObject({ code: "document-closed" });
  });
});

describe("limits of presence", () => {
  it("a value just over its bytes is refused, and one that is none", async () => {
    const { presences } = await world(1);
    presences[0]!.set("x".repeat(PRESENCE_VALUE_BYTES_MAX - 3));
    const large = () => presences[0]!.set("x".repeat(PRESENCE_VALUE_BYTES_MAX - 2));
    expect(large).toThrow(expect.objectContaining({ code: "limit-exceeded" }));
    expect(() => presences[0]!.set(Symbol() as never)).toThrow(
      expect.objectContaining({ code: "invalid-value" }),
    );
  });

  it("a peer that reads slowly gets the last value when it reads again, and documents do not wait", async () => {
    const { time, nodes, presences, join } = await world(2);
    const gates: Gate[] = [];
    join(0, 1, (transport) => {
      const { gate, wrapped } = gated(transport);
      gates.push(gate);
      return wrapped;
    });
    await time.advance(100);
    gates[0]!.pause();
    for (let step = 0; step < 2_000; step++) {
      presences[1]!.set({ step, text: "x".repeat(900) });
      await time.advance(20);
    }
    // What went out before it was full, and no more.
    expect(gates[0]!.heldBytes).toBeLessThan(65_536 + 2_000);
    gates[0]!.resume();
    await time.advance(200);
    expect(seen(presences[0]!)).toMatchObject({ [idOf(nodes[1]!)]: { step: 1_999 } });
  });

  it("a connection carries so many bytes a second, and everybody comes through in the end", async () => {
    const { time, nodes, presences, join } = await world(2);
    join(0, 1);
    await time.advance(100);
    const peer = scripted(nodes[1]!);
    await ready(peer, time);
    const text = "x".repeat(1_000);
    for (let id = 1; id <= 200; id++) peer.state(id, 1, { text });
    await settle(time, 1);
    const [session] = nodes[0]!.hub.sessions;
    const start = session!.bytesReceived;
    await settle(time, 500);
    const first = session!.bytesReceived - start;
    expect(first).toBeLessThan(PRESENCE_BYTES_PER_SECOND * 1.6);
    await settle(time, 4_000);
    // More than one connection's share in came at once: those beyond it were not looked at.
    expect(presences[0]!.peers.size).toBeGreaterThan(100);
    expect(presences[0]!.peers.size).toBeLessThan(200);
  });

  it("a document knows so many peers, and one that is ours besides", async () => {
    const { time, nodes, presences } = await world(1);
    const peer = scripted(nodes[0]!);
    await ready(peer, time);
    for (let id = 1; id <= PRESENCE_PEERS_MAX + 1; id++) {
      peer.state(id, 1, null);
      if (id % 200 === 0) await settle(time, 200);
    }
    await settle(time, 200);
    expect(presences[0]!.peers.size).toBe(PRESENCE_PEERS_MAX);
    presences[0]!.set("I am here");
    await settle(time, 200);
    expect(peer.heardPresence()).toBeGreaterThan(0);
  });

  it("hostile frames end the connection, strange values show nobody, and stale ones change nothing", async () => {
    const { time, nodes, presences } = await world(1);
    const peer = scripted(nodes[0]!);
    await ready(peer, time);
    peer.raw(5, 7, Uint8Array.of(0xff, 0xff));
    peer.state(6, 9, "new");
    peer.state(6, 9, "same counter");
    peer.state(6, 8, "older");
    await settle(time, 50);
    expect(Object.values(seen(presences[0]!))).toEqual(["new"]);
    const wrong: ((writer: ByteWriter) => void)[] = [
      (writer) => writer.varint(0),
      (writer) => writer.varint(PRESENCE_STATES_PER_FRAME_MAX + 1),
      (writer) => {
        writer.varint(1);
        writer.replicaId("00000000000000cc" as ReplicaId);
        writer.varint(1);
        writer.varint(PRESENCE_LIFETIME_MS + 1);
        writer.u8(1);
      },
      (writer) => {
        writer.varint(1);
        writer.replicaId("00000000000000cc" as ReplicaId);
        writer.varint(1);
        writer.varint(0);
        writer.u8(2);
      },
      (writer) => {
        writer.varint(1);
        writer.replicaId("00000000000000cc" as ReplicaId);
        writer.varint(1);
        writer.varint(0);
        writer.u8(0);
        writer.varint(PRESENCE_VALUE_BYTES_MAX + 1);
        writer.append(new Uint8Array(PRESENCE_VALUE_BYTES_MAX + 1));
      },
    ];
    for (const [index, write] of wrong.entries()) {
      const hostile = scripted(nodes[0]!, 100 + index);
      await ready(hostile, time);
      hostile.frame(write);
      await settle(time, 50);
      expect(await hostile.peer.hear("goodbye")).toMatchObject({ code: "protocol-error" });
    }
    expect(Object.values(seen(presences[0]!))).toEqual(["new"]);
  });
});

interface ScriptedPresence {
  readonly peer: ScriptedPeer;
  frame(write: (writer: ByteWriter) => void): void;
  raw(id: number, counter: number, value: Uint8Array): void;
  state(id: number, counter: number, value: unknown): void;
  heardPresence(): number;
}

const hex = (id: number): ReplicaId => id.toString(16).padStart(16, "0").replace(/^0/, "f") as ReplicaId;

/** A peer that says hello, carries "home" as its document 0, and then says of presence what the test wants. */
function scripted(node: Node, id = 0): ScriptedPresence {
  const peer = connectScripted(node);
  const replica = `${(0xaa00 + id).toString(16)}`.padStart(16, "0") as ReplicaId;
  const label = "scripted";
  peer.say(hello({ features: FEATURE, replica, label, clockMs: node.host.platform.now() }));
  peer.say({ type: "subscribe", index: 0, name: "home", vector: new VersionVector() });
  const frame = (write: (writer: ByteWriter) => void) =>
    peer.transport.send(
      encodeExtensionFrame(TYPE, (writer) => {
        writer.varint(0);
        write(writer);
      }),
    );
  const raw = (of: number, counter: number, value: Uint8Array) =>
    frame((writer) => {
      writer.varint(1);
      writeState(writer, { replica: hex(of), counter, value, bornAtMs: 0 }, 0);
    });
  return {
    peer,
    frame,
    raw,
    state: (of, counter, value) => raw(of, counter, encodeValue(value)),
    heardPresence: () =>
      peer.heard.filter((message) => message.type === "extension" && message.bytes[0] === TYPE).length,
  };
}

async function ready(peer: ScriptedPresence, time: VirtualTime): Promise<void> {
  await settle(time, 1);
  await peer.peer.hear("start");
}

/** The scripted peer lives in real time, the node in virtual time. */
async function settle(time: VirtualTime, ms: number): Promise<void> {
  await pause(2);
  await time.advance(ms);
  await pause(2);
}

it("documents go on while presence is heavy", async () => {
  const [a, b, relay] = [createNode(1), createNode(2), createNode(3)];
  const home = await openHome(a);
  await openHome(b);
  const { join } = await import("./fleet.ts");
  join(a, relay);
  join(b, relay);
  const presence = a.hub.presence("home");
  const other = b.hub.presence("home");
  for (let step = 0; step < 200; step++) {
    presence.set({ step });
    home.visits.increment();
    if (step % 20 === 0) await pause(0);
  }
  await converged([a, b, relay]);
  await until("the last value", () => JSON.stringify([...other.peers.values()]) === '[{"step":199}]');
  await Promise.all([a, b].map((node) => node.hub.close()));
});
