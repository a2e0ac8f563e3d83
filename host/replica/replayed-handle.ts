// What handles share that are views of a log: each entry is read once, when somebody asks after it came. New ones are
// told from old by the sequences looked through of each replica, for a replica's entries come without holes. Where few
// mutations came, whatever they concern, each is looked at by its dot; else the log is searched from its end backwards,
// where new entries mostly are. Cost: of each new mutation a call, of the search a walk of the engine over the document.
import type { ReplicaId } from "../engine/engine.ts";
import { isCrdtError } from "../errors.ts";
import { ValueDecoder } from "../wire/value-decoder.ts";
import { VersionVector } from "../wire/version-vector.ts";
import type { ChangeOrigin } from "./change.ts";
import { ContainerHandle } from "./container-handle.ts";
import { EntriesExport } from "./entries-export.ts";

/** So many looks take about as long as the walk over a document of ten thousand entries. */
const LOOKS_MAX = 1024;
/** Clock readings a millisecond has. */
const READINGS_PER_MS = 1024;

/** An entry of the log; `value` is undefined where it could not be read. */
export interface ReplayEntry {
  readonly value: unknown;
  readonly replica: ReplicaId;
  readonly sequence: number;
  readonly timestamp: number;
}

export function timeMsOf(timestamp: number): number {
  return Math.floor(timestamp / READINGS_PER_MS);
}

export abstract class ReplayedHandle extends ContainerHandle {
  /** Of each replica the last sequence whose entry, if it is of this log, was taken in. */
  #looked = new VersionVector();
  #count = 0;
  #isLoaded = false;
  #isFresh = false;
  /** What changed since the last change event, by name. */
  readonly #touched = new Set<string>();
  #isTouched = false;
  #isTruncated = false;

  /** Starts from nothing. */
  protected abstract forget(): void;
  /** Takes entries in, in any order; returns the names of what they concern. */
  protected abstract take(entries: readonly ReplayEntry[]): Iterable<string>;
  /** The names of all there is. */
  protected abstract names(): Iterable<string>;

  /** Brings the view up to what the document holds. */
  protected refresh(): void {
    if (this.#isFresh) return;
    const engine = this.settledEngine;
    const missing = engine.size(this.index) - this.#count;
    const vector = VersionVector.decode(engine.versionVector());
    const names = missing > 0 ? this.take(this.#byDots(missing, vector) ?? this.#unseen(missing)) : [];
    this.#looked = vector;
    if (this.#isLoaded && this.owner.isObserved) for (const name of names) this.#touched.add(name);
    this.#isLoaded = true;
    this.#isFresh = true;
  }

  /** Appends `record` and takes it in, if the view is up to date; returns its sequence. */
  protected append(record: unknown): number {
    const isNext = this.#isFresh;
    this.#isFresh = false;
    const sequence = this.owner.writes.appendNow(this.index, this.name, record);
    if (isNext) this.#takeOwn(sequence);
    if (this.owner.isObserved) {
      this.#isTouched = true;
      this.owner.changed(this);
    }
    return sequence;
  }

  get isCaching(): boolean {
    return this.#isLoaded;
  }

  dropCache(): void {
    this.forget();
    this.#looked = new VersionVector();
    this.#touched.clear();
    this.#isTouched = false;
    this.#count = 0;
    this.#isLoaded = false;
    this.#isFresh = false;
  }

  /** What a merge brings is told from what was there before it. */
  override prepare(): void {
    this.refresh();
  }

  noticed(_key: Uint8Array, isPresent: boolean, isRecorded: boolean): void {
    this.#isFresh = false;
    if (!isPresent) {
      this.dropCache();
      this.#isTruncated = isRecorded;
    }
    if (isRecorded) this.#isTouched = true;
  }

  /** The names of what changed since the last call; all of them after a truncation. */
  protected takeTouched(): string[] {
    if (!this.#isTouched) return [];
    this.refresh();
    const names = [...(this.#isTruncated ? this.names() : this.#touched)];
    this.#touched.clear();
    this.#isTouched = false;
    this.#isTruncated = false;
    return names;
  }

  abstract override takeChange(origin: ChangeOrigin): ReturnType<ContainerHandle["takeChange"]>;

  /** The entry just appended, without a look at the log: nothing else has come since. */
  #takeOwn(sequence: number): void {
    const { engine } = this.owner;
    if (sequence <= this.#looked.get(engine.replica)) return;
    const exported = new EntriesExport(engine.entryAt(this.index, engine.replica, sequence));
    if (exported.count === 0) return;
    this.#count++;
    this.#looked.advance(engine.replica, sequence);
    const names = this.take(this.#read(exported, [0]));
    if (this.owner.isObserved) for (const name of names) this.#touched.add(name);
    this.#isFresh = true;
  }

  /** The missing entries, looked for under every dot that `vector` has and nobody looked at; undefined where those are too many. */
  #byDots(missing: number, vector: VersionVector): ReplayEntry[] | undefined {
    if (!this.#isLoaded) return undefined;
    let looks = 0;
    for (const [replica, to] of vector) looks += to - this.#looked.get(replica);
    if (looks > LOOKS_MAX) return undefined;
    const found: ReplayEntry[] = [];
    for (const [replica, to] of vector) {
      for (let sequence = this.#looked.get(replica) + 1; sequence <= to; sequence++) {
        const exported = new EntriesExport(this.owner.engine.entryAt(this.index, replica, sequence));
        if (exported.count > 0) found.push(...this.#read(exported, [0]));
      }
    }
    if (found.length !== missing) return undefined;
    this.#count += missing;
    return found;
  }

  #unseen(missing: number): ReplayEntry[] {
    for (let last = missing; ; last *= 2) {
      const exported = new EntriesExport(this.owner.engine.entries(this.index, last));
      const found: number[] = [];
      for (let index = 0; index < exported.count; index++) {
        if (exported.sequences[index]! > this.#looked.get(exported.replica(index))) found.push(index);
      }
      if (found.length < missing && exported.count === last) continue;
      this.#count += found.length;
      return this.#read(exported, found);
    }
  }

  #read(exported: EntriesExport, indices: readonly number[]): ReplayEntry[] {
    const decoder = new ValueDecoder();
    const entries: ReplayEntry[] = [];
    let next = 0;
    exported.forEachPayload((index, payloads, start, end) => {
      if (index !== indices[next]) return;
      next++;
      const [replica, sequence] = [exported.replica(index), exported.sequences[index]!];
      const value = readable(decoder.open(payloads), start, end);
      entries.push({ value, replica, sequence, timestamp: exported.timestamps[index]! });
    });
    return entries;
  }
}

/** What no program of this kind wrote must not stop the reading of the rest. */
function readable(decoder: ValueDecoder, start: number, end: number): unknown {
  try {
    return decoder.decode(start, end);
  } catch (error) {
    if (!isCrdtError(error, "invalid-value")) throw error;
    return undefined;
  }
}
