// Rules that make one value of several concurrent ones. A rule is a pure function of the candidates in their canonical
// order (replica id, then sequence), so it gives the same on every replica. Cost: a pass over the candidates.
import { encodeValue } from "../../wire/value-codec.ts";
import { type Candidate, latestOf } from "../candidate.ts";
import { latin1Image } from "../entries-export.ts";

/** Asked only where there are two candidates or more. It may use nothing but them: no clock, no chance, no state. */
export type ResolveRule<T> = (candidates: readonly Candidate<T>[]) => T;

/** By what two rules are the same; a rule that is not listed is the same as itself. */
const identities = new WeakMap<object, string>();

/** What tells this rule from others: equal rules have equal ones. */
export function ruleIdentity(rule: object): unknown {
  return identities.get(rule) ?? rule;
}

/** The value that was written last. */
export function latest<T>(): ResolveRule<T> {
  return takeLatest as ResolveRule<T>;
}

/** The value that stands first in `order`; of equals, and of values not in it, the latest. Errors: invalid-value. */
export function priority<T>(order: readonly T[]): ResolveRule<T> {
  const ranks = new Map(order.map((value, rank) => [latin1Image(encodeValue(value)), rank]));
  const rule: ResolveRule<T> = (candidates) => {
    const ranked = candidates.map((candidate) => ranks.get(latin1Image(encodeValue(candidate.value))));
    const best = Math.min(...ranked.map((rank) => rank ?? order.length));
    return latestOf(candidates.filter((_, index) => (ranked[index] ?? order.length) === best)).value;
  };
  identities.set(rule, `priority ${latin1Image(encodeValue(order))}`);
  return rule;
}

/** The sum of numbers, added in canonical order. */
export function sum(): ResolveRule<number> {
  return takeSum;
}

/** The least number; −0 is below 0. */
export function minimumOf(): ResolveRule<number> {
  return takeMinimum;
}

/** The greatest number; 0 is above −0. */
export function maximumOf(): ResolveRule<number> {
  return takeMaximum;
}

/** The items of all arrays, each once, in the order of their first appearance. */
export function union<T>(): ResolveRule<readonly T[]> {
  return takeUnion as ResolveRule<readonly T[]>;
}

const takeLatest: ResolveRule<unknown> = (candidates) => latestOf(candidates).value;

const takeSum: ResolveRule<number> = (candidates) => {
  return candidates.reduce((total, candidate) => total + numberOf(candidate, "sum"), 0);
};

const takeMinimum: ResolveRule<number> = (candidates) => {
  const numbers = candidates.map((candidate) => numberOf(candidate, "minimumOf"));
  return numbers.reduce((least, value) => (isBelow(value, least) ? value : least));
};

const takeMaximum: ResolveRule<number> = (candidates) => {
  const numbers = candidates.map((candidate) => numberOf(candidate, "maximumOf"));
  return numbers.reduce((greatest, value) => (isBelow(greatest, value) ? value : greatest));
};

const takeUnion: ResolveRule<readonly unknown[]> = (candidates) => {
  const items = new Map<string, unknown>();
  for (const { value } of candidates) {
    if (!Array.isArray(value)) throw new TypeError(`union takes arrays, not ${typeof value}`);
    for (const item of value) {
      const image = latin1Image(encodeValue(item));
      if (!items.has(image)) items.set(image, item);
    }
  }
  return Object.freeze([...items.values()]);
};

function numberOf({ value }: Candidate<unknown>, rule: string): number {
  if (typeof value === "number" && !Number.isNaN(value)) return value;
  throw new TypeError(`${rule} takes numbers, not ${typeof value === "number" ? "NaN" : typeof value}`);
}

function isBelow(left: number, right: number): boolean {
  return left < right || (Object.is(left, -0) && Object.is(right, 0));
}
