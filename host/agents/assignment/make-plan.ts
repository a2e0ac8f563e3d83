// Who should do what, as a pure function of converged state: no clock, no randomness, no order of arrival. Running tasks
// stay; waiting ones are taken in their order (task-order.ts) and go where they fit best (score.ts), within places and
// resources. Where at most PLAN_EXACT_TASKS_MAX can be placed the sum of scores is the greatest there is for the tasks placed
// (exact-assignment.ts), unless resources stand in the way; beyond, and where they do, a greedy choice is improved by
// exchanges. What it leaves out: preemption, tasks that must run together, and travel between tasks.
import { PLAN_EXACT_PAIRS_MAX, PLAN_EXACT_TASKS_MAX } from "../../limits.ts";
import { ExactAssignment } from "./exact-assignment.ts";
import { Exchanges } from "./exchanges.ts";
import { fairnessIndex } from "./fairness-index.ts";
import { GreedyAssignment } from "./greedy-assignment.ts";
import { NOBODY, Placement } from "./placement.ts";
import type { Assignment, Plan, Unassigned } from "./plan.ts";
import { checkWeights } from "./plan-checks.ts";
import { type PlanColumns, readPlanColumns } from "./plan-columns.ts";
import type { PlanInput } from "./plan-input.ts";
import { Rotations } from "./rotations.ts";
import { ScoreTable } from "./score-table.ts";
import { TaskOrder } from "./task-order.ts";

/** Everything a plan was made of, for those who explain it. */
export interface PlanWork {
  readonly columns: PlanColumns;
  readonly table: ScoreTable;
  readonly placement: Placement;
  /** Waiting tasks in the order they were taken. */
  readonly order: readonly number[];
  readonly plan: Plan;
}

/** Errors: invalid-argument for weights or a time that do not fit, limit-exceeded. */
export function makePlan(input: PlanInput): Plan {
  return workOutPlan(input).plan;
}

/** The same, with what it was made of; the limits say up to how many placed tasks, and pairs, it is exact. */
export function workOutPlan(
  input: PlanInput,
  exactTasksMax: number = PLAN_EXACT_TASKS_MAX,
  exactPairsMax: number = PLAN_EXACT_PAIRS_MAX,
): PlanWork {
  checkWeights(input.weights);
  const columns = readPlanColumns(input);
  const table = new ScoreTable(columns, input.weights);
  const empty = new Placement(columns, table, input.weights);
  const tasks = Math.min(empty.placesLeft, columns.waiting.length);
  if (tasks <= exactTasksMax && tasks * columns.candidates.length <= exactPairsMax) {
    const placed = placeAll(input, columns, empty, new ExactAssignment(empty));
    if (empty.isWithinResources()) return resultOf(columns, empty, placed, "exact");
  }
  const placement = new Placement(columns, table, input.weights);
  const placed = placeAll(input, columns, placement, new GreedyAssignment(placement));
  new Exchanges(placement).run();
  new Rotations(placement).run();
  return resultOf(columns, placement, placed, "improved-greedy");
}

interface Placed {
  readonly order: readonly number[];
  readonly tenants: TaskOrder;
}

function placeAll(
  input: PlanInput,
  columns: PlanColumns,
  placement: Placement,
  assignment: { place(task: number): boolean },
): Placed {
  const tenants = new TaskOrder(columns, input);
  const order: number[] = [];
  for (let task = tenants.next(); task !== undefined; task = tenants.next()) {
    order.push(task);
    if (placement.placesLeft > 0) tenants.settle(assignment.place(task));
  }
  return { order, tenants };
}

function resultOf(
  columns: PlanColumns,
  placement: Placement,
  { order, tenants }: Placed,
  method: Plan["method"],
): PlanWork {
  const { candidates, waiting, kept } = columns;
  const assignments: Assignment[] = [];
  const unassigned: Unassigned[] = [];
  const taken = new Int32Array(candidates.length);
  let score = 0;
  for (const task of order) {
    const { id } = waiting[task]!;
    const agent = placement.agentOf[task]!;
    if (agent === NOBODY) {
      unassigned.push({ task: id, reason: placement.table.barrier(task) ?? "capacity" });
      continue;
    }
    const points = placement.table.row(task)[agent]! + placement.pointsOfPlace(agent, taken[agent]!++);
    score += points;
    assignments.push({ task: id, agent: candidates[agent]!.id, score: points });
  }
  for (const task of columns.malformedTasks) unassigned.push({ task, reason: "malformed" });
  const plan: Plan = {
    assignments,
    unassigned,
    kept,
    method,
    score,
    balance: fairnessIndex(fillOf(columns, taken)),
    fairness: fairnessIndex(placesAShare(tenants)),
    leftOut: columns.malformedAgents,
  };
  return { columns, table: placement.table, placement, order, plan };
}

/** Thousandths of its places that each active agent with places uses. */
function fillOf({ candidates }: PlanColumns, taken: Int32Array): number[] {
  return candidates.flatMap(({ agent, places }, index) =>
    agent.slots === 0 ? [] : [Math.round((1_000 * (agent.slots - places + taken[index]!)) / agent.slots)],
  );
}

function placesAShare(tenants: TaskOrder): number[] {
  return [...tenants.used].map(([tenant, used]) => Math.round((1_000_000 * used) / tenants.shareOf(tenant)));
}
