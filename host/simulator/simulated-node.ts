// A node: a machine and the process on it, which is a real replica with its real store, sessions and engine. It can be
// ended in every way and started again, keeps its connections, and writes when its time comes.
import type { Engine, ReplicaId } from "../engine/engine.ts";
import { CrdtError, isCrdtError } from "../errors.ts";
import { CLOCK_DRIFT_MS_MAX } from "../limits.ts";
import type { Versions } from "../net/handshake.ts";
import { type Hub, hubOf, type SessionTiming } from "../net/index.ts";
import type { Platform } from "../platform/platform.ts";
import type { DocumentCore } from "../replica/document-core.ts";
import type { Durability } from "../replica/ports.ts";
import { hostOf, Replica } from "../replica/replica.ts";
import { openStore } from "../store/index.ts";
import { forEachReplica } from "../wire/delta-header.ts";
import type { VersionVector } from "../wire/version-vector.ts";
import type { Machine } from "./machine.ts";
import { addressOf } from "./machine.ts";
import { Random } from "./random.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";
import type { SimulatedNetwork } from "./simulated-network.ts";
import { SimulatedPlatform } from "./simulated-platform.ts";
import type { Truth } from "./truth.ts";
import { DOCUMENT_NAME, LoadedShared, mutate, type SharedDocument } from "./workload.ts";
import type { World } from "./world.ts";

const RESTART_AFTER_FAILURE_MS = 1_000;
const CONNECT_AGAIN_MS = 1_000;
const ACKNOWLEDGE_SHARE = 0.3;
const LEDGER_SHARE = 0.4;
const PARCEL_SHARE = 0.2;
const COMPACT_SHARE = 0.03;

/** What a run may hang onto a process once it runs. */
export type AfterStart = (replica: Replica, platform: SimulatedPlatform, hub: Hub) => void;

export interface NodeOptions {
  readonly world: World;
  readonly network: SimulatedNetwork;
  readonly engine: Engine;
  readonly truth: Truth;
  readonly durability: Durability;
  readonly timing: Partial<SessionTiming>;
  /** The nodes this one connects to. */
  readonly peers: readonly number[];
  /** Mutations a second; 0 for one that only reads. */
  readonly writesPerSecond: number;
  /** The versions of the protocol it names; those of the code where undefined. */
  readonly versions: Versions | undefined;
  readonly afterStart: readonly AfterStart[];
  /** What stands between the replica and the platform: how the tests break a build. */
  readonly wrapPlatform: (platform: SimulatedPlatform) => Platform;
  /** The vectors of all other nodes as they are or were last: what compaction may rest on. */
  readonly vectorsOfOthers: (node: number) => readonly VersionVector[] | undefined;
  /** Something worth a place in the timeline. */
  readonly tell: (kind: string, node: number, detail?: string) => void;
  /** Something that must not be. */
  readonly violated: (check: string, node: number, message: string) => void;
  /** The engine was given a delta, which was new or not. */
  readonly pushed: (isNew: boolean) => void;
  /** A delta of somebody else was merged: it told of what these replicas wrote, up to these sequences. */
  readonly merged: (node: number, rows: readonly (readonly [ReplicaId, number])[]) => void;
}

export interface Process {
  readonly platform: SimulatedPlatform;
  readonly replica: Replica;
  readonly document: SharedDocument;
  readonly core: DocumentCore;
  readonly hub: Hub;
}

export class SimulatedNode {
  readonly machine: Machine;
  readonly durability: Durability;
  /** Whether the process speaks what later versions speak. */
  isNewVersion = true;
  /** Whether it writes at all. */
  isWriting = true;
  readonly #options: NodeOptions;
  readonly #random: Random;
  #process: Process | undefined;
  /** Of the process that is there, be it starting, running or closing. */
  #replica: Replica | undefined;
  #platform: SimulatedPlatform | undefined;
  #lastVector: VersionVector | undefined;
  #starts = 0;
  #startedAtMs = 0;
  #written = 0;

  constructor(machine: Machine, options: NodeOptions) {
    this.machine = machine;
    this.durability = options.durability;
    this.#options = options;
    this.#random = new Random(options.world.seed, "writer", machine.index);
  }

  get index(): number {
    return this.machine.index;
  }

  /** The process, while it runs. */
  get process(): Process | undefined {
    return this.#process;
  }

  get starts(): number {
    return this.#starts;
  }

  /** When its latest process began to run. */
  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  get peers(): readonly number[] {
    return this.#options.peers;
  }

  /** Whether a process is there, running or about to. */
  get isStarted(): boolean {
    return this.#platform !== undefined;
  }

  start(): void {
    if (this.#platform !== undefined) return;
    const platform = new SimulatedPlatform(this.machine, this.#options.network);
    platform.versions = this.#options.versions;
    this.#platform = platform;
    this.#starts++;
    this.#open(platform).catch((error: unknown) => this.#startFailed(platform, error));
  }

  /** The process ends at once. Without power the machine forgets what was not flushed and tells nobody. */
  kill(how: "killed" | "power lost", mayTear = false): void {
    const platform = this.#platform;
    if (platform === undefined) return;
    this.#rememberVector();
    const { network, truth } = this.#options;
    platform.die();
    const isPowerLoss = how === "power lost";
    network.died(platform, !isPowerLoss);
    this.#freeDocuments();
    this.#process = undefined;
    this.#platform = undefined;
    if (!isPowerLoss) return;
    this.machine.hasPower = false;
    this.machine.disk.losePower(this.machine.random, mayTear);
    truth.excuse(this.index, "power was lost, which buffered writes need not survive", ({ durability }) => {
      return durability === "buffered";
    });
  }

  /** Closes as a program does that is asked to end; resolves when it has ended. */
  async close(): Promise<void> {
    const running = this.#process;
    if (running === undefined) return;
    this.#rememberVector();
    this.#process = undefined;
    try {
      await running.replica.close();
    } catch (error) {
      if (!isCrdtError(error)) throw error;
    }
    if (running.platform.isDead) return;
    running.platform.die();
    this.#options.network.died(running.platform, true);
    this.#platform = undefined;
  }

  /** What it knows, or knew when it last ran; undefined before it ever did. */
  get lastVector(): VersionVector | undefined {
    this.#rememberVector();
    return this.#lastVector;
  }

  #rememberVector(): void {
    if (this.#process !== undefined) this.#lastVector = this.#process.core.versionVector.clone();
  }

  /** Another disk stands in the machine's place; only while no process is there. */
  replaceDisk(disk: SimulatedDisk, reason: string): void {
    if (this.#platform !== undefined) throw new CrdtError("invalid-argument", "a process runs on that disk");
    this.machine.disk = disk;
    this.#options.truth.excuse(this.index, reason);
  }

  /** Something of what the disk holds is spoilt; only while no process is there. */
  damaged(reason: string): void {
    this.#options.truth.excuse(this.index, reason);
  }

  /** The engine is shared by all nodes: what a process held in it must go with the process. */
  #freeDocuments(): void {
    for (const core of this.#replica === undefined ? [] : hostOf(this.#replica).documents()) {
      if (!core.isClosed) core.engine.close();
    }
    this.#replica = undefined;
  }

  async #open(platform: SimulatedPlatform): Promise<void> {
    const { engine, network, timing, afterStart, tell } = this.#options;
    this.machine.hasPower = true;
    const wrapped = this.#options.wrapPlatform(platform);
    const store = await openStore({ platform: wrapped, location: "data", durability: this.durability });
    const replica = new Replica({
      platform: wrapped,
      engine,
      id: store.replica,
      driftLimitMs: CLOCK_DRIFT_MS_MAX,
      store,
      createNetwork: async (host) => hubOf(host, { timing }),
    });
    this.#replica = replica;
    replica.subscribe((event) => {
      if (event.kind === "replica-id") tell("new id", this.index, event.reason);
      if (event.kind === "store") tell(event.event.kind, this.index, event.event.message);
    });
    const document = await replica.open(DOCUMENT_NAME, LoadedShared);
    const host = hostOf(replica);
    const hub = hubOf(host, { timing });
    const core = await host.openCore(DOCUMENT_NAME);
    const running: Process = { platform, replica, document, core, hub };
    this.#process = running;
    this.#startedAtMs = this.#options.world.nowMs;
    this.#follow(core);
    for (const hook of afterStart) hook(replica, platform, hub);
    network.listen(platform, (transport) => {
      if (this.#process === running) hub.attach(transport, "server");
      else transport.terminate();
    });
    for (const peer of this.#options.peers) this.#keepConnected(running, peer);
    tell(this.#starts === 1 ? "began" : "started", this.index);
    this.#writeLater(running);
  }

  #startFailed(platform: SimulatedPlatform, error: unknown): void {
    if (!isCrdtError(error)) {
      this.#options.violated("no crash", this.index, `starting failed: ${describe(error)}`);
      return;
    }
    this.#options.tell("start failed", this.index, error.message);
    platform.die();
    this.#platform = undefined;
    this.machine.after(RESTART_AFTER_FAILURE_MS, () => this.start());
  }

  /** Tells which mutations arrive here and when, and which come in vain. */
  #follow(core: DocumentCore): void {
    const { merged, pushed } = this.#options;
    const merge = core.engine.merge.bind(core.engine);
    core.engine.merge = (...parameters) => {
      const result = merge(...parameters);
      pushed(result.changed);
      return result;
    };
    core.onDelta(({ bytes, source }) => {
      if (source === "local") return;
      const rows: [ReplicaId, number][] = [];
      forEachReplica(bytes, (id, base, to) => {
        if (to > base) rows.push([id, to]);
      });
      merged(this.index, rows);
    });
  }

  #keepConnected(running: Process, peer: number): void {
    const again = (): void => {
      if (this.#process !== running) return;
      running.platform.setTimer(attempt, this.#random.between(0, CONNECT_AGAIN_MS));
    };
    const attempt = (): void => {
      if (this.#process !== running) return;
      running.replica.connect(addressOf(peer)).then((connection) => {
        if (connection.status === "closed") again();
        else connection.onStatus((status) => status === "closed" && again());
      }, again);
    };
    attempt();
  }

  #writeLater(running: Process): void {
    const { writesPerSecond } = this.#options;
    if (writesPerSecond === 0) return;
    running.platform.setTimer(
      () => {
        if (this.#process !== running) return;
        if (this.isWriting) this.#write(running);
        this.#writeLater(running);
      },
      this.#random.exponential(1000 / writesPerSecond),
    );
  }

  #write(running: Process): void {
    const { truth, violated } = this.#options;
    const random = this.#random;
    truth.mutations++;
    try {
      const dice = random.unit();
      if (random.chance(COMPACT_SHARE)) this.#compact(running);
      if (dice < LEDGER_SHARE) this.#enter(running);
      else if (dice < LEDGER_SHARE + PARCEL_SHARE) this.#handleParcel(running);
      else mutate(running.document, random);
    } catch (error) {
      violated("local writes succeed", this.index, describe(error));
    }
    if (random.chance(ACKNOWLEDGE_SHARE)) this.#acknowledge(running);
  }

  /** As an application does that knows all members: nothing is dropped that one of them may lack. */
  #compact({ document }: Process): void {
    const members = this.#options.vectorsOfOthers(this.index);
    if (members === undefined) return;
    const { removalsDropped, deletedMarksDropped } = document.compact({ members });
    if (removalsDropped + deletedMarksDropped > 0) this.#options.tell("compacted", this.index);
  }

  #enter({ document, core }: Process): void {
    const { truth, violated, world } = this.#options;
    const text = `${this.index}.${this.#starts}.${this.#written++}`;
    document.ledger.append(text);
    const { replica } = core;
    const sequence = core.versionVector.get(replica);
    const wrong = truth.wrote({ text, node: this.index, replica, sequence, atMs: world.nowMs });
    if (wrong !== undefined) violated("a dot is used once", this.index, wrong);
  }

  #handleParcel({ document, core }: Process): void {
    const random = this.#random;
    const { size } = document.parcels;
    if (size < 8 || random.chance(0.5)) {
      document.parcels.add(`${this.index}.${this.#starts}.${this.#written++}`);
      return;
    }
    let skip = random.below(size);
    for (const element of document.parcels.values()) {
      if (skip-- > 0) continue;
      document.parcels.delete(element);
      const { replica } = core;
      this.#options.truth.removed({ element, replica, sequence: core.versionVector.get(replica) });
      return;
    }
  }

  #acknowledge({ document, core }: Process): void {
    const { truth, world, violated } = this.#options;
    const { replica } = core;
    const sequence = core.versionVector.get(replica);
    if (sequence === 0) return;
    const { index: node, durability } = this;
    document.durable().then(
      () => truth.acknowledged({ node, replica, sequence, atMs: world.nowMs, durability, excuse: undefined }),
      (error: unknown) => {
        if (!isCrdtError(error)) violated("no crash", node, `durable() rejected with ${describe(error)}`);
      },
    );
  }
}

export const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);
