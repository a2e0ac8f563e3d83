// Which links of one document carry its deltas, decided from what they bring: "Epidemic Broadcast Trees" (Plumtree;
// Leitão, Pereira, Rodrigues 2007, https://asc.di.fct.unl.pt/~jleitao/pdf/srds07-leitao.pdf). A link that brings what is
// known is pruned, one that announces what does not come otherwise repairs. Two departures, for many writers and frames
// that get lost: one delta flooding the links leaves a tree of them, two at a time cut it to pieces, so only deltas of
// chosen rank prune, the same everywhere; and what is late is asked for once without a change of the tree, which it
// changes only where it stays late. Reads no clock and sends nothing. Cost of a call: the replicas named in it.
import { REPLICAS_MAX } from "../../limits.ts";
import type { ReplicaId } from "../../wire/replica-id.ts";
import type { VersionVector } from "../../wire/version-vector.ts";

export interface PushTiming {
  /** How long what a link announced may be missing before it is asked for there. */
  readonly repairAfterMs: number;
  /** On top of it, up to so long, drawn each time: who asks first passes on to those who wait for the same. */
  readonly repairSpreadMs: number;
  /** How long after one repair the next waits. */
  readonly repairAgainMs: number;
  /** So many repairs within so long a time, and the next one makes the link a feeder. */
  readonly pullsMax: number;
  readonly pullsWithinMs: number;
  /** How long what a link announced may be missing where another link has just ended. */
  readonly mendAfterMs: number;
  /** For so long after one ended. */
  readonly mendingMs: number;
  /** One delta in about so many milliseconds may prune; the more come in vain, the more of them. */
  readonly decideEveryMs: number;
  /** A link that brought one of those first so lately is not pruned by the next. */
  readonly usefulMs: number;
  /** A link is told to stop at most so often: the first time may still be on its way. */
  readonly pruneAgainMs: number;
}

/**
 * Measured in simulated fleets of 300 and 1,000 with links of 2 to 60 ms and 5 % of all frames lost: sooner repairs ask
 * for what is on its way, and later ones gain nothing. `decideEveryMs` is several times what a delta takes to reach
 * everybody; the other spans are a few round trips of a wide network.
 */
export const PUSH_TIMING: PushTiming = {
  repairAfterMs: 250,
  repairSpreadMs: 500,
  repairAgainMs: 250,
  pullsMax: 10,
  pullsWithinMs: 1_000,
  mendAfterMs: 100,
  mendingMs: 2_000,
  decideEveryMs: 2_000,
  usefulMs: 1_000,
  pruneAgainMs: 500,
};

/** A sequence of a replica that a delta brought. */
export type PushRow = readonly [ReplicaId, number];

/** What to do about something missing: to take it from a link once, or to have that link push from now on. */
export interface Repair<Link> {
  readonly link: Link;
  readonly isPull: boolean;
}

interface LinkState {
  /** When it last brought something that prunes, first. */
  usefulAtMs: number;
  prunedAtMs: number;
  /** What it announced and we lack; a document knows no more than REPLICAS_MAX replicas. */
  readonly wanted: Map<ReplicaId, Want>;
}

interface Want {
  /** What has been missing for longest, and when to ask for it. */
  sequence: number;
  repairAtMs: number;
  /** The latest announced. */
  latest: number;
}

const NEVER = Number.NEGATIVE_INFINITY;
/** How much more often deltas prune where this share comes in vain: three times at a tenth, 19 times at a half. */
const eagerness = (vainShare: number): number => 1 + 16 * vainShare + 40 * vainShare ** 2;
/** How fast it is forgotten how many deltas there were. */
const COUNTED_MS = 1_000;

export class PushTree<Link> {
  readonly #random: () => number;
  readonly #timing: PushTiming;
  readonly #links = new Map<Link, LinkState>();
  /** Writers whose latest came by a push, not by a repair. */
  readonly #fed = new Set<ReplicaId>();
  /** New deltas of about the last second. */
  #recent = 0;
  #newAtMs = NEVER;
  #repairedAtMs = NEVER;
  #leftAtMs = NEVER;
  #vainShare = 0;
  #pulls = 0;
  #pullsSinceMs = NEVER;

  constructor(random: () => number, timing: PushTiming = PUSH_TIMING) {
    this.#random = random;
    this.#timing = timing;
  }

  /** Whether anything announced is missing, so that `due` must be asked again. */
  get isWanting(): boolean {
    for (const { wanted } of this.#links.values()) if (wanted.size > 0) return true;
    return false;
  }

  /**
   * A delta of these rows was pushed over `link`; says whether to prune the link. `feeders`: links that push to us;
   * `isDeclined`: this one was told to stop.
   */
  pushed(
    link: Link,
    rows: readonly PushRow[],
    isNew: boolean,
    { feeders, isDeclined, nowMs }: { feeders: number; isDeclined: boolean; nowMs: number },
  ): boolean {
    const state = this.#state(link);
    const isDeciding = this.#decides(rows);
    this.#vainShare += ((isNew ? 0 : 1) - this.#vainShare) / 16;
    if (isNew) {
      this.#noteNew(nowMs);
      for (const [id] of rows) this.#fed.add(id);
      if (isDeciding) state.usefulAtMs = nowMs;
      return false;
    }
    const { usefulMs, pruneAgainMs } = this.#timing;
    if (nowMs - state.prunedAtMs < pruneAgainMs) return false;
    const isSpare = isDeciding && feeders > 1 && nowMs - state.usefulAtMs >= usefulMs;
    if (!isDeclined && !isSpare) return false;
    state.prunedAtMs = nowMs;
    return true;
  }

  /** A local delta counts like any other for how many there are. */
  wrote(nowMs: number): void {
    this.#noteNew(nowMs);
  }

  /** `link` announced that its end covers these. Says whether anything of it is missing here. */
  announced(link: Link, rows: Iterable<PushRow>, known: VersionVector, nowMs: number): boolean {
    let state = this.#links.get(link);
    let isMissing = false;
    for (const [id, sequence] of rows) {
      if (known.get(id) >= sequence) continue;
      isMissing = true;
      state ??= this.#state(link);
      const waiting = state.wanted.get(id);
      if (waiting !== undefined) waiting.latest = Math.max(waiting.latest, sequence);
      else if (state.wanted.size < REPLICAS_MAX)
        state.wanted.set(id, { sequence, latest: sequence, repairAtMs: nowMs + this.#patienceMs(nowMs) });
    }
    return isMissing;
  }

  /** The repair to make now, if any: at the link that has waited longest with something we still lack. */
  due(known: VersionVector, nowMs: number): Repair<Link> | undefined {
    let first: Link | undefined;
    let firstMs = nowMs;
    for (const [link, state] of this.#links) {
      for (const [id, want] of state.wanted) {
        if (known.get(id) >= want.latest) state.wanted.delete(id);
        else if (known.get(id) >= want.sequence) {
          want.sequence = want.latest;
          want.repairAtMs = nowMs + this.#patienceMs(nowMs);
        } else if (want.repairAtMs <= firstMs) {
          first = link;
          firstMs = want.repairAtMs;
        }
      }
    }
    if (first === undefined || nowMs - this.#repairedAtMs < this.#timing.repairAgainMs) return undefined;
    const isPull = this.#mayPull(this.#state(first).wanted.keys(), nowMs);
    this.repaired(first, nowMs);
    return { link: first, isPull };
  }

  /** `link` is asked for all we lack: what it announced comes with that. */
  repaired(link: Link, nowMs: number): void {
    this.#repairedAtMs = nowMs;
    const state = this.#state(link);
    state.wanted.clear();
    state.usefulAtMs = nowMs;
  }

  /** The connection has ended, and what came over it with it. */
  left(link: Link, nowMs: number): void {
    this.#links.delete(link);
    this.#leftAtMs = nowMs;
  }

  /** The tree is whole as far as these writers tell when what they wrote before came by it, and most comes by it. */
  #mayPull(wanted: Iterable<ReplicaId>, nowMs: number): boolean {
    const { pullsMax, pullsWithinMs } = this.#timing;
    if (nowMs - this.#pullsSinceMs >= pullsWithinMs) {
      this.#pullsSinceMs = nowMs;
      this.#pulls = 0;
    }
    let isFed = false;
    for (const id of wanted) if (this.#fed.delete(id)) isFed = true;
    return isFed && ++this.#pulls <= pullsMax;
  }

  /** Between two new deltas. */
  get #gapMs(): number {
    return COUNTED_MS / this.#recent;
  }

  /** Ranks are alike everywhere and the gaps nearly so: who takes a delta for one that prunes, others do too. */
  #decides(rows: readonly PushRow[]): boolean {
    let hash = 0x811c9dc5;
    for (const [id, sequence] of rows) {
      for (let place = 0; place < id.length; place++)
        hash = Math.imul(hash ^ id.charCodeAt(place), 0x01000193);
      hash = Math.imul(hash ^ sequence, 0x01000193);
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    const rank = ((hash ^ (hash >>> 13)) >>> 0) / 0x1_0000_0000;
    return rank * this.#timing.decideEveryMs <= this.#gapMs * eagerness(this.#vainShare);
  }

  #patienceMs(nowMs: number): number {
    const { repairAfterMs, repairSpreadMs, mendAfterMs, mendingMs } = this.#timing;
    if (nowMs - this.#leftAtMs < mendingMs) return mendAfterMs;
    return repairAfterMs + this.#random() * repairSpreadMs;
  }

  #noteNew(nowMs: number): void {
    this.#recent = this.#recent * Math.exp((this.#newAtMs - nowMs) / COUNTED_MS) + 1;
    this.#newAtMs = nowMs;
  }

  #state(link: Link): LinkState {
    let state = this.#links.get(link);
    if (state === undefined) {
      state = { usefulAtMs: NEVER, prunedAtMs: NEVER, wanted: new Map() };
      this.#links.set(link, state);
    }
    return state;
  }
}
