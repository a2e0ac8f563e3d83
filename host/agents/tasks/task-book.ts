// All tasks of a document and where they stand, kept up to date by what changes: a change costs the records of its task
// and whatever depends on it, never all tasks.
import type { Members } from "../members.ts";
import {
  readBid,
  readGrant,
  readOrder,
  readOutcome,
  readProgress,
  readStart,
  readVote,
} from "../records/run-records.ts";
import { isFields, isName, isTime, readRunKey } from "../records/shapes.ts";
import { readTaskSpec } from "../records/task-spec.ts";
import { Deadlines } from "./deadlines.ts";
import { DependencyGraph } from "./dependency-graph.ts";
import { Durations } from "./durations.ts";
import { Groups } from "./groups.ts";
import { ReadyTasks } from "./ready-tasks.ts";
import { type Dependencies, isEnded, type Standing, standingOf, type TaskStatus } from "./standing.ts";
import { type FiledList, file, noRecords, type TaskRecords } from "./task-records.ts";

export interface Task {
  readonly records: TaskRecords;
  standing: Standing;
}

export type TaskListener = (task: Task, before: Standing) => void;

const FILED = {
  grants: readGrant,
  bids: readBid,
  votes: readVote,
  starts: readStart,
  outcomes: readOutcome,
} as const;

export type FiledAspect = keyof typeof FILED;
export const FILED_ASPECTS = Object.keys(FILED) as FiledAspect[];

export class TaskBook {
  readonly tasks = new Map<string, Task>();
  readonly graph = new DependencyGraph();
  /** Tasks that wait for an agent. */
  readonly ready = new ReadyTasks();
  /** When tasks that have not begun expire. */
  readonly expiries = new Deadlines();
  /** How long tasks of a kind took. */
  readonly durations = new Durations();
  /** How many tasks have each status. */
  readonly counts = new Map<TaskStatus, number>();
  readonly #members: Members;
  readonly #archive = new Map<string, TaskStatus>();
  /** Tasks that have not ended, by the seat that holds or submitted them. */
  readonly #bySeat = new Groups();
  /** Tasks that an agent has the right to run. */
  readonly #byAgent = new Groups();
  /** Tasks with grants or votes that are not stored where they were written, by replica. */
  readonly #unstored = new Map<string, Set<string>>();
  readonly #listeners = new Set<TaskListener>();
  /** Records that do not fit. */
  malformed = 0;
  /** Of all tasks. */
  duplicates = 0;

  constructor(members: Members) {
    this.#members = members;
  }

  onChange(listener: TaskListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What an archived task was when it was archived. */
  archived(id: string): TaskStatus | undefined {
    return this.#archive.get(id);
  }

  get archivedCount(): number {
    return this.#archive.size;
  }

  status(id: string): TaskStatus | undefined {
    return this.#archive.get(id) ?? this.tasks.get(id)?.standing.status;
  }

  /** Tasks that have not ended and that this seat holds; without a holder, those it submitted. */
  heldBy(seat: string): ReadonlySet<string> {
    return this.#bySeat.of(seat);
  }

  /** Tasks that this agent has the right to run now. */
  givenTo(agent: string): ReadonlySet<string> {
    return this.#byAgent.of(agent);
  }

  setSpec(id: string, value: unknown): void {
    const spec = value === undefined ? undefined : readTaskSpec(value);
    if (value !== undefined && (spec === undefined || !isName(id))) this.malformed++;
    if (!isName(id) || this.#archive.has(id)) return;
    const { records } = this.#task(id);
    records.spec = spec;
    const changed = new Set([id]);
    for (const after of spec?.after ?? []) {
      for (const task of this.graph.add({ task: id, after, atMs: spec!.atMs })) changed.add(task);
    }
    for (const task of changed) this.judge(task);
  }

  setEdge(key: string, value: unknown): void {
    const [task, after, more] = key.split(" ");
    if (value === undefined) return;
    if (!isName(task) || !isName(after) || more !== undefined || !isFields(value) || !isTime(value.atMs)) {
      this.malformed++;
      return;
    }
    for (const changed of this.graph.add({ task, after, atMs: value.atMs })) this.judge(changed);
  }

  setOrder(key: string, value: unknown): void {
    const id = key.split(" ")[0]!;
    const order = value === undefined ? undefined : readOrder(value);
    if (value !== undefined && (order === undefined || key !== `${id} ${order.kind}` || !isName(id))) {
      this.malformed++;
      return;
    }
    if (order === undefined || this.#archive.has(id)) return;
    this.#task(id).records.orders.set(order.kind, order);
    this.judge(id);
  }

  setProgress(id: string, value: unknown): void {
    const progress = value === undefined ? undefined : readProgress(value);
    if (value !== undefined && progress === undefined) this.malformed++;
    const task = this.tasks.get(id);
    if (task !== undefined) task.records.progress = progress;
  }

  setFiled(aspect: FiledAspect, key: string, value: unknown): string | undefined {
    const place = readRunKey(key);
    const record = value === undefined ? undefined : FILED[aspect](value);
    if (place === undefined || (value !== undefined && record === undefined)) {
      this.malformed++;
      return undefined;
    }
    const { task: id, epoch, replica } = place;
    if (this.#archive.has(id) || (record === undefined && !this.tasks.has(id))) return undefined;
    const list = this.#task(id).records[aspect] as FiledList<unknown>;
    file(list, epoch, replica, record);
    if (record !== undefined && "batch" in record && !this.#members.isStored(replica, record.batch)) {
      put(this.#unstored, replica, id);
    }
    this.judge(id);
    return id;
  }

  setArchived(id: string, value: unknown): void {
    if (!isName(id) || !isFields(value) || !isEnded(value.status as TaskStatus)) {
      this.malformed++;
      return;
    }
    this.#archive.set(id, value.status as TaskStatus);
    this.#forget(id);
    this.#judgeDependents(id);
  }

  /** More of what this replica wrote is stored with it. */
  stored(replica: string): void {
    const ids = this.#unstored.get(replica);
    if (ids === undefined) return;
    this.#unstored.delete(replica);
    for (const id of ids) {
      const task = this.tasks.get(id);
      if (task === undefined) continue;
      const { grants, votes } = task.records;
      const isOpen = [...grants, ...votes].some(
        (filed) => filed.replica === replica && !this.#members.isStored(replica, filed.record.batch),
      );
      if (isOpen) put(this.#unstored, replica, id);
      this.judge(id);
    }
  }

  /** Another replica writes from this seat, or it is taken for gone, or back. */
  seatChanged(seat: string): void {
    for (const id of [...this.heldBy(seat)]) this.judge(id);
  }

  /** Where a task stands now; tells who listens if that changed. */
  judge(id: string): void {
    const task = this.tasks.get(id);
    if (task === undefined) return;
    const before = task.standing;
    const standing = standingOf(task.records, () => this.#dependencies(id), this.#members);
    task.standing = standing;
    this.duplicates += standing.duplicates - before.duplicates;
    this.#index(id, task, before);
    for (const listener of this.#listeners) listener(task, before);
    if (
      isEnded(standing.status) !== isEnded(before.status) ||
      (standing.status === "unmet") !== (before.status === "unmet")
    ) {
      this.#judgeDependents(id);
    }
  }

  #judgeDependents(id: string): void {
    for (const dependent of this.graph.dependents(id)) this.judge(dependent);
  }

  #dependencies(id: string): Dependencies {
    let result: Dependencies = "done";
    for (const after of this.graph.after(id)) {
      const status = this.status(after);
      if (status === "done") continue;
      if (status !== undefined && (isEnded(status) || status === "unmet")) return "unmet";
      result = "open";
    }
    return result;
  }

  #task(id: string): Task {
    let task = this.tasks.get(id);
    if (task !== undefined) return task;
    const records = noRecords(id);
    task = { records, standing: standingOf(records, () => "done", this.#members) };
    this.tasks.set(id, task);
    this.#count("unknown", 1);
    return task;
  }

  #index(id: string, { records, standing }: Task, before: Standing): void {
    const { spec } = records;
    if (before.status !== standing.status) {
      this.#count(before.status, -1);
      this.#count(standing.status, 1);
    }
    const isOpen = spec !== undefined && !isEnded(standing.status);
    this.#bySeat.set(id, isOpen ? (standing.right?.seat ?? spec.seat) : undefined);
    const isHeld = standing.status === "given" || standing.status === "running";
    this.#byAgent.set(id, isHeld ? standing.right?.agent : undefined);
    if (spec !== undefined && standing.status === "ready") this.ready.add(id, spec, standing.retryAtMs);
    else this.ready.delete(id);
    const isBegun = isEnded(standing.status) || standing.status === "running";
    if (spec?.expiresMs !== undefined) this.expiries.set(id, isBegun ? undefined : spec.expiresMs);
    const took = standing.outcome?.record.tookMs;
    if (spec !== undefined) this.durations.set(id, spec.kind, took);
  }

  #forget(id: string): void {
    const task = this.tasks.get(id);
    if (task === undefined) return;
    this.#count(task.standing.status, -1);
    this.tasks.delete(id);
    this.duplicates -= task.standing.duplicates;
    this.ready.delete(id);
    this.#bySeat.set(id, undefined);
    this.#byAgent.set(id, undefined);
    this.expiries.set(id, undefined);
    this.durations.set(id, task.records.spec?.kind ?? "", undefined);
  }

  #count(status: TaskStatus, by: number): void {
    this.counts.set(status, (this.counts.get(status) ?? 0) + by);
  }
}

function put(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}
