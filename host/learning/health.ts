// One figure for how well a system does, out of signals that are measured elsewhere: each is put between the value at which
// all is well and the one at which it fails, and the figure is their geometric mean, so that it falls with every one of them
// and stays near 0 while one has failed. A signal that is not known is left out and named; with none known the figure is
// unknown, never a constant. A pure function.
import { CrdtError } from "../errors.ts";

export interface HealthSignal {
  readonly name: string;
  /** What was measured; undefined where nothing was. */
  readonly value: number | undefined;
  /** At this value, or beyond it away from `failed`, all is well. */
  readonly well: number;
  /** At this value, or beyond it, it has failed. */
  readonly failed: number;
}

export interface Health {
  /** Above 0, up to 1; undefined while nothing is known. */
  readonly value: number | undefined;
  /** The signal that is worst off. */
  readonly worst: string | undefined;
  readonly unknown: readonly string[];
}

/** What a failed signal counts, so that two failures are worse than one. */
const FAILED = 0.0001;

/** Errors: invalid-argument for a signal whose bounds are the same. */
export function healthOf(signals: readonly HealthSignal[]): Health {
  let [logarithms, known, least] = [0, 0, Number.POSITIVE_INFINITY];
  let worst: string | undefined;
  const unknown: string[] = [];
  for (const signal of signals) {
    const score = scoreOf(signal);
    if (score === undefined) {
      unknown.push(signal.name);
      continue;
    }
    known++;
    logarithms += Math.log(score);
    if (score < least) [least, worst] = [score, signal.name];
  }
  return { value: known === 0 ? undefined : Math.exp(logarithms / known), worst, unknown };
}

function scoreOf({ name, value, well, failed }: HealthSignal): number | undefined {
  if (!Number.isFinite(well - failed) || well === failed) {
    throw new CrdtError(
      "invalid-argument",
      `${name} is well at ${well} and failed at ${failed}: give two numbers`,
    );
  }
  if (value === undefined || Number.isNaN(value)) return undefined;
  const share = (value - failed) / (well - failed);
  return Math.max(FAILED, Math.min(1, share));
}
