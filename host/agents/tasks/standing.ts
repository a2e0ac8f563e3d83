// Where a task stands, as a pure function of its records and of who is there: the same on every replica that knows the
// same. Cancelling wins over everything, a result over giving up. Costs the records of the task.
import type { OutcomeRecord } from "../records/run-records.ts";
import type { TaskSpec } from "../records/task-spec.ts";
import { retryDelayMs } from "./backoff.ts";
import { isGivingAway, lastRight, type Right, rightsOf, type Witness } from "./right-to-run.ts";
import { type Filed, find, type TaskRecords } from "./task-records.ts";

export type TaskStatus =
  /** There are records of it, and no spec yet. */
  | "unknown"
  /** Tasks it comes after are not done. */
  | "waiting"
  /** A task it comes after will not be done. */
  | "unmet"
  | "paused"
  /** It waits for an agent, or for its time after a failed attempt. */
  | "ready"
  /** The right to run it is on its way from one seat to another. */
  | "moving"
  /** An agent has the right to run it. */
  | "given"
  | "running"
  | "done"
  /** Given up after its last attempt. */
  | "dead"
  | "cancelled"
  | "expired";

export const TASK_STATUSES: readonly TaskStatus[] = [
  "unknown",
  "waiting",
  "unmet",
  "paused",
  "ready",
  "moving",
  "given",
  "running",
  "done",
  "dead",
  "cancelled",
  "expired",
];

const ENDED: ReadonlySet<TaskStatus> = new Set<TaskStatus>(["done", "dead", "cancelled", "expired"]);
export const isEnded = (status: TaskStatus): boolean => ENDED.has(status);

export interface Standing {
  readonly status: TaskStatus;
  /** The right that counts, be it over or not. */
  readonly right: Right | undefined;
  /** The greatest epoch that any record names. */
  readonly epoch: number;
  /** Executions that began. */
  readonly attempts: number;
  /** Not to be given to anybody before. */
  readonly retryAtMs: number;
  /** Executions that began although another one went on, or had ended well. */
  readonly duplicates: number;
  readonly outcome: Filed<OutcomeRecord> | undefined;
  /** Agents it failed on. */
  readonly failedOn: readonly string[];
}

/** How the tasks stand that a task comes after. */
export type Dependencies = "done" | "open" | "unmet";

export interface MemberWitness extends Witness {
  /** Whether nobody has heard of the seat for a lease. */
  isLapsed(seat: string): boolean;
}

const NOTHING: Standing = {
  status: "unknown",
  right: undefined,
  epoch: 0,
  attempts: 0,
  retryAtMs: 0,
  duplicates: 0,
  outcome: undefined,
  failedOn: [],
};

export function standingOf(
  records: TaskRecords,
  dependencies: () => Dependencies,
  witness: MemberWitness,
): Standing {
  const { spec } = records;
  if (spec === undefined) return NOTHING;
  const rights = rightsOf(records, spec, witness);
  const right = lastRight(rights);
  const runs = runsOf(records);
  const outcome = resultOf(records, rights);
  const failed = records.outcomes.filter(({ record }) => record.kind === "failed");
  const standing = {
    right,
    epoch: greatestEpoch(records),
    attempts: runs.length,
    retryAtMs: retryAtMs(records, spec, failed, runs.length),
    duplicates: duplicatesOf(records, spec, rights, runs),
    outcome,
    failedOn: failed.map(({ record }) => record.agent),
  };
  const status = statusOf(records, spec, standing, dependencies, witness);
  return { ...standing, status };
}

function statusOf(
  records: TaskRecords,
  spec: TaskSpec,
  { right, outcome, attempts }: Omit<Standing, "status">,
  dependencies: () => Dependencies,
  witness: MemberWitness,
): TaskStatus {
  const { orders } = records;
  if (orders.has("cancel")) return "cancelled";
  if (outcome !== undefined) return "done";
  if (orders.has("dead")) return "dead";
  if (orders.has("expire")) return "expired";
  const holder = right?.seat ?? spec.seat;
  if (spec.mode === "owned" && isGivingAway(records, holder, right?.epoch ?? 0, witness)) return "moving";
  if (right !== undefined && !isOver(records, right, spec, witness)) {
    return find(records.starts, right.epoch, right.on) === undefined ? "given" : "running";
  }
  if (attempts >= spec.attempts) return "dead";
  if (isPaused(records)) return "paused";
  const before = dependencies();
  if (before !== "done") return before === "open" ? "waiting" : "unmet";
  return "ready";
}

/** Whether nobody runs by this right any more, as far as the state says. */
export function isOver(
  records: TaskRecords,
  right: Right,
  { mode }: TaskSpec,
  witness: MemberWitness,
): boolean {
  if (right.agent === undefined) return true;
  if (find(records.outcomes, right.epoch, right.on) !== undefined) return true;
  const present = witness.replicaOf(right.seat);
  if (present !== undefined && present !== right.on) return true;
  return mode !== "owned" && witness.isLapsed(right.seat);
}

function isPaused({ orders }: TaskRecords): boolean {
  const pause = orders.get("pause");
  const resume = orders.get("resume");
  return pause !== undefined && (resume === undefined || pause.atMs > resume.atMs);
}

interface Run {
  readonly epoch: number;
  readonly replica: string;
}

/** The executions that began: said so, or seen by how they ended. */
function runsOf({ starts, outcomes }: TaskRecords): readonly Run[] {
  if (outcomes.length === 0) return starts;
  const runs: Run[] = [...starts];
  for (const { epoch, replica, record } of outcomes) {
    if (record.kind !== "done" && record.kind !== "failed") continue;
    if (find(starts, epoch, replica) === undefined) runs.push({ epoch, replica });
  }
  return runs;
}

/** The first result, by (epoch, replica), of who had the right to bring one. */
function resultOf({ outcomes }: TaskRecords, rights: readonly Right[]): Filed<OutcomeRecord> | undefined {
  return outcomes.find(
    ({ epoch, replica, record }) =>
      record.kind === "done" && rights.some((right) => right.epoch === epoch && right.on === replica),
  );
}

function retryAtMs(
  { id }: TaskRecords,
  { backoff }: TaskSpec,
  failed: readonly Filed<OutcomeRecord>[],
  attempts: number,
): number {
  let lastMs = 0;
  for (const { record } of failed) lastMs = Math.max(lastMs, record.atMs);
  return lastMs === 0 ? 0 : lastMs + retryDelayMs(id, Math.max(1, attempts), backoff);
}

function greatestEpoch({ grants, bids, votes }: TaskRecords): number {
  return Math.max(grants.at(-1)?.epoch ?? 0, bids.at(-1)?.epoch ?? 0, votes.at(-1)?.epoch ?? 0);
}

/**
 * Executions that began although another one had ended well, or went on, which who gave the right did not know. One that
 * failed, was given back or ended with its process is no reason to count the next.
 */
function duplicatesOf(
  { outcomes }: TaskRecords,
  { mode }: TaskSpec,
  rights: readonly Right[],
  runs: readonly Run[],
): number {
  if (runs.length < 2) return 0;
  const sorted = [...runs].sort(
    (left, right) => left.epoch - right.epoch || (left.replica < right.replica ? -1 : 1),
  );
  let duplicates = 0;
  for (const [index, run] of sorted.entries()) {
    const isTaken = rights.some(
      ({ epoch, on, isTaken }) => epoch === run.epoch && on === run.replica && isTaken,
    );
    const isDuplicate = sorted.slice(0, index).some(({ epoch, replica }) => {
      const end = find(outcomes, epoch, replica)?.kind;
      // In mode quorum who aborts has stopped before the next one could begin.
      return end === "done" || (end === "aborted" && mode === "eventual") || (end === "failed" && isTaken);
    });
    if (isDuplicate) duplicates++;
  }
  return duplicates;
}
