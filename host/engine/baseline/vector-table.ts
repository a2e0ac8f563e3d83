// Version vectors of many peers in one Uint32Array, row by row. Comparing stops early at the first concurrency.
// Cost: rows × columns, four columns a step.
import { CrdtError } from "../../errors.ts";
import { RELATIONS, type VectorTable } from "../engine.ts";

export class BaselineVectorTable implements VectorTable {
  readonly rows: number;
  readonly columns: number;
  #cells: Uint32Array;
  #isClosed = false;

  /** Errors: invalid-argument. */
  constructor(rows: number, columns: number) {
    const isSize = (value: number): boolean => Number.isInteger(value) && value >= 0;
    if (!isSize(rows) || !isSize(columns) || rows * columns >= 2 ** 28) {
      throw new CrdtError("invalid-argument", `a vector table of ${rows} × ${columns}; at most 2^28 cells`);
    }
    this.rows = rows;
    this.columns = columns;
    this.#cells = new Uint32Array(rows * columns);
  }

  setRow(row: number, sequences: Uint32Array): void {
    this.#checkOpen();
    if (!Number.isInteger(row) || row < 0 || row >= this.rows) {
      throw new CrdtError(
        "invalid-argument",
        `row ${row} of a vector table of ${this.rows}; rows count from 0`,
      );
    }
    this.#checkLength("sequences", sequences.length, this.columns);
    this.#cells.set(sequences, row * this.columns);
  }

  compare(vector: Uint32Array, relations: Uint8Array): void {
    this.#checkOpen();
    this.#checkLength("sequences", vector.length, this.columns);
    this.#checkLength("relations", relations.length, this.rows);
    for (let row = 0; row < this.rows; row++) {
      relations[row] = compareRow(this.#cells, row * this.columns, vector, this.columns);
    }
  }

  minimum(): Uint32Array {
    this.#checkOpen();
    const { columns } = this;
    const cells = this.#cells;
    const lowest = cells.slice(0, columns);
    for (let begin = columns; begin < cells.length; begin += columns) {
      for (let column = 0; column < columns; column++) {
        const value = cells[begin + column]!;
        if (value < lowest[column]!) lowest[column] = value;
      }
    }
    return this.rows === 0 ? new Uint32Array(columns) : lowest;
  }

  close(): void {
    this.#isClosed = true;
    this.#cells = new Uint32Array(0);
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new CrdtError("document-closed", "the vector table is closed; create another");
  }

  #checkLength(what: string, length: number, expected: number): void {
    if (length === expected) return;
    throw new CrdtError("invalid-argument", `${length} ${what} for ${expected}; give one each`);
  }
}

/** How a row stands to the vector. Differences of two u32 are exact doubles, so their sign tells all. */
function compareRow(cells: Uint32Array, begin: number, vector: Uint32Array, columns: number): number {
  let isBehind = false;
  let isAhead = false;
  let column = 0;
  for (const last = columns - 4; column <= last; column += 4) {
    const at = begin + column;
    const [left0, left1, left2, left3] = [cells[at]!, cells[at + 1]!, cells[at + 2]!, cells[at + 3]!];
    const right0 = vector[column]!;
    const right1 = vector[column + 1]!;
    const right2 = vector[column + 2]!;
    const right3 = vector[column + 3]!;
    if (left0 < right0 || left1 < right1 || left2 < right2 || left3 < right3) isBehind = true;
    if (left0 > right0 || left1 > right1 || left2 > right2 || left3 > right3) isAhead = true;
    if (isBehind && isAhead) return RELATIONS.concurrent;
  }
  for (; column < columns; column++) {
    const left = cells[begin + column]!;
    const right = vector[column]!;
    if (left < right) isBehind = true;
    if (left > right) isAhead = true;
  }
  if (isBehind) return isAhead ? RELATIONS.concurrent : RELATIONS.behind;
  return isAhead ? RELATIONS.ahead : RELATIONS.equal;
}
