// What the participants of a federation agree on before the first round; it never changes, for the model is a function of it.
import { CrdtError } from "../errors.ts";
import { MODEL_ROWS_MAX, UPDATE_BYTES_MAX, UPDATE_EXAMPLES_MAX } from "../limits.ts";
import { type AggregationRule, checkAggregationRule } from "./aggregation.ts";
import { checkServerOptimizer, type ServerOptimizer, updateLengthOf } from "./server-optimizer.ts";

/** Who freezes a round: its creator alone, or whoever sees enough contributions. */
export type CloseRule =
  | { readonly kind: "creator" }
  | { readonly kind: "quorum"; readonly contributions: number };

export interface FederationSettings {
  /** Numbers a model has. */
  readonly parameters: number;
  readonly aggregation: AggregationRule;
  readonly optimizer: ServerOptimizer;
  readonly closing: CloseRule;
  /** The greatest magnitude an update may hold; the mean is exact up to it. */
  readonly magnitudeMax: number;
  /** The greatest norm an update may have. */
  readonly normMax: number;
}

export type FederationOptions = Pick<FederationSettings, "parameters"> & Partial<FederationSettings>;

const MAGNITUDE_MAX = 64;

/** Errors: invalid-argument, limit-exceeded. */
export function settingsOf(options: FederationOptions): FederationSettings {
  const settings: FederationSettings = {
    parameters: options.parameters,
    aggregation: options.aggregation ?? { kind: "mean" },
    optimizer: options.optimizer ?? { kind: "fedavg" },
    closing: options.closing ?? { kind: "creator" },
    magnitudeMax: options.magnitudeMax ?? MAGNITUDE_MAX,
    normMax: options.normMax ?? MAGNITUDE_MAX * Math.sqrt(options.parameters),
  };
  checkSettings(settings);
  return settings;
}

/** Errors: invalid-argument, limit-exceeded. */
export function checkSettings(settings: FederationSettings): void {
  const { parameters, aggregation, optimizer, closing, magnitudeMax, normMax, ...others } = settings;
  if (!Number.isSafeInteger(parameters) || parameters < 1)
    refuse(`a model of ${told(parameters)} parameters; give an integer from 1 on`);
  for (const [name, part] of Object.entries({ aggregation, optimizer, closing }))
    if (typeof part?.kind !== "string") refuse(`no kind of ${name}; give one, see the settings`);
  // Who does not know a setting would come to another model than who does.
  if (Object.keys(others).length > 0)
    refuse(`settings ${Object.keys(others).join(", ")} are not known here; update the package`);
  checkAggregationRule(aggregation);
  checkServerOptimizer(optimizer);
  const bytes = updateLengthOf(optimizer, parameters) * 4;
  if (bytes > UPDATE_BYTES_MAX) {
    throw new CrdtError(
      "limit-exceeded",
      `updates of ${bytes} bytes, at most ${UPDATE_BYTES_MAX}; train a part of the model`,
    );
  }
  const isQuorum = closing.kind === "quorum" && isWithin(closing.contributions, MODEL_ROWS_MAX);
  if (closing.kind !== "creator" && !isQuorum)
    refuse(
      `"${closing.kind}" closes no round, or misses its count; give creator, or a quorum of 1 to ${MODEL_ROWS_MAX}`,
    );
  for (const [name, value] of Object.entries({ magnitudeMax, normMax })) {
    if (!(typeof value === "number" && value > 0 && value <= 2 ** 20))
      refuse(`a ${name} of ${told(value)}; give a number above 0, at most 2^20`);
  }
}

/** Settings come from a document: a value may be of any kind. */
const told = (value: unknown): string => (typeof value === "number" ? `${value}` : typeof value);

const isWithin = (value: number, limit: number): boolean =>
  Number.isSafeInteger(value) && value >= 1 && value <= limit;

export const isExamples = (value: unknown): value is number =>
  typeof value === "number" && isWithin(value, UPDATE_EXAMPLES_MAX);

function refuse(message: string): never {
  throw new CrdtError("invalid-argument", message);
}
