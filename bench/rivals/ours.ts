// This package on either engine, through the handles an application uses. Updates are what a document hands to its
// sessions and merges from them: one stream delta a turn or transaction, before a session packs it tighter.

import type { Engine } from "../../host/engine/engine.ts";
import { counter, map, schema, set } from "../../host/index.ts";
import { type Document, openDocument as openTyped } from "../../host/replica/document.ts";
import { DocumentCore } from "../../host/replica/document-core.ts";
import { DocumentState } from "../../host/replica/document-state.ts";
import { loadContainers } from "../../host/replica/schema.ts";
import { openDocument, openEngine, platform, replicaOf } from "../engines.ts";
import type { Item, Rival, RivalDocument } from "./rival.ts";

const Shape = schema({ map: map<Record<string, Item>>(), set: set<string>(), counter: counter() });
const containers = await loadContainers(Shape.containers);

const owner = {
  platform,
  clockAhead: () => undefined,
  writesRefused: (_core: DocumentCore, error: Error) => {
    throw error;
  },
  idTaken: () => {
    throw new Error("two replicas of a benchmark have one id");
  },
};
const keeper = {
  durable: async () => undefined,
  release: async () => undefined,
  rewrite: async () => undefined,
};
const PEER = "peer";

class OwnDocument implements RivalDocument {
  readonly #core: DocumentCore;
  readonly #document: Document<typeof Shape>;
  #update: Uint8Array = new Uint8Array(0);

  constructor(engine: Engine, replica: number) {
    this.#core = new DocumentCore("rivals", openDocument(engine, replicaOf(replica)), owner);
    this.#document = openTyped<(typeof Shape)["containers"]>(
      new DocumentState(this.#core),
      keeper,
      containers,
    );
    this.#core.onDelta(({ bytes, source }) => {
      if (source === "local") this.#update = bytes;
    });
  }

  batch(work: () => void): void {
    this.#document.transact(work);
  }
  set(key: string, item: Item): void {
    this.#document.map.set(key, item);
  }
  get(key: string): Item | undefined {
    return this.#document.map.get(key);
  }
  size(): number {
    return this.#document.map.size;
  }
  add(element: string): void {
    this.#document.set.add(element);
  }
  remove(element: string): void {
    this.#document.set.delete(element);
  }
  elements(): number {
    return this.#document.set.size;
  }
  increment(): void {
    this.#document.counter.increment();
  }
  count(): number {
    return this.#document.counter.value;
  }
  take(): Uint8Array {
    this.#core.flushLocal();
    return this.#update;
  }
  apply(update: Uint8Array): void {
    this.#core.merge(update, PEER);
  }
  applyAll(updates: readonly Uint8Array[]): void {
    for (const update of updates) this.#core.merge(update, PEER);
  }
  snapshot(): Uint8Array {
    return this.#document.snapshot();
  }
  close(): void {
    this.#core.close();
  }
}

export async function ours(engineName: "baseline" | "wasm"): Promise<Rival> {
  const engine = await openEngine(engineName);
  return {
    name: engineName,
    create: (replica) => new OwnDocument(engine, replica),
    load(snapshot, replica) {
      const document = new OwnDocument(engine, replica);
      document.apply(snapshot);
      return document;
    },
  };
}
