// What a fleet is doing, for who takes part and for who only looks on: agents, tasks, the plan and its reasons. All of it is
// read from the document; nothing here writes.
import { CrdtError } from "../errors.ts";
import { callListener } from "../replica/call-listener.ts";
import { hostOf, type Replica } from "../replica/replica.ts";
import type { Value } from "../wire/value.ts";
import { makePlan } from "./assignment/make-plan.ts";
import type { Plan } from "./assignment/plan.ts";
import type { PlanInput } from "./assignment/plan-input.ts";
import { FleetSchema } from "./fleet-document.ts";
import { FleetState } from "./fleet-state.ts";
import { readTrail, type TrailEntry } from "./ledger.ts";
import { type PlanSettings, planInput } from "./planning.ts";
import type { AgentRecord } from "./records/member-records.ts";
import type { OutcomeRecord, ProgressRecord } from "./records/run-records.ts";
import type { TaskSpec } from "./records/task-spec.ts";
import { explain, type TaskExplanation } from "./task-explanation.ts";
import { isEnded, type Standing, type TaskStatus } from "./tasks/standing.ts";
import type { Task } from "./tasks/task-book.ts";
import { find } from "./tasks/task-records.ts";

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
  /** Dependencies left out because they would close a cycle. */
  readonly refusedDependencies: number;
}

/** One execution of a task, as the agent that made it said. */
export interface ListedExecution {
  readonly task: string;
  readonly kind: string;
  readonly agent: string;
  readonly epoch: number;
  /** By the clock of that agent, in milliseconds. */
  readonly startedAtMs: number;
  /** Undefined while it goes on, and where nobody could say how it ended. */
  readonly endedAtMs: number | undefined;
  readonly end: OutcomeRecord["kind"] | undefined;
}

export interface WatchOptions extends PlanSettings {
  /** The document that the fleet shares; "agents" unless given. */
  readonly document?: string;
  /** 10,000 unless given: as those who take part have it. */
  readonly leaseMs?: number;
  /** 3,000 unless given. */
  readonly heartbeatMs?: number;
}

export const LEASE_MS = 10_000;
export const HEARTBEAT_MS = 3_000;
const PHI_SUSPICIOUS = 8;

/** Looks on without taking part. Errors: container-type. */
export async function watchFleet(replica: Replica, options: WatchOptions = {}): Promise<FleetWatch> {
  const document = await replica.open(options.document ?? "agents", FleetSchema);
  const { platform } = hostOf(replica);
  const state = new FleetState({
    document,
    leaseMs: options.leaseMs ?? LEASE_MS,
    heartbeatMs: options.heartbeatMs ?? HEARTBEAT_MS,
    monotonicMs: () => platform.monotonicMs(),
  });
  return new FleetWatch(state, options);
}

export class FleetView {
  readonly #state: FleetState;
  readonly #settings: PlanSettings;

  constructor(state: FleetState, settings: PlanSettings) {
    this.#state = state;
    this.#settings = settings;
  }

  /** The seat of this process, if it takes part: it needs no heartbeat to know of itself. */
  protected ownSeat(): string | undefined {
    return undefined;
  }

  task(id: string): TaskReport | undefined {
    const task = this.#state.book.tasks.get(id);
    if (task !== undefined) return reportOf(task);
    const status = this.#state.book.archived(id);
    return status === undefined ? undefined : { ...NO_REPORT, id, status };
  }

  *tasks(status?: TaskStatus): Generator<TaskReport> {
    for (const task of this.#state.book.tasks.values()) {
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

  /** Resolves when the task has ended, as far as this replica knows. Errors: task-ended where it is not known. */
  settled(id: string): Promise<TaskReport> {
    const known = this.task(id);
    if (known === undefined) {
      return Promise.reject(new CrdtError("task-ended", `task ${id} is not known here; submit it first`));
    }
    if (isEnded(known.status)) return Promise.resolve(known);
    return new Promise((resolve) => {
      const stop = this.#state.book.onChange((task) => {
        if (task.records.id !== id || !isEnded(task.standing.status)) return;
        stop();
        resolve(reportOf(task));
      });
    });
  }

  agents(): ListedAgent[] {
    const { members, book, monotonicMs } = this.#state;
    const nowMs = monotonicMs();
    return [...members.agents].map(([id, agent]) => {
      const phi = agent.seat === this.ownSeat() ? 0 : members.phi(agent.seat, nowMs);
      const isGone = members.isLapsed(agent.seat) || members.replicaOf(agent.seat) !== agent.replica;
      const health = isGone ? "gone" : phi >= PHI_SUSPICIOUS ? "suspected" : "well";
      const load = members.beats.get(agent.seat)?.load ?? 0;
      return { ...agent, id, health, phi, load, given: book.givenTo(id).size };
    });
  }

  /** What the state says who should get what now: equal on replicas that know the same. */
  plan(): Plan {
    return makePlan(this.#input());
  }

  counters(): FleetCounters {
    const { book, members } = this.#state;
    const counts = [...book.counts].filter(([, count]) => count > 0);
    return {
      tasks: Object.fromEntries(counts),
      archived: book.archivedCount,
      duplicates: book.duplicates,
      malformed: book.malformed + members.malformed,
      refusedDependencies: book.graph.refused().length,
    };
  }

  /** Tells each change of where a task stands. */
  subscribe(listener: (event: TaskEvent) => void): () => void {
    return this.#state.book.onChange(({ records, standing }: Task, before: Standing) => {
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
    return readTrail(this.#state.document);
  }

  /** Why a task stands where it stands. Errors: task-ended where it is not known, or archived. */
  explain(id: string): TaskExplanation {
    const { book, members } = this.#state;
    const task = book.tasks.get(id);
    if (task !== undefined) return explain({ book, members, input: (more) => this.#input(more) }, task);
    throw new CrdtError("task-ended", `task ${id} is not known here, or archived; submit it first`);
  }

  /** What was begun, and how it ended, oldest first; of archived tasks nothing. */
  executions(): ListedExecution[] {
    const executions: ListedExecution[] = [];
    for (const { records } of this.#state.book.tasks.values()) {
      for (const { epoch, replica, record } of records.starts) {
        const outcome = find(records.outcomes, epoch, replica);
        executions.push({
          task: records.id,
          kind: records.spec?.kind ?? "",
          agent: record.agent,
          epoch,
          startedAtMs: record.atMs,
          endedAtMs: outcome?.atMs,
          end: outcome?.kind,
        });
      }
    }
    return executions.sort(
      (left, right) => left.startedAtMs - right.startedAtMs || (left.task < right.task ? -1 : 1),
    );
  }

  #input(more: readonly string[] = []): PlanInput {
    const { book, members, leaseMs } = this.#state;
    book.ready.advance(members.latestMs);
    const known = more.filter((id) => book.tasks.get(id)?.records.spec !== undefined);
    return planInput(members, book, this.#settings, leaseMs, known);
  }
}

/** A look at a fleet that this process takes no part in. */
export class FleetWatch extends FleetView {
  readonly #stop: () => void;
  readonly #listeners = new Set<() => void>();

  constructor(state: FleetState, settings: PlanSettings) {
    super(state, settings);
    this.#stop = state.follow(() => {
      for (const listener of [...this.#listeners]) callListener(listener, undefined);
    });
  }

  /** Tells that anything has changed, heartbeats included. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Stops listening; the document stays open. */
  close(): void {
    this.#stop();
  }
}

const STANDING: readonly TaskStatus[] = [
  "running",
  "given",
  "moving",
  "ready",
  "paused",
  "waiting",
  "unmet",
  "unknown",
];
const rankOf = ({ status }: TaskReport): number =>
  isEnded(status) ? STANDING.length : STANDING.indexOf(status);

/**
 * The order of a list for people: what goes on, then what waits, the more urgent and older first, then what has ended,
 * the newest first.
 */
export function compareReports(left: TaskReport, right: TaskReport): number {
  const isOver = isEnded(left.status);
  const age = (left.spec?.atMs ?? 0) - (right.spec?.atMs ?? 0);
  const priority = isOver ? 0 : (right.spec?.priority ?? 0) - (left.spec?.priority ?? 0);
  return rankOf(left) - rankOf(right) || priority || (isOver ? -age : age) || (left.id < right.id ? -1 : 1);
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
