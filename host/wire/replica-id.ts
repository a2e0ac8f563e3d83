// Replica ids: 16 lowercase hexadecimal digits in the host, an unsigned 64-bit little-endian number in bytes.
// Reading one back is a lookup in a small direct-mapped cache: a session sees the same few ids all the time.
import { CrdtError } from "../errors.ts";

/** A replica: 16 lowercase hexadecimal digits of a nonzero unsigned 64-bit number. */
export type ReplicaId = string & { readonly __brand: "ReplicaId" };

export const REPLICA_ID_BYTES = 8;

const PATTERN = /^(?!0{16})[0-9a-f]{16}$/;
const CACHE_SLOTS = 1024;
const cachedLow = new Uint32Array(CACHE_SLOTS);
const cachedHigh = new Uint32Array(CACHE_SLOTS);
const cachedId: ReplicaId[] = new Array(CACHE_SLOTS).fill("");

export function isReplicaId(value: unknown): value is ReplicaId {
  return typeof value === "string" && PATTERN.test(value);
}

/** `text` as a replica id. Errors: invalid-argument. */
export function parseReplicaId(text: string): ReplicaId {
  if (isReplicaId(text)) return text;
  throw new CrdtError(
    "invalid-argument",
    `${JSON.stringify(text)} is no replica id; give 16 lowercase hexadecimal digits that are not all zero`,
  );
}

/** A replica id from eight random bytes. */
export function replicaIdFromRandomBytes(bytes: Uint8Array): ReplicaId {
  const copy = bytes.slice(0, REPLICA_ID_BYTES);
  if (copy.every((byte) => byte === 0)) copy[0] = 1;
  return readReplicaId(copy, 0);
}

/** The replica id at `offset`. The caller has checked that eight bytes are there and that they are not all zero. */
export function readReplicaId(bytes: Uint8Array, offset: number): ReplicaId {
  const low = readUint32(bytes, offset);
  const high = readUint32(bytes, offset + 4);
  const slot = (low ^ (high >>> 7)) & (CACHE_SLOTS - 1);
  if (cachedLow[slot] === low && cachedHigh[slot] === high && (low | high) !== 0) return cachedId[slot]!;
  const id = (high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0")) as ReplicaId;
  cachedLow[slot] = low;
  cachedHigh[slot] = high;
  cachedId[slot] = id;
  return id;
}

export function writeReplicaId(bytes: Uint8Array, offset: number, id: ReplicaId): void {
  writeUint32(bytes, offset, Number.parseInt(id.slice(8), 16));
  writeUint32(bytes, offset + 4, Number.parseInt(id.slice(0, 8), 16));
}

export function readUint32(bytes: Uint8Array, offset: number): number {
  return (
    (bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16) | (bytes[offset + 3]! << 24)) >>>
    0
  );
}

export function writeUint32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value >>> 16;
  bytes[offset + 3] = value >>> 24;
}
