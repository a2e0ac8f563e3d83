// One connection between two replicas: the handshake, then frames handed to the link of their document, until
// somebody breaks the protocol or the transport ends. Nothing is merged before the peer's hello was judged. Leaves
// reconnecting to client-connection.ts and what documents there are to the hub.
import { CrdtError } from "../errors.ts";
import { SESSION_BACKLOG_BYTES_MAX, STREAM_REPAIRS_MAX } from "../limits.ts";
import { CLOSE_NORMAL, type Transport, type TransportClose } from "../platform/transport.ts";
import type { DocumentCore } from "../replica/document-core.ts";
import type { CredentialSource } from "../replica/ports.ts";
import { DrainQueue } from "./drain-queue.ts";
import {
  type Extension,
  type ExtensionPeer,
  extensionPeerOf,
  isExtensionType,
  OpenExtensions,
} from "./extension.ts";
import { malformed } from "./frame-reader.ts";
import type { Right } from "./grant.ts";
import {
  judgeIdentities,
  judgeVersions,
  OWN_VERSIONS,
  ownHello,
  type Role,
  readVersions,
} from "./handshake.ts";
import { Heartbeat } from "./heartbeat.ts";
import { InboundRate } from "./inbound-rate.ts";
import { Link, type LinkWire } from "./link.ts";
import {
  decodeMessage,
  encodeMessage,
  FEATURES,
  type Hello,
  type Message,
  messageTypeOf,
  type Retry,
  type Subscribe,
} from "./messages.ts";
import type { Outbound } from "./outbound.ts";
import { decodePacked, PACKED_TYPE, type Packing } from "./packing.ts";
import { retryAfterOf } from "./retry-after.ts";
import { Room } from "./room.ts";
import { SessionAccess } from "./session-access.ts";
import { endOf, errorOfClose, errorOfGoodbye, Fatal, Refused, type SessionEnd } from "./session-errors.ts";
import type { SessionOwner } from "./session-owner.ts";
import { StreamFrame } from "./stream-frame.ts";
import { webSocketHeaderBytes } from "./web-socket-size.ts";

const ACKNOWLEDGE_WITHIN_MS = 25;
const CLOSE_PROTOCOL_ERROR = 1002;
/** Times a session that ends asks its store again, because more was merged meanwhile. */
const SETTLE_ROUNDS = 3;
/** A peer that reads nothing but keeps asking is dropped at this many times the backlog. */
const BACKLOG_FACTOR_MAX = 4;

/** Messages about a document whose link exists, by the peer's index of it. */
type DocumentMessage = Exclude<Extract<Message, { readonly index: number }>, Subscribe>;

/** Those that bring mutations, or speak of what brings them. */
const BRINGING: ReadonlySet<Message["type"]> = new Set(["answer", "start", "dictionary"]);

export class Session implements LinkWire {
  readonly role: Role;
  readonly transport: Transport;
  readonly heartbeat: Heartbeat;
  readonly access: SessionAccess;
  readonly openedAtMs: number;
  bytesSent = 0;
  bytesReceived = 0;
  /** Positive when the peer's clock is ahead, as far as the handshake could tell. */
  clockOffMs = 0;
  readonly #owner: SessionOwner;
  readonly #ownHello: Hello;
  readonly #links = new Map<string, Link>();
  readonly #byPeerIndex = new Map<number, Link>();
  /** By name what the peer last asked of a document that is being opened; undefined when it no longer wants it. */
  readonly #opening = new Map<string, Subscribe | undefined>();
  readonly #toAcknowledge = new Set<Link>();
  readonly #draining: DrainQueue;
  readonly #extensions = new OpenExtensions();
  #cancelAcknowledge: (() => void) | undefined;
  #cancelHandshake: () => void;
  #greeting: Hello | undefined;
  #isWelcome = false;
  /** What packs for this peer; undefined until, or unless, both ends have said they can. */
  #packing: Packing | undefined;
  readonly #rate: InboundRate | undefined;
  #isEnded = false;

  /** `credential` is what a client presents. */
  constructor(transport: Transport, role: Role, owner: SessionOwner, credential?: CredentialSource) {
    this.transport = transport;
    this.role = role;
    this.#owner = owner;
    const { platform } = owner.host;
    this.openedAtMs = platform.monotonicMs();
    this.#draining = new DrainQueue(platform, transport, (error) => this.#fail(error));
    this.access = new SessionAccess({
      role,
      platform,
      guard: owner.guard,
      credential,
      welcome: () => this.#welcome(),
      fail: (error) => this.#fail(error),
    });
    this.#ownHello = ownHello(owner, role, this.#spoken);
    this.heartbeat = new Heartbeat(platform, owner.timing, role, {
      send: (message) => this.#say(message),
      measured: (roundTripMs) => owner.measured(this, roundTripMs),
      dead: (silentMs) => this.#silent(silentMs),
      tick: () => this.#tick(),
    });
    if (owner.rate !== undefined && role === "server") {
      this.#rate = new InboundRate(owner.rate, platform, transport, () => this.heartbeat.heard());
    }
    this.#cancelHandshake = platform.setTimer(() => this.#greetingOverdue(), owner.timing.handshakeMs, {
      background: true,
    });
  }

  /** Says hello and listens. */
  begin(): void {
    this.#say(this.#ownHello);
    this.transport.onClose((close) => this.#closed(close));
    this.transport.onMessage((bytes) => this.#receive(bytes));
  }

  /** The peer's hello; undefined until it came. */
  get hello(): Hello | undefined {
    return this.#greeting;
  }

  /** The other end, for people: its label, replica id and address as far as they are known. */
  get peer(): string {
    const { label = "", replica = "" } = this.#greeting ?? {};
    return [label, replica, this.transport.peer].filter((part) => part !== "").join(" ");
  }

  /** The handshake is over, and who asks for a credential was given one. */
  get isOpen(): boolean {
    return this.#isWelcome && !this.#isEnded;
  }

  get isStored(): boolean {
    return this.#owner.host.isStored;
  }

  get isPeerStored(): boolean {
    return ((this.#greeting?.features ?? 0) & FEATURES.acknowledgesStored) !== 0;
  }

  get bufferedBytes(): number {
    return this.transport.bufferedBytes;
  }

  get links(): Iterable<Link> {
    return this.#links.values();
  }

  /** Those it carries and those that are being opened for it. */
  get documents(): number {
    return this.#links.size + this.#opening.size;
  }

  linkOf(name: string): Link | undefined {
    return this.#links.get(name);
  }

  /** The document that the peer gave this number. */
  linkByPeerIndex(index: number): Link | undefined {
    return this.#byPeerIndex.get(index);
  }

  /** Carries a document over this connection from now on. */
  subscribe(room: Room): void {
    if (this.#links.has(room.core.name)) return;
    this.#link(room).subscribe();
  }

  /** Stops carrying a document and tells the peer. */
  unsubscribe(name: string): void {
    const link = this.#links.get(name);
    if (link === undefined) return;
    link.acknowledge();
    this.#say({ type: "unsubscribe", index: link.room.index });
    this.#unlink(link);
  }

  send(plain: Uint8Array): void {
    if (this.#isEnded) return;
    if (this.transport.bufferedBytes > SESSION_BACKLOG_BYTES_MAX * BACKLOG_FACTOR_MAX) {
      this.#lost(`it has not read ${this.transport.bufferedBytes} bytes that wait for it`);
      return;
    }
    const frame = this.#packing === undefined ? plain : this.#packing.packed(plain);
    this.bytesSent += frame.length + webSocketHeaderBytes(frame.length, this.role === "client");
    this.transport.send(frame);
  }

  acknowledgeSoon(link: Link): void {
    this.#toAcknowledge.add(link);
    this.#cancelAcknowledge ??= this.#owner.host.platform.setTimer(
      () => this.#acknowledgeAll(),
      ACKNOWLEDGE_WITHIN_MS,
      { background: true },
    );
  }

  progressed(link: Link): void {
    this.#owner.progressed(this, link);
  }

  stored(core: DocumentCore): Promise<void> {
    return this.#owner.host.durable(core);
  }

  resumeBelow(bytes: number, outbound: Outbound): void {
    this.#draining.add(bytes, outbound);
  }

  /** Ends the connection because of `error` (said to the peer), or as asked when there is none. */
  close(error?: CrdtError, retry: Retry = "yes"): void {
    if (this.#isEnded) return;
    if (error === undefined) this.#acknowledgeAll();
    else this.#say({ type: "goodbye", retry, code: error.code, explanation: error.message });
    this.transport.close(error === undefined ? CLOSE_NORMAL : CLOSE_PROTOCOL_ERROR);
    this.#end({ error, retry });
  }

  /** Resolves when the peer was told what was merged of what it sent, and stored where there is a store. */
  async settle(): Promise<void> {
    for (let round = 0; round < SETTLE_ROUNDS && !this.#isEnded; round++) {
      const untold = [...this.#links.values()].filter((link) => link.hasUntold);
      for (const link of untold) link.acknowledge();
      await Promise.all(untold.map((link) => this.stored(link.room.core).catch(() => undefined)));
      for (const link of untold) link.acknowledge();
      if (untold.length === 0) return;
    }
  }

  /** Sends the peer away with a close code and its reason. */
  dismiss(code: number, reason: string): void {
    if (this.#isEnded) return;
    this.#acknowledgeAll();
    this.transport.close(code, reason);
    this.#end({ error: undefined, retry: "yes" });
  }

  get #spoken(): readonly Extension[] {
    return [...this.#owner.extensions, ...this.access.extensions];
  }

  #say(message: Message): void {
    this.send(encodeMessage(message));
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isEnded) return;
    this.bytesReceived += bytes.length + webSocketHeaderBytes(bytes.length, this.role === "server");
    this.heartbeat.heard();
    try {
      this.#rate?.took(bytes.length);
      this.#dispatch(bytes);
    } catch (error) {
      this.#fail(error);
    }
  }

  #dispatch(bytes: Uint8Array): void {
    const type = messageTypeOf(bytes);
    if (this.#greeting === undefined) {
      if (type !== "hello" && type !== "goodbye") throw malformed("the peer did not begin with hello");
      if (type === "hello") this.#checkVersions(bytes);
    }
    if (bytes[0] === PACKED_TYPE && this.#packing !== undefined) {
      const frame = decodePacked(bytes);
      this.#rate?.grew(frame.length - bytes.length);
      this.#dispatch(frame);
      return;
    }
    if (isExtensionType(bytes[0])) {
      this.#extensions.receive(bytes);
      return;
    }
    if (type !== "stream") {
      this.#handle(decodeMessage(bytes));
      return;
    }
    const frame = new StreamFrame(bytes);
    const link = this.#byPeerIndex.get(frame.index);
    if (link === undefined) return;
    this.#check(link, "write");
    link.inbound.stream(frame);
    this.#merged(link);
  }

  #handle(message: Message): void {
    switch (message.type) {
      case "hello":
        this.#greeted(message);
        return;
      case "goodbye":
        this.#goodbye(message);
        return;
      case "subscribe":
        this.#subscribed(message);
        return;
      case "refuse":
        this.#refused(message.name);
        this.#owner.refused(this, message.name, message.explanation);
        return;
      case "ping":
        this.#say({ type: "pong", token: message.token });
        return;
      case "pong":
        this.heartbeat.answered(message.token);
        return;
      case "clock":
        this.#owner.host.reportClock(message.isReceiverAhead ? message.offMs : -message.offMs, this);
        return;
      default:
        this.#handOver(message);
    }
  }

  /** Frames of documents this connection no longer carries may still be on their way: they are dropped. */
  #handOver(message: DocumentMessage): void {
    const link = this.#byPeerIndex.get(message.index);
    if (link === undefined) {
      if (message.type === "unsubscribe") this.#forgetOpening(message.index);
      return;
    }
    this.#check(link, BRINGING.has(message.type) ? "write" : "read");
    switch (message.type) {
      case "unsubscribe":
        this.#unlink(link);
        break;
      case "answer":
        link.inbound.answer(message);
        this.#merged(link);
        break;
      case "start":
        link.inbound.start(message);
        this.#checkRepairs(link);
        break;
      case "dictionary":
        link.inbound.define(message);
        this.#checkRepairs(link);
        break;
      case "ack":
        link.acknowledged(message);
        this.#checkRepairs(link);
        break;
      case "probe":
        link.probed(message);
        break;
      case "report":
        link.reported(message);
        break;
    }
  }

  /** Looks whether the peer may send this. Errors: access-denied. */
  #check({ right, room }: Link, needed: Right): void {
    this.access.check(right, needed, room.core.name);
  }

  #checkVersions(bytes: Uint8Array): void {
    const error = judgeVersions(OWN_VERSIONS, readVersions(bytes));
    if (error !== undefined) throw new Fatal(error, "no");
  }

  #greeted(hello: Hello): void {
    if (this.#greeting !== undefined) throw malformed("a second hello");
    const refusal = judgeIdentities(this.#ownHello, hello);
    if (refusal !== undefined) throw new Fatal(refusal.error, refusal.retry);
    this.#greeting = hello;
    if (hello.features & FEATURES.packed) this.#packing = this.#owner.packing;
    this.#judgeClock(hello);
    this.access.greeted(hello, this.transport.certificate);
    this.#extensions.open(this.access.extensions, this.#asPeer());
    if (!this.access.isAwaited(hello)) this.#welcome();
  }

  #asPeer(): ExtensionPeer {
    return extensionPeerOf(this, this.#greeting!, this.#owner.visibleTo(this));
  }

  /** Both ends know and admit each other: nothing but access is spoken before. */
  #welcome(): void {
    this.#isWelcome = true;
    this.#cancelHandshake();
    this.#extensions.open(this.#owner.extensions, this.#asPeer());
    this.#owner.greeted(this);
    this.heartbeat.start();
  }

  /** Half a round trip is part of the difference; the limit is a minute, so it does not matter. */
  #judgeClock(hello: Hello): void {
    const { host } = this.#owner;
    this.clockOffMs = hello.clockMs - host.platform.now();
    const offMs = Math.abs(this.clockOffMs);
    if (offMs <= host.driftLimitMs) return;
    this.#say({ type: "clock", offMs, isReceiverAhead: this.clockOffMs > 0 });
    host.reportClock(this.clockOffMs, this);
    const { clockOffMaxMs } = this.#owner;
    if (offMs <= clockOffMaxMs) return;
    throw new CrdtError(
      "protocol-error",
      `the clocks of the two ends differ by ${offMs} ms, at most ${clockOffMaxMs} are allowed: set the wrong one`,
    );
  }

  #goodbye(message: Extract<Message, { type: "goodbye" }>): void {
    const error = errorOfGoodbye(this.transport.peer, message.code, message.explanation);
    this.transport.close(CLOSE_NORMAL);
    this.#end({ error, retry: message.retry });
  }

  #subscribed(message: Subscribe): void {
    const link = this.#links.get(message.name);
    if (link !== undefined) {
      this.#check(link, "read");
      this.#joined(link, message, false);
      return;
    }
    if (this.role === "client") return;
    if (this.#opening.has(message.name)) {
      this.#opening.set(message.name, message);
      return;
    }
    try {
      const room = this.#owner.roomFor(this, message.name);
      if (room instanceof Room) this.#joined(this.#link(room), message, true);
      else this.#joinLater(room, message);
    } catch (error) {
      this.#refuse(message.name, error);
    }
  }

  #joinLater(opening: Promise<Room>, message: Subscribe): void {
    const { name } = message;
    this.#opening.set(name, message);
    opening
      .then((room) => {
        const latest = this.#takeOpening(name);
        if (this.#isEnded || latest === undefined) this.#owner.vacated(room);
        else this.#joined(this.#link(room), latest, true);
      })
      .catch((error: unknown) => {
        this.#opening.delete(name);
        this.#refuse(name, error);
      });
  }

  #takeOpening(name: string): Subscribe | undefined {
    const message = this.#opening.get(name);
    this.#opening.delete(name);
    return message;
  }

  /** The peer gave up a document before it was open. */
  #forgetOpening(index: number): void {
    for (const [name, message] of this.#opening) {
      if (message?.index === index) this.#opening.set(name, undefined);
    }
  }

  #joined(link: Link, message: Subscribe, isNew: boolean): void {
    const known = this.#byPeerIndex.get(message.index);
    if (known !== undefined && known !== link)
      throw malformed(`index ${message.index} given to two documents`);
    const { core } = link.room;
    if (message.vector.get(core.replica) > core.versionVector.get(core.replica)) {
      this.#owner.host.rotateId("id-taken");
    }
    const { peerIndex } = link;
    if (peerIndex !== undefined) this.#byPeerIndex.delete(peerIndex);
    this.#byPeerIndex.set(message.index, link);
    if (isNew) link.subscribe();
    link.subscribed(message, this.access.mayWrite(core.name));
    if (peerIndex === undefined) this.#extensions.joined(link);
  }

  #refuse(name: string, error: unknown): void {
    if (!(error instanceof Refused)) {
      this.#fail(error);
      return;
    }
    this.#say({ type: "refuse", name, reason: error.reason, explanation: error.message });
  }

  #refused(name: string): void {
    const link = this.#links.get(name);
    if (link !== undefined) this.#unlink(link);
  }

  #link(room: Room): Link {
    const link = new Link(room, this, this.access.rightNow(room.core.name));
    this.#links.set(room.core.name, link);
    return link;
  }

  #unlink(link: Link): void {
    link.close();
    this.#links.delete(link.room.core.name);
    if (link.peerIndex !== undefined) this.#byPeerIndex.delete(link.peerIndex);
    this.#toAcknowledge.delete(link);
    this.#draining.remove(link.outbound);
    this.#owner.left(this, link);
  }

  #merged(link: Link): void {
    this.#checkRepairs(link);
    if (link.inbound.merged.size > 0) this.acknowledgeSoon(link);
  }

  /** Each repair says a whole vector: a peer that never fits must not have them for nothing. */
  #checkRepairs({ inbound, room }: Link): void {
    if (inbound.repairs <= STREAM_REPAIRS_MAX) return;
    throw malformed(`document "${room.core.name}" did not fit ${inbound.repairs} times in a row`);
  }

  #acknowledgeAll(): void {
    this.#cancelAcknowledge?.();
    this.#cancelAcknowledge = undefined;
    const links = [...this.#toAcknowledge];
    this.#toAcknowledge.clear();
    for (const link of links) link.acknowledge();
  }

  /** Nobody stands behind a timer: what fails there ends this connection, not the process. */
  #tick(): void {
    try {
      this.#repairOverdue();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** What a transport lost in spite of its promise is asked for again. */
  #repairOverdue(): void {
    for (const link of this.#links.values()) link.repairOverdue();
  }

  #greetingOverdue(): void {
    if (this.#greeting === undefined) this.#lost("it did not say hello in time");
    else if (!this.#isWelcome) this.#lost("nobody was admitted in time");
  }

  #fail(failure: unknown): void {
    const { error, retry } = endOf(failure);
    this.close(error, retry);
  }

  /** A peer that we do not read has not fallen silent. */
  #silent(silentMs: number): void {
    if (this.#rate?.isPaused) this.heartbeat.heard();
    else this.#lost(`nothing was heard for ${Math.round(silentMs)} ms`);
  }

  #lost(reason: string): void {
    const error = new CrdtError(
      "connection-closed",
      `the connection to ${this.transport.peer} was dropped: ${reason}; it is opened again by itself where it was made with connect()`,
    );
    this.transport.terminate();
    this.#end({ error, retry: "yes" });
  }

  #closed(close: TransportClose): void {
    const error = errorOfClose(this.transport.peer, close);
    this.#end({ error, retry: "yes", retryAfterMs: retryAfterOf(close) });
  }

  #end(end: SessionEnd): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#cancelHandshake();
    this.#cancelAcknowledge?.();
    this.#rate?.close();
    this.heartbeat.stop();
    for (const link of [...this.#links.values()]) this.#unlink(link);
    this.#extensions.close();
    this.access.close();
    this.#owner.ended(this, end);
  }
}
