// The baseline engine: the engine interface in TypeScript alone. The judge of every test, the baseline of every
// benchmark, and what runs where WebAssembly is not allowed. Maps keyed by binary strings, one object an entry,
// typed arrays while decoding. Leaves out nothing the WebAssembly engine does, and gives the same bytes.
import { CrdtError } from "../../errors.ts";
import { DOCUMENTS_MAX } from "../../limits.ts";
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
import { BaselineDocument, type DocumentOwner } from "./baseline-document.ts";
import { summarizeChunk } from "./chunk-summary.ts";
import { DeltaDecoder } from "./delta-decoder.ts";
import { DeltaEncoder } from "./delta-encoder.ts";
import { DeltaMerge } from "./delta-merge.ts";
import { BaselinePointTable } from "./point-table.ts";
import { BaselineVectorTable } from "./vector-table.ts";

export function createBaselineEngine(): Engine {
  return new BaselineEngine();
}

class BaselineEngine implements Engine {
  readonly name = "baseline";
  #documents = 0;
  #models: Promise<ModelKernels> | undefined;
  readonly #decoder = new DeltaDecoder();
  readonly #owner: DocumentOwner = {
    decoder: this.#decoder,
    merger: new DeltaMerge(this.#decoder),
    encoder: new DeltaEncoder(),
    onClose: () => {
      this.#documents--;
    },
  };

  createDocument(options: DocumentOptions): EngineDocument {
    if (this.#documents >= DOCUMENTS_MAX) {
      throw new CrdtError("limit-exceeded", `${DOCUMENTS_MAX} documents are open; close some first`);
    }
    const document = new BaselineDocument(options, this.#owner);
    this.#documents++;
    return document;
  }

  createVectorTable(rows: number, columns: number): VectorTable {
    return new BaselineVectorTable(rows, columns);
  }

  createPointTable(capacity: number): PointTable {
    return new BaselinePointTable(capacity);
  }

  summarizeChunk(bytes: Uint8Array): ChunkSummary {
    return summarizeChunk(bytes);
  }

  models(): Promise<ModelKernels> {
    this.#models ??= loadModels();
    return this.#models;
  }

  statistics(): EngineStatistics {
    return { documents: this.#documents, memoryBytes: undefined };
  }
}

async function loadModels(): Promise<ModelKernels> {
  const { BaselineModelKernels } = await import("./model-kernels.ts");
  return new BaselineModelKernels();
}
