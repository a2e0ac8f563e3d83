// Where the states and transitions of a workflow are drawn: the states stand in one row in their order, a transition
// to the next is a straight line, one that leaps ahead an arc on one side, one that goes back an arc on the other. The
// farther it leaps the higher the arc, so that arcs of one side rarely cross. On a narrow page the row is a column.
// Arc diagrams after Wattenberg (2002). Plain numbers, no drawing.

export interface Step {
  readonly from: string;
  readonly to: string;
  readonly name: string;
  /** How often it was taken. */
  readonly count: number;
}

export interface DiagramNode {
  readonly state: string;
  readonly x: number;
  readonly y: number;
}

export interface DiagramEdge {
  readonly from: string;
  readonly to: string;
  readonly names: readonly string[];
  readonly count: number;
  readonly path: string;
  readonly labelX: number;
  readonly labelY: number;
}

export interface Diagram {
  readonly nodes: readonly DiagramNode[];
  readonly edges: readonly DiagramEdge[];
  readonly width: number;
  readonly height: number;
}

export const NODE_WIDTH = 104;
export const NODE_HEIGHT = 46;
const ACROSS_GAP = 62;
const DOWN_GAP = 50;
const ARC_STEP = 30;
const MARGIN = 16;
/** A label stands clear of its line. */
const LABEL_SPACE = 16;
/** Forward and backward lines between the same two states stand apart. */
const PORT_SHIFT = 14;

/** `isDown` puts the states in a column. */
export function diagramOf(states: readonly string[], steps: readonly Step[], isDown: boolean): Diagram {
  const rank = new Map(states.map((state, index) => [state, index]));
  const edges = grouped(steps.filter(({ from, to }) => rank.has(from) && rank.has(to)));
  const leap = (edge: Grouped) => rank.get(edge.to)! - rank.get(edge.from)!;
  const ahead = Math.max(0, ...edges.map(leap).filter((length) => length > 1));
  const back = Math.max(0, ...edges.map((edge) => -leap(edge)).filter((length) => length > 0));
  const before = MARGIN + arcHeight(ahead) + (ahead > 0 ? LABEL_SPACE : 0);
  const after = MARGIN + arcHeight(back) + (back > 0 ? LABEL_SPACE : 0);
  const [along, across] = isDown ? [NODE_HEIGHT, NODE_WIDTH] : [NODE_WIDTH, NODE_HEIGHT];
  const pitch = along + (isDown ? DOWN_GAP : ACROSS_GAP);
  const start = (index: number) => MARGIN + index * pitch;
  const place = (alongAt: number, acrossAt: number): [number, number] =>
    isDown ? [acrossAt, alongAt] : [alongAt, acrossAt];
  const line: Line = { along, across, before, start, place };
  const length = 2 * MARGIN + states.length * pitch - (pitch - along);
  const [width, height] = place(length, before + across + after);
  return {
    nodes: states.map((state, index) => {
      const [x, y] = place(start(index), before);
      return { state, x, y };
    }),
    edges: edges.map((edge) => ({ ...edge, ...route(rank.get(edge.from)!, rank.get(edge.to)!, line) })),
    width,
    height,
  };
}

interface Grouped {
  readonly from: string;
  readonly to: string;
  readonly names: readonly string[];
  readonly count: number;
}

/** Transitions between the same two states are one line; those never taken are named only where none was. */
function grouped(steps: readonly Step[]): Grouped[] {
  const byEnds = new Map<string, Step[]>();
  for (const step of steps) {
    const key = `${step.from}\0${step.to}`;
    byEnds.set(key, [...(byEnds.get(key) ?? []), step]);
  }
  return [...byEnds.values()].map((group) => {
    const taken = group.filter(({ count }) => count > 0);
    const names = new Set((taken.length > 0 ? taken : group).map(({ name }) => name));
    const count = group.reduce((sum, step) => sum + step.count, 0);
    return { from: group[0]!.from, to: group[0]!.to, names: [...names], count };
  });
}

interface Line {
  readonly along: number;
  readonly across: number;
  readonly before: number;
  readonly start: (index: number) => number;
  readonly place: (along: number, across: number) => [number, number];
}

function arcHeight(leap: number): number {
  return leap === 0 ? 0 : 14 + ARC_STEP * Math.sqrt(leap) * 0.9;
}

function route(from: number, to: number, line: Line): Pick<DiagramEdge, "path" | "labelX" | "labelY"> {
  const { along, across, before, start, place } = line;
  const point = (alongAt: number, acrossAt: number) =>
    place(alongAt, acrossAt)
      .map((at) => at.toFixed(1))
      .join(",");
  if (to === from + 1) {
    const middle = before + across / 2;
    const [labelX, labelY] = place((start(from) + along + start(to)) / 2, middle);
    return { path: `M${point(start(from) + along, middle)}L${point(start(to) - 4, middle)}`, labelX, labelY };
  }
  const isAhead = to > from;
  const edge = isAhead ? before : before + across;
  const side = isAhead ? -1 : 1;
  const height = arcHeight(Math.max(1, Math.abs(to - from)));
  const middle = (index: number) => start(index) + along / 2;
  const lean = to === from ? 0.3 * along : isAhead ? PORT_SHIFT : -PORT_SHIFT;
  const [leaving, arriving] = [middle(from) + lean, middle(to) - lean];
  // A cubic's greatest distance from its chord is three quarters of that of its control points.
  const pull = edge + side * (height / 0.75);
  const path = `M${point(leaving, edge)}C${point(leaving, pull)} ${point(arriving, pull)} ${point(arriving, edge + side * 4)}`;
  const [labelX, labelY] = place((leaving + arriving) / 2, edge + side * height);
  return { path, labelX, labelY };
}
