// What a plan is made of: agents, tasks, weights and shares, all read from converged state by the caller. Nothing here
// reads a clock: `nowMs` is a timestamp that the replicas share. Numbers that do not fit (not finite, below 0, above
// their limit) make the agent or task they belong to malformed: it is left out and named, never thrown over.

/** Priorities in ascending order; a task carries the index. */
export const PRIORITIES = ["background", "low", "normal", "high", "critical"] as const;

export type AgentStanding = "active" | "draining" | "paused" | "dead";

export interface PlanAgent {
  readonly id: string;
  /** Level of each skill, 0 to 1. */
  readonly skills: Readonly<Record<string, number>>;
  /** Work places in all; those of running tasks are taken from it. */
  readonly slots: number;
  /** Ids of the tasks that run here. */
  readonly running: readonly string[];
  /** What is free by name, after what running tasks use; counted in millionths. */
  readonly resources: Readonly<Record<string, number>>;
  /** What a unit of work costs here, in any unit that all agents share. */
  readonly cost: number;
  /** Until work given to it begins, in milliseconds. */
  readonly latencyMs: number;
  readonly region: string;
  /** Only an active agent gets new work; what runs on a draining or paused one stays; a dead one runs nothing. */
  readonly state: AgentStanding;
  /** How busy its machine is, 0 to 1. */
  readonly load: number;
}

export interface PlanTask {
  readonly id: string;
  readonly kind: string;
  readonly tenant: string;
  /** Index into {@link PRIORITIES}: 0 background … 4 critical. */
  readonly priority: number;
  readonly submittedAtMs: number;
  readonly deadlineMs?: number;
  /** The least level of each skill that an agent must have. */
  readonly requires: Readonly<Record<string, number>>;
  /** Skills that make an agent better for it, with their weight. */
  readonly prefers: Readonly<Record<string, number>>;
  /** What it takes of an agent's resources while it runs; counted in millionths. */
  readonly resources: Readonly<Record<string, number>>;
  /** Where it would best run. */
  readonly region?: string;
  /** How long it runs, as estimated. */
  readonly durationMs: number;
  /** The agent it runs on: it stays there, unless that agent is dead or unknown. */
  readonly runningOn?: string;
  /** The agent that an earlier plan chose and that has not begun; weight `stay` keeps it there. */
  readonly plannedFor?: string;
  /** Agents that must not get it, such as those it failed on. */
  readonly avoids?: readonly string[];
}

/** Points of each term of the score at its best: integers from 0 to 1,000. */
export interface ScoreWeights {
  /** Level in the skills that the task asks for. */
  readonly skill: number;
  /** Share of these in all the agent can do: specialists before generalists. */
  readonly focus: number;
  /** Work places still free on the agent. */
  readonly capacity: number;
  /** Idleness of the agent's machine. */
  readonly load: number;
  /** What is left of the scarcest resource. */
  readonly resources: number;
  /** Time to spare before the deadline. */
  readonly deadline: number;
  readonly latency: number;
  readonly region: number;
  readonly cost: number;
  /** Being where an earlier plan put it. */
  readonly stay: number;
}

/** How urgent a task is. */
export interface OrderWeights {
  /** Milliseconds of waiting that count as one priority more. */
  readonly agingMs: number;
  /** Priorities that a task gains as its time to spare runs out: 0 to 1,000 thousandths. */
  readonly deadlineBoost: number;
  /** Time to spare from which on the boost begins, in milliseconds. */
  readonly deadlineHorizonMs: number;
}

export interface PlanWeights extends ScoreWeights, OrderWeights {}

/** Fitness before balance, balance before price; see docs/assignment.md for what each came to. */
export const DEFAULT_WEIGHTS: PlanWeights = {
  skill: 400,
  focus: 100,
  capacity: 200,
  load: 100,
  resources: 50,
  deadline: 100,
  latency: 50,
  region: 100,
  cost: 50,
  stay: 100,
  agingMs: 600_000,
  deadlineBoost: 900,
  deadlineHorizonMs: 600_000,
};

export interface PlanInput {
  /** A time the replicas agree on, such as the greatest timestamp of the state; milliseconds. */
  readonly nowMs: number;
  readonly agents: readonly PlanAgent[];
  readonly tasks: readonly PlanTask[];
  readonly weights: PlanWeights;
  /** Weight of each tenant among those who wait, above 0; 1 for a tenant not named. */
  readonly shares: Readonly<Record<string, number>>;
  /** Work places that each tenant uses with running tasks that are not among `tasks`. */
  readonly inUse?: Readonly<Record<string, number>>;
}
