// What relays say over NATS, each message ending with the XXH32 (seed 0) of all before it; integers as in
// docs/wire-format.md, vectors as in docs/protocol.md:
//   deltas   1, relay u64, vector, varint count, per delta: varint length, bytes     (on a shard stream)
//   vector   2, flags u8 (1: answer with yours), relay u64, vector
//   question 3, text document, vector
//   part     4, varint total bytes, varint offset, bytes
//   pointer  5, text object, text previous object, text stream created, varint sequence, vector
// The vector of `deltas` is what must have been seen before them: a stream delta lists only the replicas it touches, and
// here nothing else says what its sender had seen. Whatever does not fit is a protocol-error, and nothing of it is used.
import { BACKBONE_DELTAS_MAX, DELTA_BYTES_MAX } from "../limits.ts";
import { FrameReader, malformed } from "../net/frame-reader.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import type { VersionVector } from "../wire/version-vector.ts";
import { xxhash32 } from "../wire/xxhash32.ts";

const TYPES = { deltas: 1, vector: 2, question: 3, part: 4, pointer: 5 } as const;
const CHECKSUM_BYTES = 4;
const FLAG_ANSWER = 1;
/** Bytes of a `deltas` message beside its vector and deltas, at most. */
export const MESSAGE_OVERHEAD_BYTES = 64;
/** Bytes of a row of a vector, at most. */
export const VECTOR_ROW_BYTES = 16;

const encoder = new TextEncoder();

export interface DeltasMessage {
  readonly relay: ReplicaId;
  readonly requires: VersionVector;
  readonly deltas: readonly Uint8Array[];
}

export interface VectorMessage {
  readonly relay: ReplicaId;
  readonly vector: VersionVector;
  /** Whoever hears it should say its own. */
  readonly wantsAnswer: boolean;
}

export interface QuestionMessage {
  readonly document: string;
  readonly vector: VersionVector;
}

export interface PartMessage {
  readonly totalBytes: number;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What the pointer of a document's newest snapshot says. */
export interface SnapshotPointer {
  readonly object: string;
  /** The snapshot before it, kept for those who read the pointer a moment ago; "" when there is none. */
  readonly previous: string;
  /** When the stream was created in which `sequence` counts. */
  readonly streamCreated: string;
  /** The snapshot holds all the stream had of the document up to here. */
  readonly sequence: number;
  readonly vector: VersionVector;
}

export function encodeDeltas({ relay, requires, deltas }: DeltasMessage): Uint8Array {
  const writer = begin("deltas");
  writer.replicaId(relay);
  writeVector(writer, requires);
  writer.varint(deltas.length);
  for (const delta of deltas) {
    writer.varint(delta.length);
    writer.append(delta);
  }
  return end(writer);
}

/** Errors: protocol-error. The deltas themselves are checked by the engine. */
export function decodeDeltas(bytes: Uint8Array): DeltasMessage {
  const reader = open(bytes, "deltas");
  const relay = reader.replicaId();
  const requires = reader.vector();
  const count = reader.varint(BACKBONE_DELTAS_MAX);
  const deltas: Uint8Array[] = [];
  for (let index = 0; index < count; index++) deltas.push(reader.view(reader.varint(reader.remaining)));
  reader.done();
  return { relay, requires, deltas };
}

export function encodeVector({ relay, vector, wantsAnswer }: VectorMessage): Uint8Array {
  const writer = begin("vector");
  writer.u8(wantsAnswer ? FLAG_ANSWER : 0);
  writer.replicaId(relay);
  writeVector(writer, vector);
  return end(writer);
}

/** Errors: protocol-error. */
export function decodeVector(bytes: Uint8Array): VectorMessage {
  const reader = open(bytes, "vector");
  const flags = reader.u8();
  if (flags > FLAG_ANSWER) throw malformed(`flags ${flags}`);
  const relay = reader.replicaId();
  const vector = reader.vector();
  reader.done();
  return { relay, vector, wantsAnswer: flags === FLAG_ANSWER };
}

export function encodeQuestion({ document, vector }: QuestionMessage): Uint8Array {
  const writer = begin("question");
  writeText(writer, document);
  writeVector(writer, vector);
  return end(writer);
}

/** Errors: protocol-error. */
export function decodeQuestion(bytes: Uint8Array): QuestionMessage {
  const reader = open(bytes, "question");
  const document = reader.text();
  const vector = reader.vector();
  reader.done();
  return { document, vector };
}

export function encodePart({ totalBytes, offset, bytes }: PartMessage): Uint8Array {
  const writer = begin("part", bytes.length + MESSAGE_OVERHEAD_BYTES);
  writer.varint(totalBytes);
  writer.varint(offset);
  writer.append(bytes);
  return end(writer);
}

/** Errors: protocol-error. */
export function decodePart(bytes: Uint8Array): PartMessage {
  const reader = open(bytes, "part");
  const totalBytes = reader.varint(DELTA_BYTES_MAX);
  const offset = reader.varint(totalBytes);
  return { totalBytes, offset, bytes: reader.view(reader.remaining) };
}

export function encodePointer(pointer: SnapshotPointer): Uint8Array {
  const writer = begin("pointer");
  writeText(writer, pointer.object);
  writeText(writer, pointer.previous);
  writeText(writer, pointer.streamCreated);
  writer.varint(pointer.sequence);
  writeVector(writer, pointer.vector);
  return end(writer);
}

/** Errors: protocol-error. */
export function decodePointer(bytes: Uint8Array): SnapshotPointer {
  const reader = open(bytes, "pointer");
  const object = reader.text();
  const previous = reader.text();
  const streamCreated = reader.text();
  const sequence = reader.varint();
  const vector = reader.vector();
  reader.done();
  return { object, previous, streamCreated, sequence, vector };
}

function begin(type: keyof typeof TYPES, bytes = 256): ByteWriter {
  const writer = new ByteWriter(bytes);
  writer.u8(TYPES[type]);
  return writer;
}

function end(writer: ByteWriter): Uint8Array {
  writer.u32(xxhash32(writer.bytes, 0, 0, writer.length));
  return writer.bytes.subarray(0, writer.length);
}

function open(bytes: Uint8Array, type: keyof typeof TYPES): FrameReader {
  const length = bytes.length - CHECKSUM_BYTES;
  if (length < 1) throw malformed(`${bytes.length} bytes are too few`);
  if (new FrameReader(bytes, length).u32() !== xxhash32(bytes, 0, 0, length))
    throw malformed("wrong checksum");
  const reader = new FrameReader(bytes, 0, length);
  const found = reader.u8();
  if (found !== TYPES[type]) throw malformed(`type ${found} where ${type} belongs`);
  return reader;
}

function writeVector(writer: ByteWriter, vector: VersionVector): void {
  writer.varint(vector.size);
  for (const [id, sequence] of vector.rows()) {
    writer.replicaId(id);
    writer.varint(sequence);
  }
}

function writeText(writer: ByteWriter, text: string): void {
  const bytes = encoder.encode(text);
  writer.u8(bytes.length);
  writer.append(bytes);
}
