// Each task, in the order they come, on the agent that gives it the most points as things stand, of equals the first.
// Where all who could take it are full, one task of theirs is moved elsewhere, if that makes room. Places and resources
// are kept at every step. Cost: agents a task; an ejection looks at the tasks of every agent that could take it, and a
// plan tries only so many.
import { FULL, NOBODY, type Placement } from "./placement.ts";
import { NEVER } from "./score-table.ts";

/** Pairs of task and agent that all ejections of one plan look at: some tenths of a second. */
const EJECTION_LOOKS_MAX = 20_000_000;

export class GreedyAssignment {
  readonly #placement: Placement;
  #looks = 0;

  constructor(placement: Placement) {
    this.#placement = placement;
  }

  place(task: number): boolean {
    const best = this.#bestFor(task);
    if (best !== NOBODY) this.#placement.put(task, best);
    return best !== NOBODY || this.#eject(task);
  }

  #bestFor(task: number, except: number = NOBODY): number {
    const placement = this.#placement;
    const row = placement.table.row(task);
    const { nextPoints } = placement;
    let best = NOBODY;
    let most = -1;
    for (let agent = 0; agent < row.length; agent++) {
      const all = row[agent]! + nextPoints[agent]!;
      if (all <= most || row[agent] === NEVER || nextPoints[agent] === FULL || agent === except) continue;
      if (!placement.hasResources(task, agent)) continue;
      most = all;
      best = agent;
    }
    return best;
  }

  /** Moves the task whose going costs the fewest points from an agent that could then take `task`. */
  #eject(task: number): boolean {
    const placement = this.#placement;
    const row = placement.table.row(task);
    let best: { readonly moved: number; readonly from: number; readonly to: number } | undefined;
    let most = Number.NEGATIVE_INFINITY;
    for (let from = 0; from < row.length; from++) {
      if (row[from] === NEVER || placement.places[from] === 0) continue;
      for (const moved of placement.tasksOn[from]!) {
        if (this.#looks >= EJECTION_LOOKS_MAX) return false;
        this.#looks += row.length;
        if (!placement.hasResources(task, from, moved)) continue;
        const to = this.#bestFor(moved, from);
        if (to === NOBODY) continue;
        const ofMoved = placement.table.row(moved);
        const gain = row[from]! + ofMoved[to]! + placement.nextPoints[to]! - ofMoved[from]!;
        if (gain <= most) continue;
        most = gain;
        best = { moved, from, to };
      }
    }
    if (best === undefined) return false;
    placement.lift(best.moved);
    placement.put(best.moved, best.to);
    placement.put(task, best.from);
    return true;
  }
}
