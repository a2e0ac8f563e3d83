// The preamble of a delta or snapshot (docs/wire-format.md, "Layout"): flags, base timestamp, replica table and
// container table. Reads it without touching the entries, and writes one back. Leaves the body and the checksum
// to the engines. Cost: that of the tables; `forEachReplica` stops before the container table.
import { CrdtError } from "../errors.ts";
import { CONTAINERS_MAX, REPLICAS_MAX } from "../limits.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { CONTAINER_TYPES, type ContainerTypeName, containerTypeName } from "./container-types.ts";
import { REPLICA_ID_BYTES, type ReplicaId, readReplicaId, readUint32 } from "./replica-id.ts";
import { type ByteCursor, readVarint } from "./varint.ts";
import { SEQUENCE_MAX } from "./version-vector.ts";

export const FORMAT_VERSION = 1;
/** Bytes of the checksum that ends every delta. */
export const CHECKSUM_BYTES = 4;
const MAGIC = [0x4a, 0x43] as const;
const REPLICA_TABLE_OFFSET = 12;
const KINDS = ["delta", "snapshot", "stream"] as const;

export type DeltaKind = (typeof KINDS)[number];

export interface DeltaReplica {
  readonly id: ReplicaId;
  /** What the receiver must have seen of this replica; in a snapshot the compaction floor. */
  readonly base: number;
  readonly to: number;
}

export interface DeltaContainer {
  readonly type: ContainerTypeName;
  readonly name: string;
}

export interface DeltaHeader {
  readonly kind: DeltaKind;
  readonly baseTimestamp: number;
  readonly replicas: readonly DeltaReplica[];
  readonly containers: readonly DeltaContainer[];
  /** Where the entries begin. */
  readonly bodyOffset: number;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The kind of a delta. Errors: malformed-delta, unsupported-version. */
export function readDeltaKind(bytes: Uint8Array): DeltaKind {
  if (bytes.length < REPLICA_TABLE_OFFSET + CHECKSUM_BYTES)
    throw malformed(`${bytes.length} bytes are too few`);
  if (bytes[0] !== MAGIC[0] || bytes[1] !== MAGIC[1]) throw malformed("it does not begin with 4A 43");
  if (bytes[2] !== FORMAT_VERSION) {
    throw new CrdtError(
      "unsupported-version",
      `a delta of format version ${bytes[2]}; this program reads version ${FORMAT_VERSION}, update the older side`,
    );
  }
  const kind = KINDS[bytes[3]!];
  if (kind === undefined) throw malformed(`flags ${bytes[3]}`);
  return kind;
}

/** Reads the whole preamble. Errors: malformed-delta, unsupported-version, unsupported-type, limit-exceeded. */
export function readDeltaHeader(bytes: Uint8Array): DeltaHeader {
  const replicas: DeltaReplica[] = [];
  const tableEnd = forEachReplica(bytes, (id, base, to) => replicas.push({ id, base, to }));
  const cursor = { bytes, offset: tableEnd };
  const containers = readContainerTable(cursor);
  const baseTimestamp = readUint32(bytes, 4) + readUint32(bytes, 8) * 0x1_0000_0000;
  if (baseTimestamp > Number.MAX_SAFE_INTEGER) throw malformed("the base timestamp is 2^53 or more");
  return { kind: readDeltaKind(bytes), baseTimestamp, replicas, containers, bodyOffset: cursor.offset };
}

/** Calls `visit` for each row of the replica table; returns the offset of the container table. */
export function forEachReplica(
  bytes: Uint8Array,
  visit: (id: ReplicaId, base: number, to: number) => void,
): number {
  readDeltaKind(bytes);
  const cursor = { bytes, offset: REPLICA_TABLE_OFFSET };
  const count = readNumber(cursor);
  if (count > REPLICAS_MAX) throw tooMany("replicas", count, REPLICAS_MAX);
  for (let index = 0; index < count; index++) {
    if (cursor.offset + REPLICA_ID_BYTES > bytes.length) throw malformed("the replica table is cut off");
    const id = readReplicaId(bytes, cursor.offset);
    cursor.offset += REPLICA_ID_BYTES;
    const base = readNumber(cursor);
    const to = base + readNumber(cursor);
    if (to > SEQUENCE_MAX) throw malformed(`sequence ${to} of replica ${id}`);
    visit(id, base, to);
  }
  return cursor.offset;
}

/** Names are few and come again and again; encoding one costs more than the rest of a small preamble. */
const encodedNames = new Map<string, Uint8Array>();

function encodeName(name: string): Uint8Array {
  const known = encodedNames.get(name);
  if (known !== undefined) return known;
  if (encodedNames.size >= CONTAINERS_MAX) encodedNames.clear();
  const bytes = encoder.encode(name);
  encodedNames.set(name, bytes);
  return bytes;
}

/** Writes a preamble; rows must be in the order the format asks for. */
export function writeDeltaHeader(writer: ByteWriter, header: Omit<DeltaHeader, "bodyOffset">): void {
  for (const byte of MAGIC) writer.u8(byte);
  writer.u8(FORMAT_VERSION);
  writer.u8(KINDS.indexOf(header.kind));
  writer.u64(header.baseTimestamp);
  writer.varint(header.replicas.length);
  for (const { id, base, to } of header.replicas) {
    writer.replicaId(id);
    writer.varint(base);
    writer.varint(to - base);
  }
  writer.varint(header.containers.length);
  for (const { type, name } of header.containers) {
    const nameBytes = encodeName(name);
    writer.u8(CONTAINER_TYPES[type]);
    writer.u8(nameBytes.length);
    writer.append(nameBytes);
  }
}

function readContainerTable(cursor: ByteCursor): DeltaContainer[] {
  const count = readNumber(cursor);
  if (count > CONTAINERS_MAX) throw tooMany("containers", count, CONTAINERS_MAX);
  const containers: DeltaContainer[] = [];
  for (let index = 0; index < count; index++) containers.push(readContainer(cursor));
  return containers;
}

function readContainer(cursor: ByteCursor): DeltaContainer {
  const { bytes, offset } = cursor;
  const end = offset + 2 + (bytes[offset + 1] ?? 0);
  if (offset + 2 > bytes.length || end > bytes.length) throw malformed("the container table is cut off");
  const type = containerTypeName(bytes[offset]!);
  if (type === undefined) {
    throw new CrdtError(
      "unsupported-type",
      `container type ${bytes[offset]} is newer than this program; update it to read these bytes`,
    );
  }
  cursor.offset = end;
  try {
    return { type, name: decoder.decode(bytes.subarray(offset + 2, end)) };
  } catch {
    throw malformed(`the container name at byte ${offset + 2} is no UTF-8`);
  }
}

function readNumber(cursor: ByteCursor): number {
  const byte = cursor.bytes[cursor.offset];
  if (byte !== undefined && byte < 0x80) {
    cursor.offset++;
    return byte;
  }
  const value = readVarint(cursor);
  if (value < 0) throw malformed(`no minimal varint below 2^53 at byte ${cursor.offset}`);
  return value;
}

function tooMany(what: string, count: number, limit: number): CrdtError {
  return new CrdtError("limit-exceeded", `a delta that lists ${count} ${what}; at most ${limit} are allowed`);
}

function malformed(reason: string): CrdtError {
  return new CrdtError("malformed-delta", `malformed delta: ${reason}; ask the sender for it again`);
}
