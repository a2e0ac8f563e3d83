// Tasks that wait for an agent, in a queue for each set of wishes and each tenant: those that nobody present can serve, and
// those of a tenant that has many, must not stand in the way of others. After a failed attempt a task rests until its time has come, by the time the state knows.
import type { TaskSpec } from "../records/task-spec.ts";
import { Deadlines } from "./deadlines.ts";
import { SortedQueue } from "./sorted-queue.ts";

/** What an agent must have for a task. */
export type Wishes = Pick<TaskSpec, "kind" | "requires" | "resources" | "tenant">;

interface Class {
  readonly wishes: Wishes;
  readonly queue: SortedQueue;
}

export class ReadyTasks {
  readonly #classes = new Map<string, Class>();
  readonly #classOf = new Map<string, string>();
  readonly #resting = new Map<string, { readonly spec: TaskSpec; readonly untilMs: number }>();
  /** When tasks that rest have rested. */
  readonly rests = new Deadlines();
  #nowMs = 0;

  /** Those that do not rest. */
  get size(): number {
    return this.#classOf.size;
  }

  add(id: string, spec: TaskSpec, untilMs: number): void {
    if (untilMs > this.#nowMs) {
      this.delete(id);
      this.#resting.set(id, { spec, untilMs });
      this.rests.set(id, untilMs);
      return;
    }
    this.#stopResting(id);
    if (this.#classOf.has(id)) return;
    const key = classKey(spec);
    let found = this.#classes.get(key);
    if (found === undefined) {
      found = { wishes: spec, queue: new SortedQueue() };
      this.#classes.set(key, found);
    }
    this.#classOf.set(id, key);
    found.queue.add({ id, atMs: spec.atMs, priority: spec.priority });
  }

  delete(id: string): void {
    this.#stopResting(id);
    const key = this.#classOf.get(id);
    if (key === undefined) return;
    this.#classOf.delete(id);
    const { queue } = this.#classes.get(key)!;
    queue.delete(id);
    if (queue.size === 0) this.#classes.delete(key);
  }

  /** Wakes those whose time has come. */
  advance(nowMs: number): void {
    if (nowMs <= this.#nowMs) return;
    this.#nowMs = nowMs;
    for (const id of this.rests.due(nowMs)) {
      const { spec, untilMs } = this.#resting.get(id)!;
      this.add(id, spec, untilMs);
    }
  }

  #stopResting(id: string): void {
    if (this.#resting.delete(id)) this.rests.set(id, undefined);
  }

  /** Up to `count` ids a class, of the classes that somebody `canServe`; `most` in all. */
  first(count: number, most: number, canServe: (wishes: Wishes) => boolean): Set<string> {
    const served = [...this.#classes.entries()].filter(([, { wishes }]) => canServe(wishes));
    served.sort(([left], [right]) => (left < right ? -1 : 1));
    const share = Math.max(1, Math.min(count, Math.floor(most / Math.max(1, served.length))));
    const ids = new Set<string>();
    for (const [, { queue }] of served) {
      for (const id of queue.first(share)) if (ids.size < most) ids.add(id);
    }
    return ids;
  }
}

const levelsKey = (levels: Readonly<Record<string, number>> = {}): string =>
  Object.keys(levels)
    .sort()
    .map((name) => `${name}=${levels[name]}`)
    .join(",");

const classKey = ({ kind, requires, resources, tenant = "" }: Wishes): string => {
  if (requires === undefined && resources === undefined) return `${kind} ${tenant}`;
  return `${kind} ${tenant} ${levelsKey(requires)} ${levelsKey(resources)}`;
};
