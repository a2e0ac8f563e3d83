// The partial mesh: a small active view that is connected, and a larger passive one that replaces what it loses.
// "HyParView" (Leitão, Pereira, Rodrigues 2007, https://asc.di.fct.unl.pt/~jleitao/pdf/dsn07-leitao.pdf). Here members
// are known from membership already, so passive views are drawn from there and joins and shuffles need no messages of
// their own; opening a connection is the paper's "neighbour", closing it "disconnect". A state machine.
import type { ReplicaId } from "../../wire/replica-id.ts";

export interface HyParViewOptions {
  /** Connections wanted. */
  readonly active: number;
  /** Connections above this are given up, where the other end can spare ours. */
  readonly activeMax: number;
  readonly passive: number;
  /** The passive view is renewed in part so often. */
  readonly shuffleEveryMs: number;
}

export const HYPARVIEW_OPTIONS: HyParViewOptions = {
  active: 5,
  activeMax: 8,
  passive: 30,
  shuffleEveryMs: 10_000,
};

/** How often a connection that could go goes, of the times it is looked at. */
const GIVE_UP_SHARE = 0.2;

export class HyParView {
  readonly #options: HyParViewOptions;
  readonly #random: () => number;
  readonly #passive = new Set<ReplicaId>();
  /** Those being connected to, or wanted for as long as they last. */
  readonly #active = new Set<ReplicaId>();
  /** Connections given up that still stand. */
  readonly #spared = new Set<ReplicaId>();
  #shuffledAtMs = Number.NEGATIVE_INFINITY;

  constructor(random: () => number, options: HyParViewOptions = HYPARVIEW_OPTIONS) {
    this.#random = random;
    this.#options = options;
  }

  get passive(): Iterable<ReplicaId> {
    return this.#passive;
  }

  /** A connection could not be opened, or its end is gone: somebody else is tried. */
  failed(id: ReplicaId): void {
    this.#active.delete(id);
    this.#passive.delete(id);
  }

  /**
   * The members to keep a connection to. `present` are those one can connect to, `linked` those one is connected to;
   * `degreeOf` says how many connections a member keeps, `mayGo` which of ours this node can close.
   */
  wanted(
    present: readonly ReplicaId[],
    linked: ReadonlySet<ReplicaId>,
    degreeOf: (id: ReplicaId) => number,
    nowMs: number,
    mayGo: ReadonlySet<ReplicaId> = linked,
  ): Set<ReplicaId> {
    const isPresent = new Set(present);
    for (const id of [...this.#active]) if (!isPresent.has(id)) this.failed(id);
    for (const id of [...this.#passive]) if (!isPresent.has(id)) this.#passive.delete(id);
    for (const id of this.#spared) if (!linked.has(id)) this.#spared.delete(id);
    for (const id of linked) if (isPresent.has(id) && !this.#spared.has(id)) this.#active.add(id);
    this.#refillPassive(present, nowMs);
    while (this.#active.size < this.#options.active && this.#passive.size > 0) this.#promote();
    this.#giveUpSpare(mayGo, degreeOf);
    return new Set(this.#active);
  }

  #promote(): void {
    const candidates = [...this.#passive];
    const id = candidates[Math.floor(this.#random() * candidates.length)]!;
    this.#passive.delete(id);
    this.#active.add(id);
  }

  /**
   * Ends connections to those that can spare them, so that nobody is left alone: where there are too many here, or
   * where the other end, a seed perhaps, has too many: then somebody else takes its place first. One at a time, and seldom: others
   * do the same.
   */
  #giveUpSpare(mayGo: ReadonlySet<ReplicaId>, degreeOf: (id: ReplicaId) => number): void {
    const { active, activeMax } = this.#options;
    if (this.#active.size < active || this.#spared.size > 0 || this.#random() >= GIVE_UP_SHARE) return;
    const isOver = this.#active.size > activeMax;
    let busiest: ReplicaId | undefined;
    for (const id of mayGo) {
      if (!this.#active.has(id) || degreeOf(id) <= (isOver ? active : activeMax)) continue;
      if (busiest === undefined || degreeOf(id) > degreeOf(busiest)) busiest = id;
    }
    if (busiest === undefined) return;
    this.#spared.add(busiest);
    this.#active.delete(busiest);
  }

  #refillPassive(present: readonly ReplicaId[], nowMs: number): void {
    const { passive, shuffleEveryMs } = this.#options;
    if (nowMs - this.#shuffledAtMs >= shuffleEveryMs) {
      this.#shuffledAtMs = nowMs;
      for (const id of [...this.#passive]) if (this.#random() < 0.25) this.#passive.delete(id);
    }
    const missing = Math.min(passive, present.length - this.#active.size) - this.#passive.size;
    for (let tries = 0; tries < missing * 3 && this.#passive.size < passive; tries++) {
      const id = present[Math.floor(this.#random() * present.length)]!;
      if (!this.#active.has(id)) this.#passive.add(id);
    }
  }
}
