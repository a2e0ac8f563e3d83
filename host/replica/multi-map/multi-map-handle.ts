// A map that loses nothing: of values written at the same time under one key all are kept, a rule makes one of them,
// and a person's decision is a later write, which replaces what it saw. What merges had to decide is remembered for a
// while, here and not in the document. Reads are cached per key until a write or a merge touches it. Order of keys:
// that of their first entry (replica id, then sequence).
import { CrdtError, isCrdtError } from "../../errors.ts";
import { DECISIONS_MAX } from "../../limits.ts";
import { ByteWriter } from "../../wire/byte-writer.ts";
import { readText, writeText } from "../../wire/key-codec.ts";
import { defineEntry, type Frozen, jsonView } from "../../wire/value.ts";
import { type Candidate, type ReadCandidates, readCandidates } from "../candidate.ts";
import type { ChangeOrigin, MultiMapChange } from "../change.ts";
import { CACHED_VALUES_MAX, ContainerHandle, type HandleOwner, TouchedKeys } from "../container-handle.ts";
import { EntriesExport } from "../entries-export.ts";
import type { MapKey } from "../map-handle.ts";
import type { ResolveRule } from "./resolve-rules.ts";

const keyWriter = new ByteWriter(256);

export interface MultiMapOptions<V> {
  /** What makes one value of several; the latest if nothing is said. */
  readonly resolve?: ResolveRule<V>;
}

/** What a merge left under a key, and what the rule made of it. */
export interface MergeDecision<K, V> {
  readonly key: K;
  readonly candidates: readonly Candidate<V>[];
  readonly value: V;
}

export class MultiMapHandle<T extends object>
  extends ContainerHandle
  implements Iterable<[MapKey<T>, unknown]>
{
  readonly type = "multi-map";
  readonly #rule: ResolveRule<unknown>;
  /** By key; all there are if `#isWhole`. */
  readonly #cached = new Map<string, readonly Candidate<unknown>[]>();
  #isWhole = false;
  readonly #decided: { readonly key: string; readonly candidates: readonly Candidate<unknown>[] }[] = [];
  /** Whether conflicts may have come in unseen. */
  #isScanDue = true;
  readonly #touched = new TouchedKeys<string>();
  readonly #conflicted = new Set<string>();

  constructor(owner: HandleOwner, index: number, name: string, rule: ResolveRule<unknown>) {
    super(owner, index, name);
    this.#rule = rule;
  }

  /** The value under `key`, made by the rule where there are several; `fallback` where there is none. Errors: resolve-failed. */
  get<K extends MapKey<T>>(key: K): Frozen<T[K]> | undefined;
  get<K extends MapKey<T>, F>(key: K, fallback: F): Frozen<T[K]> | F;
  get(key: string, fallback?: unknown): unknown {
    const candidates = this.#candidatesOf(key);
    return candidates.length === 0 ? fallback : this.#resolve(key, candidates);
  }

  /** All values under `key` and who wrote them, in canonical order (replica id, then sequence). */
  candidates<K extends MapKey<T>>(key: K): readonly Candidate<Frozen<T[K]>>[] {
    return this.#candidatesOf(key) as readonly Candidate<Frozen<T[K]>>[];
  }

  has(key: MapKey<T>): boolean {
    return this.settledEngine.has(this.index, keyBytes(key));
  }

  get size(): number {
    return this.settledEngine.size(this.index);
  }

  /** Replaces all values that are here now under `key`. Errors: invalid-value, limit-exceeded. */
  set<K extends MapKey<T>>(key: K, value: T[K]): void {
    this.owner.writes.put(this.index, this.name, checkedKey(key, this.name), value);
    this.#changed(key, true, undefined);
  }

  /** Sets all or nothing, as one batch. Errors: invalid-value, limit-exceeded. */
  setMany(entries: Iterable<{ [K in MapKey<T>]: readonly [K, T[K]] }[MapKey<T>]>): void {
    this.owner.bulk(() => {
      for (const [key, value] of entries) this.set(key, value);
    });
  }

  /** Removes all values that are here now under `key`; says whether there were any. */
  delete(key: MapKey<T>): boolean {
    if (!this.owner.writes.delete(this.index, this.name, checkedKey(key, this.name))) return false;
    this.#changed(key, false, true);
    return true;
  }

  /** Removes all that is here now. */
  clear(): void {
    const keys = this.owner.isObserved ? new Set(this.#export().readableTextKeys()) : [];
    if (!this.owner.writes.clear(this.index)) return;
    this.#forgetAll();
    if (!this.owner.isObserved) return;
    for (const key of keys) this.#touched.touch(key, false, true);
    this.owner.changed(this);
  }

  /** The keys with more than one value. */
  conflicts(): MapKey<T>[] {
    const keys: string[] = [];
    for (const [key, candidates] of this.#load()) if (candidates.length > 1) keys.push(key);
    return keys as MapKey<T>[];
  }

  /**
   * What merges left with several values here, oldest first, at most {@link DECISIONS_MAX}. Since when: since this
   * document was opened; of merges above 64 KiB that nobody was subscribed to, and of what was stored, what is still
   * in conflict when this is asked. Errors: resolve-failed.
   */
  decisions(): MergeDecision<MapKey<T>, Frozen<T[MapKey<T>]>>[] {
    if (this.#isScanDue) {
      this.#isScanDue = false;
      for (const [key, candidates] of this.#load()) this.#remember(key, candidates);
    }
    return this.#decided.map(({ key, candidates }) => {
      const value = this.#resolve(key, candidates);
      return { key, candidates, value } as MergeDecision<MapKey<T>, Frozen<T[MapKey<T>]>>;
    });
  }

  keys(): IterableIterator<MapKey<T>> {
    return this.#load().keys() as IterableIterator<MapKey<T>>;
  }

  /** Errors: resolve-failed. */
  *entries(): IterableIterator<{ [K in MapKey<T>]: [K, Frozen<T[K]>] }[MapKey<T>]> {
    for (const [key, candidates] of this.#load()) {
      yield [key, this.#resolve(key, candidates)] as { [K in MapKey<T>]: [K, Frozen<T[K]>] }[MapKey<T>];
    }
  }

  [Symbol.iterator](): IterableIterator<{ [K in MapKey<T>]: [K, Frozen<T[K]>] }[MapKey<T>]> {
    return this.entries();
  }

  /** A plain object of what the rule made; bigints as decimal strings, bytes as base64. */
  toJSON(): Record<string, unknown> {
    const view: Record<string, unknown> = {};
    for (const [key, value] of this.entries()) defineEntry(view, key, jsonView(value));
    return view;
  }

  /** Always: what merges decide is to be remembered. */
  readonly isCaching = true;

  dropCache(): void {
    this.#forgetAll();
    this.#isScanDue = true;
  }

  noticed(key: Uint8Array, isPresent: boolean, isRecorded: boolean): void {
    const text = readText(key, 0, key.length);
    this.#forget(text);
    if (isRecorded) this.#touched.touch(text, isPresent);
    if (!isPresent) return;
    const candidates = this.#readableCandidatesOf(text);
    this.#remember(text, candidates);
    if (isRecorded && candidates.length > 1) this.#conflicted.add(text);
  }

  /** None where some faulty program wrote one of them: a merge must not fail on it, nor forget to tell. */
  #readableCandidatesOf(key: string): readonly Candidate<unknown>[] {
    try {
      return this.#candidatesOf(key);
    } catch (error) {
      if (!isCrdtError(error, "invalid-value")) throw error;
      return [];
    }
  }

  takeChange(origin: ChangeOrigin): MultiMapChange | undefined {
    const { present, absent } = this.#touched.take();
    const conflicted = [...this.#conflicted];
    this.#conflicted.clear();
    if (present.length + absent.length === 0) return undefined;
    const set = present.map(({ key }) => key);
    return { container: this.name, type: "multi-map", origin, set, deleted: absent, conflicted };
  }

  #resolve(key: string, candidates: readonly Candidate<unknown>[]): unknown {
    if (candidates.length === 1) return candidates[0]!.value;
    try {
      return this.#rule(candidates);
    } catch (error) {
      throw new CrdtError(
        "resolve-failed",
        `the rule of multi-map "${this.name}" failed on the ${candidates.length} values under key ${JSON.stringify(key)}: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
  }

  #remember(key: string, candidates: readonly Candidate<unknown>[]): void {
    if (candidates.length < 2) return;
    const last = this.#decided.findLast((decision) => decision.key === key);
    if (last !== undefined && isSame(last.candidates, candidates)) return;
    if (this.#decided.length === DECISIONS_MAX) this.#decided.shift();
    this.#decided.push({ key, candidates });
  }

  #changed(key: string, isPresent: boolean, wasPresent: boolean | undefined): void {
    this.#forget(key);
    if (!this.owner.isObserved) return;
    this.#touched.touch(key, isPresent, wasPresent);
    this.owner.changed(this);
  }

  #forget(key: string): void {
    this.#isWhole = false;
    this.#cached.delete(key);
  }

  #forgetAll(): void {
    this.#isWhole = false;
    this.#cached.clear();
  }

  #candidatesOf(key: string): readonly Candidate<unknown>[] {
    const cached = this.#cached.get(key);
    if (cached !== undefined) return cached;
    if (this.#isWhole) return [];
    const exported = new EntriesExport(this.settledEngine.entriesOf(this.index, keyBytes(key)));
    const { candidates, hasBytes } = this.#read(exported, ` under key ${JSON.stringify(key)}`);
    if (candidates.length > 0 && !hasBytes) {
      if (this.#cached.size >= CACHED_VALUES_MAX) this.#forgetAll();
      this.#cached.set(key, candidates);
    }
    return candidates;
  }

  #load(): ReadonlyMap<string, readonly Candidate<unknown>[]> {
    if (this.#isWhole) return this.#cached;
    const exported = this.#export();
    const keys = this.#readKeys(exported);
    const { candidates, hasBytes } = this.#read(exported);
    const groups = new Map<string, Candidate<unknown>[]>();
    for (const [index, key] of keys.entries()) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [candidates[index]!]);
      else group.push(candidates[index]!);
    }
    for (const group of groups.values()) Object.freeze(group);
    if (hasBytes || candidates.length > CACHED_VALUES_MAX) return groups;
    this.#cached.clear();
    for (const [key, group] of groups) this.#cached.set(key, group);
    this.#isWhole = true;
    return groups;
  }

  #export(): EntriesExport {
    return new EntriesExport(this.settledEngine.entries(this.index, 0));
  }

  #readKeys(exported: EntriesExport): string[] {
    try {
      return exported.textKeys();
    } catch (error) {
      throw this.unreadable(error);
    }
  }

  #read(exported: EntriesExport, place = ""): ReadCandidates<unknown> {
    try {
      return readCandidates(exported);
    } catch (error) {
      throw this.unreadable(error, place);
    }
  }
}

/** The WTF-8 of `key`, valid until the next call. */
function keyBytes(key: string): Uint8Array {
  keyWriter.reset();
  writeText(keyWriter, key);
  return keyWriter.bytes.subarray(0, keyWriter.length);
}

function isSame(left: readonly Candidate<unknown>[], right: readonly Candidate<unknown>[]): boolean {
  if (left.length !== right.length) return false;
  return left.every(({ replica, sequence }, index) => {
    return replica === right[index]!.replica && sequence === right[index]!.sequence;
  });
}

function checkedKey(key: unknown, name: string): string {
  if (typeof key === "string") return key;
  throw new CrdtError(
    "invalid-argument",
    `a key of ${name} is ${String(key)}; keys of a multi-map are strings`,
  );
}
