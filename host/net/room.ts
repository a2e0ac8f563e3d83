// The outgoing stream of one document, shared by all its receivers: what one turn of the event loop brought is folded
// once, framed once, and sent as the same bytes to everybody it did not come from. Leaves to links what a receiver
// lacks when it joins. Cost of a delivery: a look at the receiver's queue and `send`.
import { DELTA_PART_BYTES } from "../limits.ts";
import type { Platform } from "../platform/platform.ts";
import type { DocumentCore, DocumentDelta } from "../replica/document-core.ts";
import { type DeltaHeader, readDeltaHeader } from "../wire/delta-header.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import type { VersionVector } from "../wire/version-vector.ts";
import { xxhash32 } from "../wire/xxhash32.ts";
import { type FoldedDelta, foldDelta, type UnfoldedDelta } from "./delta-folding.ts";
import { type Definition, OutgoingDictionary } from "./dictionary.ts";
import { encodeMessage } from "./messages.ts";
import { PacedFlush, type Pacing } from "./pacing.ts";
import { encodeStreamFrame, STREAM_NUMBERS } from "./stream-frame.ts";

/** Connections whose own deltas are left out of their frame; with more in a turn, all get all. */
const LEFT_OUT_MAX = 8;

/**
 * How far apart frames for many are, in milliseconds a receiver: writing to a socket costs about 10 µs, so sending
 * takes at most half of a core, and what comes meanwhile shares a frame.
 */
const FRAME_GAP_MS_A_RECEIVER = 0.02;
const FRAME_GAP_MS_MAX = 20;
/** With few receivers a frame that follows another at once waits so long: every frame is a system call at both ends. */
const FRAME_GAP_MS_MIN = 0.1;
/** Below this no timer is exact enough: turns of the event loop are waited for, and no more than so many. */
const TIMER_MS_MIN = 1;
const TURNS_WAITED_MAX = 8;

/** One end of a document's stream, as its room sees it. */
export interface Receiver {
  /** Takes the next frame of the stream. */
  deliver(frame: Uint8Array): void;
  /** The next frame is not for this receiver: all of it came from there. */
  leaveOut(): void;
  /** Something came that does not go through the stream; the receiver has left it. */
  fallOut(): void;
}

/** Who wants to know what the streams of a document bring. */
export interface StreamWatcher {
  /** A delta of a peer's stream was merged; `isNew` says whether anything in it was. */
  pushed(from: Receiver, delta: Pick<UnfoldedDelta, "bytes" | "header">, isNew: boolean): void;
  /** No connection carries the document any more. */
  closed(): void;
}

interface Queued {
  readonly delta: FoldedDelta;
  readonly source: unknown;
}

interface RememberedAnswer {
  readonly from: VersionVector;
  readonly to: VersionVector;
  readonly bytes: Uint8Array;
  /** The frames of its parts, by offset. */
  readonly frames: Map<number, Uint8Array>;
}

type RoomPlatform = Pick<Platform, "onTurnEnd" | "setTimer" | "monotonicMs">;

export class Room {
  readonly core: DocumentCore;
  /** This side's number of the document, the same on all connections. */
  readonly index: number;
  readonly nameHash: number;
  /** Connections that carry the document, in the stream or not. */
  links = 0;
  watcher: StreamWatcher | undefined;
  readonly #platform: RoomPlatform;
  readonly #dictionary = new OutgoingDictionary();
  readonly #receivers = new Set<Receiver>();
  readonly #stopListening: () => void;
  #queue: Queued[] = [];
  #queuedBytes = 0;
  #isFlushScheduled = false;
  readonly #paced: PacedFlush | undefined;
  /** Deltas in the queue that the pacing was not asked about. */
  #unpaced = 0;
  #turnsWaited = 0;
  #cancelTimer: () => void = () => {};
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #number = 0;
  #unfolded: { readonly bytes: Uint8Array; readonly header: DeltaHeader } | undefined;
  #answer: RememberedAnswer | undefined;

  constructor(core: DocumentCore, index: number, platform: RoomPlatform, pacing?: Pacing) {
    this.core = core;
    this.index = index;
    this.nameHash = xxhash32(new TextEncoder().encode(core.name), 0);
    this.#platform = platform;
    this.#paced = pacing && new PacedFlush(pacing, platform, () => this.flush());
    this.#stopListening = core.onDelta((delta) => this.#add(delta));
  }

  /** The number of the next frame. */
  get number(): number {
    return this.#number;
  }

  get receivers(): number {
    return this.#receivers.size;
  }

  /** Puts a receiver into the stream and answers what it must know: call only when it was sent all the rest. */
  join(receiver: Receiver): { readonly number: number; readonly definitions: readonly Definition[] } {
    this.flush();
    this.#receivers.add(receiver);
    return { number: this.#number, definitions: this.#dictionary.whole() };
  }

  /** The replica of a slot of this room's dictionary; undefined for a slot never given. */
  replicaOf(slot: number): ReplicaId | undefined {
    return this.#dictionary.idOf(slot);
  }

  leave(receiver: Receiver): void {
    this.#receivers.delete(receiver);
  }

  /** Spares reading the preamble of bytes that were just put together from it. */
  expect(bytes: Uint8Array, header: DeltaHeader): void {
    this.#unfolded = { bytes, header };
  }

  /** What `from` lacks. Those who lack the same in the same turn share the bytes. */
  answerTo(from: VersionVector): { readonly bytes: Uint8Array; readonly to: VersionVector } {
    this.core.flushLocal();
    const current = this.core.versionVector;
    const known = this.#answer;
    if (known?.from.equals(from) && known.to.equals(current)) return known;
    const bytes = this.core.deltaSince(from);
    const answer = { from: from.clone(), to: current.clone(), bytes, frames: new Map() };
    if (this.#answer === undefined) {
      this.#platform.onTurnEnd(() => {
        this.#answer = undefined;
      });
    }
    this.#answer = answer;
    return answer;
  }

  /** The frame of a part of an answer; those who get the same part in the same turn share it. */
  answerFrame(bytes: Uint8Array, offset: number): Uint8Array {
    const frames = this.#answer?.bytes === bytes ? this.#answer.frames : undefined;
    let frame = frames?.get(offset);
    if (frame === undefined) {
      const part = bytes.subarray(offset, offset + DELTA_PART_BYTES);
      frame = encodeMessage({ type: "answer", index: this.index, totalBytes: bytes.length, offset, part });
      frames?.set(offset, frame);
    }
    return frame;
  }

  close(): void {
    this.flush();
    this.#cancelTimer();
    this.#stopListening();
    this.#receivers.clear();
    this.watcher?.closed();
  }

  #add({ bytes, source }: DocumentDelta): void {
    const isForSomebody = this.#receivers.size > (this.#receivers.has(source as Receiver) ? 1 : 0);
    if (!isForSomebody) return;
    if (bytes.length > DELTA_PART_BYTES) {
      this.#dropOut(source);
      return;
    }
    const header = this.#unfolded?.bytes === bytes ? this.#unfolded.header : readDeltaHeader(bytes);
    const toldLater = this.#dictionary.untold;
    const delta = foldDelta(bytes, header, this.#dictionary, this.nameHash);
    const isFull = this.#queuedBytes + delta.body.length > DELTA_PART_BYTES;
    if (this.#dictionary.takeRenewed() || isFull) this.#send(toldLater);
    this.#queue.push({ delta, source });
    this.#queuedBytes += delta.body.length;
    this.#unpaced++;
    this.#schedule(source);
  }

  /** Local deltas come once a turn, when it ends; those of connections wait for the rest of their turn. */
  #schedule(source: unknown): void {
    if (this.#isFlushScheduled) return;
    if (source === "local" && this.#platform.monotonicMs() - this.#sentAtMs >= FRAME_GAP_MS_MIN) {
      queueMicrotask(() => this.#turnEnded());
      return;
    }
    this.#isFlushScheduled = true;
    this.#turnsWaited = 0;
    this.#platform.onTurnEnd(this.#flushSpaced);
  }

  /** Sends what is queued, or waits where the last frame has just left. */
  readonly #flushSpaced = (): void => {
    const spacedMs = this.#receivers.size * FRAME_GAP_MS_A_RECEIVER;
    const gapMs = Math.min(FRAME_GAP_MS_MAX, Math.max(FRAME_GAP_MS_MIN, spacedMs));
    const waitMs = this.#sentAtMs + gapMs - this.#platform.monotonicMs();
    if (waitMs <= 0) this.#flushScheduled();
    else if (gapMs >= TIMER_MS_MIN) {
      this.#cancelTimer = this.#platform.setTimer(() => this.#flushScheduled(), waitMs);
    } else if (this.#turnsWaited++ < TURNS_WAITED_MAX) this.#platform.onTurnEnd(this.#flushSpaced);
    else this.#flushScheduled();
  };

  #flushScheduled(): void {
    this.#isFlushScheduled = false;
    this.#turnEnded();
  }

  #turnEnded(): void {
    if (this.#paced === undefined) this.flush();
    else if (this.#unpaced > 0) {
      const deltas = this.#unpaced;
      this.#unpaced = 0;
      this.#paced.turnEnded(deltas);
    }
  }

  #dropOut(source: unknown): void {
    this.flush();
    for (const receiver of [...this.#receivers]) {
      if (receiver === source) continue;
      this.#receivers.delete(receiver);
      receiver.fallOut();
    }
  }

  /** Sends what is queued. */
  flush(): void {
    if (this.#queue.length > 0) this.#send(this.#dictionary.untold);
  }

  #send(definitions: number): void {
    if (definitions > 0) this.#sendDefinitions(this.#dictionary.takeUntold(definitions));
    if (this.#queue.length === 0) return;
    const queue = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#unpaced = 0;
    this.#paced?.sent();
    this.#sentAtMs = this.#platform.monotonicMs();
    const number = this.#number;
    this.#number = (number + 1) % STREAM_NUMBERS;
    const leftOut = sourcesOf(queue);
    let shared: Uint8Array | undefined;
    for (const receiver of this.#receivers) {
      if (leftOut.has(receiver)) this.#sendWithout(receiver, queue, number);
      else {
        shared ??= this.#frame(number, queue);
        receiver.deliver(shared);
      }
    }
  }

  #frame(number: number, queue: readonly Queued[]): Uint8Array {
    return encodeStreamFrame(
      this.index,
      number,
      queue.map(({ delta }) => delta),
    );
  }

  #sendWithout(receiver: Receiver, queue: readonly Queued[], number: number): void {
    const others = queue.filter(({ source }) => source !== receiver);
    if (others.length === 0) receiver.leaveOut();
    else receiver.deliver(this.#frame(number, others));
  }

  #sendDefinitions(definitions: readonly Definition[]): void {
    const { index } = this;
    const frame = encodeMessage({ type: "dictionary", index, number: this.#number, definitions });
    this.#number = (this.#number + 1) % STREAM_NUMBERS;
    for (const receiver of this.#receivers) receiver.deliver(frame);
  }
}

/** Where the deltas came from, who therefore need not get them; nobody when they are many. */
function sourcesOf(queue: readonly Queued[]): ReadonlySet<unknown> {
  const sources = new Set<unknown>();
  for (const { source } of queue) sources.add(source);
  if (sources.size > LEFT_OUT_MAX) sources.clear();
  return sources;
}
