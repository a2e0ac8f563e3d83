// Snapshots of documents in the object store, and per document a pointer to the newest in a key-value bucket. A writer
// puts the snapshot first and then moves the pointer by compare-and-set: of several writers one wins, the others take
// theirs away. The snapshot before the newest is kept for those who read the pointer a moment ago, older ones go.
// Leaves behind the object of a writer that died between its two steps.
import { xxhash32 } from "../wire/xxhash32.ts";
import { type BackboneContext, type Lane, messageOf } from "./lane.ts";
import { decodePointer, encodePointer, type SnapshotPointer } from "./messages.ts";
import type { Buckets } from "./nats-link.ts";

export interface FoundPointer {
  readonly pointer: SnapshotPointer;
  readonly revision: number;
  /** Whether the snapshot it names is there: a pointer may outlive it. */
  readonly isThere: boolean;
}

export class Snapshots {
  readonly #context: BackboneContext;
  readonly #writing = new Set<Lane>();
  #buckets: Buckets | undefined;
  /** When the buckets were created; undefined before they were opened. */
  #created: string | undefined;
  #count = 0;

  constructor(context: BackboneContext) {
    this.#context = context;
  }

  /** Whether none is being written. */
  get isIdle(): boolean {
    return this.#writing.size === 0;
  }

  /** Opens the buckets, makes them where they are missing. Where they are others than before, what they held is gone. */
  async open(): Promise<void> {
    const { link, subjects } = this.#context;
    this.#buckets = await link.buckets(subjects);
    const created = await link.bucketsCreated(subjects);
    const isNew = this.#created !== undefined && this.#created !== created;
    this.#created = created;
    if (isNew) this.#context.snapshotsMissing();
  }

  /** Opens the buckets again if they are missing or others than before. */
  async check(): Promise<void> {
    const { link, subjects } = this.#context;
    const created = await link.bucketsCreated(subjects).catch((error) => {
      if (link.isMissing(error)) return undefined;
      throw error;
    });
    if (created !== this.#created) await this.open();
  }

  /** Where the newest snapshot is; undefined when there is none, or its pointer is damaged. */
  async find({ token, core }: Lane): Promise<FoundPointer | undefined> {
    const entry = await this.#open.pointers.get(token);
    if (entry === null || entry.operation !== "PUT") return undefined;
    let pointer: SnapshotPointer;
    try {
      pointer = decodePointer(entry.value);
    } catch (error) {
      this.#context.statistics.ignored++;
      this.#context.tell("ignored", `the pointer of a snapshot: ${messageOf(error)}`, core.name);
      return undefined;
    }
    const isThere = (await this.#open.snapshots.info(pointer.object)) !== null;
    return { pointer, revision: entry.revision, isThere };
  }

  /** Merges the snapshot a pointer names, if it is still there. Errors: those of merging. */
  async read(lane: Lane, pointer: SnapshotPointer): Promise<void> {
    const bytes = await this.#open.snapshots.getBlob(pointer.object);
    if (bytes === null || lane.isClosed) return;
    lane.mergeWhole(bytes);
    this.#context.statistics.snapshotsRead++;
  }

  /**
   * Writes a snapshot of what the lane holds now, unless another relay wrote one lately; `isNeeded` writes it in any
   * case. Never throws: a failure is told, and the next tick tries again.
   */
  async write(lane: Lane, isNeeded: boolean): Promise<void> {
    if (this.#writing.has(lane)) return;
    this.#writing.add(lane);
    try {
      await this.#write(lane, isNeeded);
    } catch (error) {
      this.#context.tell("failed", `a snapshot could not be written: ${messageOf(error)}`, lane.core.name);
      if (this.#context.link.isUp) await this.open().catch(() => {});
    } finally {
      this.#writing.delete(lane);
    }
  }

  async #write(lane: Lane, isNeeded: boolean): Promise<void> {
    const found = await this.find(lane);
    if (lane.isClosed || !lane.isSettled) return;
    const { core, shard } = lane;
    lane.deltasSinceSnapshot = 0;
    if (found?.isThere === true && !this.#isDue(lane, found.pointer, isNeeded)) return;
    const bytes = core.snapshot();
    const pointer: SnapshotPointer = {
      object: this.#objectName(core.name),
      previous: found?.pointer.object ?? "",
      streamCreated: shard.created,
      sequence: shard.position,
      vector: core.versionVector.clone(),
    };
    // What is written now counts for the stream and the buckets of now.
    const { readable } = lane;
    await this.#open.snapshots.putBlob({ name: pointer.object }, bytes);
    if (!(await this.#movePointer(lane, pointer, found?.revision))) {
      await this.#open.snapshots.delete(pointer.object);
      return;
    }
    this.#context.statistics.snapshotsWritten++;
    readable.addSnapshot(pointer.vector);
    const old = found?.pointer.previous ?? "";
    if (old !== "") await this.#open.snapshots.delete(old).catch(() => {});
  }

  /** Another relay may have written one that will do; the lane learns what it holds. */
  #isDue(lane: Lane, pointer: SnapshotPointer, isNeeded: boolean): boolean {
    lane.readable.addSnapshot(pointer.vector);
    if (isNeeded) return !lane.isStored;
    return lane.core.versionVector.distanceFrom(pointer.vector) >= this.#context.settings.snapshotEvery / 2;
  }

  /** Says whether nobody moved it meanwhile. */
  async #movePointer(lane: Lane, pointer: SnapshotPointer, revision: number | undefined): Promise<boolean> {
    const bytes = encodePointer(pointer);
    const { pointers } = this.#open;
    try {
      if (revision === undefined) await pointers.create(lane.token, bytes);
      else await pointers.update(lane.token, bytes, revision);
      return true;
    } catch (error) {
      if (this.#context.link.isOvertaken(error)) return false;
      throw error;
    }
  }

  #objectName(document: string): string {
    const bytes = new TextEncoder().encode(document);
    const hash = [0, 1].map((seed) => xxhash32(bytes, seed).toString(16).padStart(8, "0")).join("");
    return `${hash}.${this.#context.relay}.${this.#count++}`;
  }

  get #open(): Buckets {
    return this.#buckets!;
  }
}
