// The window models are streamed through: room in linear memory for pieces of four rows and their sums, and another for
// sorting. It is taken at first use and kept. Views of linear memory are remade after it grew.
import type { WasmInstance } from "./wasm-instance.ts";

/** Parameters a call takes of each of its rows. */
export const PIECE_PARAMETERS = 8192;
/** Rows a call takes: as many as the kernels add at a time. */
const PIECE_ROWS = 4;
/** Numbers a call that sorts takes: half of them stay in the cache nearest to the core. */
const ORDER_NUMBERS = 32768;
const ORDER_COLUMNS_MIN = 64;
const WEIGHT_BYTES = 64;

/** Groups of rows that go to one call each. */
export function* rowGroups(rows: number): Generator<readonly [row: number, count: number]> {
  for (let row = 0; row < rows; row += PIECE_ROWS) yield [row, Math.min(PIECE_ROWS, rows - row)];
}

interface OrderRoom {
  readonly rows: number;
  readonly stride: number;
  readonly out: number;
  readonly scratch: number;
  /** Columns a call takes. */
  readonly columns: number;
}

export class ModelWindow {
  readonly #instance: WasmInstance;
  readonly stride = PIECE_PARAMETERS * 4;
  rows = 0;
  /** Room for as many doubles. */
  sums = 0;
  weights = 0;
  #order: { readonly pointer: number; readonly bytes: number } | undefined;
  #floats = new Float32Array(0);
  #doubles = new Float64Array(0);
  #words = new Uint32Array(0);
  #bytes = new Uint8Array(0);

  constructor(instance: WasmInstance) {
    this.#instance = instance;
  }

  reserve(): this {
    if (this.rows !== 0) return this;
    const sumBytes = PIECE_PARAMETERS * 8;
    const pointer = this.allocate(PIECE_ROWS * this.stride + sumBytes + WEIGHT_BYTES);
    this.sums = pointer + PIECE_ROWS * this.stride;
    this.weights = this.sums + sumBytes;
    this.rows = pointer;
    return this;
  }

  /** Room for pieces of `rowCount` rows and for sorting them. */
  reserveOrder(rowCount: number): OrderRoom {
    const columns = Math.max(ORDER_COLUMNS_MIN, (ORDER_NUMBERS / rowCount) & ~(ORDER_COLUMNS_MIN - 1));
    const stride = columns * 4;
    const scratchBytes = this.#instance.exports.modelsScratchBytes(rowCount);
    const bytes = (rowCount + 1) * stride + scratchBytes;
    if (this.#order === undefined || this.#order.bytes < bytes) {
      if (this.#order !== undefined) this.release(this.#order.pointer, this.#order.bytes);
      this.#order = undefined;
      this.#order = { pointer: this.allocate(bytes), bytes };
    }
    const rows = this.#order.pointer;
    const out = rows + rowCount * stride;
    return { rows, stride, columns, out, scratch: out + stride };
  }

  /** Errors: engine-trap. */
  allocate(bytes: number): number {
    try {
      return this.#instance.exports.modelsAllocate(bytes) >>> 0;
    } catch (error) {
      throw this.#instance.recover(error, "allocating room for models") ?? error;
    }
  }

  release(pointer: number, bytes: number): void {
    this.#instance.exports.modelsRelease(pointer, bytes);
  }

  /** Puts a piece of `rowCount` models from `row` on into the rows of the window. */
  putRows(models: readonly Float32Array[], row: number, rowCount: number, from: number, count: number): void {
    for (let index = 0; index < rowCount; index++) {
      this.putNumbers(this.rows + index * this.stride, models[row + index]!.subarray(from, from + count));
    }
  }

  putNumbers(pointer: number, numbers: Float32Array): void {
    this.#refresh();
    this.#floats.set(numbers, pointer >>> 2);
  }

  putDoubles(pointer: number, numbers: Float64Array): void {
    this.#refresh();
    this.#doubles.set(numbers, pointer >>> 3);
  }

  putWords(pointer: number, words: Uint32Array): void {
    this.#refresh();
    this.#words.set(words, pointer >>> 2);
  }

  putBytes(pointer: number, bytes: Uint8Array): void {
    this.#refresh();
    this.#bytes.set(bytes, pointer);
  }

  /** Makes `count` numbers of f32 0. */
  zero(pointer: number, count: number): void {
    this.numbers(pointer, count).fill(0);
  }

  /** Views that die at the next call. */
  numbers(pointer: number, count: number): Float32Array {
    this.#refresh();
    return this.#floats.subarray(pointer >>> 2, (pointer >>> 2) + count);
  }

  doubles(pointer: number, count: number): Float64Array {
    this.#refresh();
    return this.#doubles.subarray(pointer >>> 3, (pointer >>> 3) + count);
  }

  words(pointer: number, count: number): Uint32Array {
    this.#refresh();
    return this.#words.subarray(pointer >>> 2, (pointer >>> 2) + count);
  }

  bytes(pointer: number, count: number): Uint8Array {
    this.#refresh();
    return this.#bytes.subarray(pointer, pointer + count);
  }

  #refresh(): void {
    if (this.#bytes.length !== 0) return;
    const { buffer } = this.#instance.exports.memory;
    this.#floats = new Float32Array(buffer);
    this.#doubles = new Float64Array(buffer);
    this.#words = new Uint32Array(buffer);
    this.#bytes = new Uint8Array(buffer);
  }
}
