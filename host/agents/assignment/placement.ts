// Which task is placed on which agent while a plan is made, and what each agent has left: places, millionths of each
// resource, and the points that its next place gives. Every call is a step of constant cost, times the resources.
import type { PlanColumns } from "./plan-columns.ts";
import type { PlanWeights } from "./plan-input.ts";
import { capacityPoints } from "./score.ts";
import type { ScoreTable } from "./score-table.ts";

export const NOBODY = -1;
/** In place of the points of a next place. */
export const FULL = -1;

export class Placement {
  readonly table: ScoreTable;
  readonly agentCount: number;
  /** Agent of each task, `NOBODY` where it has none. */
  readonly agentOf: Int32Array;
  /** Tasks of each agent. */
  readonly tasksOn: readonly number[][];
  /** Places each agent can give in all. */
  readonly places: Int32Array;
  /** Points of the next place of each agent, `FULL` where there is none. */
  readonly nextPoints: Int32Array;
  /** Points for the n-th place of an agent, by agent. */
  readonly #placePoints: readonly Int32Array[];
  readonly #left: Float64Array;
  readonly #resourceCount: number;
  #placesLeft = 0;

  constructor({ candidates, waiting }: PlanColumns, table: ScoreTable, weights: PlanWeights) {
    this.table = table;
    this.agentCount = candidates.length;
    this.agentOf = new Int32Array(waiting.length).fill(NOBODY);
    this.tasksOn = candidates.map(() => []);
    this.places = Int32Array.from(candidates, ({ places }) => Math.min(places, waiting.length));
    this.#placePoints = candidates.map((candidate, agent) =>
      Int32Array.from({ length: this.places[agent]! + 1 }, (_, taken) =>
        capacityPoints(candidate, taken, weights),
      ),
    );
    this.#left = table.freeAmounts();
    this.#resourceCount = table.resourceCount;
    for (const places of this.places) this.#placesLeft += places;
    this.nextPoints = new Int32Array(this.agentCount);
    for (let agent = 0; agent < this.agentCount; agent++) this.#count(agent);
  }

  get placesLeft(): number {
    return this.#placesLeft;
  }

  /** Points of the place of `agent` that was given last. */
  lastPoints(agent: number): number {
    return this.#placePoints[agent]![this.tasksOn[agent]!.length - 1]!;
  }

  /** Points of the n-th place of `agent`, from 0. */
  pointsOfPlace(agent: number, taken: number): number {
    return this.#placePoints[agent]![taken]!;
  }

  /** Whether the resources of `agent` suffice for `task`, if `leaving` left it. */
  hasResources(task: number, agent: number, leaving: number = NOBODY): boolean {
    const needed = this.table.amounts(task);
    if (needed === undefined) return true;
    const freed = leaving === NOBODY ? undefined : this.table.amounts(leaving);
    const base = agent * this.#resourceCount;
    for (let name = 0; name < this.#resourceCount; name++) {
      if (needed[name]! > this.#left[base + name]! + (freed?.[name] ?? 0)) return false;
    }
    return true;
  }

  put(task: number, agent: number): void {
    this.agentOf[task] = agent;
    this.tasksOn[agent]!.push(task);
    this.#placesLeft--;
    this.#count(agent);
    this.#charge(task, agent, -1);
  }

  /** Takes `task` off its agent, which is returned. */
  lift(task: number): number {
    const agent = this.agentOf[task]!;
    const tasks = this.tasksOn[agent]!;
    tasks.splice(tasks.indexOf(task), 1);
    this.agentOf[task] = NOBODY;
    this.#placesLeft++;
    this.#count(agent);
    this.#charge(task, agent, 1);
    return agent;
  }

  /** Whether no agent gives more than it has of a resource. */
  isWithinResources(): boolean {
    return this.#left.every((amount) => amount >= 0);
  }

  #count(agent: number): void {
    const taken = this.tasksOn[agent]!.length;
    this.nextPoints[agent] = taken < this.places[agent]! ? this.#placePoints[agent]![taken]! : FULL;
  }

  #charge(task: number, agent: number, sign: number): void {
    const amounts = this.table.amounts(task);
    if (amounts === undefined) return;
    const base = agent * this.#resourceCount;
    for (let name = 0; name < amounts.length; name++) this.#left[base + name]! += sign * amounts[name]!;
  }
}
