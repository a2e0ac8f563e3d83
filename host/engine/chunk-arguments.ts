// What both engines refuse before a series chunk is encoded or runs are merged, so that the kernels may trust their input,
// and how a chunk that is none is refused.
import { CrdtError } from "../errors.ts";
import { CHUNK_POINTS_MAX } from "../limits.ts";
import { checkRoom } from "./point-arguments.ts";
import type { PointOrder } from "./point-order.ts";

/** Refuses rows that are no chunk. */
export function checkChunkRows(from: number, to: number, order: PointOrder): void {
  const count = to - from;
  if (count === 0) throw invalid("a chunk of 0 points; give at least one");
  if (count > CHUNK_POINTS_MAX) {
    throw new CrdtError(
      "limit-exceeded",
      `a chunk of ${count} points, at most ${CHUNK_POINTS_MAX}; make several`,
    );
  }
  const descent = order.descentIn(from, to);
  if (descent !== undefined) throw invalid(`times descend at row ${descent}; merge the runs first`);
}

/** Refuses bounds that do not ascend within the rows, runs whose times descend, and results that do not fit. */
export function checkRuns(bounds: Uint32Array, length: number, capacity: number, order: PointOrder): void {
  if (bounds.length === 0)
    throw invalid("no bounds; give where each run begins, and where the last one ends");
  for (let run = 1; run < bounds.length; run++) {
    const [from, to] = [bounds[run - 1]!, bounds[run]!];
    if (from > to) throw invalid(`a run from row ${from} to ${to}; bounds ascend`);
    const descent = order.descentIn(from, to);
    if (descent !== undefined) throw invalid(`times descend at row ${descent} of a run; give it as two runs`);
  }
  const [first, last] = [bounds[0]!, bounds[bounds.length - 1]!];
  if (last > length) throw invalid(`runs up to row ${last} of ${length}; write them first`);
  checkRoom(last - first, length, capacity);
}

function invalid(reason: string): CrdtError {
  return new CrdtError("invalid-argument", reason);
}

export function malformedChunk(byteLength: number): CrdtError {
  return new CrdtError(
    "malformed-delta",
    `${byteLength} bytes that are no series chunk; ask the sender for it again`,
  );
}
