// What a document says about one round: a pure function of its records, so that replicas which hold the same records agree.
// A closing record names the updates that count, and freezes the round: what comes later is reported as late and changes
// nothing. Two different updates of one participant are both left out of what a closing record may name next.
import type { CloseRule } from "./settings.ts";
import type { ClosingRecord, UpdateRecord } from "./update-record.ts";
import type { UpdateFault } from "./update-store.ts";

export type ContributionState =
  /** Whole and good; counts when the round closes. */
  | "ready"
  /** Named by the closing record. */
  | "included"
  /** Not named by the closing record. */
  | "late"
  /** The participant gave another update for this round as well. */
  | "equivocation"
  /** Made from another model than the one the round starts from. */
  | "other-base"
  | UpdateFault;

export interface RoundContribution {
  readonly participant: string;
  readonly digest: string;
  readonly examples: number;
  readonly state: ContributionState;
}

export interface RoundView {
  readonly round: number;
  /** What the round was closed with; undefined while it is open. */
  readonly closing: ClosingRecord | undefined;
  /** By participant, then digest. */
  readonly contributions: readonly RoundContribution[];
}

/** The closing record that counts: of several by a quorum the longest, then the least by its digests. */
export function chosenClosing(
  records: readonly ClosingRecord[],
  rule: CloseRule,
  creator: string,
): ClosingRecord | undefined {
  const valid = records.filter(({ closer, digests }) =>
    rule.kind === "creator" ? closer === creator : digests.length >= rule.contributions,
  );
  return [...valid].sort(compareClosings)[0];
}

function compareClosings(left: ClosingRecord, right: ClosingRecord): number {
  if (left.digests.length !== right.digests.length) return right.digests.length - left.digests.length;
  return compareTexts(left.digests.join(), right.digests.join());
}

export const compareTexts = (left: string, right: string): number =>
  left < right ? -1 : left > right ? 1 : 0;

/** The one order in which the updates of a round are looked at and added. */
export const compareRecords = (left: UpdateRecord, right: UpdateRecord): number =>
  compareTexts(left.participant, right.participant) || compareTexts(left.digest, right.digest);

/** Participants with more than one update among `records`. */
export function equivocators(records: readonly UpdateRecord[]): Set<string> {
  const digests = new Map<string, string>();
  const found = new Set<string>();
  for (const { participant, digest } of records) {
    if ((digests.get(participant) ?? digest) !== digest) found.add(participant);
    digests.set(participant, digest);
  }
  return found;
}

/** Judges the records of one round. `base` is the digest of the model it starts from, undefined where that is not known. */
export function viewRound(
  round: number,
  records: readonly UpdateRecord[],
  closing: ClosingRecord | undefined,
  base: string | undefined,
  judge: (record: UpdateRecord) => Float32Array | UpdateFault,
): RoundView {
  const named = new Set(closing?.digests);
  // A closing record that names both updates of a participant names neither.
  const twice = equivocators(
    closing === undefined ? records : records.filter(({ digest }) => named.has(digest)),
  );
  const everywhere = equivocators(records);
  const contributions = [...records].sort(compareRecords).map((record): RoundContribution => {
    const { participant, digest, examples } = record;
    const stateOf = (): ContributionState => {
      if (twice.has(participant)) return "equivocation";
      if (closing !== undefined && !named.has(digest))
        return everywhere.has(participant) ? "equivocation" : "late";
      const judged = judge(record);
      if (typeof judged === "string") return judged;
      if (base !== undefined && record.base !== base) return "other-base";
      return closing === undefined ? "ready" : "included";
    };
    return { participant, digest, examples, state: stateOf() };
  });
  return { round, closing, contributions };
}
