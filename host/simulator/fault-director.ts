// Makes the faults of a schedule happen and end. Ends of faults are noted, so that healing before time undoes what
// still lasts. Each fault draws from a stream of its own: leaving one out leaves the others as they were.
import type { Extension } from "../net/extension.ts";
import type { Fault, FaultKind } from "./faults.ts";
import type { Trouble } from "./path-conditions.ts";
import { Random } from "./random.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";
import type { SimulatedNetwork } from "./simulated-network.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import type { World } from "./world.ts";

const NOTE_FAULT = 2;

export interface DirectorOptions {
  readonly world: World;
  readonly network: SimulatedNetwork;
  readonly nodes: readonly SimulatedNode[];
  readonly tell: (kind: string, node: number, detail?: string) => void;
}

/** Begins a fault; the answer ends it. */
type Begin = (fault: Fault, random: Random) => () => void;

const NOTHING_TO_END = (): void => {};

export class FaultDirector {
  readonly #options: DirectorOptions;
  readonly #ends = new Set<() => void>();
  /** How often each kind really happened to a node. */
  readonly happened = new Map<FaultKind, number>();

  constructor(options: DirectorOptions) {
    this.#options = options;
  }

  /** Schedules a fault; `number` names it in the schedule drawn. */
  schedule(fault: Fault, number: number): void {
    const { world } = this.#options;
    world.schedule(fault.atMs - world.nowMs, () => {
      const random = new Random(world.seed, "fault", number);
      world.note(NOTE_FAULT, number);
      const end = this.#begin(fault, random);
      const once = (): void => {
        if (this.#ends.delete(once)) end();
      };
      this.#ends.add(once);
      world.schedule(fault.forMs, once);
    });
  }

  /** Lies on all paths until the world heals. */
  everywhere(conditions: Trouble["conditions"]): void {
    const trouble: Trouble = { conditions, covers: () => true };
    this.#options.network.add(trouble);
    this.#ends.add(() => this.#options.network.remove(trouble));
  }

  /** Ends whatever lasts, and starts everybody again but these. */
  heal(without: ReadonlySet<number>): void {
    for (const end of [...this.#ends]) end();
    for (const node of this.#options.nodes) {
      if (without.has(node.index)) continue;
      node.machine.disk.isFull = false;
      node.machine.thaw();
      node.start();
    }
  }

  #begin(fault: Fault, random: Random): () => void {
    return this.#beginners[fault.kind](fault, random);
  }

  readonly #beginners: Readonly<Record<FaultKind, Begin>> = {
    loss: (fault) => this.#onPaths(fault, { loss: fault.amount }),
    duplication: (fault) => this.#onPaths(fault, { duplication: fault.amount }),
    reordering: (fault) => this.#onPaths(fault, { reordering: fault.amount }),
    truncation: (fault) => this.#onPaths(fault, { truncation: fault.amount }),
    flip: (fault) => this.#onPaths(fault, { flip: fault.amount }),
    delay: (fault) => this.#onPaths(fault, { delayMs: fault.amount }),
    refusal: (fault) => this.#onPaths(fault, { isRefusing: true }),
    partition: (fault, random) => this.#partition(fault, random),
    "one-way": (fault) => this.#oneWay(fault),
    "half-open": (fault, random) => this.#breakConnections(fault, random, true),
    broken: (fault, random) => this.#breakConnections(fault, random, false),
    kill: (fault) =>
      this.#each(
        fault,
        (node) => node.kill("killed"),
        (node) => node.start(),
      ),
    "power-loss": (fault) =>
      this.#each(
        fault,
        (node) => node.kill("power lost"),
        (node) => node.start(),
      ),
    "torn-record": (fault) =>
      this.#each(
        fault,
        (node) => node.kill("power lost", true),
        (node) => node.start(),
      ),
    "flipped-record": (fault, random) => this.#flipRecord(fault, random),
    "full-disk": (fault) =>
      this.#onMachines(
        fault,
        (node) => {
          node.machine.disk.isFull = true;
        },
        (node) => {
          node.machine.disk.isFull = false;
        },
      ),
    "old-copy": (fault, random) => this.#oldCopy(fault, random),
    clone: (fault, random) => this.#clone(fault, random),
    // A clock that is off stays off: only steps are taken back.
    "clock-skew": (fault, random) =>
      this.#onMachines(fault, (node) => {
        node.machine.clockOffMs += Math.round(fault.amount * random.unit());
      }),
    "clock-step": (fault) =>
      this.#onMachines(
        fault,
        (node) => {
          node.machine.clockOffMs += fault.amount;
        },
        (node) => {
          node.machine.clockOffMs -= fault.amount;
        },
      ),
    slow: (fault) =>
      this.#onMachines(
        fault,
        (node) => {
          node.machine.workMs = fault.amount;
        },
        (node) => {
          node.machine.workMs = 0;
        },
      ),
    pause: (fault) => this.#onMachines(fault, (node) => node.machine.freeze(fault.forMs)),
    "old-version": (fault) => this.#oldVersion(fault),
  };

  #nodesOf(fault: Fault): SimulatedNode[] {
    return fault.nodes.flatMap((index) => this.#options.nodes[index] ?? []);
  }

  #count(fault: Fault, by = 1): void {
    this.happened.set(fault.kind, (this.happened.get(fault.kind) ?? 0) + by);
  }

  /** On all paths to and from the nodes of the fault. */
  #onPaths(fault: Fault, conditions: Trouble["conditions"]): () => void {
    const hit = new Set(fault.nodes);
    return this.#trouble(fault, { conditions, covers: (from, to) => hit.has(from) || hit.has(to) });
  }

  #trouble(fault: Fault, trouble: Trouble): () => void {
    this.#count(fault, fault.nodes.length);
    this.#options.network.add(trouble);
    return () => this.#options.network.remove(trouble);
  }

  /** The nodes of the fault in groups of their own; the others are the first group. */
  #partition(fault: Fault, random: Random): () => void {
    const groups = Math.max(2, fault.amount);
    const groupOf = new Map(fault.nodes.map((index) => [index, 1 + random.below(groups - 1)]));
    const covers = (from: number, to: number): boolean => (groupOf.get(from) ?? 0) !== (groupOf.get(to) ?? 0);
    return this.#trouble(fault, { conditions: { isCut: true }, covers });
  }

  #oneWay(fault: Fault): () => void {
    const mute = new Set(fault.nodes);
    const covers = (from: number, to: number): boolean => mute.has(from) && !mute.has(to);
    return this.#trouble(fault, { conditions: { isCut: true }, covers });
  }

  #breakConnections(fault: Fault, random: Random, isHalfOpen: boolean): () => void {
    const hit = new Set(fault.nodes);
    for (const { client, server } of [...this.#options.network.open]) {
      if (!hit.has(client.platform.machine.index) && !hit.has(server.platform.machine.index)) continue;
      const isClientQuiet = isHalfOpen && random.chance(0.5);
      client.lose(isClientQuiet);
      server.lose(isHalfOpen && !isClientQuiet);
      this.#count(fault);
    }
    return NOTHING_TO_END;
  }

  #each(fault: Fault, begin: (node: SimulatedNode) => void, end: (node: SimulatedNode) => void): () => void {
    const hit = this.#nodesOf(fault).filter((node) => node.isStarted);
    for (const node of hit) {
      this.#count(fault);
      this.#options.tell(fault.kind, node.index);
      begin(node);
    }
    return () => {
      for (const node of hit) end(node);
    };
  }

  #onMachines(
    fault: Fault,
    begin: (node: SimulatedNode) => void,
    end: (node: SimulatedNode) => void = NOTHING_TO_END,
  ): () => void {
    const hit = this.#nodesOf(fault);
    for (const node of hit) {
      this.#count(fault);
      begin(node);
    }
    return () => {
      for (const node of hit) end(node);
    };
  }

  #flipRecord(fault: Fault, random: Random): () => void {
    return this.#each(
      fault,
      (node) => {
        node.kill("killed");
        const key = node.machine.disk.flipBit(random);
        if (key !== undefined) node.damaged(`a bit of the stored record ${key} was flipped`);
      },
      (node) => node.start(),
    );
  }

  #oldCopy(fault: Fault, random: Random): () => void {
    const copies = new Map<SimulatedNode, SimulatedDisk>();
    for (const node of this.#nodesOf(fault)) copies.set(node, node.machine.disk.copy());
    return () => {
      for (const [node, copy] of copies) {
        this.#count(fault);
        this.#options.tell(fault.kind, node.index);
        const restore = (): void => {
          if (node.isStarted) return;
          node.replaceDisk(copy, "an older copy of its directory was put in its place");
          node.start();
        };
        if (random.chance(0.5)) node.close().then(restore, restore);
        else {
          node.kill("killed");
          restore();
        }
      }
    };
  }

  /** The second node starts on a copy of the first one's directory, which was closed before or is in use. */
  #clone(fault: Fault, random: Random): () => void {
    const [original, other] = this.#nodesOf(fault);
    if (original === undefined || other === undefined) return NOTHING_TO_END;
    this.#count(fault);
    this.#options.tell(fault.kind, other.index, `of node ${original.index}`);
    other.kill("killed");
    const copy = (): void => {
      if (!other.isStarted)
        other.replaceDisk(original.machine.disk.copy(), "another directory was put in its place");
      other.start();
      original.start();
    };
    if (random.chance(0.5)) original.close().then(copy, copy);
    else copy();
    return NOTHING_TO_END;
  }

  /** From the begin of the run on, until they are restarted. */
  #oldVersion(fault: Fault): () => void {
    const hit = this.#nodesOf(fault);
    for (const node of hit) {
      this.#count(fault);
      node.isNewVersion = false;
    }
    return () => {
      for (const node of hit) {
        if (node.isNewVersion) continue;
        node.isNewVersion = true;
        const start = (): void => node.start();
        if (node.process !== undefined) node.close().then(start, start);
      }
    };
  }
}

/** What the later version speaks beyond the older one: a frame when a connection opens. */
const NEWS_FEATURE = 2 ** 30;
const NEWS_TYPE = 127;

/** A later version of the protocol as far as a peer can tell: a feature, and a frame of its own. */
export const newsExtension = (heard: () => void): Extension => ({
  feature: NEWS_FEATURE,
  types: [NEWS_TYPE],
  open: (peer) => {
    peer.sendFrame(NEWS_TYPE, (writer) => writer.u8(1));
    return { receive: heard, close: () => {} };
  },
});
