// What somebody who has the streams and snapshots alone can come to: a message counts once everything it builds on
// counts, wherever in the stream it stands. Counting each replica's messages by itself would not do: two messages of a
// stream that was made anew may each require what only a lost one had, and nobody could merge either.
// Cost of a message: the replicas it requires; a message that waits is looked at again when the vector has risen.
import { BACKBONE_UNREADABLE_MAX, BACKBONE_WAITING_BYTES_MAX } from "../limits.ts";
import { forEachReplica, readDeltaKind } from "../wire/delta-header.ts";
import { VersionVector } from "../wire/version-vector.ts";
import type { DeltasMessage } from "./messages.ts";

type Stored = Pick<DeltasMessage, "requires" | "deltas">;

export class Readable {
  /** What can be read, without holes. */
  readonly vector: VersionVector;
  #waiting: Stored[] = [];
  #waitingBytes = 0;

  /** `vector` is what snapshots hold. */
  constructor(vector = new VersionVector()) {
    this.vector = vector;
  }

  /** The newest snapshot holds this. */
  addSnapshot(vector: VersionVector): void {
    if (this.vector.merge(vector)) this.#readWaiting();
  }

  /** The stream has this message. Of those that cannot be read yet the newest are remembered, up to so many and so many bytes. */
  add(message: Stored): void {
    if (this.#covers(message)) return;
    if (this.#read(message)) {
      this.#readWaiting();
      return;
    }
    this.#waiting.push(message);
    this.#waitingBytes += bytesOf(message);
    while (
      this.#waiting.length > BACKBONE_UNREADABLE_MAX ||
      this.#waitingBytes > BACKBONE_WAITING_BYTES_MAX
    ) {
      this.#waitingBytes -= bytesOf(this.#waiting.shift()!);
    }
  }

  #readWaiting(): void {
    for (let hasProgressed = this.#waiting.length > 0; hasProgressed; ) {
      const waiting = this.#waiting;
      this.#waiting = waiting.filter((message) => !this.#read(message));
      this.#waitingBytes = this.#waiting.reduce((bytes, message) => bytes + bytesOf(message), 0);
      hasProgressed = this.#waiting.length < waiting.length && this.#waiting.length > 0;
    }
  }

  /** Says whether all of it can be read; takes what can. */
  #read({ requires, deltas }: Stored): boolean {
    if (!this.vector.covers(requires)) return false;
    for (const delta of deltas) {
      if (!this.#hasBaseOf(delta)) return false;
      forEachReplica(delta, (id, _base, to) => {
        this.vector.advance(id, to);
      });
    }
    return true;
  }

  #hasBaseOf(delta: Uint8Array): boolean {
    if (readDeltaKind(delta) === "snapshot") return true;
    let hasBase = true;
    forEachReplica(delta, (id, base) => {
      hasBase &&= base <= this.vector.get(id);
    });
    return hasBase;
  }

  #covers({ deltas }: Stored): boolean {
    let isCovered = true;
    for (const delta of deltas) {
      forEachReplica(delta, (id, _base, to) => {
        isCovered &&= to <= this.vector.get(id);
      });
    }
    return isCovered;
  }
}

const bytesOf = ({ deltas }: Stored): number => deltas.reduce((bytes, { length }) => bytes + length, 0);
