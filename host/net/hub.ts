// The networking of one replica: its connections, and one room for each document that at least one of them carries.
// Clients subscribe to what the replica has open, now and later; servers open what they are asked for.
import { CrdtError } from "../errors.ts";
import { DOCUMENT_NAME_BYTES_MAX, SESSION_DOCUMENTS_MAX, UNADMITTED_DOCUMENTS_MAX } from "../limits.ts";
import type { Transport } from "../platform/transport.ts";
import { callListener } from "../replica/call-listener.ts";
import type { DocumentCore } from "../replica/document-core.ts";
import type {
  ConnectOptions,
  CredentialSource,
  DocumentPresence,
  DocumentSync,
  Network,
  ReplicaHost,
  SyncAllOptions,
} from "../replica/ports.ts";
import { type ReplicaId, replicaIdFromRandomBytes } from "../wire/replica-id.ts";
import { ClientConnection } from "./client-connection.ts";
import { type DrainOptions, drainSessions } from "./draining.ts";
import type { Extension } from "./extension.ts";
import { malformed } from "./frame-reader.ts";
import type { Guard } from "./guard.ts";
import { idTaken, type Role } from "./handshake.ts";
import { IdleDocuments } from "./idle-documents.ts";
import { checkRate, type RateOptions } from "./inbound-rate.ts";
import type { Link } from "./link.ts";
import { REFUSALS } from "./messages.ts";
import type { Pacing } from "./pacing.ts";
import { Packing } from "./packing.ts";
import { PresenceExchange } from "./presence-exchange.ts";
import { Reconciliation } from "./reconciliation/reconciliation.ts";
import { RelayBook } from "./relay-choice.ts";
import { Room } from "./room.ts";
import { Session } from "./session.ts";
import { Fatal, Refused, type SessionEnd } from "./session-errors.ts";
import type { SessionOwner, SessionTiming } from "./session-owner.ts";

export interface NetworkOptions {
  /** What peers see this replica called; for people. */
  readonly label?: string;
  /** Documents one connection may ask this replica for. */
  readonly documentsMax?: number;
  /** Whether a peer may ask for a document; every one may unless said otherwise. */
  readonly allowDocument?: (name: string, peer: ReplicaId) => boolean;
  /** Who may come in, and what they may do; everybody everything unless given. */
  readonly guard?: Guard;
  /** Peers whose clock is off by more are refused; without it they are told and served. */
  readonly clockOffMaxMs?: number;
  /** Whether large frames are compressed for peers that can take it; they are unless said otherwise. */
  readonly packsFrames?: boolean;
  /** What each peer that connects may send: beyond it is not read for a while, and far beyond it is disconnected. */
  readonly rate?: RateOptions;
  /** How long a document that was opened for a peer stays open when no connection carries it, if there is a store. */
  readonly idleDocumentMs?: number;
  /** Delays what is sent of a document, asked once for each; nothing is delayed beyond its turn unless given. */
  readonly pacing?: () => Pacing;
  readonly timing?: Partial<SessionTiming>;
}

/** Something that happened on a connection and that nobody was waiting for. */
export interface NetworkEvent {
  readonly kind: "joined" | "left" | "refused";
  readonly session: Session;
  /** What ended the connection, or what was refused. */
  readonly message: string;
}

const TIMING: SessionTiming = { heartbeatMs: 10_000, repairMs: 5_000, handshakeMs: 10_000 };
const IDLE_DOCUMENT_MS = 60_000;
const CLOSE_POLL_MS = 2;
const CLOSE_WITHIN_MS = 1_000;

export class Hub implements Network, SessionOwner {
  readonly host: ReplicaHost;
  readonly incarnation: ReplicaId;
  /** What is known of relays, over all connections to them. */
  readonly relayBook: RelayBook;
  label = "";
  timing: SessionTiming = TIMING;
  clockOffMaxMs = Number.POSITIVE_INFINITY;
  guard: Guard | undefined;
  packing: Packing | undefined = new Packing();
  rate: RateOptions | undefined;
  #pacing: (() => Pacing) | undefined;
  #documentsMax = SESSION_DOCUMENTS_MAX;
  #allowDocument: ((name: string, peer: ReplicaId) => boolean) | undefined;
  readonly #reconciliation: Reconciliation;
  readonly #extensions: Extension[] = [];
  readonly #presence: PresenceExchange;
  readonly #rooms = new Map<string, Room>();
  /** Documents opened for a peer: they stay open when the application here closes its view. */
  readonly #served = new WeakSet<DocumentCore>();
  readonly #idle: IdleDocuments;
  readonly #sessions = new Set<Session>();
  readonly #ends = new Map<Session, (end: SessionEnd) => void>();
  readonly #greetings = new Map<Session, (session: Session) => void>();
  readonly #connections = new Set<ClientConnection>();
  readonly #listeners = new Set<(event: NetworkEvent) => void>();
  readonly #stopListening: readonly (() => void)[];
  #nextIndex = 0;
  #isClosed = false;

  constructor(host: ReplicaHost, options: NetworkOptions = {}) {
    this.host = host;
    this.incarnation = replicaIdFromRandomBytes(host.platform.randomBytes(8));
    this.relayBook = new RelayBook(host.platform);
    this.#presence = new PresenceExchange(host);
    this.#extensions.push(this.#presence);
    this.#idle = new IdleDocuments(
      host,
      IDLE_DOCUMENT_MS,
      (core) => this.#rooms.get(core.name)?.core === core,
    );
    this.configure(options);
    this.#reconciliation = new Reconciliation(host);
    this.extend(this.#reconciliation);
    this.#stopListening = [
      host.onOpen((core) => this.#opened(core)),
      host.onClose((core) => this.#closing(core)),
    ];
  }

  /** Changes what is given; it counts for connections made from now on. */
  configure(options: NetworkOptions): void {
    this.label = options.label ?? this.label;
    this.clockOffMaxMs = options.clockOffMaxMs ?? this.clockOffMaxMs;
    if (options.packsFrames !== undefined) this.packing = options.packsFrames ? new Packing() : undefined;
    if (options.rate !== undefined) checkRate(options.rate);
    this.rate = options.rate ?? this.rate;
    if (options.idleDocumentMs !== undefined) this.#idle.closeAfterMs = options.idleDocumentMs;
    this.timing = { ...this.timing, ...options.timing };
    this.guard = options.guard ?? this.guard;
    this.#pacing = options.pacing ?? this.#pacing;
    this.#documentsMax = Math.min(options.documentsMax ?? this.#documentsMax, SESSION_DOCUMENTS_MAX);
    this.#allowDocument = options.allowDocument ?? this.#allowDocument;
  }

  get extensions(): Iterable<Extension> {
    return this.#extensions;
  }

  /** Speaks `extension` on connections made from now on. */
  extend(extension: Extension): void {
    this.#extensions.push(extension);
    for (const room of this.#rooms.values()) extension.carry?.(room);
  }

  syncAll(options: SyncAllOptions): DocumentSync {
    this.#refuseClosed();
    return this.#reconciliation.start(options);
  }

  /** Which documents a peer may know of; undefined where it may all. */
  visibleTo(session: Session): ((name: string) => boolean) | undefined {
    const allow = this.#allowDocument;
    if (allow === undefined && this.guard === undefined) return undefined;
    return (name) =>
      session.access.rightNow(name) !== "none" && (allow?.(name, session.hello!.replica) ?? true);
  }

  /** The connections that finished their handshake. */
  get sessions(): Session[] {
    return [...this.#sessions].filter((session) => session.isOpen);
  }

  /** Rooms of the documents at least one connection carries. */
  get rooms(): Iterable<Room> {
    return this.#rooms.values();
  }

  async connect(url: string | readonly string[], options: ConnectOptions = {}): Promise<ClientConnection> {
    this.#refuseClosed();
    const connection = new ClientConnection(typeof url === "string" ? [url] : url, options, this);
    this.#connections.add(connection);
    try {
      await connection.open();
    } catch (error) {
      this.#connections.delete(connection);
      throw error;
    }
    return connection;
  }

  /** What other connections than `asking` have under way at an address: themselves, and what is not acknowledged. */
  workAt(url: string, asking: ClientConnection): number {
    let work = 0;
    for (const connection of this.#connections) {
      if (connection !== asking && connection.url === url) work += 1 + connection.lag;
    }
    return work;
  }

  presence(name: string): DocumentPresence {
    this.#refuseClosed();
    return this.#presence.of(name);
  }

  connections(): readonly ClientConnection[] {
    return [...this.#connections];
  }

  /** Speaks over a transport. `greeted` may be called before this returns, `ended` is called in any case. */
  attach(
    transport: Transport,
    role: Role,
    greeted: (session: Session) => void = () => {},
    ended: (end: SessionEnd) => void = () => {},
    credential?: CredentialSource,
  ): Session {
    this.#refuseClosed();
    const session = new Session(transport, role, this, credential);
    this.#sessions.add(session);
    this.#greetings.set(session, greeted);
    this.#ends.set(session, ended);
    session.begin();
    return session;
  }

  onEvent(listener: (event: NetworkEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  forget(connection: ClientConnection): void {
    this.#connections.delete(connection);
  }

  /** Confirms to the peers that connected here what was merged and stored, and sends them away with a hint. */
  async drain(options: DrainOptions = {}): Promise<void> {
    for (const room of this.#rooms.values()) {
      room.core.flushLocal();
      room.flush();
    }
    const sessions = [...this.#sessions].filter(({ role }) => role === "server");
    await drainSessions(sessions, this.host.platform, options);
    await this.#drained(sessions);
  }

  /** Says goodbye everywhere, and waits until what was sent has left. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stop of this.#stopListening) stop();
    this.#presence.close();
    this.#idle.stop();
    this.#reconciliation.stop();
    const sessions = [...this.#sessions];
    for (const room of this.#rooms.values()) {
      room.core.flushLocal();
      room.flush();
    }
    await Promise.all(this.connections().map((connection) => connection.close()));
    for (const session of sessions) session.close();
    await this.#drained(sessions);
  }

  greeted(session: Session): void {
    const { replica, incarnation } = session.hello!;
    for (const other of this.#sessions) {
      if (other === session || other.hello?.replica !== replica) continue;
      if (other.hello.incarnation !== incarnation) throw new Fatal(idTaken(replica), "new-id");
    }
    this.#emit({ kind: "joined", session, message: "" });
    this.#greetings.get(session)?.(session);
    if (session.role === "client") {
      for (const core of this.host.documents()) session.subscribe(this.#roomOf(core));
    }
    this.#reconciliation.joined(session.transport);
  }

  roomFor(session: Session, name: string): Room | Promise<Room> {
    if (session.documents >= this.#documentsMax) {
      throw new Refused(
        REFUSALS.tooMany,
        `a connection may carry ${this.#documentsMax} documents, open another`,
      );
    }
    const { access } = session;
    if (access.isPending && session.documents >= UNADMITTED_DOCUMENTS_MAX) {
      throw malformed(`more than ${UNADMITTED_DOCUMENTS_MAX} documents asked for before being admitted`);
    }
    if (access.isPending) return access.rightOf(name).then(() => this.#roomOnceAdmitted(session, name));
    return this.#roomOnceAdmitted(session, name);
  }

  #roomOnceAdmitted(session: Session, name: string): Room | Promise<Room> {
    const nameBytes = new TextEncoder().encode(name).length;
    if (nameBytes === 0 || nameBytes > DOCUMENT_NAME_BYTES_MAX || this.visibleTo(session)?.(name) === false) {
      throw new Refused(REFUSALS.notAllowed, `this relay does not serve document "${name}" to this replica`);
    }
    const room = this.#rooms.get(name);
    return room !== undefined && this.#served.has(room.core) ? room : this.#openRoom(name);
  }

  refused(session: Session, name: string, explanation: string): void {
    this.#emit({ kind: "refused", session, message: `document "${name}" was refused: ${explanation}` });
  }

  left(session: Session, link: Link): void {
    for (const connection of this.#connections) connection.left(session, link);
    this.vacated(link.room);
  }

  progressed(session: Session, link: Link): void {
    for (const connection of this.#connections) connection.progressed(session, link);
  }

  measured(session: Session, roundTripMs: number): void {
    for (const connection of this.#connections) connection.measured(session, roundTripMs);
  }

  vacated(room: Room): void {
    if (room.links > 0 || this.#rooms.get(room.core.name) !== room) return;
    this.#rooms.delete(room.core.name);
    room.close();
    if (this.#served.has(room.core)) this.#idle.vacated(room.core);
  }

  ended(session: Session, end: SessionEnd): void {
    this.#sessions.delete(session);
    const ended = this.#ends.get(session);
    this.#ends.delete(session);
    this.#greetings.delete(session);
    if (session.hello !== undefined) this.#emit({ kind: "left", session, message: end.error?.message ?? "" });
    ended?.(end);
  }

  async #openRoom(name: string): Promise<Room> {
    try {
      const core = await this.host.openCore(name);
      this.#served.add(core);
      return this.#roomOf(core);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Refused(REFUSALS.cannotOpen, reason);
    }
  }

  #roomOf(core: DocumentCore): Room {
    const known = this.#rooms.get(core.name);
    if (known?.core === core) return known;
    const room = new Room(core, this.#nextIndex++, this.host.platform, this.#pacing?.());
    this.#rooms.set(core.name, room);
    for (const extension of this.#extensions) extension.carry?.(room);
    return room;
  }

  #opened(core: DocumentCore): void {
    for (const session of this.sessions) {
      if (session.role === "client") session.subscribe(this.#roomOf(core));
    }
  }

  #closing(core: DocumentCore): void {
    this.#presence.documentClosing(core.name);
    core.flushLocal();
    this.#rooms.get(core.name)?.flush();
    for (const session of this.sessions) session.unsubscribe(core.name);
  }

  #emit(event: NetworkEvent): void {
    for (const listener of [...this.#listeners]) callListener(listener, event);
  }

  #refuseClosed(): void {
    if (!this.#isClosed) return;
    throw new CrdtError("connection-closed", "this replica is closed; create another to connect");
  }

  async #drained(sessions: readonly Session[]): Promise<void> {
    const { platform } = this.host;
    const startMs = platform.monotonicMs();
    while (sessions.some((session) => session.bufferedBytes > 0)) {
      if (platform.monotonicMs() - startMs > CLOSE_WITHIN_MS) return;
      await new Promise<void>((resolve) => platform.setTimer(resolve, CLOSE_POLL_MS));
    }
  }
}

const hubs = new WeakMap<ReplicaHost, Hub>();

/** The one hub of a replica, made at the first call. */
export function hubOf(host: ReplicaHost, options: NetworkOptions = {}): Hub {
  let hub = hubs.get(host);
  if (hub === undefined) {
    hub = new Hub(host, options);
    hubs.set(host, hub);
  } else hub.configure(options);
  return hub;
}
