// What the documents of a store have seen, without opening any: the fingerprint of each version vector. A clean close
// leaves it in the body of the head record, where it holds as long as the chain ends at the place the head names. What
// was not closed cleanly, or was written before heads had a body, is read: its deltas' headers say what they bring.
// Cost: one read of all heads; without a clean close, of all record keys too; and of the records of what is unknown.
import type { PlatformStorage } from "../platform/platform.ts";
import { forEachReplica } from "../wire/delta-header.ts";
import {
  FINGERPRINT_BYTES,
  type Fingerprint,
  fingerprintOfVector,
  readFingerprint,
  writeFingerprint,
} from "../wire/fingerprint.ts";
import { VersionVector } from "../wire/version-vector.ts";
import {
  decodeRecord,
  HEAD_KEYS,
  nameOfHeadKey,
  nameOfRecordKey,
  placeOfKey,
  recordKeys,
  type StoreRecord,
} from "./record.ts";
import { type FoundRecord, recover } from "./recovery.ts";

const RECORD_KEYS = { from: "record/", to: "record0" } as const;

/** The body of a head record. */
export function headBody(fingerprint: Fingerprint | undefined): Uint8Array[] {
  if (fingerprint === undefined) return [];
  const body = new Uint8Array(FINGERPRINT_BYTES);
  writeFingerprint(body, 0, fingerprint);
  return [body];
}

/** What {@link headBody} wrote; undefined where the head was written without. */
export function fingerprintOfHead(head: StoreRecord): Fingerprint | undefined {
  return head.body.length === FINGERPRINT_BYTES ? readFingerprint(head.body, 0) : undefined;
}

interface Head {
  readonly place: number;
  readonly fingerprint: Fingerprint | undefined;
}

/**
 * Fingerprints of all stored documents but those in `skipped`. With `isWhole` every head stands for the end of its
 * chain, because the store was closed cleanly and only `skipped` were touched since.
 */
export async function* storedFingerprints(
  storage: PlatformStorage,
  isWhole: boolean,
  isSkipped: (name: string) => boolean,
): AsyncGenerator<readonly [name: string, fingerprint: Fingerprint]> {
  const heads = await readHeads(storage, isSkipped);
  const ends = isWhole ? undefined : await readEnds(storage);
  for (const [name, head] of heads) {
    const isCurrent = ends === undefined || ends.get(name) === head.place;
    const known = isCurrent ? head.fingerprint : undefined;
    yield [name, known ?? (await readFingerprintOf(storage, name, head.place))];
  }
}

async function readHeads(
  storage: PlatformStorage,
  isSkipped: (name: string) => boolean,
): Promise<Map<string, Head>> {
  const heads = new Map<string, Head>();
  for await (const [key, value] of storage.entries(HEAD_KEYS)) {
    const name = nameOfHeadKey(key);
    if (name === undefined || isSkipped(name)) continue;
    const record = decodeRecord(key, value);
    const fingerprint = record === undefined ? undefined : fingerprintOfHead(record);
    heads.set(name, { place: record?.place ?? 0, fingerprint });
  }
  return heads;
}

/** The last place of each document. */
async function readEnds(storage: PlatformStorage): Promise<Map<string, number>> {
  const ends = new Map<string, number>();
  for await (const key of storage.keys(RECORD_KEYS)) {
    const name = nameOfRecordKey(key);
    if (name !== undefined) ends.set(name, Math.max(ends.get(name) ?? 0, placeOfKey(key)));
  }
  return ends;
}

async function readFingerprintOf(
  storage: PlatformStorage,
  name: string,
  headPlace: number,
): Promise<Fingerprint> {
  const found: FoundRecord[] = [];
  for await (const [key, value] of storage.entries(recordKeys(name))) found.push({ key, value });
  const vector = new VersionVector();
  for (const part of recover(found, headPlace).parts) {
    forEachReplica(part, (id, _base, to) => vector.advance(id, to));
  }
  return fingerprintOfVector(vector);
}
