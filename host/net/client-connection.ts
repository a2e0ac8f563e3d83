// A lasting link to a relay: one session after another, with a growing random pause between them. What happens while
// there is none stays in the documents; their vectors bring it over when the next session subscribes.
import { CrdtError, isCrdtError } from "../errors.ts";
import { callListener } from "../replica/call-listener.ts";
import type { DocumentCore } from "../replica/document-core.ts";
import type { Connection, ConnectionStatus, ConnectOptions, WriteProgress } from "../replica/ports.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import { randomFraction } from "./draining.ts";
import type { Hub } from "./hub.ts";
import type { Link } from "./link.ts";
import { PeerReports, type ReportSource } from "./peer-reports.ts";
import { type RelayAddress, RelayChoice } from "./relay-choice.ts";
import type { Session } from "./session.ts";
import type { SessionEnd } from "./session-errors.ts";
import { type ProgressListener, WriteProgressBook } from "./write-progress.ts";

/** A connection that held so long starts the next pauses from the shortest. */
const HELD_MS = 5_000;
const NEW_IDS_MAX = 3;
/** Clients that lose a relay turn to another within so many milliseconds, not all at once. */
const MOVE_WITHIN_MS = 200;

export interface SyncOptions {
  /** Also wait until the peer has stored it; for peers with a store. */
  readonly isStored?: boolean;
}

export class ClientConnection implements Connection, ReportSource {
  readonly #hub: Hub;
  readonly #options: ConnectOptions;
  readonly #choice: RelayChoice;
  readonly #reports: PeerReports;
  readonly #statusListeners = new Set<(status: ConnectionStatus) => void>();
  readonly #progress: WriteProgressBook;
  #status: ConnectionStatus = "connecting";
  #session: Session | undefined;
  #peer: ReplicaId | undefined;
  #error: CrdtError | undefined;
  #earlierSent = 0;
  #earlierReceived = 0;
  #openedAtMs = 0;
  #newIds = 0;
  /** Where it leads, or is about to. */
  #address: RelayAddress;
  readonly #stopHearing: () => void;
  #cancelRetry: () => void = () => {};
  #changed: () => void = () => {};
  #change!: Promise<void>;

  /** Errors: invalid-argument. */
  constructor(urls: readonly string[], options: ConnectOptions, hub: Hub) {
    this.#hub = hub;
    this.#options = options;
    const { platform } = hub.host;
    const { key = hub.host.id } = options;
    this.#choice = new RelayChoice(urls, key, hub.relayBook, (url) => hub.workAt(url, this));
    this.#address = this.#choice.next(platform.monotonicMs()).address;
    this.#reports = new PeerReports(this, platform);
    this.#progress = new WriteProgressBook(hub.host, (name) => this.#session?.linkOf(name));
    this.#stopHearing = platform.onNetworkBack?.(() => this.#networkBack()) ?? (() => {});
    this.#renewChange();
  }

  /** The address it leads to now, or tries next. */
  get url(): string {
    return this.#address.url;
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

  /** Opens the first session at the first address that gives one. Errors: connection-failed, protocol-error. */
  async open(): Promise<void> {
    const untried = new Set(this.#choice.addresses);
    for (;;) {
      const end = await this.#connect();
      if (end === undefined) return;
      if (this.#takeNewId(end)) continue;
      this.#failed(end);
      untried.delete(this.#address);
      const next = this.#choice.addresses.find((address) => untried.has(address));
      if (next === undefined || this.#status === "closed") {
        this.#finish(end.error);
        throw end.error;
      }
      this.#address = next;
    }
  }

  async synced(document?: { readonly name: string } | string, options: SyncOptions = {}): Promise<void> {
    const isStored = options.isStored ?? false;
    await Promise.all(this.#coresOf(document).map((core) => this.#reports.synced(core, isStored)));
  }

  async durable(document?: { readonly name: string } | string): Promise<void> {
    await Promise.all(this.#coresOf(document).map((core) => this.#reports.durable(core)));
  }

  progress(document: { readonly name: string } | string): WriteProgress {
    return this.#progress.of(this.#coresOf(document)[0]!);
  }

  onProgress(listener: ProgressListener): () => void {
    return this.#progress.listen(listener);
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
  left(session: Session, link: Link): void {
    this.progressed(session, link);
  }

  /** The peer said what it has merged or stored. */
  progressed(session: Session, link: Link): void {
    if (session === this.#session) this.#progress.changed(link);
  }

  /** A round trip was measured. */
  measured(session: Session, ms: number): void {
    if (session === this.#session) this.#address.measured(ms);
  }

  async revoke(credentialId: string): Promise<void> {
    (await this.openSession()).access.askToRevoke(credentialId);
  }

  async openSession(): Promise<Session> {
    while (this.#session === undefined || !this.#session.isOpen) {
      if (this.#status === "closed") throw this.#error ?? closedError(this.url);
      await this.#change;
    }
    return this.#session;
  }

  /** The open documents, or the one of that name. Errors: document-closed. */
  #coresOf(document: { readonly name: string } | string | undefined): DocumentCore[] {
    const name = typeof document === "object" ? document.name : document;
    const cores = [...this.#hub.host.documents()].filter((core) => name === undefined || core.name === name);
    if (name === undefined || cores.length > 0) return cores;
    throw new CrdtError(
      "document-closed",
      `document "${name}" is not open; open it before asking how far it is`,
    );
  }

  #offlineLag(core: DocumentCore): number {
    return Math.max(0, core.versionVector.get(core.replica) - this.#progress.mergedOf(core));
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
    const session = this.#session;
    this.#session = undefined;
    if (session !== undefined) {
      this.#earlierSent += session.bytesSent;
      this.#earlierReceived += session.bytesReceived;
      this.#progress.lost();
      if (this.#hub.host.platform.monotonicMs() - this.#openedAtMs > HELD_MS) {
        this.#address.held();
        this.#newIds = 0;
      }
    }
    if (wasOpen) this.#retry(end);
  }

  /** Connects again when the end allows it: elsewhere at once if there is an elsewhere, else when it may. */
  #retry(end: SessionEnd): void {
    if (this.#status === "closed") return;
    this.#error = end.error;
    const pauseMs = this.#takeNewId(end) ? 0 : this.#pauseAfter(end);
    if (pauseMs === Number.POSITIVE_INFINITY) {
      this.#finish(end.error);
      return;
    }
    this.#setStatus("waiting");
    this.#cancelRetry = this.#hub.host.platform.setTimer(() => this.#connectAgain(), pauseMs);
  }

  /** Chooses the next address and answers how long to wait for it; for ever when none is left. */
  #pauseAfter(end: SessionEnd): number {
    const { platform } = this.#hub.host;
    this.#failed(end);
    const { address, waitMs } = this.#choice.next(platform.monotonicMs());
    const isElsewhere = address !== this.#address;
    this.#address = address;
    return isElsewhere && waitMs === 0 ? MOVE_WITHIN_MS * randomFraction(platform) : waitMs;
  }

  /** One that wants nothing to do with us is not asked again. */
  #failed(end: SessionEnd): void {
    const nowMs = this.#hub.host.platform.monotonicMs();
    this.#address.failed(nowMs, end.retry === "no" ? Number.POSITIVE_INFINITY : end.retryAfterMs);
  }

  /** What grew while there was no network says nothing of the relays. */
  #networkBack(): void {
    const { platform } = this.#hub.host;
    const nowMs = platform.monotonicMs();
    for (const address of this.#choice.addresses) address.networkBack(nowMs);
    if (this.#status !== "waiting") return;
    const { address, waitMs } = this.#choice.next(nowMs);
    if (waitMs > 0) return;
    this.#address = address;
    this.#cancelRetry();
    const pauseMs = MOVE_WITHIN_MS * randomFraction(platform);
    this.#cancelRetry = platform.setTimer(() => this.#connectAgain(), pauseMs);
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
    this.#stopHearing();
    this.#hub.forget(this);
    this.#progress.close();
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
}

function closedError(url: string): CrdtError {
  return new CrdtError("connection-closed", `the connection to "${url}" is closed; call connect() again`);
}

function asConnectionError(error: unknown, url: string): CrdtError {
  if (isCrdtError(error)) return error;
  return new CrdtError("connection-failed", `cannot connect to "${url}": ${error}`, { cause: error });
}
