// What a participant does between two rounds: mini-batch descent from the round's model over its own examples, plain or by
// Adam (Kingma and Ba, ICLR 2015). FedProx (Li et al., MLSys 2020) pulls back to where it began; SCAFFOLD (Karimireddy et al.,
// ICML 2020, option II) corrects each step. The update is where it ended less where it began. Nothing leaves but that.
import { CrdtError } from "../errors.ts";
import type { Examples, Trainable } from "./network.ts";
import type { SeededRandom } from "./seeded-random.ts";

export interface LocalTraining {
  readonly epochs: number;
  readonly batch: number;
  readonly rate: number;
  readonly descent?: "plain" | "adam";
  /** FedProx: the weight of (model − start)² / 2 in the loss. */
  readonly proximal?: number;
}

/** What a participant of SCAFFOLD brings: the server's correction and its own, which the call moves on. */
export interface Corrections {
  readonly server: Float32Array;
  readonly own: Float32Array;
}

export interface LocalUpdate {
  /** Of SCAFFOLD the model's, then that of the correction. */
  readonly update: Float32Array;
  readonly examples: number;
  /** The mean loss of the last epoch. */
  readonly loss: number;
}

const ADAM = { momentum: 0.9, secondMomentum: 0.999, floor: 1e-8 } as const;

/** Errors: invalid-argument. */
export function trainLocally(
  trainable: Trainable,
  start: Float32Array,
  examples: Examples,
  training: LocalTraining,
  random: SeededRandom,
  corrections?: Corrections,
): LocalUpdate {
  checkTraining(training, examples);
  const model = start.slice();
  const descent = new Descent(trainable.parameters, start, training, corrections);
  const order = Uint32Array.from(examples.labels, (_, index) => index);
  const gradient = new Float32Array(trainable.parameters);
  let loss = 0;
  for (let epoch = 0; epoch < training.epochs; epoch++) {
    random.shuffle(order);
    loss = 0;
    for (let from = 0; from < order.length; from += training.batch) {
      const places = order.subarray(from, from + training.batch);
      loss += trainable.gradient(model, examples, places, gradient) * (places.length / order.length);
      descent.step(model, gradient);
    }
  }
  const moved = model.map((value, index) => value - start[index]!);
  const update =
    corrections === undefined ? moved : withCorrection(moved, descent.steps, training.rate, corrections);
  return { update, examples: order.length, loss };
}

class Descent {
  steps = 0;
  readonly #start: Float32Array;
  readonly #training: LocalTraining;
  readonly #corrections: Corrections | undefined;
  readonly #first: Float64Array;
  readonly #second: Float64Array;

  constructor(
    parameters: number,
    start: Float32Array,
    training: LocalTraining,
    corrections: Corrections | undefined,
  ) {
    this.#start = start;
    this.#training = training;
    this.#corrections = corrections;
    const moments = training.descent === "adam" ? parameters : 0;
    this.#first = new Float64Array(moments);
    this.#second = new Float64Array(moments);
  }

  step(model: Float32Array, gradient: Float32Array): void {
    this.steps++;
    const { rate, proximal = 0, descent = "plain" } = this.#training;
    if (proximal !== 0) {
      for (let index = 0; index < model.length; index++) {
        gradient[index]! += proximal * (model[index]! - this.#start[index]!);
      }
    }
    if (this.#corrections !== undefined) {
      const { server, own } = this.#corrections;
      for (let index = 0; index < model.length; index++) gradient[index]! += server[index]! - own[index]!;
    }
    if (descent === "adam") this.#stepAdam(model, gradient);
    else for (let index = 0; index < model.length; index++) model[index]! -= rate * gradient[index]!;
  }

  #stepAdam(model: Float32Array, gradient: Float32Array): void {
    const { momentum, secondMomentum, floor } = ADAM;
    const [first, second] = [this.#first, this.#second];
    const rate =
      (this.#training.rate * Math.sqrt(1 - secondMomentum ** this.steps)) / (1 - momentum ** this.steps);
    for (let index = 0; index < model.length; index++) {
      const slope = gradient[index]!;
      first[index] = first[index]! * momentum + slope * (1 - momentum);
      second[index] = second[index]! * secondMomentum + slope * slope * (1 - secondMomentum);
      model[index]! -= (rate * first[index]!) / (Math.sqrt(second[index]!) + floor);
    }
  }
}

/** Moves the participant's correction on, and says by how much behind the model's update. */
function withCorrection(
  moved: Float32Array,
  steps: number,
  rate: number,
  { server, own }: Corrections,
): Float32Array {
  const update = new Float32Array(moved.length * 2);
  update.set(moved);
  for (let index = 0; index < moved.length; index++) {
    const next = own[index]! - server[index]! - moved[index]! / (steps * rate);
    update[moved.length + index] = next - own[index]!;
    own[index] = next;
  }
  return update;
}

function checkTraining({ epochs, batch, rate, proximal = 0 }: LocalTraining, examples: Examples): void {
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;
  if (examples.labels.length === 0) {
    throw new CrdtError(
      "invalid-argument",
      "no examples to train on; leave this participant out of the round",
    );
  }
  if (isCount(epochs) && isCount(batch) && rate > 0 && Number.isFinite(rate) && proximal >= 0) return;
  throw new CrdtError(
    "invalid-argument",
    `training of ${epochs} epochs in batches of ${batch} at rate ${rate}, proximal ${proximal}; give counts from 1 on and a rate above 0`,
  );
}
