// A run of a fleet under faults drawn from a seed, and what must hold of it.
import type { TaskMode } from "../../host/agents/index.ts";
import { type FleetNode, FleetWorld, type FleetWorldOptions, LEASE_MS, overlaps } from "./simulated-fleet.ts";

const MODES: readonly TaskMode[] = ["eventual", "owned", "quorum"];
const FAULTS = ["loss", "duplication", "reordering", "partition", "crash"] as const;
const FAULTS_FOR_MS = 40_000;
const TASKS = 12;
const SETTLED_WITHIN_MS = 400_000;

export interface ScheduleResult {
  readonly problems: readonly string[];
  readonly executions: number;
  readonly overlaps: number;
  readonly duplicates: number;
  /** Until everything had ended everywhere after the last fault. */
  readonly settledMs: number;
}

export async function runSchedule(
  seed: number,
  options: Partial<FleetWorldOptions> = {},
): Promise<ScheduleResult> {
  const nodes = 3 + (seed % 3);
  const durationMs = { from: 20, to: seed % 4 < 2 ? 4_000 : 20_000 };
  const fleet = new FleetWorld({
    seed,
    nodes,
    failures: seed % 2 === 0 ? 0.1 : 0,
    durationMs,
    slowDiskMs: seed % 5 === 0 ? 1_500 : 0,
    ...options,
  });
  const { world, random } = fleet;
  const problems: string[] = [];
  const ids: string[] = [];
  fleet.start();
  if (!(await fleet.until(() => isFull(fleet), 30_000))) problems.push("the fleet did not come together");
  for (let index = 0; index < TASKS; index++) {
    world.schedule(random.between(0, FAULTS_FOR_MS * 0.8), () => {
      const member = random.pick(fleet.running);
      if (member?.fleet === undefined) return;
      // Durable, so that a crash does not take the task back: what was submitted must not be lost.
      const id = member.fleet.submit({
        kind: "job",
        mode: MODES[index % 3]!,
        attempts: 50,
        backoff: { baseMs: 200, mostMs: 2_000 },
      });
      const { replica } = member;
      void replica!
        .open("agents")
        .then((document) => document.durable())
        .then(() => ids.push(id));
    });
  }
  drawFaults(fleet);
  hitRights(fleet);
  for (let step = 0; step < FAULTS_FOR_MS / 2_000; step++) {
    await world.advance(2_000);
    problems.push(...(await unequalPlans(fleet)));
  }
  for (const node of fleet.nodes) node.start();
  const healedMs = world.nowMs;
  const isSettled = await fleet.until(
    () =>
      fleet.running.length === nodes &&
      fleet.running.every((node) => ids.every((id) => node.fleet!.task(id)?.status === "done")),
    SETTLED_WITHIN_MS,
  );
  if (!isSettled) problems.push(...unsettled(fleet, ids));
  const settledMs = world.nowMs - healedMs;
  await world.advance(10_000);
  problems.push(...(await unequalPlans(fleet)), ...wrongExecutions(fleet), ...wrongCounts(fleet));
  problems.push(...fleet.errors.map((error) => (error instanceof Error ? error.stack! : String(error))));
  const duplicates = fleet.running[0]?.fleet?.counters().duplicates ?? 0;
  fleet.end();
  return {
    problems,
    executions: fleet.executions.length,
    overlaps: overlaps(fleet.executions).length,
    duplicates,
    settledMs,
  };
}

const isFull = ({ running, nodes }: FleetWorld): boolean =>
  running.length === nodes.length && running.every(({ fleet }) => fleet!.agents().length === nodes.length);

function drawFaults(fleet: FleetWorld): void {
  const { world, random, nodes } = fleet;
  const count = 3 + random.below(4);
  for (let index = 0; index < count; index++) {
    const kind = random.pick(FAULTS)!;
    const forMs = random.between(1_000, 25_000);
    const some = random
      .shuffle(nodes.map(({ machine }) => machine.index))
      .slice(0, 1 + random.below(nodes.length - 1));
    const hit = new Set(some);
    const amount = random.between(0.05, 0.3);
    world.schedule(random.between(0, FAULTS_FOR_MS - 5_000), () => {
      if (kind === "partition") fleet.partition(hit, forMs);
      else if (kind === "crash") fleet.crash(nodes[some[0]!]!, forMs);
      else
        fleet.trouble(
          { conditions: { [kind]: amount }, covers: (from, to) => hit.has(from) || hit.has(to) },
          forMs,
        );
    });
  }
}

/**
 * Again and again the disk of a node takes nothing for a while, its process ends, and some of those who heard what was not
 * stored are cut off while the node that forgot it decides anew.
 */
function hitRights(fleet: FleetWorld): void {
  const { world, random, nodes } = fleet;
  let isBusy = false;
  const look = (): void => {
    const node = random.pick(fleet.running);
    if (!isBusy && node !== undefined && world.nowMs < FAULTS_FOR_MS) {
      isBusy = true;
      hit(fleet, node, () => {
        isBusy = false;
      });
    }
    if (world.nowMs < FAULTS_FOR_MS) world.schedule(random.between(500, 3_000), look);
  };
  if (nodes.length > 2) world.schedule(1_000, look);
}

function hit(fleet: FleetWorld, node: FleetNode, done: () => void): void {
  const { world, random, nodes } = fleet;
  const others = random.shuffle(nodes.filter((other) => other !== node)).map(({ machine }) => machine.index);
  const before = node.slowDisk;
  const heldMs = random.between(200, 2_500);
  node.slowDisk = { fromMs: 60_000, toMs: 60_001 };
  world.schedule(heldMs, () => {
    const hidden = new Set(others.slice(0, 1 + random.below(others.length - 1)));
    fleet.partition(hidden, random.between(5_000, 14_000));
    node.slowDisk = before;
    fleet.crash(node, random.between(1, 300));
    world.schedule(random.between(3_000, 8_000), done);
  });
}

/** Equal states have equal plans. */
async function unequalPlans(fleet: FleetWorld): Promise<string[]> {
  const plans = new Map<string, string>();
  const problems: string[] = [];
  for (const node of fleet.running) {
    const digest = await node.digest();
    const plan = JSON.stringify(node.fleet!.plan());
    const other = plans.get(digest);
    if (other !== undefined && other !== plan) problems.push(`equal states, plans ${other} and ${plan}`);
    plans.set(digest, plan);
  }
  return problems;
}

/** Never two at a time where that is promised, never one token twice, and otherwise only across a cut. */
function wrongExecutions(fleet: FleetWorld): string[] {
  const problems: string[] = [];
  for (const [first, second] of overlaps(fleet.executions)) {
    const text = `${second.mode} task ${second.task}: node ${first.node} from ${first.beganMs} to ${first.endedMs} (epoch ${first.epoch}), node ${second.node} from ${second.beganMs} (epoch ${second.epoch})`;
    if (second.mode !== "eventual") problems.push(`two at a time: ${text}`);
    const wasCut = fleet.cuts.some(
      ({ fromMs, toMs }) => fromMs <= second.beganMs && second.beganMs <= toMs + 2 * LEASE_MS,
    );
    if (!wasCut) problems.push(`a duplicate without a cut: ${text}`);
  }
  const tokens = fleet.executions.map(({ task, epoch, replica }) => `${task} ${epoch} ${replica}`);
  if (new Set(tokens).size !== tokens.length) problems.push("a token was used twice");
  return problems;
}

/** Duplicates are shown where executions overlapped and both reported, and nowhere where there was only one. */
function wrongCounts(fleet: FleetWorld): string[] {
  const problems: string[] = [];
  const doubled = new Set<string>();
  for (const [first, second] of overlaps(fleet.executions)) {
    if (first.isWhole && second.isWhole) doubled.add(first.task);
  }
  for (const node of fleet.running) {
    for (const { id, duplicates } of node.fleet!.tasks()) {
      const executions = fleet.executions.filter(({ task }) => task === id).length;
      if (duplicates >= Math.max(1, executions))
        problems.push(`task ${id}: ${duplicates} duplicates of ${executions} executions`);
      if (duplicates === 0 && doubled.has(id)) problems.push(`task ${id}: a duplicate is not shown`);
    }
  }
  return problems;
}

function unsettled(fleet: FleetWorld, ids: readonly string[]): string[] {
  return fleet.nodes.flatMap((node) => {
    if (node.fleet === undefined) return [`node ${node.machine.index} is not there`];
    const open = ids.filter((id) => node.fleet!.task(id)?.status !== "done");
    return open.map((id) => {
      const task = node.fleet!.task(id);
      return `node ${node.machine.index}: ${task?.spec?.mode} task ${id} is ${task?.status} at epoch ${task?.epoch} after ${task?.attempts} attempts`;
    });
  });
}
