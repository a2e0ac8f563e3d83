// A list of values in the order its writers gave it: each element has a name that stays, so that what others insert,
// delete or move meanwhile does not shift what was meant. Of two writes or moves of one element the later wins; a write
// that comes after a deletion brings the element back. The order (fugue-list.ts) is built when first asked for and then
// follows what is written and merged; values are read once and kept. Positions, and marks of what was deleted, stay in
// the document for ever.
import { LIST_KINDS } from "../../engine/engine.ts";
import { CrdtError, isCrdtError } from "../../errors.ts";
import { type Frozen, jsonView } from "../../wire/value.ts";
import { ValueDecoder } from "../../wire/value-decoder.ts";
import type { ChangeOrigin, ListChange } from "../change.ts";
import { ContainerHandle } from "../container-handle.ts";
import { EntriesExport } from "../entries-export.ts";
import { FugueList } from "./fugue-list.ts";
import { ListChanges } from "./list-changes.ts";
import {
  DOT_BYTES,
  type Dot,
  dotBytes,
  elementKey,
  positionKey,
  readDot,
  readListKey,
  SIDES,
} from "./list-keys.ts";
import type { ListPosition } from "./list-position.ts";
import type { Place } from "./place.ts";

interface Notice {
  readonly key: Uint8Array;
  readonly isPresent: boolean;
  readonly isRecorded: boolean;
}

/** More notices than this are dropped with the order: building anew costs no more. */
const NOTICES_MAX = 65536;

export class ListHandle<T> extends ContainerHandle implements Iterable<Frozen<T>> {
  readonly type = "list";
  #list: FugueList | undefined;
  #notices: Notice[] = [];
  readonly #changes = new ListChanges();

  get length(): number {
    return this.#fresh().length;
  }

  /** The value at `index`; undefined where there is none. Errors: invalid-value. */
  get(index: number): Frozen<T> | undefined {
    const list = this.#fresh();
    if (!Number.isInteger(index) || index < 0 || index >= list.length) return undefined;
    return this.#value(list.at(index));
  }

  /** Inserts before the element at `index`, or at the end, as one batch. Errors: invalid-argument, invalid-value, limit-exceeded. */
  insert(index: number, ...values: readonly T[]): void {
    const list = this.#fresh();
    this.#checkIndex(index, list.length, "insert");
    this.#insert(list, index, values);
  }

  /** Inserts at the end, as one batch. Errors: invalid-value, limit-exceeded. */
  push(...values: readonly T[]): void {
    const list = this.#fresh();
    this.#insert(list, list.length, values);
  }

  /** Deletes `count` elements from `index` on, as one batch. Errors: invalid-argument. */
  delete(index: number, count = 1): void {
    const list = this.#fresh();
    this.#checkIndex(index, list.length, "delete");
    if (!Number.isInteger(count) || count < 0 || index + count > list.length) {
      throw this.#outside("delete", `count ${count} from ${index}`, list.length);
    }
    const elements = Array.from({ length: count }, (_, offset) => list.at(index + offset));
    this.owner.bulk(() => {
      for (const element of elements) {
        this.owner.writes.deleteKeyLater(this.index, this.name, elementKey("value", element));
      }
    });
    for (const element of elements) {
      list.delete(element, true);
      this.#changed("deleted", element);
    }
  }

  /** Replaces the value at `index`. Errors: invalid-argument, invalid-value, limit-exceeded. */
  set(index: number, value: T): void {
    const element = this.#elementAt(index, "set");
    if (value === undefined) this.#refuseUndefined();
    this.owner.writes.putKey(this.index, this.name, elementKey("value", element), value);
    element.value = undefined;
    this.#changed("set", element);
  }

  /** Moves the element at `from` so that its index is `to`. Errors: invalid-argument. */
  move(from: number, to: number): void {
    const element = this.#elementAt(from, "move");
    this.#elementAt(to, "move");
    if (from === to) return;
    const list = this.#fresh();
    const left = to === 0 ? undefined : list.at(to > from ? to : to - 1);
    const { parent, side } = list.originsBehind(left);
    const dot = this.#nextDot(0);
    this.owner.bulk(() => {
      const { writes } = this.owner;
      writes.insertLater(this.index, this.name, positionKey(parent, side), undefined);
      writes.putKey(this.index, this.name, elementKey("place", element), dotBytes(dot));
    });
    list.move(element, list.enter(dot, parent, side, false));
    this.#changed("moved", element);
  }

  /** The name of the element at `index`, which stays wherever it is moved to. Errors: invalid-argument. */
  positionAt(index: number): ListPosition {
    return this.#elementAt(index, "positionAt").name;
  }

  /** Where the element of this name is now; -1 where it is deleted or was never here. */
  indexOf(position: ListPosition): number {
    const list = this.#fresh();
    const element = list.element(position);
    return element === undefined ? -1 : list.indexOf(element);
  }

  /** The values in order. Errors: invalid-value. */
  values(): Frozen<T>[] {
    return Array.from(this.#fresh().elements(), (element) => this.#value(element));
  }

  [Symbol.iterator](): IterableIterator<Frozen<T>> {
    return this.values().values();
  }

  /** The values in order; bigints as decimal strings, bytes as base64. */
  toJSON(): unknown[] {
    return this.values().map(jsonView);
  }

  get isCaching(): boolean {
    return this.#list !== undefined;
  }

  dropCache(): void {
    this.#list = undefined;
    this.#notices = [];
  }

  /** What a merge brings is told from what was there before it. */
  override prepare(): void {
    this.#fresh();
  }

  noticed(key: Uint8Array, isPresent: boolean, isRecorded: boolean): void {
    if (this.#list === undefined) return;
    // Positions go in a merge of foreign making alone.
    if (key[0] === LIST_KINDS.position && !isPresent) this.dropCache();
    else this.#notices.push({ key: key.slice(), isPresent, isRecorded });
    if (this.#notices.length > NOTICES_MAX && !isRecorded) this.dropCache();
  }

  takeChange(origin: ChangeOrigin): ListChange | undefined {
    if (this.#list !== undefined) this.#drain(this.#list);
    const change = this.#changes.take();
    return change === undefined ? undefined : { container: this.name, type: "list", origin, ...change };
  }

  #insert(list: FugueList, index: number, values: readonly T[]): void {
    if (values.includes(undefined as T)) this.#refuseUndefined();
    if (values.length === 0) return;
    let { parent, side } = list.originsBehind(index === 0 ? undefined : list.at(index - 1));
    const entered = values.map((_, offset) => {
      const dot = this.#nextDot(offset);
      const position = { dot, parent, side };
      [parent, side] = [dot, SIDES.right];
      return position;
    });
    this.owner.bulk(() => {
      for (const [offset, position] of entered.entries()) {
        const key = positionKey(position.parent, position.side);
        this.owner.writes.insertLater(this.index, this.name, key, values[offset]);
      }
    });
    for (const position of entered) {
      this.#changed("inserted", list.enter(position.dot, position.parent, position.side, true));
    }
  }

  /** The dot that the mutation after `offset` further ones will take. */
  #nextDot(offset: number): Dot {
    const engine = this.settledEngine;
    return { replica: engine.replica, sequence: engine.sequence() + 1 + offset };
  }

  #elementAt(index: number, call: string): Place {
    const list = this.#fresh();
    if (Number.isInteger(index) && index >= 0 && index < list.length) return list.at(index);
    throw this.#outside(call, `index ${index}`, list.length);
  }

  #checkIndex(index: number, length: number, call: string): void {
    if (Number.isInteger(index) && index >= 0 && index <= length) return;
    throw this.#outside(call, `index ${index}`, length);
  }

  #outside(call: string, what: string, length: number): CrdtError {
    return new CrdtError(
      "invalid-argument",
      `${this.name}.${call}: ${what} lies outside the list, which has ${length} elements`,
    );
  }

  #refuseUndefined(): never {
    throw new CrdtError("invalid-value", `${this.name} is undefined (leave it out, or store null)`);
  }

  #changed(what: "inserted" | "deleted" | "set" | "moved", element: Place): void {
    if (!this.owner.isObserved) return;
    this.#changes[what](element.name);
    this.owner.changed(this);
  }

  #value(element: Place): Frozen<T> {
    if (element.value !== undefined) return element.value as Frozen<T>;
    const engine = this.settledEngine;
    const payload = engine.read(this.index, elementKey("value", element));
    const decoder = new ValueDecoder();
    try {
      let value: unknown;
      if (payload !== undefined) {
        value = decoder.open(payload).decode(0, payload.length);
      } else {
        const exported = new EntriesExport(engine.entryAt(this.index, element.replica, element.sequence));
        exported.forEachPayload((_index, payloads, start, end) => {
          value = decoder.open(payloads).decode(start, end);
        });
      }
      if (!decoder.hasBytes) element.value = value;
      return value as Frozen<T>;
    } catch (error) {
      throw this.unreadable(error, ` at ${element.name}`);
    }
  }

  /** The list as it is now. */
  #fresh(): FugueList {
    const engine = this.settledEngine;
    if (this.#list !== undefined) this.#drain(this.#list);
    else this.#list = this.#load(new EntriesExport(engine.entries(this.index, 0)));
    return this.#list;
  }

  #load(exported: EntriesExport): FugueList {
    const list = new FugueList();
    const ends = new Uint32Array(exported.count);
    let payloads = new Uint8Array(0);
    exported.forEachPayload((index, bytes, _start, end) => {
      payloads = bytes as Uint8Array<ArrayBuffer>;
      ends[index] = end;
    });
    const decoder = new ValueDecoder(payloads);
    exported.forEachKey((index, keys, keyStart, keyEnd) => {
      const key = readListKey(keys, keyStart, keyEnd);
      if (key === undefined) return;
      const [start, end] = [index === 0 ? 0 : ends[index - 1]!, ends[index]!];
      if (key.kind === LIST_KINDS.position) {
        const dot = { replica: exported.replica(index), sequence: exported.sequences[index]! };
        const place = list.enter(dot, key.parent, key.side, end > start);
        if (end > start && !place.isSet) place.value = shareable(decoder, start, end);
      } else if (key.kind === LIST_KINDS.value) {
        const place = list.place(key.element);
        list.delete(place, end === start);
        place.isSet = true;
        place.value = end > start ? shareable(decoder, start, end) : undefined;
      } else if (end > start) {
        list.move(list.place(key.element), this.#target(list, payloads.subarray(start, end)));
      }
    });
    return list;
  }

  #drain(list: FugueList): void {
    if (this.#notices.length === 0) return;
    const notices = this.#notices;
    this.#notices = [];
    for (const notice of notices) this.#follow(list, notice);
  }

  #follow(list: FugueList, { key: bytes, isPresent, isRecorded }: Notice): void {
    const { engine } = this.owner;
    if (bytes[0] === LIST_KINDS.position) {
      const dot = bytes.length === 1 + DOT_BYTES ? readDot(bytes, 1) : undefined;
      if (dot !== undefined) this.#followPosition(list, dot, isRecorded);
      return;
    }
    const key = readListKey(bytes, 0, bytes.length);
    if (key === undefined || key.kind === LIST_KINDS.position) return;
    const element = list.place(key.element);
    if (key.kind === LIST_KINDS.value) {
      element.value = undefined;
      list.delete(element, !isPresent);
      if (isRecorded) this.#changes[isPresent ? "set" : "deleted"](element.name);
    } else {
      const payload = engine.read(this.index, bytes);
      list.move(element, payload === undefined ? undefined : this.#target(list, payload));
      if (isRecorded) this.#changes.moved(element.name);
    }
  }

  #followPosition(list: FugueList, dot: Dot, isRecorded: boolean): void {
    const exported = new EntriesExport(this.owner.engine.entryAt(this.index, dot.replica, dot.sequence));
    let isElement = false;
    exported.forEachPayload((_index, _payloads, start, end) => {
      isElement = end > start;
    });
    exported.forEachKey((_index, keys, start, end) => {
      const key = readListKey(keys, start, end);
      if (key === undefined || key.kind !== LIST_KINDS.position) return;
      const { name, isDeleted } = list.enter(dot, key.parent, key.side, isElement);
      if (isRecorded && isElement && !isDeleted) this.#changes.inserted(name);
    });
  }

  /** The position a place's payload names; undefined where it names none. */
  #target(list: FugueList, payload: Uint8Array): Place | undefined {
    const value = readable(new ValueDecoder(payload), 0, payload.length);
    const dot = value instanceof Uint8Array && value.length === DOT_BYTES ? readDot(value, 0) : undefined;
    return dot === undefined ? undefined : list.place(dot);
  }
}

/** A value to keep; undefined where it holds bytes, which must not be shared, or cannot be read. */
function shareable(decoder: ValueDecoder, start: number, end: number): unknown {
  const value = readable(decoder, start, end);
  return decoder.hasBytes ? undefined : value;
}

function readable(decoder: ValueDecoder, start: number, end: number): unknown {
  try {
    return decoder.decode(start, end);
  } catch (error) {
    if (!isCrdtError(error, "invalid-value")) throw error;
    return undefined;
  }
}
