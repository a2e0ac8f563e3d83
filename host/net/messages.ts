// The control frames of docs/protocol.md: one record a type, written and read here and nowhere else. Stream frames
// are in stream-frame.ts. Reading checks the checksum first, so a damaged frame is a protocol-error and nothing more.
import { DELTA_BYTES_MAX } from "../limits.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import { SEQUENCE_MAX, type VersionVector } from "../wire/version-vector.ts";
import { xxhash32 } from "../wire/xxhash32.ts";
import { type Definition, readDefinitions, writeDefinitions } from "./dictionary.ts";
import { FrameReader, malformed } from "./frame-reader.ts";

export const MESSAGE_TYPES = {
  hello: 1,
  subscribe: 2,
  unsubscribe: 3,
  refuse: 4,
  answer: 5,
  start: 6,
  dictionary: 7,
  stream: 8,
  ack: 9,
  probe: 10,
  report: 11,
  ping: 12,
  pong: 13,
  clock: 14,
  goodbye: 15,
} as const;

/** From here on a type byte is a stream frame of one delta, and its lower bits the delta's shape. */
export const STREAM_OF_ONE = 0x80;

export const PROTOCOL_VERSION = 1;
export const FEATURES = { opensAnyDocument: 1, acknowledgesStored: 2, packed: 4 } as const;
export const REFUSALS = { tooMany: 1, notAllowed: 2, cannotOpen: 3 } as const;
export const ACK_FLAGS = { stored: 1, numbered: 2, inStream: 4 } as const;

const MAGIC = [0x4a, 0x43, 0x4e, 0x50] as const;
export const CHECKSUM_BYTES = 4;
const TEXT_BYTES_MAX = 255;

export interface Hello {
  readonly type: "hello";
  readonly versionMin: number;
  readonly versionMax: number;
  readonly replica: ReplicaId;
  readonly incarnation: ReplicaId;
  readonly clockMs: number;
  readonly features: number;
  readonly label: string;
}

export interface Subscribe {
  readonly type: "subscribe";
  readonly index: number;
  readonly name: string;
  readonly vector: VersionVector;
}

export interface Refuse {
  readonly type: "refuse";
  readonly name: string;
  readonly reason: number;
  readonly explanation: string;
}

export interface Answer {
  readonly type: "answer";
  readonly index: number;
  readonly totalBytes: number;
  readonly offset: number;
  readonly part: Uint8Array;
}

export interface DictionaryMessage {
  readonly type: "dictionary";
  readonly index: number;
  readonly number: number;
  readonly definitions: readonly Definition[];
}

export interface Start {
  readonly type: "start";
  readonly index: number;
  readonly number: number;
  /** What the receiver must have seen by now. */
  readonly vector: VersionVector;
  readonly definitions: readonly Definition[];
}

/** A replica by its slot in the receiver's dictionary, or by id where it has none. */
export interface AckRow {
  readonly replica: number | ReplicaId;
  readonly sequence: number;
}

export interface Ack {
  readonly type: "ack";
  readonly index: number;
  readonly flags: number;
  readonly number: number;
  readonly leftOut: number;
  readonly expected: number;
  readonly rows: readonly AckRow[];
}

export interface Probe {
  readonly type: "probe";
  readonly index: number;
  readonly token: number;
  readonly flags: number;
}

export interface Report {
  readonly type: "report";
  readonly index: number;
  readonly token: number;
  readonly flags: number;
  readonly vector: VersionVector;
}

/** What the peer of a goodbye should do: connect again, with a new replica id, or not at all. */
export type Retry = "no" | "yes" | "new-id";
const RETRIES: readonly Retry[] = ["no", "yes", "new-id"];

export type Message =
  | Hello
  | Subscribe
  | { readonly type: "unsubscribe"; readonly index: number }
  | Refuse
  | Answer
  | Start
  | DictionaryMessage
  | Ack
  | Probe
  | Report
  | { readonly type: "ping" | "pong"; readonly token: number }
  | { readonly type: "clock"; readonly offMs: number; readonly isReceiverAhead: boolean }
  | { readonly type: "goodbye"; readonly retry: Retry; readonly code: string; readonly explanation: string };

export type MessageType = keyof typeof MESSAGE_TYPES;

const encoder = new TextEncoder();
const scratch = new ByteWriter();

/** Writes a control frame. */
export function encodeMessage(message: Message): Uint8Array {
  const writer = scratch;
  writer.reset(1 << 20);
  writer.u8(MESSAGE_TYPES[message.type]);
  writeContent(writer, message);
  writer.u32(xxhash32(writer.bytes, 0, 0, writer.length));
  if (message.type === "answer") writer.append(message.part);
  return writer.toBytes();
}

function writeContent(writer: ByteWriter, message: Message): void {
  switch (message.type) {
    case "hello":
      writeHello(writer, message);
      return;
    case "subscribe":
      writer.varint(message.index);
      writeText(writer, message.name);
      writeVector(writer, message.vector);
      return;
    case "unsubscribe":
      writer.varint(message.index);
      return;
    case "refuse":
      writeText(writer, message.name);
      writer.u8(message.reason);
      writeText(writer, message.explanation);
      return;
    case "answer":
      writer.varint(message.index);
      writer.varint(message.totalBytes);
      writer.varint(message.offset);
      return;
    case "start":
    case "dictionary":
      writer.varint(message.index);
      writer.u8(message.number);
      if (message.type === "start") writeVector(writer, message.vector);
      writeDefinitions(writer, message.definitions);
      return;
    case "ack":
      writeAck(writer, message);
      return;
    case "probe":
      writer.varint(message.index);
      writer.varint(message.token);
      writer.u8(message.flags);
      return;
    case "report":
      writer.varint(message.index);
      writer.varint(message.token);
      writer.u8(message.flags);
      writeVector(writer, message.vector);
      return;
    case "ping":
    case "pong":
      writer.varint(message.token);
      return;
    case "clock":
      writer.varint(message.offMs);
      writer.u8(message.isReceiverAhead ? 1 : 0);
      return;
    case "goodbye":
      writer.u8(RETRIES.indexOf(message.retry));
      writeText(writer, message.code);
      writeText(writer, message.explanation);
  }
}

function writeHello(writer: ByteWriter, hello: Hello): void {
  for (const byte of MAGIC) writer.u8(byte);
  writer.u8(hello.versionMin);
  writer.u8(hello.versionMax);
  writer.replicaId(hello.replica);
  writer.replicaId(hello.incarnation);
  writer.u64(hello.clockMs);
  writer.varint(hello.features);
  writeText(writer, hello.label);
}

function writeAck(writer: ByteWriter, ack: Ack): void {
  writer.varint(ack.index);
  writer.u8(ack.flags);
  writer.u8(ack.number);
  writer.varint(ack.leftOut);
  writer.u8(ack.expected);
  writer.varint(ack.rows.length);
  for (const { replica, sequence } of ack.rows) {
    if (typeof replica === "number") writer.varint(replica + 1);
    else {
      writer.varint(0);
      writer.replicaId(replica);
    }
    writer.varint(sequence);
  }
}

function writeVector(writer: ByteWriter, vector: VersionVector): void {
  writer.varint(vector.size);
  for (const [id, sequence] of vector.rows()) {
    writer.replicaId(id);
    writer.varint(sequence);
  }
}

/** Writes at most 255 bytes of `text`, cut between characters. */
function writeText(writer: ByteWriter, text: string): void {
  let bytes = encoder.encode(text);
  if (bytes.length > TEXT_BYTES_MAX) {
    let end = TEXT_BYTES_MAX;
    while ((bytes[end]! & 0xc0) === 0x80) end--;
    bytes = bytes.subarray(0, end);
  }
  writer.u8(bytes.length);
  writer.append(bytes);
}

const TYPE_NAMES = new Map<number, MessageType>(
  Object.entries(MESSAGE_TYPES).map(([name, type]) => [type, name as MessageType]),
);

/** The name of a type byte; stream frames of one delta are "stream" too. Undefined for a type nobody sends. */
export function messageTypeOf(bytes: Uint8Array): MessageType | undefined {
  const type = bytes[0];
  if (type === undefined) return undefined;
  return type >= STREAM_OF_ONE ? "stream" : TYPE_NAMES.get(type);
}

/** Reads a control frame. Errors: protocol-error. */
export function decodeMessage(bytes: Uint8Array): Message {
  const type = messageTypeOf(bytes);
  if (type === undefined || type === "stream") throw malformed(`no control frame has type ${bytes[0]}`);
  if (type === "answer") return readAnswer(bytes);
  if (type === "hello") checkMagic(bytes);
  const end = bytes.length - CHECKSUM_BYTES;
  if (end < 1) throw malformed("it is too short for a checksum");
  checkChecksum(bytes, end, type);
  const reader = new FrameReader(bytes, 1, end);
  const message = readContent(reader, type);
  reader.done();
  return message;
}

function checkMagic(bytes: Uint8Array): void {
  if (MAGIC.some((byte, index) => bytes[index + 1] !== byte)) {
    throw malformed("the peer does not speak this protocol");
  }
}

function checkChecksum(bytes: Uint8Array, end: number, type: MessageType): void {
  const found = new FrameReader(bytes, end).u32();
  if (found !== xxhash32(bytes, 0, 0, end)) throw malformed(`the checksum of ${type} is wrong`);
}

function readContent(reader: FrameReader, type: Exclude<MessageType, "stream" | "answer">): Message {
  switch (type) {
    case "hello":
      return readHello(reader);
    case "subscribe":
      return { type, index: reader.varint(), name: reader.text(), vector: reader.vector() };
    case "unsubscribe":
      return { type, index: reader.varint() };
    case "refuse":
      return { type, name: reader.text(), reason: reader.u8(), explanation: reader.text() };
    case "start":
      return {
        type,
        index: reader.varint(),
        number: reader.u8(),
        vector: reader.vector(),
        definitions: readDefinitions(reader),
      };
    case "dictionary":
      return { type, index: reader.varint(), number: reader.u8(), definitions: readDefinitions(reader) };
    case "ack":
      return readAck(reader);
    case "probe":
      return { type, index: reader.varint(), token: reader.varint(), flags: reader.u8() };
    case "report":
      return {
        type,
        index: reader.varint(),
        token: reader.varint(),
        flags: reader.u8(),
        vector: reader.vector(),
      };
    case "ping":
    case "pong":
      return { type, token: reader.varint() };
    case "clock":
      return { type, offMs: reader.varint(), isReceiverAhead: reader.u8() === 1 };
    case "goodbye":
      return { type, retry: RETRIES[reader.u8()] ?? "yes", code: reader.text(), explanation: reader.text() };
  }
}

function readHello(reader: FrameReader): Hello {
  reader.view(MAGIC.length);
  return {
    type: "hello",
    versionMin: reader.u8(),
    versionMax: reader.u8(),
    replica: reader.replicaId(),
    incarnation: reader.replicaId(),
    clockMs: reader.u64(),
    features: reader.varint(),
    label: reader.text(),
  };
}

function readAnswer(bytes: Uint8Array): Answer {
  const reader = new FrameReader(bytes, 1);
  const index = reader.varint();
  const totalBytes = reader.varint(DELTA_BYTES_MAX);
  const offset = reader.varint(totalBytes);
  checkChecksum(bytes, reader.offset, "answer");
  reader.offset += CHECKSUM_BYTES;
  if (reader.remaining === 0 || offset + reader.remaining > totalBytes) {
    throw malformed(`a part of ${reader.remaining} bytes at ${offset} of ${totalBytes}`);
  }
  return { type: "answer", index, totalBytes, offset, part: bytes.subarray(reader.offset) };
}

function readAck(reader: FrameReader): Ack {
  const index = reader.varint();
  const flags = reader.u8();
  const number = reader.u8();
  const leftOut = reader.varint();
  const expected = reader.u8();
  const count = reader.varint(reader.remaining);
  const rows: AckRow[] = [];
  for (let row = 0; row < count; row++) {
    const reference = reader.varint();
    const replica = reference === 0 ? reader.replicaId() : reference - 1;
    rows.push({ replica, sequence: reader.varint(SEQUENCE_MAX) });
  }
  return { type: "ack", index, flags, number, leftOut, expected, rows };
}
