// Frames nobody meant into every decoder of the network, one by one, most with a true checksum: a coded error or a
// message, no buffers of more than twice the frame, no decoding above 50 ms. FUZZ_FRAMES and FUZZ_SEED choose how many
// each decoder gets and from where; with FUZZ_FRAMES the counts are printed.
import { getHeapStatistics } from "node:v8";
import { describe, expect, it } from "vitest";
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
import { loadEngine } from "../../host/engine/load-engine.ts";
import { isCrdtError } from "../../host/errors.ts";
import { PACKED_PLAIN_BYTES_MAX } from "../../host/limits.ts";
import { readAsk, readTell, writeAsk, writeTell } from "../../host/net/access-frames.ts";
import { foldDelta } from "../../host/net/delta-folding.ts";
import { type Definition, IncomingDictionary, OutgoingDictionary } from "../../host/net/dictionary.ts";
import { FrameReader } from "../../host/net/frame-reader.ts";
import { decodeMessage, encodeMessage } from "../../host/net/messages.ts";
import { decodePacked, encodePacked } from "../../host/net/packing.ts";
import { readState, writeState } from "../../host/net/presence-table.ts";
import * as comparison from "../../host/net/reconciliation/messages.ts";
import { encodeStreamFrame, StreamFrame } from "../../host/net/stream-frame.ts";
import { readHave, writeHave } from "../../host/overlay/lazy-push/lazy-push-messages.ts";
import {
  MEMBERSHIP_TYPES,
  readSwimMessage,
  type SwimMessage,
  writeSwimMessage,
} from "../../host/overlay/membership/membership-messages.ts";
import { ByteWriter } from "../../host/wire/byte-writer.ts";
import { readDeltaHeader } from "../../host/wire/delta-header.ts";
import { EMPTY_FINGERPRINT, type Fingerprint } from "../../host/wire/fingerprint.ts";
import { type ReplicaId, writeUint32 } from "../../host/wire/replica-id.ts";
import { VersionVector } from "../../host/wire/version-vector.ts";
import { xxhash32 } from "../../host/wire/xxhash32.ts";
import { Random } from "../laws/random.ts";
import { forge, replica } from "./forge.ts";

const FRAMES = Number(process.env.FUZZ_FRAMES ?? 5_000);
const SEED = Number(process.env.FUZZ_SEED ?? 1);
const DECODE_MS_MAX = 50;
const BUFFER_FACTOR_MAX = 2;
/** What V8 hands out at a time is not known to the byte. */
const HEAP_SLACK_BYTES = 1_048_576;
/** Objects for what is read: an id of eight bytes is a string and a row of a map. */
const HEAP_FACTOR_MAX = 64;
const EDGES = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff];

interface Subject {
  readonly name: string;
  readonly corpus: readonly Uint8Array[];
  readonly decode: (bytes: Uint8Array) => unknown;
  /** Puts the checksum right again. */
  readonly reseal?: (bytes: Uint8Array) => void;
  /** Bytes of buffers a decoder may take beyond twice the frame. */
  readonly extraBytes?: number;
}

const id = (number: number) => number.toString(16).padStart(16, "0") as ReplicaId;
const vectorOf = (count: number) =>
  new VersionVector(Array.from({ length: count }, (_, row) => [id(row * 77 + 1), row + 1] as const));
const vector = vectorOf(20);
const written = (write: (writer: ByteWriter) => void): Uint8Array => {
  const writer = new ByteWriter();
  write(writer);
  return writer.toBytes();
};
const reading =
  (read: (reader: FrameReader) => unknown) =>
  (bytes: Uint8Array): unknown =>
    read(new FrameReader(bytes));
const sealEnd = (bytes: Uint8Array): void => {
  if (bytes.length > 4) writeUint32(bytes, bytes.length - 4, xxhash32(bytes, 0, 0, bytes.length - 4));
};

const dictionary = new OutgoingDictionary();
const folded = [
  forge({ flags: [2] }),
  forge({ flags: [2], replicas: [1, ...replica(1, 3, 7)] }),
  forge(),
].map((bytes) => foldDelta(bytes, readDeltaHeader(bytes), dictionary, 7));
const definitions: Definition[] = [
  { kind: "replica", slot: 0, id: id(1), baseSequence: 5, baseTime: 1_000 },
  { kind: "container", slot: 0, type: "map", name: "settings" },
];
const messages = [
  encodeMessage({ type: "subscribe", index: 3, name: "home", vector }),
  encodeMessage({ type: "start", index: 1, number: 0, vector, definitions }),
  encodeMessage({ type: "dictionary", index: 1, number: 9, definitions }),
  encodeMessage({ type: "report", index: 1, token: 7, flags: 1, vector }),
  encodeMessage({ type: "answer", index: 1, totalBytes: 4_000, offset: 100, part: new Uint8Array(300) }),
  encodeMessage({ type: "goodbye", retry: "yes", code: "connection-closed", explanation: "it is late" }),
  encodeMessage({
    type: "ack",
    index: 2,
    flags: 3,
    number: 4,
    leftOut: 0,
    expected: 5,
    rows: [
      { replica: 3, sequence: 9 },
      { replica: id(8), sequence: 1 },
    ],
  }),
];

const rumour = {
  kind: "member" as const,
  from: id(2),
  member: {
    id: id(1),
    incarnation: 3,
    state: "alive" as const,
    addresses: ["ws://10.0.0.1:7070", "ws://[::1]:7070"],
    region: "eu",
    features: 7,
    meta: Uint8Array.of(1, 2, 3),
  },
};
const links = { kind: "links" as const, id: id(4), version: 2, opened: [id(5), id(6)] };
const swim: readonly SwimMessage[] = [
  { type: "rumours", rumours: [rumour, links, rumour] },
  { type: "exchange", hash: 1_234, rumours: [rumour, links] },
  { type: "probe", hops: 1, from: id(1), to: id(2), sequence: 77, target: id(3), rumours: [links] },
  { type: "answer", hops: 0, from: id(1), to: id(2), sequence: 78, isReached: true, rumours: [rumour] },
];

const fingerprint: Fingerprint = [1, 2, 3, 4];
const branches = Array.from({ length: 16 }, (_, digit) =>
  digit % 3 === 0 ? fingerprint : EMPTY_FINGERPRINT,
);
const expand = { kind: "expand" as const, ranges: ["", "0", "a1"] };

const engine = await loadEngine({ engine: "baseline" });
const newDocument = () => engine.createDocument({ replica: id(99), hashSeed: [1, 2], driftLimitMs: 60_000 });
let document = newDocument();
let merges = 0;

const subjects: readonly Subject[] = [
  { name: "messages", corpus: messages, decode: decodeMessage, reseal: sealEnd },
  {
    name: "packed frames",
    corpus: [
      encodePacked(Uint8Array.from({ length: 3_000 }, (_, at) => (at === 0 ? 0x80 : (at * at) % 23))),
      encodePacked(new Uint8Array(60_000).fill(0x80)),
    ],
    decode: decodePacked,
    reseal: sealEnd,
    extraBytes: PACKED_PLAIN_BYTES_MAX,
  },
  {
    name: "stream frames",
    corpus: [encodeStreamFrame(1, 2, folded.slice(0, 1)), encodeStreamFrame(300, 255, folded)],
    decode: (bytes) => {
      new StreamFrame(bytes).unfold(new IncomingDictionary(dictionary.whole()), 7, () => true);
    },
    // A slot of one byte stands for a container's name, or for an id.
    extraBytes: 16_384,
  },
  {
    name: "presence",
    corpus: [
      written((writer) => {
        writer.varint(2);
        for (const replica of [id(1), id(2)]) {
          writeState(writer, { replica, counter: 4, value: new Uint8Array(60), bornAtMs: 900 }, 1_000);
        }
      }),
    ],
    decode: reading((reader) => {
      const count = reader.varint(reader.remaining);
      for (let row = 0; row < count; row++) readState(reader, 1_000);
      reader.done();
    }),
  },
  {
    name: "lazy push",
    corpus: [
      written((writer) =>
        writeHave(writer, {
          index: 9,
          isPushed: true,
          rows: [
            [1, 5],
            [id(7), 6],
          ],
        }),
      ),
    ],
    decode: reading(readHave),
  },
  {
    name: "reconciliation requests",
    corpus: [
      written((writer) =>
        comparison.writeRequest(writer, { kind: "compare", prefix: "teams/", fingerprint }),
      ),
      written((writer) => comparison.writeRequest(writer, expand)),
      written((writer) => comparison.writeRequest(writer, { kind: "names", places: ["0123456789abcdef"] })),
    ],
    decode: reading(comparison.readRequest),
  },
  {
    name: "reconciliation answers",
    corpus: [
      written((writer) =>
        comparison.writeRanges(writer, [
          branches,
          [{ place: "0123456789abcdef", fingerprint, names: [] }],
          branches,
        ]),
      ),
      written((writer) => comparison.writeNames(writer, [["home", "work"], ["other"], []])),
    ],
    decode: reading((reader) => {
      const isNames = reader.bytes[0] === 2;
      const places = ["0123456789abcdef", "1", "2"];
      comparison.readAnswer(reader, isNames ? { kind: "names", places } : expand);
    }),
  },
  {
    name: "access",
    corpus: [
      written((writer) => writeAsk(writer, 0, new TextEncoder().encode("header.payload.signature"))),
      written((writer) =>
        writeTell(
          writer,
          [
            { pattern: "teams/*", right: "write" },
            { pattern: "*", right: "read" },
          ],
          60_000,
        ),
      ),
    ],
    decode: (bytes) => {
      const [ask, tell] = [readAsk, readTell].map((read) => outcomeOf(() => read(new FrameReader(bytes))));
      if (ask !== undefined && tell !== undefined) throw ask;
    },
  },
  {
    name: "membership",
    corpus: swim.map((message) =>
      written((writer) => {
        writer.u8(MEMBERSHIP_TYPES[message.type]);
        writeSwimMessage(writer, message);
      }),
    ),
    decode: (bytes) => readSwimMessage(bytes[0] ?? 0, new FrameReader(bytes, Math.min(1, bytes.length))),
  },
  {
    name: "the backbone",
    corpus: [
      encodeDeltas({
        relay: id(3),
        requires: vector,
        deltas: [forge(), forge({ flags: [1], compacted: [0] })],
      }),
      encodeVector({ relay: id(3), vector, wantsAnswer: true }),
      encodeQuestion({ document: "home", vector }),
      encodePart({ totalBytes: 9_000, offset: 30, bytes: new Uint8Array(200) }),
      encodePointer({ object: "a.b.1", previous: "", streamCreated: "2026", sequence: 6, vector }),
    ],
    decode: (bytes) => {
      const decoders = [decodeDeltas, decodeVector, decodeQuestion, decodePart, decodePointer];
      const outcomes = decoders.map((decode) => outcomeOf(() => decode(bytes)));
      if (!outcomes.includes(undefined)) throw outcomes[0];
    },
    reseal: sealEnd,
  },
  {
    name: "headers of deltas",
    corpus: [forge(), forge({ flags: [1], compacted: [0] }), forge({ flags: [2] })],
    decode: readDeltaHeader,
    reseal: sealEnd,
  },
  {
    name: "deltas",
    corpus: [forge(), forge({ flags: [1], compacted: [0] }), forge({ flags: [2] })],
    decode: (bytes) => {
      if (++merges % 200 === 0) {
        document.close();
        document = newDocument();
      }
      document.merge(bytes, 1_000, false);
    },
    reseal: sealEnd,
    // A document keeps columns with room to grow.
    extraBytes: 65_536,
  },
];

/** What a call threw; undefined where it did not. Errors without a code are a failure at once. */
function outcomeOf(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    if (!isCrdtError(error)) throw error;
    return error;
  }
}

function spoil(random: Random, corpus: readonly Uint8Array[], reseal: Subject["reseal"]): Uint8Array {
  const dice = random.next();
  if (dice < 0.05) return Uint8Array.from({ length: random.below(80) }, () => random.below(256));
  let bytes = random.pick(corpus).slice();
  if (dice < 0.1) return bytes;
  if (dice < 0.3) bytes = bytes.slice(0, random.below(bytes.length));
  for (let count = 1 + random.below(3); count > 0 && bytes.length > 0; count--) {
    bytes[random.below(bytes.length)] = random.chance(0.5) ? random.pick(EDGES) : random.below(256);
  }
  if (dice > 0.9) bytes = Uint8Array.from([...bytes, ...random.pick(corpus).subarray(random.below(8))]);
  if (random.chance(0.8)) reseal?.(bytes);
  return bytes;
}

/** Bytes asked for in buffers while `call` runs, by whatever way JavaScript makes one. */
function countBuffers(call: () => void): number {
  const before = getHeapStatistics();
  call();
  const after = getHeapStatistics();
  heapBytes = after.used_heap_size - before.used_heap_size;
  return after.external_memory - before.external_memory;
}
let heapBytes = 0;

describe(`frames nobody meant, ${FRAMES} for each decoder`, () => {
  it.each(subjects)(
    "$name",
    { timeout: 60_000 + FRAMES },
    ({ name, corpus, decode, reseal, extraBytes = 0 }) => {
      const random = new Random(SEED);
      let refused = 0;
      let slowestMs = 0;
      let [buffersMost, heapMost] = [0, 0];
      for (let number = 0; number < FRAMES; number++) {
        const bytes = spoil(random, corpus, reseal);
        const run = () => {
          if (outcomeOf(() => decode(bytes)) !== undefined) refused++;
        };
        const replay = `frame ${number} of seed ${SEED}: ${Buffer.from(bytes).toString("hex")}`;
        try {
          const startMs = performance.now();
          const bufferBytes = countBuffers(run);
          let ms = performance.now() - startMs;
          // A pause of the machine or of the collector is not the decoder's.
          for (let again = 0; ms > DECODE_MS_MAX && again < 3; again++) {
            const againMs = performance.now();
            outcomeOf(() => decode(bytes));
            ms = Math.min(ms, performance.now() - againMs);
          }
          slowestMs = Math.max(slowestMs, ms);
          buffersMost = Math.max(buffersMost, bufferBytes - extraBytes - BUFFER_FACTOR_MAX * bytes.length);
          heapMost = Math.max(heapMost, heapBytes - HEAP_FACTOR_MAX * bytes.length);
          if (ms > DECODE_MS_MAX) throw new Error(`it takes ${ms} ms`);
          if (buffersMost > 0) throw new Error(`buffers of ${bufferBytes} bytes`);
          if (heapMost > HEAP_SLACK_BYTES) throw new Error(`${heapBytes} bytes of objects`);
        } catch (error) {
          throw new Error(`${replay}: ${error}`, { cause: error });
        }
      }
      if (process.env.FUZZ_FRAMES !== undefined) {
        console.log(`${name}: ${FRAMES} frames, ${refused} refused, slowest ${slowestMs.toFixed(2)} ms`);
      }
      expect(refused).toBeGreaterThan(FRAMES / 20);
      expect(refused).toBeLessThan(FRAMES);
    },
  );
});
