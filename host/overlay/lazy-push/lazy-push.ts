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
import { type ReplicaId, readUint32 } from "../../wire/replica-id.ts";
import { LAZY_PUSH_FEATURE, LAZY_PUSH_TYPES, readHave, writeHave } from "./lazy-push-messages.ts";
import { PUSH_TIMING, type PushRow, type PushTiming, PushTree } from "./push-tree.ts";

/** How often what waits is looked at, and peers outside the stream are told what there is. */
const BEAT_MS = 100;
/** What is pushed and not acknowledged is announced after this: acknowledgements wait 25 ms and a round trip. */
const UNHEARD_MS = 200;
/**
 * A peer that acknowledges nothing for so long is pushed to no more, only told: behind a cut, what is pushed would pile
 * up and come all at once when it heals, to everybody over every link.
 */
const SILENT_MS = 1_000;

export interface PushStatistics {
  /** Deltas that came through streams. */
  readonly pushes: number;
  /** Those of them that brought nothing new. */
  readonly duplicates: number;
  readonly prunes: number;
  readonly grafts: number;
  /** Times something late was asked for without a change of the tree. */
  readonly pulls: number;
}

/** One document on one connection. */
interface LinkPush {
  readonly link: Link;
  readonly peer: ExtensionPeer;
  /** What advanced here and was neither announced nor said to be known there. */
  readonly untold: Map<ReplicaId, number>;
  /** When a peer in the stream was told what it has not acknowledged. */
  toldAtMs: number;
  /** When the peer last acknowledged something, or had nothing to acknowledge. */
  heardAtMs: number;
  /** When we last subscribed anew because the peer said so. */
  askedAtMs: number;
  /** We asked not to be pushed to. */
  isFeedLazy: boolean;
}

export class LazyPush implements Extension {
  readonly feature = LAZY_PUSH_FEATURE;
  readonly types = Object.values(LAZY_PUSH_TYPES);
  readonly counted = { pushes: 0, duplicates: 0, prunes: 0, grafts: 0, pulls: 0 };
  readonly #platform: Platform;
  readonly #timing: PushTiming;
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

  readonly random = (): number => readUint32(this.#platform.randomBytes(4), 0) / 0x1_0000_0000;

  open(peer: ExtensionPeer): ExtensionEnd {
    return new PushEnd(this, peer);
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
  readonly #peer: ExtensionPeer;
  readonly #owner: LazyPush;
  readonly #pushes = new Map<Link, LinkPush>();

  constructor(owner: LazyPush, peer: ExtensionPeer) {
    this.#owner = owner;
    this.#peer = peer;
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

  joined(link: Link): void {
    this.#forgetClosed();
    const document = this.#owner.documentOf(link.room);
    if (document === undefined) return;
    const push: LinkPush = {
      link,
      peer: this.#peer,
      untold: new Map(),
      toldAtMs: 0,
      heardAtMs: 0,
      askedAtMs: Number.NEGATIVE_INFINITY,
      isFeedLazy: false,
    };
    this.#pushes.set(link, push);
    document.joined(push);
  }

  close(): void {
    for (const push of this.#pushes.values()) this.#owner.documentOf(push.link.room)?.left(push);
    this.#pushes.clear();
  }

  #byIndex(index: number): LinkPush | undefined {
    const link = this.#peer.linkByPeerIndex(index);
    return link === undefined ? undefined : this.#pushes.get(link);
  }

  #forgetClosed(): void {
    for (const [link, push] of this.#pushes) {
      if (!link.isClosed) continue;
      this.#pushes.delete(link);
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
  /** By the peer's place in the stream. */
  readonly #pushes = new Map<Receiver, LinkPush>();

  constructor(owner: LazyPush, room: Room, timing: PushTiming, closed: () => void) {
    this.#owner = owner;
    this.#room = room;
    this.#tree = new PushTree(owner.random, timing);
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
    const push = this.#pushes.get(from);
    if (push === undefined) return;
    const rows: PushRow[] = [];
    if (header === undefined) forEachReplica(bytes, (id, base, to) => to > base && rows.push([id, to]));
    else for (const { id, base, to } of header.replicas) if (to > base) rows.push([id, to]);
    const { nowMs } = this.#owner;
    const isDeclined = push.isFeedLazy;
    if (this.#tree.pushed(push, rows, isNew, { feeders: this.#feeders(), isDeclined, nowMs }))
      this.#prune(push);
  }

  /** The peer covers `rows`. */
  announced(push: LinkPush, rows: readonly (readonly [ReplicaId, number])[], isPushed: boolean): void {
    const known = this.#room.core.versionVector;
    const { outbound } = push.link;
    for (const [id, sequence] of rows) {
      // Of what we do not know ourselves we have nothing to send, and a peer may name as much of it as it likes.
      if (known.get(id) > 0) outbound.acknowledged.advance(id, sequence);
    }
    if (!this.#tree.announced(push, rows, known, this.#owner.nowMs)) {
      // The acknowledgement was lost: this says the same.
      if (isPushed) this.#sendHave(push, new Map(rows), false);
      return;
    }
    if (isPushed && !push.isFeedLazy && this.#mayAsk(push)) this.#graft(push);
    this.#owner.wake();
  }

  /** The peer knew what we pushed. */
  pruned(push: LinkPush): void {
    push.isFeedLazy = true;
    if (!push.link.outbound.isLazy) this.#becomeLazy(push);
  }

  /** The peer has subscribed anew because pushes are missing; those of its side may be missing here. */
  grafted(push: LinkPush): void {
    if (!push.isFeedLazy || !this.#mayAsk(push)) return;
    push.isFeedLazy = false;
    this.#tree.repaired(push, this.#owner.nowMs);
    push.link.subscribe();
  }

  /** The peer has subscribed over a connection. */
  joined(push: LinkPush): void {
    this.#pushes.set(push.link.outbound, push);
  }

  left(push: LinkPush): void {
    this.#pushes.delete(push.link.outbound);
    this.#tree.left(push, this.#owner.nowMs);
  }

  /** Says what waits; whether anything still does. */
  beat(): boolean {
    let isWaiting = false;
    const nowMs = this.#owner.nowMs;
    for (const push of this.#pushes.values()) {
      if (push.untold.size > 0 && !push.link.isClosed) isWaiting = this.#tell(push, nowMs) || isWaiting;
    }
    if (!this.#tree.isWanting) return isWaiting;
    const repair = this.#tree.due(this.#room.core.versionVector, nowMs);
    if (repair?.isPull && repair.link.isFeedLazy) this.#pull(repair.link);
    else if (repair !== undefined) this.#graft(repair.link);
    return isWaiting || this.#tree.isWanting;
  }

  #advanced({ bytes, source }: DocumentDelta): void {
    if (source === "local") this.#tree.wrote(this.#owner.nowMs);
    const rows: PushRow[] = [];
    forEachReplica(bytes, (id, base, to) => {
      if (to > base) rows.push([id, to]);
    });
    for (const [receiver, push] of this.#pushes) {
      if (receiver === source || push.link.isClosed) continue;
      for (const [id, to] of rows) this.#note(push, id, to);
      this.#owner.wake();
    }
  }

  #note(push: LinkPush, id: ReplicaId, sequence: number): void {
    if (push.untold.size === 0) push.heardAtMs = this.#owner.nowMs;
    push.untold.set(id, sequence);
  }

  /** Lazy peers are told within a beat; those in the stream only what they have not acknowledged for long. */
  #tell(push: LinkPush, nowMs: number): boolean {
    const { untold, link } = push;
    for (const [id, sequence] of untold) {
      if (link.outbound.acknowledged.get(id) < sequence) continue;
      untold.delete(id);
      push.heardAtMs = nowMs;
    }
    // Who takes nothing from us is told nothing.
    if (link.isReadOnly) untold.clear();
    if (untold.size === 0) return false;
    if (link.outbound.isLazy) {
      this.#sendHave(push, untold, false);
      untold.clear();
      return false;
    }
    // While the peer catches up it gets what it lacks anyway.
    if (!link.outbound.isStreaming) return true;
    if (nowMs - Math.max(push.heardAtMs, push.toldAtMs) < UNHEARD_MS) return true;
    if (nowMs - push.heardAtMs >= SILENT_MS) {
      this.#prune(push);
      return true;
    }
    this.#sendHave(push, untold, true);
    push.toldAtMs = nowMs;
    return true;
  }

  #sendHave({ peer, link }: LinkPush, what: ReadonlyMap<ReplicaId, number>, isPushed: boolean): void {
    const rows = [...what].map(([id, sequence]): [number | ReplicaId, number] => [
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

  /** Subscribing says a whole vector: a peer may bring it about once a beat. What is missing is asked for later as well. */
  #mayAsk(push: LinkPush): boolean {
    const { nowMs } = this.#owner;
    if (nowMs - push.askedAtMs < BEAT_MS) return false;
    push.askedAtMs = nowMs;
    return true;
  }

  #graft(push: LinkPush): void {
    this.#owner.counted.grafts++;
    this.#tree.repaired(push, this.#owner.nowMs);
    push.isFeedLazy = false;
    push.link.subscribe();
    push.peer.sendFrame(LAZY_PUSH_TYPES.graft, (writer) => writer.varint(this.#room.index));
  }

  /** The answer to a subscription, and the stream ended before it begins: the peer handles both in this order. */
  #pull(push: LinkPush): void {
    this.#owner.counted.pulls++;
    push.link.subscribe();
    push.peer.sendFrame(LAZY_PUSH_TYPES.prune, (writer) => writer.varint(this.#room.index));
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
    for (const push of this.#pushes.values()) if (!push.isFeedLazy && !push.link.isClosed) count++;
    return count;
  }
}
