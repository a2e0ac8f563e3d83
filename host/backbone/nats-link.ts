// The connection to NATS: loads the packages when a backbone is asked for, connects until it succeeds, reconnects for
// ever, and says when it is up and down. Leaves to others what is sent. The client library keeps trying by itself once it
// was connected; the loop here covers the first time and a connection the library gave up (a login that was refused).
import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import type { KV } from "@nats-io/kv";
import type { ObjectStore } from "@nats-io/obj";
import type { NatsConnection } from "@nats-io/transport-node";
import { CrdtError } from "../errors.ts";
import type { Platform } from "../platform/platform.ts";
import type { BackboneSettings } from "./options.ts";
import type { Subjects } from "./subjects.ts";

const PACKAGES = ["transport-node", "jetstream", "kv", "obj"].map((name) => `@nats-io/${name}`);
const PING_INTERVAL_MS = 2_000;
const PINGS_MISSED_MAX = 2;
/** Names of what the library throws where nothing takes a message, or a stream of that name is not known. */
const MISSING: ReadonlySet<string> = new Set([
  "JetStreamNotEnabled",
  "StreamNotFoundError",
  "NoRespondersError",
]);
/** What a server answers to an update of a key that was changed meanwhile. */
const WRONG_LAST_SEQUENCE = 10_071;

export interface Buckets {
  readonly pointers: KV;
  readonly snapshots: ObjectStore;
}

export interface NatsLinkOwner {
  /** Connected, again or for the first time. */
  linkUp(): void;
  linkDown(reason: string): void;
}

/** Loads the client packages. Errors: backbone-unavailable. */
async function loadPackages() {
  try {
    const [transport, jetstream, kv, obj] = await Promise.all([
      import("@nats-io/transport-node"),
      import("@nats-io/jetstream"),
      import("@nats-io/kv"),
      import("@nats-io/obj"),
    ]);
    return { transport, jetstream, kv, obj };
  } catch (cause) {
    throw new CrdtError(
      "backbone-unavailable",
      `A backbone needs packages that are not installed here: npm install ${PACKAGES.join(" ")}`,
      { cause },
    );
  }
}

type Packages = Awaited<ReturnType<typeof loadPackages>>;

export class NatsLink {
  readonly #platform: Pick<Platform, "setTimer">;
  readonly #settings: BackboneSettings;
  readonly #owner: NatsLinkOwner;
  readonly #packages: Packages;
  #connection: NatsConnection | undefined;
  #jetstream: JetStreamClient | undefined;
  #manager: JetStreamManager | undefined;
  #stopWaiting = (): void => {};
  #isUp = false;
  #isClosed = false;

  private constructor(
    packages: Packages,
    platform: Pick<Platform, "setTimer">,
    settings: BackboneSettings,
    owner: NatsLinkOwner,
  ) {
    this.#packages = packages;
    this.#platform = platform;
    this.#settings = settings;
    this.#owner = owner;
  }

  /** Loads the packages and begins to connect; does not wait for it. Errors: backbone-unavailable. */
  static async open(
    platform: Pick<Platform, "setTimer">,
    settings: BackboneSettings,
    owner: NatsLinkOwner,
  ): Promise<NatsLink> {
    return new NatsLink(await loadPackages(), platform, settings, owner);
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get connection(): NatsConnection {
    return this.#connection!;
  }

  get jetstream(): JetStreamClient {
    return this.#jetstream!;
  }

  get manager(): JetStreamManager {
    return this.#manager!;
  }

  get server(): string | undefined {
    return this.#isUp ? this.#connection?.getServer() : undefined;
  }

  /** Bytes one message may have. */
  get payloadBytesMax(): number {
    return this.#connection?.info?.max_payload ?? 0;
  }

  get newOnly() {
    return this.#packages.jetstream.DeliverPolicy.New;
  }

  /** A subject of this connection alone, for answers. */
  inbox(): string {
    return this.#packages.transport.createInbox();
  }

  /** Whether an error says that a stream, or all of JetStream, is not there. */
  isMissing(error: unknown): boolean {
    return error instanceof Error && MISSING.has(error.name);
  }

  /** Whether an error says that somebody else changed a key first. */
  isOvertaken(error: unknown): boolean {
    const { JetStreamApiError } = this.#packages.jetstream;
    return error instanceof JetStreamApiError && error.code === WRONG_LAST_SEQUENCE;
  }

  /** Opens the buckets of snapshots and of their pointers; makes them where they are missing. */
  async buckets(subjects: Subjects): Promise<Buckets> {
    const { Kvm } = this.#packages.kv;
    const { Objm } = this.#packages.obj;
    const { copies } = this.#settings;
    const pointers = await new Kvm(this.jetstream).create(subjects.pointers, {
      history: 1,
      replicas: copies,
    });
    const snapshots = await new Objm(this.jetstream).create(subjects.snapshots, { replicas: copies });
    return { pointers, snapshots };
  }

  /** When the buckets were created: names these two, since a bucket that is made anew has the same name. */
  async bucketsCreated({ pointers, snapshots }: Subjects): Promise<string> {
    const streams = [`KV_${pointers}`, `OBJ_${snapshots}`];
    const infos = await Promise.all(streams.map((stream) => this.manager.streams.info(stream)));
    return infos.map(({ created }) => created).join(" ");
  }

  /** Connects, tries again until it succeeds or is closed. Call once. */
  async begin(): Promise<void> {
    const { servers, login, timing } = this.#settings;
    while (!this.#isClosed) {
      try {
        const connection = await this.#packages.transport.connect({
          ...login,
          servers: [...servers],
          name: "jarvis relay",
          maxReconnectAttempts: -1,
          reconnectTimeWait: timing.reconnectMs,
          reconnectJitter: timing.reconnectMs,
          timeout: timing.requestMs,
          pingInterval: PING_INTERVAL_MS,
          maxPingOut: PINGS_MISSED_MAX,
        });
        await this.#serve(connection);
      } catch (error) {
        this.#down(error instanceof Error ? error.message : String(error));
      }
      if (!this.#isClosed) await this.#wait(timing.reconnectMs);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isUp = false;
    this.#stopWaiting();
    await this.#connection?.close().catch(() => {});
  }

  /** Resolves when the library has given this connection up. */
  async #serve(connection: NatsConnection): Promise<void> {
    if (this.#isClosed) return connection.close();
    const { jetstream, jetstreamManager } = this.#packages.jetstream;
    const { requestMs } = this.#settings.timing;
    this.#connection = connection;
    this.#jetstream = jetstream(connection, { timeout: requestMs });
    this.#manager = await jetstreamManager(connection, { timeout: requestMs, checkAPI: false });
    this.#up();
    for await (const { type } of connection.status()) {
      if (type === "reconnect") this.#up();
      else if (type === "disconnect") this.#down("the connection to the server was lost");
    }
    const reason = await connection.closed();
    this.#down(reason instanceof Error ? reason.message : "the connection was closed");
  }

  #up(): void {
    if (this.#isClosed) return;
    this.#isUp = true;
    this.#owner.linkUp();
  }

  #down(reason: string): void {
    this.#isUp = false;
    if (!this.#isClosed) this.#owner.linkDown(reason);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#platform.setTimer(resolve, ms);
      this.#stopWaiting = () => {
        cancel();
        resolve();
      };
    });
  }
}
