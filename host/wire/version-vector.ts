// A version vector: per replica the highest sequence seen, without holes. What is not listed is 0.
// Engines, stores and sessions speak of causality through it; a document's own vector is kept current by the
// replicas a delta touches, so no call here is on the path of a single small delta except `advance`.
import { CrdtError } from "../errors.ts";
import { REPLICAS_MAX } from "../limits.ts";
import { type ReplicaId, readReplicaId, readUint32, writeReplicaId, writeUint32 } from "./replica-id.ts";

const COUNT_BYTES = 4;
const ROW_BYTES = 12;
/** A sequence above this is refused on the wire. */
export const SEQUENCE_MAX = 0xffff_fffe;

/** How one vector stands to another: `behind` means the other knows more. */
export type Relation = "equal" | "behind" | "ahead" | "concurrent";

export class VersionVector implements Iterable<[ReplicaId, number]> {
  readonly #sequences: Map<ReplicaId, number>;

  constructor(rows: Iterable<readonly [ReplicaId, number]> = []) {
    this.#sequences = new Map();
    for (const [id, sequence] of rows) this.advance(id, sequence);
  }

  /** Replicas with a sequence above 0. */
  get size(): number {
    return this.#sequences.size;
  }

  /** The highest sequence known of `id`; 0 when none is. */
  get(id: ReplicaId): number {
    return this.#sequences.get(id) ?? 0;
  }

  /** Raises the sequence of `id`; says whether it rose. */
  advance(id: ReplicaId, sequence: number): boolean {
    if (sequence <= this.get(id)) return false;
    this.#sequences.set(id, sequence);
    return true;
  }

  /** Whether everything `other` has seen is seen here. */
  covers(other: VersionVector): boolean {
    for (const [id, sequence] of other.#sequences) if (this.get(id) < sequence) return false;
    return true;
  }

  /** Takes the greater sequence of each replica; says whether any rose. */
  merge(other: VersionVector): boolean {
    let rose = false;
    for (const [id, sequence] of other.#sequences) rose = this.advance(id, sequence) || rose;
    return rose;
  }

  equals(other: VersionVector): boolean {
    if (this.size !== other.size) return false;
    for (const [id, sequence] of other.#sequences) if (this.#sequences.get(id) !== sequence) return false;
    return true;
  }

  compare(other: VersionVector): Relation {
    const covers = this.covers(other);
    const isCovered = other.covers(this);
    if (covers) return isCovered ? "equal" : "ahead";
    return isCovered ? "behind" : "concurrent";
  }

  /** Mutations known here and not to `other`. */
  distanceFrom(other: VersionVector): number {
    let count = 0;
    for (const [id, sequence] of this.#sequences) count += Math.max(0, sequence - other.get(id));
    return count;
  }

  clone(): VersionVector {
    return new VersionVector(this.#sequences);
  }

  /** Rows in no particular order. */
  [Symbol.iterator](): IterableIterator<[ReplicaId, number]> {
    return this.#sequences.entries();
  }

  /** Rows in ascending order of replica id. */
  rows(): [ReplicaId, number][] {
    return [...this.#sequences].sort((left, right) => (left[0] < right[0] ? -1 : 1));
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries(this.rows());
  }

  /** The engine's vector bytes: `count u32`, then `id u64, sequence u32` ascending by id. */
  encode(): Uint8Array {
    const bytes = new Uint8Array(COUNT_BYTES + this.size * ROW_BYTES);
    writeUint32(bytes, 0, this.size);
    let offset = COUNT_BYTES;
    for (const [id, sequence] of this.rows()) {
      writeReplicaId(bytes, offset, id);
      writeUint32(bytes, offset + 8, sequence);
      offset += ROW_BYTES;
    }
    return bytes;
  }

  /** Reads what `encode` wrote. Errors: malformed-delta, limit-exceeded. */
  static decode(bytes: Uint8Array): VersionVector {
    if (bytes.length < COUNT_BYTES) throw malformed(`${bytes.length} bytes are too few`);
    const count = readUint32(bytes, 0);
    if (count > REPLICAS_MAX) {
      throw new CrdtError(
        "limit-exceeded",
        `a version vector of ${count} replicas; at most ${REPLICAS_MAX} are allowed`,
      );
    }
    if (bytes.length !== COUNT_BYTES + count * ROW_BYTES) {
      throw malformed(`${bytes.length} bytes do not hold the ${count} replicas they announce`);
    }
    const vector = new VersionVector();
    let previous = "";
    for (let offset = COUNT_BYTES; offset < bytes.length; offset += ROW_BYTES) {
      previous = vector.#readRow(bytes, offset, previous);
    }
    return vector;
  }

  #readRow(bytes: Uint8Array, offset: number, previous: string): string {
    const id = readReplicaId(bytes, offset);
    const sequence = readUint32(bytes, offset + 8);
    if (id <= previous || id === "0000000000000000")
      throw malformed(`replica ids do not ascend at byte ${offset}`);
    if (sequence === 0 || sequence > SEQUENCE_MAX)
      throw malformed(`sequence ${sequence} at byte ${offset + 8}`);
    this.#sequences.set(id, sequence);
    return id;
  }
}

function malformed(reason: string): CrdtError {
  return new CrdtError("malformed-delta", `malformed version vector: ${reason}; ask the sender for it again`);
}
