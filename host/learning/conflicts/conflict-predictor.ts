// How likely it is that another replica writes the same key within a horizon. A closed form, 1 − e^(−rate × horizon)
// with rates at four time scales, says it from the first write on; an online logistic regression learns by how much the
// closed form is off, from conflicts seen later. Steers sync and warns; what a merge yields never depends on it.
// Leaves out everything about the values. Cost of a prediction with its update: a few microseconds, constant.
import { CrdtError } from "../../errors.ts";
import { PENDING_PREDICTIONS_MAX, PREDICTED_KEYS_MAX } from "../../limits.ts";
import { logOddsOf, OnlineLogistic, type WeightPrior } from "./online-logistic.ts";
import { type Pending, PredictionBook } from "./prediction-book.ts";
import { type ReliabilityRow, RunningScores } from "./scores.ts";
import { WriteRates } from "./write-rates.ts";

export interface ConflictPredictorOptions {
  /** How far ahead is predicted, in milliseconds. */
  readonly horizonMs: number;
  /** Keys remembered; 65,536 unless given, which is the most. */
  readonly keysMax?: number;
  /** Predictions that may wait for their outcome; 65,536 unless given, which is the most. */
  readonly pendingMax?: number;
}

export interface ConflictPrediction {
  /** Names it where a conflict is reported by hand. */
  readonly id: number;
  readonly key: string;
  /** That another writer writes the key within the horizon. */
  readonly probability: number;
  /** The same by the closed form alone. */
  readonly closedForm: number;
}

/** What is known of the predictions made, over those whose horizon has passed. */
export interface ConflictScores {
  readonly validated: number;
  readonly conflicts: number;
  /** 1 − mean squared error over that of the base rate; undefined while all outcomes are the same. */
  readonly brierSkill: number | undefined;
  readonly reliability: readonly ReliabilityRow[];
  readonly pending: number;
  /** Given up because too many waited. */
  readonly dropped: number;
}

/** Time scales of the rates, in horizons. */
const SCALES = [1, 7, 30, 90];
/** What the log-odds and logarithms are divided by, so that one deviation fits all weights. */
const FEATURE_SCALE = 3;
/**
 * Intercept, slope and dilution. Rates of real keys differ more in what is measured than in what comes, so log-odds
 * shrink by 0.4; and a write among many of its writer is one of a sweep over all keys, which others seldom follow, so
 * odds fall with about the fifth root of the writes. Both held alike in the three histories they were chosen on.
 */
const PRIORS: readonly WeightPrior[] = [
  { mean: 0, deviation: 0.1 },
  { mean: -0.4 * FEATURE_SCALE, deviation: 0.1 },
  { mean: -0.2 * FEATURE_SCALE, deviation: 0.05 },
];
/** Writes of one turn succeed or fail together, so ten examples count as one, and those of a burst as less. */
const EXAMPLE_SHARE = 0.1;

export class ConflictPredictor {
  readonly horizonMs: number;
  readonly #rates: WriteRates;
  readonly #book: PredictionBook;
  readonly #residual = new OnlineLogistic(PRIORS);
  readonly #scores = new RunningScores();

  /** Errors: invalid-argument, limit-exceeded. */
  constructor(options: ConflictPredictorOptions) {
    const { horizonMs, keysMax = PREDICTED_KEYS_MAX, pendingMax = PENDING_PREDICTIONS_MAX } = options;
    if (!(horizonMs > 0) || !Number.isFinite(horizonMs)) {
      throw new CrdtError("invalid-argument", `horizonMs ${horizonMs}: give milliseconds above 0`);
    }
    checkCount("keysMax", keysMax, PREDICTED_KEYS_MAX);
    checkCount("pendingMax", pendingMax, PENDING_PREDICTIONS_MAX);
    this.horizonMs = horizonMs;
    const scalesMs = SCALES.map((scale) => scale * horizonMs);
    this.#rates = new WriteRates(scalesMs, keysMax);
    this.#book = new PredictionBook(pendingMax);
  }

  /** Keys remembered. */
  get keys(): number {
    return this.#rates.keys;
  }

  /** A writer wrote a key, here or as seen by a merge. Predicts first where the write is to be predicted. */
  wrote(key: string, writer: string, atMs: number): void {
    this.validateDue(atMs);
    this.#book.wrote(key, writer);
    this.#rates.wrote(key, writer, atMs);
  }

  /** The probability for a write of `writer` now, without waiting for what comes of it. */
  probability(key: string, writer: string, nowMs: number): number {
    const { offset, features } = this.#look(key, writer, nowMs);
    return this.#residual.probability(offset, features);
  }

  /** The same, to be validated when the horizon has passed: call it before `wrote`, once an operation. */
  predict(key: string, writer: string, nowMs: number): ConflictPrediction {
    this.validateDue(nowMs);
    const { closedForm, offset, features, share } = this.#look(key, writer, nowMs);
    const probability = this.#residual.probability(offset, features);
    const dueMs = nowMs + this.horizonMs;
    const { id } = this.#book.open({ key, writer, probability, offset, features, share, dueMs });
    return { id, key, probability, closedForm };
  }

  /** A merge showed a conflict that `wrote` does not tell of. True the first time, while its horizon lasts. */
  conflicted(id: number): boolean {
    return this.#book.conflicted(id);
  }

  /** Validates what is due, and learns from it. `wrote` and `predict` do so by themselves. */
  validateDue(nowMs: number): void {
    for (const pending of this.#book.takeDue(nowMs)) this.#validate(pending);
  }

  scores(): ConflictScores {
    return {
      validated: this.#scores.count,
      conflicts: this.#scores.positives,
      brierSkill: this.#scores.brierSkill,
      reliability: this.#scores.reliability(),
      pending: this.#book.size,
      dropped: this.#book.dropped,
    };
  }

  /** The keys that others most likely write within the horizon, the likeliest first: those to sync sooner. */
  hotKeys(writer: string, nowMs: number, count: number): { key: string; probability: number }[] {
    const found: { key: string; probability: number }[] = [];
    for (const key of this.#rates.keyNames()) {
      found.push({ key, probability: this.probability(key, writer, nowMs) });
    }
    return found.sort((left, right) => right.probability - left.probability).slice(0, count);
  }

  #validate({ probability, offset, features, share, hasConflicted }: Pending): void {
    this.#scores.add(probability, hasConflicted);
    this.#residual.learn(offset, features, hasConflicted, share);
  }

  #look(key: string, writer: string, nowMs: number) {
    const { othersPerMs, burst } = this.#rates.rate(key, writer, nowMs);
    const closedForm = -Math.expm1(-othersPerMs * this.horizonMs);
    const offset = logOddsOf(closedForm);
    const features = [1, offset / FEATURE_SCALE, Math.log1p(burst) / FEATURE_SCALE];
    return { closedForm, offset, features, share: EXAMPLE_SHARE / Math.sqrt(1 + burst) };
  }
}

function checkCount(name: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new CrdtError("invalid-argument", `${name} ${value}: give a whole number from 1`);
  }
  if (value > most) {
    throw new CrdtError("limit-exceeded", `${name} ${value}: at most ${most}, forget keys sooner`);
  }
}
