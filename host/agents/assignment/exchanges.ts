// Makes an assignment better by moves of one task and swaps of two, as long as the sum of points grows: tasks in the
// order of their columns, each with the agents that suit it best, the best exchange each time, of equals the first. Who
// is placed does not change. It ends, since every exchange adds at least a point, and looks at a fixed number of
// exchanges at most, so that it ends early alike on every replica. Cost: a look is a few array reads.
import { FULL, NOBODY, type Placement } from "./placement.ts";
import { NEVER } from "./score-table.ts";

/** Agents that a task tries to swap places on. */
const CANDIDATES = 16;
/** Looks of one plan: some hundredths of a second. */
const LOOKS_MAX = 2_000_000;

const NO_ROW = new Int32Array();

export class Exchanges {
  readonly #placement: Placement;
  readonly #rows: readonly Int32Array[];
  readonly #candidates = new Map<Int32Array, Int32Array>();
  #looks = 0;

  constructor(placement: Placement) {
    this.#placement = placement;
    this.#rows = Array.from(placement.agentOf, (agent, task) =>
      agent === NOBODY ? NO_ROW : placement.table.row(task),
    );
  }

  /** Until nothing gets better. */
  run(): void {
    const { agentOf } = this.#placement;
    for (let hasGained = true; hasGained; ) {
      hasGained = false;
      for (let task = 0; task < agentOf.length; task++) {
        if (agentOf[task] === NOBODY) continue;
        if (this.#looks >= LOOKS_MAX) return;
        if (this.#move(task) || this.#swap(task)) hasGained = true;
      }
    }
  }

  #move(task: number): boolean {
    const placement = this.#placement;
    const row = placement.table.row(task);
    const from = placement.agentOf[task]!;
    const { nextPoints } = placement;
    let best = NOBODY;
    let most = row[from]! + placement.lastPoints(from);
    this.#looks += row.length;
    for (let agent = 0; agent < row.length; agent++) {
      const all = row[agent]! + nextPoints[agent]!;
      if (all <= most || row[agent] === NEVER || nextPoints[agent] === FULL || agent === from) continue;
      if (!placement.hasResources(task, agent)) continue;
      most = all;
      best = agent;
    }
    if (best === NOBODY) return false;
    placement.lift(task);
    placement.put(task, best);
    return true;
  }

  #swap(task: number): boolean {
    const placement = this.#placement;
    const here = placement.agentOf[task]!;
    const partner = this.#bestPartner(task, here);
    if (partner === NOBODY) return false;
    const there = placement.lift(partner);
    placement.lift(task);
    placement.put(task, there);
    placement.put(partner, here);
    return true;
  }

  #bestPartner(task: number, here: number): number {
    const placement = this.#placement;
    const rows = this.#rows;
    const row = rows[task]!;
    let partner = NOBODY;
    let most = 0;
    for (const there of this.#candidatesOf(row)) {
      if (there === here) continue;
      const gained = row[there]! - row[here]!;
      const tasks = placement.tasksOn[there]!;
      this.#looks += tasks.length;
      for (let index = 0; index < tasks.length; index++) {
        const other = tasks[index]!;
        const ofOther = rows[other]!;
        const gain = gained + ofOther[here]! - ofOther[there]!;
        if (gain <= most || ofOther[here] === NEVER) continue;
        if (!placement.hasResources(task, there, other) || !placement.hasResources(other, here, task))
          continue;
        most = gain;
        partner = other;
      }
    }
    return partner;
  }

  /** The agents with the most points in `row`, of equals the first. */
  #candidatesOf(row: Int32Array): Int32Array {
    const known = this.#candidates.get(row);
    if (known !== undefined) return known;
    const chosen = mostPoints(row, CANDIDATES);
    this.#candidates.set(row, chosen);
    return chosen;
  }
}

/** The `count` agents with the most points, of equals the first; by insertion, as most agents fall at the first look. */
function mostPoints(row: Int32Array, count: number): Int32Array {
  const chosen = new Int32Array(count);
  let length = 0;
  for (let agent = 0; agent < row.length; agent++) {
    const points = row[agent]!;
    if (points === NEVER || (length === count && points <= row[chosen[length - 1]!]!)) continue;
    let at = length < count ? length++ : length - 1;
    for (; at > 0 && row[chosen[at - 1]!]! < points; at--) chosen[at] = chosen[at - 1]!;
    chosen[at] = agent;
  }
  return chosen.subarray(0, length);
}
