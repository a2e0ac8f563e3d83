// What a word and a term are. Agents and the plain count both ask here, and sum on their own.
// A word is a run of letters, digits, marks and underscores, joined by inner apostrophes; it never spans white
// space, so a text may be cut at white space without changing its words. A term is a word in lower case that holds
// a letter. Leaves out stemming, stop words and languages written without spaces. One pass over the text.

/** Characters of the longest term kept: longer ones are hashes and encoded data, counted as words only. */
export const TERM_CHARACTERS_MAX = 40;

const WORD = /[\p{L}\p{N}\p{M}_]+(?:['’][\p{L}\p{N}\p{M}_]+)*/gu;
const LETTER = /\p{L}/u;

/** Adds each term of `text` to `terms` as often as it stands there, and returns how many words the text holds. */
export function tallyWords(text: string, terms: { add(term: string): unknown }): number {
  let words = 0;
  for (const [word] of text.matchAll(WORD)) {
    words++;
    if (word.length <= TERM_CHARACTERS_MAX && LETTER.test(word)) terms.add(word.toLowerCase());
  }
  return words;
}
