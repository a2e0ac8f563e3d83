// loro-crdt: LoroMap for the map and the set, LoroCounter for the counter, updates from subscribeLocalUpdates.
import { LoroDoc } from "loro-crdt";
import type { Item, Rival, RivalDocument } from "./rival.ts";

class LoroDocument implements RivalDocument {
  readonly #doc = new LoroDoc();
  readonly #map = this.#doc.getMap("map");
  readonly #set = this.#doc.getMap("set");
  readonly #counter = this.#doc.getCounter("counter");
  #update: Uint8Array = new Uint8Array(0);
  #isBatch = false;

  constructor(replica: number) {
    this.#doc.setPeerId(BigInt(replica));
    this.#doc.subscribeLocalUpdates((update) => {
      this.#update = update;
    });
  }

  batch(work: () => void): void {
    this.#isBatch = true;
    work();
    this.#isBatch = false;
    this.#doc.commit();
  }
  #commit(): void {
    if (!this.#isBatch) this.#doc.commit();
  }
  set(key: string, item: Item): void {
    this.#map.set(key, item);
    this.#commit();
  }
  get(key: string): Item | undefined {
    return this.#map.get(key) as Item | undefined;
  }
  size(): number {
    return this.#map.size;
  }
  add(element: string): void {
    this.#set.set(element, true);
    this.#commit();
  }
  remove(element: string): void {
    this.#set.delete(element);
    this.#commit();
  }
  elements(): number {
    return this.#set.size;
  }
  increment(): void {
    this.#counter.increment(1);
    this.#commit();
  }
  count(): number {
    return this.#counter.value;
  }
  take(): Uint8Array {
    return this.#update;
  }
  apply(update: Uint8Array): void {
    this.#doc.import(update);
  }
  applyAll(updates: readonly Uint8Array[]): void {
    this.#doc.importBatch(updates);
  }
  snapshot(): Uint8Array {
    return this.#doc.export({ mode: "snapshot" });
  }
  close(): void {
    this.#doc.free();
  }
}

export const rival: Rival = {
  name: "loro-crdt",
  create: (replica) => new LoroDocument(replica),
  load(snapshot, replica) {
    const document = new LoroDocument(replica);
    document.apply(snapshot);
    return document;
  },
};
