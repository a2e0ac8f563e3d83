// A small world in virtual time for overlay nodes: one queue of events, latencies and loss drawn from one seed, and
// replicas whose clocks, timers and sockets are those of the world. Microtasks run between events.
import type { ReplicaId } from "../../host/engine/engine.ts";
import { loadEngine } from "../../host/engine/load-engine.ts";
import { CrdtError } from "../../host/errors.ts";
import { type Hub, hubOf, type NetworkOptions } from "../../host/net/index.ts";
import type { Platform } from "../../host/platform/platform.ts";
import { CLOSE_LOST, type Transport, TransportInbox } from "../../host/platform/transport.ts";
import type { DocumentCore } from "../../host/replica/document-core.ts";
import type { ReplicaHost } from "../../host/replica/ports.ts";
import { hostOf, Replica } from "../../host/replica/replica.ts";

interface Due {
  readonly atMs: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

const engine = await loadEngine({ engine: "baseline" });

export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** Events in order of time, then of being asked for. */
class EventQueue {
  readonly #heap: Due[] = [];

  get first(): Due | undefined {
    return this.#heap[0];
  }

  push(due: Due): void {
    const heap = this.#heap;
    let place = heap.length;
    heap.push(due);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(due, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = due;
  }

  pop(): Due {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = place * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}

const isBefore = (left: Due, right: Due): boolean =>
  left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);

export class VirtualWorld {
  nowMs = 0;
  /** Of the frames after a connection was opened, how many get lost. */
  loss = 0;
  /** Whether what `from` sends reaches `to`. */
  isCut: (from: string, to: string) => boolean = () => false;
  frames = 0;
  bytes = 0;
  readonly random: () => number;
  readonly latencyMs: (from: string, to: string) => number;
  readonly nodes = new Map<string, VirtualNode>();
  readonly #queue = new EventQueue();
  #order = 0;
  #sameTime = 0;

  constructor(seed: number, latencyMs: (random: () => number) => number = (random) => 2 + random() * 18) {
    this.random = randomFrom(seed);
    const drawn = new Map<string, number>();
    this.latencyMs = (from, to) => {
      const pair = from < to ? `${from}|${to}` : `${to}|${from}`;
      let ms = drawn.get(pair);
      if (ms === undefined) {
        ms = latencyMs(this.random);
        drawn.set(pair, ms);
      }
      return ms;
    };
  }

  after(ms: number, callback: () => void): () => void {
    const due: Due = { atMs: this.nowMs + Math.max(0, ms), order: this.#order++, callback };
    this.#queue.push(due);
    return () => {
      due.callback = undefined;
    };
  }

  /** Lets `ms` of virtual time go by, or stops once `isDone`. Says whether it stopped. */
  async run(ms: number, isDone?: () => boolean): Promise<boolean> {
    const endMs = this.nowMs + ms;
    for (;;) {
      if (isDone?.()) return true;
      while (this.#queue.first !== undefined && this.#queue.first.callback === undefined) this.#queue.pop();
      const { first } = this.#queue;
      if (first === undefined || first.atMs > endMs) break;
      this.#sameTime = first.atMs === this.nowMs ? this.#sameTime + 1 : 0;
      if (this.#sameTime > 10_000) throw new Error(`time stands still at ${this.nowMs} ms`);
      this.nowMs = first.atMs;
      for (let events = 0; this.#queue.first?.atMs === this.nowMs; events++) {
        if (events > 1_000_000) throw new Error(`time stands still at ${this.nowMs} ms`);
        this.#queue.pop().callback?.();
      }
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    this.nowMs = endMs;
    return isDone?.() ?? false;
  }

  connect(from: string, url: string): Promise<Transport> {
    const to = this.nodes.get(url);
    return new Promise((resolve, reject) => {
      this.after(this.latencyMs(from, url) * 2, () => {
        if (to === undefined || to.isDown || this.isCut(from, url) || this.isCut(url, from)) {
          reject(new CrdtError("connection-failed", `nobody answers at ${url}`));
          return;
        }
        const near = new VirtualTransport(this, from, url);
        const far = new VirtualTransport(this, url, from);
        near.other = far;
        far.other = near;
        this.nodes.get(from)?.transports.add(near);
        to.transports.add(far);
        to.hub.attach(far, "server");
        resolve(near);
      });
    });
  }

  platformOf(name: string): Platform {
    return {
      name: "simulated",
      now: () => 1_700_000_000_000 + Math.floor(this.nowMs),
      monotonicMs: () => this.nowMs,
      randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(this.random() * 256)),
      setTimer: (callback, ms) =>
        this.after(ms, () => {
          if (!this.nodes.get(name)?.isDown) callback();
        }),
      onTurnEnd: (callback) => void this.after(0, callback),
      connect: (url) => this.connect(name, url),
      openStorage: () => Promise.reject(new Error("no storage here")),
    };
  }
}

class VirtualTransport implements Transport {
  readonly peer: string;
  other: VirtualTransport | undefined;
  readonly #world: VirtualWorld;
  readonly #from: string;
  readonly #inbox = new TransportInbox();
  #isClosing = false;
  bufferedBytes = 0;

  constructor(world: VirtualWorld, from: string, to: string) {
    this.#world = world;
    this.#from = from;
    this.peer = to;
  }

  send(bytes: Uint8Array): void {
    const world = this.#world;
    if (this.#isClosing || this.#inbox.isClosed || world.nodes.get(this.#from)?.isDown) return;
    world.frames++;
    world.bytes += bytes.length;
    if (world.loss > 0 && world.random() < world.loss && bytes[0] !== 1) return;
    const copy = bytes.slice();
    world.after(world.latencyMs(this.#from, this.peer), () => {
      if (world.nodes.get(this.peer)?.isDown || world.isCut(this.#from, this.peer)) return;
      if (this.other !== undefined) this.other.#inbox.message(copy);
    });
  }

  onMessage(listener: (bytes: Uint8Array) => void): void {
    this.#inbox.onMessage(listener);
  }

  onClose(listener: Parameters<Transport["onClose"]>[0]): void {
    this.#inbox.onClose(listener);
  }

  close(code = 1000, reason = ""): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#tellClose(code, reason);
    this.#world.after(0, () => this.#inbox.closed({ code, reason }));
  }

  terminate(): void {
    this.#isClosing = true;
    this.#tellClose(CLOSE_LOST, "terminated");
    this.#inbox.closed({ code: CLOSE_LOST, reason: "terminated" });
  }

  /** The close of a lost connection travels like a frame. */
  #tellClose(code: number, reason: string): void {
    const world = this.#world;
    world.nodes.get(this.#from)?.transports.delete(this);
    world.after(world.latencyMs(this.#from, this.peer), () => {
      if (world.nodes.get(this.peer)?.isDown || world.isCut(this.#from, this.peer)) return;
      if (this.other === undefined) return;
      this.other.#isClosing = true;
      this.other.#inbox.closed({ code, reason });
    });
  }
}

export class VirtualNode {
  readonly name: string;
  readonly replica: Replica;
  readonly host: ReplicaHost;
  readonly hub: Hub;
  readonly transports = new Set<Transport>();
  /** Neither sends, hears nor wakes. */
  isDown = false;

  constructor(world: VirtualWorld, number: number, options: NetworkOptions = {}) {
    this.name = `node:${number}`;
    world.nodes.set(this.name, this);
    this.replica = new Replica({
      platform: world.platformOf(this.name),
      engine,
      id: number.toString(16).padStart(16, "0") as ReplicaId,
      driftLimitMs: 60_000,
      store: undefined,
      createNetwork: async (host) => hubOf(host, options),
    });
    this.host = hostOf(this.replica);
    this.hub = hubOf(this.host, options);
  }

  /** Ends as a killed process does: its sockets close. */
  kill(): void {
    for (const transport of [...this.transports]) transport.terminate();
    this.isDown = true;
  }

  core(name = "home"): DocumentCore {
    for (const core of this.host.documents()) if (core.name === name) return core;
    throw new Error(`${this.name} has not opened ${name}`);
  }
}

/** Whether all know the same of a document. */
export function areEqual(nodes: readonly VirtualNode[], name = "home"): boolean {
  const first = nodes[0]!.core(name).versionVector;
  return nodes.every((node) => node.core(name).versionVector.equals(first));
}
