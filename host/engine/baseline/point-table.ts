// A point table in two Float64Arrays. Cost: appending copies once; the kernels beside this file say theirs.
import { CrdtError } from "../../errors.ts";
import { checkChunkRows, checkRuns, malformedChunk } from "../chunk-arguments.ts";
import type { PointSummary, PointTable, PointVariance } from "../engine.ts";
import {
  checkCapacity,
  checkColumns,
  checkGrid,
  checkRange,
  checkRoom,
  checkWindows,
} from "../point-arguments.ts";
import { PointOrder } from "../point-order.ts";
import { decodeOpened, openChunk } from "./chunk-decoder.ts";
import { encodeChunk } from "./chunk-encoder.ts";
import { reducePoints, variancePoints } from "./point-reduction.ts";
import { sketchPoints } from "./point-sketch.ts";
import { windowPoints } from "./point-windows.ts";
import { mergeRuns } from "./run-merge.ts";

export class BaselinePointTable implements PointTable {
  readonly capacity: number;
  readonly #order = new PointOrder();
  #times: Float64Array;
  #values: Float64Array;
  #length = 0;
  #isOpen = true;

  /** Errors: invalid-argument, limit-exceeded. */
  constructor(capacity: number) {
    checkCapacity(capacity);
    this.capacity = capacity;
    this.#times = new Float64Array(capacity);
    this.#values = new Float64Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  append(times: Float64Array, values: Float64Array): void {
    this.#checkOpen();
    checkColumns(times, values);
    checkRoom(times.length, this.#length, this.capacity);
    checkPoints(times, values);
    const length = this.#length;
    if (length > 0 && times.length > 0 && times[0]! < this.#times[length - 1]!) this.#order.note(length);
    for (let index = 0; index < times.length; index++) this.#times[length + index] = times[index]! + 0;
    this.#values.set(values, length);
    this.#length += times.length;
  }

  read(from: number, times: Float64Array, values: Float64Array): void {
    this.#checkOpen();
    checkColumns(times, values);
    checkRange(from, from + times.length, this.#length);
    times.set(this.#times.subarray(from, from + times.length));
    values.set(this.#values.subarray(from, from + times.length));
  }

  clear(): void {
    this.#checkOpen();
    this.#order.clear();
    this.#length = 0;
  }

  reduce(from: number, to: number): PointSummary {
    this.#checkRange(from, to);
    return reducePoints(this.#values, from, to);
  }

  variance(from: number, to: number): PointVariance {
    this.#checkRange(from, to);
    return variancePoints(this.#values, from, to);
  }

  windows(from: number, to: number, origin: number, width: number): Float64Array {
    this.#checkRange(from, to);
    checkGrid(origin, width);
    if (from === to) return new Float64Array(0);
    const ends = [this.#times[from]!, this.#times[to - 1]!] as const;
    checkWindows([from, to], ends, origin, width, this.#order);
    return windowPoints(this.#times, this.#values, from, to, origin, width);
  }

  sketch(from: number, to: number): Uint32Array {
    this.#checkRange(from, to);
    return sketchPoints(this.#values, from, to);
  }

  encodeChunk(from: number, to: number): Uint8Array {
    this.#checkRange(from, to);
    checkChunkRows(from, to, this.#order);
    return encodeChunk(this.#times, this.#values, from, to);
  }

  decodeChunk(bytes: Uint8Array): number {
    this.#checkOpen();
    const chunk = openChunk(bytes);
    if (chunk === undefined) throw malformedChunk(bytes.length);
    checkRoom(chunk.count, this.#length, this.capacity);
    if (!decodeOpened(this.#times, this.#values, this.#length)) throw malformedChunk(bytes.length);
    this.#grow(chunk.count);
    return chunk.count;
  }

  mergeRuns(bounds: Uint32Array): void {
    this.#checkOpen();
    checkRuns(bounds, this.#length, this.capacity, this.#order);
    mergeRuns(this.#times, this.#values, bounds, this.#length);
    this.#grow(bounds[bounds.length - 1]! - bounds[0]!);
  }

  close(): void {
    this.#isOpen = false;
    this.#length = 0;
    this.#times = this.#values = new Float64Array(0);
  }

  /** Counts `count` rows that were written behind the last one in ascending order. */
  #grow(count: number): void {
    const length = this.#length;
    if (length > 0 && count > 0 && this.#times[length]! < this.#times[length - 1]!) this.#order.note(length);
    this.#length += count;
  }

  #checkRange(from: number, to: number): void {
    this.#checkOpen();
    checkRange(from, to, this.#length);
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw new CrdtError("document-closed", "the point table is closed; create another");
  }
}

function checkPoints(times: Float64Array, values: Float64Array): void {
  let previous = -Infinity;
  for (const time of times) {
    if (!Number.isSafeInteger(time) || time < previous) {
      const wanted = "give integers within ±(2^53 − 1) that do not descend";
      throw new CrdtError("invalid-argument", `a time of ${time} behind ${previous}; ${wanted}`);
    }
    previous = time;
  }
  for (const value of values) {
    if (Number.isNaN(value)) {
      throw new CrdtError("invalid-argument", "a value of NaN; leave out what was not measured");
    }
  }
}
