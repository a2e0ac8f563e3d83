// Exact plans against solvers that share none of their code, improved ones against the same, and the order in which
// tasks get places.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makePlan, workOutPlan } from "../../host/agents/assignment/make-plan.ts";
import { DEFAULT_WEIGHTS, type PlanInput } from "../../host/agents/assignment/plan-input.ts";
import { agentOf, generateInput, inputOf, NOW_MS, taskOf } from "./assignment-generator.ts";
import { bruteOptimum, flowOptimum, problemOf } from "./assignment-optimum.ts";

const RUNS = Number(process.env.JARVIS_PLAN_RUNS ?? 60);

function placedProblem(input: PlanInput) {
  const plan = makePlan(input);
  const placed = new Set(plan.assignments.map(({ task }) => task));
  return { plan, placed, problem: problemOf(input, placed) };
}

describe("an exact plan", () => {
  it("scores as much as trying everything", () => {
    const size = fc.record({
      agents: fc.integer({ min: 1, max: 4 }),
      tasks: fc.integer({ min: 1, max: 6 }),
      slots: fc.integer({ min: 1, max: 3 }),
      demanding: fc.constantFrom(0, 0.5, 1),
    });
    fc.assert(
      fc.property(fc.nat(), size, (seed, sizes) => {
        const { plan, problem } = placedProblem(generateInput(seed, sizes));
        expect(plan.method).toBe("exact");
        expect(plan.score).toBe(bruteOptimum(problem));
      }),
      { numRuns: RUNS * 3 },
    );
  });

  it("scores as much as shortest paths without potentials", () => {
    for (let seed = 1; seed <= 6; seed++) {
      const { plan, problem } = placedProblem(
        generateInput(seed, { agents: 12, tasks: 70, slots: 5, demanding: 0.5 }),
      );
      expect(plan.method).toBe("exact");
      expect(plan.score).toBe(flowOptimum(problem));
    }
  });

  it("places a task wherever those before it leave a way, and no other", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const input = generateInput(seed, { agents: 3, tasks: 9, slots: 2, demanding: 1 });
        const { placed, plan } = placedProblem(input);
        // In order of level and urgency, one tenant: then the order is that of the ids the plan gives back.
        const one = { ...input, tasks: input.tasks.map((task) => ({ ...task, tenant: "one" })) };
        const order = orderOf(one);
        const kept = new Set<string>();
        for (const id of order) {
          const wanted = new Set([...kept, id]);
          if (flowOptimum(problemOf(one, wanted)) !== undefined) kept.add(id);
        }
        const ofOne = new Set(makePlan(one).assignments.map(({ task }) => task));
        expect(ofOne).toEqual(kept);
        expect(placed.size).toBe(plan.assignments.length);
      }),
      { numRuns: RUNS },
    );
  });
});

/** Ids from the most urgent on, by the sentence of the docs. */
function orderOf({ tasks, weights, nowMs }: PlanInput): string[] {
  const urgency = (task: PlanInput["tasks"][number]): number => {
    const spare = Math.max(0, (task.deadlineMs ?? Number.MAX_SAFE_INTEGER) - nowMs - task.durationMs);
    const near = Math.max(0, weights.deadlineHorizonMs - spare) / weights.deadlineHorizonMs;
    const boost = Math.floor((near * weights.deadlineBoost * weights.agingMs) / 1_000);
    return task.priority * weights.agingMs + nowMs - task.submittedAtMs + boost;
  };
  return [...tasks]
    .sort((left, right) => urgency(right) - urgency(left) || (left.id < right.id ? -1 : 1))
    .map(({ id }) => id);
}

describe("an improved plan", () => {
  it("scores at least 99.5 % of the optimum, of what is left to choose at least 99 %", () => {
    for (let seed = 1; seed <= 6; seed++) {
      const input = generateInput(seed, { agents: 12, tasks: 70, slots: 6, demanding: 0 });
      const { plan } = workOutPlan(input, -1);
      expect([plan.method, plan.assignments.length]).toEqual(["improved-greedy", 70]);
      const problem = problemOf(input, new Set(input.tasks.map(({ id }) => id)));
      const optimum = flowOptimum(problem)!;
      const floor = problem.points.reduce((sum, row) => sum + Math.min(...row.map((points) => points!)), 0);
      expect(plan.score / optimum).toBeGreaterThanOrEqual(0.995);
      expect((plan.score - floor) / (optimum - floor)).toBeGreaterThanOrEqual(0.99);
    }
  });
});

describe("the order", () => {
  const names = ["background", "low", "normal", "high", "critical"];
  const byPriority = names.map((id, priority) =>
    taskOf(id, { priority, submittedAtMs: NOW_MS - 5 + priority }),
  );
  const chosen = (tasks: Parameters<typeof inputOf>[1], slots: number, more: Partial<PlanInput> = {}) =>
    makePlan(inputOf([agentOf("only", { slots })], tasks, more)).assignments.map(({ task }) => task);

  it("takes critical tasks before background ones though submitted in reverse", () => {
    expect(chosen(byPriority, 5)).toEqual([...names].reverse());
    expect(chosen(byPriority, 1)).toEqual(["critical"]);
    expect(chosen(byPriority, 3)).toEqual(["critical", "high", "normal"]);
    expect(
      workOutPlan(inputOf([agentOf("only", { slots: 2 })], byPriority), -1).plan.assignments,
    ).toMatchObject([{ task: "critical" }, { task: "high" }]);
  });

  it("lets what has waited rise: four levels of aging put background before new critical work", () => {
    const waited = (ms: number) => [
      taskOf("old", { priority: 0, submittedAtMs: NOW_MS }),
      taskOf("new", { priority: 4, submittedAtMs: NOW_MS + ms }),
    ];
    const later = (ms: number) => chosen(waited(ms), 1, { nowMs: NOW_MS + ms });
    expect(later(4 * DEFAULT_WEIGHTS.agingMs - 1)).toEqual(["new"]);
    expect(later(5 * DEFAULT_WEIGHTS.agingMs)).toEqual(["old"]);
  });

  it("starves nobody: under a stream of critical work background work is done within its levels of aging", () => {
    const agingMs = 1_000;
    const weights = { ...DEFAULT_WEIGHTS, agingMs };
    let waiting = [taskOf("background", { priority: 0 })];
    let doneMs = 0;
    for (let ms = 0; ms < 10 * agingMs && doneMs === 0; ms += 100) {
      const nowMs = NOW_MS + ms;
      waiting.push(taskOf(`critical-${ms}`, { priority: 4, submittedAtMs: nowMs }));
      waiting.push(taskOf(`more-${ms}`, { priority: 4, submittedAtMs: nowMs }));
      const [next] = chosen(waiting, 1, { nowMs, weights });
      if (next === "background") doneMs = ms;
      waiting = waiting.filter(({ id }) => id !== next);
    }
    expect(doneMs).toBeGreaterThan(3 * agingMs);
    expect(doneMs).toBeLessThanOrEqual(9 * agingMs);
  });

  it("prefers a near deadline within a priority, and never above the next", () => {
    const near = taskOf("near", { deadlineMs: NOW_MS + 1_500 });
    expect(chosen([taskOf("a-far"), near], 1)).toEqual(["near"]);
    expect(chosen([taskOf("high", { priority: 3 }), near], 1)).toEqual(["high"]);
  });

  it("shares places between tenants by their weights, whoever asks for more", () => {
    const tasks = ["a", "b", "c"].flatMap((tenant, index) =>
      Array.from({ length: 40 * (index + 1) }, (_, number) => taskOf(`${tenant}-${number}`, { tenant })),
    );
    const counts = (more: Partial<PlanInput>) => {
      const found: Record<string, number> = {};
      for (const id of chosen(tasks, 24, more)) found[id[0]!] = (found[id[0]!] ?? 0) + 1;
      return found;
    };
    expect(counts({})).toEqual({ a: 8, b: 8, c: 8 });
    expect(counts({ shares: { a: 4, b: 1, c: 1 } })).toEqual({ a: 16, b: 4, c: 4 });
    expect(counts({ shares: { a: Number.NaN, b: -1 } })).toEqual({ a: 8, b: 8, c: 8 });
    const plan = makePlan(inputOf([agentOf("only", { slots: 24 })], tasks, { shares: { a: 4 } }));
    expect(plan.fairness).toBe(1);
  });

  it("counts what a tenant already runs, and nothing for tasks that find no place", () => {
    const running = Array.from({ length: 4 }, (_, number) =>
      taskOf(`run-${number}`, { tenant: "a", runningOn: "only" }),
    );
    const waiting = ["a", "b"].flatMap((tenant) =>
      Array.from({ length: 6 }, (_, number) => taskOf(`${tenant}-${number}`, { tenant })),
    );
    const agent = agentOf("only", { slots: 10, running: running.map(({ id }) => id) });
    const plan = makePlan(inputOf([agent], [...running, ...waiting]));
    expect(plan.assignments.filter(({ task }) => task.startsWith("b")).length).toBe(5);
    const elsewhere = inputOf([agentOf("only", { slots: 6 })], waiting, { inUse: { a: 4, b: Number.NaN } });
    expect(makePlan(elsewhere).assignments.filter(({ task }) => task.startsWith("b")).length).toBe(5);
    const impossible = waiting.map((task) =>
      task.tenant === "b" && task.id < "b-4" ? { ...task, requires: { law: 1 } } : task,
    );
    const rest = makePlan(inputOf([agentOf("only", { slots: 4 })], impossible));
    expect(rest.assignments.map(({ task }) => task).sort()).toEqual(["a-0", "a-1", "b-4", "b-5"]);
  });
});
