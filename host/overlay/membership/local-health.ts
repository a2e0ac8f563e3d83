// How well this node itself seems to do, and what follows for its judgement of others: "Lifeguard: Local Health
// Awareness for More Accurate Failure Detection" (Dadgar, Phillips, Currey 2017, https://arxiv.org/abs/1707.00788).
// A node that hears too late would otherwise call healthy members dead.
import type { ReplicaId } from "../../wire/replica-id.ts";

const SCORE_MAX = 8;

/** The local health multiplier: probes wait and rest `factor` times as long. */
export class LocalHealth {
  #score = 0;

  /** 0 when all is well. */
  get score(): number {
    return this.#score;
  }

  get factor(): number {
    return this.#score + 1;
  }

  change(by: number): void {
    this.#score = Math.min(SCORE_MAX, Math.max(0, this.#score + by));
  }
}

export interface SuspicionTiming {
  readonly probeEveryMs: number;
  /** Times log10 of the members times the probe interval: the shortest a suspicion lasts. */
  readonly suspicionFactor: number;
  /** Times the shortest: the longest, while nobody confirms. */
  readonly suspicionLongest: number;
}

/** Independent confirmations after which a suspicion lasts the shortest. */
export const confirmationsWanted = (factor: number, members: number): number =>
  Math.max(0, Math.min(factor - 2, members - 2));

/** How long a suspicion lasts in all, given how many others confirmed it and how many members there are. */
export function suspicionMs(confirmations: number, members: number, timing: SuspicionTiming): number {
  const { probeEveryMs, suspicionFactor, suspicionLongest } = timing;
  const shortest = suspicionFactor * Math.max(1, Math.log10(Math.max(1, members))) * probeEveryMs;
  const wanted = confirmationsWanted(suspicionFactor, members);
  if (wanted === 0) return shortest;
  const longest = shortest * suspicionLongest;
  const share = Math.log(confirmations + 1) / Math.log(wanted + 1);
  return Math.max(shortest, longest - share * (longest - shortest));
}

/** One member under suspicion. */
export class Suspicion {
  readonly sinceMs: number;
  readonly #confirmers: Set<ReplicaId>;
  readonly #first: ReplicaId;

  constructor(first: ReplicaId, nowMs: number) {
    this.sinceMs = nowMs;
    this.#first = first;
    this.#confirmers = new Set();
  }

  get confirmations(): number {
    return this.#confirmers.size;
  }

  /** Whether `from` had not confirmed it before and another is still wanted. */
  confirm(from: ReplicaId, wanted: number): boolean {
    if (from === this.#first || this.#confirmers.has(from) || this.#confirmers.size >= wanted) return false;
    this.#confirmers.add(from);
    return true;
  }
}
