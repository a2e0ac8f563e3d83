// Elements: every entry lives until it is removed (those of a list's positions: for ever); a key is present while one
// does. Nearly always that is one, so the entries of a key are a chain through `sibling` and back through `elder`, and
// not a list.
import { byDot, type Entry } from "./entry.ts";

export class ElementIndex {
  readonly kind = "elements";
  readonly #heads = new Map<string, Entry>();
  readonly #countsEntries: boolean;
  #entries = 0;

  /** `countsEntries`: whether its size is that of its entries, not that of its keys. */
  constructor(countsEntries = false) {
    this.#countsEntries = countsEntries;
  }

  get size(): number {
    return this.#countsEntries ? this.#entries : this.#heads.size;
  }

  insert(entry: Entry): void {
    const head = this.#heads.get(entry.key);
    entry.sibling = head;
    if (head !== undefined) head.elder = entry;
    this.#heads.set(entry.key, entry);
    this.#entries++;
  }

  remove(entry: Entry): void {
    const { elder, sibling } = entry;
    entry.elder = entry.sibling = undefined;
    this.#entries--;
    if (sibling !== undefined) sibling.elder = elder;
    if (elder !== undefined) elder.sibling = sibling;
    else if (sibling === undefined) this.#heads.delete(entry.key);
    else this.#heads.set(entry.key, sibling);
  }

  isPresent(key: string): boolean {
    return this.#heads.has(key);
  }

  /** The entries under one key in canonical order. */
  entriesOf(key: string): Entry[] {
    const entries: Entry[] = [];
    for (let entry = this.#heads.get(key); entry !== undefined; entry = entry.sibling) entries.push(entry);
    return entries.length > 1 ? entries.sort(byDot) : entries;
  }

  *all(): Generator<Entry> {
    for (const head of this.#heads.values()) {
      for (let entry: Entry | undefined = head; entry !== undefined; entry = entry.sibling) yield entry;
    }
  }
}
