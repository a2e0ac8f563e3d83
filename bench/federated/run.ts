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
  noisyMean,
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
  /** Every participant takes part by chance, updates are clipped and noise is added; the last half of the models is averaged. */
  readonly noise?: { readonly sampling: number; readonly clipNorm: number; readonly noiseMultiplier: number };
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
  const tail: Float32Array[] = [];
  let bytes = 0;
  for (let round = 0; round < rounds; round += 1) {
    const chosen = chosenFor(configuration, sampled, random);
    const made = Array.from(chosen, (index): Contribution => {
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
    // As at the door of a federation; where liars made the model so wild that nobody gets in, it stays as it is.
    const contributions = made.filter(({ update }) => kernels.greatestMagnitude(update) <= MAGNITUDE_MAX);
    if (contributions.length === 0) continue;
    state = nextState(
      optimizer,
      state,
      updateOf(kernels, contributions, configuration, random),
      contributions.length,
    );
    if (round * 2 >= rounds) tail.push(state.model);
  }
  const model = configuration.noise === undefined ? state.model : meanModel(kernels, tail);
  return { accuracy: 100 * accuracyOf(network, model, test), bytes, model };
}

function chosenFor(
  { participants, noise }: Configuration,
  sampled: number,
  random: SeededRandom,
): Uint32Array {
  const everybody = Uint32Array.from({ length: participants }, (_, index) => index);
  if (noise !== undefined) return everybody.filter(() => random.uniform() < noise.sampling);
  return random.shuffle(everybody).slice(0, sampled).sort();
}

function updateOf(
  kernels: ModelKernels,
  contributions: readonly Contribution[],
  { noise, participants, aggregation = { kind: "mean" } }: Configuration,
  random: SeededRandom,
): Float32Array {
  if (noise === undefined) return aggregate(kernels, contributions, aggregation, MAGNITUDE_MAX);
  const seed = new Uint8Array(random.words(8).buffer);
  const expected = participants * noise.sampling;
  return noisyMean(
    kernels,
    contributions.map(({ update }) => update),
    { ...noise, expected, seed },
  );
}

const meanModel = (kernels: ModelKernels, models: readonly Float32Array[]): Float32Array =>
  kernels.weightedSum(models, new Float32Array(models.length).fill(1 / models.length));

/** A model that blew up finds nothing. */
function accuracyOf(network: Network, model: Float32Array, test: Examples): number {
  return model.every(Number.isFinite) ? network.accuracy(model, test) : 0;
}

/** What a participant sends: a liar another thing than it came to. */
function disguised(update: Float32Array, index: number, { liars }: Configuration): Float32Array {
  return liars === undefined || index >= liars.count ? update : update.map((value) => value * liars.factor);
}
