// What a document's stored records amount to. Walks the chain from the newest whole snapshot, and where it breaks
// keeps what can be kept without guessing: behind a hole, snapshots and those complete deltas whose dependencies are
// covered; never a stream delta, which relies on everything before it. A pure function of what was read; on the
// usual path it costs one checksum per record and does not look into deltas.
import { forEachReplica, readDeltaKind } from "../wire/delta-header.ts";
import { VersionVector } from "../wire/version-vector.ts";
import { decodeRecord, partsOf, placeOfKey, type StoreRecord } from "./record.ts";

export interface FoundRecord {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Where a chain ends: the next record takes the place after it and names its checksum. */
export interface ChainEnd {
  readonly place: number;
  readonly checksum: number;
}

/** Something that was stored and is not any more, or not whole. */
export interface RecoveryProblem {
  /** torn-tail: the last record is not whole, and is cut. hole: records are missing or not whole before the end. */
  readonly kind: "torn-tail" | "hole";
  /** The first place affected. */
  readonly place: number;
  /** Records behind that place which could be kept whole. */
  readonly kept: number;
  /** Records lost whole or in part. */
  readonly dropped: number;
}

export interface Recovery {
  /** Snapshots and deltas to merge, in this order. */
  readonly parts: readonly Uint8Array[];
  /** The document's clock when the newest readable record was made; 0 without one. */
  readonly clock: number;
  /** Where to go on. */
  readonly end: ChainEnd;
  readonly snapshotBytes: number;
  readonly logBytes: number;
  readonly problem: RecoveryProblem | undefined;
  /** Readable records of which something could not be merged. */
  readonly aside: readonly FoundRecord[];
}

interface ReadableRecord extends StoreRecord {
  readonly found: FoundRecord;
}

interface Chain {
  readonly records: readonly ReadableRecord[];
  readonly end: ChainEnd;
  /** Readable records that do not join on. */
  readonly behind: readonly ReadableRecord[];
}

/** Reads the records of one document, ascending by key. `headPlace` is a place its chain is known to have reached. */
export function recover(found: readonly FoundRecord[], headPlace: number): Recovery {
  const readable: ReadableRecord[] = [];
  const unreadable: FoundRecord[] = [];
  for (const item of found) {
    const record = decodeRecord(item.key, item.value);
    if (record === undefined) unreadable.push(item);
    else readable.push({ ...record, found: item });
  }
  const chain = followChain(readable);
  const start = chain.records[0];
  const snapshotBytes = start?.kind === "snapshot" ? start.byteLength : 0;
  const parts = chain.records.flatMap(partsOf);
  const undamaged = {
    parts,
    clock: readable.reduce((clock, record) => Math.max(clock, record.clock), 0),
    end: chain.end,
    snapshotBytes,
    logBytes: chain.records.reduce((sum, record) => sum + record.byteLength, -snapshotBytes),
    problem: undefined,
    aside: [],
  };
  const leftovers = start?.kind === "snapshot" ? start.found.key : "";
  const broken = unreadable.filter((item) => item.key > leftovers);
  if (broken.length === 0 && chain.behind.length === 0 && headPlace <= chain.end.place) return undamaged;
  if (isTornTail(chain, broken, headPlace)) {
    return { ...undamaged, problem: { kind: "torn-tail", place: chain.end.place + 1, kept: 0, dropped: 1 } };
  }
  return { ...undamaged, ...salvage(chain, parts, broken.length, headPlace) };
}

/** Follows the chain from the newest snapshot, or from place 1, as far as each record joins the one before. */
function followChain(readable: readonly ReadableRecord[]): Chain {
  const start = readable.findLastIndex((record) => record.kind === "snapshot");
  let end: ChainEnd = start < 0 ? { place: 0, checksum: 0 } : readable[start]!;
  let next = start + 1;
  for (; next < readable.length; next++) {
    const record = readable[next]!;
    if (record.place !== end.place + 1 || record.previous !== end.checksum) break;
    end = record;
  }
  return {
    records: readable.slice(Math.max(start, 0), next),
    end: { place: end.place, checksum: end.checksum },
    behind: readable.slice(next),
  };
}

function isTornTail(chain: Chain, broken: readonly FoundRecord[], headPlace: number): boolean {
  const isLast = broken.length === 1 && placeOfKey(broken[0]!.key) === chain.end.place + 1;
  return isLast && chain.behind.length === 0 && headPlace <= chain.end.place;
}

/** What can be had from behind a hole, and what is lost. */
function salvage(
  chain: Chain,
  parts: readonly Uint8Array[],
  brokenCount: number,
  headPlace: number,
): Pick<Recovery, "parts" | "end" | "problem" | "aside"> {
  const lastPlace = Math.max(headPlace, chain.end.place + 1, chain.behind.at(-1)?.place ?? 0);
  const vector = new VersionVector();
  for (const part of parts) advance(vector, part);
  const keptParts = [...parts];
  const aside: FoundRecord[] = [];
  for (const record of chain.behind) {
    const partsBehind = partsOf(record);
    const mergeable = partsBehind.filter((part) => isMergeable(vector, part) && advance(vector, part));
    keptParts.push(...mergeable);
    if (mergeable.length < partsBehind.length) aside.push(record.found);
  }
  const kept = chain.behind.length - aside.length;
  const dropped = Math.max(brokenCount, lastPlace - chain.end.place - kept);
  return {
    parts: keptParts,
    end: { place: lastPlace, checksum: 0 },
    problem: { kind: "hole", place: chain.end.place + 1, kept, dropped },
    aside,
  };
}

/** Whether `part` can be merged where only `vector` is known for sure. */
function isMergeable(vector: VersionVector, part: Uint8Array): boolean {
  const kind = readDeltaKind(part);
  if (kind !== "delta") return kind === "snapshot";
  let isCovered = true;
  forEachReplica(part, (id, base) => {
    if (vector.get(id) < base) isCovered = false;
  });
  return isCovered;
}

function advance(vector: VersionVector, part: Uint8Array): true {
  forEachReplica(part, (id, _base, to) => vector.advance(id, to));
  return true;
}
