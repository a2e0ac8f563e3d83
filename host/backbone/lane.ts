// One open document on the backbone: merges what its stream brings, holds back what came before the thing it builds on,
// publishes what the replica's own clients brought, and fills what the stream lacks. Deltas from the backbone carry this
// lane as their source, so that the hub forwards them to all clients and nothing is published twice.
// Cost of a delta: that of its merge and of the replicas it touches; of a message: a row for each replica known.
import { CrdtError, isCrdtError } from "../errors.ts";
import { BACKBONE_WAITING_BYTES_MAX } from "../limits.ts";
import type { DocumentCore, DocumentDelta } from "../replica/document-core.ts";
import type { ReplicaHost } from "../replica/ports.ts";
import { forEachReplica, readDeltaKind } from "../wire/delta-header.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import { VersionVector } from "../wire/version-vector.ts";
import { type DeltasMessage, decodeDeltas } from "./messages.ts";
import type { NatsLink } from "./nats-link.ts";
import type { BackboneEvent, BackboneSettings, BackboneStatistics } from "./options.ts";
import { Outgoing, type OutgoingMessage, type OutgoingOwner } from "./outgoing.ts";
import { Readable } from "./readable.ts";
import type { Shard } from "./shard.ts";
import { encodeDocument, type Subjects } from "./subjects.ts";

/** What the parts of a backbone share. */
export interface BackboneContext {
  readonly host: ReplicaHost;
  /** Random for each start: who said something. */
  readonly relay: ReplicaId;
  readonly link: NatsLink;
  readonly settings: BackboneSettings;
  readonly subjects: Subjects;
  readonly statistics: BackboneStatistics;
  /** A stream was missing: the buckets may be, too. */
  streamMissing(): Promise<void>;
  /** The snapshots are gone: what streams hold without them is to be learned anew. */
  snapshotsMissing(): void;
  tell(kind: BackboneEvent["kind"], message: string, document?: string): void;
}

/** Another relay is known to have what this one lacks. */
export interface Lag {
  readonly relay: ReplicaId;
  readonly vector: VersionVector;
  readonly sinceMs: number;
}

interface Held {
  readonly message: DeltasMessage;
  readonly bytes: number;
  readonly sinceMs: number;
}

export class Lane implements OutgoingOwner {
  /** For people: where a clock that is ahead was met. */
  readonly peer = "backbone";
  readonly core: DocumentCore;
  readonly shard: Shard;
  readonly token: string;
  readonly subject: string;
  readonly outgoing: Outgoing;
  /** What can be read from streams and snapshots, as far as is known. */
  readable = new Readable();
  deltasSinceSnapshot = 0;
  /** Whether the vector changed since it was last said to other relays. */
  isUnsaid = true;
  lag: Lag | undefined;
  isCaughtUp = false;
  isClosed = false;
  readonly #context: BackboneContext;
  readonly #stopListening: () => void;
  #waiting: Held[] = [];
  #waitingBytes = 0;
  #dropped = new VersionVector();
  #isFlushScheduled = false;
  #hasToldRefusal = false;
  #lacksSinceMs: number | undefined;

  constructor(core: DocumentCore, shard: Shard, context: BackboneContext) {
    this.core = core;
    this.shard = shard;
    this.#context = context;
    this.token = encodeDocument(core.name);
    this.subject = context.subjects.deltasOf(core.name);
    this.#stopListening = core.onDelta((delta) => this.#applied(delta));
    this.outgoing = new Outgoing(this, core.versionVector);
  }

  get relay(): ReplicaId {
    return this.#context.relay;
  }

  get canPublish(): boolean {
    return this.#context.link.isUp && this.shard.isReady;
  }

  get payloadBytesMax(): number {
    return this.#context.link.payloadBytesMax;
  }

  /** Whether all that came from the stream is merged. */
  get isSettled(): boolean {
    return this.shard.isReady && this.isCaughtUp && this.#waiting.length === 0 && !this.#lacksDropped;
  }

  /** Whether a message of the stream was dropped and what it held has not come in another way. */
  get #lacksDropped(): boolean {
    return !this.core.versionVector.covers(this.#dropped);
  }

  /** Whether streams and snapshots hold all that this relay has of it, as far as is known. */
  get isStored(): boolean {
    return this.shard.isReady && this.isCaughtUp && this.readable.vector.covers(this.core.versionVector);
  }

  async publish(message: OutgoingMessage): Promise<void> {
    const { link, settings, statistics } = this.#context;
    const { requestMs } = settings.timing;
    // An acknowledgement that comes after the stream was found to be another one counts for the old one.
    const { readable } = this;
    try {
      const ack = await link.jetstream.publish(this.subject, message.bytes, {
        msgID: message.id,
        timeout: requestMs,
      });
      this.#hasToldRefusal = false;
      statistics.published++;
      statistics.deltasPublished += message.deltas.length;
      if (ack.duplicate) statistics.duplicates++;
      readable.add(message);
    } catch (error) {
      if (!this.#hasToldRefusal && link.isUp && !link.isMissing(error)) {
        this.#hasToldRefusal = true;
        this.#context.tell(
          "failed",
          `publishing: ${messageOf(error)}; it will be tried again`,
          this.core.name,
        );
      }
      this.shard.missed(error);
      throw error;
    }
  }

  lost(): void {
    this.#lacksSinceMs ??= this.#nowMs();
  }

  /** Takes a message of the stream. Never throws: what is wrong with it is told as an event. */
  receive(bytes: Uint8Array): void {
    this.#context.statistics.received++;
    try {
      const message = decodeDeltas(bytes);
      // Looks at the head of each delta: what is no delta goes no further.
      this.readable.add(message);
      if (message.relay !== this.relay && !this.#merge(message)) this.#hold(message, bytes.length);
      this.#retryWaiting();
    } catch (error) {
      this.#ignored(error);
    }
  }

  /** Merges a delta or snapshot that carries all it builds on; says whether it was news. Errors: those of merging. */
  mergeWhole(bytes: Uint8Array): boolean {
    if (readDeltaKind(bytes) === "stream") {
      throw new CrdtError(
        "stream-delta",
        "a stream delta came where only a whole one is sound; it was dropped",
      );
    }
    const { changed } = this.core.merge(bytes, this);
    this.#retryWaiting();
    return changed;
  }

  /** Publishes what the stream has lacked for a while; at once where `isUrgent`. Says whether it takes a snapshot to. */
  fill(isUrgent: boolean): boolean {
    if (!this.isCaughtUp || !this.canPublish || !this.outgoing.isIdle) return false;
    if (this.isStored) {
      this.#lacksSinceMs = undefined;
      return false;
    }
    const nowMs = this.#nowMs();
    this.#lacksSinceMs ??= nowMs;
    if (!isUrgent && nowMs - this.#lacksSinceMs < this.#context.settings.timing.fillAfterMs) return false;
    this.#lacksSinceMs = nowMs;
    const delta = this.core.deltaSince(this.readable.vector);
    if (delta.length > this.outgoing.deltaBytesMax) return true;
    this.outgoing.publishWhole(delta);
    this.#context.statistics.fills++;
    return false;
  }

  /** Leaves out what has waited too long for what it builds on; it stays in the stream. */
  giveUpHeld(): void {
    const oldest = this.#waiting[0];
    if (oldest === undefined) return;
    if (this.#nowMs() - oldest.sinceMs < this.#context.settings.timing.holdMs) return;
    this.#waiting.shift();
    this.#waitingBytes -= oldest.bytes;
    this.#context.statistics.ignored++;
    const { relay } = oldest.message;
    this.#context.tell("ignored", `relay ${relay} built on what nobody gives`, this.core.name);
  }

  /** What can be read of the stream is learned anew; `snapshot` is what the newest snapshot holds. */
  restart(snapshot: VersionVector): void {
    this.readable = new Readable(snapshot);
    this.#dropped = new VersionVector();
    this.isCaughtUp = false;
  }

  /** The connection is gone: the document keeps what was not published. */
  disconnected(): void {
    this.outgoing.forget();
    this.isCaughtUp = false;
  }

  close(): void {
    this.core.flushLocal();
    this.outgoing.flush();
    this.isClosed = true;
    this.#stopListening();
  }

  #applied({ bytes, source }: DocumentDelta): void {
    this.isUnsaid = true;
    this.deltasSinceSnapshot++;
    this.outgoing.add(bytes, source !== this);
    if (source === this || this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    const flush = () => {
      this.#isFlushScheduled = false;
      this.outgoing.flush();
    };
    // Local deltas come once a turn, when it ends; those of connections wait for the rest of their turn.
    if (source === "local") queueMicrotask(flush);
    else this.#context.host.platform.onTurnEnd(flush);
  }

  /** Says whether it could be merged: everything it builds on has been seen. */
  #merge(message: DeltasMessage): boolean {
    if (!this.core.versionVector.covers(message.requires)) return false;
    try {
      for (const delta of message.deltas) {
        if (!this.#isNews(delta)) continue;
        this.core.merge(delta, this);
        this.#context.statistics.deltasMerged++;
      }
    } catch (error) {
      if (!isCrdtError(error, "gap")) throw error;
      return false;
    }
    return true;
  }

  /** Says whether it need not wait any longer: what is wrong with it must not stop what waits behind it. */
  #mergeHeld(message: DeltasMessage): boolean {
    try {
      return this.#merge(message);
    } catch (error) {
      this.#ignored(error);
      return true;
    }
  }

  #ignored(error: unknown): void {
    this.#context.statistics.ignored++;
    this.#context.tell("ignored", `a message of the stream: ${messageOf(error)}`, this.core.name);
  }

  #isNews(delta: Uint8Array): boolean {
    const vector = this.core.versionVector;
    let isNews = false;
    forEachReplica(delta, (id, _base, to) => {
      isNews ||= to > vector.get(id);
    });
    return isNews;
  }

  #hold(message: DeltasMessage, bytes: number): void {
    this.lag = { relay: message.relay, vector: message.requires, sinceMs: Number.NEGATIVE_INFINITY };
    if (this.#waitingBytes + bytes > BACKBONE_WAITING_BYTES_MAX) {
      for (const held of [...this.#waiting.map((one) => one.message), message]) this.#drop(held);
      this.#waiting = [];
      this.#waitingBytes = 0;
      return;
    }
    this.#waiting.push({ message, bytes, sinceMs: this.#nowMs() });
    this.#waitingBytes += bytes;
  }

  #drop({ deltas }: DeltasMessage): void {
    for (const delta of deltas) {
      forEachReplica(delta, (id, _base, to) => {
        this.#dropped.advance(id, to);
      });
    }
  }

  #retryWaiting(): void {
    for (let hasProgressed = this.#waiting.length > 0; hasProgressed; ) {
      const waiting = this.#waiting;
      this.#waiting = waiting.filter(({ message }) => !this.#mergeHeld(message));
      this.#waitingBytes = this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0);
      hasProgressed = this.#waiting.length < waiting.length && this.#waiting.length > 0;
    }
  }

  #nowMs(): number {
    return this.#context.host.platform.monotonicMs();
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
