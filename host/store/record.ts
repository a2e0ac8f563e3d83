// One record of the store: a header that names its place and its predecessor, then the body. Nothing below notices a
// flipped byte, so a record is believed only if its checksum, which also covers the key it was found under, holds.
//
// Keys (a document name stands in them percent-encoded, a place as 14 hexadecimal digits):
//   format                 the format version of the store
//   closed                 written by a clean close, removed by the next open (closed-mark.ts)
//   head/NAME              the last place of the document when it was last written; a clean close adds the fingerprint
//                          of its version vector at that place as the body (stored-fingerprints.ts)
//   record/NAME/PLACE      the document's chain: snapshots and groups of deltas, by increasing place
//   aside/NAME/PLACE       records found behind a hole that could not be merged, kept for a person to look at
//                          until the document is rewritten
//
// Layout, little-endian:
//   0  checksum   u32: XXH32 of every byte after it, seeded with the XXH32 of the key
//   4  magic      u16 0x534A ("JS")     6  version u8 = 1     7  kind u8
//   8  place      f64: 1, 2, 3 … in a chain, which has no holes
//   16 clock      f64: the document's clock when the record was made
//   24 previous   u32: checksum of the record at the place before; 0 at place 1
//   28 length     u32: bytes of the body
//   32 body       deltas: per delta its length u32 and its bytes; snapshot: its bytes; otherwise JSON
import { readUint32, writeUint32 } from "../wire/replica-id.ts";
import { xxhash32 } from "../wire/xxhash32.ts";

const RECORD_KINDS = { snapshot: 1, deltas: 2, head: 3, closed: 4, format: 5 } as const;
export type RecordKind = keyof typeof RECORD_KINDS;

export interface RecordHeader {
  readonly kind: RecordKind;
  readonly place: number;
  readonly clock: number;
  readonly previous: number;
}

export interface StoreRecord extends RecordHeader {
  readonly checksum: number;
  readonly body: Uint8Array;
  /** Bytes of the whole record. */
  readonly byteLength: number;
}

export const RECORD_HEADER_BYTES = 32;
const MAGIC = 0x534a;
const VERSION = 1;
const LENGTH_BYTES = 4;
const OFFSETS = { magic: 4, version: 6, kind: 7, place: 8, clock: 16, previous: 24, length: 28 } as const;
const PLACE_DIGITS = 14;
const KIND_NAMES = new Map(
  Object.entries(RECORD_KINDS).map(([name, kind]) => [kind as number, name as RecordKind]),
);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const FORMAT_KEY = "format";
export const CLOSED_KEY = "closed";
export const HEAD_KEYS = { from: "head/", to: "head0" } as const;

export const headKey = (name: string): string => `head/${encodeURIComponent(name)}`;
/** The document a head key names; undefined for a key that was not written so. */
export function nameOfHeadKey(key: string): string | undefined {
  try {
    return decodeURIComponent(key.slice("head/".length));
  } catch {
    return undefined;
  }
}
export const recordKey = (name: string, place: number): string =>
  `record/${encodeURIComponent(name)}/${place.toString(16).padStart(PLACE_DIGITS, "0")}`;
export const asideKey = (key: string): string => key.replace(/^record/, "aside");
export const asideKeys = (name: string) => ({
  from: `aside/${encodeURIComponent(name)}/`,
  to: `aside/${encodeURIComponent(name)}0`,
});

/** The document a record key belongs to; undefined for a key that was not written so. */
export function nameOfRecordKey(key: string): string | undefined {
  try {
    return decodeURIComponent(key.slice("record/".length, key.lastIndexOf("/")));
  } catch {
    return undefined;
  }
}

/** All records of a document: "0" is the character after "/". */
export const recordKeys = (name: string) => ({
  from: `record/${encodeURIComponent(name)}/`,
  to: `record/${encodeURIComponent(name)}0`,
});

/** The place a record key names; 0 for a key that names none. */
export function placeOfKey(key: string): number {
  const digits = key.slice(key.lastIndexOf("/") + 1);
  return /^[0-9a-f]{14}$/.test(digits) ? Number.parseInt(digits, 16) : 0;
}

function checksumOf(key: string, bytes: Uint8Array): number {
  const keyBytes = encoder.encode(key);
  return xxhash32(bytes, xxhash32(keyBytes, 0), OFFSETS.magic);
}

/** Builds the record to be stored under `key`. */
export function encodeRecord(key: string, header: RecordHeader, parts: readonly Uint8Array[]): Uint8Array {
  let bodyBytes = 0;
  for (const part of parts) bodyBytes += part.length;
  const bytes = new Uint8Array(RECORD_HEADER_BYTES + bodyBytes);
  const view = new DataView(bytes.buffer);
  view.setUint16(OFFSETS.magic, MAGIC, true);
  view.setUint8(OFFSETS.version, VERSION);
  view.setUint8(OFFSETS.kind, RECORD_KINDS[header.kind]);
  view.setFloat64(OFFSETS.place, header.place, true);
  view.setFloat64(OFFSETS.clock, header.clock, true);
  view.setUint32(OFFSETS.previous, header.previous, true);
  view.setUint32(OFFSETS.length, bodyBytes, true);
  let offset = RECORD_HEADER_BYTES;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  view.setUint32(0, checksumOf(key, bytes), true);
  return bytes;
}

/** The checksum an encoded record begins with: what the next one names as `previous`. */
export const checksumOfRecord = (bytes: Uint8Array): number => readUint32(bytes, 0);

/** Reads a record found under `key`; undefined when any byte of it or of its key is not as it was written. */
export function decodeRecord(key: string, bytes: Uint8Array): StoreRecord | undefined {
  if (bytes.length < RECORD_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(OFFSETS.magic, true) !== MAGIC || view.getUint8(OFFSETS.version) !== VERSION)
    return undefined;
  const checksum = view.getUint32(0, true);
  const kind = KIND_NAMES.get(view.getUint8(OFFSETS.kind));
  const bodyBytes = view.getUint32(OFFSETS.length, true);
  if (kind === undefined || bodyBytes !== bytes.length - RECORD_HEADER_BYTES) return undefined;
  if (checksum !== checksumOf(key, bytes)) return undefined;
  return {
    kind,
    place: view.getFloat64(OFFSETS.place, true),
    clock: view.getFloat64(OFFSETS.clock, true),
    previous: view.getUint32(OFFSETS.previous, true),
    checksum,
    body: bytes.subarray(RECORD_HEADER_BYTES),
    byteLength: bytes.length,
  };
}

/** The body of a `deltas` record, in parts that {@link encodeRecord} joins. */
export function groupDeltas(deltas: readonly Uint8Array[]): Uint8Array[] {
  return deltas.flatMap((delta) => {
    const length = new Uint8Array(LENGTH_BYTES);
    writeUint32(length, 0, delta.length);
    return [length, delta];
  });
}

/** What a record holds, in the order it was applied. */
export function partsOf(record: StoreRecord): Uint8Array[] {
  if (record.kind === "snapshot") return [record.body];
  if (record.kind !== "deltas") return [];
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset + LENGTH_BYTES <= record.body.length; ) {
    const end = offset + LENGTH_BYTES + readUint32(record.body, offset);
    parts.push(record.body.subarray(offset + LENGTH_BYTES, end));
    offset = end;
  }
  return parts;
}

/** The body of a small record that holds plain data. */
export const encodeJson = (value: unknown): Uint8Array[] => [encoder.encode(JSON.stringify(value))];
export const decodeJson = (record: StoreRecord): unknown => JSON.parse(decoder.decode(record.body));
