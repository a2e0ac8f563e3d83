// Version vectors as they cross the engine seam: `count u32`, then `id u64, sequence u32` ascending by id.
import { CrdtError } from "../../errors.ts";
import { REPLICAS_MAX } from "../../limits.ts";
import { type ReplicaId, readReplicaId, readUint32 } from "../../wire/replica-id.ts";
import { SEQUENCE_MAX } from "./delta-decoder.ts";
import type { ReplicaColumn } from "./replica-column.ts";

const COUNT_BYTES = 4;
const ROW_BYTES = 12;

export interface VectorRows {
  readonly ids: readonly ReplicaId[];
  readonly sequences: readonly number[];
}

/** Errors: invalid-argument, limit-exceeded. */
export function readVector(bytes: Uint8Array): VectorRows {
  if (bytes.length < COUNT_BYTES) throw invalid(`${bytes.length} bytes are too few`);
  const count = readUint32(bytes, 0);
  if (count > REPLICAS_MAX) {
    throw new CrdtError(
      "limit-exceeded",
      `a version vector of ${count} replicas; at most ${REPLICAS_MAX} are allowed`,
    );
  }
  if (bytes.length !== COUNT_BYTES + count * ROW_BYTES) {
    throw invalid(`${bytes.length} bytes do not hold ${count} replicas`);
  }
  const ids: ReplicaId[] = [];
  const sequences: number[] = [];
  let previous = "0000000000000000";
  for (let offset = COUNT_BYTES; offset < bytes.length; offset += ROW_BYTES) {
    const id = readReplicaId(bytes, offset);
    const sequence = readUint32(bytes, offset + 8);
    if (id <= previous) throw invalid(`replica ${id} is zero or out of order`);
    if (sequence < 1 || sequence > SEQUENCE_MAX) throw invalid(`sequence ${sequence} of replica ${id}`);
    previous = id;
    ids.push(id);
    sequences.push(sequence);
  }
  return { ids, sequences };
}

/** The vector of what `sequenceOf` gives for each column; zeros are left out. */
export function writeVector(
  columns: readonly ReplicaColumn[],
  sequenceOf: (column: ReplicaColumn) => number,
): Uint8Array {
  const listed = columns.filter((column) => sequenceOf(column) > 0);
  const bytes = new Uint8Array(COUNT_BYTES + listed.length * ROW_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, listed.length, true);
  let offset = COUNT_BYTES;
  for (const column of listed) {
    view.setUint32(offset, column.idLow, true);
    view.setUint32(offset + 4, column.idHigh, true);
    view.setUint32(offset + 8, sequenceOf(column), true);
    offset += ROW_BYTES;
  }
  return bytes;
}

/** What the vector says of each of the sorted columns; 0 where it says nothing. */
export function alignVector(vector: VectorRows, columns: readonly ReplicaColumn[]): number[] {
  let row = 0;
  return columns.map(({ id }) => {
    while (row < vector.ids.length && vector.ids[row]! < id) row++;
    return vector.ids[row] === id ? vector.sequences[row]! : 0;
  });
}

function invalid(reason: string): CrdtError {
  return new CrdtError(
    "invalid-argument",
    `malformed version vector: ${reason}; give what versionVector() gave`,
  );
}
