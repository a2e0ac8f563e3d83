// Puts a replica together: the platform it runs on, an engine, a store where it is given a place, and networking.
// The one file that knows all of these rooms. Storing and networking are loaded by those who use them.
import { platform as ownPlatform } from "#platform";
import type { Engine, ReplicaId } from "./engine/engine.ts";
import { type EngineChoice, loadEngine } from "./engine/load-engine.ts";
import { CrdtError } from "./errors.ts";
import { CLOCK_DRIFT_MS_MAX } from "./limits.ts";
import type { NetworkOptions } from "./net/hub.ts";
import type { Platform } from "./platform/platform.ts";
import type { DocumentStore, Durability, Network, ReplicaHost } from "./replica/ports.ts";
import { Replica } from "./replica/replica.ts";
import { parseReplicaId, replicaIdFromRandomBytes } from "./wire/replica-id.ts";

export interface ReplicaOptions {
  /** Where documents are kept: a directory in Node, an IndexedDB name in browsers. Without it, in memory. */
  readonly storage?: string;
  /**
   * What `durable()` promises: "buffered" (the default) survives the end of the process, kill -9 included; "flushed"
   * survives power loss too.
   */
  readonly durability?: Durability;
  /** "auto" (the default) takes WebAssembly where it can run. An engine from `loadEngine` may be shared by replicas. */
  readonly engine?: EngineChoice | Engine;
  /** Clocks, chance, timers, sockets and storage; the default is that of Node or the browser. */
  readonly platform?: Platform;
  /** Who writes. Without a store the caller answers for nobody ever using it twice; with one, the store decides. */
  readonly id?: ReplicaId | string;
  /** How far ahead of our clock a remote timestamp may move it, in milliseconds; 60,000 unless given. */
  readonly driftLimitMs?: number;
  /**
   * Delays what is sent of each document, as `schedule` says; by default nothing waits beyond its turn. The end state is
   * the same either way. A SendSchedule of "jarvis-crdt/learning" is such a schedule.
   */
  readonly sync?: { readonly schedule?: NonNullable<NetworkOptions["pacing"]> };
}

/** Errors: invalid-argument, wasm-unavailable, store-locked, store-corrupt, store-closed, store-full. */
export async function createReplica(options: ReplicaOptions = {}): Promise<Replica> {
  const { platform = ownPlatform, engine = "auto", driftLimitMs = CLOCK_DRIFT_MS_MAX } = options;
  checkOptions(options, driftLimitMs);
  const loaded = typeof engine === "string" ? await loadEngine({ engine }) : engine;
  const store = await openStoreOf(options, platform);
  return new Replica({
    platform,
    engine: loaded,
    id: store?.replica ?? chooseId(options.id, platform),
    driftLimitMs,
    store,
    createNetwork: (host) => createNetwork(host, options.sync?.schedule),
  });
}

async function openStoreOf(options: ReplicaOptions, platform: Platform): Promise<DocumentStore | undefined> {
  if (options.storage === undefined) return undefined;
  const { openStore } = await import("./store/index.ts");
  return openStore({ platform, location: options.storage, durability: options.durability ?? "buffered" });
}

async function createNetwork(host: ReplicaHost, pacing: NetworkOptions["pacing"]): Promise<Network> {
  const { hubOf } = await import("./net/index.ts");
  return hubOf(host, pacing === undefined ? {} : { pacing });
}

function chooseId(id: string | undefined, platform: Platform): ReplicaId {
  return id === undefined ? replicaIdFromRandomBytes(platform.randomBytes(8)) : parseReplicaId(id);
}

function checkOptions({ id, storage, durability }: ReplicaOptions, driftLimitMs: number): void {
  if (id !== undefined && storage !== undefined) {
    throw new CrdtError(
      "invalid-argument",
      "give either id or storage: a store keeps the id that is safe to write with",
    );
  }
  if (durability !== undefined && durability !== "buffered" && durability !== "flushed") {
    throw new CrdtError(
      "invalid-argument",
      `durability ${JSON.stringify(durability)}: choose "buffered" or "flushed"`,
    );
  }
  if (!Number.isFinite(driftLimitMs) || driftLimitMs < 0) {
    throw new CrdtError("invalid-argument", `driftLimitMs ${driftLimitMs}: give milliseconds from 0`);
  }
}
