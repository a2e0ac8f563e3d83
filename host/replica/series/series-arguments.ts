// What a series refuses before anything is written or read: bad points, ranges, counts and options. Messages name the
// place, the value and the limit. Cost: one look at each number.
import { CrdtError } from "../../errors.ts";

/** A column of numbers as callers have it. */
export type NumberColumn = ArrayLike<number>;

/** From when to when, in milliseconds, both inclusive; all of it where nothing is said. */
export interface TimeRange {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** A range without gaps in it: the least and the greatest time there can be stand for what was not said. */
export interface ClosedRange {
  readonly from: number;
  readonly to: number;
}

export const TIME_MAX = Number.MAX_SAFE_INTEGER;

export function checkLabel(label: unknown, call: string): asserts label is string {
  if (typeof label === "string") return;
  throw invalid(`${call}: the label is ${shown(label)}; labels of a series are strings`);
}

/** Refuses one point that cannot be kept; `place` tells where it stood. */
export function checkPoint(timeMs: unknown, value: unknown, call: string, place = ""): void {
  if (!Number.isSafeInteger(timeMs)) {
    throw invalid(
      `${call}: time ${shown(timeMs)}${place} is no integer within ±(2^53 − 1); give whole milliseconds`,
    );
  }
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw invalid(
      `${call}: value ${shown(value)}${place} is no measurement; give a number that is not NaN, or leave the point out`,
    );
  }
}

/** Refuses columns of unequal lengths and every point that cannot be kept. */
export function checkPoints(times: NumberColumn, values: NumberColumn, call: string): void {
  checkColumn(times, "times", call);
  checkColumn(values, "values", call);
  if (times.length !== values.length) {
    throw invalid(`${call}: ${times.length} times for ${values.length} values; give one each`);
  }
  for (let index = 0; index < times.length; index++) {
    const time = times[index];
    const value = values[index];
    if (!Number.isSafeInteger(time) || typeof value !== "number" || Number.isNaN(value)) {
      checkPoint(time, value, call, ` at index ${index}`);
    }
  }
}

/** Closes a range. An empty one (`from` above `to`) is allowed: nothing is in it. */
export function checkedRange({ from, to }: TimeRange, call: string): ClosedRange {
  return {
    from: from === undefined ? -TIME_MAX : checkedTime(from, "from", call),
    to: to === undefined ? TIME_MAX : checkedTime(to, "to", call),
  };
}

export function checkedTime(time: unknown, name: string, call: string): number {
  if (Number.isSafeInteger(time)) return time as number;
  throw invalid(`${call}: ${name} ${shown(time)} is no integer within ±(2^53 − 1); give whole milliseconds`);
}

/** A count from `least` on. */
export function checkedCount(count: unknown, name: string, call: string, least = 0): number {
  if (Number.isSafeInteger(count) && (count as number) >= least) return count as number;
  throw invalid(`${call}: ${name} ${shown(count)} is no count; give an integer from ${least}`);
}

export function checkedProbabilities(probabilities: readonly unknown[], call: string): readonly number[] {
  for (const [index, probability] of probabilities.entries()) {
    if (typeof probability === "number" && probability >= 0 && probability <= 1) continue;
    throw invalid(
      `${call}: probability ${shown(probability)} at index ${index} lies outside 0 to 1; 0.5 is the median`,
    );
  }
  return probabilities as readonly number[];
}

/** The labels asked for, each once in the order given; undefined where nothing is said. */
export function checkedLabels(
  labels: readonly unknown[] | undefined,
  call: string,
): readonly string[] | undefined {
  if (labels === undefined) return undefined;
  if (!Array.isArray(labels)) throw invalid(`${call}: labels is ${shown(labels)}; give an array of strings`);
  for (const label of labels) checkLabel(label, call);
  return [...new Set(labels as readonly string[])];
}

/** One of `choices`. */
export function checkedChoice<Choice extends string>(
  choice: unknown,
  choices: readonly Choice[],
  name: string,
  call: string,
): Choice {
  const found = choices.find((known) => known === choice);
  if (found !== undefined) return found;
  throw invalid(`${call}: ${name} is ${shown(choice)}; give one of ${choices.join(", ")}`);
}

function checkColumn(column: unknown, name: string, call: string): void {
  if (Array.isArray(column) || (ArrayBuffer.isView(column) && !(column instanceof DataView))) return;
  throw invalid(`${call}: ${name} is ${shown(column)}; give an array or a typed array of numbers`);
}

function invalid(message: string): CrdtError {
  return new CrdtError("invalid-argument", message);
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return Array.isArray(value) ? "an array" : String(value);
}
