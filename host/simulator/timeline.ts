// What a run leaves to look at: faults with their spans, what happened to which node and when, and how far behind each
// node was. Bounded: the newest samples and the first events are kept.
import { VersionVector } from "../wire/version-vector.ts";
import type { Fault } from "./faults.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import type { World } from "./world.ts";

const EVENTS_MAX = 20_000;
/** Nodes whose state is sampled one by one; of more, these and the sums. */
const LANES_MAX = 200;

export interface TimelineEvent {
  readonly atMs: number;
  readonly kind: string;
  readonly node: number;
  readonly detail: string;
}

export interface TimelineFault extends Fault {
  readonly number: number;
}

export interface Sample {
  readonly atMs: number;
  /** Mutations a node lacks of what any node has; −1 where no process runs. */
  readonly lags: Int32Array;
  readonly up: number;
  readonly equal: number;
  readonly known: number;
  /** Deltas of others merged since the sample before, over all nodes. */
  readonly merges: number;
}

export class Timeline {
  readonly nodes: number;
  readonly events: TimelineEvent[] = [];
  readonly faults: TimelineFault[] = [];
  readonly samples: Sample[] = [];
  healedAtMs: number | undefined;
  convergedAtMs: number | undefined;
  readonly #world: World;
  #merges = 0;

  constructor(world: World, nodes: number) {
    this.#world = world;
    this.nodes = nodes;
  }

  event(kind: string, node: number, detail: string): void {
    if (this.events.length < EVENTS_MAX) this.events.push({ atMs: this.#world.nowMs, kind, node, detail });
  }

  fault(fault: Fault, number: number): void {
    this.faults.push({ ...fault, number });
  }

  /** A node has merged a delta of somebody else. */
  merged(): void {
    this.#merges++;
  }

  healed(): void {
    this.healedAtMs = this.#world.nowMs;
  }

  converged(): void {
    this.convergedAtMs = this.#world.nowMs;
  }

  sample(nodes: readonly SimulatedNode[]): void {
    const union = new VersionVector();
    for (const { process: running } of nodes)
      if (running !== undefined) union.merge(running.core.versionVector);
    const known = sum(union);
    const lags = new Int32Array(Math.min(this.nodes, LANES_MAX)).fill(-1);
    let up = 0;
    let equal = 0;
    for (const { index, process: running } of nodes) {
      if (running === undefined) continue;
      const lag = known - sum(running.core.versionVector);
      up++;
      if (lag === 0) equal++;
      if (index < lags.length) lags[index] = lag;
    }
    this.samples.push({ atMs: this.#world.nowMs, lags, up, equal, known, merges: this.#merges });
    this.#merges = 0;
  }
}

function sum(vector: VersionVector): number {
  let total = 0;
  for (const [, sequence] of vector) total += sequence;
  return total;
}
