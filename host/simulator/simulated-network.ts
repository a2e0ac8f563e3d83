// Machines and the paths between them. Connecting takes a round trip and is tried again as TCP does (RFC 6298: 1 s,
// doubled) until it gives up; what stands in the way is decided by the troubles that lie on the path at that moment.
// Latency: a fixed part for each pair of machines and an exponential one for each message.
import { CrdtError } from "../errors.ts";
import type { Transport } from "../platform/transport.ts";
import type { Machine } from "./machine.ts";
import { addConditions, FREE_PATH, type PathConditions, type Trouble } from "./path-conditions.ts";
import { Random } from "./random.ts";
import type { SimulatedPlatform } from "./simulated-platform.ts";
import { SimulatedConnection } from "./simulated-transport.ts";
import type { World } from "./world.ts";

const CONNECT_TRIES_AT_MS = [0, 1_000, 3_000, 7_000] as const;
const CONNECT_TIMEOUT_MS = 10_000;

export interface Latency {
  /** Of a pair of machines: drawn once, from this span of milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Mean of what each message adds. */
  readonly jitterMs: number;
  /** Arrivals are rounded up to this: what comes within it is read in one turn, as by a busy event loop. */
  readonly tickMs: number;
}

export const LATENCY: Latency = { fromMs: 2, toMs: 60, jitterMs: 3, tickMs: 1 };

export interface NetworkCounts {
  /** Messages handed to the network, and their bytes. */
  sent: number;
  sentBytes: number;
  delivered: number;
  /** By first byte of the message. */
  readonly sentByType: Uint32Array;
  largestMessageBytes: number;
  connections: number;
  refused: number;
  /** Messages that met a fault, by kind. */
  readonly met: Record<
    "loss" | "duplication" | "reordering" | "truncation" | "flip" | "delay" | "cut",
    number
  >;
}

interface Listener {
  readonly platform: SimulatedPlatform;
  readonly accept: (transport: Transport) => void;
}

type Resolve = (transport: Transport) => void;
type Reject = (error: unknown) => void;

export class SimulatedNetwork {
  readonly world: World;
  readonly machines: readonly Machine[];
  readonly latency: Latency;
  readonly counts: NetworkCounts = {
    sent: 0,
    sentBytes: 0,
    delivered: 0,
    sentByType: new Uint32Array(256),
    largestMessageBytes: 0,
    connections: 0,
    refused: 0,
    met: { loss: 0, duplication: 0, reordering: 0, truncation: 0, flip: 0, delay: 0, cut: 0 },
  };
  /** Rises whenever conditions may have changed. */
  epoch = 0;
  readonly #listeners = new Map<number, Listener>();
  readonly #troubles = new Set<Trouble>();
  readonly #open = new Set<SimulatedConnection>();
  #nextConnection = 0;

  constructor(world: World, machines: readonly Machine[], latency: Latency = LATENCY) {
    this.world = world;
    this.machines = machines;
    this.latency = latency;
  }

  /** Connections of which an end may still live, in the order they were opened. */
  get open(): ReadonlySet<SimulatedConnection> {
    return this.#open;
  }

  listen(platform: SimulatedPlatform, accept: (transport: Transport) => void): void {
    this.#listeners.set(platform.machine.index, { platform, accept });
  }

  add(trouble: Trouble): void {
    this.#troubles.add(trouble);
    this.#changed();
  }

  remove(trouble: Trouble): void {
    if (this.#troubles.delete(trouble)) this.#changed();
  }

  conditions(from: number, to: number): PathConditions {
    let conditions = FREE_PATH;
    for (const trouble of this.#troubles) {
      if (trouble.covers(from, to)) conditions = addConditions(conditions, trouble.conditions);
    }
    return conditions;
  }

  /** The fixed part of the latency from one machine to another; the same in both directions. */
  latencyMs(from: number, to: number): number {
    const random = new Random(this.world.seed, "latency", Math.min(from, to), Math.max(from, to));
    return random.between(this.latency.fromMs, this.latency.toMs);
  }

  connect(platform: SimulatedPlatform, url: string, resolve: Resolve, reject: Reject): void {
    const target = this.machines.find((machine) => machine.address === url);
    if (target === undefined) reject(failed(url, "there is no such machine"));
    else new Attempt(this, platform, target, resolve, reject).begin();
  }

  /** Who listens there now; undefined when nobody does. */
  listenerAt(index: number): Listener | undefined {
    const listener = this.#listeners.get(index);
    return listener === undefined || listener.platform.isDead ? undefined : listener;
  }

  openConnection(client: SimulatedPlatform, server: SimulatedPlatform): SimulatedConnection {
    this.counts.connections++;
    const connection = new SimulatedConnection(this, this.#nextConnection++, client, server);
    this.#open.add(connection);
    return connection;
  }

  closed(connection: SimulatedConnection): void {
    this.#open.delete(connection);
  }

  /** A process ended: without power its peers are told nothing. */
  died(platform: SimulatedPlatform, isTold: boolean): void {
    for (const connection of [...this.#open]) connection.died(platform, isTold);
  }

  #changed(): void {
    this.epoch++;
    for (const connection of [...this.#open]) connection.conditionsChanged();
  }
}

class Attempt {
  readonly #network: SimulatedNetwork;
  readonly #platform: SimulatedPlatform;
  readonly #target: Machine;
  readonly #resolve: Resolve;
  readonly #reject: Reject;
  #tries = 0;

  constructor(
    network: SimulatedNetwork,
    platform: SimulatedPlatform,
    target: Machine,
    resolve: Resolve,
    reject: Reject,
  ) {
    this.#network = network;
    this.#platform = platform;
    this.#target = target;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(): void {
    const from = this.#platform.machine.index;
    const to = this.#target.index;
    const there = this.#network.conditions(from, to);
    const back = this.#network.conditions(to, from);
    if (!this.#target.hasPower || there.isCut || back.isCut) {
      this.#again();
      return;
    }
    const oneWayMs = this.#network.latencyMs(from, to);
    if (there.isRefusing) this.#later(2 * oneWayMs, () => this.#fail("it was refused"));
    else this.#later(oneWayMs, () => this.#arrive(oneWayMs));
  }

  #arrive(oneWayMs: number): void {
    const listener = this.#network.listenerAt(this.#target.index);
    if (listener === undefined) {
      this.#later(oneWayMs, () => this.#fail("nobody listens there"));
      return;
    }
    const { client, server } = this.#network.openConnection(this.#platform, listener.platform);
    this.#target.after(0, () => {
      if (!listener.platform.isDead) listener.accept(server);
    });
    this.#later(oneWayMs, () => this.#resolve(client));
  }

  #again(): void {
    const lastAtMs = CONNECT_TRIES_AT_MS[this.#tries]!;
    this.#tries++;
    const nextAtMs = CONNECT_TRIES_AT_MS[this.#tries];
    if (nextAtMs === undefined)
      this.#later(CONNECT_TIMEOUT_MS - lastAtMs, () => this.#fail("nobody answers"));
    else this.#later(nextAtMs - lastAtMs, () => this.begin());
  }

  #fail(why: string): void {
    this.#network.counts.refused++;
    this.#reject(failed(this.#target.address, why));
  }

  #later(ms: number, run: () => void): void {
    this.#platform.machine.after(ms, () => {
      if (!this.#platform.isDead) run();
    });
  }
}

function failed(url: string, why: string): CrdtError {
  return new CrdtError(
    "connection-failed",
    `Cannot connect to "${url}" (${why}): check the address and that a relay listens there.`,
  );
}
