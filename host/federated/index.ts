// The door of the federated room, and what an application imports from "jarvis-crdt/federated".
export { type AggregationRule, aggregate, type Contribution, clipped, krum } from "./aggregation.ts";
export { exactMean, exactScale } from "./exact-mean.ts";
export {
  type ContributeOptions,
  createFederation,
  Federation,
  joinFederation,
  type ParticipantOptions,
} from "./federation.ts";
export { type Corrections, type LocalTraining, type LocalUpdate, trainLocally } from "./local-training.ts";
export { type Examples, Network, type Trainable } from "./network.ts";
export { describeNoise, type NoisePlan, type NoiseSpent, noiseSpent } from "./noise-accountant.ts";
export { type NoiseOptions, noisyMean } from "./noisy-mean.ts";
export { dealOut, examplesAt } from "./partition.ts";
export { PushSum, type PushSumShare } from "./push-sum.ts";
export type { ContributionState, RoundContribution, RoundView } from "./round-view.ts";
export {
  type Advert,
  type MaskedTerms,
  type RevealedShares,
  type SealedShares,
  SecureParticipant,
} from "./secure-participant.ts";
export { exactTerms, meanOfTerms, unmaskedSum } from "./secure-sum.ts";
export { SeededRandom } from "./seeded-random.ts";
export {
  initialState,
  nextState,
  type ServerOptimizer,
  type ServerState,
  updateLengthOf,
} from "./server-optimizer.ts";
export type { CloseRule, FederationOptions, FederationSettings } from "./settings.ts";
export { decodeUpdate, encodeUpdate, type UpdateEncoding } from "./update-codec.ts";
