// One document towards one peer: what the peer lacked when it subscribed, in parts as fast as it reads, and then its
// place in the room's stream. Falls out of the stream when the peer reads too slowly or something too large for it
// comes, and catches up from what the peer acknowledged.
import { DELTA_PART_BYTES, SESSION_BACKLOG_BYTES_MAX } from "../limits.ts";
import { VersionVector } from "../wire/version-vector.ts";
import { encodeMessage } from "./messages.ts";
import type { Receiver, Room } from "./room.ts";
import { STREAM_NUMBERS } from "./stream-frame.ts";

/** Parts of an answer wait while more than this is queued: enough to keep a link busy. */
const PACE_BYTES = 2 * DELTA_PART_BYTES;

/** What a document's outgoing half needs of its connection. */
export interface OutboundWire {
  /** The peer, for people. */
  readonly peer: string;
  readonly bufferedBytes: number;
  send(frame: Uint8Array): void;
  /** Calls `resume` of `outbound` after this turn, once no more than `bytes` are queued. */
  resumeBelow(bytes: number, outbound: Outbound): void;
}

interface Answer {
  readonly bytes: Uint8Array;
  readonly to: VersionVector;
  offset: number;
}

export class Outbound implements Receiver {
  readonly room: Room;
  /** What the peer has told, by vectors, acknowledgements and its own deltas, to have merged. */
  acknowledged = new VersionVector();
  /** Frames the peer was left out of and has not been told about. */
  leftOut = 0;
  /** Whether something was sent that the peer has not said to have. */
  isUnacknowledged = false;
  /** The number of the next frame, as the peer should know it. */
  #told = 0;
  readonly #wire: OutboundWire;
  /** Tells the peer what it was left out of, before its next frame. */
  readonly #tellLeftOut: () => void;
  #state: "idle" | "catching-up" | "streaming" | "lazy" = "idle";
  #answer: Answer | undefined;
  /** Out of the stream again as soon as the answer is sent. */
  #isLazyNext = false;

  constructor(room: Room, wire: OutboundWire, tellLeftOut: () => void) {
    this.room = room;
    this.#wire = wire;
    this.#tellLeftOut = tellLeftOut;
  }

  /** Who sent the deltas merged with this as their source. */
  get peer(): string {
    return this.#wire.peer;
  }

  get isStreaming(): boolean {
    return this.#state === "streaming";
  }

  /** Whether the peer was taken out of the stream because it gets the same elsewhere. */
  get isLazy(): boolean {
    return this.#state === "lazy";
  }

  /**
   * Takes the peer out of the stream until it subscribes again; who calls answers for telling it what there is. An
   * answer under way is sent to its end.
   */
  becomeLazy(): void {
    if (this.#state === "idle") return;
    this.#isLazyNext = this.#answer !== undefined;
    if (this.#isLazyNext) return;
    this.room.leave(this);
    this.#state = "lazy";
    this.#answer = undefined;
    this.leftOut = 0;
    this.isUnacknowledged = false;
  }

  /** The peer has `vector` and wants the rest, now and from now on. */
  subscribe(vector: VersionVector): void {
    this.acknowledged = vector.clone();
    this.#isLazyNext = false;
    this.#catchUp(vector);
  }

  /** Sends what the peer lacks beyond what it acknowledged. */
  repair(): void {
    if (this.#state !== "idle" && this.#state !== "lazy") this.#catchUp(this.acknowledged);
  }

  deliver(frame: Uint8Array): void {
    if (this.#wire.bufferedBytes > SESSION_BACKLOG_BYTES_MAX) {
      this.room.leave(this);
      this.fallOut();
      return;
    }
    if (this.leftOut > 0) this.#tellLeftOut();
    this.#wire.send(frame);
    this.#told = (this.#told + 1) % STREAM_NUMBERS;
    this.isUnacknowledged = true;
  }

  /** What an acknowledgement tells the peer of our numbers. */
  tellNumber(): { readonly number: number; readonly leftOut: number } {
    const { leftOut } = this;
    this.#told = (this.#told + leftOut) % STREAM_NUMBERS;
    this.leftOut = 0;
    return { number: this.#told, leftOut };
  }

  /** The peer has every frame up to this number; with nothing newer on its way there is nothing to wait for. */
  heardExpected(number: number): void {
    if (number === this.#told) this.isUnacknowledged = false;
  }

  leaveOut(): void {
    this.leftOut++;
  }

  fallOut(): void {
    this.#state = "catching-up";
    this.#answer = undefined;
    this.#wire.resumeBelow(PACE_BYTES, this);
  }

  /** Goes on after the queue has drained. */
  resume(): void {
    if (this.#state !== "catching-up") return;
    if (this.#answer === undefined) this.#catchUp(this.acknowledged);
    else this.#sendParts();
  }

  close(): void {
    this.#state = "idle";
    this.#answer = undefined;
    this.room.leave(this);
  }

  #catchUp(from: VersionVector): void {
    this.room.leave(this);
    this.#state = "catching-up";
    this.#answer = undefined;
    this.room.core.flushLocal();
    if (from.covers(this.room.core.versionVector)) this.#start();
    else this.#answerFrom(from);
  }

  #answerFrom(from: VersionVector): void {
    this.#answer = { ...this.room.answerTo(from), offset: 0 };
    this.#sendParts();
  }

  #sendParts(): void {
    const answer = this.#answer!;
    const { bytes, to } = answer;
    while (answer.offset < bytes.length) {
      if (this.#wire.bufferedBytes > PACE_BYTES) {
        this.#wire.resumeBelow(PACE_BYTES, this);
        return;
      }
      this.#wire.send(this.room.answerFrame(bytes, answer.offset));
      answer.offset = Math.min(answer.offset + DELTA_PART_BYTES, bytes.length);
    }
    this.#answer = undefined;
    this.isUnacknowledged = true;
    this.room.core.flushLocal();
    if (to.covers(this.room.core.versionVector)) this.#start();
    else this.#answerFrom(to);
  }

  #start(): void {
    const { number, definitions } = this.room.join(this);
    this.#state = "streaming";
    this.#told = number;
    this.leftOut = 0;
    const { index, core } = this.room;
    const vector = core.versionVector;
    this.#wire.send(encodeMessage({ type: "start", index, number, vector, definitions }));
    if (this.#isLazyNext) this.becomeLazy();
  }
}
