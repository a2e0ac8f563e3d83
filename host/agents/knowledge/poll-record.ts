// What a council of agents writes into its log: polls and ballots. An agent votes through one replica, so that
// its ballots are seen without holes and in one order. Records come from any version of any peer: one that does not fit
// is undefined here, counted, and ignored alike everywhere.
import { POLL_VOTERS_MAX, VOTE_OPTIONS_MAX } from "../../limits.ts";
import { isReplicaId, type ReplicaId } from "../../wire/replica-id.ts";

export interface Voter {
  readonly weight: number;
  /** The replica whose ballots for it count. */
  readonly replica: ReplicaId;
}

export interface PollTerms {
  readonly question: string;
  readonly options: readonly string[];
  /** By agent id. */
  readonly electorate: { readonly [agent: string]: Voter };
  /** The weight that must take part; 0 for none. */
  readonly quorum: number;
  /**
   * `majority`: an option decides with more than half of all weight. `lead`: with more than any other could still get.
   */
  readonly rule: "majority" | "lead";
  /** Ballots with a later time do not count; in milliseconds. */
  readonly deadlineMs?: number;
}

export interface PollRecord extends PollTerms {
  readonly kind: "poll";
}

export interface BallotRecord {
  readonly kind: "ballot";
  readonly poll: string;
  readonly voter: string;
  /** An option, or the agent whose choice is to be this one's too. */
  readonly choice: { readonly option: string } | { readonly delegate: string };
  readonly isFinal: boolean;
}

export type CouncilRecord = PollRecord | BallotRecord;

type Fields = { readonly [name: string]: unknown };

export function readCouncilRecord(value: unknown): CouncilRecord | undefined {
  if (!isObject(value)) return undefined;
  if (value.kind === "ballot") return isBallot(value) ? (value as unknown as BallotRecord) : undefined;
  if (value.kind !== "poll" || pollFault(value) !== undefined) return undefined;
  return value as unknown as PollRecord;
}

export function pollFault(terms: unknown): string | undefined {
  if (!isObject(terms)) return "it is no object";
  const { question, options, electorate, quorum, rule, deadlineMs } = terms;
  if (typeof question !== "string") return "its question is no text";
  if (!Array.isArray(options) || options.length === 0 || options.length > VOTE_OPTIONS_MAX) {
    return `it takes 1 to ${VOTE_OPTIONS_MAX} options`;
  }
  if (!options.every((option) => typeof option === "string") || new Set(options).size < options.length) {
    return "its options are texts, each once";
  }
  if (rule !== "majority" && rule !== "lead") return `its rule is ${String(rule)}; give "majority" or "lead"`;
  if (!isObject(electorate)) return "its electorate is an object of agents";
  const voters = Object.values(electorate);
  if (voters.length === 0 || voters.length > POLL_VOTERS_MAX)
    return `it takes 1 to ${POLL_VOTERS_MAX} voters`;
  let total = 0;
  for (const voter of voters) {
    if (!isObject(voter) || !isWhole(voter.weight) || voter.weight === 0 || !isReplicaId(voter.replica)) {
      return "each voter has a weight, an integer from 1, and the id of a replica it votes through";
    }
    total += voter.weight as number;
  }
  if (!Number.isSafeInteger(total)) return "its weights together leave 2^53 − 1";
  if (!isWhole(quorum) || (quorum as number) > total) return `its quorum is not within 0 and ${total}`;
  return deadlineMs === undefined || isWhole(deadlineMs) ? undefined : "its deadline is no time";
}

function isBallot({ poll, voter, choice, isFinal }: Fields): boolean {
  if (typeof poll !== "string" || typeof voter !== "string" || typeof isFinal !== "boolean") return false;
  return isObject(choice) && (typeof choice.option === "string" || typeof choice.delegate === "string");
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
