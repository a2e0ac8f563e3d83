// A workflow: its states as a diagram with counts, its instances, and the history of the one that is chosen.

import { formatCount } from "../../../fleet/format.ts";
import type { HistoryStep, ListedInstance, WorkflowHandle } from "../../../index.ts";
import { make, setText } from "../../elements.ts";
import { type ContainerView, ITEMS_SHOWN, type ViewContext } from "../container-view.ts";
import { Figure } from "../figure.ts";
import { FilterBox } from "../filter-box.ts";
import { RowTable } from "../row-table.ts";
import { timeText, valueText } from "../value-text.ts";
import { DiagramDrawing } from "./diagram-drawing.ts";
import { StepCounts } from "./step-counts.ts";

export function workflowView(workflow: WorkflowHandle, context: ViewContext): ContainerView {
  const counts = new StepCounts(workflow);
  let chosenState: string | undefined;
  const drawing = new DiagramDrawing((state) => {
    chosenState = state === chosenState ? undefined : state;
    context.askForRender();
  });
  const figure = new Figure();
  const filter = new FilterBox("filter instances", () => context.askForRender());
  const title = make("h3");
  const history = make("div", "part");
  const instances = new RowTable<ListedInstance>(instanceColumns(), {
    empty: "No instance is here.",
    onChoose(id) {
      instances.chosen = instances.chosen === id ? undefined : id;
      context.askForRender();
    },
  });
  const steps = new RowTable<HistoryStep>(stepColumns(context), { empty: "Choose an instance." });
  const heading = make("h3");
  history.append(heading, steps.root);
  const lists = make("div", "halves", make("div", "part", title, filter.root, instances.root), history);
  return {
    root: make("div", "", figure.root, drawing.root, lists),
    noticed(change) {
      if (change.type === "workflow") counts.touch(change.instances);
    },
    show() {
      const { instances: total, applied, refused, byState } = workflow.statistics();
      figure.show({
        instances: formatCount(total),
        "steps taken": formatCount(applied),
        "steps refused": formatCount(refused),
      });
      const taken = counts.steps(context.definition);
      const known = context.definition?.states ?? [];
      const states = new Set([
        ...known,
        ...taken.flatMap(({ from, to }) => [from, to]),
        ...Object.keys(byState),
      ]);
      drawing.show([...states], taken, byState, chosenState);
      const listed = workflow.instances(chosenState === undefined ? {} : { state: chosenState });
      const matching = listed
        .filter(({ id }) => filter.matches(id))
        .sort((left, right) => right.sinceMs - left.sinceMs);
      setText(title, chosenState === undefined ? "Instances" : `Instances in ${chosenState}`);
      instances.show(
        matching.slice(0, ITEMS_SHOWN).map((each) => [each.id, each]),
        matching.length,
      );
      const chosen = instances.chosen;
      setText(heading, chosen === undefined ? "History" : `History of ${chosen}`);
      const past = chosen === undefined ? [] : workflow.history(chosen);
      steps.show(past.map((step) => [`${step.replica}:${step.sequence}`, step]));
    },
  };
}

function instanceColumns() {
  return [
    { title: "instance", text: ({ id }: ListedInstance) => id },
    { title: "state", text: ({ state }: ListedInstance) => state },
    { title: "since", text: ({ sinceMs }: ListedInstance) => timeText(sinceMs, Date.now()) },
  ];
}

function stepColumns(context: ViewContext) {
  return [
    { title: "time", text: ({ timeMs }: HistoryStep) => timeText(timeMs, Date.now()) },
    { title: "step", text: ({ transition, kind }: HistoryStep) => transition ?? kind },
    { title: "state", text: stateText, fill: markRefused },
    { title: "by", text: ({ replica }: HistoryStep) => context.nameOf(replica) },
    {
      title: "with",
      kind: "value" as const,
      text: ({ why, reason, payload, role }: HistoryStep) =>
        why ?? reason ?? (payload === undefined ? (role ?? "") : valueText(payload, 120)),
    },
  ];
}

function stateText({ from, to, isApplied }: HistoryStep): string {
  return isApplied ? `${from ?? "·"} → ${to ?? "·"}` : "refused";
}

function markRefused(cell: HTMLElement, { isApplied }: HistoryStep): void {
  cell.classList.toggle("is-refused", !isApplied);
}
