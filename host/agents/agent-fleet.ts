// The front of a fleet: submit tasks, work on them, and see where they stand. Nothing here waits for a network: what is
// submitted is in the document at once, and reaches others when there is a connection.
import { CrdtError } from "../errors.ts";
import { TASKS_SUBMITTED_MAX } from "../limits.ts";
import { callListener } from "../replica/call-listener.ts";
import type { Replica } from "../replica/replica.ts";
import type { Value } from "../wire/value.ts";
import { makePlan } from "./assignment/make-plan.ts";
import type { Plan } from "./assignment/plan.ts";
import { FleetCore, type FleetOptions } from "./fleet.ts";
import { readTrail, refuseLeft, type TrailEntry, type Write } from "./ledger.ts";
import type { AgentRecord } from "./records/member-records.ts";
import type { OrderRecord, ProgressRecord } from "./records/run-records.ts";
import { isName } from "./records/shapes.ts";
import type { TaskSpec } from "./records/task-spec.ts";
import { specOf, type TaskRequest } from "./submitting.ts";
import { explain, type TaskExplanation } from "./task-explanation.ts";
import { isEnded, type Standing, type TaskStatus } from "./tasks/standing.ts";
import type { Task } from "./tasks/task-book.ts";
import type { Agent, AgentOptions } from "./work/agent.ts";

/** Where a task stands, for people and programs. */
export interface TaskReport {
  readonly id: string;
  readonly status: TaskStatus;
  readonly spec: TaskSpec | undefined;
  /** Who has the right to run it, or had it last. */
  readonly agent: string | undefined;
  readonly epoch: number;
  readonly attempts: number;
  /** Executions that began although another one went on, or had ended well. */
  readonly duplicates: number;
  readonly progress: ProgressRecord | undefined;
  readonly result: Value | undefined;
  readonly artefacts: readonly string[];
  /** Why it failed last, was cancelled or given up. */
  readonly error: string | undefined;
}

export interface TaskEvent {
  readonly task: string;
  readonly kind: string;
  readonly status: TaskStatus;
  readonly before: TaskStatus;
  readonly agent: string | undefined;
  readonly epoch: number;
}

export type AgentHealth = "well" | "suspected" | "gone";

export interface ListedAgent extends AgentRecord {
  readonly id: string;
  readonly health: AgentHealth;
  /** How much speaks against it being there: 8, one wrong guess in 100 million. */
  readonly phi: number;
  readonly load: number;
  /** Tasks it has the right to run. */
  readonly given: number;
}

export interface FleetCounters {
  readonly tasks: Readonly<Partial<Record<TaskStatus, number>>>;
  readonly archived: number;
  readonly duplicates: number;
  /** Records of peers that do not fit and were left out. */
  readonly malformed: number;
  readonly plans: number;
  /** Dependencies left out because they would close a cycle. */
  readonly refusedDependencies: number;
}

const SUBMITTED_AT_ONCE = 500;
const PHI_SUSPICIOUS = 8;
const ID_BYTES = 6;

/** Joins the fleet that shares a document. Errors: container-type, invalid-argument, store-full. */
export async function joinFleet(replica: Replica, options: FleetOptions = {}): Promise<AgentFleet> {
  const { leaseMs = 10_000, heartbeatMs = 3_000 } = options;
  if (!(heartbeatMs > 0) || !(leaseMs >= 3 * heartbeatMs) || !Number.isFinite(leaseMs)) {
    throw new CrdtError(
      "invalid-argument",
      `lease ${leaseMs} ms and heartbeat ${heartbeatMs} ms: a lease takes at least three heartbeats`,
    );
  }
  return new AgentFleet(await FleetCore.open(replica, options));
}

export class AgentFleet {
  readonly #core: FleetCore;
  readonly #idPrefix: string;
  #submitted = 0;
  #leaving: Promise<void> | undefined;

  constructor(core: FleetCore) {
    this.#core = core;
    const bytes = core.platform.randomBytes(ID_BYTES);
    this.#idPrefix = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /** The identity of this process in the fleet: what electors are named by. */
  get seat(): string {
    return this.#core.seat;
  }

  /** An agent that runs in this process. Errors: invalid-argument, document-closed. */
  register(options: AgentOptions): Agent {
    refuseLeft(this.#core.hasLeft);
    if (!isName(options.id) || this.#core.agents.has(options.id)) {
      throw new CrdtError(
        "invalid-argument",
        `agent ${JSON.stringify(options.id)}: give a name of up to 128 characters without blanks that this process has not registered`,
      );
    }
    const agent = this.#core.addAgent(options);
    this.#core.write([["agents", options.id, agent.record()]]);
    return agent;
  }

  /** The id of the task. Errors: invalid-argument, invalid-value, limit-exceeded, document-closed. */
  submit(request: TaskRequest): string {
    return this.submitMany([request])[0]!;
  }

  /** The ids, in order; in transactions of up to 500. Errors: as `submit`. */
  submitMany(requests: readonly TaskRequest[]): string[] {
    refuseLeft(this.#core.hasLeft);
    if (requests.length > TASKS_SUBMITTED_MAX) {
      throw new CrdtError(
        "limit-exceeded",
        `${requests.length} tasks at once: submit up to ${TASKS_SUBMITTED_MAX}`,
      );
    }
    const { book, members, leaseMs, platform } = this.#core;
    const context = {
      seat: this.seat,
      nowMs: platform.now(),
      leaseMs,
      present: () => [...members.present()],
      nextId: () => `${this.#idPrefix}-${(this.#submitted++).toString(36)}`,
    };
    const specs = requests.map((request) => specOf(request, context));
    const known = new Set<string>();
    const writes: Write[] = [];
    for (const { id, spec } of specs) {
      if (known.has(id) || book.status(id) !== undefined) continue;
      known.add(id);
      writes.push(["specs", id, spec]);
    }
    for (let from = 0; from < writes.length; from += SUBMITTED_AT_ONCE) {
      this.#core.write(writes.slice(from, from + SUBMITTED_AT_ONCE));
    }
    return specs.map(({ id }) => id);
  }

  /** `task` comes after `after` too. Errors: invalid-argument where that closes a cycle. */
  addDependency(task: string, after: string): void {
    refuseLeft(this.#core.hasLeft);
    if (!isName(task) || !isName(after) || this.#core.book.graph.wouldClose(task, after)) {
      throw new CrdtError(
        "invalid-argument",
        `task ${task} cannot come after ${after}: the dependencies would form a cycle`,
      );
    }
    this.#core.write([["edges", `${task} ${after}`, { atMs: this.#core.platform.now() }]]);
  }

  /** Wins over any right to run; the agent that runs it gets an abort signal. Errors: task-ended. */
  cancel(task: string, reason = ""): void {
    this.#order(task, "cancel", reason);
  }

  /** Is given to nobody until it is resumed; if it runs, it goes on. Errors: task-ended. */
  pause(task: string, reason = ""): void {
    this.#order(task, "pause", reason);
  }

  resume(task: string, reason = ""): void {
    this.#order(task, "resume", reason);
  }

  task(id: string): TaskReport | undefined {
    const task = this.#core.book.tasks.get(id);
    if (task !== undefined) return reportOf(task);
    const status = this.#core.book.archived(id);
    return status === undefined ? undefined : { ...NO_REPORT, id, status };
  }

  *tasks(status?: TaskStatus): Generator<TaskReport> {
    for (const task of this.#core.book.tasks.values()) {
      if (status === undefined || task.standing.status === status) yield reportOf(task);
    }
  }

  /** Tasks given up after their last attempt. */
  deadLetters(): TaskReport[] {
    return [...this.tasks("dead")];
  }

  children(parent: string): TaskReport[] {
    return [...this.tasks()].filter(({ spec }) => spec?.parent === parent);
  }

  /** Why a task stands where it stands. Errors: task-ended where it is not known, or archived. */
  explain(id: string): TaskExplanation {
    const task = this.#core.book.tasks.get(id);
    if (task !== undefined) return explain(this.#core, task);
    throw new CrdtError("task-ended", `task ${id} is not known here, or archived; submit it first`);
  }

  /** Resolves when the task has ended, as far as this replica knows. Errors: task-ended where it is not known. */
  settled(id: string): Promise<TaskReport> {
    const known = this.task(id);
    if (known === undefined) {
      return Promise.reject(new CrdtError("task-ended", `task ${id} is not known here; submit it first`));
    }
    if (isEnded(known.status)) return Promise.resolve(known);
    return new Promise((resolve) => {
      const stop = this.#core.book.onChange((task) => {
        if (task.records.id !== id || !isEnded(task.standing.status)) return;
        stop();
        resolve(reportOf(task));
      });
    });
  }

  agents(): ListedAgent[] {
    const { members, book, monotonicMs } = this.#core;
    const nowMs = monotonicMs();
    return [...members.agents].map(([id, agent]) => {
      const phi = agent.seat === this.seat ? 0 : members.phi(agent.seat, nowMs);
      const isGone = members.isLapsed(agent.seat) || members.replicaOf(agent.seat) !== agent.replica;
      const health = isGone ? "gone" : phi >= PHI_SUSPICIOUS ? "suspected" : "well";
      const load = members.beats.get(agent.seat)?.load ?? 0;
      return { ...agent, id, health, phi, load, given: book.givenTo(id).size };
    });
  }

  /** What the state says who should get what now: equal on replicas that know the same. */
  plan(): Plan {
    const { book, members } = this.#core;
    book.ready.advance(members.latestMs);
    return makePlan(this.#core.steward.input());
  }

  counters(): FleetCounters {
    const { book, members, steward } = this.#core;
    const counts = [...book.counts].filter(([, count]) => count > 0);
    return {
      tasks: Object.fromEntries(counts),
      archived: book.archivedCount,
      duplicates: book.duplicates,
      malformed: book.malformed + members.malformed,
      plans: steward.plans,
      refusedDependencies: book.graph.refused().length,
    };
  }

  /** Tells each change of where a task stands. */
  subscribe(listener: (event: TaskEvent) => void): () => void {
    return this.#core.book.onChange(({ records, standing }: Task, before: Standing) => {
      if (standing.status === before.status && standing.epoch === before.epoch) return;
      callListener(listener, {
        task: records.id,
        kind: records.spec?.kind ?? "",
        status: standing.status,
        before: before.status,
        agent: standing.right?.agent,
        epoch: standing.right?.epoch ?? 0,
      });
    });
  }

  /** Everything that was written about agents and tasks, oldest first. */
  trail(): TrailEntry[] {
    return readTrail(this.#core.document);
  }

  /**
   * Leaves nothing of tasks that ended at least so long ago but how they ended. A replica that was away keeps what it wrote
   * about them to itself from then on. Says how many.
   */
  archive(endedBeforeMs: number): number {
    refuseLeft(this.#core.hasLeft);
    const writes: Write[][] = [];
    for (const { records, standing } of this.#core.book.tasks.values()) {
      if (!isEnded(standing.status) || endMsOf(records) >= endedBeforeMs) continue;
      writes.push(archiving(records, standing.status));
    }
    for (const task of writes) this.#core.write(task);
    return writes.length;
  }

  /** Shortens the trail to its last `keep` entries. */
  truncateTrail(keep: number): void {
    this.#core.document.trail.truncate({ keep });
  }

  /** Stops the agents here, hands over what this seat cares for, says that it goes, and stores that. */
  leave(): Promise<void> {
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  async #leave(): Promise<void> {
    const core = this.#core;
    for (const agent of core.agents.values()) await agent.stop();
    const others = [...core.members.present()].filter((seat) => seat !== core.seat).sort();
    core.handOver(others);
    await core.document.durable();
    await core.lastReceipt();
    core.write([["beats", core.seat, null]]);
    core.stop();
    await core.document.durable();
  }

  #order(task: string, kind: OrderRecord["kind"], reason: string): void {
    refuseLeft(this.#core.hasLeft);
    const status = this.#core.book.status(task);
    if (status === undefined || isEnded(status)) {
      throw new CrdtError(
        "task-ended",
        `${kind}: task ${task} ${status === undefined ? "is not known here" : `is ${status}`}`,
      );
    }
    this.#core.write([["orders", `${task} ${kind}`, { kind, atMs: this.#core.platform.now(), reason }]]);
  }
}

const NO_REPORT = {
  spec: undefined,
  agent: undefined,
  epoch: 0,
  attempts: 0,
  duplicates: 0,
  progress: undefined,
  result: undefined,
  artefacts: [],
  error: undefined,
} as const;

function reportOf({ records, standing }: Task): TaskReport {
  const { outcome, right } = standing;
  const failed = records.outcomes.findLast(({ record }) => record.kind === "failed");
  const orders = [...records.orders.values()].filter(({ kind }) => kind !== "pause" && kind !== "resume");
  return {
    id: records.id,
    status: standing.status,
    spec: records.spec,
    agent: outcome?.record.agent ?? right?.agent,
    epoch: outcome?.epoch ?? right?.epoch ?? 0,
    attempts: standing.attempts,
    duplicates: standing.duplicates,
    progress: records.progress,
    result: outcome?.record.result,
    artefacts: outcome?.record.artefacts ?? [],
    error: orders[0]?.reason ?? failed?.record.error,
  };
}

function endMsOf({ spec, outcomes, orders }: Task["records"]): number {
  let endMs = spec?.atMs ?? 0;
  for (const { record } of outcomes) endMs = Math.max(endMs, record.atMs);
  for (const { atMs } of orders.values()) endMs = Math.max(endMs, atMs);
  return endMs;
}

function archiving(
  { id, grants, bids, votes, starts, outcomes, orders }: Task["records"],
  status: TaskStatus,
): Write[] {
  const writes: Write[] = [
    ["archive", id, { status }],
    ["specs", id, null],
    ["progress", id, null],
  ];
  for (const kind of orders.keys()) writes.push(["orders", `${id} ${kind}`, null]);
  const filed = { grants, bids, votes, starts, outcomes } as const;
  for (const [aspect, list] of Object.entries(filed)) {
    for (const { epoch, replica } of list) {
      writes.push([aspect as keyof typeof filed, `${id} ${epoch} ${replica}`, null]);
    }
  }
  return writes;
}
