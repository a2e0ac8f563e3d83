// Which links of one document carry its deltas, decided from what they bring: "Epidemic Broadcast Trees" (Plumtree;
// Leitão, Pereira, Rodrigues 2007, https://asc.di.fct.unl.pt/~jleitao/pdf/srds07-leitao.pdf). A link whose pushes were
// known already is pruned, one that announces what does not come otherwise is grafted. With many writers each would
// prune a tree of its own and all together too much, so the deltas of one writer decide: the least id heard of lately.
// Reads no clock and sends nothing. Cost of a call: the replicas named in it.
import type { ReplicaId } from "../../wire/replica-id.ts";
import type { VersionVector } from "../../wire/version-vector.ts";

export interface PushTiming {
  /** How long what a link announced may be missing before that link is taken as a feeder. */
  readonly graftAfterMs: number;
  /** How long after a graft the next one waits, for the same want. */
  readonly graftAgainMs: number;
  /** A link that brought something new of the deciding writer so lately is not pruned. */
  readonly usefulMs: number;
  /** A writer that was silent for so long decides nothing any more. */
  readonly decidingMs: number;
  /** A link is told to stop at most so often: the first time may still be on its way. */
  readonly pruneAgainMs: number;
}

/**
 * `graftAfterMs` is that of the measurement behind this (a repair within 100 ms keeps convergence as fast as flooding
 * has it); the spans after it are a few round trips of a wide
 * network, and the last of them long enough for one delta to have reached everybody before another writer decides.
 */
export const PUSH_TIMING: PushTiming = {
  graftAfterMs: 100,
  graftAgainMs: 250,
  usefulMs: 500,
  decidingMs: 1_000,
  pruneAgainMs: 500,
};

interface LinkState {
  /** When it last brought something new of the deciding writer. */
  usefulAtMs: number;
  prunedAtMs: number;
  /** What it announced and we lack. */
  readonly wanted: Map<ReplicaId, number>;
  wantedSinceMs: number;
}

const NEVER = Number.NEGATIVE_INFINITY;

export class PushTree<Link> {
  readonly #timing: PushTiming;
  readonly #links = new Map<Link, LinkState>();
  #deciding: ReplicaId | undefined;
  #decidingAtMs = NEVER;
  #graftedAtMs = NEVER;

  constructor(timing: PushTiming = PUSH_TIMING) {
    this.#timing = timing;
  }

  /** Whether anything announced is missing, so that `due` must be asked again. */
  get isWanting(): boolean {
    for (const { wanted } of this.#links.values()) if (wanted.size > 0) return true;
    return false;
  }

  /** A delta of `writers` came over `link`; says whether to prune the link. `feeders`: links that push to us. */
  pushed(link: Link, writers: readonly ReplicaId[], isNew: boolean, feeders: number, nowMs: number): boolean {
    const isDeciding = this.#noteWriters(writers, nowMs);
    if (!isDeciding) return false;
    const state = this.#state(link);
    if (isNew) {
      state.usefulAtMs = nowMs;
      return false;
    }
    const { usefulMs, pruneAgainMs } = this.#timing;
    if (feeders < 2 || nowMs - state.usefulAtMs < usefulMs || nowMs - state.prunedAtMs < pruneAgainMs) {
      return false;
    }
    state.prunedAtMs = nowMs;
    return true;
  }

  /** A local delta counts like any other for who decides. */
  wrote(writer: ReplicaId, nowMs: number): void {
    this.#noteWriters([writer], nowMs);
  }

  /** `link` announced that its end covers these. Says whether anything of it is missing here. */
  announced(
    link: Link,
    rows: Iterable<readonly [ReplicaId, number]>,
    known: VersionVector,
    nowMs: number,
  ): boolean {
    let state = this.#links.get(link);
    let isMissing = false;
    for (const [id, sequence] of rows) {
      if (known.get(id) >= sequence) continue;
      isMissing = true;
      state ??= this.#state(link);
      if (state.wanted.size === 0) state.wantedSinceMs = nowMs;
      if (sequence > (state.wanted.get(id) ?? 0)) state.wanted.set(id, sequence);
    }
    return isMissing;
  }

  /** The link to graft now, if any: the one that has waited longest with something we still lack. */
  due(known: VersionVector, nowMs: number): Link | undefined {
    const { graftAfterMs, graftAgainMs } = this.#timing;
    let oldest: Link | undefined;
    let oldestMs = nowMs - graftAfterMs;
    for (const [link, state] of this.#links) {
      if (state.wanted.size === 0) continue;
      for (const [id, sequence] of state.wanted) if (known.get(id) >= sequence) state.wanted.delete(id);
      if (state.wanted.size === 0 || state.wantedSinceMs > oldestMs) continue;
      oldest = link;
      oldestMs = state.wantedSinceMs;
    }
    if (oldest === undefined || nowMs - this.#graftedAtMs < graftAgainMs) return undefined;
    this.grafted(oldest, nowMs);
    return oldest;
  }

  /** `link` pushes to us from now on: what it announced comes with that. */
  grafted(link: Link, nowMs: number): void {
    this.#graftedAtMs = nowMs;
    const state = this.#state(link);
    state.wanted.clear();
    state.usefulAtMs = nowMs;
  }

  left(link: Link): void {
    this.#links.delete(link);
  }

  /** Whether the one who decides is among `writers`, after they were taken into account. */
  #noteWriters(writers: readonly ReplicaId[], nowMs: number): boolean {
    let isDeciding = false;
    for (const writer of writers) {
      const isSilent = nowMs - this.#decidingAtMs > this.#timing.decidingMs;
      if (this.#deciding === undefined || isSilent || writer < this.#deciding) this.#deciding = writer;
      if (writer !== this.#deciding) continue;
      this.#decidingAtMs = nowMs;
      isDeciding = true;
    }
    return isDeciding;
  }

  #state(link: Link): LinkState {
    let state = this.#links.get(link);
    if (state === undefined) {
      state = { usefulAtMs: NEVER, prunedAtMs: NEVER, wanted: new Map(), wantedSinceMs: 0 };
      this.#links.set(link, state);
    }
    return state;
  }
}
