// Whether members that fell silent have crashed or were cut off, as a probability. Nobody can know from silence alone;
// what can be weighed is that several fell silent together, how their connections ended, and whether anybody still
// hears them. Odds are multiplied, as Bayes has it, under the priors below. Pure.

export interface SilenceEvidence {
  /** Members that fell silent together and kept connections to each other. */
  readonly members: number;
  /** Between the first and the last of them. */
  readonly spreadMs: number;
  /** Of them, how many had a connection to us that was closed rather than fell silent: a process that ends closes its own. */
  readonly closed: number;
  /** Of them, how many some observer has heard since. */
  readonly heardElsewhere: number;
  /** Whether they are everybody of one region or more. */
  readonly areWholeRegions: boolean;
}

/** A cut is as frequent as the crash of one member: once a day each. Only their ratio to the spread matters. */
const EVENT_EVERY_MS = 86_400_000;
/** Losses cannot be told apart in time below this: probing takes turns. */
const SPREAD_MS_MIN = 10_000;
/** One crash in so many takes more than one member with it: a rack, a roll-out. */
const COMMON_CRASH_SHARE = 0.05;
/** Connections that are closed speak for a crash by so much each, up to three times. */
const CLOSED_FACTOR = 0.05;
const CLOSED_COUNTED_MAX = 3;
/** A whole region is rather behind one cable than in one process. */
const REGION_FACTOR = 2;
/** Somebody who is heard lives. */
const HEARD_FACTOR = 1_000;

/** The probability that they are cut off rather than crashed. */
export function cutProbability(evidence: SilenceEvidence): number {
  const { members, spreadMs, closed, heardElsewhere, areWholeRegions } = evidence;
  if (members === 0) return 0;
  const chance = Math.max(spreadMs, SPREAD_MS_MIN) / EVENT_EVERY_MS;
  // One after another by themselves, or together for one reason.
  const crashes = Math.min(1, chance ** (members - 1) + (members > 1 ? COMMON_CRASH_SHARE : 0));
  let odds = 1 / crashes;
  odds *= CLOSED_FACTOR ** Math.min(closed, CLOSED_COUNTED_MAX);
  if (areWholeRegions) odds *= REGION_FACTOR;
  if (heardElsewhere > 0) odds *= HEARD_FACTOR;
  return odds / (1 + odds);
}
