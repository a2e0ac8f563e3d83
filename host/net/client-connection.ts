// A lasting link to a relay: one session after another, with a growing random pause between them. What happens while
// there is none stays in the documents; their vectors bring it over when the next session subscribes.
import { CrdtError, isCrdtError } from "../errors.ts";
import { callListener } from "../replica/call-listener.ts";
import type { DocumentCore } from "../replica/document-core.ts";
import type { Connection, ConnectionStatus, ConnectOptions } from "../replica/ports.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import type { VersionVector } from "../wire/version-vector.ts";
import { Backoff } from "./backoff.ts";
import type { Hub } from "./hub.ts";
import type { Link } from "./link.ts";
import { ACK_FLAGS, type Report } from "./messages.ts";
import type { Session } from "./session.ts";
import type { SessionEnd } from "./session-errors.ts";

/** A connection that held so long starts the next pauses from the shortest. */
const HELD_MS = 5_000;
const NEW_IDS_MAX = 3;
const SYNC_PAUSE_FIRST_MS = 2;
const SYNC_PAUSE_LONGEST_MS = 200;

export interface SyncOptions {
  /** Also wait until the peer has stored it; for peers with a store. */
  readonly isStored?: boolean;
}

export class ClientConnection implements Connection {
  readonly url: string;
  readonly #hub: Hub;
  readonly #options: ConnectOptions;
  readonly #backoff: Backoff;
  readonly #statusListeners = new Set<(status: ConnectionStatus) => void>();
  /** Own mutations acknowledged, of documents no session carries now. */
  readonly #acknowledged = new Map<string, { readonly replica: ReplicaId; readonly sequence: number }>();
  #status: ConnectionStatus = "connecting";
  #session: Session | undefined;
  #peer: ReplicaId | undefined;
  #error: CrdtError | undefined;
  #earlierSent = 0;
  #earlierReceived = 0;
  #openedAtMs = 0;
  #newIds = 0;
  #cancelRetry: () => void = () => {};
  #changed: () => void = () => {};
  #change!: Promise<void>;

  constructor(url: string, hub: Hub, options: ConnectOptions = {}) {
    this.url = url;
    this.#hub = hub;
    this.#options = options;
    this.#backoff = new Backoff(hub.host.platform);
    this.#renewChange();
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  get peer(): ReplicaId | undefined {
    return this.#peer;
  }

  /** Why there is no connection now; undefined while there is one. */
  get error(): CrdtError | undefined {
    return this.#error;
  }

  /** The last round trip in milliseconds; undefined before the first. */
  get roundTripMs(): number | undefined {
    return this.#session?.heartbeat.roundTripMs;
  }

  get lag(): number {
    let lag = 0;
    for (const core of this.#hub.host.documents()) {
      const link = this.#session?.linkOf(core.name);
      lag += link?.lag ?? this.#offlineLag(core);
    }
    return lag;
  }

  /** Bytes on the wire, WebSocket headers included. */
  get bytesSent(): number {
    return this.#earlierSent + (this.#session?.bytesSent ?? 0);
  }

  get bytesReceived(): number {
    return this.#earlierReceived + (this.#session?.bytesReceived ?? 0);
  }

  onStatus(listener: (status: ConnectionStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /** Opens the first session. Errors: connection-failed, protocol-error. */
  async open(): Promise<void> {
    for (;;) {
      const end = await this.#connect();
      if (end === undefined) return;
      if (this.#takeNewId(end)) continue;
      this.#finish(end.error);
      throw end.error;
    }
  }

  async synced(document?: { readonly name: string } | string, options: SyncOptions = {}): Promise<void> {
    const name = typeof document === "object" ? document.name : document;
    const cores = [...this.#hub.host.documents()].filter((core) => name === undefined || core.name === name);
    if (name !== undefined && cores.length === 0) {
      throw new CrdtError("document-closed", `document "${name}" is not open; open it before waiting for it`);
    }
    await Promise.all(cores.map((core) => this.#syncedOne(core, options.isStored ?? false)));
  }

  async close(): Promise<void> {
    if (this.#status === "closed") return;
    const session = this.#session;
    if (session !== undefined) {
      for (const { room } of session.links) {
        room.core.flushLocal();
        room.flush();
      }
    }
    this.#finish(undefined);
    session?.close();
  }

  /** A document is no longer carried by `session`: keep what it acknowledged. */
  left(session: Session, { room, outbound }: Link): void {
    if (session !== this.#session) return;
    const { replica } = room.core;
    this.#acknowledged.set(room.core.name, { replica, sequence: outbound.acknowledged.get(replica) });
  }

  #offlineLag(core: DocumentCore): number {
    const known = this.#acknowledged.get(core.name);
    const acknowledged = known?.replica === core.replica ? known.sequence : 0;
    return Math.max(0, core.versionVector.get(core.replica) - acknowledged);
  }

  /** One attempt; resolves after the handshake, or with what was in its way. */
  async #connect(): Promise<SessionEnd | undefined> {
    const { host } = this.#hub;
    try {
      const transport = await host.platform.connect(this.url, this.#options);
      if (this.#status === "closed") {
        transport.close();
        return { error: closedError(this.url), retry: "no" };
      }
      return await new Promise((resolve) => {
        const greeted = (session: Session) => {
          this.#greeted(session);
          resolve(undefined);
        };
        const ended = (end: SessionEnd) => {
          resolve(end);
          this.#ended(end);
        };
        this.#hub.attach(transport, "client", greeted, ended, this.#options.credential);
      });
    } catch (error) {
      return { error: asConnectionError(error, this.url), retry: "yes" };
    }
  }

  #greeted(session: Session): void {
    if (this.#status === "closed") {
      session.close();
      return;
    }
    this.#session = session;
    this.#peer = session.hello?.replica;
    this.#openedAtMs = this.#hub.host.platform.monotonicMs();
    this.#error = undefined;
    this.#setStatus("open");
  }

  #ended(end: SessionEnd): void {
    const wasOpen = this.#status === "open";
    this.#earlierSent += this.#session?.bytesSent ?? 0;
    this.#earlierReceived += this.#session?.bytesReceived ?? 0;
    this.#session = undefined;
    if (this.#hub.host.platform.monotonicMs() - this.#openedAtMs > HELD_MS) {
      this.#backoff.reset();
      this.#newIds = 0;
    }
    if (wasOpen) this.#retry(end);
  }

  /** Connects again when the end allows it. */
  #retry(end: SessionEnd): void {
    if (this.#status === "closed") return;
    this.#error = end.error;
    if (end.retry === "no") {
      this.#finish(end.error);
      return;
    }
    const pauseMs = this.#takeNewId(end) ? 0 : this.#backoff.nextMs();
    this.#setStatus("waiting");
    this.#cancelRetry = this.#hub.host.platform.setTimer(() => this.#connectAgain(), pauseMs);
  }

  #connectAgain(): void {
    this.#setStatus("connecting");
    this.#connect().then((end) => {
      if (end !== undefined) this.#retry(end);
    });
  }

  /** Takes a new id if the peer asked for it, a few times at most. */
  #takeNewId(end: SessionEnd): boolean {
    if (end.retry !== "new-id" || this.#newIds >= NEW_IDS_MAX) return false;
    this.#newIds++;
    this.#hub.host.rotateId("id-taken");
    return true;
  }

  #finish(error: CrdtError | undefined): void {
    this.#error = error;
    this.#cancelRetry();
    this.#hub.forget(this);
    this.#setStatus("closed");
  }

  #setStatus(status: ConnectionStatus): void {
    if (this.#status === status) return;
    this.#status = status;
    this.#changed();
    this.#renewChange();
    for (const listener of [...this.#statusListeners]) callListener(listener, status);
  }

  #renewChange(): void {
    this.#change = new Promise((resolve) => {
      this.#changed = resolve;
    });
  }

  async #syncedOne(core: DocumentCore, isStored: boolean): Promise<void> {
    const own = core.versionVector.clone();
    let theirs: VersionVector | undefined;
    for (let pauseMs = SYNC_PAUSE_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, SYNC_PAUSE_LONGEST_MS)) {
      const report = await this.#report(core, isStored);
      if (report !== undefined) {
        theirs ??= report.vector;
        const isAsAsked = !isStored || (report.flags & ACK_FLAGS.stored) !== 0;
        if (isAsAsked && report.vector.covers(own) && core.versionVector.covers(theirs)) return;
        if (!report.vector.covers(own)) this.#refuseReadOnly(core.name);
      }
      await this.#pause(pauseMs);
    }
  }

  /** What may not be written never arrives, however long one waits. */
  #refuseReadOnly(name: string): void {
    if (this.#session?.linkOf(name)?.isReadOnly !== true) return;
    throw new CrdtError(
      "access-denied",
      `"${this.url}" lets this replica read document "${name}", not write it: what was written here stays here`,
    );
  }

  /** The peer's report of a document; undefined when the connection ended first. */
  async #report(core: DocumentCore, isStored: boolean): Promise<Report | undefined> {
    while (this.#session === undefined || !this.#session.isOpen) {
      if (this.#status === "closed") throw this.#error ?? closedError(this.url);
      await this.#change;
    }
    const link = this.#session.linkOf(core.name);
    if (link === undefined) {
      throw new CrdtError(
        "connection-closed",
        `"${this.url}" does not carry document "${core.name}": it was refused there or closed here`,
      );
    }
    await link.joined;
    if (link.isClosed) return undefined;
    return new Promise((resolve) => link.probe(isStored, resolve));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#hub.host.platform.setTimer(resolve, ms));
  }
}

function closedError(url: string): CrdtError {
  return new CrdtError("connection-closed", `the connection to "${url}" is closed; call connect() again`);
}

function asConnectionError(error: unknown, url: string): CrdtError {
  if (isCrdtError(error)) return error;
  return new CrdtError("connection-failed", `cannot connect to "${url}": ${error}`, { cause: error });
}
