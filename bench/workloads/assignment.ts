// Plans of work: who gets what, of agents with skills, loads, places and regions and tasks that differ in all of that,
// made by the generator of the tests. The competitor `least-loaded` is what one writes without a plan: each task in the
// order of its priority to the able agent with the fewest tasks. Each plan is checked for places, skills and for being
// the same from shuffled input; figures give its score as a share of the optimum, which the exact solver finds without
// its limit (the tests judge that solver by two others).

import { makePlan, workOutPlan } from "../../host/agents/assignment/make-plan.ts";
import type { Plan } from "../../host/agents/assignment/plan.ts";
import { readPlanColumns } from "../../host/agents/assignment/plan-columns.ts";
import type { PlanInput } from "../../host/agents/assignment/plan-input.ts";
import { capacityPoints } from "../../host/agents/assignment/score.ts";
import { NEVER, ScoreTable } from "../../host/agents/assignment/score-table.ts";
import { TaskOrder } from "../../host/agents/assignment/task-order.ts";
import { generateInput, type Sizes, shuffledInput } from "../../test/agents/assignment-generator.ts";
import { elapsedNs, repeat } from "../timing.ts";
import type { Circumstances, Figure, Outcome, Workload } from "../workload.ts";

const PLAN = "plan";
const LEAST_LOADED = "least-loaded";
const SEED = 7;

interface Size extends Sizes {
  readonly name: string;
  /** Whether the optimum is worth its seconds. */
  readonly hasOptimum: boolean;
}

const SIZES: readonly Size[] = [
  { name: "assignment-5-5", agents: 5, tasks: 5, slots: 1, hasOptimum: true },
  { name: "assignment-100-1000", agents: 100, tasks: 1_000, slots: 10, hasOptimum: true },
  { name: "assignment-200-2000", agents: 200, tasks: 2_000, slots: 10, hasOptimum: true },
  { name: "assignment-100-10000", agents: 100, tasks: 10_000, slots: 100, hasOptimum: false },
];

/** Points of what the fewest tasks on an able agent gives, and how many found a place. */
function leastLoaded(input: PlanInput): { score: number; placed: number } {
  const columns = readPlanColumns(input);
  const table = new ScoreTable(columns, input.weights);
  const order = new TaskOrder(columns, input);
  const taken = new Int32Array(columns.candidates.length);
  let [score, placed] = [0, 0];
  for (let task = order.next(); task !== undefined; task = order.next()) {
    const row = table.row(task);
    let best = -1;
    for (let agent = 0; agent < row.length; agent += 1) {
      if (row[agent] === NEVER || taken[agent]! >= columns.candidates[agent]!.places) continue;
      if (best < 0 || taken[agent]! < taken[best]!) best = agent;
    }
    if (best < 0) continue;
    score += row[best]! + capacityPoints(columns.candidates[best]!, taken[best]!, input.weights);
    taken[best]! += 1;
    placed += 1;
    order.settle(true);
  }
  return { score, placed };
}

function check(input: PlanInput, plan: Plan): void {
  const agents = new Map(input.agents.map((agent) => [agent.id, agent]));
  const tasks = new Map(input.tasks.map((task) => [task.id, task]));
  const taken = new Map<string, number>();
  for (const { task, agent } of plan.assignments) {
    const { skills, slots } = agents.get(agent)!;
    for (const [skill, level] of Object.entries(tasks.get(task)!.requires)) {
      if (!((skills[skill] ?? 0) >= level)) throw new Error(`${agent} lacks ${skill} for ${task}`);
    }
    taken.set(agent, (taken.get(agent) ?? 0) + 1);
    if (taken.get(agent)! > slots) throw new Error(`${agent} has more than ${slots} tasks`);
  }
  if (plan.assignments.length + plan.unassigned.length !== tasks.size) throw new Error("tasks are missing");
  if (JSON.stringify(makePlan(shuffledInput(input, SEED))) !== JSON.stringify(plan)) {
    throw new Error("shuffled input gives another plan");
  }
}

async function run(size: Size, { competitor, isQuick }: Circumstances): Promise<Outcome> {
  const scale = isQuick ? Math.max(1, size.agents / 10) : 1;
  const agents = Math.round(size.agents / scale);
  const tasks = Math.round(size.tasks / scale);
  const input = generateInput(SEED, { ...size, agents, tasks });
  const plan = makePlan(input);
  check(input, plan);
  const work = competitor === PLAN ? () => makePlan(input) : () => leastLoaded(input);
  const repetition = { warmups: isQuick ? 0 : 2, samplesMin: 1, budgetMs: isQuick ? 0 : 2_000 };
  const times = await repeat(repetition, () => ({ plan: elapsedNs(work) }));
  const samples = [
    { workload: size.name, n: plan.assignments.length, nsPerOp: times.plan! / plan.assignments.length },
  ];
  const result = competitor === PLAN ? plan : leastLoaded(input);
  const figures: Figure[] = [
    { figure: `${size.name} ${competitor}, whole`, value: times.plan! / 1e6, unit: "ms" },
  ];
  if (size.hasOptimum) {
    const optimum = workOutPlan(input, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER).plan;
    if (optimum.method !== "exact" || optimum.assignments.length !== plan.assignments.length) {
      throw new Error("there is no optimum to compare with");
    }
    figures.push({
      figure: `${size.name} ${competitor}, of the optimum`,
      value: (100 * result.score) / optimum.score,
      unit: "%",
    });
  }
  if (competitor === PLAN) {
    figures.push({
      figure: `${size.name}, balance`,
      value: plan.balance,
      unit: "Jain's index over agents",
    });
  }
  return { samples, figures, check: `${plan.score} ${plan.assignments.length}` };
}

export const assignments: readonly Workload[] = SIZES.map((size) => ({
  name: size.name,
  competitors: [PLAN, LEAST_LOADED],
  rounds: 3,
  run: (circumstances) => run(size, circumstances),
}));
