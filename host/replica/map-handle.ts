// A last-writer-wins map. Reads are cached per key: a cached `get` is one lookup in a Map. Iteration takes one
// export of the engine and is cached until the next change. Order: that of the winning writes (replica, sequence).
import { CrdtError } from "../errors.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import { readText, writeText } from "../wire/key-codec.ts";
import { defineEntry, type Frozen, jsonView, type Value } from "../wire/value.ts";
import { ValueDecoder } from "../wire/value-decoder.ts";
import type { ChangeOrigin, MapChange } from "./change.ts";
import { CACHED_VALUES_MAX, ContainerHandle, TouchedKeys } from "./container-handle.ts";
import { type DecodedValues, EntriesExport } from "./entries-export.ts";

const keyWriter = new ByteWriter(256);
const decoder = new ValueDecoder();

interface Rows {
  readonly keys: readonly string[];
  readonly values: readonly Value[];
}

export type MapKey<T> = keyof T & string;

export class MapHandle<T extends object> extends ContainerHandle implements Iterable<[MapKey<T>, unknown]> {
  readonly type = "map";
  readonly #values = new Map<string, Value>();
  #rows: Rows | undefined;
  readonly #touched = new TouchedKeys<string>();

  /** The value under `key`; `fallback` where there is none. */
  get<K extends MapKey<T>>(key: K): Frozen<T[K]> | undefined;
  get<K extends MapKey<T>, F>(key: K, fallback: F): Frozen<T[K]> | F;
  get(key: string, fallback?: unknown): unknown {
    const cached = this.#values.get(key);
    return cached === undefined ? this.#read(key, fallback) : cached;
  }

  has(key: MapKey<T>): boolean {
    if (this.#values.has(key)) return true;
    return this.#rows === undefined && this.settledEngine.has(this.index, keyBytes(key));
  }

  get size(): number {
    return this.settledEngine.size(this.index);
  }

  /** Errors: invalid-value, limit-exceeded. */
  set<K extends MapKey<T>>(key: K, value: T[K]): void {
    this.owner.writes.put(this.index, this.name, checkedKey(key, this.name), value);
    this.#written(key, value);
    if (this.owner.isObserved) this.#changed(key, true, undefined);
  }

  /** Sets all or nothing, as one batch. Errors: invalid-value, limit-exceeded. */
  setMany(entries: Iterable<{ [K in MapKey<T>]: readonly [K, T[K]] }[MapKey<T>]>): void {
    this.owner.bulk(() => {
      for (const [key, value] of entries) this.set(key, value);
    });
  }

  /** Says whether `key` was there. */
  delete(key: MapKey<T>): boolean {
    const wasPresent = this.owner.writes.delete(this.index, this.name, checkedKey(key, this.name));
    if (!wasPresent) return false;
    this.#forget(key);
    if (this.owner.isObserved) this.#changed(key, false, true);
    return true;
  }

  /** Deletes every key that is here now. */
  clear(): void {
    const keys = this.owner.isObserved ? this.#export().readableTextKeys() : [];
    if (!this.owner.writes.clear(this.index)) return;
    this.dropCache();
    if (!this.owner.isObserved) return;
    for (const key of keys) this.#touched.touch(key, false, true);
    this.owner.changed(this);
  }

  keys(): IterableIterator<MapKey<T>> {
    const keys = this.#rows?.keys ?? this.#readKeys(this.#export());
    return keys.values() as IterableIterator<MapKey<T>>;
  }

  values(): IterableIterator<Frozen<T[MapKey<T>]>> {
    return this.#load().values.values() as IterableIterator<Frozen<T[MapKey<T>]>>;
  }

  *entries(): IterableIterator<{ [K in MapKey<T>]: [K, Frozen<T[K]>] }[MapKey<T>]> {
    const { keys, values } = this.#load();
    for (let index = 0; index < keys.length; index++) {
      yield [keys[index], values[index]] as { [K in MapKey<T>]: [K, Frozen<T[K]>] }[MapKey<T>];
    }
  }

  [Symbol.iterator](): IterableIterator<{ [K in MapKey<T>]: [K, Frozen<T[K]>] }[MapKey<T>]> {
    return this.entries();
  }

  /** A plain object; bigints as decimal strings, bytes as base64. */
  toJSON(): Record<string, unknown> {
    const { keys, values } = this.#load();
    const view: Record<string, unknown> = {};
    for (let index = 0; index < keys.length; index++)
      defineEntry(view, keys[index]!, jsonView(values[index]));
    return view;
  }

  get isCaching(): boolean {
    return this.#values.size > 0 || this.#rows !== undefined;
  }

  dropCache(): void {
    this.#rows = undefined;
    if (this.#values.size > 0) this.#values.clear();
  }

  noticed(key: Uint8Array, isPresent: boolean, isRecorded: boolean): void {
    const text = readText(key, 0, key.length);
    this.#forget(text);
    if (isRecorded) this.#touched.touch(text, isPresent);
  }

  takeChange(origin: ChangeOrigin): MapChange | undefined {
    const { present, absent } = this.#touched.take();
    if (present.length + absent.length === 0) return undefined;
    return { container: this.name, type: "map", origin, set: present.map(({ key }) => key), deleted: absent };
  }

  #read(key: string, fallback: unknown): unknown {
    if (this.#rows !== undefined) return fallback;
    const payload = this.settledEngine.read(this.index, keyBytes(key));
    if (payload === undefined) return fallback;
    const value = this.#decode(payload, key);
    if (!decoder.hasBytes) this.#keep(key, value);
    return value;
  }

  #decode(payload: Uint8Array, key: string): Value {
    try {
      return decoder.open(payload).decode(0, payload.length);
    } catch (error) {
      throw this.unreadable(error, ` under key ${JSON.stringify(key)}`);
    }
  }

  #keep(key: string, value: Value): void {
    if (this.#values.size >= CACHED_VALUES_MAX) this.#values.clear();
    this.#values.set(key, value);
  }

  /** After a write: what is immutable may be cached as it is, if anybody has been reading. */
  #written(key: string, value: unknown): void {
    this.#rows = undefined;
    if (this.#values.size === 0) return;
    if (typeof value === "object") this.#values.delete(key);
    else this.#keep(key, value as Value);
  }

  #forget(key: string): void {
    this.#rows = undefined;
    if (this.#values.size > 0) this.#values.delete(key);
  }

  #changed(key: string, isPresent: boolean, wasPresent: boolean | undefined): void {
    this.#touched.touch(key, isPresent, wasPresent);
    this.owner.changed(this);
  }

  #load(): Rows {
    if (this.#rows !== undefined) return this.#rows;
    const exported = this.#export();
    const keys = this.#readKeys(exported);
    const { values, hasBytes } = this.#readValues(exported, keys);
    const rows = { keys, values };
    if (hasBytes || keys.length > CACHED_VALUES_MAX) return rows;
    this.#values.clear();
    for (let index = 0; index < keys.length; index++) this.#values.set(keys[index]!, values[index]!);
    this.#rows = rows;
    return rows;
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

  #readValues(exported: EntriesExport, keys: readonly string[]): DecodedValues {
    try {
      return exported.payloadValues((index) => this.#values.get(keys[index]!));
    } catch (error) {
      throw this.unreadable(error);
    }
  }
}

/** The WTF-8 of `key`, valid until the next call. */
function keyBytes(key: string): Uint8Array {
  keyWriter.reset();
  writeText(keyWriter, key);
  return keyWriter.bytes.subarray(0, keyWriter.length);
}

function checkedKey(key: unknown, name: string): string {
  if (typeof key === "string") return key;
  throw new CrdtError("invalid-argument", `a key of ${name} is ${String(key)}; keys of a map are strings`);
}
