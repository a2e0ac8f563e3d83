// What a vote writes into its log: proposals and ballots. Reading checks the whole shape: records of other programs
// that do not fit are undefined here, and ignored alike everywhere.
import { CrdtError } from "../../errors.ts";
import { REPLICAS_MAX, VOTE_OPTIONS_MAX } from "../../limits.ts";
import { isReplicaId, type ReplicaId } from "../../wire/replica-id.ts";

/** What is voted on, by whom, and when it is decided. */
export interface Proposal {
  readonly options: readonly string[];
  /** The weight of each replica that may vote, an integer from 1. */
  readonly electorate: { readonly [replica: string]: number };
  /** The weight that decides: more than half of all, so that no two options can reach it. */
  readonly threshold: number;
  /** Ballots cast later do not count; in milliseconds. */
  readonly deadlineMs?: number;
}

export interface ProposalRecord extends Proposal {
  readonly kind: "proposal";
}

export interface BallotRecord {
  readonly kind: "ballot";
  readonly proposal: string;
  readonly option: string;
  readonly final: boolean;
}

/** The name of the proposal that an entry made: its dot. */
export function proposalId(replica: ReplicaId, sequence: number): string {
  return `${replica}-${sequence}`;
}

/** The record in `value`; undefined where there is none. */
export function readBallotRecord(value: unknown): ProposalRecord | BallotRecord | undefined {
  if (!isObject(value)) return undefined;
  if (value.kind === "ballot") return isBallot(value) ? value : undefined;
  if (value.kind !== "proposal" || faultOf(value) !== undefined) return undefined;
  return value as unknown as ProposalRecord;
}

/** The proposal as it is logged; a copy. Errors: invalid-argument. */
export function checkProposal(proposal: Proposal): ProposalRecord {
  const fault = isObject(proposal) ? faultOf(proposal) : "it is no object";
  if (fault !== undefined) throw new CrdtError("invalid-argument", `a proposal: ${fault}`);
  const { options, electorate, threshold, deadlineMs } = proposal;
  return {
    kind: "proposal",
    options: [...options],
    electorate: { ...electorate },
    threshold,
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  };
}

export function totalWeight(electorate: Proposal["electorate"]): number {
  return Object.values(electorate).reduce((total, weight) => total + weight, 0);
}

function faultOf({
  options,
  electorate,
  threshold,
  deadlineMs,
}: Record<string, unknown>): string | undefined {
  if (!Array.isArray(options) || options.length === 0 || options.length > VOTE_OPTIONS_MAX) {
    return `it takes 1 to ${VOTE_OPTIONS_MAX} options`;
  }
  if (!options.every((option) => typeof option === "string") || new Set(options).size < options.length) {
    return "its options are texts, each once";
  }
  if (!isObject(electorate)) return "its electorate is an object of replica ids and weights";
  const voters = Object.entries(electorate);
  if (voters.length === 0 || voters.length > REPLICAS_MAX) return `it takes 1 to ${REPLICAS_MAX} voters`;
  for (const [replica, weight] of voters) {
    if (!isReplicaId(replica)) return `${JSON.stringify(replica)} is no replica id`;
    if (!isPositive(weight)) return `the weight of ${replica} is ${String(weight)}; give an integer from 1`;
  }
  const total = totalWeight(electorate as Proposal["electorate"]);
  if (!Number.isSafeInteger(total)) return "its weights together leave 2^53 − 1";
  if (!isPositive(threshold) || threshold > total || threshold <= total / 2) {
    return `its threshold is ${String(threshold)}; of ${total} it takes more than half, and at most all`;
  }
  if (deadlineMs === undefined || (Number.isSafeInteger(deadlineMs) && (deadlineMs as number) >= 0)) return;
  return `its deadline is ${String(deadlineMs)}; give whole milliseconds`;
}

function isBallot(value: Record<string, unknown>): value is Record<string, unknown> & BallotRecord {
  const { proposal, option, final } = value;
  return typeof proposal === "string" && typeof option === "string" && typeof final === "boolean";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

function isPositive(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
