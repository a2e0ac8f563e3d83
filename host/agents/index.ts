// The door of the agents room, and what an application imports from "jarvis-crdt/agents".
export {
  AgentFleet,
  type AgentHealth,
  type FleetCounters,
  joinFleet,
  type ListedAgent,
  type TaskEvent,
  type TaskReport,
} from "./agent-fleet.ts";
export { compareTokens, type FencingToken, TokenCheck } from "./fencing.ts";
export type { FleetOptions } from "./fleet.ts";
export { replayTrail, type TrailEntry } from "./ledger.ts";
export type { Backoff, TaskMode, TaskSpec } from "./records/task-spec.ts";
export type { Priority, TaskRequest } from "./submitting.ts";
export type { TaskStatus } from "./tasks/standing.ts";
export type { Agent, AgentOptions } from "./work/agent.ts";
export type { Handler, Run } from "./work/execution.ts";
