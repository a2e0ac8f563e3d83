// How well a task and an agent fit: the sum of weight × term, each term an integer from 0 to 1,000, so that no order of
// adding and no rounding differs between replicas. What docs/assignment.md states as formulas is here and nowhere else.
// The term `capacity` falls with each task an agent gets and is therefore a step of its own (`capacityPoints`); all
// others depend on the pair alone.
import { type Candidate, millionths } from "./plan-columns.ts";
import type { PlanTask, PlanWeights, ScoreWeights } from "./plan-input.ts";

/** What a term is at its best. */
export const TERM = 1_000;
/** Latency at which its term is half. */
const LATENCY_HALF_MS = 100;

export type PairTerm = Exclude<keyof ScoreWeights, "capacity">;
/** In the order they are explained in. */
export const PAIR_TERMS = [
  "skill",
  "focus",
  "load",
  "resources",
  "deadline",
  "latency",
  "region",
  "cost",
  "stay",
] as const satisfies readonly PairTerm[];

/** What a task asks, in millionths; tasks that ask the same share it. */
export interface Demand {
  readonly requires: readonly (readonly [skill: string, level: number])[];
  /** Skills that count for the score, with weights: the preferred ones, or else the required ones alike. */
  readonly asked: readonly (readonly [skill: string, weight: number])[];
  readonly named: readonly string[];
  readonly resources: readonly (readonly [name: string, amount: number])[];
  readonly region: string | undefined;
}

export function demandOf(task: PlanTask): Demand {
  const requires = ascending(task.requires).map(([skill, level]) => [skill, millionths(level)] as const);
  const preferred = ascending(task.prefers)
    .map(([skill, weight]) => [skill, Math.round(weight * TERM)] as const)
    .filter(([, weight]) => weight > 0);
  const asked = preferred.length > 0 ? preferred : requires.map(([skill]) => [skill, 1] as const);
  const named = [...new Set([...requires, ...preferred].map(([skill]) => skill))];
  const resources = ascending(task.resources)
    .map(([name, amount]) => [name, millionths(amount)] as const)
    .filter(([, amount]) => amount > 0);
  return { requires, asked, named, resources, region: task.region };
}

export function hasSkills({ requires }: Demand, { levels }: Candidate): boolean {
  for (const [skill, level] of requires) if (!((levels.get(skill) ?? -1) >= level)) return false;
  return true;
}

export function hasResources({ resources }: Demand, { free }: Candidate): boolean {
  for (const [name, amount] of resources) if ((free.get(name) ?? 0) < amount) return false;
  return true;
}

/** Required skills that the agent has not, or not well enough. */
export function lackingSkills(demand: Demand, { levels }: Candidate): string[] {
  return demand.requires
    .filter(([skill, level]) => (levels.get(skill) ?? 0) < level || !levels.has(skill))
    .map(([skill]) => skill);
}

/** Resources of which the agent has too little free. */
export function lackingResources(demand: Demand, { free }: Candidate): string[] {
  return demand.resources.filter(([name, amount]) => (free.get(name) ?? 0) < amount).map(([name]) => name);
}

/** What the cheapest active agent that costs anything costs: the cost at which that term is half. */
export function costHalf(candidates: readonly Candidate[]): number {
  let least = 0;
  for (const { agent } of candidates)
    if (agent.cost > 0 && !(agent.cost >= least && least > 0)) least = agent.cost;
  return least;
}

function skillTerm(demand: Demand, { levels }: Candidate): number {
  let sum = 0;
  let weights = 0;
  for (const [skill, weight] of demand.asked) {
    sum += weight * (levels.get(skill) ?? 0);
    weights += weight;
  }
  return weights === 0 ? TERM : Math.floor(sum / (weights * TERM));
}

function focusTerm(demand: Demand, { levels, levelSum }: Candidate): number {
  if (levelSum === 0) return 0;
  let sum = 0;
  for (const skill of demand.named) sum += levels.get(skill) ?? 0;
  return Math.floor((TERM * sum) / levelSum);
}

export function loadTerm({ agent }: Candidate): number {
  return TERM - Math.round(agent.load * TERM);
}

/** The smallest share of a free resource that the task leaves; only where it fits. */
export function resourcesTerm(demand: Demand, { free }: Candidate): number {
  let least = TERM;
  for (const [name, amount] of demand.resources) {
    const there = free.get(name) ?? 0;
    const left = there <= amount ? 0 : Math.floor((TERM * (there - amount)) / there);
    if (left < least) least = left;
  }
  return least;
}

/** Time to spare against time to run. */
export function deadlineTerm(task: PlanTask, nowMs: number, latencyMs: number): number {
  if (task.deadlineMs === undefined) return TERM;
  const runsMs = Math.max(1, task.durationMs);
  const spareMs = task.deadlineMs - nowMs - latencyMs - runsMs;
  return spareMs <= 0 ? 0 : Math.floor((TERM * spareMs) / (spareMs + runsMs));
}

export function latencyTerm({ agent }: Candidate): number {
  return Math.floor((TERM * LATENCY_HALF_MS) / (LATENCY_HALF_MS + agent.latencyMs));
}

export function regionTerm(region: string | undefined, { agent }: Candidate): number {
  return region === undefined || region === agent.region ? TERM : 0;
}

export function costTerm({ agent }: Candidate, half: number): number {
  return agent.cost === 0 ? TERM : Math.floor((TERM * half) / (half + agent.cost));
}

function stayTerm(task: PlanTask, { id }: Candidate): number {
  return task.plannedFor === id ? TERM : 0;
}

/** Points for taking the next place of an agent on which `taken` of its free places are given: fewer with each. */
export function capacityPoints({ agent, places }: Candidate, taken: number, weights: PlanWeights): number {
  return weights.capacity * Math.floor((TERM * Math.max(0, places - taken - 1)) / Math.max(1, agent.slots));
}

/** Every term of a pair by name. */
export function pairTerms(
  task: PlanTask,
  demand: Demand,
  candidate: Candidate,
  { nowMs, half }: { readonly nowMs: number; readonly half: number },
): Record<PairTerm, number> {
  return {
    skill: skillTerm(demand, candidate),
    focus: focusTerm(demand, candidate),
    load: loadTerm(candidate),
    resources: resourcesTerm(demand, candidate),
    deadline: deadlineTerm(task, nowMs, candidate.agent.latencyMs),
    latency: latencyTerm(candidate),
    region: regionTerm(demand.region, candidate),
    cost: costTerm(candidate, half),
    stay: stayTerm(task, candidate),
  };
}

function ascending(record: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1));
}
