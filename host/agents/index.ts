// The door of the agents room, and what an application imports from "jarvis-crdt/agents".
export { AgentFleet, joinFleet } from "./agent-fleet.ts";
export type {
  ExplainedCandidate,
  ExplainedTerm,
  Explanation,
  Missing,
} from "./assignment/explain-task.ts";
export { compareTokens, type FencingToken, TokenCheck } from "./fencing.ts";
export type { FleetOptions } from "./fleet.ts";
export {
  type AgentHealth,
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
export { replayTrail, type TrailEntry } from "./ledger.ts";
export { type Backoff, TASK_MODES, type TaskMode, type TaskSpec } from "./records/task-spec.ts";
export { PRIORITIES, type Priority, type TaskRequest } from "./submitting.ts";
export { isEnded, TASK_STATUSES, type TaskStatus } from "./tasks/standing.ts";
export type { Agent, AgentOptions } from "./work/agent.ts";
export type { Handler, Run } from "./work/execution.ts";
