// What a plan must be: the same whatever the order of its input, within places, skills and resources, with nothing that
// runs moved; and what makes one agent better than another.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { explainTask } from "../../host/agents/assignment/explain-task.ts";
import { makePlan, workOutPlan } from "../../host/agents/assignment/make-plan.ts";
import type { Plan } from "../../host/agents/assignment/plan.ts";
import { readPlanColumns } from "../../host/agents/assignment/plan-columns.ts";
import { DEFAULT_WEIGHTS, type PlanAgent, type PlanInput } from "../../host/agents/assignment/plan-input.ts";
import { PAIR_TERMS, pairTerms } from "../../host/agents/assignment/score.ts";
import { NEVER, ScoreTable } from "../../host/agents/assignment/score-table.ts";
import { isCrdtError } from "../../host/errors.ts";
import { PLAN_AGENTS_MAX, PLAN_TASKS_MAX } from "../../host/limits.ts";
import { agentOf, generateInput, inputOf, NOW_MS, shuffledInput, taskOf } from "./assignment-generator.ts";

const RUNS = Number(process.env.JARVIS_PLAN_RUNS ?? 60);

const sizes = fc.record({
  agents: fc.integer({ min: 0, max: 8 }),
  tasks: fc.integer({ min: 0, max: 30 }),
  slots: fc.integer({ min: 0, max: 6 }),
  demanding: fc.constantFrom(0, 0.3, 1),
  hasResources: fc.boolean(),
});

/** The plan as it would be beyond the limit of exact ones. */
const greedyPlan = (input: PlanInput): Plan => workOutPlan(input, -1).plan;

function expectSound(input: PlanInput, plan: Plan): void {
  const agents = new Map(input.agents.map((agent) => [agent.id, agent]));
  const tasks = new Map(input.tasks.map((task) => [task.id, task]));
  const used = new Map<string, number>();
  const left = new Map(input.agents.map(({ id, resources }) => [id, { ...resources }]));
  for (const { task: id, agent: agentId } of plan.assignments) {
    const [task, agent] = [tasks.get(id)!, agents.get(agentId)!];
    expect(agent.state).toBe("active");
    for (const [skill, level] of Object.entries(task.requires)) {
      expect(agent.skills[skill] ?? 0).toBeGreaterThanOrEqual(level);
    }
    for (const [name, amount] of Object.entries(task.resources)) left.get(agentId)![name]! -= amount;
    used.set(agentId, (used.get(agentId) ?? agent.running.length) + 1);
  }
  for (const [id, count] of used) expect(count).toBeLessThanOrEqual(agents.get(id)!.slots);
  for (const amounts of left.values()) {
    for (const amount of Object.values(amounts)) expect(amount).toBeGreaterThan(-1e-5);
  }
  const named = [...plan.assignments, ...plan.unassigned, ...plan.kept].map(({ task }) => task);
  expect(new Set(named).size).toBe(named.length);
  expect(named.length).toBe(tasks.size);
}

describe("a plan", () => {
  it("is the same, bit for bit, whatever the order of its input, and within all bounds", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), sizes, fc.boolean(), (seed, order, size, isLarge) => {
        const input = generateInput(seed, size);
        const planOf = isLarge ? greedyPlan : makePlan;
        const plan = planOf(input);
        expectSound(input, plan);
        expect(JSON.stringify(planOf(shuffledInput(input, order)))).toBe(JSON.stringify(plan));
      }),
      { numRuns: RUNS },
    );
  });

  it("scores pairs by columns as the formulas do one by one", () => {
    fc.assert(
      fc.property(fc.nat(), sizes, (seed, size) => {
        const input = generateInput(seed, size);
        const columns = readPlanColumns(input);
        const table = new ScoreTable(columns, input.weights);
        columns.waiting.forEach((task, at) => {
          columns.candidates.forEach((candidate, agent) => {
            const points = table.row(at)[agent]!;
            if (points === NEVER) return;
            const terms = pairTerms(task, table.demand(at), candidate, {
              nowMs: input.nowMs,
              half: table.half,
            });
            expect(points).toBe(PAIR_TERMS.reduce((sum, name) => sum + input.weights[name] * terms[name], 0));
          });
        });
      }),
      { numRuns: RUNS },
    );
  });

  it("spreads 100 equal tasks over 5 equal agents, 20 each, exactly and greedily", () => {
    for (const [slots, planOf] of [20, 100, 1_000].flatMap(
      (places) =>
        [
          [places, makePlan],
          [places, greedyPlan],
        ] as const,
    )) {
      const agents = Array.from({ length: 5 }, (_, index) => agentOf(`agent-${index}`, { slots }));
      const tasks = Array.from({ length: 100 }, (_, index) => taskOf(`task-${index}`));
      const plan = planOf(inputOf(agents, tasks));
      const counts = new Map<string, number>();
      for (const { agent } of plan.assignments) counts.set(agent, (counts.get(agent) ?? 0) + 1);
      expect([...counts.values()]).toEqual([20, 20, 20, 20, 20]);
      expect(plan.balance).toBe(1);
      expect(plan.method).toBe(planOf === makePlan ? "exact" : "improved-greedy");
    }
  });

  it("counts one agent's places once, however often it registered", () => {
    const agent = agentOf("twice", { slots: 3 });
    const tasks = Array.from({ length: 9 }, (_, index) => taskOf(`task-${index}`));
    const again = { ...agent, load: 0.5 };
    for (const agents of [
      [agent, { ...agent }],
      [agent, again],
      [again, agent],
    ]) {
      const plan = makePlan(inputOf(agents, tasks));
      expect(plan.assignments).toHaveLength(3);
      expect(plan).toEqual(makePlan(inputOf([...agents].reverse(), tasks)));
    }
  });
});

describe("running tasks", () => {
  it("stay where they run, whatever comes or changes, and use a place", () => {
    fc.assert(
      fc.property(fc.nat(), sizes, (seed, size) => {
        const first = generateInput(seed, { ...size, hasResources: false });
        const started = makePlan(first).assignments;
        const runningOn = new Map(started.map(({ task, agent }) => [task, agent]));
        const tasks = first.tasks.map((task) => {
          const agent = runningOn.get(task.id);
          return agent === undefined ? task : { ...task, runningOn: agent };
        });
        const later = {
          ...first,
          nowMs: first.nowMs + 5_000,
          tasks: [...tasks, taskOf("urgent", { priority: 4 })],
        };
        const plan = makePlan(later);
        expect(plan.kept).toEqual(
          [...runningOn]
            .map(([task, agent]) => ({ task, agent }))
            .sort((left, right) => (left.task < right.task ? -1 : 1)),
        );
        const places = first.agents.reduce((sum, { slots }) => sum + slots, 0);
        expect(plan.kept.length + plan.assignments.length).toBeLessThanOrEqual(places);
      }),
      { numRuns: RUNS },
    );
  });

  it("of a dead agent wait again; those of a draining or paused one stay, and it gets nothing new", () => {
    const agents = [
      agentOf("dead", { state: "dead", slots: 9 }),
      agentOf("draining", { state: "draining", slots: 9 }),
      agentOf("fresh", { slots: 1 }),
      agentOf("paused", { state: "paused", slots: 9 }),
    ];
    const tasks = ["dead", "draining", "paused"].map((runningOn) => taskOf(`on-${runningOn}`, { runningOn }));
    const plan = makePlan(inputOf(agents, [...tasks, taskOf("new", { priority: 0 })]));
    expect(plan.kept.map(({ agent }) => agent)).toEqual(["draining", "paused"]);
    expect(plan.assignments.map(({ task, agent }) => [task, agent])).toEqual([["on-dead", "fresh"]]);
    expect(plan.unassigned).toEqual([{ task: "new", reason: "capacity" }]);
  });
});

describe("the score", () => {
  const better = (left: Partial<PlanAgent>, right: Partial<PlanAgent>, task = {}, weights = {}): string => {
    const agents = [agentOf("left", left), agentOf("right", right)];
    const input = inputOf(agents, [taskOf("task", task)], { weights: { ...DEFAULT_WEIGHTS, ...weights } });
    const chosen = makePlan(input).assignments[0]!;
    const explained = explainTask(input, "task");
    expect(explained.agent).toBe(chosen.agent);
    expect(explained.candidates[0]).toMatchObject({ agent: chosen.agent, score: chosen.score });
    return chosen.agent;
  };
  const specialist = { skills: { law: 0.9 } };
  const generalist = { skills: { law: 0.9, code: 0.9, draw: 0.9, talk: 0.9 } };

  it("is greater for a specialist than for a generalist, whether better or only narrower", () => {
    for (const task of [{ requires: { law: 0.5 } }, { prefers: { law: 1 } }]) {
      expect(better(generalist, specialist, task)).toBe("right");
      expect(better(specialist, generalist, task)).toBe("left");
      expect(better({ skills: { law: 0.6, code: 0.6 } }, specialist, task)).toBe("right");
    }
  });

  it("counts load, capacity, deadline, resources, latency, region, cost and the earlier plan", () => {
    expect(better({ load: 0.9 }, {})).toBe("right");
    expect(better({ slots: 4, running: ["a", "b"] }, { slots: 4 })).toBe("right");
    expect(better({ latencyMs: 500 }, {}, { deadlineMs: NOW_MS + 1_200 }, { latency: 0 })).toBe("right");
    expect(better({ resources: { gpu: 0.5 } }, { resources: { gpu: 2 } }, { resources: { gpu: 0.5 } })).toBe(
      "right",
    );
    expect(better({ latencyMs: 300 }, {})).toBe("right");
    expect(better({ region: "west" }, {}, { region: "europe" })).toBe("right");
    expect(better({ cost: 9 }, {})).toBe("right");
    expect(better({}, {}, { plannedFor: "right" })).toBe("right");
    expect(better({}, {})).toBe("left");
  });

  it("follows its weights", () => {
    const [skilled, cheap] = [
      { skills: { law: 1 }, cost: 9 },
      { skills: { law: 0.5 }, cost: 1 },
    ];
    const task = { prefers: { law: 1 } };
    expect(better(skilled, cheap, task)).toBe("left");
    expect(better(skilled, cheap, task, { cost: 1_000 })).toBe("right");
    for (const [name, value] of Object.entries({ skill: 1_001, cost: 0.5, focus: -1, agingMs: 0 })) {
      const weights = { ...DEFAULT_WEIGHTS, [name]: value };
      expect(() => makePlan(inputOf([], [], { weights }))).toThrow(name);
    }
  });
});

describe("resources", () => {
  it("are used by fractions, never beyond what is free", () => {
    const agents = [agentOf("small", { slots: 9, resources: { gpu: 0.3 } }), agentOf("none", { slots: 9 })];
    const tasks = Array.from({ length: 5 }, (_, index) => taskOf(`t${index}`, { resources: { gpu: 0.1 } }));
    const plan = makePlan(inputOf(agents, tasks));
    expect(plan.assignments.map(({ agent }) => agent)).toEqual(["small", "small", "small"]);
    expect(plan.unassigned.map(({ reason }) => reason)).toEqual(["capacity", "capacity"]);
  });

  it("move a task that can run elsewhere out of the way of one that cannot", () => {
    const agents = [
      agentOf("here", { slots: 2, resources: { gpu: 1 } }),
      agentOf("there", { slots: 2, resources: { gpu: 1 }, skills: {}, load: 1 }),
    ];
    const flexible = taskOf("a", { resources: { gpu: 0.75 } });
    const bound = taskOf("b", { resources: { gpu: 0.75 }, avoids: ["there"] });
    const plan = makePlan(inputOf(agents, [flexible, bound]));
    expect(plan.assignments.map(({ task, agent }) => [task, agent])).toEqual([
      ["a", "there"],
      ["b", "here"],
    ]);
  });
});

describe("exchanges", () => {
  it("give nobody a task it cannot do, however much another would gain", () => {
    const zero = Object.fromEntries(Object.keys(DEFAULT_WEIGHTS).map((name) => [name, 0]));
    const { agingMs, deadlineHorizonMs } = DEFAULT_WEIGHTS;
    const weights = { ...DEFAULT_WEIGHTS, ...zero, stay: 1_000, agingMs, deadlineHorizonMs };
    const agents = [agentOf("able", { skills: { law: 1 } }), agentOf("other")];
    const bound = taskOf("bound", { priority: 4, requires: { law: 1 } });
    const eager = taskOf("eager", { plannedFor: "able" });
    for (const planOf of [makePlan, greedyPlan]) {
      const plan = planOf(inputOf(agents, [bound, eager], { weights }));
      expect(plan.assignments.map(({ task, agent }) => [task, agent])).toEqual([
        ["bound", "able"],
        ["eager", "other"],
      ]);
    }
  });
});

describe("what cannot be", () => {
  it("is said with the reason, and explained by what is missing", () => {
    const agents = [
      agentOf("gone", { state: "paused", skills: { law: 1 } }),
      agentOf("here", { skills: { code: 0.4 }, resources: { gpu: 0.2 } }),
    ];
    const tasks = [
      taskOf("skill", { requires: { law: 0.1 } }),
      taskOf("level", { requires: { code: 0.5 } }),
      taskOf("zero", { requires: { law: 0 } }),
      taskOf("resources", { resources: { gpu: 0.3 } }),
      taskOf("unheard", { resources: { tape: 1 } }),
      taskOf("avoided", { avoids: ["here"] }),
      taskOf("first", { priority: 4 }),
      taskOf("second"),
    ];
    const input = inputOf(agents, tasks);
    const reasons = Object.fromEntries(makePlan(input).unassigned.map(({ task, reason }) => [task, reason]));
    expect(reasons).toEqual({
      skill: "skill",
      level: "skill",
      zero: "skill",
      resources: "resources",
      unheard: "resources",
      avoided: "avoided",
      second: "capacity",
    });
    const missing = (id: string) => explainTask(input, id).candidates.map((each) => each.missing);
    expect(missing("skill")).toEqual([
      [{ what: "state", name: "paused" }],
      [
        { what: "skill", name: "law" },
        { what: "place", name: "" },
      ],
    ]);
    expect(missing("resources")[1]).toContainEqual({ what: "resource", name: "gpu" });
    expect(missing("avoided")[1]).toContainEqual({ what: "avoided", name: "" });
    expect(missing("first")[0]).toEqual([]);
    expect(explainTask(input, "second").order).toMatchObject({ level: 2 });
    expect(explainTask(input, "nobody's").status).toBe("unknown");
    expect(makePlan(inputOf([], [taskOf("alone")])).unassigned[0]!.reason).toBe("no-agent");
  });

  it("of malformed records leaves out the record and nothing else", () => {
    const wrong = [
      { skills: { law: 2 } },
      { skills: { law: Number.NaN } },
      { skills: null },
      { slots: 1.5 },
      { slots: -1 },
      { slots: 1e9 },
      { running: "all" },
      { resources: { gpu: -1 } },
      { cost: Number.POSITIVE_INFINITY },
      { latencyMs: "5" },
      { region: 5 },
      { state: "asleep" },
      { load: 1.1 },
    ].map((fields, index) => ({ ...agentOf(`agent-${index}`), ...fields }) as unknown as PlanAgent);
    const wrongTasks = [
      { priority: 5 },
      { submittedAtMs: Number.NaN },
      { deadlineMs: "soon" },
      { requires: { law: 2 } },
      { prefers: { law: -1 } },
      { resources: { gpu: Number.NaN } },
      { durationMs: undefined },
      { tenant: 5 },
      { avoids: [5] },
      { runningOn: 5 },
    ].map((fields, index) => ({ ...taskOf(`task-${index}`), ...fields }) as never);
    const good = agentOf("good");
    const plan = makePlan(
      inputOf([...wrong, good, null as never], [...wrongTasks, taskOf("good"), 5 as never]),
    );
    expect(plan.assignments.map(({ task }) => task)).toEqual(["good"]);
    expect(plan.leftOut).toHaveLength(wrong.length + 1);
    expect(plan.unassigned).toHaveLength(wrongTasks.length + 1);
    expect(new Set(plan.unassigned.map(({ reason }) => reason))).toEqual(new Set(["malformed"]));
  });

  it("of more agents or tasks than one plan takes is refused", () => {
    const tooMany = (agents: number, tasks: number) => () =>
      makePlan(inputOf(new Array(agents).fill(agentOf("a")), new Array(tasks).fill(taskOf("t"))));
    for (const attempt of [tooMany(PLAN_AGENTS_MAX + 1, 0), tooMany(0, PLAN_TASKS_MAX + 1)]) {
      expect(attempt).toThrow(expect.toSatisfy((error: unknown) => isCrdtError(error, "limit-exceeded")));
    }
  });
});
