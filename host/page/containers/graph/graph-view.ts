// A graph: the part that can be drawn, a field to look for a vertex, and what is known of the one that is chosen.

import { formatCount } from "../../../fleet/format.ts";
import { make, setText } from "../../elements.ts";
import { type ContainerView, ITEMS_SHOWN, type ViewContext } from "../container-view.ts";
import { Figure } from "../figure.ts";
import { FilterBox } from "../filter-box.ts";
import { RowTable } from "../row-table.ts";
import { valueText } from "../value-text.ts";
import { GraphDrawing } from "./graph-drawing.ts";
import { excerptOf, type GraphSource } from "./graph-excerpt.ts";

/** What of a graph handle is needed here. */
interface Graph extends GraphSource {
  hasVertex(id: string): boolean;
  vertexAttributes(id: string): object;
  neighbours(id: string, options: { readonly direction: "both" }): readonly string[];
}

export function graphView(graph: Graph, context: ViewContext): ContainerView {
  const figure = new Figure();
  let chosen: string | undefined;
  let isFocused = false;
  const choose = (id: string | undefined) => {
    chosen = id;
    isFocused = isFocused && id !== undefined;
    context.askForRender();
  };
  const drawing = new GraphDrawing((id) => choose(id === chosen ? undefined : id));
  const filter = new FilterBox("find a vertex", () => context.askForRender());
  const found = new RowTable<string>([{ title: "vertex", text: (id) => id }], {
    empty: "No vertex holds that text.",
    onChoose(id) {
      isFocused = true;
      filter.text = "";
      choose(id);
    },
  });
  const title = make("h3");
  const focus = make("button");
  focus.setAttribute("type", "button");
  focus.addEventListener("click", () => {
    isFocused = !isFocused;
    context.askForRender();
  });
  const attributes = new RowTable<readonly [name: string, value: unknown]>(
    [
      { title: "attribute", text: ([name]) => name },
      { title: "value", kind: "value", text: ([, value]) => valueText(value, 120) },
    ],
    { empty: "No attributes." },
  );
  const neighbours = new RowTable<string>([{ title: "neighbours", text: (id) => id }], {
    empty: "No neighbours.",
    onChoose: (id) => choose(id),
  });
  const details = make(
    "div",
    "part details",
    make("div", "head", title, focus),
    attributes.root,
    neighbours.root,
  );
  const hint = make("p", "note", "Choose a vertex to see its neighbours.");
  const side = make("div", "part side", filter.root, found.root, details, hint);
  return {
    root: make("div", "graph-view", figure.root, make("div", "graph-halves", drawing.root, side)),
    close: () => drawing.close(),
    show() {
      if (chosen !== undefined && !graph.hasVertex(chosen)) chosen = undefined;
      const excerpt = excerptOf(graph, isFocused ? chosen : undefined);
      const { vertices, edges, vertexCount, edgeCount } = excerpt;
      figure.show({ vertices: some(vertices.length, vertexCount), edges: some(edges.length, edgeCount) });
      drawing.root.hidden = vertexCount === 0;
      drawing.show(excerpt, chosen);
      const matching = filter.text === "" ? [] : graph.vertices().filter((id) => filter.matches(id));
      found.root.hidden = filter.text === "";
      found.show(
        matching.slice(0, 8).map((id) => [id, id]),
        matching.length,
      );
      details.hidden = chosen === undefined || filter.text !== "";
      hint.hidden = chosen !== undefined || filter.text !== "";
      setText(hint, vertexCount === 0 ? "The graph is empty." : "Choose a vertex to see its neighbours.");
      if (chosen === undefined) return;
      setText(title, chosen);
      setText(focus, isFocused ? "show the busiest part" : "show its surroundings");
      attributes.show(Object.entries(graph.vertexAttributes(chosen)).map((entry) => [entry[0], entry]));
      const others = graph.neighbours(chosen, { direction: "both" });
      neighbours.show(
        others.slice(0, ITEMS_SHOWN).map((id) => [id, id]),
        others.length,
      );
    },
  };
}

function some(drawn: number, all: number): string {
  return drawn === all ? formatCount(all) : `${formatCount(drawn)} of ${formatCount(all)}`;
}
