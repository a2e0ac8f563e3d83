// What the page's views work out before anything is drawn: which part of a graph, where its vertices lie, how states and
// lines are laid out, and how values read.

import { describe, expect, test } from "vitest";
import { ForceLayout } from "../../host/page/containers/graph/force-layout.ts";
import { EDGES_DRAWN, excerptOf, VERTICES_DRAWN } from "../../host/page/containers/graph/graph-excerpt.ts";
import { columnsOf } from "../../host/page/containers/map-view.ts";
import { alignedColumns, LINES_MAX, panelsOf } from "../../host/page/containers/series/series-panels.ts";
import { valueText } from "../../host/page/containers/value-text.ts";
import { diagramOf, NODE_HEIGHT, NODE_WIDTH } from "../../host/page/containers/workflow/state-diagram.ts";

describe("valueText", () => {
  test("reads like JSON, tells how many bytes, and cuts what is long", () => {
    expect(valueText("plain text")).toBe("plain text");
    expect(valueText({ a: "text", b: [1, -0, null, 5n], c: new Uint8Array(3) })).toBe(
      '{a: "text", b: [1, -0, null, 5], c: 3 bytes}',
    );
    expect(valueText("x".repeat(500), 10)).toBe("xxxxxxxxx…");
    const large = Array.from({ length: 1_000_000 }, (_, index) => index);
    expect(valueText(large, 20)).toHaveLength(20);
  });
});

describe("columnsOf", () => {
  test("finds the fields of records, and none where there are other values or too many fields", () => {
    expect(
      columnsOf([
        { a: 1, b: 2 },
        { b: 3, c: 4 },
      ]),
    ).toEqual(["a", "b", "c"]);
    expect(columnsOf([{ a: 1 }, "text"])).toEqual([]);
    expect(columnsOf([{ a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1 }])).toEqual([]);
    expect(columnsOf([new Uint8Array(2)])).toEqual([]);
  });
});

describe("excerptOf", () => {
  const hub = (leaves: number) => ({
    vertices: () => Array.from({ length: leaves + 1 }, (_, index) => (index === 0 ? "hub" : `leaf-${index}`)),
    edges: () =>
      Array.from({ length: leaves }, (_, index) => {
        return { from: "hub", to: `leaf-${index + 1}`, label: "", directed: true };
      }),
    kHop: (id: string) =>
      new Map([
        [id, 0],
        ["hub", 1],
      ]),
  });

  test("takes the busiest vertices, bounded, and tells how many there are", () => {
    const { vertices, edges, degrees, vertexCount, edgeCount } = excerptOf(hub(1000), undefined);
    expect(vertices).toHaveLength(VERTICES_DRAWN);
    expect(vertices[0]).toBe("hub");
    expect(edges).toHaveLength(VERTICES_DRAWN - 1);
    expect(degrees.get("hub")).toBe(1000);
    expect([vertexCount, edgeCount]).toEqual([1001, 1000]);
  });

  test("prefers to others, however busy, those that hang together with the busiest", () => {
    const ids = Array.from({ length: 40 }, (_, hub) => [
      `hub-${hub}`,
      ...Array.from({ length: 9 }, (_, leaf) => `${hub}/${leaf}`),
    ]);
    const edges = ids.flatMap(([hub, ...leaves]) =>
      leaves.map((leaf) => ({ from: hub!, to: leaf, label: "", directed: true })),
    );
    const graph = { vertices: () => ids.flat(), edges: () => edges, kHop: () => new Map<string, number>() };
    const drawn = excerptOf(graph, undefined);
    expect(drawn.edges).toHaveLength((2 * VERTICES_DRAWN) / 3);
  });

  test("draws no more edges than it says", () => {
    const { edges, vertices, kHop } = { ...hub(2), vertices: () => ["a", "b"] };
    const many = Array.from({ length: 1000 }, (_, index) => {
      return { ...edges()[0]!, from: "a", to: "b", label: `${index}` };
    });
    expect(excerptOf({ vertices, kHop, edges: () => many }, undefined).edges).toHaveLength(EDGES_DRAWN);
  });

  test("takes what lies around a chosen vertex, and the whole again when that is gone", () => {
    expect(excerptOf(hub(1000), "leaf-7").vertices).toEqual(["leaf-7", "hub"]);
    expect(excerptOf(hub(3), "gone").vertices).toHaveLength(4);
  });
});

describe("ForceLayout", () => {
  const ring = Array.from({ length: 12 }, (_, index) => `v${index}`);
  const links = ring.map((id, index) => [id, ring[(index + 1) % 12]!] as const);

  test("comes to rest with everything apart, the same every time", () => {
    const layouts = [new ForceLayout(), new ForceLayout()].map((layout) => {
      layout.set(ring, links);
      layout.settle();
      return layout;
    });
    expect([...layouts[0]!.points]).toEqual([...layouts[1]!.points]);
    const places = [...layouts[0]!.points.values()];
    for (const [index, place] of places.entries()) {
      expect(Number.isFinite(place.x) && Number.isFinite(place.y)).toBe(true);
      for (const other of places.slice(index + 1)) {
        expect(Math.hypot(place.x - other.x, place.y - other.y)).toBeGreaterThan(15);
      }
    }
  });

  test("stays at rest where nothing changed; a new vertex begins beside its neighbour and moves others little", () => {
    const layout = new ForceLayout();
    layout.set(ring, links);
    layout.settle();
    layout.set(ring, links);
    expect(layout.isAtRest).toBe(true);
    const before = new Map([...layout.points].map(([id, { x, y }]) => [id, { x, y }]));
    layout.set([...ring, "new"], [...links, ["new", "v3"]]);
    const [near, added] = [layout.points.get("v3")!, layout.points.get("new")!];
    expect(Math.hypot(near.x - added.x, near.y - added.y)).toBeLessThan(70);
    layout.settle();
    for (const [id, { x, y }] of before) {
      const moved = layout.points.get(id)!;
      expect(Math.hypot(moved.x - x, moved.y - y)).toBeLessThan(80);
    }
    layout.set(ring, links);
    expect(layout.points.has("new")).toBe(false);
  });
});

describe("diagramOf", () => {
  const states = ["a", "b", "c", "d"];
  const step = (from: string, to: string, name: string, count = 1) => ({ from, to, name, count });
  const steps = [
    step("a", "b", "go"),
    step("a", "d", "leap"),
    step("d", "a", "back"),
    step("b", "b", "stay"),
  ];

  test.each([false, true])("keeps states apart and everything inside (in a column: %s)", (isDown) => {
    const { nodes, edges, width, height } = diagramOf(states, steps, isDown);
    for (const [index, { x, y }] of nodes.entries()) {
      expect(x >= 0 && y >= 0 && x + NODE_WIDTH <= width && y + NODE_HEIGHT <= height).toBe(true);
      const next = nodes[index + 1];
      if (next !== undefined) {
        expect(isDown ? next.y - y - NODE_HEIGHT : next.x - x - NODE_WIDTH).toBeGreaterThan(20);
      }
    }
    for (const { path, labelX, labelY } of edges) {
      expect(labelX > 0 && labelX < width && labelY > 0 && labelY < height).toBe(true);
      expect(path).not.toContain("NaN");
    }
  });

  test("joins the transitions between two states, and names those taken alone", () => {
    const two = [step("a", "b", "go", 3), step("a", "b", "run", 2), step("a", "b", "crawl", 0)];
    expect(diagramOf(states, two, false).edges).toMatchObject([{ names: ["go", "run"], count: 5 }]);
    expect(diagramOf(states, [step("a", "z", "out")], false).edges).toEqual([]);
  });
});

describe("panelsOf", () => {
  test("puts what measures the same into one plot, in the order of numbers, bounded", () => {
    const labels = ["agent-10/cpu", "agent-2/cpu", "agent-2/memory", "alone"];
    expect(panelsOf(labels)).toEqual([
      { title: "alone", lines: [{ label: "alone", name: "alone" }], omitted: 0 },
      {
        title: "cpu",
        lines: [
          { label: "agent-2/cpu", name: "agent-2" },
          { label: "agent-10/cpu", name: "agent-10" },
        ],
        omitted: 0,
      },
      { title: "memory", lines: [{ label: "agent-2/memory", name: "agent-2" }], omitted: 0 },
    ]);
    const many = Array.from({ length: 20 }, (_, index) => `agent-${index}/cpu`);
    expect(panelsOf(many)[0]).toMatchObject({ omitted: 20 - LINES_MAX });
  });
});

describe("alignedColumns", () => {
  test("puts lines onto one axis in seconds and leaves out what a line has not", () => {
    const lines = [
      { times: [1000, 3000], values: [1, 3] },
      { times: [2000, 3000], values: [20, 30] },
    ];
    expect(alignedColumns(lines)).toEqual([
      [1, 2, 3],
      [1, undefined, 3],
      [undefined, 20, 30],
    ]);
  });
});
