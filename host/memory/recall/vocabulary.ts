// The terms of an index and a dense number for each. A term that nothing holds any more is gone at once, its text
// included, and its number is used again. Terms of five letters and more are also found by how they begin.

const PREFIX_LENGTH = 5;
/** How much of a longer word a related one must share with it. */
const SHARED_PART = 0.7;

export class Vocabulary {
  readonly #numbers = new Map<string, number>();
  readonly #texts: (string | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #byPrefix = new Map<string, Set<number>>();

  /** Terms there are. */
  get size(): number {
    return this.#numbers.size;
  }

  /** Numbers given out so far are below this. */
  get numbersEnd(): number {
    return this.#texts.length;
  }

  find(term: string): number | undefined {
    return this.#numbers.get(term);
  }

  text(number: number): string {
    return this.#texts[number] ?? "";
  }

  /** The number of a term, a new one where it is new. */
  number(term: string): number {
    const known = this.#numbers.get(term);
    if (known !== undefined) return known;
    const number = this.#free.pop() ?? this.#texts.length;
    this.#texts[number] = term;
    this.#numbers.set(term, number);
    if (term.length >= PREFIX_LENGTH) this.#file(term, number);
    return number;
  }

  remove(number: number): void {
    const term = this.#texts[number];
    if (term === undefined) return;
    this.#numbers.delete(term);
    this.#texts[number] = undefined;
    this.#free.push(number);
    const prefix = term.slice(0, PREFIX_LENGTH);
    const same = this.#byPrefix.get(prefix);
    same?.delete(number);
    if (same?.size === 0) this.#byPrefix.delete(prefix);
  }

  /** Other terms that begin as `term` does, or that it begins with: "photograph" and "photographi". */
  related(term: string): number[] {
    if (term.length < PREFIX_LENGTH) return [];
    const shared = term.slice(0, Math.max(PREFIX_LENGTH, Math.ceil(term.length * SHARED_PART)));
    const found: number[] = [];
    for (const number of this.#byPrefix.get(term.slice(0, PREFIX_LENGTH)) ?? []) {
      const other = this.#texts[number]!;
      if (other !== term && (other.startsWith(shared) || term.startsWith(other))) found.push(number);
    }
    return found;
  }

  #file(term: string, number: number): void {
    const prefix = term.slice(0, PREFIX_LENGTH);
    const same = this.#byPrefix.get(prefix);
    if (same === undefined) this.#byPrefix.set(prefix, new Set([number]));
    else same.add(number);
  }
}
