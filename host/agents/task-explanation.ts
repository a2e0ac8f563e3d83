// Why a task stands where it stands, in one sentence and in its parts.
import { type Explanation, explainTask } from "./assignment/explain-task.ts";
import type { PlanInput } from "./assignment/plan-input.ts";
import type { Members } from "./members.ts";
import { supportersOf } from "./tasks/right-to-run.ts";
import type { Task, TaskBook } from "./tasks/task-book.ts";

/** What an explanation looks at. */
export interface ExplainedFleet {
  readonly book: TaskBook;
  readonly members: Members;
  /** What a plan looks at, these tasks included. */
  readonly input: (more: readonly string[]) => PlanInput;
}

export interface TaskExplanation {
  readonly task: string;
  readonly why: string;
  /** Tasks it comes after that are not done. */
  readonly waitsFor: readonly string[];
  /** The seat that gives it to an agent; undefined in mode quorum, where agents bid. */
  readonly carer: string | undefined;
  /** Mode quorum: electors that acknowledged the last bid, and how many it takes. */
  readonly votes: { readonly electors: readonly string[]; readonly needed: number } | undefined;
  /** The plan's terms for every agent; of a task that does not wait for one any more, as if it were to be given now. */
  readonly plan: Explanation | undefined;
}

export function explain(core: ExplainedFleet, task: Task): TaskExplanation {
  const { book, members } = core;
  const { records, standing } = task;
  const { id, spec } = records;
  const waitsFor = [...book.graph.after(id)].filter((after) => book.status(after) !== "done").sort();
  const holder = standing.right?.seat ?? spec?.seat;
  const isGiven = spec !== undefined && spec.mode !== "quorum";
  const carer = !isGiven ? undefined : spec.mode === "owned" ? holder : members.carerFor(holder!, id);
  const plan = spec === undefined ? undefined : explainTask(inputOf(core, task), id);
  return {
    task: id,
    why: whyOf(core, task, waitsFor, plan),
    waitsFor,
    carer,
    votes: votesOf(core, task),
    plan,
  };
}

function inputOf({ input }: ExplainedFleet, { records, standing }: Task): PlanInput {
  const all = input([records.id]);
  if (standing.status === "ready") return all;
  const tasks = all.tasks.map((task) => {
    if (task.id !== records.id) return task;
    const { runningOn: _runningOn, plannedFor: _plannedFor, ...waiting } = task;
    return waiting;
  });
  return { ...all, tasks };
}

function votesOf({ members }: ExplainedFleet, { records }: Task): TaskExplanation["votes"] {
  const { electors } = records.spec ?? {};
  const bid = records.bids.at(-1);
  if (electors === undefined || bid === undefined) return undefined;
  const supporters = supportersOf(records, bid.epoch, bid.replica, electors, members);
  return { electors: [...supporters].sort(), needed: Math.floor(electors.length / 2) + 1 };
}

function whyOf(
  core: ExplainedFleet,
  task: Task,
  waitsFor: readonly string[],
  plan: Explanation | undefined,
): string {
  const { records, standing } = task;
  const { right, status } = standing;
  switch (status) {
    case "unknown":
      return "records of it came before its spec";
    case "waiting":
      return `it comes after ${waitsFor.join(", ")}`;
    case "unmet":
      return `of ${waitsFor.join(", ")}, which it comes after, at least one will not be done`;
    case "paused":
      return `it was paused: ${records.orders.get("pause")?.reason || "no reason given"}`;
    case "moving":
      return "the right to run it was given and is not stored yet where it was given";
    case "given":
    case "running":
      return whyThere(core, task);
    case "ready":
      return whyReady(core, task, plan);
    case "done":
      return `${standing.outcome?.record.agent} brought a result in epoch ${standing.outcome?.epoch}`;
    case "dead":
      return `${standing.attempts} of ${records.spec?.attempts} attempts did not end well`;
    default:
      return `${status}${right === undefined ? "" : ` after epoch ${right.epoch}`}: ${records.orders.get(status === "expired" ? "expire" : "cancel")?.reason || "no reason given"}`;
  }
}

function whyThere({ members }: ExplainedFleet, { records, standing }: Task): string {
  const { agent, epoch, seat } = standing.right!;
  const isAway = records.spec!.mode === "owned" && members.isLapsed(seat);
  const has = `${agent} has the right to run it, by epoch ${epoch}`;
  return isAway ? `${has}; nobody has heard of it for a lease, and in mode owned nobody else may` : has;
}

function whyReady(
  { members }: ExplainedFleet,
  { records, standing }: Task,
  plan: Explanation | undefined,
): string {
  const spec = records.spec!;
  const holder = standing.right?.seat ?? spec.seat;
  if (standing.retryAtMs > members.latestMs) return `it rests after attempt ${standing.attempts}`;
  if (spec.mode === "owned" && members.isLapsed(holder)) {
    return `seat ${holder} holds it and is away; in mode owned nobody else may give it to an agent`;
  }
  if (plan?.status === "running") return `${plan.agent} bids for it`;
  if (plan?.status === "assigned") return `the plan gives it to ${plan.agent}`;
  return `no agent: ${plan?.reason ?? "none"}`;
}
