// The replica of one tab, as an application sees it: documents as everywhere, kept by whichever tab leads. Each tab has
// an id of its own for as long as it lives, so a version vector grows by a row a tab that wrote (12 bytes). The leading
// tab holds each open document twice: its own, and the keeper's. Leaves who leads, and how to reach it, to tab.ts.
import type { Engine, ReplicaId } from "../engine/engine.ts";
import { type EngineChoice, loadEngine } from "../engine/load-engine.ts";
import { CrdtError, isCrdtError } from "../errors.ts";
import { CLOCK_DRIFT_MS_MAX } from "../limits.ts";
import { Backoff } from "../net/backoff.ts";
import { type ClientConnection, hubOf } from "../net/index.ts";
import type { Platform } from "../platform/platform.ts";
import type { TabWorld } from "../platform/tab-world.ts";
import type { Document } from "../replica/document.ts";
import type { ConnectionStatus, ConnectOptions, Durability } from "../replica/ports.ts";
import { hostOf, Replica, type ReplicaEventListener } from "../replica/replica.ts";
import type { ContainerDefinitions, Schema } from "../replica/schema.ts";
import { replicaIdFromRandomBytes } from "../wire/replica-id.ts";
import { LeaderStore } from "./leader-store.ts";
import { Tab, type TabEvent, type TabEventListener } from "./tab.ts";

/** What is not stored by then when a tab closes is reported as lost. */
const CLOSE_WITHIN_MS = 5_000;

export interface TabReplicaOptions {
  /** The IndexedDB name of the documents; tabs of one origin that give the same share them. */
  readonly storage: string;
  /** The relay the leading tab connects to, or several of which it picks one; none unless given. */
  readonly url?: string | readonly string[];
  /** What `Replica.connect` takes, a credential for one; every tab gives the same, since any may lead. */
  readonly connection?: ConnectOptions;
  /** What the leading tab syncs: documents some tab has open, or all that are stored here or there. */
  readonly documents?: "open" | "all";
  /** What `durable()` promises; "buffered" unless given. */
  readonly durability?: Durability;
  readonly engine?: EngineChoice | Engine;
}

export interface TabReplicaParts extends TabReplicaOptions {
  readonly platform: Platform;
  readonly world: TabWorld;
}

export class TabReplica {
  readonly #replica: Replica;
  readonly #tab: Tab;
  readonly #platform: Platform;
  readonly #backoff: Backoff;
  readonly #troubled = new Set<(error: CrdtError) => void>();
  #attached: Promise<ClientConnection>;
  #isClosed = false;
  #closing: Promise<void> | undefined;

  constructor(engine: Engine, parts: TabReplicaParts) {
    const { platform, world, storage, url, connection, documents = "open", durability = "buffered" } = parts;
    this.#platform = platform;
    this.#backoff = new Backoff(platform);
    this.#tab = new Tab({ platform, world, storage, url, connection, documents, durability, engine });
    this.#tab.subscribe((event) => this.#heard(event));
    const id = replicaIdFromRandomBytes(platform.randomBytes(8));
    this.#replica = new Replica({
      platform: Object.create(platform, { connect: { value: () => this.#tab.connect() } }) as Platform,
      engine,
      id,
      driftLimitMs: CLOCK_DRIFT_MS_MAX,
      store: new LeaderStore(id, (document) => this.#stored(document)),
      createNetwork: async (host) => hubOf(host),
    });
    this.#attached = this.#attach(storage);
    this.#attached.catch(() => {});
  }

  /** Who writes in this tab. */
  get id(): ReplicaId {
    return this.#replica.id;
  }

  /** Whether this tab holds storage and socket for all. */
  get isLeader(): boolean {
    return this.#tab.isLeader;
  }

  /** How the leading tab stands with the relay; "none" without a url, undefined while no tab leads. */
  get relay(): ConnectionStatus | "none" | undefined {
    return this.#tab.relay;
  }

  /**
   * Opens a document; resolves when it holds what the leading tab has. Errors: those of `Replica.open`; store-locked,
   * store-full, store-closed or store-corrupt when no tab can open the storage.
   */
  async open<Definitions extends ContainerDefinitions = Record<never, never>>(
    name: string,
    documentSchema?: Schema<Definitions>,
  ): Promise<Document<Schema<Definitions>>> {
    const document = await this.#replica.open(name, documentSchema);
    // On failure it stays open, with what may have been written to it in other views.
    await this.#unlessTroubled(this.#attached.then((connection) => connection.synced(name)));
    return document;
  }

  /** The names of all documents, as the leading tab knows them. */
  async documentNames(): Promise<readonly string[]> {
    return this.#tab.names();
  }

  /** Tells of this tab leading or not, of the relay, and of what fails and is tried again. */
  subscribe(listener: TabEventListener): () => void {
    return this.#tab.subscribe(listener);
  }

  /** What {@link Replica.subscribe} tells: drifting clocks, a change of the id. */
  subscribeReplica(listener: ReplicaEventListener): () => void {
    return this.#replica.subscribe(listener);
  }

  /** Stores everything with the leading tab, or as the leading tab, and lets go. Errors: store-closed when it cannot. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const host = hostOf(this.#replica);
    const stored = Promise.all([...host.documents()].map((core) => host.durable(core)));
    try {
      await this.#within(CLOSE_WITHIN_MS, stored);
    } finally {
      this.#isClosed = true;
      await this.#replica.close();
      await this.#tab.close();
    }
  }

  /** A lasting connection to whoever leads. */
  async #attach(storage: string): Promise<ClientConnection> {
    const hub = hubOf(hostOf(this.#replica));
    for (;;) {
      try {
        const connection = await hub.connect(`tabs:${storage}`);
        this.#backoff.reset();
        connection.onStatus((status) => {
          if (status === "closed" && !this.#isClosed) this.#reattach(storage);
        });
        return connection;
      } catch (error) {
        if (this.#isClosed || isCrdtError(error, "connection-closed")) throw error;
        await this.#pause(this.#backoff.nextMs());
      }
    }
  }

  /** A leader that speaks another version ends the connection for good; the next one may not. */
  #reattach(storage: string): void {
    this.#attached = this.#pause(this.#backoff.nextMs()).then(() => this.#attach(storage));
    this.#attached.catch(() => {});
  }

  #stored(document: string): Promise<void> {
    return this.#unlessTroubled(
      this.#attached.then((connection) => connection.synced(document, { isStored: true })),
    );
  }

  #heard(event: TabEvent): void {
    if (event.kind !== "trouble" || !event.error.code.startsWith("store-")) return;
    for (const tell of [...this.#troubled]) tell(event.error);
  }

  /** Waits for `work`, or for the storage to fail meanwhile. */
  async #unlessTroubled<T>(work: Promise<T>): Promise<T> {
    let tell: (error: CrdtError) => void = () => {};
    const troubled = new Promise<never>((_resolve, reject) => {
      tell = reject;
    });
    this.#troubled.add(tell);
    try {
      return await Promise.race([work, troubled]);
    } finally {
      this.#troubled.delete(tell);
      work.catch(() => {});
    }
  }

  async #within(ms: number, work: Promise<unknown>): Promise<void> {
    let cancel = (): void => {};
    const late = new Promise<never>((_resolve, reject) => {
      const message = `what this tab wrote last was not stored within ${ms} ms: no tab could take it`;
      cancel = this.#platform.setTimer(() => reject(new CrdtError("store-closed", message)), ms);
    });
    try {
      await Promise.race([work, late]);
    } finally {
      cancel();
      work.catch(() => {});
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#platform.setTimer(resolve, ms));
  }
}

/** A replica of this tab in a world that is given. Errors: wasm-unavailable. */
export async function openTabReplicaIn(parts: TabReplicaParts): Promise<TabReplica> {
  const { engine = "auto" } = parts;
  return new TabReplica(typeof engine === "string" ? await loadEngine({ engine }) : engine, parts);
}
