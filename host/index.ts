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
export type {
  Change,
  ChangeListener,
  ChangeOrigin,
  CounterChange,
  FlagChange,
  LogChange,
  MapChange,
  RegisterChange,
  SetChange,
} from "./replica/change.ts";
export type { CounterHandle, CounterShare } from "./replica/counter-handle.ts";
export type { Document, DocumentMethods } from "./replica/document.ts";
export type { FlagHandle } from "./replica/flag-handle.ts";
export type { LogPosition } from "./replica/local-writes.ts";
export type { LogEntry, LogHandle, LogTruncation } from "./replica/log-handle.ts";
export type { MapHandle } from "./replica/map-handle.ts";
export type { Connection, ConnectionStatus, Durability, StoreEvent } from "./replica/ports.ts";
export type { RegisterHandle } from "./replica/register-handle.ts";
export type { Replica, ReplicaEvent, ReplicaEventListener } from "./replica/replica.ts";
export {
  counter,
  flag,
  type Handles,
  log,
  map,
  register,
  type Schema,
  schema,
  set,
} from "./replica/schema.ts";
export type { SetHandle } from "./replica/set-handle.ts";
export { compressSnapshot, type DecompressOptions, decompressSnapshot } from "./wire/snapshot-compression.ts";
export type { Frozen, Value } from "./wire/value.ts";
export { type Relation, VersionVector } from "./wire/version-vector.ts";
