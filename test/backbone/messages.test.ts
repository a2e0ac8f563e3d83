// What relays say over NATS, byte by byte: it comes back as it went, and nothing damaged is taken.
import { expect, it } from "vitest";
import {
  decodeDeltas,
  decodePart,
  decodePointer,
  decodeQuestion,
  decodeVector,
  encodeDeltas,
  encodePart,
  encodePointer,
  encodeQuestion,
  encodeVector,
} from "../../host/backbone/messages.ts";
import { settingsOf } from "../../host/backbone/options.ts";
import { encodeDocument, Subjects, shardOf } from "../../host/backbone/subjects.ts";
import { isCrdtError } from "../../host/errors.ts";
import { BACKBONE_DELTAS_MAX, BACKBONE_SHARDS } from "../../host/limits.ts";
import type { ReplicaId } from "../../host/wire/replica-id.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";

const relay = "00000000000000ab" as ReplicaId;
const vector = new VersionVector([
  [relay, 3],
  ["ffffffffffffffff" as ReplicaId, 70_000],
]);
const pointer = { object: "a.1", previous: "a.0", streamCreated: "2026-01-01", sequence: 2 ** 40, vector };
const deltas = [new Uint8Array([1, 2, 3]), new Uint8Array(0), new Uint8Array(300).fill(9)];
const cases: readonly [string, Uint8Array, (bytes: Uint8Array) => unknown, unknown][] = [
  [
    "deltas",
    encodeDeltas({ relay, requires: vector, deltas }),
    decodeDeltas,
    { relay, requires: vector, deltas },
  ],
  [
    "vector",
    encodeVector({ relay, vector, wantsAnswer: true }),
    decodeVector,
    { relay, vector, wantsAnswer: true },
  ],
  ["question", encodeQuestion({ document: "hö", vector }), decodeQuestion, { document: "hö", vector }],
  [
    "part",
    encodePart({ totalBytes: 10, offset: 4, bytes: new Uint8Array([5]) }),
    decodePart,
    { totalBytes: 10, offset: 4, bytes: new Uint8Array([5]) },
  ],
  ["pointer", encodePointer(pointer), decodePointer, pointer],
];

const refused = (decode: () => unknown): boolean => {
  try {
    decode();
    return false;
  } catch (error) {
    if (!isCrdtError(error, "protocol-error")) throw error;
    return true;
  }
};

it.each(cases)("%s come back as they went", (_name, bytes, decode, value) => {
  expect(JSON.stringify(decode(bytes))).toBe(JSON.stringify(value));
});

it.each(cases)("%s that are flipped, cut or of another kind are refused", (_name, bytes, decode) => {
  for (let offset = 0; offset < bytes.length; offset++) {
    const flipped = bytes.slice();
    flipped[offset]! ^= 1 << (offset % 8);
    expect(refused(() => decode(flipped))).toBe(true);
    expect(refused(() => decode(bytes.subarray(0, offset)))).toBe(true);
  }
  for (const [, other, ,] of cases) if (other !== bytes) expect(refused(() => decode(other))).toBe(true);
});

it("more deltas than a message may have are refused", () => {
  const empty = new Uint8Array(0);
  const most = Array.from({ length: BACKBONE_DELTAS_MAX }, () => empty);
  const requires = new VersionVector();
  expect(decodeDeltas(encodeDeltas({ relay, requires, deltas: most })).deltas).toHaveLength(most.length);
  expect(refused(() => decodeDeltas(encodeDeltas({ relay, requires, deltas: [...most, empty] })))).toBe(true);
});

it("names of documents become tokens of their own", () => {
  const names = ["home", "a.b", "a=2Eb", "a b", "*", ">", "ä", "a/b", "A", "a"];
  const tokens = names.map(encodeDocument);
  expect(new Set(tokens).size).toBe(names.length);
  for (const token of tokens) expect(token).toMatch(/^[A-Za-z0-9_=-]+$/);
  expect(encodeDocument("fleet/home")).toBe("fleet=2Fhome");
});

it("shards are fixed by the name", () => {
  expect(["home", "fleet", "fleet-presence", "a"].map(shardOf)).toMatchInlineSnapshot(`
    [
      26,
      34,
      47,
      22,
    ]
  `);
  const used = new Set(Array.from({ length: 1_000 }, (_, index) => shardOf(`document ${index}`)));
  expect(used.size).toBe(BACKBONE_SHARDS);
});

it("options that cannot be used are refused", () => {
  const wrong = [
    { servers: "localhost" },
    { servers: "nats://" },
    { servers: [] },
    { servers: "http://localhost:4222" },
    { servers: "nats://localhost", snapshotEvery: 0 },
    { servers: "nats://localhost", historyDays: 0.5 },
  ];
  for (const options of wrong)
    expect(() => settingsOf(options)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  for (const prefix of ["", "a.b", "a".repeat(33)]) {
    expect(() => new Subjects(prefix)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
  }
  expect(settingsOf({ servers: "nats://a:1,nats://b:2" }).servers).toEqual(["nats://a:1", "nats://b:2"]);
});
