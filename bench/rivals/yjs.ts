// yjs: Y.Map for the map and the set, one key a replica for the counter, updates taken from the update event.
import * as Y from "yjs";
import type { Item, Rival, RivalDocument } from "./rival.ts";

class YjsDocument implements RivalDocument {
  readonly #doc = new Y.Doc();
  readonly #map = this.#doc.getMap("map");
  readonly #set = this.#doc.getMap("set");
  readonly #counter = this.#doc.getMap("counter");
  readonly #replica: string;
  #updates: Uint8Array[] = [];
  #isApplying = false;

  constructor(replica: number) {
    this.#replica = String(replica);
    this.#doc.clientID = replica;
    this.#doc.on("update", (update) => {
      if (!this.#isApplying) this.#updates.push(update);
    });
  }

  batch(work: () => void): void {
    this.#doc.transact(work);
  }
  set(key: string, item: Item): void {
    this.#map.set(key, item);
  }
  get(key: string): Item | undefined {
    return this.#map.get(key) as Item | undefined;
  }
  size(): number {
    return this.#map.size;
  }
  add(element: string): void {
    this.#set.set(element, true);
  }
  remove(element: string): void {
    this.#set.delete(element);
  }
  elements(): number {
    return this.#set.size;
  }
  increment(): void {
    this.#counter.set(this.#replica, ((this.#counter.get(this.#replica) ?? 0) as number) + 1);
  }
  count(): number {
    let sum = 0;
    for (const value of this.#counter.values()) sum += value as number;
    return sum;
  }
  take(): Uint8Array {
    const updates = this.#updates;
    this.#updates = [];
    const [only] = updates;
    return updates.length === 1 && only !== undefined ? only : Y.mergeUpdates(updates);
  }
  apply(update: Uint8Array): void {
    this.#isApplying = true;
    Y.applyUpdate(this.#doc, update);
    this.#isApplying = false;
  }
  applyAll(updates: readonly Uint8Array[]): void {
    this.#doc.transact(() => {
      for (const update of updates) this.apply(update);
    });
    this.#updates = [];
  }
  snapshot(): Uint8Array {
    return Y.encodeStateAsUpdate(this.#doc);
  }
  close(): void {
    this.#doc.destroy();
  }
}

export const rival: Rival = {
  name: "yjs",
  create: (replica) => new YjsDocument(replica),
  load(snapshot, replica) {
    const document = new YjsDocument(replica);
    document.apply(snapshot);
    return document;
  },
};
