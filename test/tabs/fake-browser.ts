// Tabs of one origin in virtual time: locks that go with their tab, channels that copy, storage that one tab holds, a
// relay whose sockets break when their tab dies. A crash takes everything of a tab at once: its timers, what it was about
// to do, and what it had not yet written.
import { setImmediate as nextTask } from "node:timers/promises";
import { CrdtError } from "../../host/errors.ts";
import type { Hub } from "../../host/net/index.ts";
import { createMemoryTransports } from "../../host/platform/memory-transport.ts";
import type { Platform, PlatformStorage } from "../../host/platform/platform.ts";
import type { TabWorld } from "../../host/platform/tab-world.ts";
import type { Transport } from "../../host/platform/transport.ts";
import { openTabReplicaIn, type TabReplica, type TabReplicaOptions } from "../../host/tabs/tab-replica.ts";
import { createSimulatedPlatform, type SimulatedPlatform } from "../platform/simulated-platform.ts";

interface Waiting {
  readonly tab: FakeTab;
  readonly granted: (release: () => void) => void;
}

interface Listening {
  readonly tab: FakeTab;
  listener: (message: unknown) => void;
}

/** Turns of the event loop that carry everything that does not wait for time. */
const TURNS_A_STEP = 12;

export class FakeBrowser {
  readonly base: SimulatedPlatform;
  readonly tabs = new Set<FakeTab>();
  readonly held = new Map<string, Waiting>();
  readonly channels = new Map<string, Set<Listening>>();
  readonly #queues = new Map<string, Waiting[]>();
  /** Whoever listens at the url; undefined while nobody does. */
  relay: Hub | undefined;
  sockets = 0;
  socketsMost = 0;

  constructor(seed = 1) {
    this.base = createSimulatedPlatform(seed);
  }

  async open(options: Partial<TabReplicaOptions> = {}): Promise<FakeTab> {
    const tab = new FakeTab(this);
    this.tabs.add(tab);
    tab.replica = await openTabReplicaIn({
      storage: "app",
      engine: "baseline",
      ...options,
      platform: tab.platform,
      world: tab.world,
    });
    return tab;
  }

  /** Lets virtual time pass, in steps with whatever follows from each. */
  async pass(ms: number, stepMs = 20): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      for (let turn = 0; turn < TURNS_A_STEP; turn++) await nextTask();
      this.base.advance(stepMs);
    }
  }

  /** Waits for a promise while time passes. */
  async during<T>(work: Promise<T>, withinMs = 60_000): Promise<T> {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    work.then(done, done);
    for (let passed = 0; !isDone; passed += 20) {
      if (passed > withinMs) throw new Error(`not within ${withinMs} virtual ms`);
      await this.pass(20);
    }
    return work;
  }

  async until(what: string, holds: () => boolean, withinMs = 60_000): Promise<void> {
    for (let passed = 0; !holds(); passed += 20) {
      if (passed > withinMs) throw new Error(`not within ${withinMs} virtual ms: ${what}`);
      await this.pass(20);
    }
  }

  get leaders(): FakeTab[] {
    return [...this.tabs].filter((tab) => tab.isAlive && tab.replica.isLeader);
  }

  request(name: string, waiting: Waiting): () => void {
    const queue = this.#queues.get(name) ?? [];
    this.#queues.set(name, queue);
    queue.push(waiting);
    this.#grantNext(name);
    return () => {
      const place = queue.indexOf(waiting);
      if (place >= 0) queue.splice(place, 1);
    };
  }

  #grantNext(name: string): void {
    setImmediate(() => {
      const queue = this.#queues.get(name) ?? [];
      if (this.held.has(name)) return;
      const next = queue.shift();
      if (next === undefined) return;
      if (!next.tab.isAlive) {
        this.#grantNext(name);
        return;
      }
      this.held.set(name, next);
      next.granted(() => this.#release(name, next));
    });
  }

  #release(name: string, holder: Waiting): void {
    if (this.held.get(name) !== holder) return;
    this.held.delete(name);
    this.#grantNext(name);
  }

  releaseAllOf(tab: FakeTab): void {
    for (const [name, holder] of [...this.held]) if (holder.tab === tab) this.#release(name, holder);
  }
}

export class FakeTab {
  readonly browser: FakeBrowser;
  readonly platform: Platform;
  readonly world: TabWorld;
  replica!: TabReplica;
  isAlive = true;
  readonly #sockets = new Set<Transport>();
  readonly #storages = new Set<string>();
  readonly #suspend = new Set<(isSuspended: boolean) => void>();

  constructor(browser: FakeBrowser) {
    this.browser = browser;
    const { base } = browser;
    this.platform = Object.create(base, {
      setTimer: {
        value: (callback: () => void, ms: number) => base.setTimer(() => this.isAlive && callback(), ms),
      },
      onTurnEnd: { value: (callback: () => void) => base.onTurnEnd(() => this.isAlive && callback()) },
      connect: { value: () => this.#connect() },
      openStorage: { value: (location: string) => this.#openStorage(location) },
    }) as Platform;
    this.world = {
      requestLock: (name, granted) => browser.request(name, { tab: this, granted }),
      openChannel: (name) => this.#openChannel(name),
      onSuspend: (listener) => {
        this.#suspend.add(listener);
        return () => this.#suspend.delete(listener);
      },
    };
  }

  crash(): void {
    this.isAlive = false;
    this.browser.tabs.delete(this);
    for (const listeners of this.browser.channels.values()) {
      for (const listening of listeners) if (listening.tab === this) listeners.delete(listening);
    }
    for (const socket of this.#sockets) socket.terminate();
    for (const location of this.#storages) this.browser.base.disks.get(location)!.isLocked = false;
    this.browser.releaseAllOf(this);
  }

  suspend(isSuspended: boolean): void {
    for (const listener of this.#suspend) listener(isSuspended);
  }

  async close(): Promise<void> {
    await this.browser.during(this.replica.close());
    this.browser.tabs.delete(this);
  }

  #openChannel(name: string) {
    const listeners = this.browser.channels.get(name) ?? new Set();
    this.browser.channels.set(name, listeners);
    const own: Listening = { tab: this, listener: () => {} };
    listeners.add(own);
    return {
      post: (message: unknown) => {
        if (!this.isAlive) return;
        const copy = structuredClone(message);
        const receivers = [...listeners].filter((listening) => listening !== own);
        setImmediate(() => {
          for (const receiver of receivers)
            if (listeners.has(receiver)) receiver.listener(structuredClone(copy));
        });
      },
      onMessage: (listener: (message: unknown) => void) => {
        own.listener = listener;
      },
      close: () => void listeners.delete(own),
    };
  }

  async #connect(): Promise<Transport> {
    const { browser } = this;
    if (browser.relay === undefined || !this.isAlive)
      throw new CrdtError("connection-failed", "nobody listens");
    const [own, relays] = createMemoryTransports((deliver) => setImmediate(deliver));
    browser.sockets++;
    browser.socketsMost = Math.max(browser.socketsMost, browser.sockets);
    browser.relay.attach(
      countingClose(relays, () => {
        browser.sockets--;
      }),
      "server",
    );
    this.#sockets.add(own);
    return own;
  }

  async #openStorage(location: string): Promise<PlatformStorage> {
    if (!this.isAlive) throw new CrdtError("store-closed", "the tab is gone");
    const storage = await this.browser.base.openStorage(location);
    this.#storages.add(location);
    return {
      ...storage,
      write: async (writes, flush) => {
        if (!this.isAlive) throw new CrdtError("store-closed", "the tab is gone");
        await storage.write(writes, flush);
      },
      close: async () => {
        if (!this.isAlive) return;
        this.#storages.delete(location);
        await storage.close();
      },
    };
  }
}

function countingClose(transport: Transport, closed: () => void): Transport {
  return {
    peer: transport.peer,
    get bufferedBytes() {
      return transport.bufferedBytes;
    },
    send: (bytes) => transport.send(bytes),
    onMessage: (listener) => transport.onMessage(listener),
    onClose: (listener) =>
      transport.onClose((close) => {
        closed();
        listener(close);
      }),
    close: (code, reason) => transport.close(code, reason),
    terminate: () => transport.terminate(),
  };
}
