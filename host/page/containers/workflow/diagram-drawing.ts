// Draws a workflow's states with how many instances stand in each, and its transitions with how often they were taken.
// A state is a button: choosing it shows its instances alone. Lines are drawn anew only where they changed.

import { formatCount } from "../../../fleet/format.ts";
import { make, setAttribute, setText } from "../../elements.ts";
import { draw } from "../../svg.ts";
import {
  type Diagram,
  type DiagramEdge,
  diagramOf,
  NODE_HEIGHT,
  NODE_WIDTH,
  type Step,
} from "./state-diagram.ts";

/** Narrower than this, the states stand in a column. */
const ROW_WIDTH_MIN = 640;

export class DiagramDrawing {
  readonly root = make("div", "scroll drawing");
  readonly #svg = draw("svg", { role: "group", "aria-label": "States and transitions" });
  readonly #onChoose: (state: string) => void;
  #drawn = "";
  readonly #counts = new Map<string, { node: SVGElement; count: SVGElement }>();

  constructor(onChoose: (state: string) => void) {
    this.#onChoose = onChoose;
    this.root.append(this.#svg);
  }

  show(
    states: readonly string[],
    steps: readonly Step[],
    counts: Readonly<Record<string, number>>,
    chosen: string | undefined,
  ): void {
    const isDown = this.root.clientWidth > 0 && this.root.clientWidth < ROW_WIDTH_MIN;
    const drawn = JSON.stringify([states, steps, isDown]);
    if (drawn !== this.#drawn) this.#draw(diagramOf(states, steps, isDown));
    this.#drawn = drawn;
    for (const [state, { node, count }] of this.#counts) {
      const inState = Object.hasOwn(counts, state) ? (counts[state] ?? 0) : 0;
      setText(count, formatCount(inState));
      setAttribute(node, "aria-pressed", String(state === chosen));
      setAttribute(node, "class", inState > 0 ? "node is-taken" : "node");
      setAttribute(node, "aria-label", `${state}: ${formatCount(inState)} instances`);
    }
  }

  #draw({ nodes, edges, width, height }: Diagram): void {
    const focused = document.activeElement?.getAttribute("data-state");
    setAttribute(this.#svg, "viewBox", `0 0 ${width} ${height}`);
    setAttribute(this.#svg, "width", String(width));
    setAttribute(this.#svg, "height", String(height));
    this.#counts.clear();
    const tip = draw("path", { d: "M0,0L8,4L0,8Z", class: "tip" });
    const box = {
      viewBox: "0 0 8 8",
      refX: 6,
      refY: 4,
      markerWidth: 7,
      markerHeight: 7,
      orient: "auto-start-reverse",
    };
    const marker = draw("marker", { id: "tip", ...box }, tip);
    // Lines below, then states, then what the lines say.
    const lines = [...edges].sort((left, right) => left.count - right.count);
    this.#svg.replaceChildren(
      draw("defs", {}, marker),
      ...lines.map(drawLine),
      ...nodes.map(({ state, x, y }) => this.#node(state, x, y)),
      ...lines.filter(({ count }) => count > 0).map(drawLabel),
    );
    if (focused != null) this.#counts.get(focused)?.node.focus();
  }

  #node(state: string, x: number, y: number): SVGElement {
    const title = state.length > 13 ? `${state.slice(0, 12)}…` : state;
    const count = draw("text", { class: "count", x: NODE_WIDTH / 2, y: NODE_HEIGHT - 8 });
    const node = draw(
      "g",
      { transform: `translate(${x} ${y})`, tabindex: 0, role: "button", "data-state": state },
      draw("rect", { width: NODE_WIDTH, height: NODE_HEIGHT, rx: 9 }),
      draw("text", { x: NODE_WIDTH / 2, y: 18 }, title),
      count,
    );
    node.addEventListener("click", () => this.#onChoose(state));
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      this.#onChoose(state);
    });
    this.#counts.set(state, { node, count });
    return node;
  }
}

function drawLine({ from, to, names, count, path }: DiagramEdge): SVGElement {
  const title = draw("title", {}, `${from} → ${to}: ${names.join(", ")} (${formatCount(count)})`);
  const shape = { d: path, "marker-end": "url(#tip)", class: count > 0 ? "edge is-taken" : "edge" };
  return draw("path", shape, title);
}

function drawLabel({ names, count, labelX, labelY }: DiagramEdge): SVGElement {
  const name = draw("tspan", { x: labelX, dy: "-0.25em" }, names.join(", "));
  const number = draw("tspan", { x: labelX, dy: "1.15em" }, formatCount(count));
  return draw("text", { class: "edge-label", y: labelY }, name, number);
}
