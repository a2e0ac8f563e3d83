// One document on one connection, both directions: subscribing, acknowledging, and the questions whose answers
// `synced` waits for. The session finds the link of a frame and hands it over.
import type { DocumentCore } from "../replica/document-core.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import { malformed } from "./frame-reader.ts";
import { hasRight, type Right } from "./grant.ts";
import { Inbound } from "./inbound.ts";
import {
  ACK_FLAGS,
  type Ack,
  type AckRow,
  encodeMessage,
  type Probe,
  type Report,
  type Subscribe,
} from "./messages.ts";
import { Outbound, type OutboundWire } from "./outbound.ts";
import type { Room } from "./room.ts";

/** What a link needs of its session. */
export interface LinkWire extends OutboundWire {
  /** Whether stored acknowledgements are worth sending: this replica has a store. */
  readonly isStored: boolean;
  /** Whether the peer has a store, so that what it says of it means something. */
  readonly isPeerStored: boolean;
  /** Calls `link.acknowledge()` within the time acknowledgements may wait. */
  acknowledgeSoon(link: Link): void;
  /** The peer said what it has merged or stored. */
  progressed(link: Link): void;
  /** Resolves when everything merged so far is stored. */
  stored(core: DocumentCore): Promise<void>;
}

/** Checks a slow peer may owe at a time. */
const CHECKS_MAX = 4;

export class Link {
  readonly room: Room;
  readonly outbound: Outbound;
  readonly inbound: Inbound;
  /** What the peer may do with the document. */
  readonly right: Right;
  /** Whether the peer said that it takes nothing of the document from us. */
  isReadOnly = false;
  /** The peer's number of the document; undefined until it subscribed. */
  peerIndex: number | undefined;
  /** Resolves when the peer has subscribed, or this link is closed. */
  readonly joined: Promise<void>;
  readonly #wire: LinkWire;
  readonly #reports = new Map<number, (report: Report | undefined) => void>();
  /** Tokens of the latest checks. */
  readonly #checks: number[] = [];
  #token = 0;
  #unstored = new Map<ReplicaId, number>();
  #stored = new Map<ReplicaId, number>();
  /** Of which id of ours `#peerStored` and `#sent` are. */
  #progressOf: ReplicaId;
  #peerStored = 0;
  #sent = 0;
  #nowJoined: () => void = () => {};
  #isStoring = false;
  #isClosed = false;

  constructor(room: Room, wire: LinkWire, right: Right = "admin") {
    this.joined = new Promise((resolve) => {
      this.#nowJoined = resolve;
    });
    this.room = room;
    this.right = right;
    room.links++;
    this.#wire = wire;
    this.#progressOf = room.core.replica;
    this.outbound = new Outbound(room, wire, () => this.acknowledge());
    this.inbound = new Inbound(this.outbound, () => this.subscribe());
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Own mutations the peer has not acknowledged. */
  get lag(): number {
    const own = this.room.core.replica;
    return Math.max(0, this.room.core.versionVector.get(own) - this.outbound.acknowledged.get(own));
  }

  /** Whether the peer has a store. */
  get isPeerStored(): boolean {
    return this.#wire.isPeerStored;
  }

  /** Own mutations the peer said to have stored. */
  get storedSequence(): number {
    this.#renewProgress();
    return this.#peerStored;
  }

  /** Own mutations the peer said to have merged. */
  get mergedSequence(): number {
    const { core } = this.room;
    const own = core.replica;
    return Math.min(core.versionVector.get(own), this.outbound.acknowledged.get(own));
  }

  /** Own mutations handed to the transport. Sends what waits for the end of the turn first. */
  get sentSequence(): number {
    this.#renewProgress();
    const { core } = this.room;
    if (!core.isInTransaction) {
      core.flushLocal();
      this.room.flush();
      if (this.outbound.isStreaming) this.#sent = core.versionVector.get(core.replica);
    }
    this.#sent = Math.max(this.#sent, this.mergedSequence);
    return this.#sent;
  }

  /** Tells the peer our whole vector: it sends what we lack, then streams. */
  subscribe(): void {
    const { core, index } = this.room;
    core.flushLocal();
    this.room.flush();
    this.inbound.asked();
    this.#wire.send(encodeMessage({ type: "subscribe", index, name: core.name, vector: core.versionVector }));
  }

  /** Where the peer takes nothing from us it gets nothing. */
  subscribed({ index, vector }: Subscribe, isTaken = true): void {
    this.peerIndex = index;
    this.isReadOnly = !isTaken;
    this.#nowJoined();
    if (isTaken) this.outbound.subscribe(vector);
    else this.outbound.acknowledged = vector.clone();
    this.#wire.progressed(this);
  }

  /** Whether the peer has not been told of something that was merged or stored. */
  get hasUntold(): boolean {
    return (
      this.inbound.merged.size > 0 || this.#isStoring || this.#unstored.size > 0 || this.#stored.size > 0
    );
  }

  /** Says what was merged since the last time, and which frames the peer was left out of. */
  acknowledge(): void {
    if (this.#isClosed) return;
    const { merged } = this.inbound;
    if (merged.size > 0 || this.outbound.leftOut > 0) {
      this.inbound.merged = new Map();
      this.#send(merged, 0);
      if (this.#wire.isStored) this.#storeAndTell(merged);
    }
    if (this.#stored.size > 0) {
      const stored = this.#stored;
      this.#stored = new Map();
      this.#send(stored, ACK_FLAGS.stored);
    }
  }

  acknowledged(ack: Ack): void {
    for (const { replica, sequence } of ack.rows) {
      const id = typeof replica === "number" ? this.room.replicaOf(replica) : replica;
      if (id === undefined) throw malformed(`an acknowledgement of replica slot ${replica}, never defined`);
      if (sequence > this.room.core.versionVector.get(id))
        throw malformed(`${id} ${sequence} was never sent`);
      if (ack.flags & ACK_FLAGS.stored) this.#noteStored(id, sequence);
      else this.outbound.acknowledged.advance(id, sequence);
    }
    if (ack.flags & ACK_FLAGS.inStream) this.outbound.heardExpected(ack.expected);
    if (ack.flags & ACK_FLAGS.numbered) this.inbound.number(ack);
    this.#wire.progressed(this);
  }

  /**
   * Asks what the peer has merged of everything sent before; the answer comes in order with what it sends, and is
   * undefined when the link closes first.
   */
  probe(isStored: boolean, answered: (report: Report | undefined) => void): number {
    const token = ++this.#token;
    this.#reports.set(token, answered);
    this.room.core.flushLocal();
    this.room.flush();
    const flags = isStored ? ACK_FLAGS.stored : 0;
    this.#wire.send(encodeMessage({ type: "probe", index: this.room.index, token, flags }));
    return token;
  }

  /** Probes without anybody waiting: who never answers is asked again, and the oldest questions are forgotten. */
  check(answered: (report: Report | undefined) => void): void {
    this.#checks.push(this.probe(false, answered));
    if (this.#checks.length > CHECKS_MAX) this.#reports.delete(this.#checks.shift()!);
  }

  probed({ token, flags }: Probe): void {
    const { core, index } = this.room;
    core.flushLocal();
    this.room.flush();
    const vector = core.versionVector.clone();
    const report = (reported: number) => {
      if (this.#isClosed) return;
      this.#wire.send(encodeMessage({ type: "report", index, token, flags: reported, vector }));
    };
    if (flags & ACK_FLAGS.stored && this.#wire.isStored) {
      this.#wire.stored(core).then(
        () => report(flags),
        () => report(0),
      );
    } else report(flags);
  }

  reported(report: Report): void {
    const answered = this.#reports.get(report.token);
    if (answered === undefined) return;
    this.#reports.delete(report.token);
    const known = this.room.core.versionVector;
    // Of what we do not know ourselves we have nothing to send, and a peer may name as much of it as it likes.
    for (const [id, sequence] of report.vector) {
      if (known.get(id) > 0) this.outbound.acknowledged.advance(id, sequence);
    }
    if (report.flags & ACK_FLAGS.stored && this.#wire.isPeerStored) {
      const own = this.room.core.replica;
      this.#noteStored(own, Math.min(known.get(own), report.vector.get(own)));
    }
    this.#wire.progressed(this);
    answered(report);
  }

  /** Asks again for what has not come, and checks what was sent long ago and is not acknowledged. */
  repairOverdue(): void {
    if (hasRight(this.right, "write") && !this.inbound.isStreaming && !this.inbound.hasProgressed()) {
      this.subscribe();
    }
    if (!this.outbound.isUnacknowledged || !this.outbound.isStreaming) return;
    const sent = this.room.core.versionVector.clone();
    this.check((report) => {
      this.outbound.isUnacknowledged = false;
      if (report !== undefined && !report.vector.covers(sent)) this.outbound.repair();
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.room.links--;
    this.outbound.close();
    this.#nowJoined();
    const waiting = [...this.#reports.values()];
    this.#reports.clear();
    for (const answered of waiting) answered(undefined);
  }

  #send(merged: ReadonlyMap<ReplicaId, number>, flags: number): void {
    const rows: AckRow[] = [];
    for (const [id, sequence] of merged) rows.push({ replica: this.inbound.slotOf(id) ?? id, sequence });
    const { index } = this.room;
    const numbered = this.outbound.isStreaming ? ACK_FLAGS.numbered : 0;
    const inStream = this.inbound.isStreaming ? ACK_FLAGS.inStream : 0;
    const { number, leftOut } = this.outbound.tellNumber();
    const { expected } = this.inbound;
    const ack = { index, flags: flags | numbered | inStream, number, leftOut, expected, rows };
    this.#wire.send(encodeMessage({ type: "ack", ...ack }));
  }

  /** One wait at a time: what is merged meanwhile waits for the next. */
  #storeAndTell(merged: ReadonlyMap<ReplicaId, number>): void {
    for (const [id, sequence] of merged) this.#unstored.set(id, sequence);
    if (this.#isStoring) return;
    this.#isStoring = true;
    const waiting = this.#unstored;
    this.#unstored = new Map();
    const done = () => {
      this.#isStoring = false;
      if (this.#isClosed) return;
      for (const [id, sequence] of waiting) this.#stored.set(id, sequence);
      this.#wire.acknowledgeSoon(this);
      if (this.#unstored.size > 0) this.#storeAndTell(new Map());
    };
    this.#wire.stored(this.room.core).then(done, () => {
      this.#isStoring = false;
      for (const [id, sequence] of waiting) {
        if ((this.#unstored.get(id) ?? 0) < sequence) this.#unstored.set(id, sequence);
      }
    });
  }

  #noteStored(id: ReplicaId, sequence: number): void {
    this.#renewProgress();
    if (id === this.#progressOf) this.#peerStored = Math.max(this.#peerStored, sequence);
  }

  /** Sequences of another id of ours say nothing about this one. */
  #renewProgress(): void {
    if (this.#progressOf === this.room.core.replica) return;
    this.#progressOf = this.room.core.replica;
    this.#peerStored = 0;
    this.#sent = 0;
  }
}
