// Stream frames (docs/protocol.md, "The stream"): deltas with their preamble folded into a dictionary. Folding and
// unfolding are inverse byte for byte. Cost: that of the preamble, and one copy of the rest.
import { REPLICAS_MAX } from "../limits.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import {
  CHECKSUM_BYTES,
  type DeltaContainer,
  type DeltaHeader,
  type DeltaReplica,
  writeDeltaHeader,
} from "../wire/delta-header.ts";
import { readUint32, writeUint32 } from "../wire/replica-id.ts";
import { SEQUENCE_MAX } from "../wire/version-vector.ts";
import type { IncomingDictionary, OutgoingDictionary, ReplicaDefinition } from "./dictionary.ts";
import { FrameReader, malformed } from "./frame-reader.ts";
import { MESSAGE_TYPES, STREAM_OF_ONE } from "./messages.ts";

/** Frames of a stream are numbered modulo this: one byte. */
export const STREAM_NUMBERS = 256;

const SHAPE = { oneReplica: 1, advancesByOne: 2, oneContainer: 4, noTime: 8, raw: 16 } as const;
const SHAPE_LIMIT = 32;

/** A delta ready for frames: its shape byte and body. */
export interface FoldedDelta {
  readonly shape: number;
  readonly body: Uint8Array;
}

export interface UnfoldedDelta {
  readonly bytes: Uint8Array;
  /** The preamble, when the frame spelled it out; undefined for a delta that came raw. */
  readonly header: DeltaHeader | undefined;
}

type Preamble = Omit<DeltaHeader, "bodyOffset">;

const writer = new ByteWriter();

/** Folds a delta; `header` is that of `bytes`. What it meets first becomes a definition of `dictionary`. */
export function foldDelta(
  bytes: Uint8Array,
  header: DeltaHeader,
  dictionary: OutgoingDictionary,
  nameHash: number,
): FoldedDelta {
  writer.reset(1 << 20);
  let shape = foldPreamble(header, dictionary);
  if (shape === SHAPE.raw) {
    writer.reset();
    writer.append(bytes);
  } else {
    writer.append(bytes.subarray(header.bodyOffset));
  }
  mixChecksum(writer.bytes, writer.length, nameHash);
  shape &= SHAPE_LIMIT - 1;
  return { shape, body: writer.toBytes() };
}

/** Writes the folded preamble and answers the shape, or `raw` where it cannot be folded. */
function foldPreamble(header: DeltaHeader, dictionary: OutgoingDictionary): number {
  const { kind, replicas, containers, baseTimestamp } = header;
  if (kind !== "stream" || replicas.length === 0) return SHAPE.raw;
  const writerRow = Math.max(
    0,
    replicas.findIndex(({ base, to }) => to > base),
  );
  const definitions: ReplicaDefinition[] = [];
  for (let row = 0; row < replicas.length; row++) {
    const time = row === writerRow ? baseTimestamp : 0;
    const definition = dictionary.replica(replicas[row]!.id, replicas[row]!.base, time);
    if (definition === undefined) return SHAPE.raw;
    definitions.push(definition);
  }
  let shape = writeReplicas(replicas, definitions);
  if (baseTimestamp === 0) shape |= SHAPE.noTime;
  else writer.varint(baseTimestamp - definitions[writerRow]!.baseTime);
  if (containers.length === 1) shape |= SHAPE.oneContainer;
  else writer.varint(containers.length);
  for (const { type, name } of containers) {
    const slot = dictionary.container(type, name);
    if (slot === undefined) return SHAPE.raw;
    writer.varint(slot);
  }
  return shape;
}

function writeReplicas(replicas: readonly DeltaReplica[], definitions: readonly ReplicaDefinition[]): number {
  if (replicas.length > 1) {
    writer.varint(replicas.length);
    for (let row = 0; row < replicas.length; row++) {
      writer.varint(definitions[row]!.slot);
      writer.varint(replicas[row]!.base);
      writer.varint(replicas[row]!.to - replicas[row]!.base);
    }
    return 0;
  }
  const { base, to } = replicas[0]!;
  writer.varint(definitions[0]!.slot);
  writer.varint(base - definitions[0]!.baseSequence);
  if (to - base === 1) return SHAPE.oneReplica | SHAPE.advancesByOne;
  writer.varint(to - base);
  return SHAPE.oneReplica;
}

/** Puts a delta back together. Errors: protocol-error. */
export function unfoldDelta(
  shape: number,
  reader: FrameReader,
  dictionary: IncomingDictionary,
  nameHash: number,
): UnfoldedDelta {
  if (shape >= SHAPE_LIMIT) throw malformed(`shape ${shape}`);
  writer.reset(1 << 20);
  let header: UnfoldedDelta["header"];
  if ((shape & SHAPE.raw) === 0) {
    const preamble = readPreamble(shape, reader, dictionary);
    writeDeltaHeader(writer, preamble);
    header = { ...preamble, bodyOffset: writer.length };
  } else if (shape !== SHAPE.raw) {
    throw malformed(`shape ${shape}`);
  }
  if (reader.remaining < CHECKSUM_BYTES) throw malformed("a delta without a checksum");
  writer.append(reader.view(reader.remaining));
  mixChecksum(writer.bytes, writer.length, nameHash);
  return { bytes: writer.toBytes(), header };
}

function readPreamble(shape: number, reader: FrameReader, dictionary: IncomingDictionary): Preamble {
  const count = (shape & SHAPE.oneReplica) === 0 ? reader.varint(REPLICAS_MAX) : 1;
  if (count === 0) throw malformed("a folded delta without replicas");
  const replicas: DeltaReplica[] = [];
  let baseTime: number | undefined;
  let firstTime = 0;
  for (let row = 0; row < count; row++) {
    const definition = dictionary.replica(reader.varint());
    const replica = readReplica(shape, reader, definition);
    if (row === 0) firstTime = definition.baseTime;
    if (replica.to > replica.base) baseTime ??= definition.baseTime;
    replicas.push(replica);
  }
  baseTime ??= firstTime;
  const baseTimestamp = (shape & SHAPE.noTime) === 0 ? baseTime + reader.varint() : 0;
  if (baseTimestamp > Number.MAX_SAFE_INTEGER) throw malformed("a timestamp of 2^53 or more");
  return { kind: "stream", baseTimestamp, replicas, containers: readContainers(shape, reader, dictionary) };
}

function readReplica(shape: number, reader: FrameReader, definition: ReplicaDefinition): DeltaReplica {
  const isOne = (shape & SHAPE.oneReplica) !== 0;
  const base = reader.varint(SEQUENCE_MAX) + (isOne ? definition.baseSequence : 0);
  const to = base + (isOne && (shape & SHAPE.advancesByOne) !== 0 ? 1 : reader.varint(SEQUENCE_MAX));
  if (to > SEQUENCE_MAX) throw malformed(`sequence ${to} of replica ${definition.id}`);
  return { id: definition.id, base, to };
}

function readContainers(
  shape: number,
  reader: FrameReader,
  dictionary: IncomingDictionary,
): readonly DeltaContainer[] {
  if ((shape & SHAPE.oneContainer) !== 0) return [dictionary.container(reader.varint())];
  const count = reader.varint(reader.remaining);
  const containers: DeltaContainer[] = [];
  for (let row = 0; row < count; row++) containers.push(dictionary.container(reader.varint()));
  return containers;
}

/** XORs the last four bytes of what was written with the hash of the document's name; twice is nothing. */
function mixChecksum(bytes: Uint8Array, length: number, nameHash: number): void {
  const offset = length - CHECKSUM_BYTES;
  writeUint32(bytes, offset, (readUint32(bytes, offset) ^ nameHash) >>> 0);
}

/** One frame of all `deltas`; at least one. */
export function encodeStreamFrame(index: number, number: number, deltas: readonly FoldedDelta[]): Uint8Array {
  writer.reset(1 << 20);
  const only = deltas.length === 1 ? deltas[0]! : undefined;
  writer.u8(only === undefined ? MESSAGE_TYPES.stream : STREAM_OF_ONE | only.shape);
  writer.varint(index);
  writer.u8(number);
  if (only !== undefined) writer.append(only.body);
  else {
    for (const { shape, body } of deltas) {
      writer.varint(body.length);
      writer.u8(shape);
      writer.append(body);
    }
  }
  return writer.toBytes();
}

/** A stream frame whose deltas are still folded. */
export interface StreamFrame {
  readonly index: number;
  readonly number: number;
  /** Unfolds the deltas one after another; a definition may not change in between. */
  deltas(dictionary: IncomingDictionary, nameHash: number): Generator<UnfoldedDelta>;
}

/** Reads the head of a stream frame. Errors: protocol-error. */
export function decodeStreamFrame(bytes: Uint8Array): StreamFrame {
  const reader = new FrameReader(bytes, 1);
  const index = reader.varint();
  const number = reader.u8();
  return {
    index,
    number,
    *deltas(dictionary, nameHash) {
      const first = bytes[0]!;
      if (first >= STREAM_OF_ONE) {
        yield unfoldDelta(first & ~STREAM_OF_ONE, reader, dictionary, nameHash);
        return;
      }
      while (reader.remaining > 0) {
        const length = reader.varint();
        const shape = reader.u8();
        const body = new FrameReader(bytes, reader.offset, reader.offset + reader.view(length).length);
        yield unfoldDelta(shape, body, dictionary, nameHash);
      }
    },
  };
}
