// Facts: what holds of a subject, from when to when, and since when that is known. A newer fact about the same thing ends
// the older one where it begins; both stay, and what held at a time is asked with `asOf`, what was known then with `knownAt`.
// When a fact ends is computed, never written, so replicas that wrote at the same time agree.
import { TURN_TEXT_LENGTH_MAX } from "../limits.ts";
import { checkName, type Place, type Scope, scopeAt } from "./scope.ts";
import { checkText, isName, isNames, isOptionalTime, isTime, placeOfStored, refused } from "./turn-record.ts";

export interface NewFact {
  readonly subject: string;
  readonly predicate: string;
  readonly object: string;
  /** Since when it holds; now unless given. */
  readonly validFromMs?: number;
  /** Until when, where that is known. */
  readonly validToMs?: number;
  /** Where it comes from: the id of a turn, or a name. */
  readonly source?: string;
  /** Whether others about the same subject and predicate hold beside it; they end where it begins unless given. */
  readonly isOneOfMany?: boolean;
}

export interface Fact {
  readonly id: string;
  readonly scope: Scope;
  readonly subject: string;
  readonly predicate: string;
  readonly object: string;
  readonly validFromMs: number;
  /** When it ended, or is known to end; undefined while it holds. */
  readonly validToMs: number | undefined;
  readonly recordedMs: number;
  readonly source: string | undefined;
  /** The fact that ended it. */
  readonly supersededBy: string | undefined;
}

export type StoredFact = {
  /** Subject, predicate, object; valid from and to; recorded at. */
  s: string;
  p: string;
  o: string;
  v: number;
  u?: number;
  m: number;
  /** Source; one of many; agent, run; the latest forgets that its writer had seen. */
  c?: string;
  k?: boolean;
  a?: string;
  r?: string;
  h?: string[];
};

/** Errors: invalid-argument, limit-exceeded. */
export function storedFact(fact: NewFact, place: Place, nowMs: number, seen: readonly string[]): StoredFact {
  checkName(fact.subject, "fact.subject");
  checkName(fact.predicate, "fact.predicate");
  checkText(fact.object);
  const { validFromMs = nowMs, validToMs, source, isOneOfMany = false } = fact;
  if (!isTime(validFromMs)) throw refused("fact.validFromMs", validFromMs, "give milliseconds since 1970");
  if (validToMs !== undefined && !(isTime(validToMs) && validToMs >= validFromMs)) {
    throw refused("fact.validToMs", validToMs, "give milliseconds since 1970, not before it begins");
  }
  if (source !== undefined) checkName(source, "fact.source");
  return {
    s: fact.subject,
    p: fact.predicate,
    o: fact.object,
    v: validFromMs,
    ...(validToMs === undefined ? {} : { u: validToMs }),
    m: nowMs,
    ...(source === undefined ? {} : { c: source }),
    ...(isOneOfMany ? { k: true } : {}),
    ...(place.agent === "" ? {} : { a: place.agent }),
    ...(place.run === "" ? {} : { r: place.run }),
    ...(seen.length === 0 ? {} : { h: [...seen] }),
  };
}

/** The stored fact, or undefined where `value` is none. */
export function readStoredFact(value: unknown): StoredFact | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { s, p, o, v, u, m, c, k, a, r, h } = value as Partial<Record<keyof StoredFact, unknown>>;
  const isSaid = isName(s) && isName(p) && typeof o === "string" && o.length <= TURN_TEXT_LENGTH_MAX;
  const hasNames = [c, a, r].every((name) => name === undefined || isName(name));
  const hasTimes = isTime(v) && isTime(m) && isOptionalTime(u);
  const hasRest = (k === undefined || typeof k === "boolean") && (h === undefined || isNames(h));
  return isSaid && hasNames && hasTimes && hasRest ? (value as StoredFact) : undefined;
}

/** Facts with their ends, by subject, predicate, when they begin, when they were recorded, and id. */
export function factsOf(
  stored: Iterable<readonly [string, StoredFact]>,
  scope: Scope,
  knownAtMs: number,
): Fact[] {
  const known = [...stored].filter(([, fact]) => fact.m <= knownAtMs).sort(compare);
  return known.map(([id, fact], index) => {
    const next = fact.k === true ? undefined : known[index + 1];
    const isEnded = next !== undefined && isAboutTheSame(fact, next[1]);
    const ends = [fact.u, isEnded ? next[1].v : undefined].filter((end) => end !== undefined);
    return {
      id,
      scope: scopeAt(scope, placeOfStored(fact)),
      subject: fact.s,
      predicate: fact.p,
      object: fact.o,
      validFromMs: fact.v,
      validToMs: ends.length === 0 ? undefined : Math.min(...ends),
      recordedMs: fact.m,
      source: fact.c,
      supersededBy: isEnded ? next[0] : undefined,
    };
  });
}

/** Whether a fact holds at a time. */
export function holdsAt({ validFromMs, validToMs }: Fact, timeMs: number): boolean {
  return validFromMs <= timeMs && (validToMs === undefined || timeMs < validToMs);
}

/** One text for what a fact is about: those about the same thing at the same place share it. */
const aboutOf = ({ a = "", r = "", s, p, k }: StoredFact): string =>
  [a, r, s, p, k === true ? "k" : ""].join("\u0000");
const isAboutTheSame = (fact: StoredFact, other: StoredFact): boolean => aboutOf(fact) === aboutOf(other);

function compare(
  [id, fact]: readonly [string, StoredFact],
  [otherId, other]: readonly [string, StoredFact],
): number {
  const [about, otherAbout] = [aboutOf(fact), aboutOf(other)];
  if (about !== otherAbout) return about < otherAbout ? -1 : 1;
  return fact.v - other.v || fact.m - other.m || (id < otherId ? -1 : 1);
}
