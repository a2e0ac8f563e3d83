// Who reads which file: one task a file and version, handed out by jarvis-crdt/agents. The coordinator submits what is
// pending, withdraws what is no longer wanted, and submits again what was given up while its file is still pending. The
// tasks say who is to read; what was read is told by the maps `work` and `files` alone (work-view.ts), so a task that was
// lost, or done twice by agents that were cut off from each other, costs a reading and nothing else.

import { type AgentFleet, type FleetOptions, isEnded, joinFleet } from "../agents/index.ts";
import type { Replica } from "../index.ts";
import { TASKS_DOCUMENT } from "./schema.ts";
import { skillOf } from "./skills.ts";

export const READ_TASK = "read";
/** A file in a version: what a task of kind {@link READ_TASK} is about. */
export type ReadInput = { readonly path: string; readonly digest: string };

/** An agent that fell silent is taken for gone after three seconds; its files move to others. */
const TIMING = { leaseMs: 3_000, heartbeatMs: 1_000 } as const;
/** A file that is not as listed is tried again, for it may change back. */
const ATTEMPTS = 8;
const BACKOFF = { baseMs: 500, mostMs: 2_000 } as const;

/** Joins those who share the tasks of a job. */
export const joinTasks = (replica: Replica, options: FleetOptions = TIMING): Promise<AgentFleet> =>
  joinFleet(replica, { ...options, document: TASKS_DOCUMENT, trail: false });

/** How long a record may come after the news that its task is done: they travel in documents of their own. */
const RECORD_MS = 2_000;

interface Given {
  readonly id: string;
  readonly digest: string;
}

export interface DispatchOptions {
  readonly tasks: AgentFleet;
  /** The version of a file that is published; undefined when it is no more. */
  readonly published: (path: string) => string | undefined;
  readonly now: () => number;
}

export class Dispatch {
  readonly #options: DispatchOptions;
  readonly #given = new Map<string, Given>();
  readonly #paths = new Map<string, string>();
  /** Files whose task has ended, and when they are to be given again if they are still pending. */
  readonly #ended = new Map<string, number>();
  readonly #stop: () => void;

  /** Tasks of earlier runs are withdrawn. */
  constructor(options: DispatchOptions) {
    this.#options = options;
    this.#withdrawAll();
    this.#stop = options.tasks.subscribe(({ task, status }) => {
      const path = this.#paths.get(task);
      if (path === undefined || !isEnded(status)) return;
      this.#paths.delete(task);
      if (this.#given.get(path)?.id !== task) return;
      this.#ended.set(path, options.now() + (status === "done" ? RECORD_MS : 0));
    });
  }

  /** Sees to it that each of the files to read has one task, of the version that is published. */
  update(pending: ReadonlySet<string>): void {
    const { tasks, published, now } = this.#options;
    for (const [path, dueMs] of this.#ended) {
      if (pending.has(path) && dueMs > now()) continue;
      this.#ended.delete(path);
      this.#given.delete(path);
    }
    for (const [path, { id, digest }] of this.#given) {
      if (published(path) === digest) continue;
      this.#given.delete(path);
      this.#ended.delete(path);
      this.#cancel(id, "the file has changed");
    }
    const missing: ReadInput[] = [];
    for (const path of pending) {
      const digest = published(path);
      if (digest !== undefined && !this.#given.has(path)) missing.push({ path, digest });
    }
    const ids = tasks.submitMany(missing.map(requestOf));
    for (const [index, { path, digest }] of missing.entries()) {
      const id = ids[index]!;
      this.#given.set(path, { id, digest });
      this.#paths.set(id, path);
    }
  }

  /** Whether a file whose task has ended may have to be given again. */
  get isDue(): boolean {
    const nowMs = this.#options.now();
    for (const dueMs of this.#ended.values()) if (dueMs <= nowMs) return true;
    return false;
  }

  close(): void {
    this.#stop();
  }

  #withdrawAll(): void {
    const { tasks, now } = this.#options;
    for (const { id } of [...tasks.tasks()]) this.#cancel(id, "of an earlier run");
    tasks.archive(now() + 1);
  }

  #cancel(id: string, reason: string): void {
    const status = this.#options.tasks.task(id)?.status;
    if (status !== undefined && !isEnded(status)) this.#options.tasks.cancel(id, reason);
  }
}

const requestOf = ({ path, digest }: ReadInput) =>
  ({
    kind: READ_TASK,
    input: { path, digest },
    prefers: { [skillOf(path)]: 1 },
    attempts: ATTEMPTS,
    backoff: BACKOFF,
  }) as const;
