// The typed side of one open document, shared by all that opened it: its handles, local writes, subscribers, and the
// care that no cache is stale after a merge. Small merges list what they changed; a large one that nobody subscribed
// to drops the caches of the containers it names instead.
import type { EngineDocument, MergeResult } from "../engine/engine.ts";
import { CrdtError } from "../errors.ts";
import { readDeltaHeader } from "../wire/delta-header.ts";
import { readUint32 } from "../wire/replica-id.ts";
import { callListener } from "./call-listener.ts";
import type { Change, ChangeListener, ChangeOrigin } from "./change.ts";
import type { ContainerHandle, HandleOwner } from "./container-handle.ts";
import type { DocumentCore, MergeObserver } from "./document-core.ts";
import { LocalWrites } from "./local-writes.ts";
import type { ReadyContainer } from "./schema.ts";

/** Above this many bytes a merge that only caches would follow drops them instead of listing each change. */
const LISTED_MERGE_BYTES_MAX = 65536;
const NOTICE_HEAD_BYTES = 8;

export class DocumentState implements HandleOwner, MergeObserver {
  readonly core: DocumentCore;
  readonly engine: EngineDocument;
  readonly writes: LocalWrites;
  /** By container index; containers without a handle are holes. */
  readonly #handles: (ContainerHandle | undefined)[] = [];
  /** What the definitions say the handles were made of. */
  readonly #identities: unknown[] = [];
  readonly #listeners = new Set<ChangeListener>();
  readonly #changed = new Set<ContainerHandle>();
  readonly #queue: Change[] = [];
  #isDelivering = false;

  constructor(core: DocumentCore) {
    this.core = core;
    this.engine = core.engine;
    this.writes = new LocalWrites(core);
    core.observe(this);
  }

  get isObserved(): boolean {
    return this.#listeners.size > 0;
  }

  /** The handle of a container, declaring it where it is new. Errors: container-type. */
  handle({ name, type, create, identity }: ReadyContainer): ContainerHandle {
    const other = this.engine
      .containers()
      .find((container) => container.name === name && container.type !== type && container.entries > 0);
    if (other !== undefined) {
      throw new CrdtError(
        "container-type",
        `container "${name}" of document "${this.core.name}" holds a ${other.type}, the schema says ${type}; rename it in the schema, or open it as ${other.type}`,
      );
    }
    const index = this.engine.container(type, name);
    const handle = this.#handles[index] ?? create(this, index, name);
    if (this.#handles[index] === undefined) this.#identities[index] = identity;
    this.#handles[index] = handle;
    if (this.#identities[index] !== identity) {
      throw new CrdtError(
        "container-type",
        `container "${name}" of document "${this.core.name}" is open as a ${type} with another rule or definition; open it with the same schema`,
      );
    }
    return handle;
  }

  /** The handles that somebody opened, by container index. */
  handles(): ContainerHandle[] {
    return this.#handles.filter((handle) => handle !== undefined);
  }

  subscribe(listener: ChangeListener): () => void {
    const own: ChangeListener = (change) => listener(change);
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  transact<R>(mutate: () => R): R {
    return this.#whole(() => this.writes.transact(mutate));
  }

  bulk(write: () => void): number {
    return this.#whole(() => this.writes.bulk(write));
  }

  changed(handle: ContainerHandle): void {
    this.#changed.add(handle);
    if (!this.writes.isInTransaction) this.#announce("local");
  }

  wantsChanges(bytes: Uint8Array): boolean {
    if (this.isObserved) {
      for (const handle of this.#handles) handle?.prepare();
      return true;
    }
    return bytes.length <= LISTED_MERGE_BYTES_MAX && this.#isCaching();
  }

  merged(bytes: Uint8Array, result: MergeResult): void {
    if (result.changes === undefined) this.#dropCachesOf(bytes);
    else this.#notice(result.changes);
    this.#announce("remote");
  }

  /** Forgets subscribers and caches; later reads meet the closed engine. */
  close(): void {
    this.#listeners.clear();
    this.#dropAllCaches();
  }

  #whole<R>(run: () => R): R {
    try {
      return run();
    } catch (error) {
      if (!this.writes.isInTransaction) this.#forgetChanges();
      throw error;
    } finally {
      if (!this.writes.isInTransaction) this.#announce("local");
    }
  }

  #forgetChanges(): void {
    this.#dropAllCaches();
    for (const handle of this.#changed) handle.takeChange("local");
    this.#changed.clear();
  }

  #isCaching(): boolean {
    for (let index = 0; index < this.#handles.length; index++) {
      if (this.#handles[index]?.isCaching) return true;
    }
    return false;
  }

  #dropAllCaches(): void {
    for (const handle of this.#handles) handle?.dropCache();
  }

  #dropCachesOf(bytes: Uint8Array): void {
    if (!this.#isCaching()) return;
    const { kind, containers } = readDeltaHeader(bytes);
    for (const handle of this.#handles) {
      if (handle === undefined) continue;
      const isNamed = containers.some(({ type, name }) => type === handle.type && name === handle.name);
      if (isNamed || kind === "snapshot") handle.dropCache();
    }
  }

  #notice(changes: Uint8Array): void {
    const isRecorded = this.isObserved;
    const count = readUint32(changes, 0);
    let offset = 4;
    for (let index = 0; index < count; index++) {
      const container = changes[offset]! | (changes[offset + 1]! << 8);
      const keyEnd = offset + NOTICE_HEAD_BYTES + readUint32(changes, offset + 4);
      const handle = this.#handles[container];
      if (handle !== undefined) {
        const key = changes.subarray(offset + NOTICE_HEAD_BYTES, keyEnd);
        this.#noticeOne(handle, key, changes[offset + 2] === 1, isRecorded);
      }
      offset = keyEnd;
    }
  }

  /** A key that no host of this package would write must not stop the merge that brought it. */
  #noticeOne(handle: ContainerHandle, key: Uint8Array, isPresent: boolean, isRecorded: boolean): void {
    try {
      handle.noticed(key, isPresent, isRecorded);
      if (isRecorded) this.#changed.add(handle);
    } catch {
      handle.dropCache();
    }
  }

  #announce(origin: ChangeOrigin): void {
    if (this.#changed.size === 0) return;
    const handles = [...this.#changed];
    this.#changed.clear();
    for (const handle of handles) {
      const change = handle.takeChange(origin);
      if (change !== undefined) this.#queue.push(Object.freeze(change));
    }
    this.#deliver();
  }

  /** One change after the other to all listeners, also when a listener makes the next one. */
  #deliver(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    for (let change = this.#queue.shift(); change !== undefined; change = this.#queue.shift()) {
      for (const listener of [...this.#listeners])
        if (this.#listeners.has(listener)) callListener(listener, change);
    }
    this.#isDelivering = false;
  }
}
