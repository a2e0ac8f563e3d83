// Checks a series chunk inside the module and carries its summary out.
import { malformedChunk } from "../chunk-arguments.ts";
import type { ChunkSummary } from "../engine.ts";
import { CHUNK_BYTES_MAX } from "./chunk-bytes.ts";
import type { WasmInstance } from "./wasm-instance.ts";

const FIELDS = 8;

/** Errors: malformed-delta, engine-trap. */
export function summarizeChunk(instance: WasmInstance, bytes: Uint8Array): ChunkSummary {
  if (bytes.length > CHUNK_BYTES_MAX) throw malformedChunk(bytes.length);
  const { exports, constants } = instance;
  let status: number;
  try {
    status = exports.chunkSummarize(instance.put(bytes, bytes.length), bytes.length);
  } catch (error) {
    throw instance.recover(error, "summarizeChunk") ?? error;
  }
  if (status !== constants.ok) throw malformedChunk(bytes.length);
  const fields = instance.doublesView(exports.resultPointer(), FIELDS);
  const [count, firstTime, lastTime, sum, minimum, maximum, firstValue, lastValue] = fields as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { count, firstTime, lastTime, sum, minimum, maximum, firstValue, lastValue };
}
