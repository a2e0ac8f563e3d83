// Why a task goes where it goes: every term of its score for every agent, or what that agent lacks; and where the task
// stands among those that wait. It makes the plan anew, so it costs what a plan does, and says what that plan says.
import { workOutPlan } from "./make-plan.ts";
import { FULL, NOBODY } from "./placement.ts";
import type { UnassignedReason } from "./plan.ts";
import type { Candidate, PlanColumns } from "./plan-columns.ts";
import type { PlanInput, PlanTask, ScoreWeights } from "./plan-input.ts";
import {
  capacityPoints,
  type Demand,
  lackingResources,
  lackingSkills,
  PAIR_TERMS,
  pairTerms,
} from "./score.ts";
import { levelOf, urgencyMs } from "./task-order.ts";

export interface ExplainedTerm {
  readonly name: keyof ScoreWeights;
  /** 0 to 1,000; of capacity what the weight was multiplied by. */
  readonly term: number;
  readonly weight: number;
  readonly points: number;
}

/** What keeps an agent from taking the task. */
export interface Missing {
  readonly what: "state" | "skill" | "resource" | "avoided" | "place";
  /** The state, skill or resource; empty otherwise. */
  readonly name: string;
}

export interface ExplainedCandidate {
  readonly agent: string;
  /** Points if it took the task now, after everything else the plan gives it; of the chosen one what it got. */
  readonly score: number;
  readonly terms: readonly ExplainedTerm[];
  /** Empty where the agent could take it. */
  readonly missing: readonly Missing[];
}

export interface Explanation {
  readonly task: string;
  readonly status: "assigned" | "running" | "waiting" | "malformed" | "unknown";
  readonly agent?: string;
  readonly reason?: UnassignedReason;
  /** Of a task that waits: its level, its urgency, and how many come before it. */
  readonly order?: { readonly level: number; readonly urgencyMs: number; readonly before: number };
  /** Highest score first; those who cannot take it last, ascending by id. */
  readonly candidates: readonly ExplainedCandidate[];
}

/** Errors: as `makePlan`. */
export function explainTask(input: PlanInput, taskId: string): Explanation {
  const work = workOutPlan(input);
  const { columns, plan, placement, order, table } = work;
  const at = columns.waiting.findIndex(({ id }) => id === taskId);
  if (at < 0) return explainOther(columns, taskId);
  const task = columns.waiting[at]!;
  const demand = table.demand(at);
  const chosen = placement.agentOf[at]!;
  const assigned = plan.assignments.find((assignment) => assignment.task === taskId);
  const candidates = columns.candidates.map((candidate, agent) => {
    const terms = pairTerms(task, demand, candidate, { nowMs: columns.nowMs, half: table.half });
    const explained = PAIR_TERMS.map((name) => explainTerm(name, terms[name], input.weights));
    const pair = explained.reduce((sum, { points }) => sum + points, 0);
    const isChosen = agent === chosen;
    const places = isChosen
      ? assigned!.score - pair
      : capacityPoints(candidate, placement.tasksOn[agent]!.length, input.weights);
    const { capacity } = input.weights;
    explained.push({
      name: "capacity",
      term: capacity === 0 ? 0 : places / capacity,
      weight: capacity,
      points: places,
    });
    const isFull = !isChosen && placement.nextPoints[agent] === FULL;
    const missing = missingOf(task, demand, candidate, isFull);
    return { agent: candidate.id, score: pair + places, terms: explained, missing };
  });
  for (const { id, state } of columns.others) {
    candidates.push({ agent: id, score: 0, terms: [], missing: [{ what: "state", name: state }] });
  }
  candidates.sort(compareCandidates);
  return {
    task: taskId,
    ...(chosen === NOBODY
      ? { status: "waiting", reason: table.barrier(at) ?? "capacity" }
      : { status: "assigned", agent: columns.candidates[chosen]!.id }),
    order: {
      level: levelOf(task, columns.nowMs, input.weights),
      urgencyMs: urgencyMs(task, columns.nowMs, input.weights),
      before: order.indexOf(at),
    },
    candidates,
  };
}

function explainOther({ kept, malformedTasks }: PlanColumns, task: string): Explanation {
  const running = kept.find((each) => each.task === task);
  if (running !== undefined) return { task, status: "running", agent: running.agent, candidates: [] };
  const isMalformed = malformedTasks.includes(task);
  return { task, status: isMalformed ? "malformed" : "unknown", candidates: [] };
}

function explainTerm(name: keyof ScoreWeights, term: number, weights: ScoreWeights): ExplainedTerm {
  return { name, term, weight: weights[name], points: term * weights[name] };
}

function missingOf(task: PlanTask, demand: Demand, candidate: Candidate, isFull: boolean): Missing[] {
  const missing: Missing[] = [
    ...lackingSkills(demand, candidate).map((name) => ({ what: "skill", name }) as const),
    ...lackingResources(demand, candidate).map((name) => ({ what: "resource", name }) as const),
  ];
  if (task.avoids?.includes(candidate.id)) missing.push({ what: "avoided", name: "" });
  if (isFull) missing.push({ what: "place", name: "" });
  return missing;
}

function compareCandidates(left: ExplainedCandidate, right: ExplainedCandidate): number {
  const able = Number(left.missing.length > 0) - Number(right.missing.length > 0);
  if (able !== 0) return able;
  if (left.missing.length === 0 && left.score !== right.score) return right.score - left.score;
  return left.agent < right.agent ? -1 : 1;
}
