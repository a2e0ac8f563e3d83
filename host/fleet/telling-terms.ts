// Which terms tell what a text is about, from that text alone, so that whoever reads it chooses the same. Frequent words
// are short (Zipf's law of abbreviation, 1935), so length stands in for rarity and no table of stop words is needed: a
// term weighs its count times the letters it has beyond COMMON_LETTERS. Only terms of letters count, for identifiers and
// encoded data are long without telling anything. Leaves out word forms and languages written without spaces. Cost:
// the terms of the text, times TELLING_TERMS_MAX.

/** Terms told of one text: few enough that a graph of thousands of files stays small and can be drawn. */
export const TELLING_TERMS_MAX = 4;
/** Terms of so few letters are mostly the glue of a language. */
const COMMON_LETTERS = 4;
/** More than so many letters are no word. */
const LETTERS_MAX = 24;

const LETTERS_ALONE = /^\p{L}+$/u;

/** Counts terms; takes the place of a set for `tallyWords`. */
export class TermCounts {
  readonly counts = new Map<string, number>();

  add(term: string): void {
    this.counts.set(term, (this.counts.get(term) ?? 0) + 1);
  }
}

/** The most telling terms, best first; of equal ones the first by the alphabet. */
export function tellingTerms(counts: ReadonlyMap<string, number>, most = TELLING_TERMS_MAX): string[] {
  const best: { readonly term: string; readonly weight: number }[] = [];
  for (const [term, count] of counts) {
    const weight = count * (term.length - COMMON_LETTERS);
    const last = best[most - 1];
    if (weight <= 0 || term.length > LETTERS_MAX || (last !== undefined && weight < last.weight)) continue;
    if (!LETTERS_ALONE.test(term)) continue;
    const place = best.findIndex((other) => isBefore(term, weight, other));
    best.splice(place < 0 ? best.length : place, 0, { term, weight });
    if (best.length > most) best.pop();
  }
  return best.map(({ term }) => term);
}

function isBefore(
  term: string,
  weight: number,
  other: { readonly term: string; readonly weight: number },
): boolean {
  return weight > other.weight || (weight === other.weight && term < other.term);
}
