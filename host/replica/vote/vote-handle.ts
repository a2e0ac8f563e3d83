// Votes among replicas without a coordinator: proposals and ballots are a log, and what they come to is a pure
// function of it (poll.ts), so that all who have seen the same agree, and a decision stands for ever. The voter is the
// replica, by its id: one that took a new id has no vote any more. Reads cost a pass over the electorate.
import { CrdtError } from "../../errors.ts";
import type { ReplicaId } from "../../wire/replica-id.ts";
import type { ChangeOrigin, VoteChange } from "../change.ts";
import { type ReplayEntry, ReplayedHandle, timeMsOf } from "../replayed-handle.ts";
import {
  type BallotRecord,
  checkProposal,
  type Proposal,
  proposalId,
  readBallotRecord,
} from "./ballot-record.ts";
import { type CastBallot, type Decision, Poll, type Tally } from "./poll.ts";

export interface ListedProposal extends Proposal {
  readonly id: string;
  /** Who made it. */
  readonly replica: ReplicaId;
  /** Wall-clock milliseconds of the replica that made it. */
  readonly timeMs: number;
}

export interface CastOptions {
  /** Whether it stands for ever and counts for the decision. Otherwise it shows in the tally and may be changed. */
  readonly final?: boolean;
}

export class VoteHandle extends ReplayedHandle {
  readonly type = "vote";
  readonly #polls = new Map<string, { readonly poll: Poll; readonly entry: ReplayEntry }>();
  /** Ballots for what is no proposal, or not yet one. */
  readonly #early = new Map<string, { readonly entry: ReplayEntry; readonly ballot: BallotRecord }[]>();

  /** Puts something to the vote; gives its id. Errors: invalid-argument, limit-exceeded. */
  propose(proposal: Proposal): string {
    const record = checkProposal(proposal);
    this.refresh();
    return proposalId(this.owner.engine.replica, this.append(record));
  }

  /**
   * Votes with this replica's weight; says whether the ballot counts, which one after the deadline does not. Of final
   * ballots the first stands. Errors: invalid-argument for an unknown proposal or option, a replica without a vote, or
   * one whose final ballot is cast.
   */
  cast(proposal: string, option: string, { final = false }: CastOptions = {}): boolean {
    const poll = this.#poll(proposal);
    if (poll === undefined) throw this.#refused(proposal, "no proposal of that id is known here");
    const replica = this.owner.engine.replica;
    if (!poll.proposal.options.includes(option)) {
      const options = poll.proposal.options.map((each) => JSON.stringify(each)).join(", ");
      throw this.#refused(proposal, `${JSON.stringify(option)} is none of its options ${options}`);
    }
    if (poll.weightOf(replica) === 0) throw this.#refused(proposal, `replica ${replica} has no vote in it`);
    if (poll.ballotOf(replica)?.isFinal === true) {
      throw this.#refused(proposal, `replica ${replica} has cast its final ballot`);
    }
    const sequence = this.append({ kind: "ballot", proposal, option, final: final === true });
    const ballot = this.#poll(proposal)!.ballotOf(replica);
    return ballot?.sequence === sequence && ballot.counts;
  }

  /** What has been voted so far, ballots that may still change included; undefined where the id is unknown. */
  tally(proposal: string): Tally | undefined {
    return this.#poll(proposal)?.tally();
  }

  /** What final ballots have decided; undefined where the id is unknown. Never reverts. */
  decision(proposal: string): Decision | undefined {
    return this.#poll(proposal)?.decision();
  }

  /** What stands for `replica`, this one if none is named; undefined where it has not voted. */
  ballot(proposal: string, replica: ReplicaId = this.owner.engine.replica): CastBallot | undefined {
    return this.#poll(proposal)?.ballotOf(replica);
  }

  /** All proposals, oldest first. */
  proposals(): ListedProposal[] {
    this.refresh();
    const listed = [...this.#polls].sort(([, left], [, right]) => comparePlaces(left.entry, right.entry));
    return listed.map(([id, { poll, entry }]) => {
      const { options, electorate, threshold, deadlineMs } = poll.proposal;
      const deadline = deadlineMs === undefined ? {} : { deadlineMs };
      const made = { id, replica: entry.replica, timeMs: timeMsOf(entry.timestamp) };
      return { ...made, options, electorate, threshold, ...deadline };
    });
  }

  /** By proposal id: its decision and the weight of each option. */
  toJSON(): Record<string, unknown> {
    const view: Record<string, unknown> = {};
    for (const { id } of this.proposals()) {
      const { poll } = this.#polls.get(id)!;
      view[id] = { decision: poll.decision(), options: poll.tally().options };
    }
    return view;
  }

  takeChange(origin: ChangeOrigin): VoteChange | undefined {
    const proposals = this.takeTouched();
    if (proposals.length === 0) return undefined;
    return { container: this.name, type: "vote", origin, proposals };
  }

  protected forget(): void {
    this.#polls.clear();
    this.#early.clear();
  }

  protected names(): Iterable<string> {
    return this.#polls.keys();
  }

  protected take(entries: readonly ReplayEntry[]): Set<string> {
    const touched = new Set<string>();
    for (const entry of entries) {
      const record = readBallotRecord(entry.value);
      if (record?.kind === "ballot") {
        this.#cast(entry, record);
        touched.add(record.proposal);
      } else if (record !== undefined) {
        touched.add(this.#propose(entry, record));
      }
    }
    for (const id of touched) if (!this.#polls.has(id)) touched.delete(id);
    return touched;
  }

  #propose(entry: ReplayEntry, proposal: Proposal): string {
    const id = proposalId(entry.replica, entry.sequence);
    const poll = new Poll(proposal);
    this.#polls.set(id, { poll, entry });
    for (const { entry: cast, ballot } of this.#early.get(id) ?? []) {
      poll.cast(cast.replica, cast.sequence, cast.timestamp, ballot);
    }
    this.#early.delete(id);
    return id;
  }

  #cast(entry: ReplayEntry, ballot: BallotRecord): void {
    const listed = this.#polls.get(ballot.proposal);
    if (listed !== undefined) {
      listed.poll.cast(entry.replica, entry.sequence, entry.timestamp, ballot);
      return;
    }
    const early = this.#early.get(ballot.proposal);
    if (early === undefined) this.#early.set(ballot.proposal, [{ entry, ballot }]);
    else early.push({ entry, ballot });
  }

  #poll(proposal: string): Poll | undefined {
    this.refresh();
    return this.#polls.get(proposal)?.poll;
  }

  #refused(proposal: string, reason: string): CrdtError {
    return new CrdtError("invalid-argument", `${this.name}.cast on ${String(proposal)}: ${reason}`);
  }
}

function comparePlaces(left: ReplayEntry, right: ReplayEntry): number {
  if (left.timestamp !== right.timestamp) return left.timestamp - right.timestamp;
  if (left.replica !== right.replica) return left.replica < right.replica ? -1 : 1;
  return left.sequence - right.sequence;
}
