// Makes an assignment better by exchanges of two or three tasks among as many agents: of every ordered pair of agents the
// task is known that gains most by going from one to the other, so a circle of agents is judged by three reads, however
// many tasks they have. The best circle through each agent in turn, of equals the first, until none gains or a fixed
// number was looked at. Who is placed does not change, and neither does how many tasks an agent has. Cost: of a turn the
// square of the agents; of a rotation the tasks of its agents times the agents.
import { NOBODY, type Placement } from "./placement.ts";
import { NEVER } from "./score-table.ts";

/** Circles and pairs of task and agent that one plan looks at: some hundredths of a second. */
const LOOKS_MAX = 10_000_000;
/** Agents up to which a pass over all circles is worth it. */
const AGENTS_MAX = 512;

interface Circle {
  readonly second: number;
  /** The first again where two agents swap. */
  readonly third: number;
}

export class Rotations {
  readonly #placement: Placement;
  readonly #count: number;
  /** What the best task to go from one agent to another gains, and which it is. */
  readonly #gains: Float64Array;
  readonly #movers: Int32Array;
  #looks = 0;

  constructor(placement: Placement) {
    this.#placement = placement;
    this.#count = placement.agentCount <= AGENTS_MAX ? placement.agentCount : 0;
    this.#gains = new Float64Array(this.#count * this.#count);
    this.#movers = new Int32Array(this.#count * this.#count);
    for (let agent = 0; agent < this.#count; agent++) this.#survey(agent);
  }

  /** Until nothing gets better. */
  run(): void {
    for (let hasGained = true; hasGained; ) {
      hasGained = false;
      for (let agent = 0; agent < this.#count; agent++) {
        if (this.#looks >= LOOKS_MAX) return;
        const circle = this.#bestCircle(agent);
        if (circle !== undefined && this.#rotate(agent, circle)) hasGained = true;
      }
    }
  }

  #survey(from: number): void {
    const { tasksOn, table } = this.#placement;
    const start = from * this.#count;
    this.#gains.fill(Number.NEGATIVE_INFINITY, start, start + this.#count);
    for (const task of tasksOn[from]!) {
      const row = table.row(task);
      const here = row[from]!;
      for (let to = 0; to < this.#count; to++) {
        const gain = row[to]! - here;
        if (gain <= this.#gains[start + to]! || row[to] === NEVER) continue;
        this.#gains[start + to] = gain;
        this.#movers[start + to] = task;
      }
    }
    this.#looks += tasksOn[from]!.length * this.#count;
  }

  #bestCircle(first: number): Circle | undefined {
    const gains = this.#gains;
    const count = this.#count;
    let best: Circle | undefined;
    let most = 0;
    for (let second = 0; second < count; second++) {
      const out = gains[first * count + second]!;
      if (second === first || out === Number.NEGATIVE_INFINITY) continue;
      if (out + gains[second * count + first]! > most) {
        most = out + gains[second * count + first]!;
        best = { second, third: first };
      }
      for (let third = 0; third < count; third++) {
        const all = out + gains[second * count + third]! + gains[third * count + first]!;
        if (all <= most || third === first || third === second) continue;
        most = all;
        best = { second, third };
      }
    }
    this.#looks += count * count;
    return best;
  }

  /** Says whether resources let it. */
  #rotate(first: number, { second, third }: Circle): boolean {
    const agents = third === first ? [first, second] : [first, second, third];
    const placement = this.#placement;
    const moved = agents.map(
      (from, at) => this.#movers[from * this.#count + agents[(at + 1) % agents.length]!]!,
    );
    for (let at = 0; at < agents.length; at++) {
      const next = (at + 1) % agents.length;
      if (!placement.hasResources(moved[at]!, agents[next]!, moved[next] ?? NOBODY)) return false;
    }
    for (const task of moved) placement.lift(task);
    moved.forEach((task, at) => {
      placement.put(task, agents[(at + 1) % agents.length]!);
    });
    for (const agent of agents) this.#survey(agent);
    return true;
  }
}
