// One instance of the engine module, shared by all documents of an engine: the raw exports, the window bytes go in
// through, the copies results come out as, and the wording of refusals and traps. Views of linear memory stay in here.
import { type Imports, instantiateSync } from "@assemblyscript/loader";
import { CrdtError } from "../../errors.ts";
import { DELTA_BYTES_MAX } from "../../limits.ts";
import { engineModuleBytes } from "./module-bytes.ts";
import { readConstants, type WasmConstants } from "./wasm-constants.ts";
import type { WasmExports } from "./wasm-exports.ts";

/** Up to here a byte loop beats `set`, and with the view that `set` needs of a part. */
const LOOPED_BYTES_MAX = 24;
const LOOPED_PART_BYTES_MAX = 48;
/** Small results share buffers of this size: a buffer of its own costs more than the call that filled it. */
const SHARED_BUFFER_BYTES = 16384;
const SHARED_RESULT_BYTES_MAX = 1024;
/** A larger input window is given back at the next small input. */
const KEPT_INPUT_BYTES = 262144;
const VECTOR_COUNT_BYTES = 4;

const ADVICE: Readonly<Record<string, string>> = {
  "malformed-delta": "ask the sender for it again",
  "checksum-mismatch": "ask the sender for it again",
  "unsupported-version": "update the older side",
  "unsupported-type": "update this engine to read these bytes",
  gap: "ask for deltaSince the own version vector",
  "limit-exceeded": "split it up; nothing was changed",
  "counter-range": "a counter stays within ±(2^53 − 1), use another one",
  "invalid-argument": "nothing was changed",
  "document-closed": "open it again",
};

export class WasmInstance {
  readonly exports: WasmExports;
  readonly constants: WasmConstants;
  /** All of linear memory; detached by growth, so taken through `#memory()`. */
  #memoryView: Uint8Array = new Uint8Array(0);
  #inputPointer = 0;
  #inputBytes = 0;
  #shared: Uint8Array = new Uint8Array(0);
  #sharedLength = 0;

  /** `imports` beyond `env.abort` are for instrumented modules in tests. Errors: wasm-unavailable, abi-mismatch. */
  constructor(wasm: BufferSource | WebAssembly.Module | undefined, imports: Imports = {}) {
    if (typeof WebAssembly === "undefined") {
      throw new CrdtError("wasm-unavailable", "this platform has no WebAssembly; choose the baseline engine");
    }
    const { instance } = instantiateSync(wasm ?? engineModuleBytes(), imports);
    this.constants = readConstants(instance.exports);
    this.exports = instance.exports as unknown as WasmExports;
  }

  /** Copies the first `byteLength` bytes into the input window; returns its address, good for the next call. */
  put(bytes: Uint8Array, byteLength: number): number {
    // What is longer than any call takes is refused by its length, or by the count that heads a vector.
    if (byteLength > DELTA_BYTES_MAX) return this.put(bytes, VECTOR_COUNT_BYTES);
    if (byteLength > this.#inputBytes || this.#inputBytes > KEPT_INPUT_BYTES) this.#reserve(byteLength);
    const memory = this.#memory();
    const pointer = this.#inputPointer;
    const isWhole = byteLength === bytes.length;
    if (byteLength <= (isWhole ? LOOPED_BYTES_MAX : LOOPED_PART_BYTES_MAX)) {
      for (let index = 0; index < byteLength; index++) memory[pointer + index] = bytes[index]!;
    } else memory.set(isWhole ? bytes : bytes.subarray(0, byteLength), pointer);
    return pointer;
  }

  /** The bytes the last call left, as a copy. */
  resultBytes(): Uint8Array {
    const pointer = this.exports.resultPointer() >>> 0;
    return this.#memory().slice(pointer, pointer + (this.exports.resultLength() >>> 0));
  }

  /** The same, but a small one may share its buffer with others: for what stays inside this package. */
  smallResultBytes(): Uint8Array {
    const length = this.exports.resultLength() >>> 0;
    if (length > SHARED_RESULT_BYTES_MAX) return this.resultBytes();
    const pointer = this.exports.resultPointer() >>> 0;
    if (this.#sharedLength + length > this.#shared.length) {
      this.#shared = new Uint8Array(SHARED_BUFFER_BYTES);
      this.#sharedLength = 0;
    }
    const start = this.#sharedLength;
    const end = start + length;
    this.#sharedLength = end;
    const shared = this.#shared;
    const memory = this.#memory();
    if (length > LOOPED_PART_BYTES_MAX) {
      shared.set(memory.subarray(pointer, pointer + length), start);
    } else {
      for (let index = 0; index < length; index++) shared[start + index] = memory[pointer + index]!;
    }
    return shared.subarray(start, end);
  }

  /** A window of u32 values. Dies at the next call. */
  wordsView(pointer: number, count: number): Uint32Array {
    return new Uint32Array(this.exports.memory.buffer, pointer >>> 0, count);
  }

  /** A window of doubles. Dies at the next call. */
  doublesView(pointer: number, count: number): Float64Array {
    return new Float64Array(this.exports.memory.buffer, pointer >>> 0, count);
  }

  /** A window of bytes. Dies at the next call. */
  bytesView(pointer: number, count: number): Uint8Array {
    return new Uint8Array(this.exports.memory.buffer, pointer >>> 0, count);
  }

  /** The error for a status other than ok. */
  refusal(status: number, call: string): CrdtError {
    const { exports, constants } = this;
    const code = constants.codes.get(status) ?? "engine-trap";
    if (code === "document-closed") return documentClosed();
    const subject = constants.subjects.get(exports.refusedSubject()) ?? "unknown";
    const index = exports.refusedIndex();
    const which = index < 0 ? "" : ` at index ${index}`;
    const found = `${subject}${which} ${exports.refusedValue()} against ${exports.refusedLimit()}`;
    return new CrdtError(code, `${call} refused: ${code}, ${found}; ${ADVICE[code]}`);
  }

  /**
   * After a trap inside a call: undoes what the call did and gives the error to throw. Returns undefined when the call
   * had already succeeded and only its clean-up was cut short; that is finished now.
   */
  recover(cause: unknown, call: string): CrdtError | undefined {
    if (this.exports.recover() === 1) return undefined;
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new CrdtError(
      "engine-trap",
      `${call} stopped inside the WebAssembly engine: ${reason}; the document is as it was before, try again or load a snapshot into a new one`,
      { cause },
    );
  }

  #memory(): Uint8Array {
    if (this.#memoryView.length === 0) this.#memoryView = new Uint8Array(this.exports.memory.buffer);
    return this.#memoryView;
  }

  #reserve(byteLength: number): void {
    this.#inputBytes = 0;
    this.#inputPointer = this.exports.reserveInput(byteLength) >>> 0;
    this.#inputBytes = this.exports.inputBytes();
  }
}

export function documentClosed(): CrdtError {
  return new CrdtError("document-closed", "the document is closed; open it again");
}
