// The door of "jarvis-crdt/tabs", for pages: one replica for all tabs of an origin, in which one of them holds the
// storage and the socket.
import { platform } from "#platform";
import { browserTabWorld } from "../platform/tab-world.ts";
import { openTabReplicaIn, type TabReplica, type TabReplicaOptions } from "./tab-replica.ts";

export type { TabEvent, TabEventListener } from "./tab.ts";
export type { TabReplica, TabReplicaOptions } from "./tab-replica.ts";

/**
 * Joins this tab to the others of its origin that share `storage`. Errors: invalid-argument where the page has no Web
 * Locks (it is no secure context), wasm-unavailable.
 */
export function openTabReplica(options: TabReplicaOptions): Promise<TabReplica> {
  return openTabReplicaIn({ ...options, platform, world: browserTabWorld() });
}
