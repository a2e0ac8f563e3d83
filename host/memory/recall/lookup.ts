// The first look of a search: BM25 of turns and of whole sessions over the postings of a question's terms (Robertson and
// Zaragoza 2009). Sums run in the order of the terms. Costs: the length of their postings.
import { type AskedTerm, type Question, rarity } from "./question.ts";
import type { RecallIndex } from "./recall-index.ts";
import type { Scratch } from "./scratch.ts";
import type { RecallWeights } from "./weights.ts";

const ONCE_LENGTHS = 256;

/** What a term gives that a text of `length` has so often. */
export class Saturation {
  /** What a term gives that stands there once, by the text's length: nearly all that is ever asked. */
  readonly once = new Float64Array(ONCE_LENGTHS);
  readonly #gain: number;
  readonly #base: number;
  readonly #slope: number;

  constructor(saturation: number, penalty: number, averageLength: number) {
    this.#gain = 1 + saturation;
    this.#base = saturation * (1 - penalty);
    this.#slope = (saturation * penalty) / (averageLength || 1);
    for (let length = 0; length < ONCE_LENGTHS; length++) this.once[length] = this.of(1, length);
  }

  of(frequency: number, length: number): number {
    return (frequency * this.#gain) / (frequency + this.#base + this.#slope * length);
  }
}

export class Lookup {
  readonly #index: RecallIndex;
  readonly #scratch: Scratch;
  readonly #turns: Saturation;
  readonly #sessions: Saturation;
  /** Every slot that has a term, and every session. */
  readonly slots: number[] = [];
  readonly sessions: number[] = [];

  constructor(index: RecallIndex, scratch: Scratch, weights: RecallWeights) {
    this.#index = index;
    this.#scratch = scratch;
    const { size, sessionCount, termCount } = index;
    this.#turns = new Saturation(weights.saturation, weights.lengthPenalty, termCount / size);
    const { sessionSaturation, sessionLengthPenalty } = weights;
    this.#sessions = new Saturation(sessionSaturation, sessionLengthPenalty, termCount / sessionCount);
  }

  run({ finding, related }: Question): void {
    for (const term of finding) this.#lookUp(term);
    for (const term of related) this.#lookUpRelated(term);
  }

  clear(): void {
    const { own, related, sessionScores } = this.#scratch;
    for (const slot of this.slots) {
      own[slot] = 0;
      related[slot] = 0;
    }
    for (const session of this.sessions) sessionScores[session] = 0;
  }

  #lookUp(term: AskedTerm): void {
    const index = this.#index;
    const { own, sessionFrequencies } = this.#scratch;
    const arena = index.postings.arenaView;
    const lengths = index.lengthsView;
    const sessionOf = index.sessionsView;
    const { once } = this.#turns;
    const touched: number[] = [];
    const start = index.postings.offset(term.number);
    const end = start + index.postings.length(term.number);
    for (let place = start; place < end; place++) {
      const slot = arena[place]! >>> 8;
      const frequency = arena[place]! & 255;
      if (own[slot] === 0) this.slots.push(slot);
      const length = lengths[slot]!;
      const isOnce = frequency === 1 && length < ONCE_LENGTHS;
      own[slot]! += term.weight * (isOnce ? once[length]! : this.#turns.of(frequency, length));
      const session = sessionOf[slot]!;
      if (sessionFrequencies[session] === 0) touched.push(session);
      sessionFrequencies[session]! += frequency;
    }
    this.#scoreSessions(term, touched);
  }

  #lookUpRelated(term: AskedTerm): void {
    const index = this.#index;
    const { own, related } = this.#scratch;
    const arena = index.postings.arenaView;
    const start = index.postings.offset(term.number);
    const end = start + index.postings.length(term.number);
    for (let place = start; place < end; place++) {
      const slot = arena[place]! >>> 8;
      if (own[slot] === 0 && related[slot] === 0) this.slots.push(slot);
      const gain = term.weight * this.#turns.of(arena[place]! & 255, index.length(slot));
      if (gain > related[slot]!) related[slot] = gain;
    }
  }

  #scoreSessions({ kind, rarityMax }: AskedTerm, touched: readonly number[]): void {
    const index = this.#index;
    const { sessionFrequencies, sessionScores } = this.#scratch;
    const weight = Math.min(rarityMax, rarity(index.sessionCount, touched.length)) * kind;
    for (const session of touched) {
      if (sessionScores[session] === 0) this.sessions.push(session);
      sessionScores[session]! +=
        weight * this.#sessions.of(sessionFrequencies[session]!, index.sessionLength(session));
      sessionFrequencies[session] = 0;
    }
  }
}
