// Whether this store may go on as the replica it was. A clean close leaves a mark that holds the replica id and the
// fingerprint of the directory; opening removes it before anything is written. No mark, a damaged one, or one from
// another copy of the directory: mutations may have left this machine that the store does not know, or another copy
// may be making the same ones, so the store takes a new id. A dot is then never used twice.
import type { ReplicaId } from "../engine/engine.ts";
import { CrdtError } from "../errors.ts";
import type { Platform, PlatformStorage, StorageWrite } from "../platform/platform.ts";
import type { StoreEvent } from "../replica/ports.ts";
import { isReplicaId, replicaIdFromRandomBytes } from "../wire/replica-id.ts";
import {
  CLOSED_KEY,
  decodeJson,
  decodeRecord,
  encodeJson,
  encodeRecord,
  FORMAT_KEY,
  HEAD_KEYS,
  nameOfHeadKey,
  type RecordKind,
  type StoreRecord,
} from "./record.ts";

const FORMAT_VERSION = 1;
const REPLICA_ID_RANDOM_BYTES = 8;

/** What a clean close writes. */
interface ClosedMark {
  readonly replica: ReplicaId;
  readonly fingerprint: string | undefined;
  /** How many documents the store held. */
  readonly documents: number;
}

export interface Entrance {
  readonly replica: ReplicaId;
  readonly names: ReadonlySet<string>;
  readonly events: readonly StoreEvent[];
  /** The mark that was there, if it was good: a session that writes nothing puts it back. */
  readonly mark: ClosedMark | undefined;
  /** What names this copy of the storage now. */
  readonly fingerprint: string | undefined;
}

/** Decides who the store is, and removes the mark for good. Errors: unsupported-version. */
export async function enterStorage(storage: PlatformStorage, platform: Platform): Promise<Entrance> {
  const [format, closed, fingerprint] = await Promise.all([
    storage.get(FORMAT_KEY),
    storage.get(CLOSED_KEY),
    storage.fingerprint(),
  ]);
  const names = await readNames(storage);
  const isNew = format === undefined && closed === undefined && fingerprint === undefined && names.size === 0;
  const events: StoreEvent[] = [];
  if (!isNew) checkFormat(format, events);
  const verdict = isNew ? {} : judge(readMark(closed), closed !== undefined, fingerprint);
  const expected = verdict.mark?.documents ?? names.size;
  if (expected !== names.size) events.push(lostDocumentsEvent(expected, names.size));
  const refusal = verdict.refusal ?? (events.length > 0 ? "records of it are lost" : undefined);
  if (refusal !== undefined) events.push(newIdEvent(refusal));
  await removeMark(storage, closed !== undefined, format === undefined);
  const mark = events.length === 0 ? verdict.mark : undefined;
  const replica = mark?.replica ?? replicaIdFromRandomBytes(platform.randomBytes(REPLICA_ID_RANDOM_BYTES));
  const named = isNew || format === undefined ? await storage.fingerprint() : fingerprint;
  return { replica, names, events, mark, fingerprint: named };
}

/** Marks the store as closed cleanly; everything else must be written by now. */
export async function leaveStorage(
  storage: PlatformStorage,
  replica: ReplicaId,
  documents: number,
  unchangedMark: ClosedMark | undefined,
): Promise<void> {
  const fingerprint = unchangedMark?.fingerprint ?? (await storage.renewFingerprint());
  const mark: ClosedMark = { replica, fingerprint, documents };
  await storage.write(
    [{ type: "put", key: CLOSED_KEY, value: encodeMeta(CLOSED_KEY, "closed", mark) }],
    true,
  );
}

async function readNames(storage: PlatformStorage): Promise<Set<string>> {
  const names = new Set<string>();
  for await (const key of storage.keys(HEAD_KEYS)) {
    const name = nameOfHeadKey(key);
    if (name !== undefined) names.add(name);
  }
  return names;
}

async function removeMark(storage: PlatformStorage, hasMark: boolean, isUnformatted: boolean): Promise<void> {
  const writes: StorageWrite[] = [];
  if (hasMark) writes.push({ type: "del", key: CLOSED_KEY });
  if (isUnformatted) {
    const value = encodeMeta(FORMAT_KEY, "format", { version: FORMAT_VERSION });
    writes.push({ type: "put", key: FORMAT_KEY, value });
    await storage.renewFingerprint();
  }
  if (writes.length > 0) await storage.write(writes, true);
}

const encodeMeta = (key: string, kind: RecordKind, value: unknown): Uint8Array =>
  encodeRecord(key, { kind, place: 0, clock: 0, previous: 0 }, encodeJson(value));

const fieldOf = (value: unknown, field: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, field) : undefined;

function readMark(bytes: Uint8Array | undefined): ClosedMark | undefined {
  const record = bytes === undefined ? undefined : decodeRecord(CLOSED_KEY, bytes);
  if (record?.kind !== "closed") return undefined;
  const value = decodeJson(record);
  const replica = fieldOf(value, "replica");
  const fingerprint = fieldOf(value, "fingerprint");
  const documents = fieldOf(value, "documents");
  if (!isReplicaId(replica) || typeof documents !== "number") return undefined;
  return { replica, fingerprint: typeof fingerprint === "string" ? fingerprint : undefined, documents };
}

interface Verdict {
  readonly mark?: ClosedMark;
  /** Why the kept id may not be used. */
  readonly refusal?: string;
}

function judge(mark: ClosedMark | undefined, isThere: boolean, fingerprint: string | undefined): Verdict {
  if (!isThere) return { refusal: "it was not closed cleanly, so its last writes may be missing" };
  if (mark === undefined) return { refusal: "the mark of its clean close is damaged" };
  if (mark.fingerprint !== fingerprint) return { mark, refusal: "it was copied, moved or restored" };
  return { mark };
}

function checkFormat(bytes: Uint8Array | undefined, events: StoreEvent[]): void {
  const record: StoreRecord | undefined = bytes === undefined ? undefined : decodeRecord(FORMAT_KEY, bytes);
  if (record?.kind !== "format") {
    const message =
      "The store's format record is lost, and other records may be: what is missing comes back from peers.";
    events.push({ kind: "hole", document: undefined, message });
    return;
  }
  const version = fieldOf(decodeJson(record), "version");
  if (version === FORMAT_VERSION) return;
  const message = `The store has format version ${String(version)}; this program reads version ${FORMAT_VERSION}: update it.`;
  throw new CrdtError("unsupported-version", message);
}

const newIdEvent = (refusal: string): StoreEvent => ({
  kind: "new-replica-id",
  document: undefined,
  message: `The store takes a new replica id: ${refusal}.`,
});

const lostDocumentsEvent = (expected: number, found: number): StoreEvent => ({
  kind: "hole",
  document: undefined,
  message: `The store held ${expected} documents when it was closed and holds ${found} now: what is missing comes back from peers.`,
});
