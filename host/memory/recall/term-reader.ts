// Cuts text into terms: words of letters and digits, lower-cased, cut at an apostrophe, without stop words, their
// irregular forms undone and their stems taken (Porter 1980, by the package `stemmer`). Also notes what kind of words a
// text holds. Left out: languages that write without spaces, whose runs of letters stay one term.
import { stemmer } from "stemmer";
import { STOP_WORDS } from "./stop-words.ts";
import { WORD_FORMS } from "./word-forms.ts";

/** What a text shows besides its terms; bits. */
export const MARKS = {
  endsAsking: 1,
  asks: 2,
  tellsTime: 4,
  counts: 8,
  speaksOfSelf: 16,
  speaksOfYou: 32,
} as const;

/** Words cached beyond this many are not kept: a language has some ten thousand that come again. */
const CACHED_WORDS_MAX = 65_536;
/** Longer runs of letters are no words, but keys, hashes or text of a language without spaces. */
const WORD_LENGTH_MAX = 64;

const wordSet = (words: string): ReadonlySet<string> => new Set(words.trim().split(/\s+/));
const TIME_WORDS =
  wordSet(`yesterday today tonight tomorrow ago last next week weekend weekends month year monday tuesday
  wednesday thursday friday saturday sunday january february march april june july august september october november
  december recently morning night since day days soon upcoming just evening couple few`);
const NUMBER_WORDS = wordSet(
  "one two three four five six seven eight nine ten twice couple dozen several hundred thousand",
);
const SELF_WORDS = wordSet("i my me we our us mine");
const YOU_WORDS = wordSet("you your yours");

interface Word {
  /** Its term; empty where it has none. */
  readonly term: string;
  readonly marks: number;
}

export class TermReader {
  readonly #words = new Map<string, Word>();
  /** The terms of the last text read, in order; live. */
  readonly terms: string[] = [];
  /** Its {@link MARKS}. */
  marks = 0;

  /** Reads `text` into `terms` and `marks`. */
  read(text: string): void {
    this.terms.length = 0;
    this.marks = 0;
    this.#readOn(text);
    const end = lastVisible(text);
    if (end === QUESTION_MARK) this.marks |= MARKS.endsAsking;
    if (text.includes("?")) this.marks |= MARKS.asks;
  }

  /** The terms of a text, as a new list. */
  termsOf(text: string): string[] {
    this.read(text);
    return [...this.terms];
  }

  /** Forgets every word it has seen. */
  forget(): void {
    this.#words.clear();
    this.terms.length = 0;
  }

  #readOn(text: string): void {
    const lower = text.toLowerCase();
    let start = -1;
    for (let index = 0; index < lower.length; index++) {
      const code = lower.charCodeAt(index);
      if (isWordUnit(code, lower, index)) {
        if (start < 0) start = index;
        continue;
      }
      if (start < 0) continue;
      const end = index;
      if (isApostrophe(code)) index = this.#endOfWord(lower, index + 1) - 1;
      this.#add(lower, start, end, index + 1);
      start = -1;
    }
    if (start >= 0) this.#add(lower, start, lower.length, lower.length);
  }

  #endOfWord(lower: string, from: number): number {
    let end = from;
    while (end < lower.length && isWordUnit(lower.charCodeAt(end), lower, end)) end++;
    return end;
  }

  /** A word from `start` to `end`, of which what stands behind an apostrophe ends before `tail`. */
  #add(lower: string, start: number, end: number, tail: number): void {
    // "won't", "can't": what is left of the apostrophe is another word.
    if (tail - end === 2 && lower.charCodeAt(end + 1) === LETTER_T) return;
    const text = lower.slice(start, end);
    let word = this.#words.get(text);
    if (word === undefined) {
      word = readWord(text);
      if (this.#words.size >= CACHED_WORDS_MAX) this.#words.clear();
      this.#words.set(text, word);
    }
    this.marks |= word.marks;
    if (word.term !== "") this.terms.push(word.term);
  }
}

const QUESTION_MARK = 63;
const LETTER_T = 116;
const LETTER = /[\p{L}\p{N}\p{M}]/u;

function isWordUnit(code: number, text: string, index: number): boolean {
  if (code < 128) return (code >= 97 && code <= 122) || (code >= 48 && code <= 57);
  if (code === 0x2019) return false;
  if (code >= 0xdc00 && code <= 0xdfff) return index > 0 && LETTER.test(text.slice(index - 1, index + 1));
  if (code >= 0xd800 && code <= 0xdbff) return LETTER.test(text.slice(index, index + 2));
  return LETTER.test(text[index]!);
}

function isApostrophe(code: number): boolean {
  return code === 39 || code === 0x2019 || code === 96;
}

function lastVisible(text: string): number {
  let end = text.length - 1;
  while (end >= 0 && text.charCodeAt(end) <= 32) end--;
  return end < 0 ? 0 : text.charCodeAt(end);
}

function readWord(text: string): Word {
  return { term: text.length > WORD_LENGTH_MAX ? "" : termOf(text), marks: marksOf(text) };
}

/** The term of a lower-case word; empty for a stop word. */
export function termOf(word: string): string {
  if (STOP_WORDS.has(word)) return "";
  const stem = stemmer(WORD_FORMS.get(word) ?? word);
  return STOP_WORDS.has(stem) ? "" : stem;
}

function marksOf(word: string): number {
  let marks = 0;
  if (TIME_WORDS.has(word)) marks |= MARKS.tellsTime;
  if (NUMBER_WORDS.has(word) || /\d/.test(word)) marks |= MARKS.counts;
  if (SELF_WORDS.has(word)) marks |= MARKS.speaksOfSelf;
  if (YOU_WORDS.has(word)) marks |= MARKS.speaksOfYou;
  return marks;
}
