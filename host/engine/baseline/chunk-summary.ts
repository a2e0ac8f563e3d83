// Judges a series chunk without keeping its points, and sums it up. Cost: decoding, and one pass over the values.
import { CHUNK_POINTS_MAX } from "../../limits.ts";
import { malformedChunk } from "../chunk-arguments.ts";
import type { ChunkSummary } from "../engine.ts";
import { decodeOver, openChunk } from "./chunk-decoder.ts";
import { reducePoints } from "./point-reduction.ts";

const column = new Float64Array(CHUNK_POINTS_MAX);

/** Whether `bytes` are a series chunk, to its last point. */
export function isSeriesChunk(bytes: Uint8Array): boolean {
  return openChunk(bytes) !== undefined && decodeOver(column);
}

/** Errors: malformed-delta. */
export function summarizeChunk(bytes: Uint8Array): ChunkSummary {
  const chunk = openChunk(bytes);
  if (chunk === undefined || !decodeOver(column)) throw malformedChunk(bytes.length);
  const { count, firstTime, lastTime } = chunk;
  const { sum, minimum, maximum } = reducePoints(column, 0, count);
  const [firstValue, lastValue] = [column[0]!, column[count - 1]!];
  return { count, firstTime, lastTime, sum, minimum, maximum, firstValue, lastValue };
}
