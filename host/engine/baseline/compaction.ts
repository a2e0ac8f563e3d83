// Drops what every member of the group has seen: "Compaction" in docs/wire-format.md.
// Cost: the deleted-marks of the document, and the replicas.
import { CrdtError } from "../../errors.ts";
import type { CompactionResult } from "../engine.ts";
import { type DocumentState, isDeletedMark } from "./document-state.ts";
import { alignVector, type VectorRows } from "./vector-bytes.ts";

const TICKS_PER_MS = 1024;

/** Errors: invalid-argument. */
export function compact(state: DocumentState, stable: VectorRows, nowMs: number): CompactionResult {
  for (let row = 0; row < stable.ids.length; row++) {
    const own = state.replicas.get(stable.ids[row]!)?.sequence ?? 0;
    if (stable.sequences[row]! > own) {
      throw new CrdtError(
        "invalid-argument",
        `the stable vector has ${stable.sequences[row]} of replica ${stable.ids[row]}, this document ${own}; merge first`,
      );
    }
  }
  const columns = state.sortedReplicas();
  const sequences = alignVector(stable, columns);
  let removalsDropped = 0;
  columns.forEach((column, index) => {
    removalsDropped += state.dropRemovals(column, sequences[index]!);
    state.raiseFloor(column, sequences[index]!);
  });
  return { removalsDropped, deletedMarksDropped: dropDeletedMarks(state, sequences, nowMs) };
}

function dropDeletedMarks(state: DocumentState, stable: readonly number[], nowMs: number): number {
  if (state.deletedMarks === 0) return 0;
  let dropped = 0;
  state.sortedReplicas().forEach((column, index) => {
    for (const entry of column.entries) {
      if (entry.sequence > stable[index]!) break;
      if (!entry.isLive || !isDeletedMark(entry) || entry.timestamp >= nowMs * TICKS_PER_MS) continue;
      state.leave(entry);
      state.raiseCompacted(entry.timestamp);
      dropped++;
    }
  });
  return dropped;
}
