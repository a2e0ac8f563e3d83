// Sets and flags: every entry lives until it is removed; an element is present while one does. Nearly always that is
// one, so the entries of an element are a chain through `sibling` and back through `elder`, and not a list.
import { byDot, type Entry } from "./entry.ts";

export class SetIndex {
  readonly kind = "elements";
  readonly #heads = new Map<string, Entry>();

  /** Elements present. */
  get size(): number {
    return this.#heads.size;
  }

  insert(entry: Entry): void {
    const head = this.#heads.get(entry.key);
    entry.sibling = head;
    if (head !== undefined) head.elder = entry;
    this.#heads.set(entry.key, entry);
  }

  remove(entry: Entry): void {
    const { elder, sibling } = entry;
    entry.elder = entry.sibling = undefined;
    if (sibling !== undefined) sibling.elder = elder;
    if (elder !== undefined) elder.sibling = sibling;
    else if (sibling === undefined) this.#heads.delete(entry.key);
    else this.#heads.set(entry.key, sibling);
  }

  isPresent(key: string): boolean {
    return this.#heads.has(key);
  }

  /** The entries of one element in canonical order. */
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
