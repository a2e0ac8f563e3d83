// Draws an excerpt of a graph and keeps it moving until it is at rest. Elements belong to vertices and edges and move
// with them; the whole is scaled to the room there is. Who wants less motion sees it at rest at once.

import { make, setAttribute } from "../../elements.ts";
import { draw } from "../../svg.ts";
import { ForceLayout, type Point } from "./force-layout.ts";
import type { Edge, GraphExcerpt } from "./graph-excerpt.ts";

const STEPS_A_FRAME = 3;
const LABEL_LETTERS = 20;
/** Room for letters at the edge. */
const MARGIN_ACROSS = 66;
const MARGIN_DOWN = 24;
/** A graph of three vertices need not fill the page. */
const SCALE_MAX = 1.5;
/** A label for so many square pixels: the busiest vertices are named always, the others when they are looked at. */
const PIXELS_A_LABEL = 14_000;

interface DrawnEdge {
  readonly edge: Edge;
  readonly line: SVGElement;
}

export class GraphDrawing {
  readonly root = make("div", "graph");
  readonly #svg = draw("svg", { role: "group", "aria-label": "Vertices and edges" });
  readonly #lines = draw("g");
  readonly #nodes = draw("g");
  readonly #layout = new ForceLayout();
  readonly #vertices = new Map<string, SVGElement>();
  readonly #edges = new Map<string, DrawnEdge>();
  readonly #onChoose: (id: string) => void;
  readonly #sizes: ResizeObserver;
  #frame = 0;
  #isFirst = true;

  constructor(onChoose: (id: string) => void) {
    this.#onChoose = onChoose;
    this.#svg.append(this.#lines, this.#nodes);
    this.root.append(this.#svg);
    this.#sizes = new ResizeObserver(() => this.#place());
    this.#sizes.observe(this.root);
  }

  show({ vertices, edges, degrees }: GraphExcerpt, chosen: string | undefined): void {
    const links = edges.map(({ from, to }) => [from, to] as const);
    this.#layout.set(vertices, links);
    this.#keepVertices(vertices, degrees);
    this.#keepEdges(edges);
    const near = new Set(links.flatMap(([from, to]) => (from === chosen || to === chosen ? [from, to] : [])));
    this.#svg.classList.toggle("has-chosen", chosen !== undefined && this.#vertices.has(chosen));
    for (const [id, node] of this.#vertices) {
      node.classList.toggle("is-chosen", id === chosen);
      node.classList.toggle("is-near", near.has(id));
      setAttribute(node, "aria-pressed", String(id === chosen));
    }
    for (const { edge, line } of this.#edges.values()) {
      line.classList.toggle("is-near", edge.from === chosen || edge.to === chosen);
    }
    if (this.#isFirst || matchMedia("(prefers-reduced-motion: reduce)").matches) this.#layout.settle();
    this.#isFirst = vertices.length === 0;
    this.#place();
    this.#move();
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
    this.#sizes.disconnect();
  }

  #move(): void {
    cancelAnimationFrame(this.#frame);
    if (this.#layout.isAtRest) return;
    this.#frame = requestAnimationFrame(() => {
      for (let step = 0; step < STEPS_A_FRAME; step++) this.#layout.step();
      this.#place();
      this.#move();
    });
  }

  #keepVertices(ids: readonly string[], degrees: ReadonlyMap<string, number>): void {
    const wanted = new Set(ids);
    for (const [id, node] of this.#vertices) {
      if (wanted.has(id)) continue;
      node.remove();
      this.#vertices.delete(id);
    }
    const labels = Math.floor((this.#svg.clientWidth * this.#svg.clientHeight) / PIXELS_A_LABEL);
    const byDegree = [...ids].sort((left, right) => (degrees.get(right) ?? 0) - (degrees.get(left) ?? 0));
    const named = new Set(byDegree.slice(0, labels));
    for (const id of ids) {
      const node = this.#vertices.get(id) ?? this.#addVertex(id);
      const radius = Math.min(13, 3.5 + Math.sqrt(degrees.get(id) ?? 0) * 1.6).toFixed(1);
      // A label is not to lie below circles.
      const isRaised = named.has(id) && !node.classList.contains("is-named");
      if (isRaised && document.activeElement !== node) this.#nodes.append(node);
      node.classList.toggle("is-named", named.has(id));
      const circle = node.firstElementChild;
      if (circle !== null) setAttribute(circle, "r", radius);
    }
  }

  #addVertex(id: string): SVGElement {
    const label = id.length > LABEL_LETTERS ? `…${id.slice(1 - LABEL_LETTERS)}` : id;
    const node = draw(
      "g",
      { class: "vertex", tabindex: 0, role: "button", "aria-label": id },
      draw("circle", { r: 4 }),
      draw("text", { dy: "-0.7em" }, label),
      draw("title", {}, id),
    );
    node.addEventListener("click", () => this.#onChoose(id));
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      this.#onChoose(id);
    });
    this.#nodes.append(node);
    this.#vertices.set(id, node);
    return node;
  }

  #keepEdges(edges: readonly Edge[]): void {
    const wanted = new Map(
      edges.map((edge) => [`${edge.directed}\0${edge.from}\0${edge.to}\0${edge.label}`, edge]),
    );
    for (const [key, { line }] of this.#edges) {
      if (wanted.has(key)) continue;
      line.remove();
      this.#edges.delete(key);
    }
    for (const [key, edge] of wanted) {
      if (this.#edges.has(key)) continue;
      const says = `${edge.from} ${edge.directed ? "→" : "–"} ${edge.to}${edge.label === "" ? "" : ` (${edge.label})`}`;
      const line = draw("line", { class: "link" }, draw("title", {}, says));
      this.#lines.append(line);
      this.#edges.set(key, { edge, line });
    }
  }

  /** Puts everything where it is, as large as there is room; letters and circles keep their size. */
  #place(): void {
    const { points } = this.#layout;
    const [width, height] = [this.#svg.clientWidth, this.#svg.clientHeight];
    if (points.size === 0 || width === 0) return;
    const at = fitting([...points.values()], width, height);
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    for (const [id, node] of this.#vertices) {
      const point = points.get(id);
      if (point !== undefined) node.setAttribute("transform", `translate(${at.x(point)} ${at.y(point)})`);
    }
    for (const { edge, line } of this.#edges.values()) {
      const [start, end] = [points.get(edge.from), points.get(edge.to)];
      if (start === undefined || end === undefined) continue;
      line.setAttribute("x1", at.x(start));
      line.setAttribute("y1", at.y(start));
      line.setAttribute("x2", at.x(end));
      line.setAttribute("y2", at.y(end));
    }
  }
}

/** How points of the layout become places of the drawing. */
function fitting(points: readonly Readonly<Point>[], width: number, height: number) {
  const across = points.map(({ x }) => x);
  const down = points.map(({ y }) => y);
  const [left, right] = [Math.min(...across), Math.max(...across)];
  const [top, bottom] = [Math.min(...down), Math.max(...down)];
  const wide = (width - 2 * MARGIN_ACROSS) / Math.max(1, right - left);
  const high = (height - 2 * MARGIN_DOWN) / Math.max(1, bottom - top);
  const scale = Math.min(SCALE_MAX, wide, high);
  const place = (value: number, least: number, most: number, size: number) =>
    (size / 2 + (value - (least + most) / 2) * scale).toFixed(1);
  return {
    x: ({ x }: Readonly<Point>) => place(x, left, right, width),
    y: ({ y }: Readonly<Point>) => place(y, top, bottom, height),
  };
}
