// Ranks the turns of an index for a question. A first look over postings finds candidates (lookup.ts); they and the turns
// around them are then read whole (near-reading.ts). A score is a sum of parts times a product of factors, each in a fixed
// order, so equal states give equal scores to the last bit, and each hit says what its score is made of.
import { BestSlots } from "./best-slots.ts";
import { civilDate } from "./calendar.ts";
import { Lookup } from "./lookup.ts";
import { NearReading } from "./near-reading.ts";
import { type Question, readQuestion } from "./question.ts";
import { NO_SLOT, type RecallIndex } from "./recall-index.ts";
import { type Scratch, scratchOf } from "./scratch.ts";
import { MARKS } from "./term-reader.ts";
import { RECALL_WEIGHTS, type RecallWeights } from "./weights.ts";

const PARTS = [
  "own",
  "related",
  "previous",
  "secondPrevious",
  "next",
  "secondNext",
  "window",
  "pairs",
  "session",
] as const;
const FACTORS = [
  "question",
  "ofYou",
  "opening",
  "long",
  "time",
  "number",
  "date",
  "speaker",
  "fading",
] as const;

/** What made up a score: parts add up, then factors multiply. What added or changed nothing is left out. */
export interface Explanation {
  /** What the turn's own terms gave, by term: together the part `own`. */
  readonly terms: Readonly<Record<string, number>>;
  readonly parts: { readonly [Part in (typeof PARTS)[number]]?: number };
  readonly factors: { readonly [Factor in (typeof FACTORS)[number]]?: number };
}

export interface RecallHit {
  readonly id: string;
  readonly score: number;
  readonly why: Explanation;
}

export interface RecallOptions {
  /** How many hits; 10 unless given. */
  readonly k?: number;
  /** Which turns may be hits; all unless given. */
  readonly accepts?: (slot: number) => boolean;
  /** A factor above 0 and up to 1 for a turn; 1 for all unless given. */
  readonly fades?: (slot: number) => number;
  readonly weights?: RecallWeights;
}

/** Turns found by postings that are read whole, with those around them: beyond these no measured question found anything. */
const CANDIDATES_MAX = 96;
/** How far around a candidate turns are read. */
const REACH = 2;
/** Terms from which a turn counts as long in full. */
const LONG_TERMS = 30;
const HITS = 10;
/** Above what a product in another order may come out larger by. */
const ROUNDING = 1 + 1e-12;

/** The best turns of `index` for a question, best first; of equal ones the later first. */
export function recall(index: RecallIndex, text: string, options: RecallOptions = {}): RecallHit[] {
  const weights = options.weights ?? RECALL_WEIGHTS;
  const question = readQuestion(index, text, weights);
  if (question.terms.length + question.related.length === 0) return [];
  const scratch = scratchOf(index);
  const lookup = new Lookup(index, scratch, weights);
  const near = new NearReading(index, scratch, question, weights);
  try {
    lookup.run(question);
    const ranking = new Ranking(index, scratch, question, weights, near, options);
    return ranking.hits(lookup.slots);
  } finally {
    near.clear();
    lookup.clear();
  }
}

class Ranking {
  readonly #index: RecallIndex;
  readonly #scratch: Scratch;
  readonly #question: Question;
  readonly #weights: RecallWeights;
  readonly #near: NearReading;
  readonly #options: RecallOptions;
  readonly #parts = new Float64Array(PARTS.length);
  readonly #factors = new Float64Array(FACTORS.length);
  readonly #dayFactors = new Map<number, number>();

  constructor(
    index: RecallIndex,
    scratch: Scratch,
    question: Question,
    weights: RecallWeights,
    near: NearReading,
    options: RecallOptions,
  ) {
    this.#options = options;
    this.#index = index;
    this.#scratch = scratch;
    this.#question = question;
    this.#weights = weights;
    this.#near = near;
  }

  hits(slots: readonly number[]): RecallHit[] {
    const best = new BestSlots(this.#index, this.#options.k ?? HITS);
    for (const slot of this.#candidates(slots)) best.offer(slot, this.#score(slot));
    return best.ranked().map(({ slot, score }) => ({
      id: this.#index.id(slot),
      score,
      why: this.#explain(slot),
    }));
  }

  /** Slots worth reading: the best by postings, and those around them. */
  #candidates(slots: readonly number[]): Set<number> {
    const index = this.#index;
    const { accepts } = this.#options;
    const { own, related, sessionScores } = this.#scratch;
    const best = new BestSlots(index, CANDIDATES_MAX);
    const productMax = this.#productMax();
    for (let place = 0; place < slots.length; place++) {
      const slot = slots[place]!;
      const session = this.#weights.session * sessionScores[index.session(slot)]!;
      const sum = own[slot]! + related[slot]! + session;
      if (sum * productMax < best.bar) continue;
      const score = sum * this.#product(slot);
      if (score < best.bar) continue;
      if (accepts === undefined || accepts(slot)) best.offer(slot, score);
    }
    const candidates = new Set(best.slots);
    for (const slot of best.slots) {
      for (const beside of this.#around(slot)) {
        if (accepts === undefined || accepts(beside)) candidates.add(beside);
      }
    }
    return candidates;
  }

  #around(slot: number): number[] {
    const around: number[] = [];
    let [back, ahead] = [slot, slot];
    for (let step = 0; step < REACH; step++) {
      if (back !== NO_SLOT) back = this.#index.previous(back);
      if (ahead !== NO_SLOT) ahead = this.#index.next(ahead);
      if (back !== NO_SLOT) around.push(back);
      if (ahead !== NO_SLOT) around.push(ahead);
    }
    return around;
  }

  #score(slot: number): number {
    this.#fillParts(slot);
    let sum = 0;
    for (let part = 0; part < PARTS.length; part++) sum += this.#parts[part]!;
    return sum * this.#product(slot);
  }

  /** In the order of {@link PARTS}. */
  #fillParts(slot: number): void {
    const index = this.#index;
    const weights = this.#weights;
    const near = this.#near;
    const parts = this.#parts;
    const previous = index.previous(slot);
    const next = index.next(slot);
    const isAnswer = previous !== NO_SLOT && (index.marks(previous) & MARKS.asks) !== 0;
    const secondPrevious = previous === NO_SLOT ? NO_SLOT : index.previous(previous);
    const secondNext = next === NO_SLOT ? NO_SLOT : index.next(next);
    parts[0] = near.own(slot);
    parts[1] = near.related(slot);
    parts[2] = weights.previous * (isAnswer ? weights.previousAsking : 1) * near.sum(previous);
    parts[3] = weights.secondPrevious * near.sum(secondPrevious);
    parts[4] = weights.next * near.sum(next);
    parts[5] = weights.secondNext * near.sum(secondNext);
    parts[6] = weights.window * near.window(slot);
    parts[7] = weights.pair * near.pairs(slot);
    parts[8] = weights.session * this.#scratch.sessionScores[index.session(slot)]!;
  }

  #product(slot: number): number {
    this.#fillFactors(slot);
    let product = 1;
    for (let factor = 0; factor < FACTORS.length; factor++) product *= this.#factors[factor]!;
    return product;
  }

  /** No turn's factors come to more. */
  #productMax(): number {
    const { question, ofYou, opening, long, time, number, month, day, year, speaker } = this.#weights;
    const { asksWhen, asksHowMany, months, years } = this.#question;
    const factors = [question, ofYou, opening, 1 + long, speaker];
    if (asksWhen) factors.push(time);
    if (asksHowMany) factors.push(number);
    if (months.length + years.length > 0) factors.push(Math.max(month, day, year));
    return factors.reduce((product, factor) => product * Math.max(1, factor), ROUNDING);
  }

  /** In the order of {@link FACTORS}. */
  #fillFactors(slot: number): void {
    const index = this.#index;
    const weights = this.#weights;
    const factors = this.#factors;
    const { asksWhen, asksHowMany, speaker } = this.#question;
    const marks = index.marks(slot);
    const isOfYou = (marks & (MARKS.speaksOfYou | MARKS.speaksOfSelf)) === MARKS.speaksOfYou;
    factors[0] = marks & MARKS.endsAsking ? weights.question : 1;
    factors[1] = isOfYou ? weights.ofYou : 1;
    factors[2] = index.previous(slot) === NO_SLOT ? weights.opening : 1;
    factors[3] = 1 + weights.long * Math.min(1, index.length(slot) / LONG_TERMS);
    factors[4] = asksWhen && marks & MARKS.tellsTime ? weights.time : 1;
    factors[5] = asksHowMany && marks & MARKS.counts ? weights.number : 1;
    factors[6] = this.#dateFactor(slot);
    factors[7] = index.speaker(slot) === speaker ? weights.speaker : 1;
    factors[8] = this.#options.fades?.(slot) ?? 1;
  }

  #dateFactor(slot: number): number {
    const { months, days, years } = this.#question;
    if (months.length + years.length === 0) return 1;
    const daysSince1970 = this.#index.day(slot);
    const known = this.#dayFactors.get(daysSince1970);
    if (known !== undefined) return known;
    const { year, month, day } = civilDate(daysSince1970);
    const isYear = years.length === 0 || years.includes(year);
    let factor = 1;
    if (months.length === 0) factor = isYear ? this.#weights.year : 1;
    else if (months.includes(month) && isYear) {
      factor = days.includes(day) ? this.#weights.day : this.#weights.month;
    }
    this.#dayFactors.set(daysSince1970, factor);
    return factor;
  }

  #explain(slot: number): Explanation {
    const terms: Record<string, number> = {};
    for (const [place, { term }] of this.#question.terms.entries()) {
      const gain = this.#near.term(slot, place);
      if (gain > 0) terms[term] = gain;
    }
    this.#fillParts(slot);
    this.#fillFactors(slot);
    return { terms, parts: named(PARTS, this.#parts, 0), factors: named(FACTORS, this.#factors, 1) };
  }
}

/** The numbers with their names, without those that are `neutral`. */
function named<Name extends string>(
  names: readonly Name[],
  numbers: Float64Array,
  neutral: number,
): { [Key in Name]?: number } {
  const shown: { [Key in Name]?: number } = {};
  for (const [place, name] of names.entries()) if (numbers[place] !== neutral) shown[name] = numbers[place]!;
  return shown;
}
