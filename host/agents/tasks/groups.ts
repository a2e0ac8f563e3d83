// Tasks in groups, each in one group or in none.
const NONE: ReadonlySet<string> = new Set();

export class Groups {
  readonly #groups = new Map<string, Set<string>>();
  readonly #groupOf = new Map<string, string>();

  of(group: string): ReadonlySet<string> {
    return this.#groups.get(group) ?? NONE;
  }

  set(task: string, group: string | undefined): void {
    const before = this.#groupOf.get(task);
    if (before === group) return;
    if (before !== undefined) this.#leave(task, before);
    if (group === undefined) {
      this.#groupOf.delete(task);
      return;
    }
    this.#groupOf.set(task, group);
    const tasks = this.#groups.get(group);
    if (tasks === undefined) this.#groups.set(group, new Set([task]));
    else tasks.add(task);
  }

  #leave(task: string, group: string): void {
    const tasks = this.#groups.get(group)!;
    tasks.delete(task);
    if (tasks.size === 0) this.#groups.delete(group);
  }
}
