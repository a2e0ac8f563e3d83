// A replica: one id, one engine, the documents opened so far, and where they are kept. Stores and sessions see it as
// a ReplicaHost; applications see the Replica in front of it.
import type { Engine, ReplicaId } from "../engine/engine.ts";
import { CrdtError } from "../errors.ts";
import { DOCUMENT_NAME_BYTES_MAX } from "../limits.ts";
import type { Platform } from "../platform/platform.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import { hasLoneSurrogate } from "../wire/key-codec.ts";
import { readUint32, replicaIdFromRandomBytes } from "../wire/replica-id.ts";
import { callListener } from "./call-listener.ts";
import { type Document, type DocumentKeeper, openDocument } from "./document.ts";
import { type CoreOwner, type DeltaSource, DocumentCore } from "./document-core.ts";
import { DocumentState } from "./document-state.ts";
import type {
  Connection,
  ConnectOptions,
  DocumentPresence,
  DocumentStore,
  DocumentSync,
  Network,
  ReplicaHost,
  RotationReason,
  StoreEvent,
  SyncAllOptions,
} from "./ports.ts";
import { type ContainerDefinitions, loadContainers, type Schema, schema } from "./schema.ts";

/** What a replica reports about itself. */
export type ReplicaEvent =
  /** A timestamp or a peer's clock is further ahead than the drift limit. */
  | {
      readonly kind: "clock";
      readonly aheadMs: number;
      readonly source: string;
      readonly document: string | undefined;
    }
  /** The replica writes with another id from now on. */
  | {
      readonly kind: "replica-id";
      readonly id: ReplicaId;
      readonly previous: ReplicaId;
      readonly reason: RotationReason;
    }
  /** Appended points were refused when their turn ended, for that reason; they are kept, and tried again. */
  | { readonly kind: "refused"; readonly document: string; readonly error: CrdtError }
  /** The store noticed and survived something. */
  | { readonly kind: "store"; readonly event: StoreEvent };

export type ReplicaEventListener = (event: ReplicaEvent) => void;

export interface ReplicaParts {
  readonly platform: Platform;
  readonly engine: Engine;
  readonly id: ReplicaId;
  readonly driftLimitMs: number;
  readonly store: DocumentStore | undefined;
  readonly createNetwork: (host: ReplicaHost) => Promise<Network>;
}

/** Events kept for a listener that comes later: opening a store may already have something to say. */
const EVENTS_KEPT_MAX = 100;
const NO_CONTAINERS = schema({});
const hosts = new WeakMap<Replica, ReplicaHost>();

/** The side of a replica that stores, sessions and servers use. */
export function hostOf(replica: Replica): ReplicaHost {
  return hosts.get(replica)!;
}

export class Replica {
  readonly #host: Host;

  constructor(parts: ReplicaParts) {
    this.#host = new Host(parts);
    hosts.set(this, this.#host);
  }

  /** Who writes here; it may change, and an event says so. */
  get id(): ReplicaId {
    return this.#host.id;
  }

  get engineName(): Engine["name"] {
    return this.#host.engine.name;
  }

  /**
   * Opens a document, loading what is stored of it, with the containers of `documentSchema` as properties. Opening it again gives
   * another view of the same document. Errors: container-type, invalid-argument, store-corrupt.
   */
  async open<Definitions extends ContainerDefinitions = Record<never, never>>(
    name: string,
    documentSchema?: Schema<Definitions>,
  ): Promise<Document<Schema<Definitions>>> {
    return this.#host.openDocument(name, documentSchema ?? (NO_CONTAINERS as unknown as Schema<Definitions>));
  }

  /** The names of all documents, open or stored. */
  documentNames(): Promise<string[]> {
    return this.#host.documentNames();
  }

  /**
   * Links to a peer or relay; resolves after the handshake and keeps the link alive. With several addresses to one of
   * them, and to another when that is lost. Errors: access-denied, connection-failed, invalid-argument.
   */
  connect(url: string | readonly string[], options?: ConnectOptions): Promise<Connection> {
    return this.#host.connect(url, options);
  }

  connections(): readonly Connection[] {
    return this.#host.connections();
  }

  /** Who else is in an open document now, over the connections there are. Errors: document-closed. */
  presence(document: { readonly name: string } | string): Promise<DocumentPresence> {
    return this.#host.presence(typeof document === "string" ? document : document.name);
  }

  /**
   * Keeps every document in sync with every peer it connects to, also those that nobody has open: which ones differ is
   * found at each connect and from time to time, and only those travel. Without a store, what it fetches stays open.
   * Errors: invalid-argument.
   */
  syncAll(options: SyncAllOptions = {}): Promise<DocumentSync> {
    return this.#host.syncAll(options);
  }

  /** Tells `listener` what the replica noticed and notices: drifting clocks, a change of its id, events of its store. */
  subscribe(listener: ReplicaEventListener): () => void {
    return this.#host.subscribe(listener);
  }

  /** Closes links, documents and the store. */
  close(): Promise<void> {
    return this.#host.close();
  }
}

class Host implements ReplicaHost, CoreOwner, DocumentKeeper {
  readonly platform: Platform;
  readonly engine: Engine;
  readonly driftLimitMs: number;
  readonly #store: DocumentStore | undefined;
  readonly #createNetwork: (host: ReplicaHost) => Promise<Network>;
  readonly #cores = new Map<string, DocumentCore>();
  readonly #opening = new Map<string, Promise<DocumentCore>>();
  readonly #closing = new Map<string, Promise<void>>();
  readonly #states = new Map<DocumentCore, DocumentState>();
  /** How many views an application has open of a document. */
  readonly #views = new Map<DocumentState, number>();
  /** Documents that a session or server asked for stay open. */
  readonly #pinned = new Set<DocumentCore>();
  /** How many borrowers a document has. */
  readonly #borrowers = new Map<DocumentCore, number>();
  readonly #openListeners = new Set<(core: DocumentCore) => void>();
  readonly #closeListeners = new Set<(core: DocumentCore) => void>();
  readonly #idListeners = new Set<(id: ReplicaId, previous: ReplicaId) => void>();
  readonly #eventListeners = new Set<ReplicaEventListener>();
  readonly #events: ReplicaEvent[] = [];
  #id: ReplicaId;
  #network: Network | undefined;
  #networking: Promise<Network> | undefined;
  #closed: Promise<void> | undefined;

  constructor(parts: ReplicaParts) {
    this.platform = parts.platform;
    this.engine = parts.engine;
    this.#id = parts.id;
    this.driftLimitMs = parts.driftLimitMs;
    this.#store = parts.store;
    this.#createNetwork = parts.createNetwork;
    this.#store?.onEvent((event) => this.#tell({ kind: "store", event }));
  }

  get id(): ReplicaId {
    return this.#id;
  }

  get isStored(): boolean {
    return this.#store !== undefined && this.#store.isElsewhere !== true;
  }

  get storeFingerprint(): string | undefined {
    return this.#store?.fingerprint;
  }

  documents(): Iterable<DocumentCore> {
    return this.#cores.values();
  }

  async documentNames(): Promise<string[]> {
    const stored = (await this.#store?.names()) ?? [];
    return [...new Set([...stored, ...this.#cores.keys()])].sort();
  }

  async openCore(name: string): Promise<DocumentCore> {
    return this.#take(name, (core) => {
      this.#pinned.add(core);
      return core;
    });
  }

  async releaseCore(core: DocumentCore): Promise<void> {
    if (this.#pinned.delete(core)) await this.#closeUnused(core);
  }

  async *storedFingerprints(): AsyncGenerator<readonly [name: string, fingerprint: Fingerprint]> {
    for await (const stored of this.#store?.fingerprints() ?? []) {
      if (!this.#cores.has(stored[0])) yield stored;
    }
  }

  async borrowCore(name: string): Promise<DocumentCore> {
    return this.#take(name, (core) => {
      this.#borrowers.set(core, (this.#borrowers.get(core) ?? 0) + 1);
      return core;
    });
  }

  async returnCore(core: DocumentCore): Promise<void> {
    const borrowers = (this.#borrowers.get(core) ?? 0) - 1;
    if (borrowers > 0) this.#borrowers.set(core, borrowers);
    else this.#borrowers.delete(core);
    // Without a store it lives in memory alone, and would be gone with its core.
    if (this.#store === undefined) this.#pinned.add(core);
    else await this.#closeUnused(core);
  }

  async openDocument<Definitions extends ContainerDefinitions>(
    name: string,
    documentSchema: Schema<Definitions>,
  ): Promise<Document<Schema<Definitions>>> {
    const containers = await loadContainers(documentSchema.containers);
    const state = await this.#take(name, (core) => {
      const taken = this.#stateOf(core);
      this.#views.set(taken, (this.#views.get(taken) ?? 0) + 1);
      return taken;
    });
    try {
      return openDocument<Definitions>(state, this, containers);
    } catch (error) {
      await this.release(state);
      throw error;
    }
  }

  async durable(target: DocumentCore | DocumentState): Promise<void> {
    const core = target instanceof DocumentState ? target.core : target;
    core.settle();
    core.flushLocal();
    await this.#store?.durable(core);
  }

  async rewrite({ core }: DocumentState): Promise<void> {
    core.settle();
    core.flushLocal();
    await this.#store?.rewrite?.(core);
  }

  isPending(core: DocumentCore): boolean {
    return this.#store?.isPending(core) ?? false;
  }

  async release(state: DocumentState): Promise<void> {
    const views = (this.#views.get(state) ?? 1) - 1;
    this.#views.set(state, views);
    if (views > 0) return;
    // Closed before it is stored elsewhere, it would be lost.
    if (this.#store?.isElsewhere === true && this.#closed === undefined) await this.durable(state.core);
    await this.#closeUnused(state.core);
  }

  async #closeUnused(core: DocumentCore): Promise<void> {
    if (this.#cores.get(core.name) !== core || this.#pinned.has(core) || this.#borrowers.has(core)) return;
    const state = this.#states.get(core);
    if (state === undefined || (this.#views.get(state) ?? 0) <= 0) await this.#closeCore(core);
  }

  async connect(url: string | readonly string[], options?: ConnectOptions): Promise<Connection> {
    return (await this.#startNetwork()).connect(url, options);
  }

  async presence(name: string): Promise<DocumentPresence> {
    return (await this.#startNetwork()).presence(name);
  }

  async syncAll(options: SyncAllOptions): Promise<DocumentSync> {
    return (await this.#startNetwork()).syncAll(options);
  }

  async #startNetwork(): Promise<Network> {
    this.#refuseClosed();
    this.#networking ??= this.#createNetwork(this).catch((error) => {
      // Its code may have been out of reach for a moment: the next call tries again.
      this.#networking = undefined;
      throw error;
    });
    this.#network = await this.#networking;
    this.#refuseClosed();
    return this.#network;
  }

  connections(): readonly Connection[] {
    return this.#network?.connections() ?? [];
  }

  rotateId(reason: RotationReason): ReplicaId {
    const previous = this.#id;
    this.#id = replicaIdFromRandomBytes(this.platform.randomBytes(8));
    for (const core of this.#cores.values()) core.setReplica(this.#id);
    this.#store?.setReplica(this.#id);
    for (const listener of this.#idListeners) listener(this.#id, previous);
    this.#tell({ kind: "replica-id", id: this.#id, previous, reason });
    return this.#id;
  }

  clockAhead(core: DocumentCore, aheadMs: number, source: DeltaSource): void {
    this.#tell({ kind: "clock", aheadMs, source: sourceName(source), document: core.name });
  }

  reportClock(aheadMs: number, source: DeltaSource): void {
    this.#tell({ kind: "clock", aheadMs, source: sourceName(source), document: undefined });
  }

  writesRefused(core: DocumentCore, error: CrdtError): void {
    this.#tell({ kind: "refused", document: core.name, error });
  }

  idTaken(_core: DocumentCore): void {
    this.rotateId("id-taken");
  }

  onOpen(listener: (core: DocumentCore) => void): () => void {
    return listen(this.#openListeners, listener);
  }

  onClose(listener: (core: DocumentCore) => void): () => void {
    return listen(this.#closeListeners, listener);
  }

  onIdChange(listener: (id: ReplicaId, previous: ReplicaId) => void): () => void {
    return listen(this.#idListeners, listener);
  }

  subscribe(listener: ReplicaEventListener): () => void {
    for (const event of [...this.#events]) callListener(listener, event);
    return listen(this.#eventListeners, listener);
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeAll();
    return this.#closed;
  }

  async #closeAll(): Promise<void> {
    await Promise.allSettled(this.#opening.values());
    // What fails stops nothing else: the store lets go of its directory whatever happens.
    const results = await Promise.allSettled([this.#networking?.then((network) => network.close())]);
    const cores = [...this.#cores.values()].map((core) => this.#closeCore(core));
    results.push(...(await Promise.allSettled(cores)));
    results.push(...(await Promise.allSettled([this.#store?.close()])));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  /** Opens a document and runs `take` while it is surely open: one that somebody closed meanwhile is opened anew. */
  async #take<R>(name: string, take: (core: DocumentCore) => R): Promise<R> {
    for (;;) {
      const core = await this.#core(name);
      if (this.#cores.get(name) === core) return take(core);
    }
  }

  async #core(name: string): Promise<DocumentCore> {
    checkDocumentName(name);
    for (let closing = this.#closing.get(name); closing !== undefined; closing = this.#closing.get(name)) {
      await closing.catch(() => {});
    }
    this.#refuseClosed();
    const open = this.#cores.get(name);
    if (open !== undefined) return open;
    let opening = this.#opening.get(name);
    if (opening === undefined) {
      opening = this.#loadCore(name).finally(() => this.#opening.delete(name));
      this.#opening.set(name, opening);
    }
    return opening;
  }

  async #loadCore(name: string): Promise<DocumentCore> {
    const stored = await this.#store?.load(name);
    const document = this.engine.createDocument({
      replica: this.#id,
      hashSeed: this.#hashSeed(),
      driftLimitMs: this.driftLimitMs,
    });
    const core = new DocumentCore(name, document, this);
    try {
      for (const part of stored?.parts ?? []) core.restore(part);
    } catch (error) {
      document.close();
      throw error;
    }
    if (stored !== undefined) document.setClock(stored.clock);
    this.#store?.attach(core);
    this.#cores.set(name, core);
    if (stored?.isDamaged) this.rotateId("store");
    for (const listener of this.#openListeners) listener(core);
    return core;
  }

  #closeCore(core: DocumentCore): Promise<void> {
    const closing = this.#detachCore(core).finally(() => {
      if (this.#closing.get(core.name) === closing) this.#closing.delete(core.name);
    });
    this.#closing.set(core.name, closing);
    return closing;
  }

  async #detachCore(core: DocumentCore): Promise<void> {
    if (this.#cores.get(core.name) !== core) return;
    core.leave();
    this.#cores.delete(core.name);
    for (const listener of this.#closeListeners) listener(core);
    try {
      await this.#store?.detach(core);
    } finally {
      const state = this.#states.get(core);
      if (state !== undefined) this.#views.delete(state);
      state?.close();
      this.#states.delete(core);
      this.#pinned.delete(core);
      this.#borrowers.delete(core);
      core.close();
    }
  }

  #stateOf(core: DocumentCore): DocumentState {
    const state = this.#states.get(core) ?? new DocumentState(core);
    this.#states.set(core, state);
    return state;
  }

  #hashSeed(): [number, number] {
    const bytes = this.platform.randomBytes(8);
    return [readUint32(bytes, 0), readUint32(bytes, 4)];
  }

  #tell(event: ReplicaEvent): void {
    if (this.#events.length === EVENTS_KEPT_MAX) this.#events.shift();
    this.#events.push(event);
    for (const listener of [...this.#eventListeners]) callListener(listener, event);
  }

  #refuseClosed(): void {
    if (this.#closed === undefined) return;
    throw new CrdtError("document-closed", "this replica is closed; create another one");
  }
}

function listen<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What to call a delta's deliverer: itself if it is a text, else the peer it names. */
function sourceName(source: DeltaSource): string {
  if (typeof source === "string") return source;
  if (typeof source === "object" && source !== null && "peer" in source) return String(source.peer);
  return "peer";
}

function checkDocumentName(name: string): void {
  const bytes = new TextEncoder().encode(name).length;
  if (bytes > 0 && bytes <= DOCUMENT_NAME_BYTES_MAX && !hasLoneSurrogate(name)) return;
  throw new CrdtError(
    "invalid-argument",
    `document name ${JSON.stringify(name)}: it takes 1 to ${DOCUMENT_NAME_BYTES_MAX} bytes of well-formed UTF-8`,
  );
}
