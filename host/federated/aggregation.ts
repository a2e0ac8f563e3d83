// How the updates of a round become one: the exact mean, or a rule that bears some liars. Coordinate median and trimmed mean:
// Yin et al., ICML 2018. Krum and multi-Krum: Blanchard et al., NIPS 2017. All are pure functions of the updates in the order
// given; only the mean looks at examples. Costs: parameters × updates, Krum parameters × updates².
import type { ModelKernels } from "../engine/engine.ts";
import { CrdtError } from "../errors.ts";
import { exactMean } from "./exact-mean.ts";

export type AggregationRule =
  | { readonly kind: "mean" }
  | { readonly kind: "median" }
  /** Leaves out this share of the updates at either end of every coordinate. */
  | { readonly kind: "trimmed-mean"; readonly share: number }
  /** Takes the one update (or `kept`, as a mean without weights) nearest to its neighbours, for up to `liars` liars. */
  | { readonly kind: "krum"; readonly liars: number; readonly kept?: number };

export interface Contribution {
  readonly update: Float32Array;
  readonly examples: number;
}

/** Errors: invalid-argument. */
export function checkAggregationRule(rule: AggregationRule): void {
  const isShare = (value: number): boolean => value >= 0 && value < 0.5;
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  const isGood =
    rule.kind === "mean" ||
    rule.kind === "median" ||
    (rule.kind === "trimmed-mean" && isShare(rule.share)) ||
    (rule.kind === "krum" &&
      isCount(rule.liars) &&
      (rule.kept === undefined || (isCount(rule.kept) && rule.kept > 0)));
  if (isGood) return;
  throw new CrdtError(
    "invalid-argument",
    `"${rule.kind}" is no rule, or misses what it takes; give mean, median, trimmed-mean with a share below 0.5, or krum`,
  );
}

/** Errors: invalid-argument without contributions. */
export function aggregate(
  kernels: ModelKernels,
  contributions: readonly Contribution[],
  rule: AggregationRule,
  magnitudeMax: number,
): Float32Array {
  const updates = contributions.map(({ update }) => update);
  if (updates.length === 0)
    throw new CrdtError("invalid-argument", "no contribution to aggregate; a round needs one at least");
  switch (rule.kind) {
    case "mean":
      return exactMean(
        kernels,
        updates,
        contributions.map(({ examples }) => examples),
        magnitudeMax,
      );
    case "median":
      return kernels.trimmedMean(updates, (updates.length - 1) >> 1);
    case "trimmed-mean":
      return kernels.trimmedMean(
        updates,
        Math.min((updates.length - 1) >> 1, Math.ceil(updates.length * rule.share)),
      );
    case "krum": {
      const kept = krum(kernels, updates, rule.liars, rule.kept ?? 1).map((index) => updates[index]!);
      return exactMean(
        kernels,
        kept,
        kept.map(() => 1),
        magnitudeMax,
      );
    }
  }
}

/** The places of the `kept` updates whose n − liars − 2 nearest neighbours are nearest, ascending; of equal ones the first. */
export function krum(
  kernels: ModelKernels,
  updates: readonly Float32Array[],
  liars: number,
  kept: number,
): number[] {
  const neighbours = Math.max(1, updates.length - liars - 2);
  const distances = updates.map(() => new Float64Array(updates.length));
  for (let left = 0; left < updates.length; left++) {
    for (let right = left + 1; right < updates.length; right++) {
      const distance = kernels.squaredDistance(updates[left]!, updates[right]!);
      distances[left]![right] = distance;
      distances[right]![left] = distance;
    }
  }
  const scores = distances.map((row, own) => {
    const others = row.filter((_, index) => index !== own).sort();
    return others.subarray(0, neighbours).reduce((sum, distance) => sum + distance, 0);
  });
  const ranked = updates
    .map((_, index) => index)
    .sort((left, right) => scores[left]! - scores[right]! || left - right);
  return ranked.slice(0, kept).sort((left, right) => left - right);
}

/** `update` made shorter where its norm is above `normMax`; itself otherwise. */
export function clipped(kernels: ModelKernels, update: Float32Array, normMax: number): Float32Array {
  const norm = Math.sqrt(kernels.squaredNorm(update));
  if (norm <= normMax) return update;
  return update.map((value) => value * (normMax / norm));
}
