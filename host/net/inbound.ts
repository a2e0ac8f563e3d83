// One document from one peer: answers put together from their parts, then the stream, each frame checked against the
// number it must have. Whatever does not fit takes it out of the stream and asks for a repair; bytes that break the
// protocol are thrown. What was merged is noted for the next acknowledgement.
import { isCrdtError } from "../errors.ts";
import { DELTA_BYTES_MAX } from "../limits.ts";
import { type DeltaHeader, forEachReplica, readDeltaKind } from "../wire/delta-header.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import type { UnfoldedDelta } from "./delta-folding.ts";
import { IncomingDictionary } from "./dictionary.ts";
import { malformed } from "./frame-reader.ts";
import type { Ack, Answer, DictionaryMessage, Start } from "./messages.ts";
import type { Outbound } from "./outbound.ts";
import type { StreamWatcher } from "./room.ts";
import { STREAM_NUMBERS, type StreamFrame } from "./stream-frame.ts";

export class Inbound {
  /** Replicas whose deltas were merged and not yet acknowledged, with the sequence covered. */
  merged = new Map<ReplicaId, number>();
  /** Repairs since the last frame that fitted. */
  repairs = 0;
  readonly #outbound: Outbound;
  readonly #repair: () => void;
  #isStreaming = false;
  #expected = 0;
  #hasProgressed = true;
  #dictionary = new IncomingDictionary();
  /** Parts are copied together: however many a peer cuts an answer into, they cost no more than its bytes. */
  #parts = new Uint8Array(0);
  #partBytes = 0;
  #totalBytes = 0;

  /** `outbound` is the same document towards the same peer; `repair` subscribes anew. */
  constructor(outbound: Outbound, repair: () => void) {
    this.#outbound = outbound;
    this.#repair = repair;
  }

  get isStreaming(): boolean {
    return this.#isStreaming;
  }

  /** The number the next stream frame must have. */
  get expected(): number {
    return this.#expected;
  }

  /** Whether anything came, or was asked for, since the last call. */
  hasProgressed(): boolean {
    const hasProgressed = this.#hasProgressed;
    this.#hasProgressed = false;
    return hasProgressed;
  }

  /** The whole vector was said: the answer may take its time. */
  asked(): void {
    this.#hasProgressed = true;
  }

  /** The peer's slot of a replica; undefined where it has none. */
  slotOf(id: ReplicaId): number | undefined {
    return this.#dictionary.slotOf(id);
  }

  start(message: Start): void {
    if (!this.#outbound.room.core.versionVector.covers(message.vector)) {
      this.#fallOut();
      return;
    }
    this.#dictionary = new IncomingDictionary(message.definitions);
    this.#expected = message.number;
    this.#isStreaming = true;
  }

  define(message: DictionaryMessage): void {
    if (this.#takeNumber(message.number)) this.#dictionary.define(message.definitions);
  }

  /** Collects a part; merges when the answer is whole. */
  answer({ totalBytes, offset, part }: Answer): void {
    if (totalBytes > DELTA_BYTES_MAX) throw malformed(`an answer of ${totalBytes} bytes`);
    if (offset === 0) this.#forgetParts();
    if (offset !== this.#partBytes || (offset > 0 && totalBytes !== this.#totalBytes)) {
      this.#fallOut();
      return;
    }
    this.#hasProgressed = true;
    this.#totalBytes = totalBytes;
    if (part.length === totalBytes) {
      this.#merge({ bytes: part, header: undefined });
      return;
    }
    this.#keepPart(part);
    if (this.#partBytes < totalBytes) return;
    const bytes = this.#parts.subarray(0, totalBytes);
    this.#forgetParts();
    this.#merge({ bytes, header: undefined });
  }

  stream(frame: StreamFrame): void {
    if (!this.#takeNumber(frame.number)) return;
    frame.unfold(this.#dictionary, this.#outbound.room.nameHash, this.#take);
    if (this.#isStreaming) this.repairs = 0;
  }

  /** The peer says which number comes next, and how many frames it rightly left us out of. */
  number(ack: Ack): void {
    if (!this.#isStreaming) return;
    if ((this.#expected + ack.leftOut) % STREAM_NUMBERS !== ack.number) this.#fallOut();
    else this.#expected = ack.number;
  }

  readonly #take = (delta: UnfoldedDelta): boolean => this.#merge(delta, this.#outbound.room.watcher);

  #takeNumber(number: number): boolean {
    if (!this.#isStreaming) return false;
    if (number !== this.#expected) {
      this.#fallOut();
      return false;
    }
    this.#expected = (number + 1) % STREAM_NUMBERS;
    return true;
  }

  #merge({ bytes, header }: UnfoldedDelta, watcher?: StreamWatcher): boolean {
    const { room } = this.#outbound;
    try {
      if (header !== undefined) room.expect(bytes, header);
      const { changed } = room.core.merge(bytes, this.#outbound);
      watcher?.pushed(this.#outbound, { bytes, header }, changed);
    } catch (error) {
      if (!isCrdtError(error, "gap") && !isCrdtError(error, "checksum-mismatch")) throw error;
      this.#fallOut();
      return false;
    }
    this.#note(bytes, header);
    return true;
  }

  #note(bytes: Uint8Array, header: Pick<DeltaHeader, "replicas"> | undefined): void {
    if (header !== undefined) {
      for (const { id, base, to } of header.replicas) if (to > base) this.#noteReplica(id, to);
      return;
    }
    const isWhole = readDeltaKind(bytes) === "snapshot";
    forEachReplica(bytes, (id, base, to) => {
      if (to > base || isWhole) this.#noteReplica(id, to);
    });
  }

  #noteReplica(id: ReplicaId, to: number): void {
    this.#outbound.acknowledged.advance(id, to);
    if (to > (this.merged.get(id) ?? 0)) this.merged.set(id, to);
  }

  #fallOut(): void {
    this.#isStreaming = false;
    this.#forgetParts();
    this.repairs++;
    this.#repair();
  }

  #keepPart(part: Uint8Array): void {
    const bytes = this.#partBytes + part.length;
    if (bytes > this.#parts.length) {
      const grown = new Uint8Array(Math.min(this.#totalBytes, Math.max(bytes, this.#parts.length * 2)));
      grown.set(this.#parts.subarray(0, this.#partBytes));
      this.#parts = grown;
    }
    this.#parts.set(part, this.#partBytes);
    this.#partBytes = bytes;
  }

  #forgetParts(): void {
    this.#parts = new Uint8Array(0);
    this.#partBytes = 0;
    this.#totalBytes = 0;
  }
}
