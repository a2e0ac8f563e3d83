// The scores of all pairs, computed when first asked for: what depends on a task's demand alone is a row that all tasks
// of that demand share, the rest (deadline, avoided agents, the agent planned before) is added a task. A task whose
// pair score is `NEVER` must not go to that agent. Cost: a row is agents × (skills + resources), a task after that
// agents. Memory: four bytes a pair of demand and agent, and of task and agent for tasks with their own terms.

import type { UnassignedReason } from "./plan.ts";
import type { PlanColumns } from "./plan-columns.ts";
import type { PlanTask, PlanWeights } from "./plan-input.ts";
import {
  costHalf,
  costTerm,
  type Demand,
  deadlineTerm,
  demandOf,
  hasResources,
  hasSkills,
  latencyTerm,
  loadTerm,
  regionTerm,
  resourcesTerm,
  TERM,
} from "./score.ts";

/** The score of a pair that must not be. */
export const NEVER = -1;

interface DemandRow {
  readonly demand: Demand;
  readonly points: Int32Array;
  /** Why all of the row is `NEVER`, if it is. */
  readonly barrier: UnassignedReason | undefined;
  /** Amounts by resource of the table, none where the demand has none. */
  readonly amounts: Float64Array | undefined;
}

export class ScoreTable {
  readonly #columns: PlanColumns;
  readonly #weights: PlanWeights;
  readonly #half: number;
  /** Points of what depends on the agent alone. */
  readonly #agentPoints: Int32Array;
  readonly #indexOf: ReadonlyMap<string, number>;
  /** Levels of all agents in millionths, by skill. */
  readonly #levels = new Map<string, Int32Array>();
  readonly #levelSums: Float64Array;
  readonly #sums: Float64Array;
  readonly #resourceNames = new Map<string, number>();
  readonly #rowsByDemand = new Map<string, DemandRow>();
  readonly #demandRows: (DemandRow | undefined)[];
  readonly #taskRows: (Int32Array | undefined)[];

  constructor(columns: PlanColumns, weights: PlanWeights) {
    this.#columns = columns;
    this.#weights = weights;
    const { candidates, waiting } = columns;
    this.#half = costHalf(candidates);
    this.#agentPoints = Int32Array.from(
      candidates,
      (candidate) =>
        weights.load * loadTerm(candidate) +
        weights.latency * latencyTerm(candidate) +
        weights.cost * costTerm(candidate, this.#half),
    );
    this.#indexOf = new Map(candidates.map(({ id }, index) => [id, index]));
    this.#levelSums = Float64Array.from(candidates, ({ levelSum }) => levelSum);
    this.#sums = new Float64Array(candidates.length);
    for (const { levels } of candidates) {
      for (const skill of levels.keys()) {
        if (this.#levels.has(skill)) continue;
        this.#levels.set(
          skill,
          Int32Array.from(candidates, (each) => each.levels.get(skill) ?? 0),
        );
      }
    }
    for (const { free } of candidates) {
      for (const name of free.keys()) {
        if (!this.#resourceNames.has(name)) this.#resourceNames.set(name, this.#resourceNames.size);
      }
    }
    this.#demandRows = new Array<DemandRow | undefined>(waiting.length);
    this.#taskRows = new Array<Int32Array | undefined>(waiting.length);
  }

  /** The cost at which that term is half. */
  get half(): number {
    return this.#half;
  }

  get resourceCount(): number {
    return this.#resourceNames.size;
  }

  /** Free millionths, agent by agent, in the order of `amounts`. */
  freeAmounts(): Float64Array {
    const { candidates } = this.#columns;
    const width = this.#resourceNames.size;
    const amounts = new Float64Array(candidates.length * width);
    candidates.forEach(({ free }, agent) => {
      for (const [name, amount] of free) amounts[agent * width + this.#resourceNames.get(name)!] = amount;
    });
    return amounts;
  }

  /** Points of every agent for `task`; `NEVER` where it must not go. */
  row(task: number): Int32Array {
    const known = this.#taskRows[task];
    if (known !== undefined) return known;
    const row = this.#withOwnTerms(this.#columns.waiting[task] as PlanTask, this.#demandRow(task).points);
    this.#taskRows[task] = row;
    return row;
  }

  /** What `task` takes, by resource; undefined where it takes nothing. */
  amounts(task: number): Float64Array | undefined {
    return this.#demandRow(task).amounts;
  }

  demand(task: number): Demand {
    return this.#demandRow(task).demand;
  }

  /** Why `task` can go nowhere at all; undefined where only others may stand in its way. */
  barrier(task: number): UnassignedReason | undefined {
    const { barrier } = this.#demandRow(task);
    if (barrier !== undefined) return barrier;
    return this.row(task).every((points) => points === NEVER) ? "avoided" : undefined;
  }

  #withOwnTerms(task: PlanTask, shared: Int32Array): Int32Array {
    const { candidates, nowMs } = this.#columns;
    const { deadlineMs, avoids, plannedFor } = task;
    const planned = plannedFor === undefined ? undefined : this.#indexOf.get(plannedFor);
    const isAvoiding = avoids !== undefined && avoids.length > 0;
    if (deadlineMs === undefined && planned === undefined && !isAvoiding) return shared;
    const row = shared.slice();
    if (deadlineMs !== undefined) {
      for (let agent = 0; agent < row.length; agent++) {
        if (row[agent] === NEVER) continue;
        const term = deadlineTerm(task, nowMs, candidates[agent]!.agent.latencyMs);
        row[agent]! += this.#weights.deadline * (term - TERM);
      }
    }
    if (planned !== undefined && row[planned] !== NEVER) row[planned]! += this.#weights.stay * TERM;
    for (const id of avoids ?? []) {
      const avoided = this.#indexOf.get(id);
      if (avoided !== undefined) row[avoided] = NEVER;
    }
    return row;
  }

  #demandRow(task: number): DemandRow {
    const known = this.#demandRows[task];
    if (known !== undefined) return known;
    const text = demandText(this.#columns.waiting[task] as PlanTask);
    let row = this.#rowsByDemand.get(text);
    if (row === undefined) {
      row = this.#readDemand(demandOf(this.#columns.waiting[task] as PlanTask));
      this.#rowsByDemand.set(text, row);
    }
    this.#demandRows[task] = row;
    return row;
  }

  /** Of the deadline term, what a task without a deadline has; own terms correct it. Column by column: score.ts a pair. */
  #readDemand(demand: Demand): DemandRow {
    const weights = this.#weights;
    const { candidates } = this.#columns;
    const points = this.#agentPoints.slice();
    this.#addSkills(demand, points);
    candidates.forEach((candidate, agent) => {
      points[agent]! +=
        weights.resources * resourcesTerm(demand, candidate) +
        weights.region * regionTerm(demand.region, candidate) +
        weights.deadline * TERM;
    });
    const barrier = this.#bar(demand, points);
    return { demand, points, barrier, amounts: barrier === undefined ? this.#amountsOf(demand) : undefined };
  }

  #addSkills({ asked, named }: Demand, points: Int32Array): void {
    const { skill, focus } = this.#weights;
    const sums = this.#sums.fill(0);
    let weight = 0;
    for (const [name, share] of asked) {
      weight += share;
      const levels = this.#levels.get(name);
      if (levels === undefined) continue;
      for (let agent = 0; agent < sums.length; agent++) sums[agent]! += share * levels[agent]!;
    }
    const divisor = weight * TERM;
    for (let agent = 0; agent < sums.length; agent++) {
      points[agent]! += skill * (weight === 0 ? TERM : Math.floor(sums[agent]! / divisor));
    }
    sums.fill(0);
    for (const name of named) {
      const levels = this.#levels.get(name);
      if (levels === undefined) continue;
      for (let agent = 0; agent < sums.length; agent++) sums[agent]! += levels[agent]!;
    }
    for (let agent = 0; agent < sums.length; agent++) {
      const all = this.#levelSums[agent]!;
      if (all > 0) points[agent]! += focus * Math.floor((TERM * sums[agent]!) / all);
    }
  }

  /** Marks who must not get it; says why that is everybody, if it is. */
  #bar(demand: Demand, points: Int32Array): UnassignedReason | undefined {
    const { candidates } = this.#columns;
    let barrier: UnassignedReason | undefined = candidates.length === 0 ? "no-agent" : "skill";
    candidates.forEach((candidate, agent) => {
      if (!hasSkills(demand, candidate)) {
        points[agent] = NEVER;
      } else if (!hasResources(demand, candidate)) {
        points[agent] = NEVER;
        if (barrier === "skill") barrier = "resources";
      } else {
        barrier = undefined;
      }
    });
    return barrier;
  }

  #amountsOf({ resources }: Demand): Float64Array | undefined {
    if (resources.length === 0) return undefined;
    const amounts = new Float64Array(this.#resourceNames.size);
    for (const [name, amount] of resources) amounts[this.#resourceNames.get(name)!] = amount;
    return amounts;
  }
}

/** Equal for tasks that ask the same, and different for others: names carry their length before them. */
function demandText({ requires, prefers, resources, region }: PlanTask): string {
  let text = region === undefined ? "-" : `${region.length}:${region}`;
  for (const record of [requires, prefers, resources]) {
    text += "|";
    const names = Object.keys(record);
    if (names.length > 1) names.sort();
    for (const name of names) text += `${name.length}:${name}${record[name]!} `;
  }
  return text;
}
