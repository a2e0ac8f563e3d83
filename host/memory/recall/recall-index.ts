// What a search looks through: turns by slot, in typed columns, with postings by term, the terms of each turn in order,
// and the turns of a session linked in their canonical order (time, then id). It is kept by adding and removing turns and
// depends on nothing but the turns it holds: in whatever order they came, a search ranks them the same. Adding costs
// O(terms), removing O(terms + the lists they stand in). No text is kept, only terms; those that no turn has are gone at once.
import { CrdtError } from "../../errors.ts";
import { MEMORY_TURNS_MAX } from "../../limits.ts";
import { localDay } from "./calendar.ts";
import { larger, Postings } from "./postings.ts";
import { TermReader } from "./term-reader.ts";
import { Vocabulary } from "./vocabulary.ts";

/** A turn as the index takes it. */
export interface IndexedTurn {
  /** Unique, and equal on every replica. */
  readonly id: string;
  readonly session: string;
  readonly speaker: string;
  readonly text: string;
  /** When it was said: milliseconds since 1970. */
  readonly timeMs: number;
  /** How far local time was ahead of UTC, in minutes. */
  readonly zoneMinutes?: number;
}

export const NO_SLOT = -1;
const FIRST_SLOTS = 64;
/** Below this many slots nothing is worth building anew. */
const SPARSE_SLOTS_MIN = 1024;

interface Session {
  readonly name: string;
  turns: number;
  terms: number;
  last: number;
}

interface Speaker {
  readonly name: string;
  readonly terms: readonly string[];
  turns: number;
}

export class RecallIndex {
  readonly vocabulary = new Vocabulary();
  readonly postings = new Postings();
  readonly reader = new TermReader();
  readonly #slots = new Map<string, number>();
  readonly #ids: (string | undefined)[] = [];
  readonly #sessions: (Session | undefined)[] = [];
  readonly #sessionNumbers = new Map<string, number>();
  readonly #speakers: (Speaker | undefined)[] = [];
  readonly #speakerNumbers = new Map<string, number>();
  readonly #speakersByTerm = new Map<string, Set<number>>();
  #times = new Float64Array(FIRST_SLOTS);
  #previous = new Int32Array(FIRST_SLOTS);
  #next = new Int32Array(FIRST_SLOTS);
  #sessionOf = new Int32Array(FIRST_SLOTS);
  #speakerOf = new Int32Array(FIRST_SLOTS);
  #days = new Int32Array(FIRST_SLOTS);
  #marks = new Uint8Array(FIRST_SLOTS);
  #starts = new Uint32Array(FIRST_SLOTS);
  #counts = new Uint32Array(FIRST_SLOTS);
  #forward = new Uint32Array(1024);
  #forwardEnd = 0;
  #forwardUsed = 0;
  #slotsEnd = 0;
  #sessionCount = 0;
  readonly #turnsMax: number;

  /** `turnsMax` counts removed turns too, until the index is built anew. */
  constructor(turnsMax: number = MEMORY_TURNS_MAX) {
    this.#turnsMax = Math.min(turnsMax, MEMORY_TURNS_MAX);
  }

  /** Turns it holds. */
  get size(): number {
    return this.#slots.size;
  }

  /** Sessions with a turn. */
  get sessionCount(): number {
    return this.#sessionCount;
  }

  /** Terms of all turns, repeated ones counted. */
  get termCount(): number {
    return this.#forwardUsed;
  }

  /** Slots and sessions given out so far are below these. */
  get slotsEnd(): number {
    return this.#slotsEnd;
  }

  get sessionsEnd(): number {
    return this.#sessions.length;
  }

  /** Whether removed turns take more room than those it holds: it is then better built anew. */
  get isSparse(): boolean {
    return this.#slotsEnd > SPARSE_SLOTS_MIN && this.#slotsEnd > 2 * this.size;
  }

  has(id: string): boolean {
    return this.#slots.has(id);
  }

  /** The ids of all turns, in no order. */
  ids(): IterableIterator<string> {
    return this.#slots.keys();
  }

  /** The slots of all turns, in no order. */
  slots(): IterableIterator<number> {
    return this.#slots.values();
  }

  slot(id: string): number | undefined {
    return this.#slots.get(id);
  }

  id(slot: number): string {
    return this.#ids[slot]!;
  }

  time(slot: number): number {
    return this.#times[slot]!;
  }

  /** The slot before it in its session, or {@link NO_SLOT}. */
  previous(slot: number): number {
    return this.#previous[slot]!;
  }

  next(slot: number): number {
    return this.#next[slot]!;
  }

  session(slot: number): number {
    return this.#sessionOf[slot]!;
  }

  /** The name of its session. */
  sessionName(slot: number): string {
    return this.#sessions[this.#sessionOf[slot]!]!.name;
  }

  speakerName(slot: number): string {
    return this.#speakers[this.#speakerOf[slot]!]!.name;
  }

  speaker(slot: number): number {
    return this.#speakerOf[slot]!;
  }

  /** Its local day since 1970. */
  day(slot: number): number {
    return this.#days[slot]!;
  }

  marks(slot: number): number {
    return this.#marks[slot]!;
  }

  /** How many terms it has. */
  length(slot: number): number {
    return this.#counts[slot]!;
  }

  /** How many terms each slot has, and the session of each; valid until the next turn is added. */
  get lengthsView(): Uint32Array {
    return this.#counts;
  }

  get sessionsView(): Int32Array {
    return this.#sessionOf;
  }

  /** How many terms a session has. */
  sessionLength(session: number): number {
    return this.#sessions[session]?.terms ?? 0;
  }

  /** The number of its `position`-th term. */
  term(slot: number, position: number): number {
    return this.#forward[this.#starts[slot]! + position]!;
  }

  /** Speakers by the terms of their names. */
  speakersNamed(term: string): ReadonlySet<number> | undefined {
    return this.#speakersByTerm.get(term);
  }

  /** Whether `slot` comes before `other` in the canonical order of all turns. */
  isBefore(slot: number, other: number): boolean {
    const difference = this.#times[slot]! - this.#times[other]!;
    return difference < 0 || (difference === 0 && this.#ids[slot]! < this.#ids[other]!);
  }

  /** Errors: limit-exceeded. A turn whose id it has is replaced. */
  add(turn: IndexedTurn): void {
    if (this.#slots.has(turn.id)) this.remove([turn.id]);
    if (this.#slotsEnd >= this.#turnsMax) refuseMore(this.#turnsMax);
    const slot = this.#slotsEnd++;
    if (slot >= this.#times.length) this.#growSlots();
    this.#slots.set(turn.id, slot);
    this.#ids[slot] = turn.id;
    this.#times[slot] = turn.timeMs;
    this.#days[slot] = localDay(turn.timeMs, turn.zoneMinutes ?? 0);
    this.#speakerOf[slot] = this.#speaker(turn.speaker);
    this.#addTerms(slot, turn);
    this.#link(slot, this.#session(turn.session));
  }

  /** Removes those of `ids` that it holds; says how many. */
  remove(ids: Iterable<string>): number {
    const gone = new Set<number>();
    for (const id of ids) {
      const slot = this.#slots.get(id);
      if (slot === undefined) continue;
      gone.add(slot);
      this.#slots.delete(id);
      this.#ids[slot] = undefined;
    }
    if (gone.size === 0) return 0;
    this.#removeTerms(gone);
    for (const slot of gone) this.#unlink(slot);
    this.reader.forget();
    return gone.size;
  }

  /** Bytes of its columns and lists, without those of ids and of the texts of terms. */
  get columnBytes(): number {
    const perSlot = 8 + 4 * 7 + 1;
    return this.#times.length * perSlot + this.#forward.byteLength + this.postings.bytes;
  }

  #addTerms(slot: number, turn: IndexedTurn): void {
    const { reader, vocabulary } = this;
    reader.read(`${turn.speaker}: ${turn.text}`);
    this.#marks[slot] = reader.marks;
    const { terms } = reader;
    const start = this.#forwardEnd;
    const end = start + terms.length;
    if (end > this.#forward.length) this.#forward = larger(this.#forward, end);
    for (let index = 0; index < terms.length; index++) {
      this.#forward[start + index] = vocabulary.number(terms[index]!);
    }
    this.#starts[slot] = start;
    this.#counts[slot] = terms.length;
    this.#forwardEnd = end;
    this.#forwardUsed += terms.length;
    this.#post(slot, start, end);
  }

  /** A turn is short: comparing its terms with each other costs less than a table of them. */
  #post(slot: number, start: number, end: number): void {
    const sorted = this.#forward.slice(start, end).sort();
    for (let index = 0; index < sorted.length; ) {
      const number = sorted[index]!;
      let after = index + 1;
      while (after < sorted.length && sorted[after] === number) after++;
      this.postings.append(number, slot, after - index);
      index = after;
    }
  }

  #removeTerms(gone: ReadonlySet<number>): void {
    const touched = new Set<number>();
    for (const slot of gone) {
      const start = this.#starts[slot]!;
      const end = start + this.#counts[slot]!;
      for (let index = start; index < end; index++) touched.add(this.#forward[index]!);
      this.#forward.fill(0, start, end);
      this.#forwardUsed -= end - start;
    }
    const isGone = (slot: number): boolean => gone.has(slot);
    for (const number of touched) {
      if (this.postings.remove(number, isGone) === 0) this.vocabulary.remove(number);
    }
  }

  #session(name: string): number {
    const known = this.#sessionNumbers.get(name);
    if (known !== undefined) return known;
    const number = this.#sessions.length;
    this.#sessions.push({ name, turns: 0, terms: 0, last: NO_SLOT });
    this.#sessionNumbers.set(name, number);
    this.#sessionCount++;
    return number;
  }

  #speaker(name: string): number {
    const known = this.#speakerNumbers.get(name);
    if (known !== undefined) {
      this.#speakers[known]!.turns++;
      return known;
    }
    const number = this.#speakers.length;
    const terms = this.reader.termsOf(name);
    this.#speakers.push({ name, terms, turns: 1 });
    for (const term of terms) {
      const speakers = this.#speakersByTerm.get(term);
      if (speakers === undefined) this.#speakersByTerm.set(term, new Set([number]));
      else speakers.add(number);
    }
    this.#speakerNumbers.set(name, number);
    return number;
  }

  #link(slot: number, number: number): void {
    const session = this.#sessions[number]!;
    let previous = session.last;
    while (previous !== NO_SLOT && this.isBefore(slot, previous)) previous = this.#previous[previous]!;
    const next = previous === session.last ? NO_SLOT : this.#after(previous, session);
    this.#previous[slot] = previous;
    this.#next[slot] = next;
    if (previous !== NO_SLOT) this.#next[previous] = slot;
    if (next === NO_SLOT) session.last = slot;
    else this.#previous[next] = slot;
    this.#sessionOf[slot] = number;
    session.turns++;
    session.terms += this.#counts[slot]!;
  }

  #after(previous: number, session: Session): number {
    if (previous !== NO_SLOT) return this.#next[previous]!;
    let first = session.last;
    while (this.#previous[first] !== NO_SLOT) first = this.#previous[first]!;
    return first;
  }

  #unlink(slot: number): void {
    const [previous, next] = [this.#previous[slot]!, this.#next[slot]!];
    const number = this.#sessionOf[slot]!;
    const session = this.#sessions[number]!;
    if (previous !== NO_SLOT) this.#next[previous] = next;
    if (next !== NO_SLOT) this.#previous[next] = previous;
    else session.last = previous;
    session.turns--;
    session.terms -= this.#counts[slot]!;
    this.#counts[slot] = 0;
    if (session.turns === 0) {
      this.#sessions[number] = undefined;
      this.#sessionCount--;
      this.#sessionNumbers.delete(session.name);
    }
    this.#leaveSpeaker(this.#speakerOf[slot]!);
  }

  #leaveSpeaker(number: number): void {
    const speaker = this.#speakers[number]!;
    speaker.turns--;
    if (speaker.turns > 0) return;
    this.#speakers[number] = undefined;
    this.#speakerNumbers.delete(speaker.name);
    for (const term of speaker.terms) {
      const speakers = this.#speakersByTerm.get(term);
      speakers?.delete(number);
      if (speakers?.size === 0) this.#speakersByTerm.delete(term);
    }
  }

  #growSlots(): void {
    const least = this.#times.length + 1;
    this.#times = larger(this.#times, least);
    this.#previous = larger(this.#previous, least);
    this.#next = larger(this.#next, least);
    this.#sessionOf = larger(this.#sessionOf, least);
    this.#speakerOf = larger(this.#speakerOf, least);
    this.#days = larger(this.#days, least);
    this.#marks = larger(this.#marks, least);
    this.#starts = larger(this.#starts, least);
    this.#counts = larger(this.#counts, least);
  }
}

function refuseMore(turnsMax: number): never {
  throw new CrdtError(
    "limit-exceeded",
    `an index of ${turnsMax} turns is full; forget old ones, or keep several owners apart`,
  );
}
