// The front of a fleet: submit tasks, work on them, and see where they stand. Nothing here waits for a network: what is
// submitted is in the document at once, and reaches others when there is a connection.
import { CrdtError } from "../errors.ts";
import { TASKS_SUBMITTED_MAX } from "../limits.ts";
import type { Replica } from "../replica/replica.ts";
import { FleetCore, type FleetOptions } from "./fleet.ts";
import { FleetView, HEARTBEAT_MS, LEASE_MS } from "./fleet-view.ts";
import { refuseLeft, type Write } from "./ledger.ts";
import type { PlanSettings } from "./planning.ts";
import type { OrderRecord } from "./records/run-records.ts";
import { isName } from "./records/shapes.ts";
import { specOf, type TaskRequest } from "./submitting.ts";
import { isEnded, type TaskStatus } from "./tasks/standing.ts";
import type { Task } from "./tasks/task-book.ts";
import type { Agent, AgentOptions } from "./work/agent.ts";

const SUBMITTED_AT_ONCE = 500;
const ID_BYTES = 6;

/** Joins the fleet that shares a document. Errors: container-type, invalid-argument, store-full. */
export async function joinFleet(replica: Replica, options: FleetOptions = {}): Promise<AgentFleet> {
  const { leaseMs = LEASE_MS, heartbeatMs = HEARTBEAT_MS } = options;
  if (!(heartbeatMs > 0) || !(leaseMs >= 3 * heartbeatMs) || !Number.isFinite(leaseMs)) {
    throw new CrdtError(
      "invalid-argument",
      `lease ${leaseMs} ms and heartbeat ${heartbeatMs} ms: a lease takes at least three heartbeats`,
    );
  }
  return new AgentFleet(await FleetCore.open(replica, options), options);
}

export class AgentFleet extends FleetView {
  readonly #core: FleetCore;
  readonly #idPrefix: string;
  #submitted = 0;
  #leaving: Promise<void> | undefined;

  constructor(core: FleetCore, settings: PlanSettings) {
    super(core.state, settings);
    this.#core = core;
    const bytes = core.platform.randomBytes(ID_BYTES);
    this.#idPrefix = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /** The identity of this process in the fleet: what electors are named by. */
  get seat(): string {
    return this.#core.seat;
  }

  protected override ownSeat(): string {
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
    this.#core.showGiven(agent);
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
    core.write(core.goodbye());
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
