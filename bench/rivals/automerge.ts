// @automerge/automerge: maps for the map and the set, a Counter, changes taken with getLastLocalChange. A value is
// written whole as an ImmutableString of JSON: a nested object would be a map to merge field by field, and a plain
// string a text with an operation for every character; both are slower and larger.
import * as Automerge from "@automerge/automerge";
import type { Item, Rival, RivalDocument } from "./rival.ts";

interface Shape {
  map: Record<string, Automerge.ImmutableString>;
  set: Record<string, boolean>;
  counter: Automerge.Counter;
}

const actorOf = (replica: number): string => replica.toString(16).padStart(16, "0");
const first = Automerge.from<Shape>({ map: {}, set: {}, counter: new Automerge.Counter(0) }, actorOf(65536));

class AutomergeDocument implements RivalDocument {
  #doc: Automerge.Doc<Shape>;
  #draft: Shape | undefined;

  constructor(doc: Automerge.Doc<Shape>) {
    this.#doc = doc;
  }

  batch(work: () => void): void {
    this.#doc = Automerge.change(this.#doc, (draft) => {
      this.#draft = draft;
      work();
    });
    this.#draft = undefined;
  }
  #write(work: (draft: Shape) => void): void {
    if (this.#draft !== undefined) work(this.#draft);
    else this.#doc = Automerge.change(this.#doc, work);
  }
  set(key: string, item: Item): void {
    this.#write((draft) => {
      draft.map[key] = new Automerge.ImmutableString(JSON.stringify(item));
    });
  }
  get(key: string): Item | undefined {
    const text = this.#doc.map[key];
    return text === undefined ? undefined : (JSON.parse(text.val) as Item);
  }
  size(): number {
    return Object.keys(this.#doc.map).length;
  }
  add(element: string): void {
    this.#write((draft) => {
      draft.set[element] = true;
    });
  }
  remove(element: string): void {
    this.#write((draft) => {
      delete draft.set[element];
    });
  }
  elements(): number {
    return Object.keys(this.#doc.set).length;
  }
  increment(): void {
    this.#write((draft) => draft.counter.increment(1));
  }
  count(): number {
    return this.#doc.counter.value;
  }
  take(): Uint8Array {
    return Automerge.getLastLocalChange(this.#doc) ?? new Uint8Array(0);
  }
  apply(update: Uint8Array): void {
    this.applyAll([update]);
  }
  applyAll(updates: readonly Uint8Array[]): void {
    [this.#doc] = Automerge.applyChanges(this.#doc, updates);
  }
  snapshot(): Uint8Array {
    return Automerge.save(this.#doc);
  }
  close(): void {
    Automerge.free(this.#doc);
  }
}

export const rival: Rival = {
  name: "@automerge/automerge",
  create: (replica) => new AutomergeDocument(Automerge.clone(first, actorOf(replica))),
  load: (snapshot, replica) => new AutomergeDocument(Automerge.load<Shape>(snapshot, actorOf(replica))),
};
