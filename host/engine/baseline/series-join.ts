// Joins the small chunks that many small turns leave: the newest chunks a replica wrote of a label become one, which stands
// for them wherever it comes ("Series chunks" in docs/wire-format.md). Sixteen chunks below a size make one of the next, as
// in a log-structured merge tree (O'Neil and others 1996), so a point is written again a few times, not with each turn.
// Cost: the chunks of the label, and decoding those that are joined.
import { CHUNK_POINTS_MAX } from "../../limits.ts";
import { decodeOpened, openChunk } from "./chunk-decoder.ts";
import { encodeChunk } from "./chunk-encoder.ts";
import { readChunkHead } from "./chunk-head.ts";
import type { DocumentState } from "./document-state.ts";
import type { Entry } from "./entry.ts";
import type { ReplicaColumn } from "./replica-column.ts";
import { mergeRuns } from "./run-merge.ts";
import type { SeriesIndex } from "./series-index.ts";

/** Chunks of fewer points than this are joined, once there are {@link JOINED_MIN} of them. */
export const JOIN_SIZES = [16, 256, 4096] as const;
export const JOINED_MIN = 16;

/** Drops the chunks of `label` that `column` wrote from sequence `from` on: a later one stands for them. */
export function takeJoined(
  state: DocumentState,
  series: SeriesIndex,
  label: string,
  column: ReplicaColumn,
  from: number,
): void {
  for (const entry of series.chunksOf(label, column, from)) state.leave(entry);
}

/** The newest chunks, each of fewer than `size` points and together no more than a chunk holds; ascending. */
export function joinable(chunks: readonly Entry[], size: number): readonly Entry[] {
  let start = chunks.length;
  let points = 0;
  while (start > 0) {
    const { count } = readChunkHead(chunks[start - 1]!.chunk, chunks[start - 1]!.start);
    points += count;
    if (count >= size || points > CHUNK_POINTS_MAX) break;
    start--;
  }
  return chunks.length - start >= JOINED_MIN ? chunks.slice(start) : [];
}

/** One chunk of all points, to be entered under `sequence`. */
export function joinedChunk(chunks: readonly Entry[], sequence: number): Uint8Array {
  const heads = chunks.map(({ chunk, start }) => readChunkHead(chunk, start));
  const total = heads.reduce((sum, { count }) => sum + count, 0);
  const first = Math.min(...chunks.map((entry, index) => entry.sequence - heads[index]!.covers));
  const times = new Float64Array(total * 2);
  const values = new Float64Array(total * 2);
  const bounds = new Uint32Array(chunks.length + 1);
  for (const [index, { chunk, start, length }] of chunks.entries()) {
    const at = bounds[index]!;
    const isChunk = openChunk(chunk.subarray(start, start + length)) !== undefined;
    if (!isChunk || !decodeOpened(times, values, at)) {
      throw new Error("broken invariant: an entry holds a chunk");
    }
    bounds[index + 1] = at + heads[index]!.count;
  }
  mergeRuns(times, values, bounds, total);
  return encodeChunk(times, values, total, total * 2, sequence - first);
}
