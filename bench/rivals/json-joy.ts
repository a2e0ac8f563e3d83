// json-joy: an `obj` node for the map, the set and the counter (one key a replica), values as constants (`con`), so
// that a value is written whole. Models share their first state and fork from it.

import { Model, type ObjNode } from "json-joy/lib/json-crdt/index.js";
import { Patch } from "json-joy/lib/json-crdt-patch/index.js";
import type { Item, Rival, RivalDocument } from "./rival.ts";

const SESSION_ID_OFFSET = 65536;
const first = Model.create(undefined, SESSION_ID_OFFSET);
first.api.set({ map: {}, set: {}, counter: {} });
first.api.flush();

type Written = [string, ReturnType<Model["api"]["builder"]["con"]>];

class JsonJoyDocument implements RivalDocument {
  readonly #model: Model;
  readonly #map: ObjNode;
  readonly #set: ObjNode;
  readonly #counter: ObjNode;
  readonly #replica: string;
  #increments = 0;
  #batch: Map<ObjNode, Written[]> | undefined;

  constructor(replica: number, model: Model) {
    this.#replica = String(replica);
    this.#model = model;
    this.#map = model.api.obj(["map"]).node;
    this.#set = model.api.obj(["set"]).node;
    this.#counter = model.api.obj(["counter"]).node;
  }

  batch(work: () => void): void {
    const batch = new Map<ObjNode, Written[]>();
    this.#batch = batch;
    work();
    this.#batch = undefined;
    for (const [node, written] of batch) this.#model.api.builder.insObj(node.id, written);
    this.#model.api.apply();
  }
  #write(node: ObjNode, key: string, value: unknown): void {
    const { builder } = this.#model.api;
    const written: Written = [key, builder.con(value)];
    if (this.#batch === undefined) {
      builder.insObj(node.id, [written]);
      this.#model.api.apply();
      return;
    }
    const list = this.#batch.get(node);
    if (list === undefined) this.#batch.set(node, [written]);
    else list.push(written);
  }
  set(key: string, item: Item): void {
    this.#write(this.#map, key, item);
  }
  get(key: string): Item | undefined {
    return this.#map.get(key)?.view() as Item | undefined;
  }
  size(): number {
    return this.#map.keys.size;
  }
  add(element: string): void {
    this.#write(this.#set, element, true);
  }
  remove(element: string): void {
    this.#write(this.#set, element, undefined);
  }
  elements(): number {
    let present = 0;
    for (const key of this.#set.keys.keys()) if (this.#set.get(key)?.view() === true) present += 1;
    return present;
  }
  increment(): void {
    this.#increments += 1;
    this.#write(this.#counter, this.#replica, this.#increments);
  }
  count(): number {
    let sum = 0;
    for (const key of this.#counter.keys.keys()) sum += this.#counter.get(key)?.view() as number;
    return sum;
  }
  take(): Uint8Array {
    return this.#model.api.flush().toBinary();
  }
  apply(update: Uint8Array): void {
    this.#model.applyPatch(Patch.fromBinary(update));
  }
  applyAll(updates: readonly Uint8Array[]): void {
    this.#model.applyBatch(updates.map((update) => Patch.fromBinary(update)));
  }
  snapshot(): Uint8Array {
    return this.#model.toBinary();
  }
  close(): void {}
}

export const rival: Rival = {
  name: "json-joy",
  create: (replica) => new JsonJoyDocument(replica, first.fork(SESSION_ID_OFFSET + replica)),
  load: (snapshot, replica) =>
    new JsonJoyDocument(replica, Model.load(snapshot, SESSION_ID_OFFSET + replica)),
};
