// One instance of the engine module, shared by all documents of an engine: the raw exports, the window bytes go in
// through, the copies results come out as, and the wording of refusals and traps. Views of linear memory stay in here.
import { type Imports, instantiateSync } from "@assemblyscript/loader";
import { CrdtError } from "../../errors.ts";
import { DELTA_BYTES_MAX } from "../../limits.ts";
import { engineModuleBytes } from "./module-bytes.ts";
import { readConstants, type WasmConstants } from "./wasm-constants.ts";
import type { WasmExports } from "./wasm-exports.ts";

/** Up to here a byte loop beats the call of `set`. */
const LOOPED_BYTES_MAX = 32;
/** Up to here a loop over words beats making a view for `set`. */
const WORD_LOOPED_BYTES_MAX = 512;
/** Of larger buffers that come again no word view is kept. */
const WORDS_KEPT_BYTES_MAX = 65536;
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
  #memoryWords: Int32Array = new Int32Array(0);
  #inputPointer = 0;
  #inputBytes = 0;
  #shared: Uint8Array = new Uint8Array(0);
  #sharedWords: Int32Array = new Int32Array(0);
  #sharedLength = 0;
  /** The buffer that came in last, and its words once it has come again: a document uses one for all its batches. */
  #lastInput: Uint8Array | undefined;
  #lastWords: Int32Array | undefined;

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
    if (byteLength <= LOOPED_BYTES_MAX) {
      for (let index = 0; index < byteLength; index++) memory[pointer + index] = bytes[index]!;
    } else if (byteLength === bytes.length) {
      memory.set(bytes, pointer);
    } else if (byteLength > WORD_LOOPED_BYTES_MAX || !this.#putWords(bytes, byteLength, pointer)) {
      memory.set(bytes.subarray(0, byteLength), pointer);
    }
    return pointer;
  }

  /** Copies word by word where `bytes` is the buffer that came last: the window has room for a whole last word. */
  #putWords(bytes: Uint8Array, byteLength: number, pointer: number): boolean {
    if (bytes !== this.#lastInput) {
      this.#lastInput = bytes.length <= WORDS_KEPT_BYTES_MAX ? bytes : undefined;
      this.#lastWords = undefined;
      return false;
    }
    const source = this.#lastWords ?? wordsOf(bytes);
    this.#lastWords = source;
    const count = (byteLength + 3) >> 2;
    if (count > source.length) return false;
    const words = this.#memoryWords;
    const start = pointer >> 2;
    for (let index = 0; index < count; index++) words[start + index] = source[index]!;
    return true;
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
      this.#sharedWords = new Int32Array(this.#shared.buffer);
      this.#sharedLength = 0;
    }
    const start = this.#sharedLength;
    this.#sharedLength = (start + length + 3) & ~3;
    const memory = this.#memory();
    if (length > WORD_LOOPED_BYTES_MAX || (pointer & 3) !== 0) {
      this.#shared.set(memory.subarray(pointer, pointer + length), start);
    } else {
      const words = this.#memoryWords;
      const shared = this.#sharedWords;
      const count = (length + 3) >> 2;
      const from = pointer >> 2;
      const to = start >> 2;
      for (let index = 0; index < count; index++) shared[to + index] = words[from + index]!;
    }
    return this.#shared.subarray(start, start + length);
  }

  /** A window of u32 values. Dies at the next call. */
  wordsView(pointer: number, count: number): Uint32Array {
    return new Uint32Array(this.exports.memory.buffer, pointer >>> 0, count);
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
    const found = `${subject} ${exports.refusedValue()} against ${exports.refusedLimit()}`;
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
    if (this.#memoryView.length === 0) {
      this.#memoryView = new Uint8Array(this.exports.memory.buffer);
      this.#memoryWords = new Int32Array(this.exports.memory.buffer);
    }
    return this.#memoryView;
  }

  #reserve(byteLength: number): void {
    this.#inputBytes = 0;
    this.#inputPointer = this.exports.reserveInput(byteLength) >>> 0;
    this.#inputBytes = this.exports.inputBytes();
  }
}

/** As many whole words as `bytes` begins with; none where it does not begin at one. */
function wordsOf(bytes: Uint8Array): Int32Array {
  if (bytes.byteOffset % 4 !== 0) return new Int32Array(0);
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
}

export function documentClosed(): CrdtError {
  return new CrdtError("document-closed", "the document is closed; open it again");
}
