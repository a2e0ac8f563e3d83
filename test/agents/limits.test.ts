// Just over each limit of agents, tasks and plans; and just at it.
import { expect, it } from "vitest";
import {
  DEFAULT_WEIGHTS,
  joinFleet,
  makePlan,
  type PlanAgent,
  type PlanTask,
} from "../../host/agents/index.ts";
import { readAgent, readBeat } from "../../host/agents/records/member-records.ts";
import { readTaskSpec } from "../../host/agents/records/task-spec.ts";
import { createReplica } from "../../host/index.ts";
import {
  AGENT_KINDS_MAX,
  AGENT_NAME_LENGTH_MAX,
  AGENT_SKILLS_MAX,
  HEARD_SEATS_MAX,
  PLAN_AGENT_SLOTS_MAX,
  PLAN_EXACT_TASKS_MAX,
  PLAN_RECORD_NAMES_MAX,
  TASK_ELECTORS_MAX,
  TASK_LINKS_MAX,
  TASKS_SUBMITTED_MAX,
} from "../../host/limits.ts";

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`);
const levels = (count: number): Record<string, number> =>
  Object.fromEntries(names(count).map((name) => [name, 1]));

const agent = {
  seat: "s",
  replica: "r",
  kinds: [],
  skills: {},
  slots: 1,
  resources: {},
  cost: 0,
  latencyMs: 0,
  region: "",
  state: "active",
};
const spec = {
  kind: "k",
  mode: "eventual",
  atMs: 1,
  seat: "s",
  priority: 2,
  attempts: 1,
  backoff: { baseMs: 1, mostMs: 1 },
};
const beat = { replica: "r", number: 1, atMs: 1, load: 0 };

it.each([
  ["kinds", AGENT_KINDS_MAX, (count: number) => readAgent({ ...agent, kinds: names(count) })],
  ["skills", AGENT_SKILLS_MAX, (count: number) => readAgent({ ...agent, skills: levels(count) })],
  ["seats heard", HEARD_SEATS_MAX, (count: number) => readBeat({ ...beat, heard: levels(count) })],
  [
    "letters of a name",
    AGENT_NAME_LENGTH_MAX,
    (count: number) => readTaskSpec({ ...spec, kind: "k".repeat(count) }),
  ],
  ["tasks waited for", TASK_LINKS_MAX, (count: number) => readTaskSpec({ ...spec, after: names(count) })],
])("a record with more %s than %i is none", (_what, limit, read) => {
  expect(read(limit)).toBeDefined();
  expect(read(limit + 1)).toBeUndefined();
});

it("too many electors, and too many tasks at once, are refused before anything is written", async () => {
  const replica = await createReplica({ engine: "baseline" });
  const fleet = await joinFleet(replica);
  const vote = (count: number) => fleet.submit({ kind: "k", mode: "quorum", electors: names(count) });
  expect(vote(TASK_ELECTORS_MAX)).not.toBe("");
  expect(() => vote(TASK_ELECTORS_MAX + 1)).toThrow(`${TASK_ELECTORS_MAX + 1} electors`);
  const many = Array.from({ length: TASKS_SUBMITTED_MAX + 1 }, () => ({ kind: "k" }));
  expect(() => fleet.submitMany(many)).toThrow(`${TASKS_SUBMITTED_MAX + 1} tasks at once`);
  expect([...fleet.tasks()]).toHaveLength(1);
  await fleet.leave();
  await replica.close();
});

const planAgent: PlanAgent = {
  id: "a",
  skills: {},
  slots: 1,
  running: [],
  resources: {},
  cost: 0,
  latencyMs: 0,
  region: "",
  state: "active",
  load: 0,
};
const planTask = (id: string): PlanTask => ({
  id,
  kind: "k",
  tenant: "",
  priority: 2,
  submittedAtMs: 0,
  requires: {},
  prefers: {},
  resources: {},
  durationMs: 1,
});
const planOf = (one: PlanAgent, tasks: readonly PlanTask[]) =>
  makePlan({ nowMs: 1, agents: [one], tasks, weights: DEFAULT_WEIGHTS, shares: {} });

it.each([
  ["places", PLAN_AGENT_SLOTS_MAX, (count: number) => ({ ...planAgent, slots: count })],
  ["names in a record", PLAN_RECORD_NAMES_MAX, (count: number) => ({ ...planAgent, skills: levels(count) })],
])("an agent with more %s than %i is left out of a plan and named", (_what, limit, withCount) => {
  expect(planOf(withCount(limit), [planTask("t")]).leftOut).toEqual([]);
  expect(planOf(withCount(limit + 1), [planTask("t")]).leftOut).toEqual(["a"]);
});

it(`a plan is exact up to ${PLAN_EXACT_TASKS_MAX} tasks, and says so beyond`, () => {
  const tasks = names(PLAN_EXACT_TASKS_MAX + 1).map(planTask);
  const wide = { ...planAgent, slots: tasks.length };
  expect(planOf(wide, tasks.slice(1)).method).toBe("exact");
  expect(planOf(wide, tasks).method).toBe("improved-greedy");
});
