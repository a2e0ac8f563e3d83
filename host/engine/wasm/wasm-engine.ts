// The WebAssembly engine: one module instance, many documents. What it does is written in assembly/; this room carries
// bytes across. Cost of a start: compiling the module, some milliseconds.
import type {
  ChunkSummary,
  DocumentOptions,
  Engine,
  EngineDocument,
  EngineStatistics,
  ModelKernels,
  PointTable,
  VectorTable,
} from "../engine.ts";
import { summarizeChunk } from "./chunk-summary.ts";
import { WasmDocument } from "./wasm-document.ts";
import { WasmInstance } from "./wasm-instance.ts";
import { WasmPointTable } from "./wasm-point-table.ts";
import { WasmVectorTable } from "./wasm-vector-table.ts";

export interface WasmEngineOptions {
  /** The module, compiled or not; without one, the copy inside the package. */
  readonly wasm?: BufferSource | WebAssembly.Module;
}

/** Errors: wasm-unavailable, abi-mismatch; a WebAssembly.CompileError where compiling is forbidden. */
export function createWasmEngine({ wasm }: WasmEngineOptions = {}): Engine {
  return new WasmEngine(new WasmInstance(wasm));
}

class WasmEngine implements Engine {
  readonly name = "wasm";
  readonly #instance: WasmInstance;
  #models: Promise<ModelKernels> | undefined;

  constructor(instance: WasmInstance) {
    this.#instance = instance;
  }

  createDocument(options: DocumentOptions): EngineDocument {
    return new WasmDocument(this.#instance, options);
  }

  createVectorTable(rows: number, columns: number): VectorTable {
    return new WasmVectorTable(this.#instance, rows, columns);
  }

  createPointTable(capacity: number): PointTable {
    return new WasmPointTable(this.#instance, capacity);
  }

  summarizeChunk(bytes: Uint8Array): ChunkSummary {
    return summarizeChunk(this.#instance, bytes);
  }

  models(): Promise<ModelKernels> {
    this.#models ??= this.#loadModels();
    return this.#models;
  }

  async #loadModels(): Promise<ModelKernels> {
    const { WasmModelKernels } = await import("./wasm-model-kernels.ts");
    return new WasmModelKernels(this.#instance);
  }

  statistics(): EngineStatistics {
    const { exports } = this.#instance;
    return { documents: exports.openDocuments(), memoryBytes: exports.memory.buffer.byteLength };
  }
}
