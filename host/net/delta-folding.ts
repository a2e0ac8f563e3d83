// Deltas whose preamble is folded into a dictionary (docs/protocol.md, "The stream"). Folding and unfolding are
// inverse byte for byte. Cost: that of the preamble, and one copy of the rest; the usual small delta, of one replica
// in one container, takes a path without intermediate lists.
import { CONTAINERS_MAX, REPLICAS_MAX } from "../limits.ts";
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
import { type FrameReader, malformed } from "./frame-reader.ts";

const SHAPE = { oneReplica: 1, advancesByOne: 2, oneContainer: 4, noTime: 8, raw: 16 } as const;
const SHAPE_LIMIT = 32;
const KEEP_BYTES = 1 << 20;

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

const writer = new ByteWriter();

/** Folds a delta; `header` is that of `bytes`. What it meets first becomes a definition of `dictionary`. */
export function foldDelta(
  bytes: Uint8Array,
  header: DeltaHeader,
  dictionary: OutgoingDictionary,
  nameHash: number,
): FoldedDelta {
  writer.reset(KEEP_BYTES);
  const shape = foldPreamble(header, dictionary);
  if (shape === SHAPE.raw) writer.reset(KEEP_BYTES);
  writer.append(shape === SHAPE.raw ? bytes : bytes.subarray(header.bodyOffset));
  mixChecksum(writer.bytes, writer.length, nameHash);
  return { shape, body: writer.toBytes() };
}

/** Writes the folded preamble and answers the shape, or `raw` where it cannot be folded. */
function foldPreamble(header: DeltaHeader, dictionary: OutgoingDictionary): number {
  const { kind, replicas, containers, baseTimestamp } = header;
  if (kind !== "stream" || replicas.length === 0) return SHAPE.raw;
  const author = authorOf(replicas);
  const definition = dictionary.replica(author.id, author.base, baseTimestamp);
  if (definition === undefined) return SHAPE.raw;
  let shape = 0;
  if (replicas.length === 1) shape = foldReplica(author, definition);
  else if (!foldReplicas(replicas, dictionary)) return SHAPE.raw;
  if (baseTimestamp === 0) shape |= SHAPE.noTime;
  else writer.varint(baseTimestamp - definition.baseTime);
  if (containers.length === 1) shape |= SHAPE.oneContainer;
  else writer.varint(containers.length);
  for (const { type, name } of containers) {
    const slot = dictionary.container(type, name);
    if (slot === undefined) return SHAPE.raw;
    writer.varint(slot);
  }
  return shape;
}

/** The replica that advances: timestamps are told from its base. */
function authorOf(replicas: readonly DeltaReplica[]): DeltaReplica {
  for (const replica of replicas) if (replica.to > replica.base) return replica;
  return replicas[0]!;
}

function foldReplica({ base, to }: DeltaReplica, definition: ReplicaDefinition): number {
  writer.varint(definition.slot);
  writer.varint(base - definition.baseSequence);
  if (to - base === 1) return SHAPE.oneReplica | SHAPE.advancesByOne;
  writer.varint(to - base);
  return SHAPE.oneReplica;
}

function foldReplicas(replicas: readonly DeltaReplica[], dictionary: OutgoingDictionary): boolean {
  writer.varint(replicas.length);
  for (const { id, base, to } of replicas) {
    const slot = dictionary.slotOf(id, base);
    if (slot === undefined) return false;
    writer.varint(slot);
    writer.varint(base);
    writer.varint(to - base);
  }
  return true;
}

/** Puts the delta back together that fills the rest of `reader`. Errors: protocol-error. */
export function unfoldDelta(
  shape: number,
  reader: FrameReader,
  dictionary: IncomingDictionary,
  nameHash: number,
): UnfoldedDelta {
  writer.reset(KEEP_BYTES);
  let header: DeltaHeader | undefined;
  if (shape < SHAPE.raw) header = unfoldPreamble(shape, reader, dictionary);
  else if (shape !== SHAPE.raw) throw malformed(`shape ${shape} of ${SHAPE_LIMIT}`);
  if (reader.remaining < CHECKSUM_BYTES) throw malformed("a delta without a checksum");
  writer.append(reader.view(reader.remaining));
  mixChecksum(writer.bytes, writer.length, nameHash);
  return { bytes: writer.toBytes(), header };
}

function unfoldPreamble(shape: number, reader: FrameReader, dictionary: IncomingDictionary): DeltaHeader {
  const isOne = (shape & SHAPE.oneReplica) !== 0;
  const count = isOne ? 1 : reader.varint(REPLICAS_MAX);
  if (count === 0) throw malformed("a folded delta without replicas");
  const replicas: DeltaReplica[] = [];
  let author: ReplicaDefinition | undefined;
  let first: ReplicaDefinition | undefined;
  for (let row = 0; row < count; row++) {
    const definition = dictionary.replica(reader.varint());
    const replica = unfoldReplica(shape, reader, definition);
    first ??= definition;
    if (replica.to > replica.base) author ??= definition;
    replicas.push(replica);
  }
  const { baseTime } = (author ?? first)!;
  const baseTimestamp = (shape & SHAPE.noTime) === 0 ? baseTime + reader.varint() : 0;
  if (baseTimestamp > Number.MAX_SAFE_INTEGER) throw malformed("a timestamp of 2^53 or more");
  const containers = unfoldContainers(shape, reader, dictionary);
  const preamble = { kind: "stream", baseTimestamp, replicas, containers } as const;
  writeDeltaHeader(writer, preamble);
  return { ...preamble, bodyOffset: writer.length };
}

function unfoldReplica(shape: number, reader: FrameReader, definition: ReplicaDefinition): DeltaReplica {
  const isOne = (shape & SHAPE.oneReplica) !== 0;
  const base = reader.varint(SEQUENCE_MAX) + (isOne ? definition.baseSequence : 0);
  const advance = isOne && (shape & SHAPE.advancesByOne) !== 0 ? 1 : reader.varint(SEQUENCE_MAX);
  if (base + advance > SEQUENCE_MAX) throw malformed(`sequence ${base + advance} of ${definition.id}`);
  return { id: definition.id, base, to: base + advance };
}

function unfoldContainers(
  shape: number,
  reader: FrameReader,
  dictionary: IncomingDictionary,
): readonly DeltaContainer[] {
  if ((shape & SHAPE.oneContainer) !== 0) return [dictionary.container(reader.varint())];
  const count = reader.varint(CONTAINERS_MAX);
  const containers: DeltaContainer[] = [];
  for (let row = 0; row < count; row++) containers.push(dictionary.container(reader.varint()));
  return containers;
}

/** XORs the last four bytes of what was written with the hash of the document's name; twice is nothing. */
function mixChecksum(bytes: Uint8Array, length: number, nameHash: number): void {
  const offset = length - CHECKSUM_BYTES;
  writeUint32(bytes, offset, (readUint32(bytes, offset) ^ nameHash) >>> 0);
}
