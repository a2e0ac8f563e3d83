// Values that were written at the same time and are all kept: what multi-values and multi-maps give of each.
import type { ReplicaId } from "../wire/replica-id.ts";
import type { EntriesExport } from "./entries-export.ts";

/** Clock readings a millisecond has. */
const READINGS_PER_MS = 1024;

/** One of the values that no later write has replaced. */
export interface Candidate<T> {
  readonly value: T;
  readonly replica: ReplicaId;
  readonly sequence: number;
  /** Clock reading: milliseconds × 1024 + counter. */
  readonly timestamp: number;
  /** Wall-clock milliseconds of the replica that wrote it. */
  readonly timeMs: number;
}

/** Candidates in canonical order (replica id, then sequence), and whether any holds bytes that must not be shared. */
export interface ReadCandidates<T> {
  readonly candidates: readonly Candidate<T>[];
  readonly hasBytes: boolean;
}

/** All entries of `exported` as candidates. Errors: invalid-value. */
export function readCandidates<T>(exported: EntriesExport): ReadCandidates<T> {
  const { values, hasBytes } = exported.payloadValues();
  const candidates = values.map((value, index) => {
    const timestamp = exported.timestamps[index]!;
    return Object.freeze({
      value: value as T,
      replica: exported.replica(index),
      sequence: exported.sequences[index]!,
      timestamp,
      timeMs: Math.floor(timestamp / READINGS_PER_MS),
    });
  });
  return { candidates: Object.freeze(candidates), hasBytes };
}

/** The candidate written last by (timestamp, replica id, sequence). There is at least one. */
export function latestOf<T>(candidates: readonly Candidate<T>[]): Candidate<T> {
  return candidates.reduce((latest, candidate) => (isLater(candidate, latest) ? candidate : latest));
}

/** Whether `left` was written after `right`, by (timestamp, replica id, sequence). */
export function isLater(left: Candidate<unknown>, right: Candidate<unknown>): boolean {
  if (left.timestamp !== right.timestamp) return left.timestamp > right.timestamp;
  if (left.replica !== right.replica) return left.replica > right.replica;
  return left.sequence > right.sequence;
}
