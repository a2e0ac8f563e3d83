// The name of an element of a list: the dot of the entry that inserted it. It stays through moves and changes of value.
import type { ReplicaId } from "../../engine/engine.ts";

/** Names an element of a list for ever: replica id, "-" and sequence. A plain string, so it can be stored. */
export type ListPosition = string & { readonly __brand: "ListPosition" };

export function listPosition(replica: ReplicaId, sequence: number): ListPosition {
  return `${replica}-${sequence}` as ListPosition;
}
