// What a schema may say about what a series forgets, and what is refused of it. How it is done: retention.ts.
import { CrdtError } from "../../errors.ts";
import { checkedCount } from "./series-arguments.ts";

export interface SeriesRetention {
  /** Of each label the newest so many points by time, and those that share the time of the last of these. */
  readonly points?: number;
  /** Points at most so many milliseconds older than the clock when one is appended; up to a sixteenth more may stay. */
  readonly ageMs?: number;
}

/** Errors: invalid-argument. */
export function checkRetention(retain: SeriesRetention | undefined): SeriesRetention {
  if (retain === undefined) return {};
  if (typeof retain !== "object" || retain === null) {
    throw new CrdtError("invalid-argument", `series: retain is ${String(retain)}; give { points, ageMs }`);
  }
  const { points, ageMs } = retain;
  return Object.freeze({
    ...(points !== undefined && { points: checkedCount(points, "retain.points", "series", 1) }),
    ...(ageMs !== undefined && { ageMs: checkedCount(ageMs, "retain.ageMs", "series", 1) }),
  });
}
