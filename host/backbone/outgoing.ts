// What one relay publishes of one document: deltas that did not come from the backbone, those of one turn of the event
// loop in one message, and while as many messages as allowed are on their way, those of several. Each message says what
// must have been seen before it. Deltas that cannot be published now are forgotten here: the document has them, and the
// lane publishes what the stream lacks later. Cost of a delta: a look at the replicas it touches, and one copy.
import {
  BACKBONE_BACKLOG_BYTES_MAX,
  BACKBONE_BATCH_BYTES_MAX,
  BACKBONE_DELTAS_MAX,
  BACKBONE_IN_FLIGHT_MAX,
} from "../limits.ts";
import { forEachReplica } from "../wire/delta-header.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import { VersionVector } from "../wire/version-vector.ts";
import { xxhash32 } from "../wire/xxhash32.ts";
import { type DeltasMessage, encodeDeltas, MESSAGE_OVERHEAD_BYTES, VECTOR_ROW_BYTES } from "./messages.ts";

const ID_LETTERS_MAX = 200;
const DELTA_LENGTH_BYTES = 4;

export interface OutgoingMessage {
  readonly bytes: Uint8Array;
  /** The dots in it: a stream takes a message of the same id once. */
  readonly id: string;
  readonly deltas: readonly Uint8Array[];
  /** What must have been seen before it. */
  readonly requires: VersionVector;
}

export interface OutgoingOwner {
  readonly relay: ReplicaId;
  /** What message ids begin with. */
  readonly token: string;
  readonly canPublish: boolean;
  readonly payloadBytesMax: number;
  publish(message: OutgoingMessage): Promise<void>;
  /** Something will not reach the stream by itself. */
  lost(): void;
}

export class Outgoing {
  readonly #owner: OutgoingOwner;
  /** What the document had seen after the last delta noted here. */
  readonly #seen: VersionVector;
  /** For replicas that deltas of the open batch advance: where they stood before it. */
  #floors = new Map<ReplicaId, number>();
  #batch: Uint8Array[] = [];
  #batchBytes = 0;
  #queue: OutgoingMessage[] = [];
  #queueBytes = 0;
  #inFlight = 0;

  constructor(owner: OutgoingOwner, seen: VersionVector) {
    this.#owner = owner;
    this.#seen = seen.clone();
  }

  /** Whether nothing waits and nothing is on its way. */
  get isIdle(): boolean {
    return this.#inFlight === 0 && this.#queue.length === 0 && this.#batch.length === 0;
  }

  get seen(): VersionVector {
    return this.#seen;
  }

  /** Notes a delta the document applied, in the order applied. */
  add(bytes: Uint8Array, isOurs: boolean): void {
    if (!isOurs) {
      this.#noteForeign(bytes);
      return;
    }
    const roomBytes = this.#deltaBytesMax();
    if (!this.#owner.canPublish || bytes.length > roomBytes) {
      this.#seal();
      this.#advance(bytes);
      this.#owner.lost();
      return;
    }
    if (this.#batchBytes + bytes.length > roomBytes || this.#batch.length === BACKBONE_DELTAS_MAX)
      this.#seal();
    forEachReplica(bytes, (id, _base, to) => {
      const before = this.#seen.get(id);
      if (this.#seen.advance(id, to) && !this.#floors.has(id)) this.#floors.set(id, before);
    });
    this.#batch.push(bytes);
    this.#batchBytes += bytes.length + DELTA_LENGTH_BYTES;
  }

  /** Publishes what waits, as far as messages may be on their way. */
  flush(): void {
    if (!this.#owner.canPublish) {
      this.forget();
      return;
    }
    if (this.#inFlight < BACKBONE_IN_FLIGHT_MAX) this.#seal();
    while (this.#inFlight < BACKBONE_IN_FLIGHT_MAX) {
      const message = this.#queue.shift();
      if (message === undefined) return;
      this.#queueBytes -= message.bytes.length;
      this.#send(message);
    }
  }

  /** A message of its own, for a delta that carries all it builds on. */
  publishWhole(delta: Uint8Array): void {
    this.#seal();
    this.#enqueue([delta], new VersionVector());
    this.flush();
  }

  /** Bytes a delta may have to be published. */
  get deltaBytesMax(): number {
    return this.#deltaBytesMax();
  }

  /** Drops what waits. */
  forget(): void {
    if (this.#batch.length + this.#queue.length > 0) this.#owner.lost();
    this.#batch = [];
    this.#batchBytes = 0;
    this.#floors.clear();
    this.#queue = [];
    this.#queueBytes = 0;
  }

  #deltaBytesMax(): number {
    const vectorBytes = (this.#seen.size + 1) * VECTOR_ROW_BYTES;
    const most = this.#owner.payloadBytesMax - vectorBytes - MESSAGE_OVERHEAD_BYTES;
    return Math.min(BACKBONE_BATCH_BYTES_MAX, most);
  }

  /**
   * A delta from elsewhere becomes part of what later messages require. Where it advances a replica that the open batch
   * advances too, that requirement could not be said: the batch ends before it.
   */
  #noteForeign(bytes: Uint8Array): void {
    let isEntangled = false;
    if (this.#floors.size > 0) {
      forEachReplica(bytes, (id, _base, to) => {
        isEntangled ||= this.#floors.has(id) && to > this.#seen.get(id);
      });
    }
    if (isEntangled) this.#seal();
    this.#advance(bytes);
  }

  #advance(bytes: Uint8Array): void {
    forEachReplica(bytes, (id, _base, to) => {
      this.#seen.advance(id, to);
    });
  }

  #seal(): void {
    if (this.#batch.length === 0) return;
    const rows = [...this.#seen].map(([id, sequence]): [ReplicaId, number] => {
      return [id, this.#floors.get(id) ?? sequence];
    });
    this.#enqueue(this.#batch, new VersionVector(rows));
    this.#batch = [];
    this.#batchBytes = 0;
    this.#floors.clear();
    if (this.#queueBytes > BACKBONE_BACKLOG_BYTES_MAX) this.forget();
  }

  #enqueue(deltas: readonly Uint8Array[], requires: VersionVector): void {
    const message: DeltasMessage = { relay: this.#owner.relay, requires, deltas };
    const bytes = encodeDeltas(message);
    this.#queue.push({ bytes, deltas, requires, id: messageId(this.#owner.token, deltas) });
    this.#queueBytes += bytes.length;
  }

  #send(message: OutgoingMessage): void {
    this.#inFlight++;
    const settled = () => {
      this.#inFlight--;
      this.flush();
    };
    this.#owner.publish(message).then(settled, () => {
      this.#owner.lost();
      settled();
    });
  }
}

/** The document and the dots of these deltas; hashed where they are many. */
function messageId(token: string, deltas: readonly Uint8Array[]): string {
  const parts = [token];
  for (const delta of deltas) {
    forEachReplica(delta, (id, base, to) => {
      if (to > base) parts.push(`${id}:${base}-${to}`);
    });
  }
  const text = parts.join(" ");
  if (text.length <= ID_LETTERS_MAX) return text;
  const bytes = new TextEncoder().encode(text);
  const hashes = [0, 1, 2, 3].map((seed) => xxhash32(bytes, seed).toString(16).padStart(8, "0"));
  return `${token.slice(0, ID_LETTERS_MAX)} ${bytes.length} ${hashes.join("")}`;
}
