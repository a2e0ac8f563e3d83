// Computing over models in linear memory. Models that live on the JavaScript heap are streamed in by pieces of some
// thousand parameters, so that they stay in the cache until they are used and linear memory does not grow with them.
import { CrdtError } from "../../errors.ts";
import {
  checkBits,
  checkLength,
  checkModels,
  checkParameters,
  checkQuantized,
  checkStep,
  checkTable,
  checkTop,
  checkTrim,
  checkWeights,
  quantizedBytes,
  quantizedMost,
} from "../model-arguments.ts";
import type { ModelKernels, ModelSum, ModelTable } from "../models.ts";
import type { WasmInstance } from "./wasm-instance.ts";
import { WasmModelSum } from "./wasm-model-sum.ts";
import { WasmModelTable } from "./wasm-model-table.ts";
import { ModelWindow, PIECE_PARAMETERS, rowGroups } from "./wasm-model-window.ts";

/** Numbers a call takes of one model where it takes no more than that. */
const LONG_PIECE = 16384;
const TOP_SHIFTS = [
  [20, 11],
  [9, 11],
  [0, 9],
] as const;

export class WasmModelKernels implements ModelKernels {
  readonly #instance: WasmInstance;
  readonly #window: ModelWindow;

  constructor(instance: WasmInstance) {
    this.#instance = instance;
    this.#window = new ModelWindow(instance);
  }

  weightedSum(models: readonly Float32Array[], weights: Float32Array): Float32Array {
    const out = new Float32Array(checkModels(models));
    checkWeights(weights, models.length);
    const window = this.#window.reserve();
    const { exports } = this.#instance;
    for (let from = 0; from < out.length; from += PIECE_PARAMETERS) {
      const count = Math.min(PIECE_PARAMETERS, out.length - from);
      window.zero(window.sums, count);
      for (const [row, rowCount] of rowGroups(models.length)) {
        window.putRows(models, row, rowCount, from, count);
        window.putNumbers(window.weights, weights.subarray(row, row + rowCount));
        exports.modelsAdd(window.sums, window.rows, window.stride, window.weights, rowCount, count);
      }
      out.set(window.numbers(window.sums, count), from);
    }
    return out;
  }

  trimmedMean(models: readonly Float32Array[], trim: number): Float32Array {
    const out = new Float32Array(checkModels(models));
    checkTrim(trim, models.length);
    const { exports } = this.#instance;
    const order = this.#window.reserveOrder(models.length);
    for (let from = 0; from < out.length; from += order.columns) {
      const count = Math.min(order.columns, out.length - from);
      for (let row = 0; row < models.length; row++) {
        this.#window.putNumbers(order.rows + row * order.stride, models[row]!.subarray(from, from + count));
      }
      exports.modelsTrimmedMean(
        order.out,
        order.rows,
        order.stride,
        models.length,
        trim,
        count,
        order.scratch,
      );
      out.set(this.#window.numbers(order.out, count), from);
    }
    return out;
  }

  squaredNorm(model: Float32Array): number {
    checkParameters(model.length);
    const window = this.#window.reserve();
    const { exports } = this.#instance;
    exports.modelsNormOpen();
    for (let from = 0; from < model.length; from += LONG_PIECE) {
      const piece = model.subarray(from, from + LONG_PIECE);
      window.putNumbers(window.rows, piece);
      exports.modelsSquares(window.rows, piece.length);
    }
    return exports.modelsNormTotal();
  }

  squaredDistance(model: Float32Array, other: Float32Array): number {
    checkModels([model, other]);
    const window = this.#window.reserve();
    const { exports } = this.#instance;
    exports.modelsNormOpen();
    for (let from = 0; from < model.length; from += PIECE_PARAMETERS) {
      const count = Math.min(PIECE_PARAMETERS, model.length - from);
      window.putRows([model, other], 0, 2, from, count);
      exports.modelsSquaredDistance(window.rows, window.rows + window.stride, count);
    }
    return exports.modelsNormTotal();
  }

  greatestMagnitude(model: Float32Array): number {
    checkParameters(model.length);
    const window = this.#window.reserve();
    let bits = 0;
    for (let from = 0; from < model.length; from += LONG_PIECE) {
      const piece = model.subarray(from, from + LONG_PIECE);
      window.putNumbers(window.rows, piece);
      bits = Math.max(bits, this.#instance.exports.modelsGreatestBits(window.rows, piece.length) >>> 0);
    }
    return new Float32Array(Uint32Array.of(bits).buffer)[0]!;
  }

  quantize(values: Float32Array, bits: 8 | 4, step: number, words: Uint32Array): Uint8Array {
    checkParameters(values.length);
    checkBits(bits);
    checkStep(step);
    checkLength("words of chance", words.length, values.length);
    const out = new Uint8Array(quantizedBytes(bits, values.length));
    const window = this.#window.reserve();
    const { exports } = this.#instance;
    const round = bits === 8 ? exports.modelsToBytes : exports.modelsToNibbles;
    const [inverse, most] = [Math.fround(1 / step), quantizedMost(bits)];
    for (let from = 0; from < values.length; from += PIECE_PARAMETERS) {
      const piece = values.subarray(from, from + PIECE_PARAMETERS);
      window.putNumbers(window.rows, piece);
      window.putWords(window.rows + window.stride, words.subarray(from, from + PIECE_PARAMETERS));
      round(window.sums, window.rows, window.rows + window.stride, inverse, most, piece.length);
      out.set(window.bytes(window.sums, quantizedBytes(bits, piece.length)), quantizedBytes(bits, from));
    }
    return out;
  }

  dequantize(bytes: Uint8Array, bits: 8 | 4, step: number, count: number): Float32Array {
    checkBits(bits);
    checkStep(step);
    checkQuantized(bytes, bits, count);
    const out = new Float32Array(count);
    const window = this.#window.reserve();
    const { exports } = this.#instance;
    const read = bits === 8 ? exports.modelsFromBytes : exports.modelsFromNibbles;
    for (let from = 0; from < count; from += PIECE_PARAMETERS) {
      const length = Math.min(PIECE_PARAMETERS, count - from);
      const begin = quantizedBytes(bits, from);
      window.putBytes(window.rows, bytes.subarray(begin, begin + quantizedBytes(bits, length)));
      read(window.sums, window.rows, step, length);
      out.set(window.numbers(window.sums, length), from);
    }
    return out;
  }

  topIndices(values: Float32Array, count: number): Uint32Array {
    checkParameters(values.length);
    checkTop(count, values.length);
    const out = new Uint32Array(count);
    if (count === 0) return out;
    const window = this.#window.reserve();
    const { exports } = this.#instance;
    let [prefix, rank] = [0, count];
    for (const [shift, width] of TOP_SHIFTS) {
      exports.modelsTopOpen();
      this.#pieces(values, (length) => exports.modelsTopCount(window.rows, length, prefix, shift, width));
      prefix = (prefix << width) | exports.modelsTopClass(rank);
      rank -= exports.modelsTopAbove();
    }
    exports.modelsTopGatherOpen(rank);
    let length = 0;
    this.#pieces(values, (pieceLength, from) => {
      const found = exports.modelsTopGather(window.sums, window.rows, pieceLength, prefix, from);
      out.set(window.words(window.sums, found), length);
      length += found;
    });
    return out;
  }

  createTable(rows: number, parameters: number): ModelTable {
    checkTable(rows, parameters);
    return new WasmModelTable(this.#instance, this.#window, rows, parameters);
  }

  createSum(parameters: number): ModelSum {
    checkParameters(parameters);
    return new WasmModelSum(this.#instance, this.#window, parameters);
  }

  /** Puts `values` in piece by piece. */
  #pieces(values: Float32Array, work: (length: number, from: number) => void): void {
    for (let from = 0; from < values.length; from += LONG_PIECE) {
      const piece = values.subarray(from, from + LONG_PIECE);
      this.#window.putNumbers(this.#window.rows, piece);
      work(piece.length, from);
    }
  }
}

export function modelsClosed(what: string): CrdtError {
  return new CrdtError("document-closed", `the ${what} is closed; create another`);
}
