// The frame codec: every message comes back as it went, folded deltas come back byte for byte, and what is damaged
// is refused.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ReplicaId } from "../../host/engine/engine.ts";
import { isCrdtError } from "../../host/errors.ts";
import { DICTIONARY_SLOTS_MAX } from "../../host/limits.ts";
import { foldDelta, type UnfoldedDelta } from "../../host/net/delta-folding.ts";
import { type Definition, IncomingDictionary, OutgoingDictionary } from "../../host/net/dictionary.ts";
import { decodeMessage, encodeMessage, type Message } from "../../host/net/messages.ts";
import { encodeStreamFrame, StreamFrame } from "../../host/net/stream-frame.ts";
import { ByteWriter } from "../../host/wire/byte-writer.ts";
import { type DeltaHeader, readDeltaHeader, writeDeltaHeader } from "../../host/wire/delta-header.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";

const CONTAINER_TYPES = ["counter", "register", "map", "set", "flag", "log"] as const;
const id = fc
  .bigInt({ min: 1n, max: 2n ** 64n - 1n })
  .map((value) => value.toString(16).padStart(16, "0") as ReplicaId);
const sequence = fc.integer({ min: 1, max: 2 ** 32 - 2 });
const number = fc.nat(255);
const varint = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const text = fc.string({ maxLength: 60, unit: "grapheme" }).filter((value) => Buffer.byteLength(value) < 256);
const vector = fc.array(fc.tuple(id, sequence)).map((rows) => new VersionVector(rows));
const slot = fc.nat(DICTIONARY_SLOTS_MAX - 1);
const definition: fc.Arbitrary<Definition> = fc.oneof(
  fc.record({ kind: fc.constant("replica" as const), slot, id, baseSequence: sequence, baseTime: varint }),
  fc.record({
    kind: fc.constant("container" as const),
    slot,
    type: fc.constantFrom(...CONTAINER_TYPES),
    name: text.filter((name) => name !== ""),
  }),
);
const definitions = fc.array(definition);
const is = <Type extends string>(type: Type) => fc.constant(type);

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    type: is("hello"),
    versionMin: number,
    versionMax: number,
    replica: id,
    incarnation: id,
    clockMs: varint,
    features: varint,
    label: text,
  }),
  fc.record({ type: is("subscribe"), index: varint, name: text, vector }),
  fc.record({ type: is("unsubscribe"), index: varint }),
  fc.record({ type: is("refuse"), name: text, reason: number, explanation: text }),
  fc.record({ type: is("start"), index: varint, number, vector, definitions }),
  fc.record({ type: is("dictionary"), index: varint, number, definitions }),
  fc.record({
    type: is("ack"),
    index: varint,
    flags: number,
    number,
    leftOut: varint,
    expected: number,
    rows: fc.array(fc.record({ replica: fc.oneof(fc.nat(2 ** 20), id), sequence })),
  }),
  fc.record({ type: is("probe"), index: varint, token: varint, flags: number }),
  fc.record({ type: is("report"), index: varint, token: varint, flags: number, vector }),
  fc.record({ type: fc.constantFrom("ping" as const, "pong" as const), token: varint }),
  fc.record({ type: is("clock"), offMs: varint, isReceiverAhead: fc.boolean() }),
  fc.record({
    type: is("goodbye"),
    retry: fc.constantFrom("no" as const, "yes" as const, "new-id" as const),
    code: text,
    explanation: text,
  }),
  fc
    .tuple(varint, fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(1_000), fc.nat(1_000))
    .map(([index, part, offset, rest]) => ({
      type: "answer" as const,
      index,
      totalBytes: offset + part.length + rest,
      offset,
      part,
    })),
);

/** A vector as comparable rows; everything else as it is. */
const plain = (value: Message): unknown =>
  "vector" in value ? { ...value, vector: value.vector.rows() } : value;
const isProtocolError = (act: () => unknown): boolean => {
  try {
    act();
    return false;
  } catch (error) {
    return isCrdtError(error, "protocol-error");
  }
};

describe("control frames", () => {
  it("come back as they went", () => {
    fc.assert(
      fc.property(message, (sent) => {
        expect(plain(decodeMessage(encodeMessage(sent)))).toEqual(plain(sent));
      }),
      { numRuns: 2_000 },
    );
  });

  it("with any bit flipped before the part of an answer are refused", () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.nat(7), (sent, place, bit) => {
        const bytes = encodeMessage(sent);
        const checked = bytes.length - (sent.type === "answer" ? sent.part.length : 0);
        bytes[place % checked]! ^= 1 << bit;
        if (bytes[0]! >= 0x80 || bytes[0] === 8) return;
        expect(isProtocolError(() => decodeMessage(bytes))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it("cut short are refused", () => {
    fc.assert(
      fc.property(
        message.filter(({ type }) => type !== "answer"),
        fc.nat(),
        (sent, length) => {
          const bytes = encodeMessage(sent);
          expect(isProtocolError(() => decodeMessage(bytes.subarray(0, length % bytes.length)))).toBe(true);
        },
      ),
    );
  });

  it("cut texts that are too long between characters", () => {
    const sent = { type: "goodbye", retry: "no", code: "c", explanation: "ä".repeat(200) } as const;
    expect(decodeMessage(encodeMessage(sent))).toMatchObject({ explanation: "ä".repeat(127) });
  });
});

const header = fc
  .record({
    kind: fc.constantFrom("stream" as const, "stream" as const, "stream" as const, "delta" as const),
    baseTimestamp: fc.oneof(fc.constant(0), fc.nat({ max: 2 ** 50 })),
    rows: fc.uniqueArray(fc.tuple(fc.nat(5), fc.nat(100_000), fc.nat(3)), {
      maxLength: 4,
      selector: ([replica]) => replica,
    }),
    containers: fc.uniqueArray(fc.nat(4), { maxLength: 3 }),
  })
  .map(({ kind, baseTimestamp, rows, containers }) => ({
    kind,
    baseTimestamp,
    replicas: rows
      .sort(([left], [right]) => left - right)
      .map(([replica, base, advance]) => ({
        id: `000000000000000${replica + 1}` as ReplicaId,
        base: base + 1,
        to: base + 1 + advance,
      })),
    containers: containers.map((index) => ({ type: CONTAINER_TYPES[index]!, name: `container ${index}` })),
  }));

function deltaOf(preamble: Omit<DeltaHeader, "bodyOffset">, body: Uint8Array): Uint8Array {
  const writer = new ByteWriter();
  writeDeltaHeader(writer, preamble);
  writer.append(body);
  return writer.toBytes();
}

function unfoldAll(frame: StreamFrame, dictionary: IncomingDictionary, nameHash: number): UnfoldedDelta[] {
  const deltas: UnfoldedDelta[] = [];
  frame.unfold(dictionary, nameHash, (delta) => deltas.push(delta) > 0);
  return deltas;
}

describe("stream frames", () => {
  it("give back the very deltas, whatever the dictionary has seen before", () => {
    const turn = fc.array(fc.tuple(header, fc.uint8Array({ minLength: 8, maxLength: 40 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 5 }), (turns) => {
        const outgoing = new OutgoingDictionary();
        const incoming = new IncomingDictionary();
        for (const [turnIndex, deltas] of turns.entries()) {
          const sent = deltas.map(([preamble, body]) => deltaOf(preamble, body));
          for (const bytes of sent) {
            const folded = foldDelta(bytes, readDeltaHeader(bytes), outgoing, 0x1234_5678);
            incoming.define(outgoing.takeUntold());
            const frame = new StreamFrame(encodeStreamFrame(300, turnIndex, [folded]));
            expect([frame.index, frame.number]).toEqual([300, turnIndex]);
            const [unfolded] = unfoldAll(frame, incoming, 0x1234_5678);
            expect(unfolded!.bytes).toEqual(bytes);
            if (unfolded!.header !== undefined)
              expect(unfolded!.header).toMatchObject(readDeltaHeader(bytes));
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("of several deltas give all of them", () => {
    const outgoing = new OutgoingDictionary();
    const replicas = [{ id: "00000000000000ff" as ReplicaId, base: 7, to: 8 }];
    const sent = [1, 2, 3].map((length) =>
      deltaOf(
        { kind: "stream", baseTimestamp: 2 ** 41, replicas, containers: [{ type: "map", name: "settings" }] },
        new Uint8Array(length * 10).fill(length),
      ),
    );
    const folded = sent.map((bytes) => foldDelta(bytes, readDeltaHeader(bytes), outgoing, 9));
    const incoming = new IncomingDictionary(outgoing.whole());
    const frame = new StreamFrame(encodeStreamFrame(0, 255, folded));
    expect(unfoldAll(frame, incoming, 9).map(({ bytes }) => bytes)).toEqual(sent);
  });

  it("of another document do not give a delta that would be merged", () => {
    const outgoing = new OutgoingDictionary();
    const replicas = [{ id: "00000000000000ff" as ReplicaId, base: 7, to: 8 }];
    const bytes = deltaOf({ kind: "stream", baseTimestamp: 0, replicas, containers: [] }, new Uint8Array(20));
    const folded = foldDelta(bytes, readDeltaHeader(bytes), outgoing, 1);
    const frame = new StreamFrame(encodeStreamFrame(0, 0, [folded]));
    const [other] = unfoldAll(frame, new IncomingDictionary(outgoing.whole()), 2);
    expect(other!.bytes.slice(0, -4)).toEqual(bytes.slice(0, -4));
    expect(other!.bytes.slice(-4)).not.toEqual(bytes.slice(-4));
  });
});

describe("a dictionary", () => {
  it("that is full lets deltas travel raw", () => {
    const outgoing = new OutgoingDictionary();
    const idOf = (index: number) => (index + 1).toString(16).padStart(16, "0") as ReplicaId;
    for (let index = 0; index < DICTIONARY_SLOTS_MAX; index++) outgoing.replica(idOf(index), 1, 1);
    const replicas = [{ id: idOf(DICTIONARY_SLOTS_MAX), base: 0, to: 1 }];
    const bytes = deltaOf({ kind: "stream", baseTimestamp: 5, replicas, containers: [] }, new Uint8Array(20));
    const folded = foldDelta(bytes, readDeltaHeader(bytes), outgoing, 3);
    expect(folded.body.length).toBe(bytes.length);
    const incoming = new IncomingDictionary(outgoing.whole());
    const [unfolded] = unfoldAll(new StreamFrame(encodeStreamFrame(0, 0, [folded])), incoming, 3);
    expect(unfolded).toEqual({ bytes, header: undefined });
  });

  it("refuses slots out of turn and slots given twice", () => {
    const replica = (slotIndex: number, index: number): Definition => ({
      kind: "replica",
      slot: slotIndex,
      id: index.toString(16).padStart(16, "0") as ReplicaId,
      baseSequence: 1,
      baseTime: 1,
    });
    const container = (slotIndex: number, name: string): Definition => ({
      kind: "container",
      slot: slotIndex,
      type: "map",
      name,
    });
    const attempts = [
      [replica(1, 1)],
      [replica(0, 1), replica(0, 2)],
      [replica(0, 1), replica(1, 1)],
      [container(1, "a")],
      [container(0, "a"), container(0, "b")],
    ];
    for (const attempt of attempts) expect(isProtocolError(() => new IncomingDictionary(attempt))).toBe(true);
    expect(
      () => new IncomingDictionary([replica(0, 1), replica(0, 1), container(0, "a"), container(0, "a")]),
    ).not.toThrow();
  });
});
