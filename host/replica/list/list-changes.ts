// What happened to the elements of a list since the last change event: each is named once, by what is left of it all.
import type { ListChange } from "../change.ts";
import type { ListPosition } from "./list-position.ts";

export class ListChanges {
  readonly #inserted = new Set<ListPosition>();
  readonly #deleted = new Set<ListPosition>();
  readonly #set = new Set<ListPosition>();
  readonly #moved = new Set<ListPosition>();

  inserted(name: ListPosition): void {
    this.#inserted.add(name);
    this.#set.delete(name);
    this.#moved.delete(name);
  }

  deleted(name: ListPosition): void {
    this.#set.delete(name);
    this.#moved.delete(name);
    if (!this.#inserted.delete(name)) this.#deleted.add(name);
  }

  set(name: ListPosition): void {
    this.#deleted.delete(name);
    if (!this.#inserted.has(name)) this.#set.add(name);
  }

  moved(name: ListPosition): void {
    if (!this.#inserted.has(name) && !this.#deleted.has(name)) this.#moved.add(name);
  }

  /** Undefined when nothing remains; forgets all. */
  take(): Pick<ListChange, "inserted" | "deleted" | "set" | "moved"> | undefined {
    const sets = [this.#inserted, this.#deleted, this.#set, this.#moved];
    const [inserted, deleted, set, moved] = sets.map((names) => [...names]) as [
      ListPosition[],
      ListPosition[],
      ListPosition[],
      ListPosition[],
    ];
    if (sets.every(({ size }) => size === 0)) return undefined;
    for (const names of sets) names.clear();
    return { inserted, deleted, set, moved };
  }
}
