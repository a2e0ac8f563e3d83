// The front door: everything an application can import from "jarvis-crdt", and nothing else.
export { createReplica, type ReplicaOptions } from "./create-replica.ts";
export type {
  CompactionResult,
  ContainerSummary,
  ContainerTypeName,
  DocumentStatistics,
  Engine,
  ReplicaId,
} from "./engine/engine.ts";
export {
  type EngineChoice,
  type LoadEngineOptions,
  loadEngine,
  type WasmSource,
} from "./engine/load-engine.ts";
export { CrdtError, ERROR_CODES, type ErrorCode, isCrdtError } from "./errors.ts";
export type { Platform } from "./platform/platform.ts";
export type { ClientTls } from "./platform/transport.ts";
export type { BoundedCounterHandle, RebalanceOptions } from "./replica/bounded/bounded-counter-handle.ts";
export type { Transfer } from "./replica/bounded/rights-table.ts";
export type { Candidate } from "./replica/candidate.ts";
export type {
  BoundedChange,
  Change,
  ChangeListener,
  ChangeOrigin,
  CounterChange,
  ExtremeChange,
  FlagChange,
  GraphChange,
  ListChange,
  LogChange,
  MapChange,
  MultiMapChange,
  MultiValueChange,
  RegisterChange,
  SeriesChange,
  SeriesSpan,
  SetChange,
  VoteChange,
  WorkflowChange,
} from "./replica/change.ts";
export type { CounterHandle, CounterShare } from "./replica/counter-handle.ts";
export type { Document, DocumentMethods } from "./replica/document.ts";
export type { MaximumHandle, MinimumHandle } from "./replica/extreme-handle.ts";
export type { FlagHandle } from "./replica/flag-handle.ts";
export type { AttributePlace } from "./replica/graph/graph-changes.ts";
export type {
  EdgeEnds,
  EdgeOptions,
  GraphHandle,
  NeighbourOptions,
  NewEdge,
  NewVertex,
  PathOptions,
  Subgraph,
} from "./replica/graph/graph-handle.ts";
export type { Direction } from "./replica/graph/graph-index.ts";
export type { GraphEdge } from "./replica/graph/graph-keys.ts";
export type { PageRankOptions } from "./replica/graph/graph-walks.ts";
export type { ListHandle } from "./replica/list/list-handle.ts";
export type { ListPosition } from "./replica/list/list-position.ts";
export type { LogPosition } from "./replica/local-writes.ts";
export type { LogEntry, LogHandle, LogTruncation } from "./replica/log-handle.ts";
export type { MapHandle } from "./replica/map-handle.ts";
export type { MergeDecision, MultiMapHandle, MultiMapOptions } from "./replica/multi-map/multi-map-handle.ts";
export {
  latest,
  maximumOf,
  minimumOf,
  priority,
  type ResolveRule,
  sum,
  union,
} from "./replica/multi-map/resolve-rules.ts";
export type { MultiValueHandle } from "./replica/multi-value-handle.ts";
export type {
  Connection,
  ConnectionStatus,
  ConnectOptions,
  CredentialSource,
  DocumentPresence,
  DocumentSync,
  Durability,
  PresenceChange,
  StoreEvent,
  SyncAllOptions,
  SyncRound,
  WriteProgress,
} from "./replica/ports.ts";
export type { RegisterHandle } from "./replica/register-handle.ts";
export type { Replica, ReplicaEvent, ReplicaEventListener } from "./replica/replica.ts";
export {
  bounded,
  counter,
  flag,
  graph,
  type Handles,
  list,
  log,
  map,
  maximum,
  minimum,
  multiMap,
  multiValue,
  register,
  type Schema,
  schema,
  series,
  set,
  vote,
  workflow,
} from "./replica/schema.ts";
export type { Aggregate, Aggregates } from "./replica/series/aggregates.ts";
export type { DownsampleMethod, SeriesPoints } from "./replica/series/downsample.ts";
export type { SeriesRetention } from "./replica/series/retention-rule.ts";
export type { NumberColumn, TimeRange } from "./replica/series/series-arguments.ts";
export type {
  DownsampleQuery,
  SeriesHandle,
  SeriesQuery,
  SeriesSummary,
  WindowsQuery,
} from "./replica/series/series-handle.ts";
export type { Fill, WindowTable } from "./replica/series/window-table.ts";
export type { SetHandle } from "./replica/set-handle.ts";
export type { Proposal } from "./replica/vote/ballot-record.ts";
export type { CastBallot, Decision, Tally, TallyRow } from "./replica/vote/poll.ts";
export type { CastOptions, ListedProposal, VoteHandle } from "./replica/vote/vote-handle.ts";
export type { WorkflowDefinition, WorkflowTransition } from "./replica/workflow/definition.ts";
export type { Guard, GuardComparison, GuardOperand, GuardPath } from "./replica/workflow/guard.ts";
export type { Compensation, HistoryStep } from "./replica/workflow/history.ts";
export type { Context, Lease } from "./replica/workflow/step-record.ts";
export type {
  DueTimeout,
  ListedInstance,
  StepOptions,
  WorkflowHandle,
  WorkflowStatistics,
} from "./replica/workflow/workflow-handle.ts";
export { compressSnapshot, type DecompressOptions, decompressSnapshot } from "./wire/snapshot-compression.ts";
export type { Frozen, Value } from "./wire/value.ts";
export { type Relation, VersionVector } from "./wire/version-vector.ts";
