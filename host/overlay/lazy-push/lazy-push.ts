// Lazy push on top of the streams of documents (docs/protocol.md, "Lazy push"). A peer that says our pushes are known
// to it leaves the stream and is told what there is instead; a peer that announces what does not come otherwise is
// subscribed to anew, which is the repair every session knows. What to prune and graft is push-tree.ts; this is the
// shell around it: frames, one timer while there is something to say, and nothing while there is not.
import { HAVE_ROWS_MAX } from "../../limits.ts";
import type { Extension, ExtensionEnd, ExtensionPeer } from "../../net/extension.ts";
import { malformed } from "../../net/frame-reader.ts";
import type { Link } from "../../net/link.ts";
import type { Receiver, Room } from "../../net/room.ts";
import type { Platform } from "../../platform/platform.ts";
import type { DocumentDelta } from "../../replica/document-core.ts";
import { forEachReplica } from "../../wire/delta-header.ts";
import type { ReplicaId } from "../../wire/replica-id.ts";
import { LAZY_PUSH_FEATURE, LAZY_PUSH_TYPES, readHave, writeHave } from "./lazy-push-messages.ts";
import { PUSH_TIMING, type PushTiming, PushTree } from "./push-tree.ts";

/** How often what waits is looked at. */
const BEAT_MS = 50;
/** A peer is told at most so often what there is. */
const HAVE_EVERY_MS = 100;
/** What is pushed and not acknowledged is announced after this: acknowledgements wait 25 ms and a round trip. */
const UNHEARD_MS = 300;
const UNHEARD_MS_LONGEST = 5_000;

export interface PushStatistics {
  /** Deltas that came through streams. */
  readonly pushes: number;
  /** Those of them that brought nothing new. */
  readonly duplicates: number;
  readonly prunes: number;
  readonly grafts: number;
}

/** One document on one connection. */
interface LinkPush {
  readonly link: Link;
  readonly peer: ExtensionPeer;
  /** What advanced here and was neither announced nor said to be known there. */
  readonly untold: Map<ReplicaId, number>;
  untoldSinceMs: number;
  toldAtMs: number;
  unheardMs: number;
  /** We asked not to be pushed to. */
  isFeedLazy: boolean;
}

export class LazyPush implements Extension {
  readonly feature = LAZY_PUSH_FEATURE;
  readonly types = Object.values(LAZY_PUSH_TYPES);
  readonly counted = { pushes: 0, duplicates: 0, prunes: 0, grafts: 0 };
  readonly #platform: Platform;
  readonly #timing: PushTiming;
  readonly #ends = new Set<PushEnd>();
  readonly #documents = new Map<Room, DocumentPush>();
  #cancelBeat: (() => void) | undefined;

  constructor(platform: Platform, timing: PushTiming = PUSH_TIMING) {
    this.#platform = platform;
    this.#timing = timing;
  }

  get statistics(): PushStatistics {
    return { ...this.counted };
  }

  get nowMs(): number {
    return this.#platform.monotonicMs();
  }

  get ends(): Iterable<PushEnd> {
    return this.#ends;
  }

  open(peer: ExtensionPeer): ExtensionEnd {
    const end = new PushEnd(this, peer, () => {
      this.#ends.delete(end);
    });
    this.#ends.add(end);
    return end;
  }

  carry(room: Room): void {
    if (this.#documents.has(room)) return;
    this.#documents.set(room, new DocumentPush(this, room, this.#timing, () => this.#documents.delete(room)));
  }

  documentOf(room: Room): DocumentPush | undefined {
    return this.#documents.get(room);
  }

  /** Looks at what waits a beat from now. */
  wake(): void {
    this.#cancelBeat ??= this.#platform.setTimer(() => this.#beat(), BEAT_MS, { background: true });
  }

  close(): void {
    this.#cancelBeat?.();
    for (const document of [...this.#documents.values()]) document.closed();
  }

  #beat(): void {
    this.#cancelBeat = undefined;
    let isWaiting = false;
    for (const document of this.#documents.values()) isWaiting = document.beat() || isWaiting;
    if (isWaiting) this.wake();
  }
}

/** One connection. */
class PushEnd implements ExtensionEnd {
  readonly peer: ExtensionPeer;
  readonly #owner: LazyPush;
  readonly #closed: () => void;
  readonly #links = new Map<Link, LinkPush>();
  readonly #byPeerIndex = new Map<number, Link>();

  constructor(owner: LazyPush, peer: ExtensionPeer, closed: () => void) {
    this.#owner = owner;
    this.peer = peer;
    this.#closed = closed;
  }

  receive(type: number, reader: Parameters<ExtensionEnd["receive"]>[1]): void {
    if (type === LAZY_PUSH_TYPES.have) {
      const have = readHave(reader);
      const push = this.#byIndex(have.index);
      if (push === undefined) return;
      const rows = have.rows.map(([replica, sequence]): [ReplicaId, number] => {
        const id = typeof replica === "number" ? push.link.room.replicaOf(replica) : replica;
        if (id === undefined) throw malformed(`a have of replica slot ${replica}, never defined`);
        return [id, sequence];
      });
      this.#owner.documentOf(push.link.room)?.announced(push, rows, have.isPushed);
      return;
    }
    const push = this.#byIndex(reader.varint());
    reader.done();
    if (push === undefined) return;
    const document = this.#owner.documentOf(push.link.room);
    if (type === LAZY_PUSH_TYPES.prune) document?.pruned(push);
    else document?.grafted(push);
  }

  close(): void {
    for (const push of this.#links.values()) this.#owner.documentOf(push.link.room)?.left(push);
    this.#links.clear();
    this.#closed();
  }

  /** The document on this connection; undefined where it does not carry it. */
  pushOf(room: Room): LinkPush | undefined {
    const link = this.peer.linkOf(room.core.name);
    return link?.room === room ? this.#of(link) : undefined;
  }

  #byIndex(index: number): LinkPush | undefined {
    const known = this.#byPeerIndex.get(index);
    if (known?.peerIndex === index && !known.isClosed) return this.#of(known);
    for (const link of this.peer.links) {
      if (link.peerIndex !== index) continue;
      this.#byPeerIndex.set(index, link);
      return this.#of(link);
    }
    return undefined;
  }

  #of(link: Link): LinkPush {
    let push = this.#links.get(link);
    if (push === undefined) {
      this.#forgetClosed();
      push = {
        link,
        peer: this.peer,
        untold: new Map(),
        untoldSinceMs: 0,
        toldAtMs: Number.NEGATIVE_INFINITY,
        unheardMs: UNHEARD_MS,
        isFeedLazy: false,
      };
      this.#links.set(link, push);
    }
    return push;
  }

  #forgetClosed(): void {
    for (const [link, push] of this.#links) {
      if (!link.isClosed) continue;
      this.#links.delete(link);
      this.#owner.documentOf(link.room)?.left(push);
    }
  }
}

/** One document on all connections. */
class DocumentPush {
  readonly #owner: LazyPush;
  readonly #room: Room;
  readonly #tree: PushTree<LinkPush>;
  readonly #stop: () => void;
  readonly #closed: () => void;
  readonly #byReceiver = new WeakMap<Receiver, LinkPush>();

  constructor(owner: LazyPush, room: Room, timing: PushTiming, closed: () => void) {
    this.#owner = owner;
    this.#room = room;
    this.#tree = new PushTree(timing);
    this.#closed = closed;
    this.#stop = room.core.onDelta((delta) => this.#advanced(delta));
    room.watcher = this;
  }

  closed(): void {
    this.#stop();
    this.#room.watcher = undefined;
    this.#closed();
  }

  /** A delta came through the stream of a peer. */
  pushed(
    from: Receiver,
    { bytes, header }: Parameters<NonNullable<Room["watcher"]>["pushed"]>[1],
    isNew: boolean,
  ): void {
    const { counted } = this.#owner;
    counted.pushes++;
    if (!isNew) counted.duplicates++;
    const push = this.#pushOf(from);
    if (push === undefined) return;
    const writers: ReplicaId[] = [];
    if (header === undefined) forEachReplica(bytes, (id, base, to) => to > base && writers.push(id));
    else for (const { id, base, to } of header.replicas) if (to > base) writers.push(id);
    if (this.#tree.pushed(push, writers, isNew, this.#feeders(), this.#owner.nowMs)) this.#prune(push);
  }

  /** The peer covers `rows`. */
  announced(push: LinkPush, rows: readonly (readonly [ReplicaId, number])[], isPushed: boolean): void {
    const known = this.#room.core.versionVector;
    const { outbound } = push.link;
    for (const [id, sequence] of rows) {
      // Of what we do not know ourselves we have nothing to send, and a peer may name as much of it as it likes.
      if (known.get(id) > 0) outbound.acknowledged.advance(id, sequence);
    }
    if (!this.#tree.announced(push, rows, known, this.#owner.nowMs)) return;
    if (isPushed) this.#graft(push);
    this.#owner.wake();
  }

  /** The peer knew what we pushed. */
  pruned(push: LinkPush): void {
    if (!push.link.outbound.isLazy) this.#becomeLazy(push);
    push.isFeedLazy = true;
  }

  /** The peer has subscribed anew because pushes are missing; those of its side may be missing here. */
  grafted(push: LinkPush): void {
    if (!push.isFeedLazy) return;
    push.isFeedLazy = false;
    this.#tree.grafted(push, this.#owner.nowMs);
    push.link.subscribe();
  }

  left(push: LinkPush): void {
    this.#tree.left(push);
  }

  /** Says what waits; whether anything still does. */
  beat(): boolean {
    let isWaiting = false;
    const nowMs = this.#owner.nowMs;
    for (const end of this.#owner.ends) {
      const push = end.pushOf(this.#room);
      if (push !== undefined && push.untold.size > 0) isWaiting = this.#tell(push, nowMs) || isWaiting;
    }
    if (!this.#tree.isWanting) return isWaiting;
    const link = this.#tree.due(this.#room.core.versionVector, nowMs);
    if (link !== undefined) this.#graft(link);
    return isWaiting || this.#tree.isWanting;
  }

  #advanced({ bytes, source }: DocumentDelta): void {
    const { replica } = this.#room.core;
    if (source === "local") this.#tree.wrote(replica, this.#owner.nowMs);
    let isUntold = false;
    for (const end of this.#owner.ends) {
      const push = end.pushOf(this.#room);
      if (push === undefined || push.link.outbound === source) continue;
      isUntold = true;
      forEachReplica(bytes, (id, base, to) => {
        if (to > base) this.#note(push, id, to);
      });
    }
    if (isUntold) this.#owner.wake();
  }

  #note(push: LinkPush, id: ReplicaId, sequence: number): void {
    if (push.untold.size === 0) {
      push.untoldSinceMs = this.#owner.nowMs;
      push.unheardMs = UNHEARD_MS;
    }
    push.untold.set(id, sequence);
  }

  /** Lazy peers are told within two beats; those in the stream only what they have not acknowledged for long. */
  #tell(push: LinkPush, nowMs: number): boolean {
    const { untold, link } = push;
    for (const [id, sequence] of untold) {
      if (link.outbound.acknowledged.get(id) >= sequence) untold.delete(id);
    }
    if (untold.size === 0) return false;
    if (link.outbound.isLazy) {
      if (nowMs - push.toldAtMs < HAVE_EVERY_MS) return true;
      push.toldAtMs = nowMs;
      this.#sendHave(push, false);
      untold.clear();
      return false;
    }
    // While the peer catches up it gets what it lacks anyway.
    if (!link.outbound.isStreaming || nowMs - push.untoldSinceMs < push.unheardMs) return true;
    this.#sendHave(push, true);
    push.untoldSinceMs = nowMs;
    push.unheardMs = Math.min(push.unheardMs * 2, UNHEARD_MS_LONGEST);
    return true;
  }

  #sendHave({ peer, link, untold }: LinkPush, isPushed: boolean): void {
    const rows = [...untold].map(([id, sequence]): [number | ReplicaId, number] => [
      link.inbound.slotOf(id) ?? id,
      sequence,
    ]);
    const { index } = this.#room;
    for (let from = 0; from < rows.length; from += HAVE_ROWS_MAX) {
      const part = rows.slice(from, from + HAVE_ROWS_MAX);
      peer.sendFrame(LAZY_PUSH_TYPES.have, (writer) => writeHave(writer, { index, isPushed, rows: part }));
    }
  }

  #prune(push: LinkPush): void {
    this.#owner.counted.prunes++;
    push.isFeedLazy = true;
    push.peer.sendFrame(LAZY_PUSH_TYPES.prune, (writer) => writer.varint(this.#room.index));
    if (push.link.outbound.isStreaming) this.#becomeLazy(push);
  }

  #graft(push: LinkPush): void {
    this.#owner.counted.grafts++;
    this.#tree.grafted(push, this.#owner.nowMs);
    push.isFeedLazy = false;
    push.link.subscribe();
    push.peer.sendFrame(LAZY_PUSH_TYPES.graft, (writer) => writer.varint(this.#room.index));
  }

  #becomeLazy(push: LinkPush): void {
    // What is queued goes out first: the peer may know it from nobody else yet.
    this.#room.flush();
    const { outbound } = push.link;
    outbound.becomeLazy();
    for (const [id, sequence] of this.#room.core.versionVector) {
      if (outbound.acknowledged.get(id) < sequence) this.#note(push, id, sequence);
    }
    this.#owner.wake();
  }

  /** Connections whose pushes we have not declined. */
  #feeders(): number {
    let count = 0;
    for (const end of this.#owner.ends) {
      const push = end.pushOf(this.#room);
      if (push !== undefined && !push.isFeedLazy) count++;
    }
    return count;
  }

  #pushOf(receiver: Receiver): LinkPush | undefined {
    const known = this.#byReceiver.get(receiver);
    if (known !== undefined) return known;
    for (const end of this.#owner.ends) {
      const push = end.pushOf(this.#room);
      if (push?.link.outbound !== receiver) continue;
      this.#byReceiver.set(receiver, push);
      return push;
    }
    return undefined;
  }
}
