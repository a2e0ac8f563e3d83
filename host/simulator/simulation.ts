// One run: a fleet of real replicas in a simulated world, a schedule of faults, checks all the time, and at the end a
// world that behaves, in which the fleet must converge and fall silent. The same options give the same run, to the last
// message; the digest says whether they did. After FoundationDB's simulation (https://apple.github.io/foundationdb/testing.html)
// and TigerBeetle's VOPR. Leaves out threads, real files and the bytes of TCP.
import type { Engine } from "../engine/engine.ts";
import { loadEngine } from "../engine/load-engine.ts";
import type { Versions } from "../net/handshake.ts";
import type { SessionTiming } from "../net/index.ts";
import type { Platform } from "../platform/platform.ts";
import type { VersionVector } from "../wire/version-vector.ts";
import { Availability, type AvailabilitySummary, LOOK_EVERY_MS } from "./availability.ts";
import { type CheckName, Checks, type Violation } from "./checks.ts";
import { haveConverged } from "./convergence.ts";
import { DeliveryTimes } from "./delivery-times.ts";
import { FaultDirector, newsExtension } from "./fault-director.ts";
import { drawFaults, FAULT_NAMES, type Fault, type FaultKind } from "./faults.ts";
import { Machine } from "./machine.ts";
import { joiningOverlay, OVERLAY, OVERLAY_QUIET_TYPES, pushingLazily } from "./overlay-links.ts";
import { Random } from "./random.ts";
import { type Latency, SimulatedNetwork } from "./simulated-network.ts";
import { type AfterStart, describe, SimulatedNode } from "./simulated-node.ts";
import type { SimulatedPlatform } from "./simulated-platform.ts";
import { Timeline } from "./timeline.ts";
import { type LinkPair, type Topology, topologyNamed } from "./topology.ts";
import { Truth } from "./truth.ts";
import { World } from "./world.ts";

export interface SimulationOptions {
  readonly seed: number;
  readonly nodes: number;
  /** Virtual seconds during which faults happen and nodes write. */
  readonly seconds: number;
  /** The kinds the schedule draws from; all unless given. */
  readonly faults?: readonly FaultKind[];
  /** Only these faults of the schedule drawn, by number; all unless given. */
  readonly keepFaults?: readonly number[] | undefined;
  /** Nodes that are never started. */
  readonly withoutNodes?: readonly number[] | undefined;
  /** Writing ends at this virtual second; that of `seconds` unless given. */
  readonly writeSeconds?: number | undefined;
  /** A name of {@link TOPOLOGIES}, "overlay" for one that makes itself, or a function; "random" unless given. */
  readonly topology?: string | Topology;
  /** How deltas go on; lazily in fleets of more than {@link FLOODING_NODES_MAX} unless given. */
  readonly push?: PushKind | undefined;
  /** Share of messages lost on every path while faults happen, beside what the schedule draws; 0 unless given. */
  readonly loss?: number | undefined;
  /** How many nodes write; all unless given. */
  readonly writers?: number | undefined;
  /** Mutations a second of each writer; 2 unless given. */
  readonly rate?: number | undefined;
  /** Nodes looked at by each round of checks; all unless given. */
  readonly lookAt?: number | undefined;
  readonly engine?: "wasm" | "baseline" | Engine;
  readonly timing?: Partial<SessionTiming>;
  readonly latency?: Partial<Latency>;
  /** How long a healed fleet may take to converge, in virtual seconds. */
  readonly healSeconds?: number | undefined;
  /** The versions of the protocol a node names in its hellos; those of the code where undefined. */
  readonly versionsOf?: (node: number) => Versions | undefined;
  /** Called for each process once it runs: where overlays and the like are switched on. */
  readonly afterStart?: readonly AfterStart[];
  /** What stands between each replica and its platform; nothing unless given. The tests break a build with it. */
  readonly wrapPlatform?: (platform: SimulatedPlatform) => Platform;
  /** Frame types that may go on when all is said; pings and pongs unless given. */
  readonly quietTypes?: readonly number[];
  /** Called now and then; the run goes on when what it returns resolves. */
  readonly onProgress?: (progress: Progress) => void | Promise<void>;
  /** Between two rounds of checks, in virtual milliseconds. */
  readonly checkEveryMs?: number | undefined;
}

/** By all connections at once, or by a tree of them that the others repair (docs/topologies.md, "Pushing once"). */
export type PushKind = "flooding" | "lazy";

export interface Progress {
  readonly nowMs: number;
  readonly phase: Phase;
  readonly nodes: readonly SimulatedNode[];
  readonly timeline: Timeline;
  readonly network: SimulatedNetwork;
  readonly truth: Truth;
}

export type Phase = "faults" | "healing" | "silence" | "done";

export interface SimulationResult {
  readonly options: SimulationOptions;
  /** 16 hexadecimal digits over all that happened. */
  readonly digest: string;
  readonly violations: readonly Violation[];
  readonly schedule: readonly Fault[];
  /** The fate of each kind of fault: how many nodes or connections it met. */
  readonly happened: ReadonlyMap<FaultKind, number>;
  readonly looked: ReadonlyMap<CheckName, number>;
  readonly virtualMs: number;
  /** From healing to equal version vectors everywhere, in virtual milliseconds. */
  readonly convergedMs: number | undefined;
  /** From then to the first of ten seconds without a frame but heartbeats. */
  readonly silentMs: number | undefined;
  readonly events: number;
  readonly mutations: number;
  readonly acknowledgements: number;
  /** Deltas given to engines to merge, and those among them that brought nothing new. */
  readonly pushes: number;
  readonly duplicates: number;
  readonly messages: number;
  readonly messageBytes: number;
  readonly connections: number;
  readonly restarts: number;
  readonly met: Readonly<Record<string, number>>;
  readonly delivery: {
    readonly count: number;
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly maxMs: number;
  };
  /** While faults happened; undefined where the topology makes itself. */
  readonly availability: AvailabilitySummary | undefined;
  readonly timeline: Timeline;
}

const CHECK_EVERY_MS = 500;
const COMPACTING_NODES_MAX = 64;
/** Nobody keeps a larger fleet without a tree: each delta would come once for each connection. */
const FLOODING_NODES_MAX = 100;
const SAMPLES = 200;
const SAMPLE_EVERY_MS_MIN = 50;
const HEAL_SECONDS = 150;
const HEAL_STEP_MS = 100;
const SILENCE_MS = 10_000;
const SILENCE_STEP_MS = 500;
const SILENCE_WITHIN_MS = 180_000;
const PING = 12;
const PONG = 13;

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { engine = "wasm" } = options;
  const loaded = typeof engine === "string" ? await loadEngine({ engine }) : engine;
  return new Simulation(options, loaded).run();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #world: World;
  readonly #truth = new Truth();
  readonly #network: SimulatedNetwork;
  readonly #nodes: readonly SimulatedNode[];
  readonly #checks: Checks;
  readonly #director: FaultDirector;
  readonly #delivery: DeliveryTimes;
  /** Undefined where the topology makes itself: who could reach whom is not known. */
  readonly #availability: Availability | undefined;
  readonly #timeline: Timeline;
  readonly #violations: Violation[] = [];
  readonly #random: Random;
  #schedule: readonly Fault[] = [];
  #phase: Phase = "faults";
  #pushes = 0;
  #duplicates = 0;

  constructor(options: SimulationOptions, engine: Engine) {
    this.#options = options;
    const { seed, nodes } = options;
    this.#world = new World(seed, (error) => this.#violated("no crash", -1, describe(error)));
    this.#random = new Random(seed, "checks");
    let names = 0;
    const nextName = (): number => names++;
    const machines = Array.from({ length: nodes }, (_, index) => new Machine(index, this.#world, nextName));
    const latency = { fromMs: 2, toMs: 60, jitterMs: 3, tickMs: 1, ...options.latency };
    this.#network = new SimulatedNetwork(this.#world, machines, latency);
    this.#timeline = new Timeline(this.#world, nodes);
    this.#delivery = new DeliveryTimes(this.#world, this.#truth);
    const links = this.#topology()(nodes, seed);
    this.#nodes = this.#createNodes(machines, engine, links);
    if (options.topology !== OVERLAY) {
      this.#availability = new Availability(links, this.#running, this.#network);
    }
    const violated = (check: CheckName, node: number, message: string): void =>
      this.#violated(check, node, message);
    this.#checks = new Checks({ world: this.#world, network: this.#network, truth: this.#truth, violated });
    const tell = (kind: string, node: number, detail?: string): void => this.#tell(kind, node, detail);
    this.#director = new FaultDirector({
      world: this.#world,
      network: this.#network,
      nodes: this.#nodes,
      tell,
    });
  }

  async run(): Promise<SimulationResult> {
    this.#startAll();
    this.#scheduleFaults();
    this.#sampleLater();
    this.#lookAtAvailability();
    await this.#runFaults();
    const convergedMs = await this.#heal();
    const silentMs = convergedMs === undefined ? undefined : await this.#fallSilent();
    this.#phase = "done";
    return this.#finish(convergedMs, silentMs);
  }

  #createNodes(machines: readonly Machine[], engine: Engine, links: readonly LinkPair[]): SimulatedNode[] {
    const { seed, nodes, writers = nodes, rate = 2, timing = {} } = this.#options;
    const peers = machines.map((): number[] => []);
    for (const [client, server] of links) peers[client]?.push(server);
    const random = new Random(seed, "durability");
    return machines.map((machine) => {
      const node: SimulatedNode = new SimulatedNode(machine, {
        world: this.#world,
        network: this.#network,
        engine,
        truth: this.#truth,
        durability: random.chance(0.5) ? "flushed" : "buffered",
        timing,
        peers: peers[machine.index]!,
        writesPerSecond: machine.index < writers ? rate : 0,
        versions: this.#options.versionsOf?.(machine.index),
        afterStart: [
          (_replica, _platform, hub) => {
            if (node.isNewVersion) hub.extend(newsExtension(() => {}));
          },
          ...(this.#options.topology === OVERLAY ? [joiningOverlay(nodes, seed)] : this.#pushing()),
          ...(this.#options.afterStart ?? []),
        ],
        wrapPlatform: this.#options.wrapPlatform ?? ((platform) => platform),
        vectorsOfOthers: (index) => this.#vectorsOfOthers(index),
        tell: (kind, index, detail) => this.#tell(kind, index, detail),
        violated: (check, index, message) => this.#violated(check as CheckName, index, message),
        pushed: (isNew) => {
          this.#pushes++;
          if (!isNew) this.#duplicates++;
        },
        merged: (index, rows) => {
          for (const [replica, to] of rows) this.#delivery.merged(index, replica, to);
          this.#timeline.merged();
        },
      });
      return node;
    });
  }

  /** An overlay pushes lazily of itself. */
  #pushing(): AfterStart[] {
    const { nodes, push = nodes > FLOODING_NODES_MAX ? "lazy" : "flooding" } = this.#options;
    return push === "lazy" ? [pushingLazily] : [];
  }

  /** Undefined while one of them has never run, or there are so many that nobody would ask them all. */
  #vectorsOfOthers(node: number): VersionVector[] | undefined {
    if (this.#nodes.length > COMPACTING_NODES_MAX) return undefined;
    const vectors = this.#running.filter(({ index }) => index !== node).map(({ lastVector }) => lastVector);
    return vectors.every((vector) => vector !== undefined) ? vectors : undefined;
  }

  #topology(): Topology {
    const { topology = "random" } = this.#options;
    if (topology === OVERLAY) return () => [];
    return typeof topology === "string" ? topologyNamed(topology) : topology;
  }

  get #running(): SimulatedNode[] {
    const without = new Set(this.#options.withoutNodes);
    return this.#nodes.filter((node) => !without.has(node.index));
  }

  #startAll(): void {
    for (const node of this.#running) this.#world.schedule(this.#random.between(0, 200), () => node.start());
  }

  #scheduleFaults(): void {
    const { seed, nodes, seconds, faults = FAULT_NAMES, keepFaults, loss = 0 } = this.#options;
    if (loss > 0) this.#director.everywhere({ loss });
    const random = new Random(seed, "schedule");
    this.#schedule = drawFaults(random, { nodes, lengthMs: seconds * 1000, kinds: faults });
    const kept = keepFaults === undefined ? undefined : new Set(keepFaults);
    const without = new Set(this.#options.withoutNodes);
    for (const [number, fault] of this.#schedule.entries()) {
      if (kept?.has(number) === false) continue;
      const hit = fault.nodes.filter((node) => !without.has(node));
      if (hit.length === 0) continue;
      this.#timeline.fault(fault, number);
      this.#director.schedule({ ...fault, nodes: hit }, number);
    }
  }

  async #runFaults(): Promise<void> {
    const { seconds, writeSeconds = seconds, checkEveryMs = CHECK_EVERY_MS } = this.#options;
    this.#world.schedule(writeSeconds * 1000, () => this.#stopWriting());
    while (this.#world.nowMs < seconds * 1000 && !this.#world.isStopped) {
      await this.#world.advance(Math.min(checkEveryMs, seconds * 1000 - this.#world.nowMs));
      await this.#look();
    }
    this.#stopWriting();
  }

  /** Some two hundred samples while faults happen, and as dense until all agree. */
  #sampleLater(): void {
    const everyMs = Math.max(SAMPLE_EVERY_MS_MIN, (this.#options.seconds * 1000) / SAMPLES);
    this.#world.schedule(everyMs, () => {
      this.#timeline.sample(this.#running);
      if (this.#phase === "faults" || this.#phase === "healing") this.#sampleLater();
    });
  }

  #lookAtAvailability(): void {
    this.#world.schedule(LOOK_EVERY_MS, () => {
      if (this.#phase !== "faults") return;
      this.#availability?.look(this.#world.nowMs);
      this.#lookAtAvailability();
    });
  }

  #stopWriting(): void {
    for (const node of this.#nodes) node.isWriting = false;
  }

  /** Virtual milliseconds until all agree; undefined when they do not in time. */
  async #heal(): Promise<number | undefined> {
    if (this.#world.isStopped) return undefined;
    this.#phase = "healing";
    const startMs = this.#world.nowMs;
    this.#timeline.healed();
    const without = new Set(this.#options.withoutNodes);
    this.#director.heal(without);
    const { healSeconds = HEAL_SECONDS } = this.#options;
    for (let step = 0; this.#world.nowMs - startMs < healSeconds * 1000; step++) {
      await this.#world.advance(HEAL_STEP_MS);
      if (this.#world.isStopped) return undefined;
      const isThere = haveConverged(this.#running);
      if (isThere || step % 10 === 0) await this.#look();
      if (isThere) {
        this.#timeline.converged();
        return this.#world.nowMs - startMs;
      }
    }
    const behind = this.#running.filter((node) => !haveConverged([this.#running[0]!, node]));
    const message = `${behind.length} of ${this.#running.length} nodes differ from the first ${healSeconds} s after healing`;
    this.#violated("the fleet converges", behind[0]?.index ?? -1, message);
    return undefined;
  }

  /** Virtual milliseconds until the last frame that says something; ten seconds without one are taken for silence. */
  async #fallSilent(): Promise<number | undefined> {
    this.#phase = "silence";
    const startMs = this.#world.nowMs;
    let lastMs = startMs;
    let before = this.#framesThatMatter();
    while (this.#world.nowMs - startMs < SILENCE_WITHIN_MS) {
      await this.#world.advance(SILENCE_STEP_MS);
      if (this.#world.isStopped) return undefined;
      const frames = this.#framesThatMatter();
      if (frames !== before) lastMs = this.#world.nowMs;
      before = frames;
      if (this.#world.nowMs - lastMs < SILENCE_MS) continue;
      this.#lookAtAll();
      return lastMs - startMs;
    }
    const message = `frames still go ${SILENCE_WITHIN_MS / 1000} s later: ${this.#busyTypes()}`;
    this.#violated("the fleet falls silent", -1, message);
    return undefined;
  }

  #framesThatMatter(): number {
    const own = this.#options.topology === OVERLAY ? OVERLAY_QUIET_TYPES : [];
    const quiet = new Set(this.#options.quietTypes ?? [PING, PONG, ...own]);
    let frames = 0;
    for (const [type, count] of this.#network.counts.sentByType.entries())
      if (!quiet.has(type)) frames += count;
    return frames;
  }

  #busyTypes(): string {
    const counts = [...this.#network.counts.sentByType.entries()].filter(([, count]) => count > 0);
    return counts.map(([type, count]) => `type ${type} × ${count}`).join(", ");
  }

  #lookAtAll(): void {
    for (const node of this.#running) this.#checks.look(node);
  }

  async #look(): Promise<void> {
    const { lookAt } = this.#options;
    const nodes = this.#running;
    const chosen =
      lookAt === undefined || lookAt >= nodes.length ? nodes : this.#random.shuffle(nodes).slice(0, lookAt);
    for (const node of chosen) this.#checks.look(node);
    await this.#report();
  }

  async #report(): Promise<void> {
    await this.#options.onProgress?.({
      nowMs: this.#world.nowMs,
      phase: this.#phase,
      nodes: this.#nodes,
      timeline: this.#timeline,
      network: this.#network,
      truth: this.#truth,
    });
  }

  #tell(kind: string, node: number, detail = ""): void {
    this.#world.noteText(`${kind} ${node}`);
    this.#timeline.event(kind, node, detail);
  }

  /** The first one ends the run: what follows may only be its consequence. */
  #violated(check: CheckName, node: number, message: string): void {
    this.#violations.push({ check, atMs: this.#world.nowMs, node, message });
    this.#timeline.event("violation", node, `${check}: ${message}`);
    this.#world.stop();
  }

  get #failedWrites(): number {
    return this.#violations.filter(({ check }) => check === "local writes succeed").length;
  }

  #finish(convergedMs: number | undefined, silentMs: number | undefined): SimulationResult {
    const { counts } = this.#network;
    for (const node of this.#running)
      if (node.process !== undefined) this.#world.noteText(node.process.document.digest());
    const restarts = this.#nodes.reduce((sum, node) => sum + Math.max(0, node.starts - 1), 0);
    const result: SimulationResult = {
      options: this.#options,
      digest: this.#world.digest,
      violations: this.#violations,
      schedule: this.#schedule,
      happened: this.#director.happened,
      looked: this.#checks.looked,
      virtualMs: this.#world.nowMs,
      convergedMs,
      silentMs,
      events: this.#world.events,
      mutations: this.#truth.mutations,
      acknowledgements: this.#truth.acknowledgements.length,
      pushes: this.#pushes,
      duplicates: this.#duplicates,
      messages: counts.sent,
      messageBytes: counts.sentBytes,
      connections: counts.connections,
      restarts,
      met: counts.met,
      delivery: this.#delivery.summary(),
      availability: this.#availability?.summary(this.#truth.mutations, this.#failedWrites),
      timeline: this.#timeline,
    };
    for (const node of this.#nodes) node.kill("killed");
    return result;
  }
}
