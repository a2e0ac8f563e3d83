// The stored chain of one document and what is still to be added to it. Deltas of one write become one record; when
// the log has outgrown its snapshot, a new snapshot takes the next place and everything before it goes, once the
// snapshot has been read back whole. Knows nothing of when to write: group-writer.ts asks it for writes.

import { CrdtError, isCrdtError } from "../errors.ts";
import type { PlatformStorage, StorageWrite } from "../platform/platform.ts";
import type { DocumentCore } from "../replica/document-core.ts";
import { type Fingerprint, fingerprintOfVector } from "../wire/fingerprint.ts";
import {
  asideKey,
  checksumOfRecord,
  decodeRecord,
  encodeRecord,
  groupDeltas,
  headKey,
  type RecordKind,
  recordKey,
  recordKeys,
} from "./record.ts";
import type { ChainEnd, FoundRecord, Recovery } from "./recovery.ts";
import { headBody } from "./stored-fingerprints.ts";

/** A log smaller than this is not worth a snapshot: replaying it takes a millisecond or two. */
const LOG_BYTES_MIN = 65_536;
/** How many times its snapshot a log may grow: writing snapshots then costs at most half as much as the log. */
const LOG_GROWTH = 2;
/** Bytes waiting for a disk that does not take them before they are replaced by a snapshot to be taken later. */
const QUEUE_BYTES_MAX = 67_108_864;

/** What one document adds to a batch. */
export interface PendingWrite {
  readonly writes: readonly StorageWrite[];
  /** Whether the batch must reach the disk whatever the durability. */
  readonly flush: boolean;
  /** The batch was written. */
  commit(): void;
  /** It was not; the next attempt takes it again. */
  revert(): void;
}

export class DocumentLog {
  readonly name: string;
  #core: DocumentCore | undefined;
  #end: ChainEnd;
  #headPlace: number;
  /** Whether the head record says what the document had seen there. */
  #isHeadComplete: boolean;
  /** What the document had seen when its core went. */
  #fingerprint: Fingerprint | undefined;
  #logBytes: number;
  #snapshotBytes: number;
  #clock: number;
  #queue: Uint8Array[] = [];
  #queueBytes = 0;
  #isSnapshotDue: boolean;
  /** Set while only a snapshot can go on from what is stored. */
  #isLogBroken: boolean;
  /** Taken when the core was about to go while a snapshot was due. */
  #lastSnapshot: Uint8Array | undefined;
  #aside: readonly FoundRecord[];
  /** The newest snapshot, while records before it may still be there. */
  #untidy: { readonly end: ChainEnd; readonly requests: number } | undefined;
  /** How many snapshots were asked for, and how many of them stand alone by now. */
  #requests = 0;
  #requestsMet = 0;
  /** Why the snapshot asked for last does not stand alone. */
  #refusal: unknown;
  /** Whether deltas that left the queue are not known to be stored yet. */
  #isWriting = false;

  constructor(name: string, recovery: Recovery, headPlace: number, isHeadComplete = false) {
    this.name = name;
    this.#isHeadComplete = isHeadComplete;
    this.#end = recovery.end;
    this.#headPlace = headPlace;
    this.#logBytes = recovery.logBytes;
    this.#snapshotBytes = recovery.snapshotBytes;
    this.#clock = recovery.clock;
    this.#aside = recovery.aside;
    // Behind a hole no stream delta may follow: the chain goes on from a snapshot of what was kept.
    this.#isSnapshotDue = recovery.problem?.kind === "hole";
    this.#isLogBroken = this.#isSnapshotDue;
  }

  get isPending(): boolean {
    return this.#queue.length > 0 || (this.#isSnapshotDue && this.#canSnapshot);
  }

  get isUntidy(): boolean {
    return this.#untidy !== undefined;
  }

  /** Whether anything of this document is stored. */
  get isStored(): boolean {
    return this.#headPlace > 0;
  }

  get #canSnapshot(): boolean {
    return this.#lastSnapshot !== undefined || (this.#core !== undefined && !this.#core.isClosed);
  }

  /** What the document has seen; undefined while it is open, and before it was. */
  get fingerprint(): Fingerprint | undefined {
    return this.#fingerprint;
  }

  attach(core: DocumentCore): void {
    this.#core = core;
    this.#fingerprint = undefined;
  }

  /** Lets go of the core, which will not be there for a later attempt. */
  detach(): void {
    if (this.#core === undefined) return;
    this.#readClock();
    if (this.#isSnapshotDue && !this.#core.isClosed) this.#lastSnapshot = this.#takeSnapshot();
    if (!this.#core.isClosed) this.#fingerprint = fingerprintOfVector(this.#core.versionVector);
    this.#core = undefined;
  }

  /** The next write is a snapshot, and what came before it goes; gives what to ask {@link checkRewritten} with. */
  requestSnapshot(): number {
    if (this.#end.place === 0 && this.#queue.length === 0 && !this.#isWriting) return 0;
    this.#refusal = undefined;
    return this.#askForSnapshot();
  }

  /** Errors: whatever kept the snapshot from being written, or from standing alone. */
  checkRewritten(request: number): void {
    if (this.#requestsMet < request) throw this.#refusal ?? notRewritten(this.name);
  }

  append(delta: Uint8Array): void {
    this.#queue.push(delta);
    this.#queueBytes += delta.length;
    if (this.#queueBytes <= QUEUE_BYTES_MAX || !this.#canSnapshot) return;
    this.#askForSnapshot();
    this.#isLogBroken = true;
    this.#clearQueue();
  }

  /** What is to be written now; undefined when nothing is. */
  collect(): PendingWrite | undefined {
    if (this.#isSnapshotDue && this.#canSnapshot) {
      const snapshot = this.#takeSnapshot();
      if (snapshot !== undefined) return this.#collectSnapshot(snapshot);
    }
    return this.#queue.length > 0 ? this.#collectDeltas() : undefined;
  }

  /** The head record a clean close leaves behind; undefined when it stands there already. */
  collectHead(): StorageWrite | undefined {
    const isStored = this.#queue.length === 0 && !this.#isLogBroken && this.#end.place > 0;
    const fingerprint = isStored ? this.#fingerprint : undefined;
    const isComplete = this.#isHeadComplete || fingerprint === undefined;
    if (this.#headPlace === this.#end.place && isComplete) return undefined;
    return this.#headWrite(this.#end.place, fingerprint);
  }

  headWritten(): void {
    this.#headPlace = this.#end.place;
  }

  /**
   * Removes what the newest snapshot replaced. Errors: those of the storage; store-corrupt where the snapshot does not read
   * back whole: what it was to replace stays then, and another is due.
   */
  async tidy(storage: PlatformStorage): Promise<void> {
    if (this.#untidy === undefined) return;
    try {
      await this.#tidy(storage, this.#untidy.end);
      this.#requestsMet = this.#untidy.requests;
      this.#untidy = undefined;
    } catch (error) {
      this.#refusal = error;
      throw error;
    }
  }

  async #tidy(storage: PlatformStorage, { place, checksum }: ChainEnd): Promise<void> {
    const newest = recordKey(this.name, place);
    const stored = await storage.get(newest);
    if (stored === undefined || decodeRecord(newest, stored)?.checksum !== checksum) {
      this.#untidy = undefined;
      this.#logBytes = Number.POSITIVE_INFINITY;
      throw unreadable(this.name);
    }
    // Deltas may stand behind it by now, if an attempt before could not read.
    const last = recordKey(this.name, this.#end.place);
    const writes: StorageWrite[] = [];
    for await (const key of storage.keys(recordKeys(this.name))) {
      if (key < newest || key > last) writes.push({ type: "del", key });
    }
    if (writes.length > 0) await storage.write(writes, false);
  }

  #collectDeltas(): PendingWrite {
    const deltas = this.#queue;
    const queueBytes = this.#queueBytes;
    this.#clearQueue();
    this.#isWriting = true;
    const { write, end } = this.#encode("deltas", groupDeltas(deltas));
    const writes = this.#headPlace === 0 ? [write, this.#headWrite(end.place)] : [write];
    return {
      writes,
      flush: false,
      commit: () => {
        this.#isWriting = false;
        if (this.#headPlace === 0) this.#headPlace = end.place;
        this.#end = end;
        this.#logBytes += write.value.length;
        if (this.#logBytes > Math.max(LOG_BYTES_MIN, LOG_GROWTH * this.#snapshotBytes))
          this.#isSnapshotDue = true;
      },
      revert: () => {
        this.#isWriting = false;
        this.#queue = [...deltas, ...this.#queue];
        this.#queueBytes += queueBytes;
      },
    };
  }

  #askForSnapshot(): number {
    this.#isSnapshotDue = true;
    return ++this.#requests;
  }

  /** A document that has outgrown what a snapshot may hold goes on as a log, unless the log alone is not enough. */
  #takeSnapshot(): Uint8Array | undefined {
    try {
      return this.#lastSnapshot ?? this.#core!.snapshot();
    } catch (error) {
      if (this.#isLogBroken || !isCrdtError(error, "limit-exceeded")) throw error;
      this.#isSnapshotDue = false;
      this.#snapshotBytes = this.#logBytes;
      this.#refusal = error;
      return undefined;
    }
  }

  #collectSnapshot(snapshot: Uint8Array): PendingWrite {
    // The snapshot holds whatever was waiting, and nothing that comes while it is written.
    const deltas = this.#queue;
    const queueBytes = this.#queueBytes;
    const requests = this.#requests;
    this.#clearQueue();
    const { write, end } = this.#encode("snapshot", [snapshot]);
    const aside = this.#aside.map(
      ({ key, value }): StorageWrite => ({ type: "put", key: asideKey(key), value }),
    );
    return {
      writes: [write, this.#headWrite(end.place), ...aside],
      // What it replaces is deleted next, and must not be gone from the disk before it is there.
      flush: true,
      commit: () => {
        this.#end = end;
        this.#headPlace = end.place;
        this.#aside = [];
        this.#snapshotBytes = write.value.length;
        this.#logBytes = 0;
        this.#untidy = { end, requests };
        if (this.#requests !== requests) return;
        this.#isSnapshotDue = false;
        this.#isLogBroken = false;
        this.#lastSnapshot = undefined;
      },
      revert: () => {
        this.#queue = [...deltas, ...this.#queue];
        this.#queueBytes += queueBytes;
      },
    };
  }

  #encode(kind: RecordKind, body: readonly Uint8Array[]) {
    const place = this.#end.place + 1;
    const key = recordKey(this.name, place);
    const clock = this.#readClock();
    const value = encodeRecord(key, { kind, place, clock, previous: this.#end.checksum }, body);
    const end: ChainEnd = { place, checksum: checksumOfRecord(value) };
    return { write: { type: "put", key, value } as const, end };
  }

  #headWrite(place: number, fingerprint?: Fingerprint): StorageWrite {
    const key = headKey(this.name);
    const header = { kind: "head", place, clock: this.#readClock(), previous: 0 } as const;
    this.#isHeadComplete = fingerprint !== undefined;
    return { type: "put", key, value: encodeRecord(key, header, headBody(fingerprint)) };
  }

  #readClock(): number {
    if (this.#core !== undefined && !this.#core.isClosed) this.#clock = this.#core.engine.clock();
    return this.#clock;
  }

  #clearQueue(): void {
    this.#queue = [];
    this.#queueBytes = 0;
  }
}

function notRewritten(name: string): CrdtError {
  const message = `Document "${name}" was closed before a snapshot of it could be taken: open it and rewrite it again.`;
  return new CrdtError("document-closed", message);
}

function unreadable(name: string): CrdtError {
  const message = `A snapshot of document "${name}" did not read back as written: check the disk; what it was to replace is kept.`;
  return new CrdtError("store-corrupt", message);
}
