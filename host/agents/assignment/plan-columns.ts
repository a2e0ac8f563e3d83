// The input of a plan as sorted columns of integers, so that neither its order nor the rounding of sums can show in
// what follows: agents and tasks ascend by id, levels and amounts are millionths, times whole milliseconds. Records
// whose numbers do not fit are left out by name; of several records under one id the one counts whose canonical text
// is least, so an agent that registered twice has its places once. Cost: a sort of each column.
import { CrdtError } from "../../errors.ts";
import { PLAN_AGENTS_MAX, PLAN_TASKS_MAX } from "../../limits.ts";
import { canonicalText } from "./canonical-text.ts";
import { agentFault, taskFault } from "./plan-checks.ts";
import type { PlanAgent, PlanInput, PlanTask } from "./plan-input.ts";

const MILLION = 1_000_000;
export const millionths = (amount: number): number => Math.round(amount * MILLION);

/** An agent that may get work. */
export interface Candidate {
  readonly id: string;
  readonly agent: PlanAgent;
  /** Levels in millionths by skill. */
  readonly levels: ReadonlyMap<string, number>;
  /** Sum of all levels, in millionths. */
  readonly levelSum: number;
  /** Free amounts in millionths by resource. */
  readonly free: ReadonlyMap<string, number>;
  /** Work places that nothing runs in. */
  readonly places: number;
}

export interface KeptTask {
  readonly task: string;
  readonly agent: string;
}

export interface PlanColumns {
  readonly nowMs: number;
  /** Active agents, ascending by id. */
  readonly candidates: readonly Candidate[];
  /** Agents that get nothing new, ascending by id. */
  readonly others: readonly PlanAgent[];
  /** Tasks that wait, ascending by id. */
  readonly waiting: readonly PlanTask[];
  readonly kept: readonly KeptTask[];
  /** Work places in use by tenant. */
  readonly usedBy: ReadonlyMap<string, number>;
  readonly malformedTasks: readonly string[];
  readonly malformedAgents: readonly string[];
}

/** Errors: limit-exceeded for more agents or tasks than one plan takes. */
export function readPlanColumns({ nowMs, agents, tasks, inUse = {} }: PlanInput): PlanColumns {
  if (!Number.isSafeInteger(nowMs) || nowMs < 0) {
    throw new CrdtError("invalid-argument", `a plan at ${String(nowMs)}: give whole milliseconds from 0`);
  }
  checkCount(agents.length, PLAN_AGENTS_MAX, "agents");
  checkCount(tasks.length, PLAN_TASKS_MAX, "tasks");
  const readAgents = sift(agents, agentFault);
  const readTasks = sift(tasks, taskFault);
  const living = new Map<string, Set<string>>();
  for (const agent of readAgents.sound) {
    if (agent.state !== "dead") living.set(agent.id, new Set(agent.running));
  }
  const waiting: PlanTask[] = [];
  const kept: KeptTask[] = [];
  const usedBy = new Map(Object.entries(inUse).filter(([, used]) => Number.isSafeInteger(used) && used > 0));
  for (const task of readTasks.sound) {
    const here = task.runningOn === undefined ? undefined : living.get(task.runningOn);
    if (here === undefined) {
      waiting.push(task);
      continue;
    }
    here.add(task.id);
    kept.push({ task: task.id, agent: task.runningOn as string });
    usedBy.set(task.tenant, (usedBy.get(task.tenant) ?? 0) + 1);
  }
  const active = readAgents.sound.filter(({ state }) => state === "active");
  return {
    nowMs,
    candidates: active.map((agent) => candidateOf(agent, living.get(agent.id)?.size ?? 0)),
    others: readAgents.sound.filter(({ state }) => state !== "active"),
    waiting,
    kept,
    usedBy,
    malformedTasks: readTasks.malformed,
    malformedAgents: readAgents.malformed,
  };
}

function candidateOf(agent: PlanAgent, used: number): Candidate {
  const levels = new Map(Object.entries(agent.skills).map(([skill, level]) => [skill, millionths(level)]));
  const free = new Map(Object.entries(agent.resources).map(([name, amount]) => [name, millionths(amount)]));
  let levelSum = 0;
  for (const level of levels.values()) levelSum += level;
  return { id: agent.id, agent, levels, levelSum, free, places: Math.max(0, agent.slots - used) };
}

interface Sifted<Row> {
  /** Ascending by id. */
  readonly sound: Row[];
  /** Ids, ascending; text of what has no id. */
  readonly malformed: string[];
}

function sift<Row extends { readonly id: string }>(
  rows: readonly Row[],
  faultOf: (row: Row) => string | undefined,
): Sifted<Row> {
  const sound = new Map<string, Row>();
  const malformed = new Set<string>();
  for (const row of rows) {
    if (faultOf(row) !== undefined) {
      malformed.add(typeof row?.id === "string" ? row.id : "");
      continue;
    }
    const other = sound.get(row.id);
    if (other === undefined || canonicalText(row) < canonicalText(other)) sound.set(row.id, row);
  }
  for (const id of sound.keys()) malformed.delete(id);
  return {
    sound: [...sound.values()].sort((left, right) => (left.id < right.id ? -1 : 1)),
    malformed: [...malformed].sort(),
  };
}

function checkCount(count: number, limit: number, what: string): void {
  if (count <= limit) return;
  throw new CrdtError("limit-exceeded", `a plan for ${count} ${what}; one takes ${limit}, so plan for fewer`);
}
