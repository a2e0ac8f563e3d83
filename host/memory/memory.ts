// What agents remember, on a replica: turns, facts and profiles of owners, searched without a model or a server, replicated
// and stored as the replica's documents are, and forgotten for good. Each call names a scope; nothing of another scope ever
// comes back. An owner is opened by the first call that names it and stays open until it is released.
import type { Replica } from "../replica/replica.ts";
import { hostOf } from "../replica/replica.ts";
import { assembleContext, type Context, type ContextSource, estimateTokens } from "./context.ts";
import { type Fact, factsOf, holdsAt, type NewFact } from "./fact-record.ts";
import type { ForgetRecord } from "./forgets.ts";
import { checkedCount, matcher, type PageRequest, pageOf, type TurnFilters } from "./history.ts";
import { linesOf } from "./json-lines.ts";
import { type ForgetRequest, OwnerMemory } from "./owner-memory.ts";
import type { ProfileField, ProfileUpdate } from "./profile.ts";
import { type Explanation, type RecallHit, type RecallWeights, recall } from "./recall/index.ts";
import { NO_SLOT } from "./recall/recall-index.ts";
import { MARKS } from "./recall/term-reader.ts";
import { RecordIds } from "./record-ids.ts";
import { documentNameOf, isWithin, type Scope } from "./scope.ts";
import { closeIdleSessions, type Session, sessionsOf } from "./session-list.ts";
import { type NewTurn, placeOfStored, refused, type Turn, turnOf } from "./turn-record.ts";

export interface MemoryOptions {
  /** What counts how much in a ranking. */
  readonly weights?: RecallWeights;
}

export interface SearchRequest extends TurnFilters {
  readonly scope: Scope;
  /** How many hits; 10 unless given. */
  readonly k?: number;
  /** What to look through; both unless given. */
  readonly kind?: "turn" | "fact";
  /** As things stood then: turns said and facts that held at this time; now unless given. */
  readonly asOfMs?: number;
  /** After how long something counts half; pinned turns and facts do not fade. Nothing fades unless given. */
  readonly halfLifeMs?: number;
}

export type SearchHit = { readonly id: string; readonly score: number; readonly why: Explanation } & (
  | { readonly kind: "turn"; readonly turn: Turn }
  | { readonly kind: "fact"; readonly fact: Fact }
);

export interface HistoryPage {
  readonly turns: readonly Turn[];
  /** Give it as `before` to get the page before; undefined where there is none. */
  readonly cursor: string | undefined;
}

export interface FactRequest {
  readonly subject?: string;
  readonly predicate?: string;
  /** Facts that held at this time; all that ever did unless given. */
  readonly asOfMs?: number;
  /** What was known at this time; now unless given. */
  readonly knownAtMs?: number;
}

export interface ContextRequest extends SearchRequest {
  /** What the text may take. */
  readonly tokens: number;
  /** How a model counts; a quarter of the characters unless given. */
  readonly countTokens?: (text: string) => number;
}

export interface MemoryStatistics {
  readonly turns: number;
  readonly facts: number;
  readonly sessions: number;
  /** Records of peers that do not fit and are left out. */
  readonly unreadable: number;
}

const HITS = 10;
const CONTEXT_HITS = 100;
const SESSION_IDLE_MS = 86_400_000;

/** The memory of a replica. Errors of its calls: invalid-argument, limit-exceeded, and those of opening a document. */
export function createMemory(replica: Replica, options: MemoryOptions = {}): Memory {
  return new Memory(replica, options);
}

export class Memory {
  readonly #replica: Replica;
  readonly #options: MemoryOptions;
  readonly #ids: RecordIds;
  readonly #owners = new Map<string, Promise<OwnerMemory>>();

  constructor(replica: Replica, options: MemoryOptions) {
    this.#replica = replica;
    this.#options = options;
    this.#ids = new RecordIds(hostOf(replica).platform);
  }

  /** Adds turns, all or nothing; gives their ids. They are stored when {@link Memory.durable} says so. */
  async add(scope: Scope, turns: NewTurn | readonly NewTurn[]): Promise<string[]> {
    const owner = await this.#owner(scope);
    return owner.add(Array.isArray(turns) ? turns : [turns as NewTurn], scope);
  }

  /** Replaces the text of a turn; says whether it is there. */
  async edit(scope: Scope, id: string, text: string): Promise<boolean> {
    return (await this.#owner(scope)).edit(id, text, scope);
  }

  /** A turn by its id; undefined where the scope has none. */
  async turn(scope: Scope, id: string): Promise<Turn | undefined> {
    return this.#turn(await this.#owner(scope), scope, id);
  }

  /** Pinned turns do not fade; says whether the turn is there. */
  async pin(scope: Scope, id: string): Promise<boolean> {
    const owner = await this.#owner(scope);
    if (this.#turn(owner, scope, id) === undefined) return false;
    owner.document.pins.add(id);
    return true;
  }

  async unpin(scope: Scope, id: string): Promise<boolean> {
    const owner = await this.#owner(scope);
    return this.#turn(owner, scope, id) !== undefined && owner.document.pins.delete(id);
  }

  /** The turns and facts that answer a question best, best first. Each hit says what its score is made of. */
  async search(query: string, request: SearchRequest): Promise<SearchHit[]> {
    return this.#search(await this.#owner(request.scope), query, request);
  }

  /** Turns in the order they were said: the last ones, or those before a cursor. */
  async history(scope: Scope, request: PageRequest = {}): Promise<HistoryPage> {
    const owner = await this.#owner(scope);
    const { slots, cursor } = pageOf(owner, scope, request);
    const turns = slots.flatMap((slot) => this.#turn(owner, scope, owner.index.id(slot)) ?? []);
    return { turns, cursor };
  }

  /** Sessions by when somebody last spoke, the latest last. */
  async sessions(scope: Scope): Promise<Session[]> {
    return sessionsOf(await this.#owner(scope), scope);
  }

  /** Closes sessions in which nobody has spoken for `idleMs`, a day unless given; their turns stay. */
  async closeIdleSessions(scope: Scope, idleMs: number = SESSION_IDLE_MS): Promise<Session[]> {
    if (!(idleMs >= 0)) throw refused("idleMs", idleMs, "give milliseconds from 0");
    return closeIdleSessions(await this.#owner(scope), scope, idleMs, this.#now());
  }

  async addFact(scope: Scope, fact: NewFact): Promise<string> {
    return (await this.#owner(scope)).addFact(fact, scope);
  }

  /** Facts by subject, predicate and when they begin. */
  async facts(scope: Scope, request: FactRequest = {}): Promise<Fact[]> {
    const { subject, predicate, asOfMs, knownAtMs = Number.POSITIVE_INFINITY } = request;
    const owner = await this.#owner(scope);
    return factsOf(owner.facts(scope), scope, knownAtMs).filter(
      (fact) =>
        (subject === undefined || fact.subject === subject) &&
        (predicate === undefined || fact.predicate === predicate) &&
        (asOfMs === undefined || holdsAt(fact, asOfMs)),
    );
  }

  /** Writes the fields of the owner's profile that `update` names; the others stay. */
  async setProfile(scope: Scope, update: ProfileUpdate, source?: string): Promise<void> {
    (await this.#owner(scope)).profile.set(update, this.#now(), source);
  }

  async profile(scope: Scope): Promise<Record<string, unknown>> {
    return (await this.#owner(scope)).profile.values();
  }

  /** Values of a profile field that were written at the same time, the one that is read last; one where nobody else wrote. */
  async profileField(scope: Scope, path: string): Promise<ProfileField[]> {
    return (await this.#owner(scope)).profile.candidates(path);
  }

  /**
   * Forgets all of a scope, a session of it, or records by id: nothing finds them from now on, here and on every replica
   * that this reaches. Their text leaves the files with {@link Memory.compact}.
   */
  async forget(scope: Scope, request: ForgetRequest = {}): Promise<ForgetRecord> {
    return (await this.#owner(scope)).forget(scope, request);
  }

  /** Every forgetting of the scope's owner, oldest first: when, by whom, why and how much, never what. */
  async audit(scope: Scope): Promise<ForgetRecord[]> {
    return (await this.#owner(scope)).audit();
  }

  /** Deletes turns of the scope's owner whose time is over; says how many. They were hidden before. */
  async sweep(scope: Scope): Promise<number> {
    return (await this.#owner(scope)).sweep();
  }

  /** What to give a model with a question, within a budget of tokens. */
  async context(query: string, request: ContextRequest): Promise<Context> {
    const { tokens, countTokens = estimateTokens, k = CONTEXT_HITS } = request;
    if (!(tokens >= 0)) throw refused("tokens", tokens, "give a budget from 0");
    const owner = await this.#owner(request.scope);
    const hits = this.#search(owner, query, { ...request, k });
    const sources = hits.map((hit): ContextSource => {
      if (hit.kind === "fact") return hit;
      return { ...hit, asked: this.#questionBefore(owner, request, hit.id) };
    });
    return assembleContext(sources, tokens, countTokens);
  }

  async statistics(scope: Scope): Promise<MemoryStatistics> {
    const owner = await this.#owner(scope);
    const matches = matcher(owner, scope, {});
    return {
      turns: owner.timeline.filter(matches).length,
      facts: owner.facts(scope).length,
      sessions: sessionsOf(owner, scope).length,
      unreadable: owner.unreadableCount,
    };
  }

  /** Turns and facts of a scope as lines of JSON, by id; equal states give equal lines. */
  async exportLines(scope: Scope): Promise<string[]> {
    return linesOf(await this.#owner(scope), scope);
  }

  /** Takes in what `exportLines` gave, or lines like it, all or nothing; says how many records that were. */
  async importLines(scope: Scope, lines: Iterable<string>): Promise<number> {
    return (await this.#owner(scope)).import(lines, scope);
  }

  /** Resolves when everything of the scope's owner is stored as the replica's durability promises. */
  async durable(scope: Scope): Promise<void> {
    await (await this.#owner(scope)).document.durable();
  }

  /** Has the store keep nothing but what the scope's owner still remembers: what was forgotten leaves the files too. */
  async compact(scope: Scope): Promise<void> {
    const owner = await this.#owner(scope);
    owner.sweep();
    await owner.document.rewrite();
  }

  /** Closes the owner's document; the next call that names it opens it again. */
  async release(scope: Scope): Promise<void> {
    const name = documentNameOf(scope);
    const owner = this.#owners.get(name);
    this.#owners.delete(name);
    await (await owner)?.close();
  }

  async close(): Promise<void> {
    const owners = [...this.#owners.values()];
    this.#owners.clear();
    await Promise.all(owners.map(async (owner) => (await owner).close()));
  }

  #now(): number {
    return hostOf(this.#replica).platform.now();
  }

  #owner(scope: Scope): Promise<OwnerMemory> {
    const name = documentNameOf(scope);
    let owner = this.#owners.get(name);
    if (owner === undefined) {
      owner = OwnerMemory.open(this.#replica, name, this.#ids, () => this.#now());
      this.#owners.set(name, owner);
      // One that could not be opened is tried again by the next call.
      owner.catch(() => this.#owners.delete(name));
    }
    return owner;
  }

  #turn(owner: OwnerMemory, scope: Scope, id: string): Turn | undefined {
    const stored = owner.turn(id);
    if (stored === undefined || !isWithin(placeOfStored(stored), scope)) return undefined;
    return turnOf(id, stored, scope, owner.document.pins.has(id));
  }

  #search(owner: OwnerMemory, query: string, request: SearchRequest): SearchHit[] {
    const { scope, kind, asOfMs = this.#now() } = request;
    const { index } = owner;
    const isTurn = matcher(owner, scope, request);
    const facts = kind === "turn" ? new Map<string, Fact>() : this.#factsAt(owner, request, asOfMs);
    const accepts = (slot: number): boolean => {
      if (owner.isFact(slot)) return facts.has(index.id(slot));
      return kind !== "fact" && isTurn(slot) && (request.asOfMs === undefined || index.time(slot) <= asOfMs);
    };
    const options = {
      k: checkedCount(request.k ?? HITS, "k"),
      accepts,
      ...this.#fading(owner, request, asOfMs),
    };
    const weights = this.#options.weights === undefined ? {} : { weights: this.#options.weights };
    return recall(index, query, { ...options, ...weights }).flatMap((hit) =>
      this.#hit(owner, scope, hit, facts),
    );
  }

  #hit(owner: OwnerMemory, scope: Scope, hit: RecallHit, facts: ReadonlyMap<string, Fact>): SearchHit[] {
    const fact = facts.get(hit.id);
    if (fact !== undefined) return [{ ...hit, kind: "fact", fact }];
    const turn = this.#turn(owner, scope, hit.id);
    return turn === undefined ? [] : [{ ...hit, kind: "turn", turn }];
  }

  /** Facts that hold at a time; none where the filter is one that only turns can pass. */
  #factsAt(owner: OwnerMemory, request: SearchRequest, timeMs: number): Map<string, Fact> {
    const { scope, session, speaker, fromMs, toMs } = request;
    if ([session, speaker, fromMs, toMs].some((filter) => filter !== undefined)) return new Map();
    const facts = factsOf(owner.facts(scope), scope, Number.POSITIVE_INFINITY);
    return new Map(facts.filter((fact) => holdsAt(fact, timeMs)).map((fact) => [fact.id, fact]));
  }

  #fading(
    owner: OwnerMemory,
    { halfLifeMs }: SearchRequest,
    nowMs: number,
  ): { readonly fades?: (slot: number) => number } {
    if (halfLifeMs === undefined) return {};
    if (!(halfLifeMs > 0)) throw refused("halfLifeMs", halfLifeMs, "give milliseconds above 0");
    const { index } = owner;
    return {
      fades: (slot) => {
        if (owner.isFact(slot) || owner.document.pins.has(index.id(slot))) return 1;
        // Half at the half-life, as an exponential has it, but the same bits on every engine.
        return halfLifeMs / (halfLifeMs + Math.max(0, nowMs - index.time(slot)));
      },
    };
  }

  /** The turn before one, where it asks and a search would find it too. */
  #questionBefore(owner: OwnerMemory, request: SearchRequest, id: string): Turn | undefined {
    const { index } = owner;
    const slot = index.slot(id);
    const previous = slot === undefined ? NO_SLOT : index.previous(slot);
    if (previous === NO_SLOT || (index.marks(previous) & MARKS.endsAsking) === 0) return undefined;
    if (!matcher(owner, request.scope, request)(previous)) return undefined;
    return this.#turn(owner, request.scope, index.id(previous));
  }
}
