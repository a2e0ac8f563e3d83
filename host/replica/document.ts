// A document as an application sees it: its containers as properties, and the calls that concern all of them.
import type {
  CompactionResult,
  ContainerSummary,
  DocumentStatistics,
  MergeResult,
} from "../engine/engine.ts";
import { CrdtError } from "../errors.ts";
import { readDeltaKind } from "../wire/delta-header.ts";
import { defineEntry } from "../wire/value.ts";
import type { VersionVector } from "../wire/version-vector.ts";
import type { ChangeListener } from "./change.ts";
import type { DocumentState } from "./document-state.ts";
import type { ContainerDefinitions, Handles, ReadyContainer, Schema } from "./schema.ts";

/** What a document can do besides holding containers. */
export interface DocumentMethods {
  readonly name: string;
  /**
   * Runs `mutate` all or nothing: a throw undoes it, reads inside see its own writes, and it leaves as one delta and
   * one change a container. Synchronous.
   */
  transact<R>(mutate: () => R): R;
  /** Tells `listener` each change from now on; returns how to stop. */
  subscribe(listener: ChangeListener): () => void;
  /** The whole state as bytes. */
  snapshot(): Uint8Array;
  /** Merges a snapshot. Errors: as `merge`. */
  load(bytes: Uint8Array): void;
  /** Merges a delta or snapshot, whole or not at all. Errors: gap, malformed-delta, checksum-mismatch, stream-delta, … */
  merge(bytes: Uint8Array): Pick<MergeResult, "changed" | "ahead" | "aheadMs">;
  /** What a document at `vector` lacks. */
  deltaSince(vector: VersionVector): Uint8Array;
  /** 16 hexadecimal digits; equal version vectors give equal digests on every replica. */
  digest(): string;
  versionVector(): VersionVector;
  /** Drops what every member has seen the removal of. `members` are the vectors of all other replicas of the group. */
  compact(options: { readonly members: readonly VersionVector[] }): CompactionResult;
  statistics(): DocumentStatistics;
  /** Every container of the document, also those outside the schema. */
  containers(): ContainerSummary[];
  /** The containers of the schema as JSON can hold them. */
  toJSON(): Record<string, unknown>;
  /** Resolves when everything done so far is stored as the replica's durability promises; at once without a store. */
  durable(): Promise<void>;
  /**
   * Has the store keep nothing but what the document holds now: what was deleted or replaced leaves its files too, as far
   * as the storage can. Records that a hole left aside go, too. Errors: those of `durable`; limit-exceeded where a snapshot
   * cannot hold it, store-corrupt where one did not read back: what was stored stays then.
   */
  rewrite(): Promise<void>;
  /** Stores what is pending and lets go of the document. */
  close(): Promise<void>;
}

/** A document with the containers of schema `S` as properties. */
export type Document<S = Schema<Record<never, never>>> = DocumentMethods & Handles<S>;

/** What a document needs of its replica. */
export interface DocumentKeeper {
  durable(state: DocumentState): Promise<void>;
  rewrite(state: DocumentState): Promise<void>;
  release(state: DocumentState): Promise<void>;
}

const MERGE_SOURCE = "merge";

class OpenDocument implements DocumentMethods {
  readonly name: string;
  readonly #state: DocumentState;
  readonly #keeper: DocumentKeeper;
  readonly #containers: readonly string[];
  #isClosed = false;

  constructor(state: DocumentState, keeper: DocumentKeeper, containers: readonly ReadyContainer[]) {
    this.name = state.core.name;
    this.#state = state;
    this.#keeper = keeper;
    this.#containers = containers.map(({ name }) => name);
    for (const container of containers) {
      Object.defineProperty(this, container.name, { value: state.handle(container), enumerable: true });
    }
  }

  transact<R>(mutate: () => R): R {
    return this.#state.transact(mutate);
  }

  subscribe(listener: ChangeListener): () => void {
    return this.#state.subscribe(listener);
  }

  snapshot(): Uint8Array {
    return this.#state.core.snapshot();
  }

  load(bytes: Uint8Array): void {
    this.merge(bytes);
  }

  merge(bytes: Uint8Array): Pick<MergeResult, "changed" | "ahead" | "aheadMs"> {
    if (readDeltaKind(bytes) === "stream") {
      throw new CrdtError(
        "stream-delta",
        `a stream delta for document "${this.name}" needs the channel it was made for; merge deltaSince() or snapshot() bytes`,
      );
    }
    const { core } = this.#state;
    // The caller may fill the same buffer again before what follows the document has written it.
    const kept = core.isFollowed ? new Uint8Array(bytes) : bytes;
    const { changed, ahead, aheadMs } = core.merge(kept, MERGE_SOURCE);
    return { changed, ahead, aheadMs };
  }

  deltaSince(vector: VersionVector): Uint8Array {
    return this.#state.core.deltaSince(vector);
  }

  digest(): string {
    this.#state.core.flushLocal();
    return this.#state.engine.digest();
  }

  versionVector(): VersionVector {
    return this.#state.core.versionVector.clone();
  }

  compact({ members }: { readonly members: readonly VersionVector[] }): CompactionResult {
    return this.#state.core.compact(members);
  }

  statistics(): DocumentStatistics {
    this.#state.writes.settle();
    return this.#state.engine.statistics();
  }

  containers(): ContainerSummary[] {
    this.#state.writes.settle();
    return this.#state.engine.containers();
  }

  toJSON(): Record<string, unknown> {
    const view: Record<string, unknown> = {};
    for (const handle of this.#state.handles()) {
      if (this.#containers.includes(handle.name)) defineEntry(view, handle.name, handle.toJSON());
    }
    return view;
  }

  durable(): Promise<void> {
    return this.#keeper.durable(this.#state);
  }

  rewrite(): Promise<void> {
    return this.#keeper.rewrite(this.#state);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    if (this.#state.core.isInTransaction) {
      throw new CrdtError(
        "invalid-argument",
        `document "${this.name}" cannot close inside transact; do it after the transaction`,
      );
    }
    this.#isClosed = true;
    await this.#keeper.release(this.#state);
  }
}

/** A document over `state` with `containers`, which are those of its schema. Errors: container-type. */
export function openDocument<Definitions extends ContainerDefinitions>(
  state: DocumentState,
  keeper: DocumentKeeper,
  containers: readonly ReadyContainer[],
): Document<Schema<Definitions>> {
  // The constructor has just defined the properties that the type names.
  return new OpenDocument(state, keeper, containers) as unknown as Document<Schema<Definitions>>;
}
