// A point table whose columns live in linear memory: appending copies points in once, results are small. Long ranges go to
// the kernels in pieces, so that no call runs long and the engine's optimising compiler takes over between them.
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
import { CHUNK_BYTES_MAX } from "./chunk-bytes.ts";
import type { WasmInstance } from "./wasm-instance.ts";

/** Points a call takes: a multiple of the lanes of a sum. */
const PIECE_POINTS = 65536;

export class WasmPointTable implements PointTable {
  readonly capacity: number;
  readonly #instance: WasmInstance;
  readonly #table: number;
  readonly #order = new PointOrder();
  #length = 0;
  #isOpen = true;

  /** Errors: invalid-argument, limit-exceeded, engine-trap. */
  constructor(instance: WasmInstance, capacity: number) {
    checkCapacity(capacity);
    this.capacity = capacity;
    this.#instance = instance;
    this.#table = guarded(instance, "createPointTable", () => instance.exports.pointsCreate(capacity));
  }

  get length(): number {
    return this.#length;
  }

  append(times: Float64Array, values: Float64Array): void {
    this.#checkOpen();
    checkColumns(times, values);
    checkRoom(times.length, this.#length, this.capacity);
    this.#times(this.#length, times.length).set(times);
    this.#values(this.#length, times.length).set(values);
    const { exports, constants } = this.#instance;
    const status = exports.pointsAppend(this.#table, times.length);
    if (status !== constants.ok) throw this.#instance.refusal(status, "append");
    if (exports.resultFirst() === 1) this.#order.note(this.#length);
    this.#length += times.length;
  }

  read(from: number, times: Float64Array, values: Float64Array): void {
    this.#checkOpen();
    checkColumns(times, values);
    checkRange(from, from + times.length, this.#length);
    times.set(this.#times(from, times.length));
    values.set(this.#values(from, times.length));
  }

  clear(): void {
    this.#checkOpen();
    this.#instance.exports.pointsClear(this.#table);
    this.#order.clear();
    this.#length = 0;
  }

  reduce(from: number, to: number): PointSummary {
    this.#checkRange(from, to);
    const { exports } = this.#instance;
    exports.pointsReduceOpen();
    for (let begin = from; begin < to; begin += PIECE_POINTS) {
      exports.pointsReduce(this.#table, begin, Math.min(to, begin + PIECE_POINTS));
    }
    return {
      count: to - from,
      sum: exports.pointsTotal(),
      minimum: exports.pointsMinimum(),
      maximum: exports.pointsMaximum(),
    };
  }

  variance(from: number, to: number): PointVariance {
    this.#checkRange(from, to);
    if (from === to) return { count: 0, mean: 0, squares: 0 };
    const { exports } = this.#instance;
    exports.pointsReduceOpen();
    for (let begin = from; begin < to; begin += PIECE_POINTS) {
      exports.pointsSum(this.#table, begin, Math.min(to, begin + PIECE_POINTS));
    }
    const count = to - from;
    const mean = exports.pointsTotal() / count;
    exports.pointsReduceOpen();
    for (let begin = from; begin < to; begin += PIECE_POINTS) {
      exports.pointsSquares(this.#table, begin, Math.min(to, begin + PIECE_POINTS), mean);
    }
    return { count, mean, squares: exports.pointsTotal() };
  }

  windows(from: number, to: number, origin: number, width: number): Float64Array {
    this.#checkRange(from, to);
    checkGrid(origin, width);
    if (from === to) return new Float64Array(0);
    const [first, last] = [this.#times(from, 1)[0]!, this.#times(to - 1, 1)[0]!];
    checkWindows([from, to], [first, last], origin, width, this.#order);
    const { exports } = this.#instance;
    const pieces: Float64Array[] = [];
    for (let begin = from; begin < to; ) {
      begin = exports.pointsWindows(this.#table, begin, to, origin, width);
      pieces.push(this.#instance.doublesView(exports.resultPointer(), exports.resultLength() >>> 3).slice());
    }
    return pieces.length === 1 ? pieces[0]! : joined(pieces);
  }

  sketch(from: number, to: number): Uint32Array {
    this.#checkRange(from, to);
    const { exports } = this.#instance;
    guarded(this.#instance, "sketch", () => exports.pointsSketchOpen(to - from));
    for (let begin = from; begin < to; begin += PIECE_POINTS) {
      exports.pointsSketch(this.#table, begin, Math.min(to, begin + PIECE_POINTS));
    }
    exports.pointsSketchGather();
    return this.#instance.wordsView(exports.resultPointer(), exports.resultLength() >>> 2).slice();
  }

  encodeChunk(from: number, to: number): Uint8Array {
    this.#checkRange(from, to);
    checkChunkRows(from, to, this.#order);
    const instance = this.#instance;
    guarded(instance, "encodeChunk", () => instance.exports.pointsEncodeChunk(this.#table, from, to));
    return instance.smallResultBytes();
  }

  decodeChunk(bytes: Uint8Array): number {
    this.#checkOpen();
    if (bytes.length > CHUNK_BYTES_MAX) throw malformedChunk(bytes.length);
    const instance = this.#instance;
    const { exports, constants } = instance;
    const status = guarded(instance, "decodeChunk", () =>
      exports.pointsDecodeChunk(this.#table, instance.put(bytes, bytes.length), bytes.length),
    );
    if (status !== constants.ok) throw instance.refusal(status, "decodeChunk");
    const count = exports.resultSecond();
    this.#grow(count);
    return count;
  }

  mergeRuns(bounds: Uint32Array): void {
    this.#checkOpen();
    checkRuns(bounds, this.#length, this.capacity, this.#order);
    const instance = this.#instance;
    const bytes = new Uint8Array(bounds.buffer, bounds.byteOffset, bounds.byteLength);
    guarded(instance, "mergeRuns", () =>
      instance.exports.pointsMergeRuns(this.#table, instance.put(bytes, bytes.length), bounds.length - 1),
    );
    this.#grow(bounds[bounds.length - 1]! - bounds[0]!);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#length = 0;
    this.#instance.exports.pointsClose(this.#table);
  }

  /** Counts rows the module wrote behind the last one. */
  #grow(count: number): void {
    if (this.#instance.exports.resultFirst() === 1) this.#order.note(this.#length);
    this.#length += count;
  }

  #times(from: number, count: number): Float64Array {
    const pointer = this.#instance.exports.pointsTimesPointer(this.#table) >>> 0;
    return this.#instance.doublesView(pointer + from * 8, count);
  }

  #values(from: number, count: number): Float64Array {
    const pointer = this.#instance.exports.pointsValuesPointer(this.#table) >>> 0;
    return this.#instance.doublesView(pointer + from * 8, count);
  }

  #checkRange(from: number, to: number): void {
    this.#checkOpen();
    checkRange(from, to, this.#length);
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw new CrdtError("document-closed", "the point table is closed; create another");
  }
}

/** Runs a call that may find linear memory full. */
function guarded<Result>(instance: WasmInstance, name: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw instance.recover(error, name) ?? error;
  }
}

function joined(pieces: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}
