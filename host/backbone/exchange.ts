// Anti-entropy between relays, beside the streams: who holds a document says its version vector now and then and when
// asked; who lacks something for longer than the stream should take asks that relay for it and gets one delta in parts.
// So whatever the streams lost comes back while one relay has it. It runs over plain NATS messages, which may be lost:
// an answer that is not whole is dropped and asked for again. Cost: a vector a document and change, at most one a tick.
import type { Msg, NatsConnection, Subscription } from "@nats-io/transport-node";
import { CrdtError } from "../errors.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import type { VersionVector } from "../wire/version-vector.ts";
import { type BackboneContext, type Lane, messageOf } from "./lane.ts";
import {
  decodePart,
  decodeQuestion,
  decodeVector,
  encodePart,
  encodeQuestion,
  encodeVector,
  MESSAGE_OVERHEAD_BYTES,
  type QuestionMessage,
} from "./messages.ts";

/** Parts sent before the server is waited for: it drops a connection that lets too much wait. */
const PARTS_A_FLUSH = 8;
const PART_BYTES = 262_144;
const NOTHING = new Uint8Array(0);

export class Exchange {
  readonly #context: BackboneContext;
  readonly #laneOf: (document: string) => Lane | undefined;
  readonly #subscriptions = new Map<Lane, Subscription>();
  readonly #asking = new Set<Lane>();
  readonly #saidMs = new Map<Lane, number>();
  #connection: NatsConnection | undefined;
  #answering: Promise<void> = Promise.resolve();

  constructor(context: BackboneContext, laneOf: (document: string) => Lane | undefined) {
    this.#context = context;
    this.#laneOf = laneOf;
  }

  /** Listens over the link's connection, if it is another one than before. */
  attach(lanes: Iterable<Lane>): void {
    const { connection } = this.#context.link;
    if (this.#connection === connection) return;
    this.#connection = connection;
    this.#subscriptions.clear();
    connection.subscribe(this.#context.subjects.questionsTo(this.#context.relay), {
      callback: (error, message) => {
        if (error === null) this.#questioned(message);
      },
    });
    for (const lane of lanes) this.follow(lane);
  }

  /** Hears what other relays say of a document. */
  follow(lane: Lane): void {
    if (this.#connection === undefined || this.#subscriptions.has(lane)) return;
    const subject = this.#context.subjects.vectorsOf(lane.core.name);
    const subscription = this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) this.#heard(lane, message.data);
      },
    });
    this.#subscriptions.set(lane, subscription);
  }

  forget(lane: Lane): void {
    this.#subscriptions.get(lane)?.unsubscribe();
    this.#subscriptions.delete(lane);
    this.#saidMs.delete(lane);
  }

  /** Says what we have of a document. */
  say(lane: Lane, wantsAnswer: boolean): void {
    if (!this.#context.link.isUp || lane.isClosed) return;
    const { connection, payloadBytesMax } = this.#context.link;
    const { relay } = this.#context;
    const bytes = encodeVector({ relay, vector: lane.core.versionVector, wantsAnswer });
    if (bytes.length > payloadBytesMax) return;
    connection.publish(this.#context.subjects.vectorsOf(lane.core.name), bytes);
    this.#saidMs.set(lane, this.#nowMs());
    lane.isUnsaid = false;
  }

  /** Says what changed, and asks for what the stream has not brought in time. */
  tick(lane: Lane): void {
    const { timing } = this.#context.settings;
    const nowMs = this.#nowMs();
    const saidMs = this.#saidMs.get(lane) ?? Number.NEGATIVE_INFINITY;
    if (lane.isUnsaid || nowMs - saidMs >= timing.idleVectorMs) this.say(lane, false);
    const { lag } = lane;
    if (lag === undefined || !lane.isCaughtUp) return;
    if (lane.isSettled && lane.core.versionVector.covers(lag.vector)) lane.lag = undefined;
    else if (nowMs - lag.sinceMs >= timing.askAfterMs) void this.#ask(lane, lag.relay);
  }

  #heard(lane: Lane, bytes: Uint8Array): void {
    if (lane.isClosed) return;
    try {
      const { relay, vector, wantsAnswer } = decodeVector(bytes);
      if (relay === this.#context.relay) return;
      const own = lane.core.versionVector;
      if (!own.covers(vector)) lane.lag ??= { relay, vector, sinceMs: this.#nowMs() };
      if (wantsAnswer && !vector.covers(own)) this.say(lane, false);
    } catch (error) {
      this.#ignored("a vector", error, lane.core.name);
    }
  }

  async #ask(lane: Lane, relay: ReplicaId): Promise<void> {
    if (this.#asking.has(lane)) return;
    this.#asking.add(lane);
    lane.lag = undefined;
    try {
      const bytes = await this.#fetch(lane.core.name, lane.core.versionVector, relay);
      if (bytes === undefined || lane.isClosed) return;
      const isNews = lane.mergeWhole(bytes);
      this.#context.statistics.repairs++;
      if (isNews) this.#context.tell("repaired", `relay ${relay} gave ${bytes.length} bytes`, lane.core.name);
    } catch (error) {
      this.#context.tell("failed", `relay ${relay} was asked: ${messageOf(error)}`, lane.core.name);
      // It may be gone: whoever has more will say so.
      this.say(lane, true);
    } finally {
      this.#asking.delete(lane);
    }
  }

  /** What `relay` has beyond `vector`; undefined when it does not hold the document. Errors: connection-failed, protocol-error. */
  #fetch(document: string, vector: VersionVector, relay: ReplicaId): Promise<Uint8Array | undefined> {
    const { host, link, settings, subjects } = this.#context;
    const question = encodeQuestion({ document, vector });
    return new Promise((resolve, reject) => {
      const collected = new Collected();
      let stopTimer = () => {};
      const finish = (end: () => void) => {
        stopTimer();
        subscription.unsubscribe();
        end();
      };
      const restartTimer = () => {
        stopTimer();
        const late = () => finish(() => reject(unanswered("it did not answer in time")));
        stopTimer = host.platform.setTimer(late, settings.timing.requestMs, { background: true });
      };
      const inbox = link.inbox();
      const subscription = link.connection.subscribe(inbox, {
        callback: (error, { data }) => {
          if (error !== null) return finish(() => reject(error));
          try {
            if (data.length === 0) return finish(() => resolve(collected.whole()));
            collected.add(decodePart(data));
            restartTimer();
          } catch (malformed) {
            finish(() => reject(malformed));
          }
        },
      });
      restartTimer();
      link.connection.publish(subjects.questionsTo(relay), question, { reply: inbox });
    });
  }

  #questioned(message: Msg): void {
    try {
      const question = decodeQuestion(message.data);
      // One at a time: answers may be large.
      this.#answering = this.#answering.then(() => this.#answer(question, message)).catch(() => {});
    } catch (error) {
      this.#ignored("a question", error);
    }
  }

  async #answer({ document, vector }: QuestionMessage, message: Msg): Promise<void> {
    const lane = this.#laneOf(document);
    const { link } = this.#context;
    if (lane !== undefined && !lane.isClosed) {
      const delta = lane.core.deltaSince(vector);
      const partBytes = Math.min(PART_BYTES, link.payloadBytesMax - MESSAGE_OVERHEAD_BYTES);
      for (let offset = 0, count = 1; offset < delta.length; offset += partBytes, count++) {
        const bytes = delta.subarray(offset, offset + partBytes);
        message.respond(encodePart({ totalBytes: delta.length, offset, bytes }));
        if (count % PARTS_A_FLUSH === 0) await link.connection.flush();
      }
      this.#context.statistics.answers++;
    }
    message.respond(NOTHING);
  }

  #ignored(what: string, error: unknown, document?: string): void {
    this.#context.statistics.ignored++;
    this.#context.tell("ignored", `${what} of another relay: ${messageOf(error)}`, document);
  }

  #nowMs(): number {
    return this.#context.host.platform.monotonicMs();
  }
}

/** An answer put together from its parts. */
class Collected {
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #totalBytes = -1;

  add({ totalBytes, offset, bytes }: ReturnType<typeof decodePart>): void {
    const isNext = offset === this.#bytes && (this.#totalBytes === -1 || totalBytes === this.#totalBytes);
    if (!isNext || offset + bytes.length > totalBytes) throw unanswered("a part of its answer is missing");
    this.#totalBytes = totalBytes;
    this.#parts.push(bytes.slice());
    this.#bytes += bytes.length;
  }

  /** Undefined when no part came. */
  whole(): Uint8Array | undefined {
    if (this.#totalBytes === -1) return undefined;
    if (this.#bytes < this.#totalBytes) throw unanswered("the end of its answer is missing");
    const whole = new Uint8Array(this.#bytes);
    let offset = 0;
    for (const part of this.#parts) {
      whole.set(part, offset);
      offset += part.length;
    }
    return whole;
  }
}

const unanswered = (reason: string): CrdtError =>
  new CrdtError("connection-failed", `no answer: ${reason}; others will be asked`);
