// An exact sum of models that stays in linear memory; models are streamed through the window, a few rows at a time.
import { checkDivisor, checkExactWeights, checkLength, checkModels } from "../model-arguments.ts";
import type { ModelSum } from "../models.ts";
import type { WasmInstance } from "./wasm-instance.ts";
import { modelsClosed } from "./wasm-model-kernels.ts";
import { type ModelWindow, PIECE_PARAMETERS, rowGroups } from "./wasm-model-window.ts";

export class WasmModelSum implements ModelSum {
  readonly parameters: number;
  readonly #instance: WasmInstance;
  readonly #window: ModelWindow;
  readonly #bytes: number;
  readonly #pointer: number;
  #isOpen = true;

  /** Errors: engine-trap. */
  constructor(instance: WasmInstance, window: ModelWindow, parameters: number) {
    this.parameters = parameters;
    this.#instance = instance;
    this.#window = window;
    this.#bytes = Math.max(16, ((parameters + 3) & ~3) * 8);
    this.#pointer = window.allocate(this.#bytes);
    this.clear();
  }

  add(models: readonly Float32Array[], weights: Float64Array): void {
    this.#checkOpen();
    checkLength("parameters", checkModels(models), this.parameters);
    checkExactWeights(weights, models.length);
    const window = this.#window.reserve();
    for (let from = 0; from < this.parameters; from += PIECE_PARAMETERS) {
      const count = Math.min(PIECE_PARAMETERS, this.parameters - from);
      for (const [row, rowCount] of rowGroups(models.length)) {
        window.putRows(models, row, rowCount, from, count);
        this.addPiece(window.rows, window.stride, weights.subarray(row, row + rowCount), from, count);
      }
    }
  }

  /** Adds a piece of up to four rows that lie in linear memory. */
  addPiece(rows: number, stride: number, weights: Float64Array, from: number, count: number): void {
    this.#checkOpen();
    const window = this.#window.reserve();
    window.putDoubles(window.weights, weights);
    const sum = this.#pointer + from * 8;
    this.#instance.exports.modelsAddExact(sum, rows, stride, window.weights, weights.length, count);
  }

  fold(sums: Float64Array): void {
    this.#checkOpen();
    checkLength("sums", sums.length, this.parameters);
    const window = this.#window.reserve();
    for (let from = 0; from < this.parameters; from += PIECE_PARAMETERS) {
      const piece = sums.subarray(from, from + PIECE_PARAMETERS);
      window.putDoubles(window.sums, piece);
      this.#instance.exports.modelsFold(this.#pointer + from * 8, window.sums, piece.length);
    }
  }

  read(): Float64Array {
    this.#checkOpen();
    return this.#window.doubles(this.#pointer, this.parameters).slice();
  }

  divided(divisor: number): Float32Array {
    this.#checkOpen();
    checkDivisor(divisor);
    const window = this.#window.reserve();
    const mean = new Float32Array(this.parameters);
    for (let from = 0; from < mean.length; from += PIECE_PARAMETERS) {
      const count = Math.min(PIECE_PARAMETERS, mean.length - from);
      this.#instance.exports.modelsDivide(window.rows, this.#pointer + from * 8, divisor, count);
      mean.set(window.numbers(window.rows, count), from);
    }
    return mean;
  }

  clear(): void {
    this.#checkOpen();
    this.#window.doubles(this.#pointer, this.#bytes >>> 3).fill(0);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#window.release(this.#pointer, this.#bytes);
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw modelsClosed("sum of models");
  }
}
