// Engines and documents for the benchmarks: opened as the package opens them, with replica ids, hash seeds and clocks
// that are always the same.
import type { Engine, EngineDocument, ReplicaId } from "../host/engine/engine.ts";
import { loadEngine } from "../host/engine/load-engine.ts";
import type { Competitor } from "./workload.ts";

export { platform } from "#platform";

/** The caller's clock, in milliseconds. */
export const NOW_MS = 1_760_000_000_000;
const DRIFT_LIMIT_MS = 60_000;
const HASH_SEED = [0x9e3779b9, 0x85ebca6b] as const;

export function openEngine(competitor: Competitor): Promise<Engine> {
  if (competitor === "baseline" || competitor === "wasm") return loadEngine({ engine: competitor });
  throw new Error(`${competitor} is no engine`);
}

/** Replicas are numbered from 1; their ids look as random ones do. */
export function replicaOf(number: number): ReplicaId {
  const high = Math.imul(number, 0x9e3779b1) >>> 0;
  return (high.toString(16).padStart(8, "0") + number.toString(16).padStart(8, "0")) as ReplicaId;
}

export const openDocument = (engine: Engine, replica: ReplicaId): EngineDocument =>
  engine.createDocument({ replica, hashSeed: HASH_SEED, driftLimitMs: DRIFT_LIMIT_MS });
