// The door of the memory room: what agents remember.
export type { Citation, Context } from "./context.ts";
export { estimateTokens } from "./context.ts";
export type { Fact, NewFact } from "./fact-record.ts";
export type { ForgetRecord } from "./forgets.ts";
export type { PageRequest, TurnFilters } from "./history.ts";
export {
  type ContextRequest,
  createMemory,
  type FactRequest,
  type HistoryPage,
  type Memory,
  type MemoryOptions,
  type MemoryStatistics,
  type SearchHit,
  type SearchRequest,
} from "./memory.ts";
export type { ForgetRequest } from "./owner-memory.ts";
export type { ProfileField, ProfileUpdate } from "./profile.ts";
export {
  type Explanation,
  type IndexedTurn,
  RECALL_WEIGHTS,
  type RecallHit,
  RecallIndex,
  type RecallOptions,
  type RecallWeights,
  recall,
} from "./recall/index.ts";
export { documentNameOf, type Scope } from "./scope.ts";
export type { Session } from "./session-list.ts";
export type { Attachment, NewTurn, Turn } from "./turn-record.ts";
