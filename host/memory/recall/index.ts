// The door of recall: an index of turns and the ranking over it.
export { type Explanation, type RecallHit, type RecallOptions, recall } from "./ranker.ts";
export { type IndexedTurn, RecallIndex } from "./recall-index.ts";
export { RECALL_WEIGHTS, type RecallWeights } from "./weights.ts";
