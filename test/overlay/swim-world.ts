// State machines of membership joined by links in virtual time, without sessions: hundreds of members cost little.
import type { ReplicaId } from "../../host/engine/engine.ts";
import { isPresent } from "../../host/overlay/membership/member.ts";
import type { MemberEvent } from "../../host/overlay/membership/member-table.ts";
import { Swim } from "../../host/overlay/membership/swim.ts";
import { VirtualWorld } from "./virtual-world.ts";

export const idOf = (number: number): ReplicaId => (number + 1).toString(16).padStart(16, "0") as ReplicaId;
export const DESCRIPTION = { addresses: [], region: "", meta: new Uint8Array(0), features: 0 };

export class SwimNode {
  readonly swim: Swim;
  readonly id: ReplicaId;
  readonly events: (MemberEvent & { readonly atMs: number })[] = [];
  readonly roundTrips = new Map<ReplicaId, number>();
  isDown = false;
  readonly #world: SwimWorld;
  #cancel: () => void = () => {};
  #dueMs = Number.POSITIVE_INFINITY;

  constructor(world: SwimWorld, number: number) {
    this.#world = world;
    this.id = idOf(number);
    this.swim = new Swim(this.id, DESCRIPTION, 0, world.time.random);
  }

  /** Lets the machine act, sends what it says, and sets its timer. */
  act(step: () => void): void {
    if (this.isDown) return;
    step();
    const { time } = this.#world;
    for (const output of this.swim.takeOutputs()) {
      if (output.kind === "member") this.events.push({ ...output.event, atMs: time.nowMs });
      else if (output.kind === "round-trip") this.roundTrips.set(output.link, output.ms);
      else this.#world.carry(this, output.link, output.message);
    }
    const dueMs = Math.max(this.swim.dueMs, time.nowMs);
    if (dueMs === this.#dueMs) return;
    this.#cancel();
    this.#dueMs = dueMs;
    this.#cancel = time.after(dueMs - time.nowMs, () => {
      this.#dueMs = Number.POSITIVE_INFINITY;
      this.act(() => this.swim.tick(time.nowMs));
    });
  }

  states(): Map<ReplicaId, string> {
    return new Map([...this.swim.table.others].map(({ id, state }) => [id, state]));
  }
}

export class SwimWorld {
  readonly time: VirtualWorld;
  readonly nodes: SwimNode[];
  readonly #byId = new Map<ReplicaId, SwimNode>();
  loss = 0;
  messages = 0;
  isCut: (from: ReplicaId, to: ReplicaId) => boolean = () => false;

  constructor(seed: number, count: number) {
    this.time = new VirtualWorld(seed);
    this.nodes = Array.from({ length: count }, (_, index) => new SwimNode(this, index));
    for (const node of this.nodes) this.#byId.set(node.id, node);
  }

  link(from: number, to: number): void {
    const [near, far] = [this.nodes[from]!, this.nodes[to]!];
    near.act(() => near.swim.linkUp(far.id, true, this.time.nowMs));
    far.act(() => far.swim.linkUp(near.id, false, this.time.nowMs));
  }

  /** A ring, and from each a chord to a random other. */
  linkAll(chords: number): void {
    const count = this.nodes.length;
    for (let node = 0; node < count; node++) {
      this.link(node, (node + 1) % count);
      for (let chord = 0; chord < chords; chord++) {
        const other = (node + 2 + Math.floor(this.time.random() * (count - 3))) % count;
        this.link(node, other);
      }
    }
  }

  carry(from: SwimNode, to: ReplicaId, message: Parameters<Swim["receive"]>[1]): void {
    this.messages++;
    if (this.isCut(from.id, to) || (this.loss > 0 && this.time.random() < this.loss)) return;
    const target = this.#byId.get(to)!;
    this.time.after(this.time.latencyMs(from.id, to), () => {
      target.act(() => target.swim.receive(from.id, message, this.time.nowMs));
    });
  }

  /** Whether every node that is up believes exactly those to be alive. */
  agreesOn(alive: readonly SwimNode[]): boolean {
    return alive.every((node) => {
      const present = [...node.swim.table.others].filter(isPresent);
      if (present.length !== alive.length - 1) return false;
      return present.every(({ id, state }) => state === "alive" && !this.#byId.get(id)!.isDown);
    });
  }
}
