// What all container handles share: their place in the document, a read cache they must be able to drop, and a
// record of what changed while somebody is subscribed.
import type { ContainerTypeName, EngineDocument } from "../engine/engine.ts";
import { CrdtError, isCrdtError } from "../errors.ts";
import type { Change, ChangeOrigin } from "./change.ts";
import type { LocalWrites } from "./local-writes.ts";

/** What a handle needs of the document it belongs to. */
export interface HandleOwner {
  readonly engine: EngineDocument;
  readonly writes: LocalWrites;
  /** Whether somebody is subscribed, so that changes must be recorded. */
  readonly isObserved: boolean;
  /** To be called after each local mutation of an observed document. */
  changed(handle: ContainerHandle): void;
  /** Runs `write` as one all-or-nothing batch; returns how many of its operations were effective. */
  bulk(write: () => void): number;
}

/** Values cached beyond this many are not kept: a cache must not double a large document. */
export const CACHED_VALUES_MAX = 131072;

export abstract class ContainerHandle {
  abstract readonly type: ContainerTypeName;
  readonly name: string;
  protected readonly owner: HandleOwner;
  protected readonly index: number;

  constructor(owner: HandleOwner, index: number, name: string) {
    this.owner = owner;
    this.index = index;
    this.name = name;
  }

  /** Whether reads are cached that a merge may make stale. */
  abstract get isCaching(): boolean;
  abstract dropCache(): void;
  /** A merge is about to come that subscribers will hear of: load what it has to be compared with. */
  prepare(): void {}
  /** A merge made `key` present or absent: drop what is cached of it and, if `isRecorded`, note the change. */
  abstract noticed(key: Uint8Array, isPresent: boolean, isRecorded: boolean): void;
  /** The change noted since the last call; undefined when nothing visible remains of it. */
  abstract takeChange(origin: ChangeOrigin): Change | undefined;
  /** This container as JSON can hold it. */
  abstract toJSON(): unknown;

  /** What reading bytes threw that some other program wrote here, with the place it was read from. */
  protected unreadable(error: unknown, place = ""): unknown {
    if (!isCrdtError(error, "invalid-value")) return error;
    return new CrdtError("invalid-value", `${this.type} "${this.name}"${place} holds ${error.message}`, {
      cause: error,
    });
  }

  /** The engine, with all buffered mutations applied. */
  protected get settledEngine(): EngineDocument {
    this.owner.writes.settle();
    return this.owner.engine;
  }
}

/** Keys touched since the last change event: whether each was present before, as far as known, and is now. */
export class TouchedKeys<Key> {
  readonly #touched = new Map<Key, { readonly wasPresent: boolean | undefined; isPresent: boolean }>();

  /** `wasPresent` counts at the first touch only. */
  touch(key: Key, isPresent: boolean, wasPresent?: boolean): void {
    const earlier = this.#touched.get(key);
    if (earlier !== undefined) earlier.isPresent = isPresent;
    else this.#touched.set(key, { wasPresent, isPresent });
  }

  /** Keys present now and keys gone, without those that were never there; forgets all. */
  take(): { present: { key: Key; wasPresent: boolean | undefined }[]; absent: Key[] } {
    const present: { key: Key; wasPresent: boolean | undefined }[] = [];
    const absent: Key[] = [];
    for (const [key, { wasPresent, isPresent }] of this.#touched) {
      if (isPresent) present.push({ key, wasPresent });
      else if (wasPresent !== false) absent.push(key);
    }
    this.#touched.clear();
    return { present, absent };
  }
}
