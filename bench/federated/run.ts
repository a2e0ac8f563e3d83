// One federation in one process, without documents: what a configuration comes to on one seed. Everything that is chance,
// who takes part, how examples are dealt out, where training starts, comes from that seed.
import type { ModelKernels } from "../../host/engine/engine.ts";
import {
  type AggregationRule,
  aggregate,
  type Contribution,
  dealOut,
  decodeUpdate,
  type Examples,
  encodeUpdate,
  examplesAt,
  initialState,
  type LocalTraining,
  Network,
  nextState,
  SeededRandom,
  type ServerOptimizer,
  trainLocally,
  type UpdateEncoding,
} from "../../host/federated/index.ts";
import { type Digits, WIDTHS } from "./digits.ts";

export const TRAINING: LocalTraining = { epochs: 5, batch: 16, rate: 0.1 };
const MAGNITUDE_MAX = 1024;

export interface Configuration {
  readonly participants: number;
  /** Participants a round; without it, all. */
  readonly sampled?: number;
  readonly rounds: number;
  readonly alpha?: number;
  readonly optimizer?: ServerOptimizer;
  readonly aggregation?: AggregationRule;
  readonly training?: LocalTraining;
  readonly encoding?: UpdateEncoding;
  /** Participants whose updates are multiplied by this. */
  readonly liars?: { readonly count: number; readonly factor: number };
}

export interface Reached {
  /** Percent of the test set. */
  readonly accuracy: number;
  /** Bytes of all updates. */
  readonly bytes: number;
  readonly model: Float32Array;
}

/** Training on everything in one place, for as many epochs as there are rounds. */
export function trainCentrally({ train, test }: Digits, epochs: number, seed: number): number {
  const network = new Network(WIDTHS);
  const random = new SeededRandom(seed);
  const start = network.initialModel(random);
  const { update } = trainLocally(network, start, train, { ...TRAINING, epochs }, random);
  return (
    100 *
    network.accuracy(
      start.map((value, index) => value + update[index]!),
      test,
    )
  );
}

export function runFederation(
  kernels: ModelKernels,
  { train, test }: Digits,
  configuration: Configuration,
  seed: number,
): Reached {
  const { participants, sampled = participants, rounds, optimizer = { kind: "fedavg" } } = configuration;
  const network = new Network(WIDTHS);
  const random = new SeededRandom(seed);
  const hands = dealOut(train.labels, participants, configuration.alpha, random).map((places) =>
    examplesAt(train, places),
  );
  const corrections = hands.map(
    () => new Float32Array(optimizer.kind === "scaffold" ? network.parameters : 0),
  );
  let state = initialState(optimizer, network.initialModel(random));
  let bytes = 0;
  for (let round = 0; round < rounds; round += 1) {
    const chosen = random
      .shuffle(Uint32Array.from(hands, (_, index) => index))
      .slice(0, sampled)
      .sort();
    const contributions = Array.from(chosen, (index): Contribution => {
      const own =
        optimizer.kind === "scaffold" ? { server: state.first, own: corrections[index]! } : undefined;
      const training = configuration.training ?? TRAINING;
      const { update, examples } = trainLocally(network, state.model, hands[index]!, training, random, own);
      const sent = disguised(update, index, configuration);
      const encoded = encodeUpdate(kernels, sent, configuration.encoding ?? "f32", (count) =>
        random.words(count),
      );
      bytes += encoded.length;
      return {
        update: decodeUpdate(kernels, encoded, configuration.encoding ?? "f32", sent.length),
        examples,
      };
    });
    const rule = configuration.aggregation ?? { kind: "mean" };
    const update = aggregate(kernels, contributions, rule, MAGNITUDE_MAX);
    state = nextState(optimizer, state, update, contributions.length);
  }
  return { accuracy: 100 * accuracyOf(network, state.model, test), bytes, model: state.model };
}

/** A model that blew up finds nothing. */
function accuracyOf(network: Network, model: Float32Array, test: Examples): number {
  return model.every(Number.isFinite) ? network.accuracy(model, test) : 0;
}

/** What a liar sends; magnitudes stay within what the mean takes. */
function disguised(update: Float32Array, index: number, { liars }: Configuration): Float32Array {
  if (liars === undefined || index >= liars.count) return update;
  return update.map((value) => Math.max(-MAGNITUDE_MAX, Math.min(MAGNITUDE_MAX, value * liars.factor || 0)));
}
