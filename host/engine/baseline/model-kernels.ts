// Computing over models in TypeScript: four models at a time, so that sums are loaded and stored once for four. Long loops
// run over pieces, or V8 enters the one loop of a long call in the middle with code that is not its best.

import { CrdtError } from "../../errors.ts";
import {
  checkBits,
  checkDivisor,
  checkExactWeights,
  checkLength,
  checkModels,
  checkParameters,
  checkQuantized,
  checkRow,
  checkStep,
  checkTable,
  checkTop,
  checkTrim,
  checkWeights,
  quantizedBytes,
  quantizedMost,
} from "../model-arguments.ts";
import type { ModelKernels, ModelSum, ModelTable } from "../models.ts";
import { addExactly, addWeighted } from "./model-mean.ts";
import { squaredDistance, squaredNorm } from "./model-norms.ts";
import { trimmedMean } from "./model-order.ts";
import { toBytes, toNibbles } from "./model-quantization.ts";
import { topIndices } from "./model-top.ts";

const PIECE = 16384;

/** Calls `work` for pieces of `length`. */
function inPieces(length: number, work: (from: number, to: number) => void): void {
  for (let from = 0; from < length; from += PIECE) work(from, Math.min(length, from + PIECE));
}

export class BaselineModelKernels implements ModelKernels {
  weightedSum(models: readonly Float32Array[], weights: Float32Array): Float32Array {
    const sum = new Float32Array(checkModels(models));
    checkWeights(weights, models.length);
    inPieces(sum.length, (from, to) => addWeighted(sum, models, weights, from, to));
    return sum;
  }

  trimmedMean(models: readonly Float32Array[], trim: number): Float32Array {
    const out = new Float32Array(checkModels(models));
    checkTrim(trim, models.length);
    inPieces(out.length, (from, to) => trimmedMean(out, models, trim, from, to));
    return out;
  }

  squaredNorm(model: Float32Array): number {
    checkParameters(model.length);
    return squaredNorm(model);
  }

  squaredDistance(model: Float32Array, other: Float32Array): number {
    checkModels([model, other]);
    return squaredDistance(model, other);
  }

  greatestMagnitude(model: Float32Array): number {
    checkParameters(model.length);
    let most = 0;
    let any = 0;
    for (const value of model) {
      const magnitude = Math.abs(value);
      if (magnitude > most) most = magnitude;
      any += value - value;
    }
    // x − x is NaN for what is not finite; which of the two it was, the greatest tells.
    return any === 0 ? most : model.some(Number.isNaN) ? Number.NaN : most;
  }

  quantize(values: Float32Array, bits: 8 | 4, step: number, words: Uint32Array): Uint8Array {
    checkParameters(values.length);
    checkBits(bits);
    checkStep(step);
    checkLength("words of chance", words.length, values.length);
    const out = new Uint8Array(quantizedBytes(bits, values.length));
    const round = bits === 8 ? toBytes : toNibbles;
    round(out, values, words, Math.fround(1 / step), quantizedMost(bits));
    return out;
  }

  dequantize(bytes: Uint8Array, bits: 8 | 4, step: number, count: number): Float32Array {
    checkBits(bits);
    checkStep(step);
    checkQuantized(bytes, bits, count);
    const out = new Float32Array(count);
    for (let index = 0; index < count; index++) {
      const integer = bits === 8 ? (bytes[index]! << 24) >> 24 : nibbleAt(bytes, index);
      out[index] = integer * step;
    }
    return out;
  }

  topIndices(values: Float32Array, count: number): Uint32Array {
    checkParameters(values.length);
    checkTop(count, values.length);
    return topIndices(values, count);
  }

  createTable(rows: number, parameters: number): ModelTable {
    checkTable(rows, parameters);
    return new BaselineModelTable(this, rows, parameters);
  }

  createSum(parameters: number): ModelSum {
    checkParameters(parameters);
    return new BaselineModelSum(parameters);
  }
}

const nibbleAt = (bytes: Uint8Array, index: number): number => {
  const pair = bytes[index >> 1]!;
  return ((index & 1) === 0 ? pair & 15 : pair >> 4) - 8;
};

function closed(what: string): never {
  throw new CrdtError("document-closed", `the ${what} is closed; create another`);
}

class BaselineModelTable implements ModelTable {
  readonly rows: number;
  readonly parameters: number;
  readonly #kernels: BaselineModelKernels;
  #models: Float32Array[] | undefined;

  constructor(kernels: BaselineModelKernels, rows: number, parameters: number) {
    this.rows = rows;
    this.parameters = parameters;
    this.#kernels = kernels;
    this.#models = Array.from({ length: rows }, () => new Float32Array(parameters));
  }

  setRow(row: number, model: Float32Array): void {
    const models = this.#open();
    checkRow(row, this.rows);
    checkLength("parameters", model.length, this.parameters);
    models[row]!.set(model);
  }

  weightedSum(weights: Float32Array): Float32Array {
    return this.#kernels.weightedSum(this.#open(), weights);
  }

  trimmedMean(trim: number): Float32Array {
    return this.#kernels.trimmedMean(this.#open(), trim);
  }

  addTo(sum: ModelSum, weights: Float64Array): void {
    sum.add(this.#open(), weights);
  }

  close(): void {
    this.#models = undefined;
  }

  #open(): Float32Array[] {
    return this.#models ?? closed("table of models");
  }
}

class BaselineModelSum implements ModelSum {
  readonly parameters: number;
  #sums: Float64Array | undefined;

  constructor(parameters: number) {
    this.parameters = parameters;
    this.#sums = new Float64Array(parameters);
  }

  add(models: readonly Float32Array[], weights: Float64Array): void {
    const sums = this.#open();
    checkLength("parameters", checkModels(models), this.parameters);
    checkExactWeights(weights, models.length);
    inPieces(sums.length, (from, to) => addExactly(sums, models, weights, from, to));
  }

  fold(others: Float64Array): void {
    const sums = this.#open();
    checkLength("sums", others.length, this.parameters);
    for (let index = 0; index < sums.length; index++) sums[index]! += others[index]!;
  }

  read(): Float64Array {
    return this.#open().slice();
  }

  divided(divisor: number): Float32Array {
    const sums = this.#open();
    checkDivisor(divisor);
    const mean = new Float32Array(sums.length);
    for (let index = 0; index < sums.length; index++) mean[index] = sums[index]! / divisor;
    return mean;
  }

  clear(): void {
    this.#open().fill(0);
  }

  close(): void {
    this.#sums = undefined;
  }

  #open(): Float64Array {
    return this.#sums ?? closed("sum of models");
  }
}
