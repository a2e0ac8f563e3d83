// What becomes of the model when a round's update is known: FedAvg adds it (McMahan et al., AISTATS 2017), FedAvgM keeps a
// momentum (Hsu et al., 2019), FedAdam and FedYogi scale each coordinate (Reddi et al., ICLR 2021), SCAFFOLD carries what
// corrects the participants (Karimireddy et al., ICML 2020). Doubles rounded to f32, no function but the square root, so
// every replica comes to the same bits. Adam and Yogi correct no bias, as in the paper.
import { CrdtError } from "../errors.ts";

export type ServerOptimizer =
  | { readonly kind: "fedavg"; readonly rate?: number }
  | { readonly kind: "fedavgm"; readonly rate?: number; readonly momentum?: number }
  | {
      readonly kind: "fedadam" | "fedyogi";
      readonly rate?: number;
      readonly momentum?: number;
      readonly secondMomentum?: number;
      /** Keeps small steps small; the paper's τ. */
      readonly floor?: number;
    }
  /** `participants` are all there are: those of one round move the correction by their share. */
  | { readonly kind: "scaffold"; readonly rate?: number; readonly participants: number };

/** What a round starts from. `first` and `second` are moments; of SCAFFOLD `first` is the correction. */
export interface ServerState {
  readonly model: Float32Array;
  readonly first: Float32Array;
  readonly second: Float32Array;
}

const DEFAULT_RATE = { fedavg: 1, fedavgm: 1, fedadam: 0.03, fedyogi: 0.03, scaffold: 1 } as const;
const MOMENTUM = 0.9;
const SECOND_MOMENTUM = 0.99;
const FLOOR = 1e-3;

/** How many arrays of the model's length an optimiser keeps besides the model. */
export function momentsOf({ kind }: ServerOptimizer): number {
  if (kind === "fedavg") return 0;
  return kind === "fedadam" || kind === "fedyogi" ? 2 : 1;
}

/** Parameters of an update: SCAFFOLD's say how the participant's correction changed as well. */
export const updateLengthOf = ({ kind }: ServerOptimizer, parameters: number): number =>
  kind === "scaffold" ? parameters * 2 : parameters;

/** Errors: invalid-argument. */
export function checkServerOptimizer(optimizer: ServerOptimizer): void {
  if (!Object.hasOwn(DEFAULT_RATE, optimizer.kind))
    refuse(`optimiser ${JSON.stringify(optimizer.kind)}: choose ${Object.keys(DEFAULT_RATE).join(", ")}`);
  for (const [name, value] of Object.entries(optimizer)) {
    if (name === "kind") continue;
    const isBelowOne = name.toLowerCase().endsWith("momentum") ? (value as number) < 1 : true;
    if (!(typeof value === "number" && value > 0 && Number.isFinite(value) && isBelowOne))
      refuse(
        `an optimiser's ${name} of ${typeof value === "number" ? value : typeof value}; give a number above 0, momenta below 1`,
      );
  }
  if (optimizer.kind === "scaffold" && !(optimizer.participants >= 1))
    refuse("SCAFFOLD without its participants; give how many there are");
}

function refuse(message: string): never {
  throw new CrdtError("invalid-argument", message);
}

export function initialState(optimizer: ServerOptimizer, model: Float32Array): ServerState {
  const moments = momentsOf(optimizer);
  return {
    model,
    first: new Float32Array(moments > 0 ? model.length : 0),
    second: new Float32Array(moments > 1 ? model.length : 0),
  };
}

/** The state after a round that came to `update`, which `contributions` participants made. */
export function nextState(
  optimizer: ServerOptimizer,
  state: ServerState,
  update: Float32Array,
  contributions: number,
): ServerState {
  const rate = optimizer.rate ?? DEFAULT_RATE[optimizer.kind];
  switch (optimizer.kind) {
    case "fedavg":
      return { ...state, model: moved(state.model, update, rate) };
    case "fedavgm": {
      const { momentum = MOMENTUM } = optimizer;
      const first = state.first.map((value, index) => value * momentum + update[index]!);
      return { ...state, first, model: moved(state.model, first, rate) };
    }
    case "scaffold": {
      const parameters = state.model.length;
      const share = contributions / optimizer.participants;
      const first = moved(state.first, update.subarray(parameters), share);
      return { ...state, first, model: moved(state.model, update.subarray(0, parameters), rate) };
    }
    default:
      return adaptive(optimizer, state, update, rate);
  }
}

function moved(from: Float32Array, by: Float32Array, rate: number): Float32Array {
  return from.map((value, index) => value + by[index]! * rate);
}

type Adaptive = Extract<ServerOptimizer, { readonly floor?: number }>;

function adaptive(optimizer: Adaptive, state: ServerState, update: Float32Array, rate: number): ServerState {
  const { momentum = MOMENTUM, secondMomentum = SECOND_MOMENTUM, floor = FLOOR } = optimizer;
  const isYogi = optimizer.kind === "fedyogi";
  const first = state.first.map((value, index) => value * momentum + update[index]! * (1 - momentum));
  const second = state.second.map((value, index) => {
    const square = update[index]! * update[index]!;
    if (isYogi) return value - (1 - secondMomentum) * square * Math.sign(value - square);
    return value * secondMomentum + square * (1 - secondMomentum);
  });
  const model = state.model.map(
    (value, index) => value + (rate * first[index]!) / (Math.sqrt(second[index]!) + floor),
  );
  return { model, first, second };
}
