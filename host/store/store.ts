// Durability: keeps the documents of one replica in a directory (Node) or an IndexedDB database (browsers), as an
// append-only log of deltas and a snapshot each (record.ts has the layout). Writes happen off the hot path, grouped
// (group-writer.ts). Opening changes nothing but the mark of the last clean close (closed-mark.ts). What it finds
// damaged it reports, cuts or leaves out (recovery.ts); peers bring the rest back. It holds no values.
import type { ReplicaId } from "../engine/engine.ts";
import { CrdtError } from "../errors.ts";
import type { Platform, StorageWrite } from "../platform/platform.ts";
import type { DocumentCore } from "../replica/document-core.ts";
import type { DocumentStore, Durability, StoredDocument, StoreEvent } from "../replica/ports.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import { type Entrance, enterStorage, leaveStorage } from "./closed-mark.ts";
import { DocumentLog } from "./document-log.ts";
import { GroupWriter } from "./group-writer.ts";
import { LastingStorage } from "./lasting-storage.ts";
import { asideKeys, decodeRecord, headKey, recordKeys } from "./record.ts";
import { type FoundRecord, type Recovery, type RecoveryProblem, recover } from "./recovery.ts";
import { fingerprintOfHead, storedFingerprints } from "./stored-fingerprints.ts";

/** Events kept for listeners that come later: what opening noticed, and then some. */
const EVENTS_KEPT_MAX = 100;

export interface StoreOptions {
  readonly platform: Platform;
  /**
   * A directory in Node, a name in browsers. One process or tab at a time: the others get store-locked, and go on
   * without storage or under another name.
   */
  readonly location: string;
  /**
   * - `"buffered"` (the usual): `durable()` resolves when the operating system has the writes. They survive the end
   *   of the process, `kill -9` included; a power loss or a crash of the system may take the last seconds.
   * - `"flushed"`: `durable()` resolves when the disk has them (fdatasync; a strict transaction in browsers). They
   *   survive power loss too, as far as the disk keeps its word. Concurrent callers share one flush.
   *
   * Under both, what `durable()` was not awaited for may be lost, always from the end, never from the middle.
   */
  readonly durability: Durability;
}

/** Opens or creates a store. Errors: store-locked, store-full, store-corrupt, store-closed, unsupported-version. */
export async function openStore(options: StoreOptions): Promise<DocumentStore> {
  const storage = await LastingStorage.open(options.platform, options.location);
  try {
    const entrance = await enterStorage(storage, options.platform);
    return new LevelStore(options, storage, entrance);
  } catch (error) {
    await storage.close();
    throw error;
  }
}

class LevelStore implements DocumentStore {
  readonly #options: StoreOptions;
  readonly #storage: LastingStorage;
  readonly #writer: GroupWriter;
  readonly #entrance: Entrance;
  readonly #names: Set<string>;
  readonly #logs = new Map<string, DocumentLog>();
  readonly #stops = new Map<DocumentCore, () => void>();
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  readonly #events: StoreEvent[] = [];
  #replica: ReplicaId;
  #closing: Promise<void> | undefined;
  #hasRecorded = false;

  constructor(options: StoreOptions, storage: LastingStorage, entrance: Entrance) {
    this.#options = options;
    this.#storage = storage;
    this.#entrance = entrance;
    this.#replica = entrance.replica;
    this.#names = new Set(entrance.names);
    this.#writer = new GroupWriter({
      platform: options.platform,
      storage,
      flush: options.durability === "flushed",
      onFailure: (error) =>
        this.#emit({ kind: "write-failed", document: undefined, message: messageOf(error) }),
    });
    for (const event of entrance.events) this.#emit(event);
  }

  get replica(): ReplicaId {
    return this.#replica;
  }

  get fingerprint(): string | undefined {
    return this.#entrance.fingerprint;
  }

  async names(): Promise<string[]> {
    return [...this.#names].sort();
  }

  async *fingerprints(): AsyncGenerator<readonly [name: string, fingerprint: Fingerprint]> {
    this.#refuseClosed();
    const touched = new Set(this.#logs.keys());
    for (const [name, { fingerprint }] of [...this.#logs]) {
      if (fingerprint !== undefined) yield [name, fingerprint];
    }
    yield* storedFingerprints(this.#storage, this.#entrance.mark !== undefined, (name) => touched.has(name));
  }

  async load(name: string): Promise<StoredDocument> {
    this.#refuseClosed();
    if (this.#logs.get(name)?.isPending) await this.#writer.durable();
    const head = await this.#readHead(name);
    const found: FoundRecord[] = [];
    for await (const [key, value] of this.#storage.entries(recordKeys(name))) found.push({ key, value });
    const recovery = withHead(
      recover(found, head.place),
      head.isLost || (head.place === 0 && found.length > 0),
    );
    const isHeadComplete = head.isComplete && head.place === recovery.end.place;
    this.#logs.set(name, new DocumentLog(name, recovery, head.place, isHeadComplete));
    if (recovery.problem !== undefined) this.#emit(problemEvent(name, recovery.problem));
    return { parts: recovery.parts, clock: recovery.clock, isDamaged: recovery.problem !== undefined };
  }

  attach(core: DocumentCore): void {
    this.#refuseClosed();
    const log = this.#logOf(core);
    log.attach(core);
    this.#stops.set(
      core,
      core.onDelta(({ bytes }) => {
        this.#note(log);
        log.append(bytes);
        this.#writer.add(log);
      }),
    );
    if (!log.isPending) return;
    this.#note(log);
    this.#writer.add(log);
  }

  async detach(core: DocumentCore): Promise<void> {
    const stop = this.#stops.get(core);
    if (stop === undefined) return;
    if (!core.isClosed) core.flushLocal();
    stop();
    this.#stops.delete(core);
    this.#logOf(core).detach();
    await this.#writer.durable();
  }

  async durable(core: DocumentCore): Promise<void> {
    this.#refuseClosed();
    if (!core.isClosed) core.flushLocal();
    await this.#writer.durable();
  }

  async rewrite(core: DocumentCore): Promise<void> {
    this.#refuseClosed();
    if (!core.isClosed) core.flushLocal();
    const log = this.#logOf(core);
    const request = log.requestSnapshot();
    if (log.isPending) this.#note(log);
    this.#writer.add(log);
    await this.#writer.durable();
    // The write before tidied after it answered; the next one waits for that.
    await this.#writer.durable();
    log.checkRewritten(request);
    if (!log.isStored) return;
    await this.#dropAside(core.name);
    await this.#storage.purge(recordKeys(core.name));
  }

  isPending(core: DocumentCore): boolean {
    return this.#logs.get(core.name)?.isPending ?? false;
  }

  setReplica(replica: ReplicaId): void {
    this.#replica = replica;
    this.#hasRecorded = true;
  }

  onEvent(listener: (event: StoreEvent) => void): () => void {
    for (const event of this.#events) listener(event);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await Promise.all([...this.#stops.keys()].map((core) => this.detach(core)));
      await this.#writer.durable();
      await this.#leave();
    } finally {
      this.#writer.stop();
      await this.#storage.close();
    }
  }

  async #leave(): Promise<void> {
    const heads = [...this.#logs.values()].flatMap((log) => log.collectHead() ?? []);
    if (heads.length > 0) await this.#storage.write(heads, true);
    const mark = this.#hasRecorded ? undefined : this.#entrance.mark;
    await leaveStorage(this.#storage, this.#replica, this.#names.size, mark);
  }

  async #dropAside(name: string): Promise<void> {
    const range = asideKeys(name);
    const writes: StorageWrite[] = [];
    for await (const key of this.#storage.keys(range)) writes.push({ type: "del", key });
    if (writes.length === 0) return;
    await this.#storage.write(writes, false);
    await this.#storage.purge(range);
  }

  /** Where the document's chain is known to have reached. */
  async #readHead(name: string): Promise<{ place: number; isLost: boolean; isComplete: boolean }> {
    const key = headKey(name);
    const bytes = await this.#storage.get(key);
    const record = bytes === undefined ? undefined : decodeRecord(key, bytes);
    const isComplete = record !== undefined && fingerprintOfHead(record) !== undefined;
    return { place: record?.place ?? 0, isLost: bytes !== undefined && record === undefined, isComplete };
  }

  #note(log: DocumentLog): void {
    this.#hasRecorded = true;
    this.#names.add(log.name);
  }

  #logOf(core: DocumentCore): DocumentLog {
    const log = this.#logs.get(core.name);
    if (log !== undefined) return log;
    throw new CrdtError("invalid-argument", `Document "${core.name}" is attached unread: load it first.`);
  }

  #emit(event: StoreEvent): void {
    this.#events.push(event);
    if (this.#events.length > EVENTS_KEPT_MAX) this.#events.shift();
    for (const listener of this.#listeners) listener(event);
  }

  #refuseClosed(): void {
    if (this.#closing === undefined) return;
    throw new CrdtError(
      "store-closed",
      `The store "${this.#options.location}" is closed: open a replica again.`,
    );
  }
}

/** A chain whose head record is lost may have lost its end too. */
function withHead(recovery: Recovery, isLost: boolean): Recovery {
  if (!isLost || recovery.problem !== undefined) return recovery;
  const place = recovery.end.place + 1;
  return { ...recovery, problem: { kind: "hole", place, kept: 0, dropped: 0 } };
}

function problemEvent(name: string, problem: RecoveryProblem): StoreEvent {
  const { kind, place, kept, dropped } = problem;
  const what =
    kind === "torn-tail"
      ? `The last record of document "${name}" (place ${place}) is not whole and was cut.`
      : `Document "${name}" has a hole at place ${place}: ${dropped} records lost, ${kept} behind it kept.`;
  return {
    kind,
    document: name,
    message: `${what} What is missing comes back from peers.`,
    place,
    kept,
    dropped,
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
