// A vector table whose rows live in linear memory: setting a row copies it once, comparing copies one vector in and the
// relations out.
import { CrdtError } from "../../errors.ts";
import type { VectorTable } from "../engine.ts";
import type { WasmInstance } from "./wasm-instance.ts";

const CELLS_END = 2 ** 28;

export class WasmVectorTable implements VectorTable {
  readonly rows: number;
  readonly columns: number;
  readonly #instance: WasmInstance;
  readonly #table: number;
  #isOpen = true;

  /** Errors: invalid-argument, engine-trap. */
  constructor(instance: WasmInstance, rows: number, columns: number) {
    const isSize = (value: number): boolean => Number.isInteger(value) && value >= 0;
    if (!isSize(rows) || !isSize(columns) || Math.max(rows, 1) * (columns + 15) >= CELLS_END) {
      throw new CrdtError("invalid-argument", `a vector table of ${rows} × ${columns}; at most 2^28 cells`);
    }
    this.rows = rows;
    this.columns = columns;
    this.#instance = instance;
    try {
      this.#table = instance.exports.tableCreate(rows, columns);
    } catch (error) {
      throw instance.recover(error, "createVectorTable") ?? error;
    }
  }

  setRow(row: number, sequences: Uint32Array): void {
    this.#checkOpen();
    if (!Number.isInteger(row) || row < 0 || row >= this.rows) {
      throw new CrdtError("invalid-argument", `row ${row} of ${this.rows}`);
    }
    this.#checkLength("sequences", sequences.length, this.columns);
    const pointer = this.#instance.exports.tableRowPointer(this.#table, row);
    this.#instance.wordsView(pointer, this.columns).set(sequences);
  }

  compare(vector: Uint32Array, relations: Uint8Array): void {
    this.#checkOpen();
    this.#checkLength("sequences", vector.length, this.columns);
    this.#checkLength("relations", relations.length, this.rows);
    const { exports } = this.#instance;
    this.#instance.wordsView(exports.tableVectorPointer(this.#table), this.columns).set(vector);
    exports.tableCompare(this.#table);
    relations.set(this.#instance.bytesView(exports.tableRelationsPointer(this.#table), this.rows));
  }

  minimum(): Uint32Array {
    this.#checkOpen();
    const { exports } = this.#instance;
    exports.tableMinimum(this.#table);
    return this.#instance.wordsView(exports.tableVectorPointer(this.#table), this.columns).slice();
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#instance.exports.tableClose(this.#table);
  }

  #checkOpen(): void {
    if (!this.#isOpen) {
      throw new CrdtError("document-closed", "the vector table is closed; create another");
    }
  }

  #checkLength(what: string, length: number, expected: number): void {
    if (length === expected) return;
    throw new CrdtError("invalid-argument", `${length} ${what} for ${expected}; give one each`);
  }
}
