// The tasks of the fleet: how many stand where, who ran what when, which agents there are, who does what, and, of the task
// that somebody chooses, why it goes where it goes. The page looks on and takes no part.

import {
  compareReports,
  type ExplainedCandidate,
  type FleetWatch,
  type ListedAgent,
  type TaskReport,
  watchFleet,
} from "../../agents/index.ts";
import { formatCount } from "../../fleet/format.ts";
import { TASKS_DOCUMENT } from "../../fleet/schema.ts";
import type { Replica } from "../../index.ts";
import { RowTable } from "../containers/row-table.ts";
import { element, KeyedChildren, make, setText } from "../elements.ts";
import { TimelineDrawing, timelineOf } from "./timeline.ts";

/** Tasks listed; the counts tell of all. */
const TASKS_SHOWN = 60;
const INPUT_CHARACTERS = 90;

export class TasksPart {
  readonly #fleet: FleetWatch;
  readonly #counts: KeyedChildren<readonly [string, number]>;
  readonly #timeline = new TimelineDrawing();
  readonly #agents = agentTable();
  readonly #tasks: RowTable<TaskReport>;
  readonly #why = whyTable();
  #chosen: string | undefined;

  private constructor(fleet: FleetWatch, askForRender: () => void) {
    this.#fleet = fleet;
    this.#counts = new KeyedChildren(element("queue"), makeCount, showCount);
    this.#tasks = taskTable((task) => {
      this.#chosen = this.#chosen === task ? undefined : task;
      askForRender();
    });
    element("timeline").append(this.#timeline.root);
    element("workers").append(this.#agents.root);
    element("task-list").append(this.#tasks.root);
    element("why-table").append(this.#why.root);
    fleet.onChange(askForRender);
  }

  static async open(replica: Replica, askForRender: () => void): Promise<TasksPart> {
    return new TasksPart(await watchFleet(replica, { document: TASKS_DOCUMENT }), askForRender);
  }

  show(): void {
    const fleet = this.#fleet;
    const { tasks, duplicates } = fleet.counters();
    setText(element("queue-text"), `${formatCount(duplicates)} started twice`);
    this.#counts.show(Object.entries(tasks).map((row) => [row[0], row]));
    const timeline = timelineOf(fleet.executions(), Date.now());
    setText(
      element("timeline-text"),
      `${formatCount(timeline.bars.length)} executions, ${secondsOf(timeline.spanMs)}`,
    );
    this.#timeline.show(timeline);
    const agents = fleet.agents().sort((left, right) => (left.id < right.id ? -1 : 1));
    this.#agents.show(agents.map((agent) => [agent.id, agent]));
    const all = [...fleet.tasks()].sort(compareReports);
    this.#tasks.chosen = this.#chosen;
    this.#tasks.show(
      all.slice(0, TASKS_SHOWN).map((task) => [task.id, task]),
      all.length,
    );
    this.#showWhy();
  }

  #showWhy(): void {
    const id = this.#chosen;
    const task = id === undefined ? undefined : this.#fleet.task(id);
    const isKnown = task?.spec !== undefined;
    element("why").hidden = !isKnown;
    if (!isKnown) return;
    const { why, plan } = this.#fleet.explain(task.id);
    const isOver = task.status !== "ready" && plan !== undefined;
    setText(element("why-text"), `${task.id}: ${why}${isOver ? "; were it to be given now:" : ""}`);
    this.#why.show((plan?.candidates ?? []).map((candidate) => [candidate.agent, candidate]));
  }
}

const secondsOf = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function makeCount(): HTMLElement {
  return make("div", "", make("dt"), make("dd"));
}

function showCount(row: HTMLElement, [status, count]: readonly [string, number]): void {
  const [name, value] = row.children;
  if (name !== undefined) setText(name, status);
  if (value !== undefined) setText(value, formatCount(count));
}

const levels = (skills: Readonly<Record<string, number>>): string =>
  Object.entries(skills)
    .map(([skill, level]) => `${skill} ${level}`)
    .join(" · ");

const agentTable = (): RowTable<ListedAgent> =>
  new RowTable<ListedAgent>(
    [
      { title: "agent", text: ({ id }) => id },
      { title: "state", text: ({ state, health }) => (health === "well" ? state : `${state}, ${health}`) },
      { title: "skills", text: ({ skills }) => levels(skills) },
      { title: "does", text: ({ kinds }) => kinds.join(", ") },
      { title: "has", kind: "number", text: ({ given, slots }) => `${given} of ${slots}` },
      { title: "busy", kind: "number", text: ({ load }) => `${Math.round(load * 100)} %` },
    ],
    { empty: "No agent has registered." },
  );

const taskTable = (onChoose: (task: string) => void): RowTable<TaskReport> =>
  new RowTable<TaskReport>(
    [
      { title: "task", kind: "code", text: ({ id }) => id },
      { title: "kind", text: ({ spec }) => spec?.kind ?? "–" },
      { title: "status", text: ({ status }) => status },
      { title: "agent", text: ({ agent }) => agent ?? "–" },
      { title: "attempts", kind: "number", text: ({ attempts }) => String(attempts) },
      { title: "input", kind: "value", text: ({ spec }) => inputText(spec?.input) },
      { title: "last failure", text: ({ error }) => error ?? "" },
    ],
    { empty: "No task has been submitted.", onChoose },
  );

function inputText(input: unknown): string {
  const text = input === undefined ? "" : (JSON.stringify(input) ?? "");
  return text.length > INPUT_CHARACTERS ? `${text.slice(0, INPUT_CHARACTERS - 1)}…` : text;
}

const whyTable = (): RowTable<ExplainedCandidate> =>
  new RowTable<ExplainedCandidate>(
    [
      { title: "agent", text: ({ agent }) => agent },
      { title: "score", kind: "number", text: ({ score }) => formatCount(Math.round(score / 1000)) },
      {
        title: "made of",
        text: ({ terms }) =>
          terms
            .filter(({ points }) => points !== 0)
            .map(({ name, points }) => `${name} ${Math.round(points / 1000)}`)
            .join(" + "),
      },
      {
        title: "lacks",
        text: ({ missing }) => missing.map(({ what, name }) => `${what} ${name}`.trim()).join(", "),
      },
    ],
    { empty: "No agent has registered." },
  );
