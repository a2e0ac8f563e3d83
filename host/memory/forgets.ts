// What was forgotten, without what it said: marks that name records, or all of a place, and which of each other they had
// seen. A record that a mark names is gone for good, also where somebody edits it at the same time. A record at a place
// whose forgetting its writer had not seen is gone too, also where it was written at the same time; what is written after
// seeing the mark stays. Clocks decide nothing. Marks are never removed: they are the audit, and what keeps a replica that
// was away from bringing the dead back.
import { type Place, SEPARATOR } from "./scope.ts";
import { isName, isNames, isTime } from "./turn-record.ts";

export type StoredForget = {
  /** When, by whom (a replica), and why. */
  m: number;
  b: string;
  y: string;
  /** Records it names; where there are none, all of the place. */
  i?: string[];
  /** The place: agent, run, session; left out, all. */
  a?: string;
  r?: string;
  s?: string;
  /** How many records went where it was made. */
  n: number;
  /** The latest forgets that its maker had seen. */
  h?: string[];
};

/** What the audit says of one forgetting. */
export interface ForgetRecord {
  readonly id: string;
  readonly timeMs: number;
  /** The replica that did it. */
  readonly replica: string;
  readonly reason: string;
  /** Records it named; undefined where it took all of a place. */
  readonly records: readonly string[] | undefined;
  readonly agent: string | undefined;
  readonly run: string | undefined;
  readonly session: string | undefined;
  /** How many records went where it was made. */
  readonly count: number;
}

export function readStoredForget(value: unknown): StoredForget | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { m, b, y, i, a, r, s, n, h } = value as Partial<Record<keyof StoredForget, unknown>>;
  const hasNames =
    isName(b) && typeof y === "string" && [a, r, s].every((name) => name === undefined || isName(name));
  const hasLists = (i === undefined || isNames(i)) && (h === undefined || isNames(h));
  return hasNames && hasLists && isTime(m) && isTime(n) ? (value as StoredForget) : undefined;
}

export function forgetRecordOf(id: string, stored: StoredForget): ForgetRecord {
  const { m, b, y, i, a, r, s, n } = stored;
  return { id, timeMs: m, replica: b, reason: y, records: i, agent: a, run: r, session: s, count: n };
}

export class Forgets {
  readonly #marks = new Map<string, StoredForget>();
  readonly #records = new Set<string>();
  readonly #places: [id: string, mark: StoredForget][] = [];
  /** By what a record's writer had seen, joined: the forgets that includes. */
  readonly #seen = new Map<string, ReadonlySet<string>>();

  /** Says whether it is new. */
  add(id: string, mark: StoredForget): boolean {
    if (this.#marks.has(id)) return false;
    this.#marks.set(id, mark);
    for (const record of mark.i ?? []) this.#records.add(record);
    if (mark.i === undefined) this.#places.push([id, mark]);
    this.#seen.clear();
    return true;
  }

  /** The latest forgets of places: those that no other has seen. What is written now carries them. */
  latest(): string[] {
    const seenByOthers = new Set(this.#places.flatMap(([id, { h = [] }]) => h.filter((head) => head !== id)));
    const ids = this.#places.map(([id]) => id).sort();
    const latest = ids.filter((id) => !seenByOthers.has(id));
    const seen = this.#closure(latest);
    // Marks that say to have seen each other are no maker's: without them what is written now would be gone at once.
    for (const id of ids) {
      if (seen.has(id)) continue;
      latest.push(id);
      for (const before of this.#closure([id])) seen.add(before);
    }
    return latest;
  }

  /** Whether something that is no record is gone: named, or of an owner forgotten as a whole, since its place is not known. */
  isRubbishForgotten(id: string, seen: readonly string[] | undefined): boolean {
    if (this.#records.has(id)) return true;
    return this.#places.some(([forget, { a, r, s }]) => {
      const isWhole = a === undefined && r === undefined && s === undefined;
      return isWhole && !this.#hasSeen(seen).has(forget);
    });
  }

  /** Whether a record is gone: named, or of a forgotten place. `session` is undefined for what belongs to none. */
  isForgotten(
    id: string,
    place: Place,
    session: string | undefined,
    seen: readonly string[] | undefined,
  ): boolean {
    if (this.#records.has(id)) return true;
    for (const [forget, mark] of this.#places) {
      if (covers(mark, place, session) && !this.#hasSeen(seen).has(forget)) return true;
    }
    return false;
  }

  #hasSeen(heads: readonly string[] = []): ReadonlySet<string> {
    const key = heads.join(SEPARATOR);
    let seen = this.#seen.get(key);
    if (seen === undefined) {
      seen = this.#closure(heads);
      this.#seen.set(key, seen);
    }
    return seen;
  }

  #closure(heads: readonly string[]): Set<string> {
    const seen = new Set<string>();
    const open = [...heads];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (seen.has(id)) continue;
      seen.add(id);
      for (const before of this.#marks.get(id)?.h ?? []) open.push(before);
    }
    return seen;
  }
}

function covers({ a, r, s }: StoredForget, { agent, run }: Place, session: string | undefined): boolean {
  return (
    (a === undefined || a === agent) && (r === undefined || r === run) && (s === undefined || s === session)
  );
}
