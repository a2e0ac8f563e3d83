// One tab among those of its origin. It stands for leader, runs the keeper while it leads, finds the leader and gets a
// transport to it: through a channel of their own, or within the tab where it leads itself. What a tab writes stays in
// its own replica until a leader has it, so a leader may go at any moment: the others attach to the next and bring what
// that one lacks. A leader notices that a tab died by the tab's own lock.
import { CrdtError } from "../errors.ts";
import { createMemoryTransports } from "../platform/memory-transport.ts";
import type { Platform } from "../platform/platform.ts";
import type { TabChannel, TabWorld } from "../platform/tab-world.ts";
import type { Transport } from "../platform/transport.ts";
import { callListener } from "../replica/call-listener.ts";
import type { ConnectionStatus } from "../replica/ports.ts";
import { ChannelTransport } from "./channel-transport.ts";
import { Keeper, type KeeperOptions } from "./keeper.ts";
import { Leadership } from "./leadership.ts";
import { asTabMessage, type TabMessage, versioned } from "./tab-messages.ts";

/** How often a tab without a leader asks for one, and how long a leader may take to answer. */
const SEEK_EVERY_MS = 1_000;
const ATTACH_WITHIN_MS = 3_000;

export type TabEvent =
  /** This tab leads from now on, or no more. */
  | { readonly kind: "leader"; readonly isLeader: boolean }
  /** How the leader stands with the relay; undefined while there is no leader. */
  | { readonly kind: "relay"; readonly status: ConnectionStatus | "none" | undefined }
  /** The leader's storage or relay fails; it is tried again. */
  | { readonly kind: "trouble"; readonly error: CrdtError };

export type TabEventListener = (event: TabEvent) => void;

export interface TabOptions extends Omit<KeeperOptions, "onTrouble" | "onRelay"> {
  readonly world: TabWorld;
}

interface Leader {
  readonly term: string;
  readonly isOwn: boolean;
}

export class Tab {
  readonly id: string;
  readonly #options: TabOptions;
  readonly #platform: Platform;
  readonly #world: TabWorld;
  readonly #prefix: string;
  readonly #channel: TabChannel;
  readonly #leadership: Leadership;
  /** Resolves when this tab holds the lock that tells of its life. */
  readonly #alive: Promise<void>;
  readonly #listeners = new Set<TabEventListener>();
  readonly #stopSuspend: () => void;
  readonly #askedNames = new Map<string, (names: readonly string[]) => void>();
  #letGoOfLife: () => void = () => {};
  #keeper: Keeper | undefined;
  #leader: Leader | undefined;
  #relay: ConnectionStatus | "none" | undefined;
  #transport: Transport | undefined;
  #cancelSeek: (() => void) | undefined;
  #waiting: (() => void)[] = [];
  #isClosed = false;

  constructor(options: TabOptions) {
    const { world, platform } = options;
    this.#options = options;
    this.#platform = platform;
    this.#world = world;
    this.#prefix = `jarvis-crdt-tabs:${options.storage}`;
    this.id = this.#randomName();
    this.#alive = new Promise((resolve) => {
      const cancel = world.requestLock(this.#lockOfTab(this.id), (release) => {
        this.#letGoOfLife = release;
        resolve();
      });
      this.#letGoOfLife = cancel;
    });
    this.#channel = world.openChannel(this.#prefix);
    this.#channel.onMessage((data) => this.#heard(asTabMessage(data)));
    this.#leadership = new Leadership({
      world,
      lock: `${this.#prefix}:leader`,
      begin: () => void this.#lead(),
      end: () => this.#leadNoMore(),
    });
    this.#stopSuspend = world.onSuspend((isSuspended) => this.#suspended(isSuspended));
    this.#leadership.seek();
    this.#seek();
  }

  get isLeader(): boolean {
    return this.#leader?.isOwn === true;
  }

  get relay(): ConnectionStatus | "none" | undefined {
    return this.#relay;
  }

  subscribe(listener: TabEventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A transport to whoever leads, as soon as somebody does. Errors: connection-closed when this tab closes before. */
  async connect(): Promise<Transport> {
    await this.#alive;
    for (;;) {
      if (this.#isClosed)
        throw new CrdtError("connection-closed", "this tab's replica is closed; open another");
      const leader = this.#leader;
      const transport = leader === undefined ? await this.#untilLeader() : await this.#connectTo(leader);
      if (transport === undefined) continue;
      this.#transport = transport;
      return transport;
    }
  }

  /** The documents the leader has stored or open. */
  async names(): Promise<readonly string[]> {
    for (;;) {
      const leader = this.#leader;
      if (this.#isClosed) return [];
      const names = leader === undefined ? await this.#untilLeader() : await this.#namesOf(leader);
      if (names !== undefined) return names;
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopSuspend();
    this.#cancelSeek?.();
    this.#wake();
    try {
      await this.#leadership.leave();
    } finally {
      this.#setLeader(undefined);
      this.#channel.close();
      this.#letGoOfLife();
    }
  }

  #say(message: TabMessage): void {
    this.#channel.post(versioned(message));
  }

  #heard(message: TabMessage | undefined): void {
    if (message === undefined || this.#isClosed) return;
    switch (message.type) {
      case "seek":
        this.#sayLead();
        return;
      case "lead":
        if (this.isLeader) return;
        this.#setLeader({ term: message.term, isOwn: false });
        this.#setRelay(message.relay);
        return;
      case "leave":
        if (this.#leader?.term === message.term) this.#setLeader(undefined);
        return;
      case "attach":
        if (this.#isOwn(message.term)) this.#accept(message.tab, message.pair);
        return;
      case "ask-names":
        if (this.#isOwn(message.term)) void this.#tellNames(message.token);
        return;
      case "names":
        this.#askedNames.get(message.token)?.(message.names);
        return;
      case "trouble":
        this.#emit({ kind: "trouble", error: new CrdtError(message.code, message.message) });
    }
  }

  #isOwn(term: string): boolean {
    return this.#leader?.isOwn === true && this.#leader.term === term;
  }

  async #lead(): Promise<void> {
    const keeper = new Keeper({
      ...this.#options,
      onTrouble: (error) => this.#tellTrouble(error),
      onRelay: (status) => {
        if (this.#keeper !== keeper || !this.isLeader) return;
        this.#setRelay(status);
        this.#sayLead();
      },
    });
    this.#keeper = keeper;
    try {
      if (!(await keeper.open()) || this.#keeper !== keeper) return;
      this.#setLeader({ term: this.#randomName(), isOwn: true });
      this.#setRelay(keeper.relay);
      this.#sayLead();
    } catch (error) {
      this.#tellTrouble(new CrdtError("store-closed", `this tab cannot lead: ${error}`, { cause: error }));
    }
  }

  async #leadNoMore(): Promise<void> {
    const keeper = this.#keeper;
    this.#keeper = undefined;
    const leader = this.#leader;
    if (leader?.isOwn === true) {
      this.#setLeader(undefined);
      this.#say({ type: "leave", term: leader.term });
    }
    await keeper?.close();
  }

  /** A tab that may stop running lets another lead, while it still can. */
  #suspended(isSuspended: boolean): void {
    if (!isSuspended) {
      this.#leadership.seek();
      this.#seek();
    } else this.#leadership.leave().catch((error: unknown) => this.#tellTrouble(asStoreError(error)));
  }

  /** Joins a tab to the keeper, until either of them ends. */
  #accept(tab: string, pair: string): void {
    const channel = this.#world.openChannel(pair);
    let stopWatching: () => void = () => {};
    const transport = new ChannelTransport(channel, `tab ${tab}`, () => stopWatching());
    channel.onMessage((data) => transport.receive(data));
    channel.post({ kind: "open" });
    stopWatching = this.#world.requestLock(this.#lockOfTab(tab), (release) => {
      release();
      transport.terminate();
    });
    this.#keeper!.accept(transport);
  }

  #connectTo(leader: Leader): Promise<Transport | undefined> {
    if (!leader.isOwn) return this.#attachTo(leader);
    const [own, keepers] = createMemoryTransports((deliver) => this.#platform.onTurnEnd(deliver));
    this.#keeper!.accept(keepers);
    return Promise.resolve(own);
  }

  /** Undefined where the leader does not answer, or another one takes over meanwhile. */
  async #attachTo(leader: Leader): Promise<Transport | undefined> {
    const pair = `${this.#prefix}:pair:${this.#randomName()}`;
    const channel = this.#world.openChannel(pair);
    const transport = new ChannelTransport(channel, "the leading tab");
    const isOpen = await new Promise<boolean>((resolve) => {
      const cancel = this.#platform.setTimer(() => resolve(false), ATTACH_WITHIN_MS);
      this.#waiting.push(() => resolve(false));
      channel.onMessage((data) => {
        if (transport.receive(data)) return;
        cancel();
        resolve(true);
      });
      this.#say({ type: "attach", term: leader.term, tab: this.id, pair });
    });
    if (isOpen && this.#leader === leader && !this.#isClosed) return transport;
    transport.terminate();
    if (this.#leader === leader) this.#setLeader(undefined);
    return undefined;
  }

  /** Resolves at the next change, always with nothing. */
  #untilLeader(): Promise<undefined> {
    this.#seek();
    return new Promise((resolve) => this.#waiting.push(() => resolve(undefined)));
  }

  /** Asks for the leader until there is one. */
  #seek(): void {
    if (this.#leader !== undefined || this.#isClosed || this.#cancelSeek !== undefined) return;
    this.#say({ type: "seek" });
    this.#cancelSeek = this.#platform.setTimer(() => {
      this.#cancelSeek = undefined;
      this.#seek();
    }, SEEK_EVERY_MS);
  }

  #namesOf(leader: Leader): Promise<readonly string[] | undefined> {
    if (leader.isOwn) return this.#keeper!.names();
    const token = this.#randomName();
    return new Promise((resolve) => {
      const answered = (names: readonly string[] | undefined) => {
        this.#askedNames.delete(token);
        resolve(names);
      };
      this.#askedNames.set(token, answered);
      this.#waiting.push(() => answered(undefined));
      this.#say({ type: "ask-names", term: leader.term, token });
    });
  }

  async #tellNames(token: string): Promise<void> {
    const names = await this.#keeper!.names();
    if (!this.#isClosed) this.#say({ type: "names", token, names });
  }

  #sayLead(): void {
    if (this.#leader?.isOwn)
      this.#say({ type: "lead", term: this.#leader.term, relay: this.#relay ?? "none" });
  }

  #setLeader(leader: Leader | undefined): void {
    if (this.#leader?.term === leader?.term) return;
    const wasLeader = this.isLeader;
    this.#leader = leader;
    this.#cancelSeek?.();
    this.#cancelSeek = undefined;
    this.#transport?.terminate();
    this.#transport = undefined;
    if (this.isLeader !== wasLeader) this.#emit({ kind: "leader", isLeader: this.isLeader });
    if (leader === undefined) this.#setRelay(undefined);
    this.#wake();
    this.#seek();
  }

  #setRelay(relay: ConnectionStatus | "none" | undefined): void {
    if (this.#relay === relay) return;
    this.#relay = relay;
    this.#emit({ kind: "relay", status: relay });
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #tellTrouble(error: CrdtError): void {
    if (!this.#isClosed) this.#say({ type: "trouble", code: error.code, message: error.message });
    this.#emit({ kind: "trouble", error });
  }

  #emit(event: TabEvent): void {
    for (const listener of [...this.#listeners]) callListener(listener, event);
  }

  #lockOfTab(tab: string): string {
    return `${this.#prefix}:tab:${tab}`;
  }

  #randomName(): string {
    return [...this.#platform.randomBytes(8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
}

function asStoreError(error: unknown): CrdtError {
  if (error instanceof CrdtError) return error;
  return new CrdtError("store-closed", `the storage did not close: ${error}`, { cause: error });
}
