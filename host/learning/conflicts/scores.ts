// How good predicted probabilities were. Accuracy is not among them: where conflicts are rare, always answering "no"
// is nearly always right. Ranking: area under the ROC curve (Mann and Whitney 1947) and average precision. Probability:
// Brier's score as skill over the constant base rate, and a table of what was said against what came. Cost: a sort.

export interface Scored {
  readonly probability: number;
  readonly outcome: boolean;
}

/** What was said and what came, of the predictions within a tenth. */
export interface ReliabilityRow {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly meanPredicted: number;
  readonly observed: number;
}

const BINS = 10;

/** The chance that of a positive and a negative the positive has the higher probability; undefined without both. */
export function areaUnderCurve(scored: readonly Scored[]): number | undefined {
  const ascending = [...scored].sort((left, right) => left.probability - right.probability);
  const positives = countPositives(scored);
  const negatives = scored.length - positives;
  if (positives === 0 || negatives === 0) return undefined;
  let rankSum = 0;
  for (const { from, to } of ties(ascending)) {
    const rank = (from + to + 1) / 2;
    for (let place = from; place < to; place++) if (ascending[place]!.outcome) rankSum += rank;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** The mean precision at the positives, from the highest probability down; undefined without a positive. */
export function averagePrecision(scored: readonly Scored[]): number | undefined {
  const descending = [...scored].sort((left, right) => right.probability - left.probability);
  const positives = countPositives(scored);
  if (positives === 0) return undefined;
  let found = 0;
  let sum = 0;
  for (const { from, to } of ties(descending)) {
    const hits = countPositives(descending.slice(from, to));
    found += hits;
    sum += (hits * found) / to;
  }
  return sum / positives;
}

/** 1 − the mean squared error over that of always saying the base rate; undefined where all outcomes are the same. */
export function brierSkill(scored: readonly Scored[]): number | undefined {
  if (scored.length === 0) return undefined;
  const base = countPositives(scored) / scored.length;
  if (base === 0 || base === 1) return undefined;
  let sum = 0;
  for (const { probability, outcome } of scored) sum += (probability - (outcome ? 1 : 0)) ** 2;
  return 1 - sum / scored.length / (base * (1 - base));
}

/** Sums from which reliability and Brier's score are told at any time: constant memory. */
export class RunningScores {
  readonly #counts = new Float64Array(BINS);
  readonly #predicted = new Float64Array(BINS);
  readonly #positives = new Float64Array(BINS);
  #squares = 0;

  add(probability: number, outcome: boolean): void {
    const bin = Math.min(BINS - 1, Math.floor(probability * BINS));
    this.#counts[bin]! += 1;
    this.#predicted[bin]! += probability;
    if (outcome) this.#positives[bin]! += 1;
    this.#squares += (probability - (outcome ? 1 : 0)) ** 2;
  }

  get count(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  get positives(): number {
    return this.#positives.reduce((sum, count) => sum + count, 0);
  }

  get brierSkill(): number | undefined {
    const { count, positives } = this;
    if (positives === 0 || positives === count) return undefined;
    const base = positives / count;
    return 1 - this.#squares / count / (base * (1 - base));
  }

  reliability(): ReliabilityRow[] {
    return [...this.#counts].flatMap((count, bin) =>
      count === 0
        ? []
        : [
            {
              from: bin / BINS,
              to: (bin + 1) / BINS,
              count,
              meanPredicted: this.#predicted[bin]! / count,
              observed: this.#positives[bin]! / count,
            },
          ],
    );
  }
}

/** The mean distance between what was said and what came, over all predictions. */
export function calibrationError(rows: readonly ReliabilityRow[]): number {
  let sum = 0;
  let total = 0;
  for (const { count, meanPredicted, observed } of rows) {
    sum += count * Math.abs(meanPredicted - observed);
    total += count;
  }
  return total === 0 ? 0 : sum / total;
}

function countPositives(scored: readonly Scored[]): number {
  return scored.reduce((count, { outcome }) => count + (outcome ? 1 : 0), 0);
}

function* ties(sorted: readonly Scored[]): Generator<{ readonly from: number; readonly to: number }> {
  let from = 0;
  while (from < sorted.length) {
    let to = from + 1;
    while (to < sorted.length && sorted[to]!.probability === sorted[from]!.probability) to++;
    yield { from, to };
    from = to;
  }
}
