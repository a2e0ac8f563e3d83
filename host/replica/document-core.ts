// A document as stores and sessions see it: bytes and vectors, never values. It owns the engine's document, says
// every delta once in the order it was applied, and keeps the version vector current by what a delta touches.
// Remote deltas go out at once and unchanged; local mutations once per event-loop turn as one stream delta. That
// order is sound because nobody has seen the pending ones. Typed containers sit on top (document.ts).
import type { CompactionResult, EngineDocument, MergeResult, ReplicaId } from "../engine/engine.ts";
import { CrdtError, isCrdtError } from "../errors.ts";
import type { Platform } from "../platform/platform.ts";
import { forEachReplica } from "../wire/delta-header.ts";
import { VersionVector } from "../wire/version-vector.ts";

/** Where a delta came from: "local", or the token its deliverer gave to `merge`. */
export type DeltaSource = unknown;

export interface DocumentDelta {
  readonly bytes: Uint8Array;
  readonly source: DeltaSource;
}

export type DeltaListener = (delta: DocumentDelta) => void;

/** What a core tells the replica it belongs to. */
export interface CoreOwner {
  readonly platform: Pick<Platform, "now" | "onTurnEnd">;
  /** Entries were taken in whose timestamps lie beyond the drift limit. */
  clockAhead(core: DocumentCore, aheadMs: number, source: DeltaSource): void;
  /** Writes that waited for the end of a turn were refused. They are kept, and tried again. */
  writesRefused(core: DocumentCore, error: CrdtError): void;
  /** Somebody else wrote under this replica's id. */
  idTaken(core: DocumentCore): void;
}

/** The typed side of a document: caches and change events that follow what a merge changed. */
export interface MergeObserver {
  /** Whether a merge of these bytes should list what it changes. */
  wantsChanges(bytes: Uint8Array): boolean;
  merged(bytes: Uint8Array, result: MergeResult): void;
}

export class DocumentCore {
  readonly name: string;
  readonly engine: EngineDocument;
  readonly #owner: CoreOwner;
  readonly #vector: VersionVector;
  readonly #advanceOne = (id: ReplicaId, _base: number, to: number): void => {
    this.#vector.advance(id, to);
  };
  readonly #listeners = new Set<DeltaListener>();
  #observer: MergeObserver | undefined;
  #settle = (): void => {};
  #flushedSequence: number;
  #nextReplica: ReplicaId | undefined;
  #isFlushScheduled = false;
  /** Whether the last attempt to apply what waits was refused, and that was said. */
  #isRefused = false;
  #isInTransaction = false;
  #isLeaving = false;
  #isClosed = false;

  constructor(name: string, engine: EngineDocument, owner: CoreOwner) {
    this.name = name;
    this.engine = engine;
    this.#owner = owner;
    this.#vector = VersionVector.decode(engine.versionVector());
    this.#flushedSequence = engine.sequence();
  }

  get replica(): ReplicaId {
    return this.engine.replica;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether anybody keeps the bytes of merges. */
  get isFollowed(): boolean {
    return this.#listeners.size > 0;
  }

  get isInTransaction(): boolean {
    return this.#isInTransaction;
  }

  /** Whether nobody follows it any more, so that a mutation would be lost. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** Says the last mutations; later ones are refused. Errors: those of writes that wait and are refused; it then stays. */
  leave(): void {
    this.settle();
    this.flushLocal();
    this.#isLeaving = true;
  }

  /** What this document has seen, local mutations included. Live: clone it before keeping it. */
  get versionVector(): VersionVector {
    if (this.#isInTransaction) return this.#vector;
    this.#settleOrReport();
    this.#vector.advance(this.engine.replica, this.engine.sequence());
    return this.#vector;
  }

  /** What a replica at `vector` lacks; flushes local mutations first. */
  deltaSince(vector: VersionVector): Uint8Array {
    this.flushLocal();
    return this.engine.deltaSince(vector.encode());
  }

  /** The whole state; flushes local mutations first. */
  snapshot(): Uint8Array {
    this.flushLocal();
    return this.engine.snapshot();
  }

  /**
   * Merges bytes from elsewhere and hands them on unchanged if the version vector advanced. A stream delta may come
   * only from a channel in order and without holes. Errors: those of {@link EngineDocument.merge}.
   */
  merge(bytes: Uint8Array, source: DeltaSource): MergeResult {
    this.#refuseInTransaction("merge");
    this.#settleOrReport();
    const wantsChanges = this.#observer?.wantsChanges(bytes) ?? false;
    const ownSequence = this.engine.sequence();
    const result = this.engine.merge(bytes, this.#owner.platform.now(), wantsChanges);
    if (result.changed) {
      this.#merged(bytes, source, ownSequence);
      this.#observer?.merged(bytes, result);
    }
    if (result.ahead > 0) this.#owner.clockAhead(this, result.aheadMs, source);
    return result;
  }

  /** Comes before subscribers are told: what they write must carry an id that is ours alone. */
  #merged(bytes: Uint8Array, source: DeltaSource, ownSequence: number): void {
    const sequence = this.engine.sequence();
    this.#advance(bytes);
    if (this.#flushedSequence === ownSequence) this.#flushedSequence = sequence;
    this.#emit({ bytes, source });
    if (sequence > ownSequence) this.#owner.idTaken(this);
  }

  /** Merges bytes of this replica's own store: nobody is told, and own sequences are expected in them. */
  restore(bytes: Uint8Array): void {
    this.engine.merge(bytes, this.#owner.platform.now(), false);
    this.#advance(bytes);
    this.#flushedSequence = this.engine.sequence();
  }

  /** Tells `listener` every delta from now on, in the order applied. Returns how to stop. */
  onDelta(listener: DeltaListener): () => void {
    this.flushLocal();
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Emits the pending local delta now instead of at the end of the turn. */
  flushLocal(): void {
    this.#refuseInTransaction("encode");
    this.#settleOrReport();
    const sequence = this.engine.sequence();
    if (sequence === this.#flushedSequence) return;
    const bytes = this.#listeners.size > 0 ? this.#pendingDelta(this.#flushedSequence) : undefined;
    this.#flushedSequence = sequence;
    if (bytes !== undefined) this.#emit({ bytes, source: "local" });
  }

  /** Applies the mutations that wait. Errors: those of the engine; they then wait on. */
  settle(): void {
    this.#settle();
  }

  /** Nobody has seen what waits: where it is refused, everything else goes on without it. */
  #settleOrReport(): void {
    try {
      this.#settle();
      this.#isRefused = false;
    } catch (error) {
      if (!(error instanceof CrdtError)) throw error;
      if (!this.#isRefused) this.#owner.writesRefused(this, error);
      this.#isRefused = true;
    }
  }

  /** Own mutations after `from`; the whole state where a merge has raised the floor above them. */
  #pendingDelta(from: number): Uint8Array {
    try {
      return this.engine.localDelta(from);
    } catch (error) {
      if (!isCrdtError(error, "gap")) throw error;
      return this.engine.snapshot();
    }
  }

  /** Called after each local mutation: the delta leaves when the turn ends. */
  mutated(): void {
    if (this.#listeners.size > 0) this.deferred();
  }

  /** Called when mutations wait to be applied together: they are when the turn ends, or whenever they matter before. */
  deferred(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    this.#owner.platform.onTurnEnd(() => {
      this.#isFlushScheduled = false;
      if (!this.#isClosed) this.flushLocal();
    });
  }

  /** Later mutations carry dots of `replica`; within a transaction, those after it. */
  setReplica(replica: ReplicaId): void {
    if (this.#isInTransaction) {
      this.#nextReplica = replica;
      return;
    }
    this.flushLocal();
    this.#vector.advance(this.engine.replica, this.engine.sequence());
    this.engine.setReplica(replica);
    this.#flushedSequence = this.engine.sequence();
  }

  /** The clock mutations take their timestamps from. */
  now(): number {
    return this.#owner.platform.now();
  }

  begin(): void {
    this.engine.begin();
    this.#isInTransaction = true;
  }

  commit(): void {
    this.engine.commit();
    this.#endTransaction();
  }

  rollback(): void {
    this.engine.rollback();
    this.#endTransaction();
  }

  /**
   * Drops removal records and deleted-marks that every member has seen, where `members` are the whole vectors of all
   * other replicas of the group. Nothing is stable while a member knows what we do not.
   */
  compact(members: readonly VersionVector[]): CompactionResult {
    this.flushLocal();
    const own = this.versionVector;
    if (!members.every((member) => own.covers(member))) return { removalsDropped: 0, deletedMarksDropped: 0 };
    const rows = own.rows().map(([id, sequence]): [ReplicaId, number] => {
      return [id, Math.min(sequence, ...members.map((member) => member.get(id)))];
    });
    return this.engine.compact(new VersionVector(rows).encode(), this.now());
  }

  /** What applies the mutations that wait. */
  settleWith(settle: () => void): void {
    this.#settle = settle;
  }

  /** The typed side that follows merges; one a document. */
  observe(observer: MergeObserver): void {
    this.#observer = observer;
  }

  /** Flushes, forgets its listeners and gives the engine's memory back. */
  close(): void {
    if (this.#isClosed) return;
    this.flushLocal();
    this.#isClosed = true;
    this.#listeners.clear();
    this.engine.close();
  }

  #endTransaction(): void {
    this.#isInTransaction = false;
    const replica = this.#nextReplica;
    this.#nextReplica = undefined;
    if (replica !== undefined) this.setReplica(replica);
  }

  #advance(bytes: Uint8Array): void {
    forEachReplica(bytes, this.#advanceOne);
  }

  #emit(delta: DocumentDelta): void {
    for (const listener of this.#listeners) listener(delta);
  }

  #refuseInTransaction(what: string): void {
    if (!this.#isInTransaction) return;
    throw new CrdtError(
      "invalid-argument",
      `document "${this.name}" cannot ${what} inside transact; do it after the transaction`,
    );
  }
}
