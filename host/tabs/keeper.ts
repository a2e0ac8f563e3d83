// What the leading tab runs for all: a replica with the storage and the only socket to the relay, and a session with
// every tab. It opens what tabs ask for and forwards; it never writes, so it adds no row to a version vector however
// often leadership moves. Storage that cannot be opened and relays that cannot be reached are tried again.
import { createReplica, type ReplicaOptions } from "../create-replica.ts";
import { CrdtError, isCrdtError } from "../errors.ts";
import { Backoff } from "../net/backoff.ts";
import { hubOf } from "../net/index.ts";
import type { Platform } from "../platform/platform.ts";
import type { Transport } from "../platform/transport.ts";
import type { Connection, ConnectionStatus, ConnectOptions } from "../replica/ports.ts";
import { hostOf, type Replica } from "../replica/replica.ts";

export interface KeeperOptions extends Pick<ReplicaOptions, "durability" | "engine"> {
  readonly storage: string;
  readonly url: string | readonly string[] | undefined;
  /** What the relay asks for. */
  readonly connection: ConnectOptions | undefined;
  readonly documents: "open" | "all";
  readonly platform: Platform;
  /** Something failed that is tried again. */
  readonly onTrouble: (error: CrdtError) => void;
  readonly onRelay: (status: ConnectionStatus | "none") => void;
}

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #backoff: Backoff;
  #replica: Replica | undefined;
  #connection: Connection | undefined;
  #relay: ConnectionStatus | "none" = "none";
  #wake: () => void = () => {};
  #opened: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.platform);
  }

  /** How it stands with the relay; "none" where there is no url. */
  get relay(): ConnectionStatus | "none" {
    return this.#relay;
  }

  /** Opens the storage, however often it takes; resolves with false when closed before. */
  async open(): Promise<boolean> {
    this.#opened = this.#openStorage();
    await this.#opened;
    if (this.#replica === undefined || this.#isClosed) return false;
    if (this.#options.documents === "all") await this.#replica.syncAll();
    if (this.#options.url !== undefined) void this.#connect();
    return true;
  }

  names(): Promise<string[]> {
    return this.#replica?.documentNames() ?? Promise.resolve([]);
  }

  /** Speaks with a tab. */
  accept(transport: Transport): void {
    if (this.#replica === undefined || this.#isClosed) transport.terminate();
    else hubOf(hostOf(this.#replica)).attach(transport, "server");
  }

  /** Stores everything, lets go of storage and relay. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    await this.#opened;
    await this.#replica?.close();
  }

  async #openStorage(): Promise<void> {
    const { storage, durability, engine, platform } = this.#options;
    const options = { storage, platform, ...(durability && { durability }), ...(engine && { engine }) };
    while (!this.#isClosed) {
      try {
        const replica = await createReplica(options);
        this.#backoff.reset();
        replica.subscribe((event) => {
          if (event.kind !== "store" || event.event.kind !== "write-failed") return;
          this.#options.onTrouble(new CrdtError("store-full", event.event.message));
        });
        this.#replica = replica;
        return;
      } catch (error) {
        await this.#failed(error);
      }
    }
  }

  async #connect(): Promise<void> {
    const { url, connection = {} } = this.#options;
    this.#setRelay("connecting");
    while (!this.#isClosed && this.#connection === undefined) {
      try {
        this.#connection = await this.#replica!.connect(url!, connection);
      } catch (error) {
        if (this.#isClosed) return;
        this.#setRelay("waiting");
        await this.#failed(error);
      }
    }
    if (this.#connection === undefined) return;
    this.#setRelay(this.#connection.status);
    this.#connection.onStatus((status) => this.#setRelay(status));
  }

  #setRelay(status: ConnectionStatus | "none"): void {
    if (this.#relay === status || this.#isClosed) return;
    this.#relay = status;
    this.#options.onRelay(status);
  }

  /** Says so, and waits before the next attempt. */
  async #failed(error: unknown): Promise<void> {
    if (this.#isClosed) return;
    this.#options.onTrouble(
      isCrdtError(error)
        ? error
        : new CrdtError("store-closed", `opening failed: ${error}`, { cause: error }),
    );
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#options.platform.setTimer(resolve, this.#backoff.nextMs());
    });
  }
}
