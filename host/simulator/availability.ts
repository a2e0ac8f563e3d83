// How available the fleet is while faults happen (docs/simulator.md, "Availability"): of the time nodes spend outside cuts,
// how much they lag by less than five seconds. Looked at twice a second, from outside: paths, processes and vectors.
// What lies between two looks counts as late as it may be. Cost of a look: connections, and nodes times replicas.
import type { ReplicaId } from "../engine/engine.ts";
import type { SessionTiming } from "../net/index.ts";
import type { SimulatedNetwork } from "./simulated-network.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import type { LinkPair } from "./topology.ts";

/** Of node-seconds outside cuts. */
export const AVAILABILITY_SHARE_MIN = 0.9999;
/** Sessions that ask every second, where lag matters; a relay asks every ten seconds, which finds silence in 25. */
export const AVAILABILITY_TIMING: SessionTiming = { heartbeatMs: 1_000, repairMs: 500, handshakeMs: 2_000 };
/** A node that lacks nothing for so long lags by less. */
const LAG_MS_MAX = 5_000;
export const LOOK_EVERY_MS = 500;
/** A process that has just started waits so long for others to call it again; then that counts against the fleet. */
const CALLED_WITHIN_MS = 10_000;
/** A path whose messages may take so much longer is taken for a cut one. */
const DELAY_MS_MAX = 1_000;

export interface AvailabilitySummary {
  /** Seconds of all nodes in which they were up and outside cuts. */
  readonly nodeSeconds: number;
  /** Those among them in which a node lagged by five seconds or more. */
  readonly lateNodeSeconds: number;
  /** Seconds of all nodes in which they were down, stood still or were cut off. */
  readonly excludedNodeSeconds: number;
  readonly writes: number;
  readonly failedWrites: number;
}

/** A sequence that somebody outside cuts holds, and since when somebody did without a break. */
interface Step {
  readonly sequence: number;
  readonly sinceMs: number;
}

export class Availability {
  readonly #links: readonly LinkPair[];
  readonly #nodes: readonly SimulatedNode[];
  readonly #network: SimulatedNetwork;
  readonly #steps = new Map<ReplicaId, Step[]>();
  /** Since when a node is outside cuts; undefined while it is not. */
  readonly #joinedSinceMs: (number | undefined)[] = [];
  #lookedAtMs = 0;
  #looks = 0;
  #late = 0;
  #excluded = 0;

  constructor(links: readonly LinkPair[], nodes: readonly SimulatedNode[], network: SimulatedNetwork) {
    this.#links = links;
    this.#nodes = nodes;
    this.#network = network;
  }

  look(nowMs: number): void {
    const joined = this.#joined(nowMs);
    for (const { index } of this.#nodes) {
      this.#joinedSinceMs[index] = joined.has(index)
        ? (this.#joinedSinceMs[index] ?? this.#lookedAtMs)
        : undefined;
    }
    this.#noteHeld(joined);
    for (const node of this.#nodes) {
      if (!joined.has(node.index)) this.#excluded++;
      else {
        this.#looks++;
        if (this.#lagMs(node, nowMs) >= LAG_MS_MAX) this.#late++;
      }
    }
    this.#lookedAtMs = nowMs;
  }

  summary(writes: number, failedWrites: number): AvailabilitySummary {
    const seconds = (looks: number) => (looks * LOOK_EVERY_MS) / 1_000;
    return {
      nodeSeconds: seconds(this.#looks),
      lateNodeSeconds: seconds(this.#late),
      excludedNodeSeconds: seconds(this.#excluded),
      writes,
      failedWrites,
    };
  }

  /** The largest set of nodes that are up and joined by links of the topology that are free both ways. */
  #joined(nowMs: number): Set<number> {
    const group = new Map<number, number>();
    for (const node of this.#nodes) if (isUp(node)) group.set(node.index, node.index);
    const rootOf = (index: number): number => {
      let root = index;
      while (group.get(root) !== root) root = group.get(root)!;
      group.set(index, root);
      return root;
    };
    const connected = this.#connected();
    const isNew = new Set<number>();
    for (const { index, startedAtMs } of this.#nodes) {
      if (nowMs - startedAtMs < CALLED_WITHIN_MS) isNew.add(index);
    }
    for (const [one, other] of this.#links) {
      if (!group.has(one) || !group.has(other) || !this.#isFree(one, other)) continue;
      const mayWait = isNew.has(one) || isNew.has(other) || this.#isRefusing(one, other);
      if (mayWait && !connected.has(pairKey(one, other))) continue;
      group.set(rootOf(one), rootOf(other));
    }
    const members = new Map<number, number[]>();
    for (const index of group.keys()) {
      const root = rootOf(index);
      const known = members.get(root);
      if (known === undefined) members.set(root, [index]);
      else known.push(index);
    }
    let largest: readonly number[] = [];
    for (const each of members.values()) if (each.length > largest.length) largest = each;
    return new Set(largest);
  }

  #isRefusing(one: number, other: number): boolean {
    return this.#network.conditions(one, other).isRefusing || this.#network.conditions(other, one).isRefusing;
  }

  #isFree(one: number, other: number): boolean {
    const there = this.#network.conditions(one, other);
    const back = this.#network.conditions(other, one);
    if (there.isCut || back.isCut) return false;
    return there.delayMs < DELAY_MS_MAX && back.delayMs < DELAY_MS_MAX;
  }

  #connected(): Set<string> {
    const connected = new Set<string>();
    for (const { client, server, isOver } of this.#network.open) {
      if (!isOver) connected.add(pairKey(client.platform.machine.index, server.platform.machine.index));
    }
    return connected;
  }

  /** What nobody outside cuts holds any more may be held again later, and is new then. */
  #noteHeld(joined: ReadonlySet<number>): void {
    const held = new Map<ReplicaId, number>();
    for (const { index, process: running } of this.#nodes) {
      if (!joined.has(index)) continue;
      for (const [id, sequence] of running!.core.versionVector) {
        if (sequence > (held.get(id) ?? 0)) held.set(id, sequence);
      }
    }
    for (const [id, steps] of this.#steps) {
      const most = held.get(id) ?? 0;
      while (steps.length > 0 && steps.at(-1)!.sequence > most) steps.pop();
    }
    for (const [id, sequence] of held) {
      const steps = this.#steps.get(id) ?? [];
      if (sequence > (steps.at(-1)?.sequence ?? 0)) steps.push({ sequence, sinceMs: this.#lookedAtMs });
      this.#steps.set(id, steps);
    }
  }

  /** For how long it has been outside cuts and lacks what others there hold. */
  #lagMs({ index, process: running }: SimulatedNode, nowMs: number): number {
    const vector = running!.core.versionVector;
    let sinceMs = nowMs;
    for (const [id, steps] of this.#steps) {
      const known = vector.get(id);
      if ((steps.at(-1)?.sequence ?? 0) <= known) continue;
      const first = steps.find(({ sequence }) => sequence > known)!;
      sinceMs = Math.min(sinceMs, first.sinceMs);
    }
    return nowMs - Math.max(sinceMs, this.#joinedSinceMs[index]!);
  }
}

const pairKey = (one: number, other: number): string => `${Math.min(one, other)} ${Math.max(one, other)}`;

const isUp = ({ process: running, machine }: SimulatedNode): boolean =>
  running !== undefined && !running.core.isClosed && machine.hasPower && !machine.isFrozen;
