// Payloads in a federation's document: cut into chunks under their digest, put together and judged when read. What was
// judged is kept while its round is one of the last; what is incomplete or damaged is looked at again.
import type { ModelKernels } from "../engine/engine.ts";
import { isCrdtError } from "../errors.ts";
import { UPDATE_CHUNK_BYTES } from "../limits.ts";
import { decodeUpdate } from "./update-codec.ts";
import { chunkKey, type FederationHandles, type UpdateRecord, updateDigest } from "./update-record.ts";

/** What is wrong with an update that a record names. */
export type UpdateFault =
  /** Chunks have not come yet. */
  | "incomplete"
  /** The bytes are not those of the digest. */
  | "damaged"
  /** The bytes are those of the digest, but no update of this model. */
  | "malformed"
  | "not-finite"
  /** A number beyond `magnitudeMax`. */
  | "magnitude"
  /** A norm beyond `normMax`. */
  | "norm";

export interface UpdateLimits {
  readonly magnitudeMax: number;
  readonly normMax: number;
}

/** Undefined for an update that may take part. */
export function faultOf(
  kernels: ModelKernels,
  update: Float32Array,
  { magnitudeMax, normMax }: UpdateLimits,
): "not-finite" | "magnitude" | "norm" | undefined {
  const greatest = kernels.greatestMagnitude(update);
  if (!Number.isFinite(greatest)) return "not-finite";
  if (greatest > magnitudeMax) return "magnitude";
  return Math.sqrt(kernels.squaredNorm(update)) > normMax ? "norm" : undefined;
}

export class UpdateStore {
  readonly #handles: FederationHandles;
  readonly #kernels: ModelKernels;
  readonly #updateLength: number;
  readonly #limits: UpdateLimits;
  readonly #judged = new Map<string, { readonly round: number; readonly is: Float32Array | UpdateFault }>();
  #judgedFrom = 0;

  constructor(handles: FederationHandles, kernels: ModelKernels, updateLength: number, limits: UpdateLimits) {
    this.#handles = handles;
    this.#kernels = kernels;
    this.#updateLength = updateLength;
    this.#limits = limits;
  }

  write(digest: string, payload: Uint8Array): void {
    const { chunks } = this.#handles;
    for (let index = 0; index * UPDATE_CHUNK_BYTES < payload.length; index++) {
      const key = chunkKey(digest, index);
      const chunk = payload.slice(index * UPDATE_CHUNK_BYTES, (index + 1) * UPDATE_CHUNK_BYTES);
      if (!isEqual(chunks.get(key), chunk)) chunks.set(key, chunk);
    }
  }

  /** The payload of `bytes` bytes; undefined while chunks are missing or of other lengths. */
  read(digest: string, bytes: number): Uint8Array | undefined {
    const found: Uint8Array[] = [];
    // A record may say any length: memory is taken for what has come.
    for (let begin = 0; begin < bytes; begin += UPDATE_CHUNK_BYTES) {
      const chunk = this.#handles.chunks.get(chunkKey(digest, found.length));
      const length = Math.min(UPDATE_CHUNK_BYTES, bytes - begin);
      if (!(chunk instanceof Uint8Array) || chunk.length !== length) return undefined;
      found.push(chunk);
    }
    const payload = new Uint8Array(bytes);
    for (const [index, chunk] of found.entries()) payload.set(chunk, index * UPDATE_CHUNK_BYTES);
    return payload;
  }

  forget(digest: string, bytes: number): void {
    for (let index = 0; index * UPDATE_CHUNK_BYTES < bytes; index++) {
      this.#handles.chunks.delete(chunkKey(digest, index));
    }
    this.#judged.delete(digest);
  }

  /** Lets go of what was judged of the rounds before this one; the document keeps them. */
  letGoBefore(round: number): void {
    if (round <= this.#judgedFrom) return;
    this.#judgedFrom = round;
    for (const [digest, judged] of this.#judged) if (judged.round < round) this.#judged.delete(digest);
  }

  /** The update a record names, or what is wrong with it. */
  judge(record: UpdateRecord): Float32Array | UpdateFault {
    const known = this.#judged.get(record.digest);
    if (known !== undefined) return known.is;
    const payload = this.read(record.digest, record.bytes);
    if (payload === undefined) return "incomplete";
    if (updateDigest(record, payload) !== record.digest) return "damaged";
    const judged = this.#decode(record, payload);
    const { round } = record;
    if (round >= this.#judgedFrom) this.#judged.set(record.digest, { round, is: judged });
    return judged;
  }

  #decode(record: UpdateRecord, payload: Uint8Array): Float32Array | UpdateFault {
    try {
      const update = decodeUpdate(this.#kernels, payload, record.encoding, this.#updateLength);
      return faultOf(this.#kernels, update, this.#limits) ?? update;
    } catch (error) {
      if (isCrdtError(error, "invalid-value")) return "malformed";
      throw error;
    }
  }
}

function isEqual(stored: unknown, chunk: Uint8Array): boolean {
  if (!(stored instanceof Uint8Array) || stored.length !== chunk.length) return false;
  return stored.every((byte, index) => byte === chunk[index]);
}
