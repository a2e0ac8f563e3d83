// Turns read whole: how often each has each term of a question, from the terms in the order they stand. What postings
// cannot tell comes from here: pairs, windows, and what neighbours say.
import { Saturation } from "./lookup.ts";
import type { AskedTerm, Question } from "./question.ts";
import { NO_SLOT, type RecallIndex } from "./recall-index.ts";
import type { Scratch } from "./scratch.ts";
import type { RecallWeights } from "./weights.ts";

export class NearReading {
  readonly #index: RecallIndex;
  readonly #scratch: Scratch;
  readonly #question: Question;
  readonly #saturation: Saturation;
  readonly #averageLength: number;
  readonly #slots: number[] = [];
  readonly #own: number[] = [];
  readonly #related: number[] = [];
  /** A row of frequencies a turn read, one after the other. */
  readonly #frequencies: number[] = [];
  readonly #relatedFrequencies: Float64Array;

  constructor(index: RecallIndex, scratch: Scratch, question: Question, weights: RecallWeights) {
    this.#index = index;
    this.#scratch = scratch;
    this.#question = question;
    this.#averageLength = index.termCount / index.size;
    this.#saturation = new Saturation(weights.saturation, weights.lengthPenalty, this.#averageLength);
    this.#relatedFrequencies = new Float64Array(question.related.length);
    for (const [place, { number }] of question.terms.entries()) scratch.places[number] = place + 1;
    for (const [place, { number }] of question.related.entries()) scratch.places[number] = -place - 1;
  }

  clear(): void {
    for (const slot of this.#slots) this.#scratch.readAt[slot] = 0;
    for (const { number } of this.#question.terms) this.#scratch.places[number] = 0;
    for (const { number } of this.#question.related) this.#scratch.places[number] = 0;
  }

  /** What a turn's own terms give. */
  own(slot: number): number {
    return this.#own[this.#place(slot)]!;
  }

  related(slot: number): number {
    return this.#related[this.#place(slot)]!;
  }

  /** What a turn gives to those beside it; nothing where there is none. */
  sum(slot: number): number {
    if (slot === NO_SLOT) return 0;
    const place = this.#place(slot);
    return this.#own[place]! + this.#related[place]!;
  }

  /** What the term at `place` of the question gives. */
  term(slot: number, place: number): number {
    const frequency = this.#frequency(this.#place(slot), place);
    if (frequency === 0) return 0;
    return this.#question.terms[place]!.weight * this.#saturation.of(frequency, this.#index.length(slot));
  }

  /** A turn and its neighbours as one text; a neighbour that is not there counts as an average one that says nothing. */
  window(slot: number): number {
    const index = this.#index;
    const [previous, next] = [index.previous(slot), index.next(slot)];
    const own = this.#place(slot);
    const before = previous === NO_SLOT ? NO_SLOT : this.#place(previous);
    const after = next === NO_SLOT ? NO_SLOT : this.#place(next);
    const around = this.#lengthOf(previous) + this.#lengthOf(next);
    const length = (index.length(slot) + around) / 3;
    const { terms } = this.#question;
    let sum = 0;
    for (let place = 0; place < terms.length; place++) {
      let frequency = this.#frequency(own, place);
      if (before !== NO_SLOT) frequency += this.#frequency(before, place);
      if (after !== NO_SLOT) frequency += this.#frequency(after, place);
      if (frequency > 0) sum += terms[place]!.weight * this.#saturation.of(frequency, length);
    }
    return sum;
  }

  /** What pairs of terms give that stand side by side in a turn as in the question. */
  pairs(slot: number): number {
    const { pairs, terms } = this.#question;
    const own = this.#place(slot);
    let sum = 0;
    for (const [left, right] of pairs) {
      if (this.#frequency(own, left) === 0 || this.#frequency(own, right) === 0) continue;
      if (!this.#standTogether(slot, terms[left]!, terms[right]!)) continue;
      sum += (terms[left]!.rarity + terms[right]!.rarity) / 2;
    }
    return sum;
  }

  #lengthOf(slot: number): number {
    return slot === NO_SLOT ? this.#averageLength : this.#index.length(slot);
  }

  #frequency(read: number, place: number): number {
    return this.#frequencies[read * this.#question.terms.length + place]!;
  }

  #standTogether(slot: number, left: AskedTerm, right: AskedTerm): boolean {
    const end = this.#index.length(slot) - 1;
    for (let position = 0; position < end; position++) {
      const isLeft = this.#index.term(slot, position) === left.number;
      if (isLeft && this.#index.term(slot, position + 1) === right.number) return true;
    }
    return false;
  }

  #place(slot: number): number {
    const known = this.#scratch.readAt[slot]!;
    return known > 0 ? known - 1 : this.#read(slot);
  }

  #read(slot: number): number {
    const index = this.#index;
    const { places } = this.#scratch;
    const read = this.#slots.length;
    const row = this.#frequencies.length;
    for (let place = 0; place < this.#question.terms.length; place++) this.#frequencies.push(0);
    const length = index.length(slot);
    let hasRelated = false;
    for (let position = 0; position < length; position++) {
      const place = places[index.term(slot, position)]!;
      if (place > 0) this.#frequencies[row + place - 1]!++;
      else if (place < 0) {
        this.#relatedFrequencies[-place - 1]!++;
        hasRelated = true;
      }
    }
    this.#slots.push(slot);
    this.#scratch.readAt[slot] = read + 1;
    this.#own.push(this.#sumOfTerms(row, length));
    this.#related.push(hasRelated ? this.#bestOfRelated(length) : 0);
    return read;
  }

  #sumOfTerms(row: number, length: number): number {
    const { terms } = this.#question;
    let sum = 0;
    for (let place = 0; place < terms.length; place++) {
      const frequency = this.#frequencies[row + place]!;
      if (frequency > 0) sum += terms[place]!.weight * this.#saturation.of(frequency, length);
    }
    return sum;
  }

  #bestOfRelated(length: number): number {
    const { related } = this.#question;
    let best = 0;
    for (let place = 0; place < related.length; place++) {
      const frequency = this.#relatedFrequencies[place]!;
      if (frequency === 0) continue;
      best = Math.max(best, related[place]!.weight * this.#saturation.of(frequency, length));
      this.#relatedFrequencies[place] = 0;
    }
    return best;
  }
}
