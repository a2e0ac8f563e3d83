// An add-wins set of values. Elements are told apart by their encoding, so 7, 7n and "7" are three elements and
// {a: 1} is equal to another {a: 1}. `has` asks the engine; iteration takes one export of it and is cached until the
// next change. Order: that of the first add that lives.
import { isCrdtError } from "../errors.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import { type Frozen, jsonView, type Value } from "../wire/value.ts";
import { ValueDecoder } from "../wire/value-decoder.ts";
import { writeValue } from "../wire/value-encoder.ts";
import type { ChangeOrigin, SetChange } from "./change.ts";
import { CACHED_VALUES_MAX, ContainerHandle, TouchedKeys } from "./container-handle.ts";
import { type DecodedValues, EntriesExport, latin1Image } from "./entries-export.ts";

const elementWriter = new ByteWriter(256);

export class SetHandle<T> extends ContainerHandle implements Iterable<Frozen<T>> {
  readonly type = "set";
  #elements: readonly Value[] | undefined;
  /** By the encoding of the element, one character a byte. */
  readonly #touched = new TouchedKeys<string>();

  has(element: T): boolean {
    return this.settledEngine.has(this.index, elementBytes(element, this.name));
  }

  get size(): number {
    return this.settledEngine.size(this.index);
  }

  /** Says whether the element was not there before. Errors: invalid-value, limit-exceeded. */
  add(element: T): boolean {
    const isNew = this.owner.writes.add(this.index, this.name, element);
    this.#elements = undefined;
    if (isNew && this.owner.isObserved) this.#changed(element, true, false);
    return isNew;
  }

  /** Adds all or nothing, as one batch; says how many were not there before. Errors: invalid-value, limit-exceeded. */
  addMany(elements: Iterable<T>): number {
    const isObserved = this.owner.isObserved;
    return this.owner.bulk(() => {
      for (const element of elements) {
        if (isObserved) {
          this.add(element);
        } else {
          this.owner.writes.addLater(this.index, this.name, element);
          this.#elements = undefined;
        }
      }
    });
  }

  /** Says whether the element was there. */
  delete(element: T): boolean {
    const wasPresent = this.owner.writes.remove(this.index, this.name, element);
    if (!wasPresent) return false;
    this.#elements = undefined;
    if (this.owner.isObserved) this.#changed(element, false, true);
    return true;
  }

  /** Removes every element that is here now. */
  clear(): void {
    const images = this.owner.isObserved ? this.#export().keyImages() : [];
    if (!this.owner.writes.clear(this.index)) return;
    this.dropCache();
    if (!this.owner.isObserved) return;
    for (const image of images) this.#touched.touch(image, false, true);
    this.owner.changed(this);
  }

  values(): IterableIterator<Frozen<T>> {
    return this.#load().values() as IterableIterator<Frozen<T>>;
  }

  [Symbol.iterator](): IterableIterator<Frozen<T>> {
    return this.values();
  }

  /** An array; bigints as decimal strings, bytes as base64. */
  toJSON(): unknown[] {
    return this.#load().map(jsonView);
  }

  get isCaching(): boolean {
    return this.#elements !== undefined;
  }

  dropCache(): void {
    this.#elements = undefined;
  }

  noticed(key: Uint8Array, isPresent: boolean, isRecorded: boolean): void {
    this.#elements = undefined;
    if (isRecorded) this.#touched.touch(latin1Image(key), isPresent, isPresent ? undefined : true);
  }

  takeChange(origin: ChangeOrigin): SetChange | undefined {
    const { present, absent } = this.#touched.take();
    const added = present.filter(({ wasPresent }) => wasPresent !== true).map(({ key }) => key);
    if (added.length + absent.length === 0) return undefined;
    return setChange(this.name, origin, added, absent);
  }

  #changed(element: T, isPresent: boolean, wasPresent: boolean): void {
    this.#touched.touch(imageOf(element, this.name), isPresent, wasPresent);
    this.owner.changed(this);
  }

  #load(): readonly Value[] {
    if (this.#elements !== undefined) return this.#elements;
    const { values, hasBytes } = this.#read();
    if (!hasBytes && values.length <= CACHED_VALUES_MAX) this.#elements = values;
    return values;
  }

  #export(): EntriesExport {
    return new EntriesExport(this.settledEngine.entries(this.index, 0));
  }

  #read(): DecodedValues {
    const exported = this.#export();
    try {
      return exported.elementKeys(this.size);
    } catch (error) {
      throw this.unreadable(error);
    }
  }
}

/** A change whose elements are decoded when somebody first looks at them: most listeners never do. */
function setChange(
  container: string,
  origin: ChangeOrigin,
  addedImages: readonly string[],
  removedImages: readonly string[],
): SetChange {
  let added: readonly Value[] | undefined;
  let removed: readonly Value[] | undefined;
  return {
    container,
    type: "set",
    origin,
    get added() {
      added ??= readable(addedImages);
      return added;
    },
    get removed() {
      removed ??= readable(removedImages);
      return removed;
    },
  };
}

/** The encoding of `element`, valid until the next call. Errors: invalid-value. */
function elementBytes(element: unknown, name: string): Uint8Array {
  elementWriter.reset();
  writeValue(elementWriter, element, name);
  return elementWriter.bytes.subarray(0, elementWriter.length);
}

function imageOf(element: unknown, name: string): string {
  return latin1Image(elementBytes(element, name));
}

/** The elements of these images, without those that some faulty program wrote: a listener must not fail on them. */
function readable(images: readonly string[]): Value[] {
  const elements: Value[] = [];
  for (const image of images) {
    try {
      elements.push(elementOf(image));
    } catch (error) {
      if (!isCrdtError(error, "invalid-value")) throw error;
    }
  }
  return elements;
}

function elementOf(image: string): Value {
  const bytes = Uint8Array.from(image, (character) => character.charCodeAt(0));
  return new ValueDecoder(bytes).decode(0, bytes.length);
}
