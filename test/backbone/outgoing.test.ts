// What a relay publishes: when deltas share a message, what the message says must have been seen before it, and what
// happens at the limits. No server here: messages are taken by hand.
import { expect, it } from "vitest";
import { decodeDeltas } from "../../host/backbone/messages.ts";
import { Outgoing, type OutgoingMessage } from "../../host/backbone/outgoing.ts";
import {
  BACKBONE_BACKLOG_BYTES_MAX,
  BACKBONE_BATCH_BYTES_MAX,
  BACKBONE_DELTAS_MAX,
  BACKBONE_IN_FLIGHT_MAX,
} from "../../host/limits.ts";
import { ByteWriter } from "../../host/wire/byte-writer.ts";
import { writeDeltaHeader } from "../../host/wire/delta-header.ts";
import type { ReplicaId } from "../../host/wire/replica-id.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";

const X = "0000000000000001" as ReplicaId;
const Y = "0000000000000002" as ReplicaId;
const Z = "0000000000000003" as ReplicaId;

/** The preamble of a stream delta is all that is looked at; `bytes` of nothing follow. */
function delta(id: ReplicaId, base: number, to: number, bytes = 4): Uint8Array {
  const writer = new ByteWriter();
  writeDeltaHeader(writer, {
    kind: "stream",
    baseTimestamp: 0,
    replicas: [{ id, base, to }],
    containers: [],
  });
  writer.append(new Uint8Array(bytes));
  return writer.toBytes();
}

function setUp(payloadBytesMax = 1_048_576) {
  const messages: OutgoingMessage[] = [];
  const settle: (() => void)[] = [];
  const owner = {
    relay: X,
    token: "home",
    canPublish: true,
    payloadBytesMax,
    losses: 0,
    publish(message: OutgoingMessage) {
      messages.push(message);
      return new Promise<void>((resolve) => settle.push(resolve));
    },
    lost() {
      owner.losses++;
    },
  };
  const outgoing = new Outgoing(
    owner,
    new VersionVector([
      [X, 5],
      [Y, 2],
    ]),
  );
  const requires = (index: number) => decodeDeltas(messages[index]!.bytes).requires.toJSON();
  return { outgoing, messages, settle, owner, requires };
}

it("deltas of a turn share a message that requires what was seen before them", () => {
  const { outgoing, messages, requires } = setUp();
  outgoing.add(delta(X, 5, 6), true);
  outgoing.add(delta(Y, 2, 4), true);
  outgoing.add(delta(X, 6, 7), true);
  outgoing.flush();
  expect(messages).toHaveLength(1);
  expect(messages[0]!.deltas).toHaveLength(3);
  expect(requires(0)).toEqual({ [X]: 5, [Y]: 2 });
  expect(messages[0]!.id).toBe(`home ${X}:5-6 ${Y}:2-4 ${X}:6-7`);
});

it("what comes from the backbone is required and not published", () => {
  const { outgoing, messages, requires } = setUp();
  outgoing.add(delta(X, 5, 6), true);
  outgoing.add(delta(Z, 0, 9), false);
  outgoing.add(delta(X, 6, 7), true);
  outgoing.flush();
  expect(messages.map(({ deltas }) => deltas.length)).toEqual([2]);
  expect(requires(0)).toEqual({ [X]: 5, [Y]: 2, [Z]: 9 });
});

it("a batch ends before what it could not say it requires", () => {
  const { outgoing, messages, requires } = setUp();
  outgoing.add(delta(X, 5, 6), true);
  outgoing.add(delta(X, 6, 8), false);
  outgoing.add(delta(Y, 2, 3), true);
  outgoing.flush();
  expect(messages.map(({ deltas }) => deltas.length)).toEqual([1, 1]);
  expect([requires(0), requires(1)]).toEqual([
    { [X]: 5, [Y]: 2 },
    { [X]: 8, [Y]: 2 },
  ]);
});

it("while enough are on their way, turns share a message", () => {
  const { outgoing, messages, settle } = setUp();
  for (let index = 0; index < BACKBONE_IN_FLIGHT_MAX + 5; index++) {
    outgoing.add(delta(X, 5 + index, 6 + index), true);
    outgoing.flush();
  }
  expect(messages).toHaveLength(BACKBONE_IN_FLIGHT_MAX);
  settle[0]!();
  return Promise.resolve().then(() => {
    expect(messages).toHaveLength(BACKBONE_IN_FLIGHT_MAX + 1);
    expect(messages.at(-1)!.deltas).toHaveLength(5);
    expect(outgoing.isIdle).toBe(false);
  });
});

it("a message holds neither more bytes nor more deltas than it may", () => {
  const { outgoing, messages } = setUp();
  outgoing.add(delta(X, 5, 6, BACKBONE_BATCH_BYTES_MAX - 200), true);
  outgoing.add(delta(X, 6, 7, 200), true);
  for (let index = 7; index < 7 + BACKBONE_DELTAS_MAX; index++)
    outgoing.add(delta(X, index, index + 1, 0), true);
  outgoing.flush();
  expect(messages.map(({ deltas }) => deltas.length)).toEqual([1, BACKBONE_DELTAS_MAX, 1]);
});

it("a delta too large for a message, or for the server, is left to be filled in", () => {
  for (const [payloadBytesMax, bytes] of [
    [1_048_576, BACKBONE_BATCH_BYTES_MAX],
    [4_096, 4_096],
  ] as const) {
    const { outgoing, messages, owner, requires } = setUp(payloadBytesMax);
    outgoing.add(delta(X, 5, 6), true);
    outgoing.add(delta(X, 6, 7, bytes), true);
    outgoing.add(delta(Y, 2, 3), true);
    outgoing.flush();
    expect([owner.losses, messages.length]).toEqual([1, 2]);
    expect(requires(1)).toEqual({ [X]: 7, [Y]: 2 });
  }
});

it("a backlog above its limit is dropped and left to be filled in", () => {
  const { outgoing, messages, owner } = setUp();
  let sequence = 5;
  const add = (bytes: number) => {
    outgoing.add(delta(X, sequence, sequence + 1, bytes), true);
    sequence++;
  };
  for (let index = 0; index < BACKBONE_IN_FLIGHT_MAX; index++) {
    add(4);
    outgoing.flush();
  }
  const half = BACKBONE_BATCH_BYTES_MAX / 2 + 1;
  for (let index = 0; index * half < BACKBONE_BACKLOG_BYTES_MAX; index++) add(half);
  expect(owner.losses).toBe(0);
  for (let index = 0; index < 3; index++) add(half);
  expect([owner.losses, messages.length]).toEqual([1, BACKBONE_IN_FLIGHT_MAX]);
});

it("ids of many deltas stay short and differ", () => {
  const ids = [5, 6].map((first) => {
    const { outgoing, messages } = setUp();
    for (let index = first; index < first + 100; index++) outgoing.add(delta(X, index, index + 1), true);
    outgoing.flush();
    return messages[0]!.id;
  });
  expect(ids[0]).not.toBe(ids[1]);
  for (const id of ids) expect(id.length).toBeLessThan(100);
});
