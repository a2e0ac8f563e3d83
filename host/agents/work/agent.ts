// An agent of this process: its handlers, what it runs, and its record in the document. It runs only what the state gives
// it, and stops what the state takes from it.

import type { Value } from "../../wire/value.ts";
import type { FencingToken } from "../fencing.ts";
import type { Write } from "../ledger.ts";
import type { AgentRecord, AgentState } from "../records/member-records.ts";
import { runKey } from "../records/shapes.ts";
import type { TaskSpec } from "../records/task-spec.ts";
import type { Right } from "../tasks/right-to-run.ts";
import type { Task } from "../tasks/task-book.ts";
import { Execution, type Handler } from "./execution.ts";

export interface AgentOptions {
  /** Its name, the same after a restart. */
  readonly id: string;
  /** Level of each skill, 0 to 1. */
  readonly skills?: Readonly<Record<string, number>>;
  /** Tasks at a time; 1 unless given. */
  readonly slots?: number;
  /** What it has by name, for tasks that take of it. */
  readonly resources?: Readonly<Record<string, number>>;
  /** What a unit of work costs here, in any unit all agents share. */
  readonly cost?: number;
  readonly latencyMs?: number;
  readonly region?: string;
}

/** What an agent needs of the fleet. */
export interface AgentHost {
  readonly seat: () => string;
  readonly replicaId: () => string;
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly setTimer: (callback: () => void, ms: number) => () => void;
  /** Until when a right in mode quorum holds, by this process's own clock; infinite in other modes. */
  readonly rightEndMs: (task: Task) => number;
  /** Something is to be written or started: comes back in this turn. */
  readonly wake: () => void;
  readonly write: (writes: readonly Write[]) => void;
}

interface Work {
  readonly task: Task;
  readonly execution: Execution;
}

const STOP_WITHIN_MS = 10_000;
const POLL_MS = 50;

export class Agent {
  readonly id: string;
  readonly #options: AgentOptions;
  readonly #host: AgentHost;
  readonly #handlers = new Map<string, Handler>();
  /** Executions that have not been reported, by task. */
  readonly #work = new Map<string, Work>();
  /** Given and not begun: more was given than there are places. */
  readonly #waiting = new Map<string, Task>();
  readonly #progress = new Map<string, object>();
  #running = 0;
  #state: AgentState = "active";

  constructor(options: AgentOptions, host: AgentHost) {
    this.id = options.id;
    this.#options = options;
    this.#host = host;
  }

  get state(): AgentState {
    return this.#state;
  }

  /** Executions that go on now. */
  get running(): number {
    return this.#running;
  }

  get slots(): number {
    return this.#options.slots ?? 1;
  }

  /** Does tasks of this kind from now on. */
  work<Input = Value, Result = Value | undefined>(kind: string, handler: Handler<Input, Result>): this {
    this.#handlers.set(kind, handler as unknown as Handler);
    this.#tell();
    return this;
  }

  /** Takes nothing new until it resumes; what runs goes on. */
  pause(): void {
    if (this.#state === "active") this.#enter("paused");
  }

  resume(): void {
    if (this.#state === "paused" || this.#state === "draining") this.#enter("active");
  }

  /** Takes nothing new, and gives back what has not begun; resolves when nothing runs. */
  async drain(): Promise<void> {
    if (this.#state === "left") return;
    this.#enter("draining");
    this.#release();
    while (this.#running > 0) await this.#pause(POLL_MS);
  }

  /** Drains, asks what still runs after `withinMs` to stop, gives it back, and leaves. */
  async stop(withinMs = STOP_WITHIN_MS): Promise<void> {
    if (this.#state === "left") return;
    this.#enter("draining");
    this.#release();
    const endMs = this.#host.monotonicMs() + withinMs;
    while (this.#running > 0 && this.#host.monotonicMs() < endMs) await this.#pause(POLL_MS);
    for (const { execution } of this.#work.values()) execution.askToStop("the agent stops");
    // Handlers that heed the signal end with a failure of their own in this time, which counts as given back.
    if (this.#running > 0) await this.#pause(POLL_MS);
    for (const { task, execution } of this.#work.values()) {
      if (!execution.isSettled) execution.loseRight("the agent has stopped");
      this.#host.write(this.#outcome(task.records.id, execution));
      execution.isReported = true;
    }
    this.#work.clear();
    this.#enter("left");
  }

  isRunning(task: string): boolean {
    return this.#work.has(task);
  }

  record(): AgentRecord {
    const { skills = {}, resources = {}, cost = 0, latencyMs = 0, region = "" } = this.#options;
    return {
      seat: this.#host.seat(),
      replica: this.#host.replicaId(),
      kinds: [...this.#handlers.keys()].sort(),
      skills,
      slots: this.slots,
      resources,
      cost,
      latencyMs,
      region,
      state: this.#state,
    };
  }

  /** What a task means for this agent now. */
  look(task: Task): void {
    const { records, standing } = task;
    const { right, status } = standing;
    const isOurs =
      right?.agent === this.id && right.seat === this.#host.seat() && right.on === this.#host.replicaId();
    const mayRun = isOurs && (status === "given" || status === "running");
    const work = this.#work.get(records.id);
    if (work !== undefined) {
      const isSame = mayRun && work.execution.parts.token.epoch === right.epoch;
      if (!isSame) work.execution.loseRight(whyLost(task, right));
    }
    if (mayRun && status === "given" && work === undefined) {
      this.#waiting.set(records.id, task);
      this.#host.wake();
      return;
    }
    this.#waiting.delete(records.id);
    // An earlier process of this replica began it, and ended without a word.
    if (mayRun && status === "running" && work === undefined) this.#giveBack(task);
  }

  /** Begins what there are places for. */
  begin(): void {
    const waiting = [...this.#waiting.values()].sort(byUrgency);
    for (const task of waiting) {
      if (this.#running >= this.slots) return;
      const handler = this.#handlers.get(task.records.spec!.kind);
      if (this.#host.rightEndMs(task) <= this.#host.monotonicMs()) continue;
      this.#waiting.delete(task.records.id);
      if (handler === undefined) this.#giveBack(task);
      else this.#begin(task, handler);
    }
  }

  /** Executions in mode quorum whose right has ended by this process's own clock stop. */
  endLapsed(): void {
    for (const { task, execution } of this.#work.values()) {
      if (this.#host.rightEndMs(task) <= this.#host.monotonicMs()) execution.loseRight("its lease has ended");
    }
  }

  /** When the next right ends. */
  nextEndMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { task } of this.#work.values()) nextMs = Math.min(nextMs, this.#host.rightEndMs(task));
    return nextMs;
  }

  /** The process writes under another id now: nothing it runs has a right any more. */
  loseAll(reason: string): void {
    for (const { execution } of this.#work.values()) execution.loseRight(reason);
    this.#waiting.clear();
  }

  /** What began and what ended since it was last asked. */
  report(): Write[] {
    const writes: Write[] = [];
    for (const [id, { task, execution }] of this.#work) {
      if (execution.isSettled) {
        writes.push(...this.#outcome(id, execution));
        this.#work.delete(id);
        // It may have come back while the handler had not ended.
        if (execution.lostRight !== undefined) this.look(task);
      } else if (!execution.hasSaidStart) {
        execution.hasSaidStart = true;
        const { epoch, replica } = execution.parts.token;
        writes.push(["starts", runKey(id, epoch, replica), { agent: this.id, atMs: this.#host.now() }]);
      }
    }
    for (const [id, progress] of this.#progress) writes.push(["progress", id, progress]);
    this.#progress.clear();
    return writes;
  }

  #begin(task: Task, handler: Handler): void {
    const { records, standing } = task;
    const spec = records.spec as TaskSpec;
    const right = standing.right as Right;
    const token: FencingToken = { task: records.id, epoch: right.epoch, replica: right.on };
    const { monotonicMs, now, wake } = this.#host;
    const execution = new Execution({
      agent: this.id,
      spec,
      attempt: standing.attempts + 1,
      token,
      monotonicMs,
      now,
      onProgress: (_execution, share, note) => {
        this.#progress.set(records.id, { epoch: right.epoch, share, note, atMs: now() });
        wake();
      },
      onSettled: () => {
        this.#running--;
        wake();
      },
    });
    this.#running++;
    this.#work.set(records.id, { task, execution });
    execution.begin(handler);
    wake();
  }

  #outcome(id: string, execution: Execution): Write[] {
    if (execution.isReported) return [];
    const { epoch, replica } = execution.parts.token;
    return [["outcomes", runKey(id, epoch, replica), execution.outcome()]];
  }

  /** Gives back what has not begun. */
  #release(): void {
    for (const task of [...this.#waiting.values()]) this.#giveBack(task);
  }

  #giveBack({ records, standing }: Task): void {
    this.#waiting.delete(records.id);
    const { epoch, on } = standing.right!;
    const outcome = { kind: "released", agent: this.id, atMs: this.#host.now(), tookMs: 0 };
    this.#host.write([["outcomes", runKey(records.id, epoch, on), outcome]]);
  }

  #enter(state: AgentState): void {
    this.#state = state;
    this.#tell();
  }

  #tell(): void {
    this.#host.write([["agents", this.id, this.record()]]);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#host.setTimer(resolve, ms));
  }
}

function whyLost({ standing }: Task, right: Right | undefined): string {
  if (standing.status === "cancelled") return "the task was cancelled";
  if (standing.status === "done") return "the task is done elsewhere";
  return right === undefined ? "the right to run it is gone" : `epoch ${right.epoch} has the right to run it`;
}

function byUrgency({ records: left }: Task, { records: right }: Task): number {
  const [first, second] = [left.spec!, right.spec!];
  if (first.priority !== second.priority) return second.priority - first.priority;
  return first.atMs - second.atMs || (left.id < right.id ? -1 : 1);
}
