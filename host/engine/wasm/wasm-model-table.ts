// A table of models that stay in linear memory: setting a row copies it once, results are copied out.
import { checkExactWeights, checkLength, checkRow, checkTrim, checkWeights } from "../model-arguments.ts";
import type { ModelSum, ModelTable } from "../models.ts";
import type { WasmInstance } from "./wasm-instance.ts";
import { modelsClosed } from "./wasm-model-kernels.ts";
import { WasmModelSum } from "./wasm-model-sum.ts";
import { type ModelWindow, PIECE_PARAMETERS, rowGroups } from "./wasm-model-window.ts";

/** Numbers of all rows together that a call which sorts takes. */
const ORDER_NUMBERS = 65536;

export class WasmModelTable implements ModelTable {
  readonly rows: number;
  readonly parameters: number;
  readonly #instance: WasmInstance;
  readonly #window: ModelWindow;
  readonly #stride: number;
  readonly #bytes: number;
  readonly #pointer: number;
  #isOpen = true;

  /** Errors: engine-trap. */
  constructor(instance: WasmInstance, window: ModelWindow, rows: number, parameters: number) {
    this.rows = rows;
    this.parameters = parameters;
    this.#instance = instance;
    this.#window = window;
    this.#stride = ((parameters + 3) & ~3) * 4;
    this.#bytes = Math.max(16, rows * this.#stride);
    this.#pointer = window.allocate(this.#bytes);
    window.zero(this.#pointer, this.#bytes >>> 2);
  }

  setRow(row: number, model: Float32Array): void {
    this.#checkOpen();
    checkRow(row, this.rows);
    checkLength("parameters", model.length, this.parameters);
    this.#window.putNumbers(this.#at(row, 0), model);
  }

  weightedSum(weights: Float32Array): Float32Array {
    this.#checkOpen();
    checkWeights(weights, this.rows);
    const { exports } = this.#instance;
    const window = this.#window.reserve();
    const out = new Float32Array(this.parameters);
    for (let from = 0; from < out.length; from += PIECE_PARAMETERS) {
      const count = Math.min(PIECE_PARAMETERS, out.length - from);
      window.zero(window.sums, (count + 3) & ~3);
      for (const [row, rowCount] of rowGroups(this.rows)) {
        window.putNumbers(window.weights, weights.subarray(row, row + rowCount));
        const rows = this.#at(row, from);
        exports.modelsAdd(window.sums, rows, this.#stride, window.weights, rowCount, count);
      }
      out.set(window.numbers(window.sums, count), from);
    }
    return out;
  }

  trimmedMean(trim: number): Float32Array {
    this.#checkOpen();
    checkTrim(trim, this.rows);
    const { exports } = this.#instance;
    const order = this.#window.reserveOrder(this.rows);
    const out = new Float32Array(this.parameters);
    const columns = Math.min(order.columns, Math.max(64, (ORDER_NUMBERS / this.rows) & ~63));
    for (let from = 0; from < out.length; from += columns) {
      const count = Math.min(columns, out.length - from);
      const rows = this.#at(0, from);
      exports.modelsTrimmedMean(order.out, rows, this.#stride, this.rows, trim, count, order.scratch);
      out.set(this.#window.numbers(order.out, count), from);
    }
    return out;
  }

  addTo(sum: ModelSum, weights: Float64Array): void {
    this.#checkOpen();
    checkLength("parameters", this.parameters, sum.parameters);
    checkExactWeights(weights, this.rows);
    if (!(sum instanceof WasmModelSum)) throw modelsClosed("sum of another engine");
    for (let from = 0; from < this.parameters; from += PIECE_PARAMETERS) {
      const count = Math.min(PIECE_PARAMETERS, this.parameters - from);
      for (const [row, rowCount] of rowGroups(this.rows)) {
        sum.addPiece(this.#at(row, from), this.#stride, weights.subarray(row, row + rowCount), from, count);
      }
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#window.release(this.#pointer, this.#bytes);
  }

  #at(row: number, from: number): number {
    return this.#pointer + row * this.#stride + from * 4;
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw modelsClosed("table of models");
  }
}
