// What a question asks an index for: terms with their weights, terms related to them, the speaker it names, and the
// dates it speaks of. Related terms are members of a class of words (word-classes.ts) and words that begin alike; rare ones
// first, as many as a search can afford.
import { monthNamed } from "./calendar.ts";
import { logarithm } from "./logarithm.ts";
import type { RecallIndex } from "./recall-index.ts";
import { SYNONYMS } from "./synonyms.ts";
import { TermReader, termOf } from "./term-reader.ts";
import type { RecallWeights } from "./weights.ts";
import { WORD_CLASSES } from "./word-classes.ts";

/** A term of a question that the index knows. */
export interface AskedTerm {
  readonly term: string;
  readonly number: number;
  /** How rare it is, times what its kind counts. */
  readonly weight: number;
  readonly rarity: number;
  /** What its kind counts. */
  readonly kind: number;
  /** More rarity than this counts no more: where many speak, a name must not outweigh what was asked about. */
  readonly rarityMax: number;
}

export interface Question {
  readonly terms: readonly AskedTerm[];
  /** Those of the terms whose postings are looked through to find candidates: the rarest. Scores count all of them. */
  readonly finding: readonly AskedTerm[];
  readonly related: readonly AskedTerm[];
  /** Pairs of indices into `terms` that stand side by side. */
  readonly pairs: readonly (readonly [left: number, right: number])[];
  /** The one speaker it names. */
  readonly speaker: number | undefined;
  readonly asksWhen: boolean;
  readonly asksHowMany: boolean;
  readonly months: readonly number[];
  readonly days: readonly number[];
  readonly years: readonly number[];
}

/** Postings of terms, and of related ones, that one search looks through: some milliseconds, however much there is. */
const POSTINGS_MAX = 32_768;
/** As rare as the name of one of two who speak: the measured conversations had two. */
const NAME_RARITY_MAX = 1;
/** Terms of one question: the rest of a longer text is not looked for. */
const QUESTION_TERMS_MAX = 64;

const ASKING_WORDS = `kind type sort mention say tell according both name item thing person certain specific us share
  describe attend new find state consider likely might discuss term refer individual experience recent current plan
  give ask seem enjoy make take activity event`;
const ASKING = new Set(ASKING_WORDS.split(/\s+/).map(termOf));

const CLASSES = WORD_CLASSES.map(({ names, members }) => ({
  names: new Set(names.map(termOf)),
  members: [...new Set(members.map(termOf))].filter((term) => term !== ""),
}));

const SYNONYM_TERMS = SYNONYMS.map((row) => new Set(row.map(termOf)));

const WHEN =
  /\bwhen\b|\bwhat (date|day|month|year|time)\b|\bhow long\b|\bwhich (month|year|day)\b|how (recently|soon)/;
const HOW_MANY = /how (many|much|old|often|long)/;
const MAY = /\b(in|on|of|during|since|by|until|\d+(st|nd|rd|th)?)\s+may\b|\bmay,?\s+\d/;

const reader = new TermReader();

export function readQuestion(index: RecallIndex, text: string, weights: RecallWeights): Question {
  const sequence = reader.termsOf(text).slice(0, QUESTION_TERMS_MAX);
  const own = new Set(sequence);
  const names = new Set([...own].filter((term) => index.speakersNamed(term) !== undefined));
  const speakers = new Set([...names].flatMap((term) => [...index.speakersNamed(term)!]));
  const terms = [...own].flatMap((term) => {
    if (names.has(term)) return askedTerm(index, term, weights.name, NAME_RARITY_MAX) ?? [];
    return askedTerm(index, term, ASKING.has(term) ? weights.asking : 1) ?? [];
  });
  const lower = text.toLowerCase();
  return {
    terms,
    finding: affordable(index, terms),
    related: relatedTerms(index, own, names, weights),
    pairs: pairsOf(sequence, terms),
    speaker: speakers.size === 1 ? [...speakers][0] : undefined,
    asksWhen: WHEN.test(lower),
    asksHowMany: HOW_MANY.test(lower),
    ...datesOf(lower),
  };
}

/** How rare something is that `holders` of `count` hold (Robertson and Spärck Jones, made positive as in Lucene). */
export function rarity(count: number, holders: number): number {
  return logarithm(1 + (count - holders + 0.5) / (holders + 0.5));
}

function askedTerm(
  index: RecallIndex,
  term: string,
  kind: number,
  rarityMax = Number.POSITIVE_INFINITY,
): AskedTerm | undefined {
  const number = index.vocabulary.find(term);
  if (number === undefined) return undefined;
  const rare = Math.min(rarityMax, rarity(index.size, index.postings.length(number)));
  return { term, number, rarity: rare, weight: rare * kind, kind, rarityMax };
}

function relatedTerms(
  index: RecallIndex,
  own: ReadonlySet<string>,
  names: ReadonlySet<string>,
  weights: RecallWeights,
): AskedTerm[] {
  const factors = new Map<string, number>();
  const add = (term: string, factor: number): void => {
    if (!own.has(term)) factors.set(term, Math.max(factor, factors.get(term) ?? 0));
  };
  for (const { names: classNames, members } of CLASSES) {
    if (![...own].some((term) => classNames.has(term))) continue;
    for (const member of members) add(member, weights.member);
  }
  for (const row of SYNONYM_TERMS) {
    if (![...own].some((term) => row.has(term))) continue;
    for (const term of row) if (term !== "") add(term, weights.synonym);
  }
  for (const term of own) {
    if (names.has(term)) continue;
    for (const number of index.vocabulary.related(term)) add(index.vocabulary.text(number), weights.related);
  }
  const found = [...factors].flatMap(([term, factor]) => askedTerm(index, term, factor) ?? []);
  return affordable(index, found);
}

/** The rarest terms, as far as a search may look, and one at least; equal ones by their text, so that replicas choose alike. */
function affordable(index: RecallIndex, terms: readonly AskedTerm[]): AskedTerm[] {
  const length = ({ number }: AskedTerm): number => index.postings.length(number);
  const sorted = terms.toSorted(
    (left, right) => length(left) - length(right) || (left.term < right.term ? -1 : 1),
  );
  let postings = 0;
  return sorted.filter((term, place) => {
    postings += length(term);
    return place === 0 || postings <= POSTINGS_MAX;
  });
}

function pairsOf(sequence: readonly string[], terms: readonly AskedTerm[]): [number, number][] {
  const places = new Map(terms.map(({ term }, place) => [term, place]));
  const pairs: [number, number][] = [];
  for (let index = 1; index < sequence.length; index++) {
    const left = places.get(sequence[index - 1]!);
    const right = places.get(sequence[index]!);
    if (left !== undefined && right !== undefined && left !== right) pairs.push([left, right]);
  }
  return pairs;
}

function datesOf(lower: string): Pick<Question, "months" | "days" | "years"> {
  const months = (lower.match(/[a-z]+/g) ?? []).flatMap((word) => {
    const month = monthNamed(word);
    return month === undefined || (word === "may" && !MAY.test(lower)) ? [] : [month];
  });
  const numbers = (pattern: RegExp): number[] =>
    [...lower.matchAll(pattern)].map((match) => Number(match[1]));
  return {
    months,
    days: numbers(/\b(\d{1,2})(?:st|nd|rd|th)?\b/g),
    years: numbers(/\b((?:19|20)\d\d)\b/g),
  };
}
