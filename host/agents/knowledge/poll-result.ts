// What the ballots of a poll come to, as a pure function of them. A delegation follows the delegate's choice, over as
// many steps as it takes; in a circle the weight goes to nobody. What is final (a voter's first final ballot, and for a
// delegation all ballots on the way) only grows: so `decided` and `impossible` are never taken back. Ballots that may
// still change show in the provisional weights and decide nothing. Cost: of each voter its way, walked once.
import type { PollTerms } from "./poll-record.ts";

/** What stands for a voter. */
export interface StandingBallot {
  readonly choice: { readonly option: string } | { readonly delegate: string };
  readonly isFinal: boolean;
}

export interface OptionWeights {
  readonly option: string;
  /** Weight that stays here whatever comes. */
  readonly final: number;
  /** Final weight and that of ballots which may still change. */
  readonly provisional: number;
}

export interface PollResult {
  /**
   * `decided` and `impossible` stand for ever. `provisional`: an option leads and the quorum is there, but ballots
   * that are out or may change could turn it. `open`: not even that.
   */
  readonly status: "open" | "provisional" | "decided" | "impossible";
  /** Where decided, what; where provisional, what leads. */
  readonly option?: string;
  readonly options: readonly OptionWeights[];
  readonly total: number;
  /** Weight that takes part: finally, and as things stand. */
  readonly participation: { readonly final: number; readonly provisional: number };
  /** Weight whose delegations lead in a circle. */
  readonly circular: number;
  readonly isPastDeadline: boolean;
}

/** Where a voter's weight ends: at an option, in a circle, or nowhere yet. */
interface End {
  readonly option?: string;
  readonly isCircle: boolean;
  readonly isFinal: boolean;
}

const NOWHERE: End = { isCircle: false, isFinal: false };

export function pollResult(
  terms: PollTerms,
  ballots: ReadonlyMap<string, StandingBallot>,
  nowMs: number,
): PollResult {
  const ends = endsOf(terms, ballots);
  const rows = new Map(terms.options.map((option) => [option, { final: 0, provisional: 0 }]));
  const participation = { final: 0, provisional: 0 };
  let total = 0;
  let circular = 0;
  let lost = 0;
  for (const [voter, { weight }] of Object.entries(terms.electorate)) {
    total += weight;
    const end = ends.get(voter) ?? NOWHERE;
    if (end.isCircle) {
      circular += weight;
      if (end.isFinal) lost += weight;
    }
    const row = end.option === undefined ? undefined : rows.get(end.option);
    if (row === undefined) continue;
    row.provisional += weight;
    participation.provisional += weight;
    if (!end.isFinal) continue;
    row.final += weight;
    participation.final += weight;
  }
  const options = terms.options.map((option) => ({ option, ...rows.get(option)! }));
  const outstanding = total - participation.final - lost;
  const isPastDeadline = terms.deadlineMs !== undefined && nowMs > terms.deadlineMs;
  return {
    ...verdict(terms, options, { total, outstanding, ...participation }),
    options,
    total,
    participation,
    circular,
    isPastDeadline,
  };
}

interface Weights {
  readonly total: number;
  readonly outstanding: number;
  readonly final: number;
  readonly provisional: number;
}

function verdict(
  { quorum, rule }: PollTerms,
  options: readonly OptionWeights[],
  { total, outstanding, final, provisional }: Weights,
): Pick<PollResult, "status" | "option"> {
  const [first, second] = ranked(options, "final");
  const needed = Math.floor(total / 2) + 1;
  const isWon =
    rule === "majority" ? first!.final >= needed : first!.final > (second?.final ?? 0) + outstanding;
  if (isWon && final >= quorum && first!.final > 0) return { status: "decided", option: first!.option };
  const isOut =
    rule === "majority"
      ? first!.final + outstanding < needed
      : outstanding === 0 && first!.final <= (second?.final ?? 0);
  if (isOut || final + outstanding < quorum) return { status: "impossible" };
  const [leader, follower] = ranked(options, "provisional");
  if (provisional < quorum || leader!.provisional <= (follower?.provisional ?? 0)) return { status: "open" };
  if (rule === "majority" && leader!.provisional < needed) return { status: "open" };
  return { status: "provisional", option: leader!.option };
}

/** Greatest first, of equals the one named first. */
function ranked(options: readonly OptionWeights[], by: "final" | "provisional"): OptionWeights[] {
  return [...options].sort((left, right) => right[by] - left[by]);
}

/** Follows every delegation to its end, each voter once. */
function endsOf(
  { electorate, options }: PollTerms,
  ballots: ReadonlyMap<string, StandingBallot>,
): Map<string, End> {
  const known = new Set(options);
  const ends = new Map<string, End>();
  for (const start of Object.keys(electorate)) {
    const way: string[] = [];
    const onWay = new Set<string>();
    let end: End | undefined;
    for (let voter = start; end === undefined; ) {
      const ballot = ballots.get(voter);
      end = ends.get(voter);
      if (end !== undefined) break;
      if (onWay.has(voter)) {
        end = { isCircle: true, isFinal: isFinalCircle(way, way.indexOf(voter), ballots) };
        break;
      }
      way.push(voter);
      onWay.add(voter);
      if (ballot === undefined) end = NOWHERE;
      else if ("delegate" in ballot.choice) {
        if (!Object.hasOwn(electorate, ballot.choice.delegate)) end = NOWHERE;
        voter = ballot.choice.delegate;
      } else if (known.has(ballot.choice.option)) {
        end = { option: ballot.choice.option, isCircle: false, isFinal: true };
      } else end = NOWHERE;
    }
    // Backwards: a way is final as far as every ballot on it is.
    for (let step = way.length - 1; step >= 0; step--) {
      const isFinal: boolean = end.isFinal && ballots.get(way[step]!)?.isFinal === true;
      end = isFinal === end.isFinal ? end : { ...end, isFinal };
      ends.set(way[step]!, end);
    }
  }
  return ends;
}

function isFinalCircle(
  way: readonly string[],
  from: number,
  ballots: ReadonlyMap<string, StandingBallot>,
): boolean {
  return way.slice(from).every((voter) => ballots.get(voter)?.isFinal === true);
}
