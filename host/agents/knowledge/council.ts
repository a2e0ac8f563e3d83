// Polls among agents: weights, delegation, a quorum, a deadline, and results that are provisional until final ballots
// decide (poll-result.ts). Replicas that vote by themselves have the vote() type; a council is for agents, several of
// which may stand behind one replica. All who have seen the same log agree. Cost: a question reads the whole log.
import { CrdtError } from "../../errors.ts";
import type { LogEntry, LogHandle } from "../../replica/log-handle.ts";
import type { ReplicaId } from "../../wire/replica-id.ts";
import {
  type BallotRecord,
  type CouncilRecord,
  type PollTerms,
  pollFault,
  readCouncilRecord,
} from "./poll-record.ts";
import { type PollResult, pollResult, type StandingBallot } from "./poll-result.ts";

export interface ListedPoll extends PollTerms {
  readonly id: string;
  readonly timeMs: number;
}

export interface CouncilPlace {
  readonly log: LogHandle<CouncilRecord>;
  readonly replica: { readonly id: ReplicaId };
}

interface ReadPoll {
  readonly listed: ListedPoll;
  readonly ballots: Map<string, StandingBallot>;
}

export class Council {
  readonly #place: CouncilPlace;

  constructor(place: CouncilPlace) {
    this.#place = place;
  }

  /** Puts something to the vote; gives its id. Errors: invalid-argument. */
  open(terms: PollTerms): string {
    const fault = pollFault(terms);
    if (fault !== undefined) throw new CrdtError("invalid-argument", `a poll: ${fault}`);
    const { question, options, electorate, quorum, rule, deadlineMs } = terms;
    const { log, replica } = this.#place;
    log.append({
      kind: "poll",
      question,
      options: [...options],
      electorate: Object.fromEntries(
        Object.entries(electorate).map(([agent, { weight, replica: through }]) => [
          agent,
          { weight, replica: through },
        ]),
      ),
      quorum,
      rule,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    });
    const own = log.entries().filter((entry) => entry.replica === replica.id);
    return pollId(own.reduce((latest, entry) => (entry.sequence > latest.sequence ? entry : latest)));
  }

  /** Votes for `voter`, who must vote through this replica. Of final ballots the first stands. Errors: invalid-argument. */
  vote(poll: string, voter: string, option: string, { final = false } = {}): void {
    const { terms } = this.#admit(poll, voter, final);
    if (!terms.options.includes(option)) {
      throw refused(
        poll,
        `${JSON.stringify(option)} is none of its options ${terms.options.map((name) => JSON.stringify(name)).join(", ")}`,
      );
    }
    this.#cast({ kind: "ballot", poll, voter, choice: { option }, isFinal: final });
  }

  /** Lets `voter`'s weight follow `delegate`. Errors: invalid-argument. */
  delegate(poll: string, voter: string, delegate: string, { final = false } = {}): void {
    const { terms } = this.#admit(poll, voter, final);
    if (delegate === voter || !Object.hasOwn(terms.electorate, delegate)) {
      throw refused(poll, `${JSON.stringify(delegate)} cannot vote for ${voter}; name another of its voters`);
    }
    this.#cast({ kind: "ballot", poll, voter, choice: { delegate }, isFinal: final });
  }

  /** What it comes to; `nowMs` says only whether the deadline has passed. Undefined where the id is unknown. */
  result(poll: string, nowMs = 0): PollResult | undefined {
    const read = this.#read().polls.get(poll);
    return read === undefined ? undefined : pollResult(read.listed, read.ballots, nowMs);
  }

  /** What stands for `voter`. */
  ballot(poll: string, voter: string): StandingBallot | undefined {
    return this.#read().polls.get(poll)?.ballots.get(voter);
  }

  /** All polls, oldest first. */
  polls(): ListedPoll[] {
    return [...this.#read().polls.values()].map(({ listed }) => listed);
  }

  /** Records that do not fit. */
  get malformed(): number {
    return this.#read().malformed;
  }

  #admit(poll: string, voter: string, isFinal: unknown): { terms: PollTerms } {
    const read = this.#read().polls.get(poll);
    if (read === undefined) throw refused(poll, "no poll of that id is known here");
    const through = Object.hasOwn(read.listed.electorate, voter)
      ? read.listed.electorate[voter]!.replica
      : undefined;
    if (through === undefined) throw refused(poll, `${JSON.stringify(voter)} has no vote in it`);
    if (through !== this.#place.replica.id) throw refused(poll, `${voter} votes through replica ${through}`);
    if (read.ballots.get(voter)?.isFinal === true) throw refused(poll, `${voter} has cast its final ballot`);
    if (typeof isFinal !== "boolean") throw refused(poll, "final is true or false");
    return { terms: read.listed };
  }

  #cast(record: BallotRecord): void {
    this.#place.log.append(record);
  }

  /** Polls first, as a ballot may carry an earlier time than its poll. */
  #read(): { readonly polls: Map<string, ReadPoll>; readonly malformed: number } {
    const polls = new Map<string, ReadPoll>();
    const cast: { readonly entry: LogEntry<CouncilRecord>; readonly record: BallotRecord }[] = [];
    let malformed = 0;
    for (const entry of this.#place.log.entries()) {
      const record = readCouncilRecord(entry.value);
      if (record === undefined) malformed++;
      else if (record.kind === "ballot") cast.push({ entry, record });
      else {
        const { kind: _, ...terms } = record;
        const id = pollId(entry);
        polls.set(id, { listed: { ...terms, id, timeMs: entry.timeMs }, ballots: new Map() });
      }
    }
    for (const { entry, record } of cast) {
      const poll = polls.get(record.poll);
      if (poll !== undefined) take(poll, entry, record);
    }
    return { polls, malformed };
  }
}

/** Entries of one replica come in the order it wrote them. */
function take({ listed, ballots }: ReadPoll, entry: LogEntry<CouncilRecord>, record: BallotRecord): void {
  const { voter, choice, isFinal } = record;
  if (!Object.hasOwn(listed.electorate, voter) || listed.electorate[voter]!.replica !== entry.replica) return;
  if (listed.deadlineMs !== undefined && entry.timeMs > listed.deadlineMs) return;
  if (ballots.get(voter)?.isFinal !== true) ballots.set(voter, { choice, isFinal });
}

function pollId({ replica, sequence }: { readonly replica: ReplicaId; readonly sequence: number }): string {
  return `${replica}-${sequence}`;
}

function refused(poll: string, reason: string): CrdtError {
  return new CrdtError("invalid-argument", `a ballot on ${String(poll)}: ${reason}`);
}
