// The assignment of greatest score, by successive shortest paths with node potentials, as Jonker and Volgenant (1987)
// grow theirs, on agents that hold many tasks instead of one column a place: places of one agent differ only by their
// points, which fall, so the flow from agent to sink has a convex cost. Tasks are placed in the order they are given and
// none is ever displaced by a later one; of all ways to place those, the sum of points is greatest. A search that finds
// no free place has found agents that are full for good, and nobody looks at them again.
// Resources are not looked at beyond each pair. Cost: of a task at most agents × tasks that share its agents.
import { FULL, NOBODY, type Placement } from "./placement.ts";
import { NEVER } from "./score-table.ts";

export class ExactAssignment {
  readonly #placement: Placement;
  /** Agents from which no free place can be reached. */
  readonly #isClosed: Uint8Array;
  /** Potentials: of agents, and of placed tasks. The sink's is 0. */
  readonly #ofAgent: Float64Array;
  readonly #ofTask: Float64Array;
  readonly #distance: Float64Array;
  readonly #isSettled: Uint8Array;
  /** The task by which an agent was reached. */
  readonly #via: Int32Array;
  readonly #settled: number[] = [];
  /** The best end found: its whole length, and its agent. */
  #length = 0;
  #end = NOBODY;

  constructor(placement: Placement) {
    this.#placement = placement;
    const agents = placement.agentCount;
    this.#isClosed = new Uint8Array(agents);
    this.#ofAgent = new Float64Array(agents);
    this.#ofTask = new Float64Array(placement.agentOf.length);
    this.#distance = new Float64Array(agents);
    this.#isSettled = new Uint8Array(agents);
    this.#via = new Int32Array(agents);
  }

  /** Places `task` and moves others, all on agents they may go to, as far as that gives the most points. */
  place(task: number): boolean {
    if (!this.#start(task)) return false;
    for (let agent = this.#nearest(); agent !== NOBODY; agent = this.#nearest()) {
      this.#isSettled[agent] = 1;
      this.#settled.push(agent);
      for (const other of this.#placement.tasksOn[agent]!) {
        this.#reach(other, this.#distance[agent]! + this.#ofTask[other]!);
      }
    }
    if (this.#end === NOBODY) {
      for (const agent of this.#settled) this.#isClosed[agent] = 1;
      return false;
    }
    this.#shiftPotentials(task);
    this.#move(task);
    return true;
  }

  /** Costs are points below 0; the potential of a new task makes all its arcs cost at least 0. */
  #start(task: number): boolean {
    this.#distance.fill(Number.POSITIVE_INFINITY);
    this.#isSettled.fill(0);
    this.#settled.length = 0;
    this.#length = Number.POSITIVE_INFINITY;
    this.#end = NOBODY;
    const row = this.#placement.table.row(task);
    let potential = Number.NEGATIVE_INFINITY;
    for (let agent = 0; agent < row.length; agent++) {
      if (row[agent] === NEVER || this.#isClosed[agent] === 1) continue;
      potential = Math.max(potential, this.#ofAgent[agent]! + row[agent]!);
    }
    if (potential === Number.NEGATIVE_INFINITY) return false;
    this.#ofTask[task] = potential;
    this.#reach(task, potential);
    return true;
  }

  /** Looks at the agents `task` may go to; `base` is the distance to it plus its potential. */
  #reach(task: number, base: number): void {
    const row = this.#placement.table.row(task);
    const distance = this.#distance;
    const ofAgent = this.#ofAgent;
    for (let agent = 0; agent < row.length; agent++) {
      const points = row[agent]!;
      if (points === NEVER) continue;
      const found = base - points - ofAgent[agent]!;
      if (found >= distance[agent]! || this.#isSettled[agent] === 1 || this.#isClosed[agent] === 1) continue;
      distance[agent] = found;
      this.#via[agent] = task;
      if (this.#placement.nextPoints[agent] !== FULL) this.#considerEnd(agent, found);
    }
  }

  #considerEnd(agent: number, distance: number): void {
    const length = distance + this.#ofAgent[agent]! + this.#placeCost(agent);
    if (length > this.#length || (length === this.#length && agent > this.#end)) return;
    this.#length = length;
    this.#end = agent;
  }

  /** What the next place costs above the best one: never below 0, and never less than the place before it. */
  #placeCost(agent: number): number {
    return PLACE_COST_BASE - this.#placement.nextPoints[agent]!;
  }

  /** The nearest agent not settled, of equals the first; nobody once all are as far as the end. */
  #nearest(): number {
    let nearest = NOBODY;
    let least = this.#length;
    for (let agent = 0; agent < this.#distance.length; agent++) {
      if (this.#distance[agent]! >= least || this.#isSettled[agent] === 1) continue;
      least = this.#distance[agent]!;
      nearest = agent;
    }
    return nearest;
  }

  /** Keeps the reduced cost of every arc at 0 or more, and of those on the path at 0. */
  #shiftPotentials(task: number): void {
    for (const agent of this.#settled) {
      const shift = this.#distance[agent]! - this.#length;
      this.#ofAgent[agent]! += shift;
      for (const other of this.#placement.tasksOn[agent]!) this.#ofTask[other]! += shift;
    }
    this.#ofTask[task]! -= this.#length;
  }

  #move(task: number): void {
    let agent = this.#end;
    for (;;) {
      const moved = this.#via[agent]!;
      const from = moved === task ? NOBODY : this.#placement.lift(moved);
      this.#placement.put(moved, agent);
      if (from === NOBODY) return;
      agent = from;
    }
  }
}

/** At least the points of any place: the greatest weight times a term at its best. */
const PLACE_COST_BASE = 1_000_000;
