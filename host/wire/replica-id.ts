// Replica ids: 16 lowercase hexadecimal digits in the host, an unsigned 64-bit little-endian number in bytes.
// Reading one back is a lookup in a small cache of two places a slot: the same few thousand ids come all the time.
import { CrdtError } from "../errors.ts";

/** A replica: 16 lowercase hexadecimal digits of a nonzero unsigned 64-bit number. */
export type ReplicaId = string & { readonly __brand: "ReplicaId" };

export const REPLICA_ID_BYTES = 8;

const PATTERN = /^(?!0{16})[0-9a-f]{16}$/;
/** An even place and the odd one behind it are a slot; the later of two ids stands in front. */
const CACHE_PLACES = 4096;
const cachedLow = new Uint32Array(CACHE_PLACES);
const cachedHigh = new Uint32Array(CACHE_PLACES);
const cachedId: ReplicaId[] = new Array(CACHE_PLACES).fill("");

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
  const place = (low ^ (high >>> 7)) & (CACHE_PLACES - 2);
  if (cachedLow[place] === low && cachedHigh[place] === high && (low | high) !== 0) return cachedId[place]!;
  return readFromSecondPlace(place, low, high);
}

function readFromSecondPlace(place: number, low: number, high: number): ReplicaId {
  const second = place + 1;
  if (cachedLow[second] === low && cachedHigh[second] === high && (low | high) !== 0)
    return cachedId[second]!;
  const id = (high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0")) as ReplicaId;
  cachedLow[second] = cachedLow[place]!;
  cachedHigh[second] = cachedHigh[place]!;
  cachedId[second] = cachedId[place]!;
  cachedLow[place] = low;
  cachedHigh[place] = high;
  cachedId[place] = id;
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
