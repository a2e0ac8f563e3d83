// Plan inputs from a seed, and the sum of scores that an independent solver finds for them: the assignment as a minimum
// cost flow on unit arcs, by Bellman and Ford's shortest paths, one task after the other, with nothing of the plan's own code.
import {
  DEFAULT_WEIGHTS,
  type PlanAgent,
  type PlanInput,
  type PlanTask,
} from "../../host/agents/assignment/plan-input.ts";

const SKILLS = ["code", "draw", "law", "math", "read", "search", "talk", "write"];
const REGIONS = ["asia", "europe", "west"];
export const NOW_MS = 1_000_000;

/** Mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Sizes {
  readonly agents: number;
  readonly tasks: number;
  readonly slots: number;
  /** Share of tasks that require a skill. */
  readonly demanding?: number;
  /** Whether tasks take a part of what agents have. */
  readonly hasResources?: boolean;
}

export function agentOf(id: string, more: Partial<PlanAgent> = {}): PlanAgent {
  return {
    id,
    skills: {},
    slots: 1,
    running: [],
    resources: {},
    cost: 1,
    latencyMs: 10,
    region: "europe",
    state: "active",
    load: 0,
    ...more,
  };
}

export function taskOf(id: string, more: Partial<PlanTask> = {}): PlanTask {
  return {
    id,
    kind: "note",
    tenant: "one",
    priority: 2,
    submittedAtMs: NOW_MS,
    requires: {},
    prefers: {},
    resources: {},
    durationMs: 1_000,
    ...more,
  };
}

export function inputOf(
  agents: readonly PlanAgent[],
  tasks: readonly PlanTask[],
  more: Partial<PlanInput> = {},
): PlanInput {
  return { nowMs: NOW_MS, agents, tasks, weights: DEFAULT_WEIGHTS, shares: {}, ...more };
}

export function generateInput(
  seed: number,
  { agents, tasks, slots, demanding = 0.3, hasResources }: Sizes,
): PlanInput {
  const random = randomFrom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = (names: readonly string[]): string => names[below(names.length)] as string;
  const some = (share: number, value: () => number): Record<string, number> =>
    Object.fromEntries(SKILLS.filter(() => random() < share).map((skill) => [skill, value()]));
  return inputOf(
    Array.from({ length: agents }, (_, index) =>
      agentOf(`agent-${index}`, {
        skills: some(0.6, () => below(1001) / 1000),
        slots,
        resources: hasResources === true ? { gpu: 1 + random() * 3, memory: 8 } : {},
        cost: below(10),
        latencyMs: below(300),
        region: pick(REGIONS),
        load: below(101) / 100,
      }),
    ),
    Array.from({ length: tasks }, (_, index) =>
      taskOf(`task-${index}`, {
        tenant: `tenant-${below(4)}`,
        priority: below(5),
        submittedAtMs: NOW_MS - below(NOW_MS),
        ...(random() < 0.5 ? { deadlineMs: NOW_MS + below(100_000) } : {}),
        requires: random() < demanding ? { [pick(SKILLS)]: below(300) / 1000 } : {},
        prefers: some(0.3, () => 1 + below(5)),
        resources: hasResources === true ? { gpu: 0.1 + below(4) / 10, memory: 0.5 } : {},
        ...(random() < 0.5 ? { region: pick(REGIONS) } : {}),
        durationMs: 1_000 + below(20_000),
      }),
    ),
    { shares: { "tenant-0": 3 } },
  );
}

export function shuffledInput(input: PlanInput, seed: number): PlanInput {
  const random = randomFrom(seed);
  const shuffle = <T>(rows: readonly T[]): T[] => {
    const order = [...rows];
    for (let index = order.length - 1; index > 0; index--) {
      const other = Math.floor(random() * (index + 1));
      [order[index], order[other]] = [order[other] as T, order[index] as T];
    }
    return order;
  };
  const turn = (record: Readonly<Record<string, number>>) =>
    Object.fromEntries(shuffle(Object.entries(record)));
  return {
    ...input,
    agents: shuffle(input.agents).map((agent) => ({
      ...agent,
      skills: turn(agent.skills),
      resources: turn(agent.resources),
      running: shuffle(agent.running),
    })),
    tasks: shuffle(input.tasks).map((task) => ({
      ...task,
      requires: turn(task.requires),
      prefers: turn(task.prefers),
      resources: turn(task.resources),
    })),
    shares: turn(input.shares),
  };
}
