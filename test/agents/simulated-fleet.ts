// A fleet of real replicas with stores, sessions and agents in virtual time, a schedule of faults from one seed, and an
// outside look at every execution: when it began, under which token, and when it ended or its process did.

import { FleetSchema } from "../../host/agents/fleet-document.ts";
import { type Agent, type AgentFleet, joinFleet, type TaskMode } from "../../host/agents/index.ts";
import type { Engine } from "../../host/engine/engine.ts";
import { loadEngine } from "../../host/engine/load-engine.ts";
import { hubOf } from "../../host/net/index.ts";
import type { Platform, PlatformStorage } from "../../host/platform/platform.ts";
import { hostOf, Replica } from "../../host/replica/replica.ts";
import { addressOf, Machine } from "../../host/simulator/machine.ts";
import { Random } from "../../host/simulator/random.ts";
import { SimulatedNetwork } from "../../host/simulator/simulated-network.ts";
import { SimulatedPlatform } from "../../host/simulator/simulated-platform.ts";
import { World } from "../../host/simulator/world.ts";
import { openStore } from "../../host/store/index.ts";

const engine: Engine = await loadEngine({ engine: "baseline" });

export const LEASE_MS = 10_000;
const HEARTBEAT_MS = 3_000;
const CONNECT_AGAIN_MS = 500;
/** Stated bounds: wall clocks by so much, and speeds within a tenth of each other. */
const WALL_SKEW_MS = 2_000;
const RATE_SKEW = 0.04;

export interface Execution {
  readonly task: string;
  readonly mode: TaskMode;
  readonly node: number;
  readonly epoch: number;
  readonly replica: string;
  readonly beganMs: number;
  endedMs: number;
  /** Whether its process lived until it ended. */
  isWhole: boolean;
}

/** A clock of another speed, and a disk that may be slow: what peers have seen may not be stored for a long time. */
class SkewedPlatform extends SimulatedPlatform {
  rate = 1;
  slowDisk = (): { fromMs: number; toMs: number } => ({ fromMs: 0, toMs: 0 });

  override async openStorage(location: string): Promise<PlatformStorage> {
    const storage = await super.openStorage(location);
    const write = storage.write.bind(storage);
    storage.write = async (writes, flush) => {
      const { fromMs, toMs } = this.slowDisk();
      if (toMs > 0) await this.wait({ from: fromMs, to: toMs });
      await write(writes, flush);
    };
    return storage;
  }

  override monotonicMs(): number {
    return super.monotonicMs() * this.rate;
  }

  override setTimer(callback: () => void, ms: number): () => void {
    return super.setTimer(callback, ms / this.rate);
  }
}

export class FleetNode {
  readonly machine: Machine;
  readonly #world: FleetWorld;
  readonly rate: number;
  platform: SkewedPlatform | undefined;
  replica: Replica | undefined;
  fleet: AgentFleet | undefined;
  agent: Agent | undefined;
  starts = 0;
  /** Between which times a write waits before it is done. */
  slowDisk: { fromMs: number; toMs: number };

  constructor(machine: Machine, world: FleetWorld, rate: number) {
    this.machine = machine;
    this.#world = world;
    this.rate = rate;
    this.slowDisk = { fromMs: 0, toMs: world.options.slowDiskMs ?? 0 };
  }

  start(): void {
    if (this.platform !== undefined) return;
    const platform = new SkewedPlatform(this.machine, this.#world.network);
    platform.rate = this.rate;
    platform.slowDisk = () => this.slowDisk;
    this.platform = platform;
    this.starts++;
    this.#open(platform).catch((error: unknown) => {
      if (this.platform === platform) this.#world.failed(error);
    });
  }

  /** As by kill -9. */
  kill(): void {
    const { platform, replica } = this;
    if (platform === undefined) return;
    platform.die();
    this.#world.network.died(platform, true);
    for (const core of replica === undefined ? [] : hostOf(replica).documents()) {
      if (!core.isClosed) core.engine.close();
    }
    for (const execution of this.#world.executions) {
      if (execution.node !== this.machine.index || execution.endedMs !== Number.POSITIVE_INFINITY) continue;
      execution.endedMs = this.#world.world.nowMs;
      execution.isWhole = false;
    }
    this.platform = undefined;
    this.replica = undefined;
    this.fleet = undefined;
  }

  async digest(): Promise<string> {
    const document = await this.replica!.open("agents", FleetSchema);
    return JSON.stringify([document.digest(), document.versionVector().rows()]);
  }

  async #open(platform: SkewedPlatform): Promise<void> {
    const store = await openStore({ platform, location: "data", durability: "buffered" });
    const replica = new Replica({
      platform,
      engine,
      id: store.replica,
      driftLimitMs: 60_000,
      store,
      createNetwork: async (host) => hubOf(host),
    });
    this.replica = replica;
    const fleet = await joinFleet(replica, { leaseMs: LEASE_MS, heartbeatMs: HEARTBEAT_MS });
    if (this.platform !== platform) return;
    this.fleet = fleet;
    this.#world.employ(this, fleet, platform);
    const hub = hubOf(hostOf(replica));
    this.#world.network.listen(platform, (transport) => {
      if (this.platform === platform) hub.attach(transport, "server");
      else transport.terminate();
    });
    for (let peer = 0; peer < this.machine.index; peer++) this.#keepConnected(platform, replica, peer);
  }

  #keepConnected(platform: Platform, replica: Replica, peer: number): void {
    const again = (): void => void platform.setTimer(attempt, CONNECT_AGAIN_MS);
    const attempt = (): void => {
      if (this.platform !== platform) return;
      replica.connect(addressOf(peer)).then((connection) => {
        if (connection.status === "closed") again();
        else connection.onStatus((status) => status === "closed" && again());
      }, again);
    };
    attempt();
  }
}

export interface FleetWorldOptions {
  readonly seed: number;
  readonly nodes: number;
  /** The share of attempts that fail. */
  readonly failures?: number;
  /** Of handlers, in virtual milliseconds. */
  readonly durationMs?: { readonly from: number; readonly to: number };
  readonly slots?: number;
  readonly isSkewed?: boolean;
  /** How fast the clock of each node runs; drawn unless given. */
  readonly rates?: readonly number[];
  /** Up to how long a write to the disk waits, in virtual milliseconds. */
  readonly slowDiskMs?: number;
}

export class FleetWorld {
  readonly options: FleetWorldOptions;
  readonly world: World;
  readonly network: SimulatedNetwork;
  readonly nodes: readonly FleetNode[];
  readonly random: Random;
  readonly executions: Execution[] = [];
  readonly errors: unknown[] = [];
  /** Times at which something stood between processes, each with its end. */
  readonly cuts: { readonly fromMs: number; toMs: number }[] = [];

  constructor(options: FleetWorldOptions) {
    this.options = options;
    const { seed, nodes, isSkewed = true } = options;
    this.world = new World(seed, (error) => this.failed(error));
    let names = 0;
    const machines = Array.from(
      { length: nodes },
      (_, index) => new Machine(index, this.world, () => names++),
    );
    this.network = new SimulatedNetwork(this.world, machines, {
      fromMs: 1,
      toMs: 30,
      jitterMs: 2,
      tickMs: 1,
    });
    this.random = new Random(seed, "fleet");
    this.nodes = machines.map((machine) => {
      if (isSkewed) machine.clockOffMs = Math.round(this.random.between(-WALL_SKEW_MS, WALL_SKEW_MS));
      const drawn = isSkewed ? 1 + this.random.between(-RATE_SKEW, RATE_SKEW) : 1;
      return new FleetNode(machine, this, options.rates?.[machine.index] ?? drawn);
    });
  }

  failed(error: unknown): void {
    this.errors.push(error);
    this.world.stop();
  }

  employ(node: FleetNode, fleet: AgentFleet, platform: Platform): void {
    const { failures = 0, durationMs = { from: 20, to: 4_000 }, slots = 2 } = this.options;
    node.agent = fleet.register({ id: `agent-${node.machine.index}`, slots });
    node.agent.work("job", (_input, { task, token, spec, signal }) => {
      const execution: Execution = {
        task,
        mode: spec.mode,
        node: node.machine.index,
        epoch: token.epoch,
        replica: token.replica,
        beganMs: this.world.nowMs,
        endedMs: Number.POSITIVE_INFINITY,
        isWhole: true,
      };
      this.executions.push(execution);
      return new Promise<string>((resolve, reject) => {
        const end = (settle: () => void) => (): void => {
          if (execution.endedMs === Number.POSITIVE_INFINITY) execution.endedMs = this.world.nowMs;
          settle();
        };
        const fails = this.random.chance(failures);
        const finish = fails ? () => reject(new Error("chance")) : () => resolve("fine");
        platform.setTimer(end(finish), this.random.between(durationMs.from, durationMs.to));
        signal.addEventListener(
          "abort",
          end(() => reject(signal.reason)),
        );
      });
    });
  }

  start(): void {
    for (const node of this.nodes) node.start();
  }

  get running(): FleetNode[] {
    return this.nodes.filter(({ fleet }) => fleet !== undefined);
  }

  /** Cuts these nodes off from the others for a while. */
  partition(nodes: ReadonlySet<number>, forMs: number): void {
    const trouble = {
      conditions: { isCut: true },
      covers: (from: number, to: number) => nodes.has(from) !== nodes.has(to),
    };
    this.trouble(trouble, forMs);
  }

  trouble(trouble: Parameters<SimulatedNetwork["add"]>[0], forMs: number): void {
    const { nowMs } = this.world;
    this.cuts.push({ fromMs: nowMs, toMs: nowMs + forMs });
    this.network.add(trouble);
    this.world.schedule(forMs, () => this.network.remove(trouble));
  }

  /** Ends the process of a node, and starts it again after a while. */
  crash(node: FleetNode, forMs: number): void {
    this.cuts.push({ fromMs: this.world.nowMs, toMs: this.world.nowMs + forMs });
    node.kill();
    this.world.schedule(forMs, () => node.start());
  }

  /** Lets time go by until `holds`; says whether it did. */
  async until(holds: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
    const endMs = this.world.nowMs + withinMs;
    while (!(await holds())) {
      if (this.world.nowMs >= endMs || this.errors.length > 0) return false;
      await this.world.advance(100);
    }
    return true;
  }

  end(): void {
    for (const node of this.nodes) node.kill();
  }
}

/** Executions of a task that went on at the same time, in pairs. */
export function overlaps(executions: readonly Execution[]): [Execution, Execution][] {
  const pairs: [Execution, Execution][] = [];
  const byTask = new Map<string, Execution[]>();
  for (const execution of executions) {
    const runs = byTask.get(execution.task);
    if (runs === undefined) byTask.set(execution.task, [execution]);
    else runs.push(execution);
  }
  for (const runs of byTask.values()) {
    for (const [index, first] of runs.entries()) {
      for (const second of runs.slice(index + 1)) {
        if (first.beganMs < second.endedMs && second.beganMs < first.endedMs) pairs.push([first, second]);
      }
    }
  }
  return pairs;
}
