// A classifier to train: layers of rectified units and a softmax over the classes; without a hidden layer it is softmax
// regression. The model is one array of f32, layer after layer: weights, one row a unit, then biases. Weights start as
// He et al. (ICCV 2015) have it. Leaves out everything a digit does not need: convolutions, dropout, normalisation.
// Cost: a gradient takes about six operations a weight and example.
import { CrdtError } from "../errors.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** Examples of one width: features row after row, and a class each. */
export interface Examples {
  readonly features: Float32Array;
  readonly labels: Uint8Array;
}

/** What training needs of a model; {@link Network} is one, an adapter around any array of f32 another. */
export interface Trainable {
  readonly parameters: number;
  initialModel(random: SeededRandom): Float32Array;
  /** Writes the gradient of the mean loss over the examples at `places` and gives that loss. */
  gradient(model: Float32Array, examples: Examples, places: Uint32Array, gradient: Float32Array): number;
}

export class Network implements Trainable {
  /** Features, hidden units layer by layer, classes. */
  readonly widths: readonly number[];
  readonly parameters: number;
  /** Per layer what its units gave, and how the loss changes with them. */
  readonly #values: readonly Float64Array[];
  readonly #slopes: readonly Float64Array[];

  /** Errors: invalid-argument. */
  constructor(widths: readonly number[]) {
    const isWidth = (width: number): boolean => Number.isSafeInteger(width) && width >= 1 && width <= 65536;
    if (widths.length < 2 || !widths.every(isWidth) || widths.at(-1)! > 256) {
      throw new CrdtError(
        "invalid-argument",
        `layers of ${widths.join("-")}: give features, hidden units and at most 256 classes, each from 1 on`,
      );
    }
    this.widths = [...widths];
    this.#values = widths.map((width) => new Float64Array(width));
    this.#slopes = widths.map((width) => new Float64Array(width));
    this.parameters = widths.slice(1).reduce((sum, width, layer) => sum + width * (widths[layer]! + 1), 0);
  }

  initialModel(random: SeededRandom): Float32Array {
    const model = new Float32Array(this.parameters);
    let offset = 0;
    for (let layer = 1; layer < this.widths.length; layer++) {
      const [inputs, units] = [this.widths[layer - 1]!, this.widths[layer]!];
      const size = Math.sqrt(2 / inputs);
      for (let index = 0; index < inputs * units; index++) model[offset + index] = random.normal() * size;
      offset += (inputs + 1) * units;
    }
    return model;
  }

  gradient(model: Float32Array, examples: Examples, places: Uint32Array, gradient: Float32Array): number {
    this.#check(model);
    gradient.fill(0);
    let loss = 0;
    for (const place of places) {
      this.#forward(model, examples.features, place);
      loss -= this.#softmaxSlope(examples.labels[place]!);
      this.#backward(model, gradient);
    }
    const share = 1 / Math.max(1, places.length);
    for (let index = 0; index < gradient.length; index++) gradient[index] = gradient[index]! * share;
    return loss * share;
  }

  /** The class of the greatest output, of equal ones the first. */
  classOf(model: Float32Array, features: Float32Array, place: number): number {
    this.#forward(model, features, place);
    const outputs = this.#values.at(-1)!;
    let best = 0;
    for (let unit = 1; unit < outputs.length; unit++) if (outputs[unit]! > outputs[best]!) best = unit;
    return best;
  }

  /** The share of examples whose class is found. */
  accuracy(model: Float32Array, { features, labels }: Examples): number {
    this.#check(model);
    let right = 0;
    for (let place = 0; place < labels.length; place++) {
      if (this.classOf(model, features, place) === labels[place]) right++;
    }
    return right / Math.max(1, labels.length);
  }

  #check(model: Float32Array): void {
    if (model.length === this.parameters) return;
    throw new CrdtError(
      "invalid-argument",
      `a model of ${model.length} numbers, this network has ${this.parameters}`,
    );
  }

  #forward(model: Float32Array, features: Float32Array, place: number): void {
    const inputs = this.#values[0]!;
    const begin = place * inputs.length;
    for (let index = 0; index < inputs.length; index++) inputs[index] = features[begin + index]!;
    let offset = 0;
    for (let layer = 1; layer < this.widths.length; layer++) {
      const isLast = layer === this.widths.length - 1;
      offset = forwardLayer(model, offset, this.#values[layer - 1]!, this.#values[layer]!, isLast);
    }
  }

  /** Puts probability − truth into the slopes of the outputs; gives the logarithm of the probability of `label`. */
  #softmaxSlope(label: number): number {
    const outputs = this.#values.at(-1)!;
    const slopes = this.#slopes.at(-1)!;
    let greatest = outputs[0]!;
    for (const output of outputs) if (output > greatest) greatest = output;
    let sum = 0;
    for (let unit = 0; unit < outputs.length; unit++) {
      const power = Math.exp(outputs[unit]! - greatest);
      slopes[unit] = power;
      sum += power;
    }
    for (let unit = 0; unit < outputs.length; unit++) slopes[unit] = slopes[unit]! / sum;
    slopes[label] = slopes[label]! - 1;
    return outputs[label]! - greatest - Math.log(sum);
  }

  #backward(model: Float32Array, gradient: Float32Array): void {
    let offset = this.parameters;
    for (let layer = this.widths.length - 1; layer > 0; layer--) {
      const inputs = this.#values[layer - 1]!;
      const slopes = this.#slopes[layer]!;
      offset -= (inputs.length + 1) * slopes.length;
      addGradient(gradient, offset, inputs, slopes);
      if (layer > 1) carrySlopes(model, offset, inputs, this.#slopes[layer - 1]!, slopes);
    }
  }
}

function forwardLayer(
  model: Float32Array,
  offset: number,
  inputs: Float64Array,
  outputs: Float64Array,
  isLast: boolean,
): number {
  const width = inputs.length;
  const biases = offset + width * outputs.length;
  for (let unit = 0; unit < outputs.length; unit++) {
    let sum = model[biases + unit]!;
    const row = offset + unit * width;
    for (let index = 0; index < width; index++) sum += model[row + index]! * inputs[index]!;
    outputs[unit] = isLast || sum > 0 ? sum : 0;
  }
  return biases + outputs.length;
}

function addGradient(
  gradient: Float32Array,
  offset: number,
  inputs: Float64Array,
  slopes: Float64Array,
): void {
  const width = inputs.length;
  const biases = offset + width * slopes.length;
  for (let unit = 0; unit < slopes.length; unit++) {
    const slope = slopes[unit]!;
    if (slope === 0) continue;
    const row = offset + unit * width;
    for (let index = 0; index < width; index++) gradient[row + index]! += slope * inputs[index]!;
    gradient[biases + unit]! += slope;
  }
}

/** A unit that gave 0 passes nothing on. */
function carrySlopes(
  model: Float32Array,
  offset: number,
  values: Float64Array,
  slopes: Float64Array,
  above: Float64Array,
): void {
  const width = values.length;
  slopes.fill(0);
  for (let unit = 0; unit < above.length; unit++) {
    const slope = above[unit]!;
    const row = offset + unit * width;
    for (let index = 0; index < width; index++) slopes[index]! += slope * model[row + index]!;
  }
  for (let index = 0; index < width; index++) if (values[index] === 0) slopes[index] = 0;
}
