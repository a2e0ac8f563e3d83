// ywasm: the same document as yjs in Rust WebAssembly. A transaction is opened by hand and encodes its own update.
import * as Y from "ywasm";
import type { Item, Rival, RivalDocument } from "./rival.ts";

class YwasmDocument implements RivalDocument {
  readonly #doc: Y.YDoc;
  readonly #map: Y.YMap;
  readonly #set: Y.YMap;
  readonly #counter: Y.YMap;
  readonly #replica: string;
  #transaction: Y.YTransaction | undefined;
  #update: Uint8Array = new Uint8Array(0);

  constructor(replica: number) {
    this.#replica = String(replica);
    this.#doc = new Y.YDoc({ clientID: replica });
    this.#map = this.#doc.getMap("map");
    this.#set = this.#doc.getMap("set");
    this.#counter = this.#doc.getMap("counter");
  }

  batch(work: () => void): void {
    const transaction = this.#doc.beginTransaction(null);
    this.#transaction = transaction;
    work();
    this.#transaction = undefined;
    transaction.commit();
    this.#update = transaction.encodeUpdate();
    transaction.free();
  }
  #write(work: (transaction: Y.YTransaction) => void): void {
    if (this.#transaction !== undefined) work(this.#transaction);
    else this.batch(() => work(this.#transaction as Y.YTransaction));
  }
  set(key: string, item: Item): void {
    this.#write((transaction) => this.#map.set(key, item, transaction));
  }
  get(key: string): Item | undefined {
    return this.#map.get(key, this.#transaction) as Item | undefined;
  }
  size(): number {
    return this.#map.length(this.#transaction);
  }
  add(element: string): void {
    this.#write((transaction) => this.#set.set(element, true, transaction));
  }
  remove(element: string): void {
    this.#write((transaction) => this.#set.delete(element, transaction));
  }
  elements(): number {
    return this.#set.length(this.#transaction);
  }
  increment(): void {
    this.#write((transaction) => {
      const sum = (this.#counter.get(this.#replica, transaction) ?? 0) as number;
      this.#counter.set(this.#replica, sum + 1, transaction);
    });
  }
  count(): number {
    let sum = 0;
    for (const value of Object.values(this.#counter.toJson(undefined))) sum += value;
    return sum;
  }
  take(): Uint8Array {
    return this.#update;
  }
  apply(update: Uint8Array): void {
    Y.applyUpdate(this.#doc, update, null);
  }
  applyAll(updates: readonly Uint8Array[]): void {
    const transaction = this.#doc.beginTransaction(null);
    for (const update of updates) transaction.applyV1(update);
    transaction.commit();
    transaction.free();
  }
  snapshot(): Uint8Array {
    return Y.encodeStateAsUpdate(this.#doc);
  }
  close(): void {
    this.#doc.free();
  }
}

export const rival: Rival = {
  name: "ywasm",
  create: (replica) => new YwasmDocument(replica),
  load(snapshot, replica) {
    const document = new YwasmDocument(replica);
    document.apply(snapshot);
    return document;
  },
};
