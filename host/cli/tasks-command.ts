// `jarvis tasks` and `jarvis explain`: who does what in a fleet, what waits, and why a task goes where it goes; of a stored
// replica or a relay. Nothing is changed by looking, and who looks takes no part (read-replica.ts).

import {
  compareReports,
  type FleetWatch,
  type TaskExplanation,
  type TaskReport,
  type TaskStatus,
  watchFleet,
} from "../agents/index.ts";
import { CrdtError } from "../errors.ts";
import { formatCount } from "../fleet/format.ts";
import { TASKS_DOCUMENT } from "../fleet/schema.ts";
import { schema } from "../index.ts";
import type { ClientAccess } from "./access-options.ts";
import { readReplica } from "./read-replica.ts";
import { type Terminal, table } from "./terminal.ts";

const INPUT_CHARACTERS = 48;

export interface TasksCommandOptions extends ClientAccess {
  readonly document?: string;
  readonly status?: TaskStatus;
}

export async function tasksCommand(
  where: string,
  options: TasksCommandOptions & { readonly last: number },
  terminal: Terminal,
): Promise<number> {
  await lookAt(where, options, (fleet) => {
    const tasks = [...fleet.tasks(options.status)].sort(compareReports);
    const agents = fleet.agents();
    const counters = fleet.counters();
    terminal.result({ where, counters, agents, tasks });
    const counts = Object.entries(counters.tasks).map(([status, count]) => `${formatCount(count)} ${status}`);
    terminal.line(`tasks   ${counts.join(", ") || "none"}; ${formatCount(counters.archived)} archived`);
    terminal.line(`started twice   ${formatCount(counters.duplicates)}`);
    terminal.line();
    if (agents.length > 0) {
      const rows = agents.map(({ id, state, health, given, slots, skills, kinds }) => [
        ...[id, state, health, skillsOf(skills), kinds.join(" ")],
        `${given}/${slots}`,
      ]);
      for (const line of table([["agent", "state", "health", "skills", "does", "has"], ...rows]))
        terminal.line(line);
      terminal.line();
    }
    if (tasks.length === 0) return;
    const shown = tasks.slice(0, options.last);
    for (const line of table([["task", "kind", "status", "agent", "input", "attempts"], ...shown.map(rowOf)]))
      terminal.line(line);
    if (shown.length < tasks.length)
      terminal.line(`and ${formatCount(tasks.length - shown.length)} more (--last)`);
  });
  return 0;
}

export async function explainCommand(
  where: string,
  task: string,
  options: TasksCommandOptions,
  terminal: Terminal,
): Promise<number> {
  await lookAt(where, options, (fleet) => {
    const report = fleet.task(task);
    if (report === undefined) {
      throw new CrdtError("invalid-option", `no task "${task}" is known here: jarvis tasks lists them`);
    }
    const explanation = fleet.explain(task);
    terminal.result({ where, report, explanation });
    for (const line of describe(report, explanation)) terminal.line(line);
  });
  return 0;
}

async function lookAt(
  where: string,
  options: TasksCommandOptions,
  look: (fleet: FleetWatch) => void,
): Promise<void> {
  const name = options.document ?? TASKS_DOCUMENT;
  await readReplica(where, options, async ({ open, replica }) => {
    await open(name, schema({}));
    const fleet = await watchFleet(replica, { document: name });
    look(fleet);
    fleet.close();
  });
}

function rowOf({ id, spec, status, agent, attempts }: TaskReport): (string | number)[] {
  const input = spec?.input === undefined ? "" : (JSON.stringify(spec.input) ?? "");
  const short = input.length > INPUT_CHARACTERS ? `${input.slice(0, INPUT_CHARACTERS - 1)}…` : input;
  return [id, spec?.kind ?? "", status, agent ?? "", short, attempts];
}

const skillsOf = (skills: Readonly<Record<string, number>>): string =>
  Object.entries(skills)
    .map(([name, level]) => `${name} ${level}`)
    .join(", ");

function describe({ id, spec, status, agent, error }: TaskReport, explanation: TaskExplanation): string[] {
  const lines = [`task ${id}   ${spec?.kind ?? ""}   ${status}${agent === undefined ? "" : `   ${agent}`}`];
  lines.push(`  ${explanation.why}`);
  if (error !== undefined) lines.push(`  last failure: ${error}`);
  const { plan } = explanation;
  if (plan === undefined || plan.candidates.length === 0) return lines;
  if (status !== "ready") lines.push("  were it to be given now:");
  else if (plan.order !== undefined) lines.push(`  ${formatCount(plan.order.before)} tasks are more urgent`);
  const names = plan.candidates.find(({ terms }) => terms.length > 0)?.terms.map(({ name }) => name) ?? [];
  const rows = plan.candidates.map(({ agent: name, score, terms, missing }) => [
    name,
    missing.map(({ what, name: which }) => `${what} ${which}`.trim()).join(", "),
    ...names.map((term) => terms.find((explained) => explained.name === term)?.points ?? ""),
    score,
  ]);
  lines.push("", ...table([["agent", "lacks", ...names, "score"], ...rows]));
  return lines;
}
