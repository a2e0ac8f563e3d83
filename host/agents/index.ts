// The door of the agents room, and what an application imports from "jarvis-crdt/agents".
export { AgentFleet, joinFleet } from "./agent-fleet.ts";
// Plans.
export {
  type ExplainedCandidate,
  type ExplainedTerm,
  type Explanation,
  explainTask,
  type Missing,
} from "./assignment/explain-task.ts";
export { fairnessIndex } from "./assignment/fairness-index.ts";
export { makePlan } from "./assignment/make-plan.ts";
export type { Assignment, Plan, Unassigned, UnassignedReason } from "./assignment/plan.ts";
export {
  type AgentStanding,
  DEFAULT_WEIGHTS,
  type PlanAgent,
  type PlanInput,
  type PlanTask,
  type PlanWeights,
  PRIORITIES,
} from "./assignment/plan-input.ts";
export { compareTokens, type FencingToken, TokenCheck } from "./fencing.ts";
export type { FleetOptions } from "./fleet.ts";
export {
  type AgentHealth,
  compareReports,
  type FleetCounters,
  FleetView,
  FleetWatch,
  type ListedAgent,
  type ListedExecution,
  type TaskEvent,
  type TaskReport,
  type WatchOptions,
  watchFleet,
} from "./fleet-view.ts";
// Guards.
export { argumentDigest, type GuardedCall, LoopGuard, type LoopGuardOptions } from "./guard/loop-guard.ts";
export {
  checkPressure,
  PRESSURE_LIMITS,
  type Pressure,
  type PressureLimits,
  pressureOf,
  type Rate,
  type TenantRateOptions,
  TenantRates,
} from "./guard/tenant-rates.ts";
// Knowledge.
export { type Belief, believe, type Statement, type Support } from "./knowledge/belief.ts";
export { Council, type CouncilPlace, type ListedPoll } from "./knowledge/council.ts";
export {
  Experience,
  type ExperienceOptions,
  type ExperienceRecord,
  estimatedDurationMs,
  learnedSkills,
  type Outcomes,
  outcomesOf,
} from "./knowledge/experience.ts";
export type { CouncilRecord, PollTerms, Voter } from "./knowledge/poll-record.ts";
export type { OptionWeights, PollResult, StandingBallot } from "./knowledge/poll-result.ts";
export {
  type Fact,
  type FactPlace,
  SharedFacts,
  type StatementOptions,
  type StatementRecord,
} from "./knowledge/shared-facts.ts";
export { replayTrail, type TrailEntry } from "./ledger.ts";
// Pools.
export type { PoolNote } from "./pools/pool-notes.ts";
export { type Hold, type PoolPlace, ResourcePool, type StrandedRights } from "./pools/resource-pool.ts";
export { type StrikeOff, type StrikeOffPlace, StrikeOffs } from "./pools/strike-off.ts";
export { type Backoff, TASK_MODES, type TaskMode, type TaskSpec } from "./records/task-spec.ts";
export type { Priority, TaskRequest } from "./submitting.ts";
export type { TaskExplanation } from "./task-explanation.ts";
export { isEnded, TASK_STATUSES, type TaskStatus } from "./tasks/standing.ts";
export type { Agent, AgentOptions } from "./work/agent.ts";
export type { Handler, Run } from "./work/execution.ts";
