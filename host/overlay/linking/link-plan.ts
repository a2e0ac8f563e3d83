// Which connections to open and which to close, so that a node comes to keep those it wants: the new ones are made
// before the old ones are broken. Pure. Of two members the one with the lesser id opens the connection; the other does
// when that does not happen, or when nobody can connect to itself. Who opened a connection closes it.
import type { ReplicaId } from "../../wire/replica-id.ts";

export interface LinkedTo {
  /** Connections this node opened to that member, and those that member opened. */
  readonly opened: number;
  readonly accepted: number;
  readonly sinceMs: number;
}

export interface LinkPlanInput {
  readonly self: ReplicaId;
  /** Whether others can connect to this node. */
  readonly canListen: boolean;
  /** Members to be connected to, and since when. */
  readonly wanted: ReadonlyMap<ReplicaId, number>;
  readonly linked: ReadonlyMap<ReplicaId, LinkedTo>;
  readonly opening: ReadonlySet<ReplicaId>;
  /** Whether the other ends want the same, so that one of the two may wait for the other to open. */
  readonly isMutual: boolean;
  /** Whether there is an address, and it is time to try it. */
  readonly mayTry: (id: ReplicaId) => boolean;
  readonly nowMs: number;
}

export interface LinkPlan {
  readonly open: readonly ReplicaId[];
  readonly close: readonly ReplicaId[];
}

/** The other end had so long to open what both want. */
const OPEN_ANYWAY_MS = 3_000;
/** Old connections stand so long beside the new ones: the other end makes its own new ones meanwhile. */
const BREAK_AFTER_MS = 2_000;
/** A wanted connection that cannot be made keeps the old ones for so long. */
const WAIT_FOR_WANTED_MS = 15_000;

export function planLinks(input: LinkPlanInput): LinkPlan {
  const { self, wanted, linked, opening, nowMs } = input;
  const missing = [...wanted].filter(([id]) => !linked.has(id));
  const open = missing
    .filter(([id, sinceMs]) => {
      if (opening.has(id) || !input.mayTry(id)) return false;
      return self < id || !input.canListen || !input.isMutual || nowMs - sinceMs >= OPEN_ANYWAY_MS;
    })
    .map(([id]) => id);
  const isMade = missing.every(([, sinceMs]) => nowMs - sinceMs >= WAIT_FOR_WANTED_MS);
  const lastWantedMs = Math.max(Number.NEGATIVE_INFINITY, ...wanted.values());
  const mayBreak = isMade && wanted.size > 0 && nowMs - lastWantedMs >= BREAK_AFTER_MS;
  const close: ReplicaId[] = [];
  for (const [id, link] of linked) {
    if (link.opened === 0 || nowMs - link.sinceMs < BREAK_AFTER_MS) continue;
    const isDoubled = link.accepted > 0 && self > id;
    if (isDoubled || link.opened > 1 || (!wanted.has(id) && mayBreak)) close.push(id);
  }
  return { open, close };
}
