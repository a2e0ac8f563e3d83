// What the state says a plan should look at: agents with what is free, and the tasks that come next. A pure function of
// the state: equal states give equal plans on every replica. The time is the greatest that any heartbeat named.
import { PLANNED_TASKS_MAX } from "../limits.ts";
import { DEFAULT_WEIGHTS, type PlanAgent, type PlanInput, type PlanTask } from "./assignment/plan-input.ts";
import type { Members } from "./members.ts";
import type { AgentRecord } from "./records/member-records.ts";
import type { TaskSpec } from "./records/task-spec.ts";
import type { Wishes } from "./tasks/ready-tasks.ts";
import type { Task, TaskBook } from "./tasks/task-book.ts";

export interface PlanSettings {
  readonly weights?: Partial<PlanInput["weights"]>;
  readonly shares?: PlanInput["shares"];
}

/** A task of its kind needs an agent with a handler for it: a skill like others, by a name that no skill can have. */
const kindSkill = (kind: string): string => `kind ${kind}`;

/** Tasks a plan looks at beyond the places that are free: some will not fit. */
const SPARE_TASKS = 16;

export function planInput(
  members: Members,
  book: TaskBook,
  { weights = {}, shares = {} }: PlanSettings,
  leaseMs: number,
  more: readonly string[] = [],
): PlanInput {
  const agents = [...members.agents].sort(([left], [right]) => (left < right ? -1 : 1));
  const active = agents.filter(([, agent]) => members.isAvailable(agent)).map(([, agent]) => agent);
  let free = 0;
  const planAgents = agents.map(([id, agent]) => {
    const planned = planAgent(id, agent, members, book);
    if (planned.state === "active") free += Math.max(0, planned.slots - planned.running.length);
    return planned;
  });
  const canServe = (wishes: Wishes): boolean => active.some((agent) => serves(agent, wishes));
  const ids = book.ready.first(2 * free + SPARE_TASKS, PLANNED_TASKS_MAX, canServe);
  for (const id of more) ids.add(id);
  return {
    nowMs: members.latestMs,
    agents: planAgents,
    tasks: [...ids].sort().map((id) => planTask(id, book, members, active, leaseMs)),
    weights: { ...DEFAULT_WEIGHTS, ...weights },
    shares,
    inUse: placesInUse(planAgents, book, ids),
  };
}

/** Places by tenant of the tasks that run on those who are there, but for `listed` ones, which the plan counts itself. */
function placesInUse(
  agents: readonly PlanAgent[],
  book: TaskBook,
  listed: ReadonlySet<string>,
): Record<string, number> {
  const places: Record<string, number> = Object.create(null);
  for (const { running, state } of agents) {
    if (state === "dead") continue;
    for (const id of running) {
      if (listed.has(id)) continue;
      const tenant = book.tasks.get(id)?.records.spec?.tenant ?? "";
      places[tenant] = (places[tenant] ?? 0) + 1;
    }
  }
  return places;
}

function serves(agent: AgentRecord, { kind, requires = {}, resources = {} }: Wishes): boolean {
  return (
    agent.kinds.includes(kind) &&
    agent.slots > 0 &&
    Object.entries(requires).every(([skill, level]) => (agent.skills[skill] ?? 0) >= level) &&
    Object.entries(resources).every(([name, amount]) => (agent.resources[name] ?? 0) >= amount)
  );
}

function planAgent(id: string, agent: AgentRecord, members: Members, book: TaskBook): PlanAgent {
  const running = [...book.givenTo(id)].sort();
  const resources: Record<string, number> = { ...agent.resources };
  for (const task of running) {
    const used = book.tasks.get(task)?.records.spec?.resources ?? {};
    for (const [name, amount] of Object.entries(used))
      resources[name] = Math.max(0, (resources[name] ?? 0) - amount);
  }
  const skills: Record<string, number> = { ...agent.skills };
  for (const kind of agent.kinds) skills[kindSkill(kind)] = 1;
  const { slots, cost, latencyMs, region } = agent;
  const load = Math.min(1, members.beats.get(agent.seat)?.load ?? 0);
  return {
    id,
    skills,
    slots,
    running,
    resources,
    cost,
    latencyMs,
    region,
    state: planState(agent, members),
    load,
  };
}

function planState(agent: AgentRecord, members: Members): PlanAgent["state"] {
  if (agent.state === "left" || members.isLapsed(agent.seat)) return "dead";
  if (members.replicaOf(agent.seat) !== agent.replica) return "dead";
  return agent.state;
}

function planTask(
  id: string,
  book: TaskBook,
  members: Members,
  active: readonly AgentRecord[],
  leaseMs: number,
): PlanTask {
  const task = book.tasks.get(id)!;
  const spec = task.records.spec!;
  const { kind, priority, atMs, requires = {}, prefers = {}, resources = {}, region, deadlineMs } = spec;
  const bidder = openBidder(task, members, leaseMs);
  const avoids = avoidsOf(task, spec, members, active);
  return {
    id,
    kind,
    tenant: spec.tenant ?? "",
    priority,
    submittedAtMs: atMs,
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    requires: { ...requires, [kindSkill(kind)]: 1 },
    prefers,
    resources,
    ...(region === undefined ? {} : { region }),
    durationMs: spec.durationMs ?? book.durations.meanMs(kind) ?? 0,
    ...(bidder === undefined ? {} : { runningOn: bidder }),
    ...(avoids.length === 0 ? {} : { avoids }),
  };
}

/** Mode quorum: the agent whose bid is being decided. */
function openBidder({ records, standing }: Task, members: Members, leaseMs: number): string | undefined {
  const bid = records.bids.at(-1);
  if (bid === undefined || bid.epoch <= (standing.right?.epoch ?? 0)) return undefined;
  if (members.replicaOf(bid.record.seat) !== bid.replica || members.isLapsed(bid.record.seat))
    return undefined;
  return members.latestMs - bid.record.atMs < leaseMs ? bid.record.agent : undefined;
}

/** The agent it failed on last, where another could do it. */
function avoidsOf(
  { standing }: Task,
  spec: TaskSpec,
  members: Members,
  active: readonly AgentRecord[],
): string[] {
  const last = standing.failedOn.at(-1);
  if (last === undefined) return [];
  const failed = members.agents.get(last);
  return active.some((agent) => agent !== failed && serves(agent, spec)) ? [last] : [];
}
