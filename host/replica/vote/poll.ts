// One proposal and the ballots seen of it. Decisions count final ballots alone, and of each voter only the first in
// its own sequence; since a replica's mutations are always seen without holes, what is counted once is never taken
// back, and since more than half decides, no other option can get there: a decision never reverts. All of it is a pure
// function of the entries; a ballot costs a step, a tally one a voter.
import type { ReplicaId } from "../../wire/replica-id.ts";
import { type BallotRecord, type Proposal, totalWeight } from "./ballot-record.ts";

/** Clock readings a millisecond has. */
const READINGS_PER_MS = 1024;

export interface CastBallot {
  readonly option: string;
  readonly isFinal: boolean;
  /** Whether it was cast before the deadline, for an option there is. */
  readonly counts: boolean;
  readonly sequence: number;
}

export interface TallyRow {
  readonly option: string;
  /** Weight that stays here whatever comes. */
  readonly final: number;
  /** Final weight and that of ballots which may still change. */
  readonly provisional: number;
}

export interface Tally {
  readonly options: readonly TallyRow[];
  readonly threshold: number;
  /** The weight of all who may vote. */
  readonly total: number;
  /** The weight of those whose final ballot is not in. */
  readonly uncast: number;
}

/** `decided` and `impossible` are for ever. */
export type Decision =
  | { readonly status: "open" }
  | { readonly status: "decided"; readonly option: string }
  /** What is still uncast lifts no option to the threshold. */
  | { readonly status: "impossible" };

const OPEN: Decision = Object.freeze({ status: "open" });
const IMPOSSIBLE: Decision = Object.freeze({ status: "impossible" });

export class Poll {
  readonly proposal: Proposal;
  readonly #firstFinal = new Map<ReplicaId, CastBallot>();
  readonly #latest = new Map<ReplicaId, CastBallot>();

  constructor(proposal: Proposal) {
    this.proposal = proposal;
  }

  /** The weight of `replica`; 0 where it has no vote. */
  weightOf(replica: ReplicaId): number {
    const { electorate } = this.proposal;
    return Object.hasOwn(electorate, replica) ? electorate[replica]! : 0;
  }

  /** What stands for `replica`: its first final ballot, or else its latest that counts. */
  ballotOf(replica: ReplicaId): CastBallot | undefined {
    return this.#firstFinal.get(replica) ?? this.#latest.get(replica);
  }

  /** Takes in a ballot, in any order, any number of times. */
  cast(replica: ReplicaId, sequence: number, timestamp: number, { option, final }: BallotRecord): void {
    if (this.weightOf(replica) === 0) return;
    const { deadlineMs, options } = this.proposal;
    const isInTime = deadlineMs === undefined || Math.floor(timestamp / READINGS_PER_MS) <= deadlineMs;
    const ballot = { option, isFinal: final, counts: isInTime && options.includes(option), sequence };
    if (final) {
      const first = this.#firstFinal.get(replica);
      if (first === undefined || sequence < first.sequence) this.#firstFinal.set(replica, ballot);
    } else if (ballot.counts) {
      const latest = this.#latest.get(replica);
      if (latest === undefined || sequence > latest.sequence) this.#latest.set(replica, ballot);
    }
  }

  tally(): Tally {
    const rows = new Map(this.proposal.options.map((option) => [option, { final: 0, provisional: 0 }]));
    let uncast = 0;
    for (const [voter, weight] of Object.entries(this.proposal.electorate)) {
      const ballot = this.ballotOf(voter as ReplicaId);
      if (ballot?.isFinal !== true) uncast += weight;
      if (ballot?.counts !== true) continue;
      const row = rows.get(ballot.option)!;
      row.provisional += weight;
      if (ballot.isFinal) row.final += weight;
    }
    const options = [...rows].map(([option, row]) => ({ option, ...row }));
    return {
      options,
      threshold: this.proposal.threshold,
      total: totalWeight(this.proposal.electorate),
      uncast,
    };
  }

  decision(): Decision {
    const { options, threshold, uncast } = this.tally();
    const leader = options.reduce((best, row) => (row.final > best.final ? row : best));
    if (leader.final >= threshold) return { status: "decided", option: leader.option };
    return leader.final + uncast < threshold ? IMPOSSIBLE : OPEN;
  }
}
