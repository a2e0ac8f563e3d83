// Which parts the overlay has fallen into, as this node sees it: its own part is everybody membership reaches, the
// others are put together from the connections the lost ones last said to keep. Each lost part has a probability to
// be cut off rather than crashed. A state machine: views and the time go in, events on change come out.
import type { ReplicaId } from "../../wire/replica-id.ts";
import { mutualComponents } from "./components.ts";
import { cutProbability } from "./cut-or-crash.ts";

export interface ObservedMember {
  readonly id: ReplicaId;
  readonly region: string;
  /** Whether membership reaches it. */
  readonly isReached: boolean;
  /** Since when it does not. */
  readonly lostSinceMs: number | undefined;
  /** Its connection to this node was closed before anything was missing. */
  readonly wasClosed: boolean;
  /** An observer has said since then to keep a connection to it. */
  readonly isHeardElsewhere: boolean;
}

export interface Part {
  /** Sorted. */
  readonly members: readonly ReplicaId[];
  /** The probability that they are cut off rather than crashed; 0 for our own part. */
  readonly cutProbability: number;
}

export interface PartitionEvent {
  /** "parted": members are lost; "changed": others than before; "healed": all are back. */
  readonly kind: "parted" | "changed" | "healed";
  /** Our own part, this node included. */
  readonly own: readonly ReplicaId[];
  readonly lost: readonly Part[];
}

/** Losses within this time are told together: the members behind a cut are found one after another. */
const SETTLE_MS = 2_000;

export class PartitionDetector {
  readonly #self: ReplicaId;
  readonly #settleMs: number;
  #told = "";
  #seen = "";
  #seenAtMs = 0;

  constructor(self: ReplicaId, settleMs: number = SETTLE_MS) {
    this.#self = self;
    this.#settleMs = settleMs;
  }

  /** `links`: the connections each member last said to keep, both ways. */
  observe(
    members: readonly ObservedMember[],
    links: ReadonlyMap<ReplicaId, ReadonlySet<ReplicaId>>,
    nowMs: number,
  ): PartitionEvent | undefined {
    const lost = lostParts(members, links);
    const seen = lost.map(({ members: ids }) => ids.join(" ")).join("|");
    if (seen !== this.#seen) {
      this.#seen = seen;
      this.#seenAtMs = nowMs;
    }
    if (seen === this.#told || nowMs - this.#seenAtMs < this.#settleMs) return undefined;
    const kind = seen === "" ? "healed" : this.#told === "" ? "parted" : "changed";
    this.#told = seen;
    const own = members.filter(({ isReached }) => isReached).map(({ id }) => id);
    return { kind, own: [this.#self, ...own].sort(), lost };
  }
}

/** The parts of those that are not reached. */
function lostParts(
  members: readonly ObservedMember[],
  links: ReadonlyMap<ReplicaId, ReadonlySet<ReplicaId>>,
): Part[] {
  const lost = new Map(members.filter(({ isReached }) => !isReached).map((member) => [member.id, member]));
  const parts = mutualComponents(lost.keys(), links);
  return parts.map((ids) => {
    const gone = ids.map((id) => lost.get(id)!);
    const times = gone.map(({ lostSinceMs }) => lostSinceMs ?? 0);
    const regions = new Set(gone.map(({ region }) => region));
    const isInRegions = members.filter(({ region }) => regions.has(region)).length === gone.length;
    return {
      members: ids,
      cutProbability: cutProbability({
        members: gone.length,
        spreadMs: Math.max(...times) - Math.min(...times),
        closed: gone.filter(({ wasClosed }) => wasClosed).length,
        heardElsewhere: gone.filter(({ isHeardElsewhere }) => isHeardElsewhere).length,
        areWholeRegions: isInRegions && !regions.has("") && gone.length > 1,
      }),
    };
  });
}
