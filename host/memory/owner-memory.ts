// The memory of one owner: a document, and an index of it that follows its changes by increments. Changes are only noted when
// they come; the index takes them in before the next read, so adding costs no indexing and a search sees all there is.
// What forgetting hides is deleted from the document by whoever sees it, also where it came in later.
import { CrdtError } from "../errors.ts";
import { FORGET_RECORDS_MAX } from "../limits.ts";
import type { Change } from "../replica/change.ts";
import type { Document } from "../replica/document.ts";
import type { Replica } from "../replica/replica.ts";
import { map, multiMap, schema, set } from "../replica/schema.ts";
import { type NewFact, readStoredFact, type StoredFact, storedFact } from "./fact-record.ts";
import {
  type ForgetRecord,
  Forgets,
  forgetRecordOf,
  readStoredForget,
  type StoredForget,
} from "./forgets.ts";
import { readLine } from "./json-lines.ts";
import { Profile, type StoredField } from "./profile.ts";
import { type IndexedTurn, RecallIndex } from "./recall/index.ts";
import type { RecordIds } from "./record-ids.ts";
import { checkName, isWithin, placeOf, type Scope, sessionKey } from "./scope.ts";
import {
  checkText,
  isName,
  isNames,
  type NewTurn,
  placeOfStored,
  readStoredTurn,
  refused,
  type StoredTurn,
  storedTurn,
} from "./turn-record.ts";

/** Sessions of facts: one each, so that facts are nobody's neighbours. No session of turns has such a name. */
const FACT_SESSION = "\u0000fact ";

const MARKS_UNKNOWN = -1;

const OwnerSchema = schema({
  turns: map<Record<string, StoredTurn>>(),
  pins: set<string>(),
  facts: map<Record<string, StoredFact>>(),
  profile: multiMap<Record<string, StoredField>>(),
  forgets: map<Record<string, StoredForget>>(),
  closed: map<Record<string, number>>(),
});

/** What to forget: a whole scope, one session of it, or records by id. */
export interface ForgetRequest {
  readonly session?: string;
  readonly records?: readonly string[];
  /** Why, for the audit; "requested" unless given. It must not repeat what was said. */
  readonly reason?: string;
}

export class OwnerMemory {
  readonly document: Document<typeof OwnerSchema>;
  readonly profile: Profile;
  readonly #replica: Replica;
  readonly #ids: RecordIds;
  readonly #now: () => number;
  #index = new RecallIndex();
  #forgets = new Forgets();
  readonly #stale = new Set<string>();
  #marksRead = 0;
  #hasNewForgets = false;
  #expiries = new Map<string, number>();
  #timeline: number[] | undefined;
  readonly #unreadable = new Set<string>();
  readonly #stop: () => void;

  static async open(replica: Replica, name: string, ids: RecordIds, now: () => number): Promise<OwnerMemory> {
    return new OwnerMemory(replica, await replica.open(name, OwnerSchema), ids, now);
  }

  private constructor(
    replica: Replica,
    document: Document<typeof OwnerSchema>,
    ids: RecordIds,
    now: () => number,
  ) {
    this.document = document;
    this.#replica = replica;
    this.#ids = ids;
    this.#now = now;
    this.profile = new Profile(document.profile, () => this.#knownForgets());
    this.#stop = document.subscribe((change) => this.#noted(change));
    this.#noteAll();
  }

  /** The index of everything visible, up to date. */
  get index(): RecallIndex {
    this.#takeIn();
    return this.#index;
  }

  /** Slots of all turns in canonical order, without facts. */
  get timeline(): readonly number[] {
    const { index } = this;
    if (this.#timeline === undefined) {
      this.#timeline = [...index.slots()].filter((slot) => !this.isFact(slot));
      this.#timeline.sort((left, right) => (index.isBefore(left, right) ? -1 : 1));
    }
    return this.#timeline;
  }

  /** Records that came from elsewhere and are none. */
  get unreadableCount(): number {
    this.#takeIn();
    return this.#unreadable.size;
  }

  isFact(slot: number): boolean {
    return isFactId(this.#index.id(slot));
  }

  /** Whether the time of an indexed turn is over. */
  isExpired(slot: number): boolean {
    if (this.#expiries.size === 0) return false;
    const expiresMs = this.#expiries.get(this.#index.id(slot));
    return expiresMs !== undefined && expiresMs <= this.#now();
  }

  turn(id: string): StoredTurn | undefined {
    this.#knownForgets();
    const turn = isTurnId(id) ? readStoredTurn(this.document.turns.get(id)) : undefined;
    if (turn === undefined || (turn.x !== undefined && turn.x <= this.#now())) return undefined;
    return this.#isForgotten(id, turn, turn.s) ? undefined : turn;
  }

  /** Every visible fact. */
  facts(scope: Scope): [id: string, fact: StoredFact][] {
    this.#knownForgets();
    return [...this.document.facts.entries()].flatMap(([id, value]) => {
      const fact = readStoredFact(value);
      const isVisible = fact !== undefined && isFactId(id) && !this.#isForgotten(id, fact, undefined);
      return isVisible && isWithin(placeOfStored(fact), scope) ? [[id, fact] as [string, StoredFact]] : [];
    });
  }

  /** Adds all or nothing; gives their ids. Errors: invalid-argument, limit-exceeded. */
  add(turns: readonly NewTurn[], scope: Scope): string[] {
    const place = placeOf(scope);
    const nowMs = this.#now();
    const seen = this.#knownForgets().latest();
    const rows = turns.map((turn) => [this.#ids.next("turn"), storedTurn(turn, place, nowMs, seen)] as const);
    this.document.turns.setMany(rows);
    return rows.map(([id]) => id);
  }

  /** Replaces the text of a turn; says whether it is there. Errors: invalid-argument, limit-exceeded. */
  edit(id: string, text: string, scope: Scope): boolean {
    checkText(text);
    const stored = this.turn(id);
    if (stored === undefined || !isWithin(placeOfStored(stored), scope)) return false;
    this.document.turns.set(id, { ...stored, t: text, e: this.#now() });
    return true;
  }

  addFact(fact: NewFact, scope: Scope): string {
    const id = this.#ids.next("fact");
    const seen = this.#knownForgets().latest();
    this.document.facts.set(id, storedFact(fact, placeOf(scope), this.#now(), seen));
    return id;
  }

  /** Takes in lines of JSON, all or nothing; says how many records that were. Errors: invalid-argument, limit-exceeded. */
  import(lines: Iterable<string>, scope: Scope): number {
    const seen = this.#knownForgets().latest();
    const read = [...lines].flatMap((line, place) => {
      return line.trim() === "" ? [] : [readLine(line, place + 1, scope, this.#ids, seen)];
    });
    const foreign = read.find(({ id }) => this.#isThere(id) && !this.#isOwn(id, scope));
    if (foreign !== undefined) {
      throw new CrdtError(
        "invalid-argument",
        `record ${foreign.id} belongs to another agent or run than the scope names; nothing of the lines was imported`,
      );
    }
    this.document.transact(() => {
      for (const record of read) {
        if (record.kind === "turn") this.document.turns.set(record.id, record.stored);
        else this.document.facts.set(record.id, record.stored);
      }
    });
    return read.length;
  }

  /**
   * Hides what is asked for at once, deletes it here, and leaves a mark that does so everywhere. Errors: invalid-argument,
   * limit-exceeded.
   */
  forget(scope: Scope, request: ForgetRequest): ForgetRecord {
    const { records, reason = "requested", session } = request;
    checkForgetRequest(request);
    const own = records?.filter((id) => this.#isOwn(id, scope));
    const forgets = this.#knownForgets();
    const { agent, run } = placeOf(scope);
    const latest = forgets.latest();
    const mark: StoredForget = {
      m: this.#now(),
      b: this.#replica.id,
      y: reason,
      ...(own === undefined ? {} : { i: own }),
      ...(agent === "" ? {} : { a: agent }),
      ...(run === "" ? {} : { r: run }),
      ...(session === undefined ? {} : { s: session }),
      n: 0,
      ...(latest.length === 0 || own !== undefined ? {} : { h: latest }),
    };
    const id = this.#ids.next("forget");
    forgets.add(id, mark);
    try {
      return this.document.transact(() => {
        const stored = { ...mark, n: this.#purge(own) };
        this.document.forgets.set(id, stored);
        return forgetRecordOf(id, stored);
      });
    } catch (error) {
      this.#forgets = new Forgets();
      this.#noteAll();
      throw error;
    }
  }

  /** Deletes turns whose time is over; says how many. */
  sweep(): number {
    this.#takeIn();
    const nowMs = this.#now();
    const over = [...this.#expiries].filter(([, expiresMs]) => expiresMs <= nowMs).map(([id]) => id);
    this.document.transact(() => {
      for (const id of over) {
        this.document.turns.delete(id);
        this.document.pins.delete(id);
      }
    });
    return over.length;
  }

  audit(): ForgetRecord[] {
    return [...this.document.forgets.entries()]
      .flatMap(([id, value]) => {
        const mark = readStoredForget(value);
        return mark === undefined ? [] : [forgetRecordOf(id, mark)];
      })
      .sort((left, right) => (left.id < right.id ? -1 : 1));
  }

  async close(): Promise<void> {
    this.#stop();
    await this.document.close();
  }

  #isThere(id: string): boolean {
    return this.document.turns.has(id) || this.document.facts.has(id);
  }

  #isOwn(id: string, scope: Scope): boolean {
    const stored = readStoredTurn(this.document.turns.get(id)) ?? readStoredFact(this.document.facts.get(id));
    return stored !== undefined && isWithin(placeOfStored(stored), scope);
  }

  #noteAll(): void {
    this.#marksRead = 0;
    for (const id of this.document.turns.keys()) this.#stale.add(id);
    for (const id of this.document.facts.keys()) this.#stale.add(id);
  }

  #noted(change: Change): void {
    // As many marks as before are not the same marks, where a peer took one away.
    if (change.container === "forgets") this.#marksRead = MARKS_UNKNOWN;
    // A profile written elsewhere while it was forgotten here.
    if (change.container === "profile" && change.origin === "remote") this.#hasNewForgets = true;
    if (change.type === "map" && (change.container === "turns" || change.container === "facts")) {
      for (const id of change.set) this.#stale.add(id);
      for (const id of change.deleted) this.#stale.add(id);
    }
    // What was forgotten elsewhere leaves this replica too, whether anybody reads here or not.
    if (change.origin === "remote") this.#takeIn();
  }

  /**
   * Every mark of the document, whatever events have told so far: of one merge they come container by container, and a
   * record must not be judged by fewer marks than its writer had seen.
   */
  #knownForgets(): Forgets {
    const { forgets } = this.document;
    if (forgets.size === this.#marksRead) return this.#forgets;
    for (const id of forgets.keys()) {
      const mark = readStoredForget(forgets.get(id));
      if (mark === undefined || !this.#forgets.add(id, mark)) continue;
      this.#hasNewForgets = true;
      for (const record of mark.i ?? this.#index.ids()) this.#stale.add(record);
      for (const record of this.#unreadable) this.#stale.add(record);
    }
    this.#marksRead = forgets.size;
    return this.#forgets;
  }

  #takeIn(): void {
    this.#knownForgets();
    if (this.#stale.size > 0) this.#takeInStale();
    if (this.#hasNewForgets) {
      this.#hasNewForgets = false;
      this.profile.purge();
    }
    if (this.#index.isSparse) this.#rebuild();
  }

  #takeInStale(): void {
    const shown: IndexedTurn[] = [];
    const forgotten: string[] = [];
    for (const id of this.#stale) {
      this.#unreadable.delete(id);
      this.#expiries.delete(id);
      const judged = this.#judge(id);
      if (judged === "forgotten") forgotten.push(id);
      else if (judged !== "absent") shown.push(judged);
    }
    this.#reindex(shown);
    this.#stale.clear();
    if (forgotten.length > 0) this.document.transact(() => this.#delete(forgotten));
  }

  /** What is stale goes together and comes in its order: one at a time, each may walk through all there is. */
  #reindex(shown: IndexedTurn[]): void {
    const removed = this.#index.remove(this.#stale);
    if (removed > 0 || shown.some(({ id }) => !isFactId(id))) this.#timeline = undefined;
    shown.sort((left, right) => left.timeMs - right.timeMs || (left.id < right.id ? -1 : 1));
    for (const turn of shown) this.#index.add(turn);
  }

  /** What the index is to hold of a record. */
  #judge(id: string): IndexedTurn | "forgotten" | "absent" {
    const value = this.document.turns.get(id);
    if (value !== undefined) {
      const turn = isTurnId(id) ? readStoredTurn(value) : undefined;
      if (turn === undefined) return this.#refuse(id, value);
      if (this.#isForgotten(id, turn, turn.s)) return "forgotten";
      if (turn.x !== undefined) this.#expiries.set(id, turn.x);
      return indexedTurn(id, turn);
    }
    const factValue = this.document.facts.get(id);
    if (factValue === undefined) return "absent";
    const fact = isFactId(id) ? readStoredFact(factValue) : undefined;
    if (fact === undefined) return this.#refuse(id, factValue);
    return this.#isForgotten(id, fact, undefined) ? "forgotten" : indexedFact(id, fact);
  }

  #refuse(id: string, value: unknown): "forgotten" | "absent" {
    if (this.#isRubbishForgotten(id, value)) return "forgotten";
    this.#unreadable.add(id);
    return "absent";
  }

  #isForgotten(
    id: string,
    record: { a?: string; r?: string; h?: string[] },
    session: string | undefined,
  ): boolean {
    return this.#forgets.isForgotten(id, placeOfStored(record), session, record.h);
  }

  #isRubbishForgotten(id: string, value: unknown): boolean {
    const seen: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "h") : undefined;
    return this.#forgets.isRubbishForgotten(id, isNames(seen) ? seen : undefined);
  }

  /** Deletes what the forgets now hide, of `records` or of all; says how many records that were. */
  #purge(records: readonly string[] | undefined): number {
    const candidates = records ?? [...this.document.turns.keys(), ...this.document.facts.keys()];
    const gone = candidates.filter((id) => {
      const turn = readStoredTurn(this.document.turns.get(id));
      if (turn !== undefined) return this.#isForgotten(id, turn, turn.s);
      const fact = readStoredFact(this.document.facts.get(id));
      if (fact !== undefined) return this.#isForgotten(id, fact, undefined);
      const rubbish: unknown = this.document.turns.get(id) ?? this.document.facts.get(id);
      return rubbish !== undefined && this.#isRubbishForgotten(id, rubbish);
    });
    this.#delete(gone);
    if (records !== undefined) return gone.length;
    const left = new Set(
      [...this.document.turns.values()].flatMap((value) => sessionOf(readStoredTurn(value)) ?? []),
    );
    for (const session of [...this.document.closed.keys()]) {
      if (!left.has(session)) this.document.closed.delete(session);
    }
    return gone.length + this.profile.purge();
  }

  #delete(ids: readonly string[]): void {
    for (const id of ids) {
      this.document.turns.delete(id);
      this.document.facts.delete(id);
      this.document.pins.delete(id);
    }
  }

  #rebuild(): void {
    this.#index = new RecallIndex();
    this.#timeline = undefined;
    this.#expiries = new Map();
    this.#noteAll();
    this.#takeInStale();
  }
}

/** A mark that others cannot read would be none. */
function checkForgetRequest({ records, reason, session }: ForgetRequest): void {
  if (session !== undefined) checkName(session, "session");
  if (reason !== undefined && typeof reason !== "string") throw refused("reason", reason, "give a text");
  if (reason !== undefined) checkText(reason);
  if (records === undefined) return;
  if (!isNames(records)) throw refused("records", records, "give a list of ids");
  if (records.length <= FORGET_RECORDS_MAX) return;
  throw new CrdtError(
    "limit-exceeded",
    `${records.length} records to forget at once, ${FORGET_RECORDS_MAX} are the limit; forget them in parts`,
  );
}

/** What kind a record is stands in its id, so that one of another kind is not taken for it. */
const isFactId = (id: string): boolean => id.startsWith("f") && isName(id);
/** One that is no name could not be named by a mark. */
const isTurnId = (id: string): boolean => !id.startsWith("f") && isName(id);

function indexedTurn(id: string, turn: StoredTurn): IndexedTurn {
  return {
    id,
    session: sessionKey(placeOfStored(turn), turn.s),
    speaker: turn.w,
    text: [turn.t, ...(turn.f ?? []).map(({ n }) => n)].join(" "),
    timeMs: turn.m,
    zoneMinutes: turn.z ?? 0,
  };
}

function indexedFact(id: string, fact: StoredFact): IndexedTurn {
  return {
    id,
    session: sessionKey(placeOfStored(fact), `${FACT_SESSION}${id}`),
    speaker: fact.s,
    text: `${fact.p} ${fact.o}`,
    timeMs: fact.v,
  };
}

function sessionOf(turn: StoredTurn | undefined): string | undefined {
  return turn === undefined ? undefined : sessionKey(placeOfStored(turn), turn.s);
}
