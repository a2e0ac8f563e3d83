// What counts how much in a ranking. Found by coordinate search over questions about recorded conversations, checked by
// leaving one conversation out at a time (docs/memory.md has the figures), and rounded: the maximum is flat.

export interface RecallWeights {
  /** BM25 of turns: how soon a repeated term stops counting, and how much long turns pay. */
  readonly saturation: number;
  readonly lengthPenalty: number;
  /** The same of whole sessions. */
  readonly sessionSaturation: number;
  readonly sessionLengthPenalty: number;
  /** A term that is a speaker's name, and one that belongs to asking rather than to what is asked for. */
  readonly name: number;
  readonly asking: number;
  /** Members of a class of words that the question names, and words that begin alike. */
  readonly member: number;
  readonly related: number;
  /** Words that stand for a word of the question. */
  readonly synonym: number;
  /** What the turns around say: the one before, more where it asks, the one before that, and those behind. */
  readonly previous: number;
  readonly previousAsking: number;
  readonly secondPrevious: number;
  readonly next: number;
  readonly secondNext: number;
  /** A turn and its two neighbours as one text; two terms side by side; the whole session. */
  readonly window: number;
  readonly pair: number;
  readonly session: number;
  /** Factors: a turn that ends with a question, speaks of "you" alone, opens a session, or is long. */
  readonly question: number;
  readonly ofYou: number;
  readonly opening: number;
  readonly long: number;
  /** Factors: a turn that tells a time, asked when; a number, asked how many; said in the month, on the day, in the year asked for. */
  readonly time: number;
  readonly number: number;
  readonly month: number;
  readonly day: number;
  readonly year: number;
  /** Factor: said by the one speaker that the question names. */
  readonly speaker: number;
}

export const RECALL_WEIGHTS: RecallWeights = {
  saturation: 0.55,
  lengthPenalty: 0.2,
  sessionSaturation: 1.2,
  sessionLengthPenalty: 0.9,
  name: 1.55,
  asking: 0.6,
  member: 0.45,
  related: 0.4,
  synonym: 0.4,
  previous: 0.6,
  previousAsking: 1.6,
  secondPrevious: 0.4,
  next: 0.3,
  secondNext: 0.45,
  window: 0.5,
  pair: 0.5,
  session: 1,
  question: 0.8,
  ofYou: 0.85,
  opening: 1.2,
  long: 0.2,
  time: 1.45,
  number: 1.3,
  month: 3.5,
  day: 5.5,
  year: 1.3,
  speaker: 1.3,
};
