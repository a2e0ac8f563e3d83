// Columns a search fills and clears again: as long as the index has slots, sessions or terms, so made once, not a search.
import { larger } from "./postings.ts";
import type { RecallIndex } from "./recall-index.ts";

export class Scratch {
  /** By slot: what its own terms, and related ones, give. Zero between searches. */
  own = new Float64Array(0);
  related = new Float64Array(0);
  /** By slot: one more than where it was read to. Zero between searches. */
  readAt = new Int32Array(0);
  /** By session: its score, and how often it has the term at hand. Zero between searches. */
  sessionScores = new Float64Array(0);
  sessionFrequencies = new Float64Array(0);
  /** By term: one more than its place in the question, or the negative of that among related ones. Zero between searches. */
  places = new Int32Array(0);

  reserve(index: RecallIndex): void {
    if (this.own.length < index.slotsEnd) {
      this.own = larger(this.own, index.slotsEnd);
      this.related = larger(this.related, index.slotsEnd);
      this.readAt = larger(this.readAt, index.slotsEnd);
    }
    if (this.sessionScores.length < index.sessionsEnd) {
      this.sessionScores = larger(this.sessionScores, index.sessionsEnd);
      this.sessionFrequencies = larger(this.sessionFrequencies, index.sessionsEnd);
    }
    const terms = index.vocabulary.numbersEnd;
    if (this.places.length < terms) this.places = larger(this.places, terms);
  }
}

const scratches = new WeakMap<RecallIndex, Scratch>();

/** The scratch of an index, with room for all it holds. A search that ends leaves it as it found it. */
export function scratchOf(index: RecallIndex): Scratch {
  let scratch = scratches.get(index);
  if (scratch === undefined) {
    scratch = new Scratch();
    scratches.set(index, scratch);
  }
  scratch.reserve(index);
  return scratch;
}
