// Graphs through the public API: what is visible, what is found in it, and that replicas that hold the same say the same.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Change, type Document, graph, schema, type Value } from "../../host/index.ts";
import { GraphIndex } from "../../host/replica/graph/graph-index.ts";
import { attributeKey, edgeKey, readGraphKey, vertexKey } from "../../host/replica/graph/graph-keys.ts";
import { converge, createMember, ENGINES, openGroup, pass } from "./group.ts";

interface Person {
  readonly name: string;
  readonly tags: readonly string[];
}
interface Road {
  readonly length: number;
}
const Home = schema({ people: graph<Person, Road>(), plain: graph() });
type Home = Document<typeof Home>;

describe.each(ENGINES)("a graph on $name", (engine) => {
  const pair = async () => {
    const { documents, members } = await openGroup(engine, Home, 2);
    return { home: documents[0]!, other: documents[1]!, members };
  };
  const chain = (home: Home, ids: string): void => {
    home.plain.addMany({
      vertices: [...ids].map((id) => ({ id })),
      edges: [...ids].slice(1).map((to, index) => ({ from: ids[index]!, to })),
    });
  };

  it("shows no edge whose end was removed while it was added", async () => {
    const { home, other } = await pair();
    chain(home, "ab");
    converge(home, other);
    expect([home.plain.removeVertex("b"), other.plain.addEdge("a", "b", { label: "x" })]).toEqual([
      true,
      true,
    ]);
    converge(home, other);
    for (const { plain } of [home, other]) {
      expect([plain.vertices(), plain.edges(), plain.edgeCount, plain.neighbours("a")]).toEqual([
        ["a"],
        [],
        0,
        [],
      ]);
      expect([plain.hasEdge("a", "b"), plain.hasEdge("a", "b", { label: "x" })]).toEqual([false, false]);
    }
    other.plain.addVertex("b");
    converge(home, other);
    for (const { plain } of [home, other]) expect(plain.edges().map(({ label }) => label)).toEqual(["", "x"]);
  });

  it("keeps a vertex and an edge that were added again while they were removed", async () => {
    const { home, other } = await pair();
    chain(home, "ab");
    converge(home, other);
    home.plain.removeVertex("a");
    home.plain.removeEdge("a", "b");
    other.plain.addVertex("a");
    other.plain.addEdge("a", "b");
    converge(home, other);
    for (const { plain } of [home, other]) expect(plain.hasEdge("a", "b")).toBe(true);
    expect(home.digest()).toBe(other.digest());
  });

  it('tells ("a-b", "c") from ("a", "b-c"), and leaves vertex "42" a string', async () => {
    const { home, other } = await pair();
    home.plain.addMany({ vertices: ["a-b", "c", "a", "b-c", "42"].map((id) => ({ id })) });
    expect([home.plain.addEdge("a-b", "c"), home.plain.addEdge("a", "b-c")]).toEqual([true, true]);
    expect(home.plain.removeEdge("a", "b-c")).toBe(true);
    converge(home, other);
    expect(other.plain.edges()).toEqual([{ from: "a-b", to: "c", label: "", directed: true }]);
    expect(other.plain.vertices()[0]).toBe("42");
    expect(() => home.plain.addVertex(42 as never)).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
    expect(() => home.plain.addEdge("a", 42 as never)).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
  });

  it("shows undirected edges from both ends, as one", async () => {
    const { home, other } = await pair();
    chain(home, "z");
    home.plain.addVertex("a");
    expect(home.plain.addEdge("z", "a", { directed: false })).toBe(true);
    expect(home.plain.addEdge("a", "z", { directed: false })).toBe(false);
    converge(home, other);
    for (const { plain } of [home, other]) {
      for (const direction of ["out", "in", "both"] as const) {
        expect(plain.neighbours("a", { direction })).toEqual(["z"]);
        expect(plain.neighbours("z", { direction })).toEqual(["a"]);
        expect(plain.degree("z", { direction })).toBe(1);
      }
      expect(plain.edges()).toEqual([{ from: "a", to: "z", label: "", directed: false }]);
      expect(plain.hasEdge("z", "a", { directed: false })).toBe(true);
      expect(plain.hasEdge("z", "a")).toBe(false);
    }
  });

  it("gives neighbours out, in and both, by label, each once; degrees count edges", async () => {
    const { home } = await pair();
    chain(home, "abc");
    home.plain.addEdge("a", "b", { label: "twice" });
    home.plain.addEdge("c", "b", { label: "back" });
    home.plain.addEdge("b", "b");
    const { plain } = home;
    expect(plain.neighbours("b")).toEqual(["b", "c"]);
    expect(plain.neighbours("b", { direction: "in" })).toEqual(["a", "b", "c"]);
    expect(plain.neighbours("b", { direction: "both" })).toEqual(["a", "b", "c"]);
    expect(plain.neighbours("b", { direction: "in", label: "back" })).toEqual(["c"]);
    expect(plain.neighbours("b", { label: "no such" })).toEqual([]);
    expect(plain.neighbours("nobody")).toEqual([]);
    expect([plain.degree("b"), plain.degree("b", { direction: "in" })]).toEqual([2, 4]);
    expect(plain.degree("b", { direction: "both" })).toBe(6);
    expect(() => plain.neighbours("b", { direction: "up" as never })).toThrow("direction: up");
  });

  it("finds A-B-C-D, nothing where there is nothing, and a path of ten hops", async () => {
    const { home } = await pair();
    const { plain } = home;
    chain(home, "ABCD");
    plain.addVertex("X");
    expect(plain.shortestPath("A", "D")).toEqual(["A", "B", "C", "D"]);
    expect(plain.shortestPath("D", "A")).toEqual([]);
    expect(plain.shortestPath("D", "A", { direction: "in" })).toEqual(["D", "C", "B", "A"]);
    expect(plain.shortestPath("D", "A", { direction: "both" })).toEqual(["D", "C", "B", "A"]);
    expect([plain.shortestPath("A", "X"), plain.shortestPath("A", "nobody")]).toEqual([[], []]);
    expect(plain.shortestPath("A", "A")).toEqual(["A"]);
    chain(home, "0123456789a");
    expect(plain.shortestPath("0", "a")).toEqual([..."0123456789a"]);
    plain.removeVertex("5");
    expect(plain.shortestPath("0", "a")).toEqual([]);
  });

  it("finds the cheapest path, then the shortest, then that of the smallest ids", async () => {
    const { home } = await pair();
    const { people } = home;
    people.addMany({
      vertices: [..."abcdefs"].map((id) => ({ id })),
      edges: [
        { from: "s", to: "e", attributes: { length: 5 } },
        { from: "s", to: "b", attributes: { length: 2 } },
        { from: "b", to: "e", attributes: { length: 2 } },
        { from: "s", to: "c", attributes: { length: 0 } },
        { from: "c", to: "d", attributes: { length: 2 } },
        { from: "d", to: "e", attributes: { length: 2 } },
        { from: "s", to: "a", attributes: { length: 2 } },
        { from: "a", to: "e", attributes: { length: 2 } },
        { from: "s", to: "f" },
        { from: "f", to: "s", attributes: { length: 0 } },
      ],
    });
    expect(people.shortestPath("s", "e")).toEqual(["s", "e"]);
    expect(people.shortestPath("s", "e", { weight: "length" })).toEqual(["s", "a", "e"]);
    people.removeVertex("a");
    expect(people.shortestPath("s", "e", { weight: "length" })).toEqual(["s", "b", "e"]);
    people.setEdgeAttribute({ from: "s", to: "b" }, "length", 3);
    expect(people.shortestPath("s", "e", { weight: "length" })).toEqual(["s", "c", "d", "e"]);
    expect(people.shortestPath("f", "f", { weight: "length" })).toEqual(["f"]);
    people.setEdgeAttribute({ from: "s", to: "b" }, "length", -1);
    expect(() => people.shortestPath("s", "e", { weight: "length" })).toThrow(
      expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining('"s" to "b"') }),
    );
  });

  it("hides the edges and attributes of a removed vertex, and shows them with it again", async () => {
    const { home, other } = await pair();
    home.people.addVertex("a", { name: "Ann" });
    home.people.addVertex("b");
    home.people.addEdge("a", "b", { attributes: { length: 3 } });
    home.people.removeVertex("a");
    converge(home, other);
    for (const { people } of [home, other]) {
      expect(people.edges()).toEqual([]);
      expect([people.vertexAttribute("a", "name"), people.vertexAttributes("a")]).toEqual([undefined, {}]);
      expect(people.edgeAttribute({ from: "a", to: "b" }, "length")).toBeUndefined();
    }
    home.people.addVertex("a");
    converge(home, other);
    for (const { people } of [home, other]) {
      expect(people.vertexAttributes("a")).toEqual({ name: "Ann" });
      expect(people.edgeAttributes({ from: "a", to: "b" })).toEqual({ length: 3 });
    }
  });

  it("gives a subgraph of three vertices and two edges whole", async () => {
    const { home } = await pair();
    home.people.addMany({
      vertices: [{ id: "a", attributes: { name: "Ann" } }, { id: "b" }, { id: "c" }, { id: "d" }],
      edges: [
        { from: "a", to: "b", attributes: { length: 1 } },
        { from: "b", to: "c", directed: false, label: "near" },
        { from: "c", to: "d" },
      ],
    });
    const part = {
      vertices: [
        { id: "a", attributes: { name: "Ann" } },
        { id: "b", attributes: {} },
        { id: "c", attributes: {} },
      ],
      edges: [
        { from: "a", to: "b", label: "", directed: true, attributes: { length: 1 } },
        { from: "b", to: "c", label: "near", directed: false, attributes: {} },
      ],
    };
    expect(home.people.subgraph(["c", "a", "nobody", "b", "a"])).toEqual(part);
    home.people.removeVertex("d");
    expect(home.toJSON().people).toEqual(part);
  });

  it("what a walk reached stays as it was while the graph changes", async () => {
    const { home } = await pair();
    chain(home, "abc");
    const near = home.plain.kHop("a", 1);
    home.plain.removeVertex("b");
    home.plain.addVertex("e");
    home.plain.addEdge("a", "e");
    expect([...near]).toEqual([
      ["a", 0],
      ["b", 1],
    ]);
    expect([near.get("b"), near.get("e")]).toEqual([1, undefined]);
    expect([...home.plain.kHop("a", 1)]).toEqual([
      ["a", 0],
      ["e", 1],
    ]);
  });

  it("gives who is near, what hangs together, and who weighs most", async () => {
    const { home, other } = await pair();
    chain(home, "abcd");
    chain(home, "xy");
    home.plain.addEdge("a", "d", { label: "short" });
    converge(home, other);
    for (const { plain } of [home, other]) {
      expect([...plain.kHop("a", 1)]).toEqual([
        ["a", 0],
        ["b", 1],
        ["d", 1],
      ]);
      expect([...plain.kHop("a", Number.POSITIVE_INFINITY, { label: "" }).values()]).toEqual([0, 1, 2, 3]);
      const near = plain.kHop("a", 1);
      expect([near.size, near.get("d"), near.get("c"), near.has("b"), near.has("nobody")]).toEqual([
        3,
        1,
        undefined,
        true,
        false,
      ]);
      const seen: [string, number][] = [];
      near.forEach((hops, id) => {
        seen.push([id, hops]);
      });
      expect(seen).toEqual([...near.entries()]);
      expect([...near.keys()]).toEqual(["a", "b", "d"]);
      expect([...plain.kHop("nobody", 1)]).toEqual([]);
      expect(() => plain.kHop("a", -1)).toThrow("hops is -1");
      expect(plain.components()).toEqual([
        ["a", "b", "c", "d"],
        ["x", "y"],
      ]);
      const ranks = plain.pageRank();
      expect([...ranks.keys()]).toEqual(plain.vertices());
      expect([...ranks.values()].reduce((sum, rank) => sum + rank, 0)).toBeCloseTo(1, 9);
      expect(Math.max(...ranks.values())).toBe(ranks.get("d"));
      expect(() => plain.pageRank({ damping: 2 })).toThrow("damping is 2");
      expect(() => plain.pageRank({ iterations: 0 })).toThrow("iterations is 0");
    }
    expect(home.plain.pageRank()).toEqual(other.plain.pageRank());
  });

  it("ranks two vertices that point at a third as the formula says", async () => {
    const { home } = await pair();
    home.plain.addMany({
      vertices: [..."abc"].map((id) => ({ id })),
      edges: [
        { from: "a", to: "c" },
        { from: "b", to: "c" },
        { from: "c", to: "a" },
      ],
    });
    const [a, b, c] = [...home.plain.pageRank({ damping: 0.5, tolerance: 0, iterations: 200 }).values()];
    expect(b).toBeCloseTo(0.5 / 3, 12);
    expect(c).toBeCloseTo(0.5 / 3 + 0.5 * (a! + b!), 12);
    expect(a).toBeCloseTo(0.5 / 3 + 0.5 * c!, 12);
  });

  it("lets the later write of an attribute win, and deletes it", async () => {
    const { home, other, members } = await pair();
    home.people.addVertex("a", { name: "Ann", tags: ["x"] });
    converge(home, other);
    home.people.setVertexAttribute("a", "name", "early");
    members[1]!.platform.nowMs += 5000;
    other.people.setVertexAttribute("a", "name", "late");
    converge(home, other);
    expect(home.people.vertexAttributes("a")).toEqual({ name: "late", tags: ["x"] });
    expect([
      home.people.deleteVertexAttribute("a", "tags"),
      home.people.deleteVertexAttribute("a", "tags"),
    ]).toEqual([true, false]);
    converge(home, other);
    expect(other.people.vertexAttributes("a")).toEqual({ name: "late" });
    expect(other.people.deleteEdgeAttribute({ from: "a", to: "a" }, "length")).toBe(false);
  });

  it("is as it was after a transaction that threw, and sees its own writes within one", async () => {
    const { home } = await pair();
    chain(home, "ab");
    expect(home.plain.edgeCount).toBe(1);
    expect(() =>
      home.transact(() => {
        home.plain.removeVertex("a");
        home.plain.addMany({ vertices: [{ id: "c" }], edges: [{ from: "c", to: "b" }] });
        expect(home.plain.edges().map(({ from }) => from)).toEqual(["c"]);
        throw new Error("no");
      }),
    ).toThrow("no");
    expect([home.plain.vertices(), home.plain.edgeCount]).toEqual([["a", "b"], 1]);
    expect(() => home.plain.addMany({ vertices: [{ id: "ok" }, { id: 1 as never }] })).toThrow(
      expect.objectContaining({ code: "invalid-argument" }),
    );
    expect(home.plain.vertices()).toEqual(["a", "b"]);
    expect(() => home.plain.addVertex("x".repeat(70000))).toThrow(
      expect.objectContaining({ code: "limit-exceeded" }),
    );
  });

  it("tells of changes", async () => {
    const { home, other } = await pair();
    const heard: Change[] = [];
    home.subscribe((change) => heard.push(change));
    home.people.addVertex("a", { name: "Ann" });
    home.people.addVertex("a");
    const none = { added: [], removed: [] };
    const said = { container: "people", type: "graph", vertices: none, edges: none, attributes: [] };
    const local = { ...said, origin: "local" };
    const remote = { ...said, origin: "remote" };
    expect(heard.splice(0)).toEqual([
      { ...local, vertices: { added: ["a"], removed: [] }, attributes: [{ vertex: "a", name: "name" }] },
    ]);
    pass(home, other);
    other.people.addEdge("b", "a", { directed: false, label: "é", attributes: { length: 1 } });
    other.people.removeVertex("a");
    pass(other, home);
    const edge = { from: "a", to: "b", label: "é", directed: false };
    expect(heard.splice(0)).toEqual([
      {
        ...remote,
        vertices: { added: [], removed: ["a"] },
        edges: { added: [edge], removed: [] },
        attributes: [{ edge, name: "length" }],
      },
    ]);
    home.transact(() => {
      home.people.addVertex("t");
      home.people.removeVertex("t");
      home.people.removeEdge("a", "b", edge);
    });
    expect(heard.splice(0)).toMatchObject([{ edges: { added: [], removed: [edge] } }]);
  });

  it("comes back from a snapshot, and lives beside keys that nobody can read", async () => {
    const { home } = await pair();
    chain(home, "abc");
    const stranger = engine.createDocument({
      replica: "00000000000000ff" as never,
      hashSeed: [1, 2],
      driftLimitMs: 1e9,
    });
    const container = stranger.container("graph", "plain");
    for (const key of [
      [1, 0xff],
      [2, 7],
      [2, 1, 9, 97],
      [2, 0, 1, 98, 1, 97],
      [3, 200],
    ]) {
      const bytes = [key[0] === 3 ? 2 : 5, container, 0, key.length, 0, 0, 0];
      const batch = Uint8Array.from(key[0] === 3 ? [...bytes, 1, 0, 0, 0, ...key, 0xf6] : [...bytes, ...key]);
      stranger.mutate(batch, batch.length, 1000);
    }
    home.merge(stranger.snapshot());
    const member = await createMember(engine);
    const again = (await member.replica.open("home", Home)) as Home;
    expect(again.plain.edgeCount).toBe(0);
    again.load(home.snapshot());
    for (const { plain } of [home, again]) {
      expect([plain.vertices(), plain.edgeCount, plain.shortestPath("a", "c").length]).toEqual([
        ["a", "b", "c"],
        2,
        3,
      ]);
    }
    stranger.close();
  });

  /** Vertices and edges that are there, by adds and what removals had seen of them: nothing else. */
  type Seen = ReadonlySet<number>;
  interface Fact {
    readonly key: string;
    readonly isAdd: boolean;
    readonly seen: Seen;
  }
  it("shows on random schedules exactly the edges whose ends are there, on all replicas", async () => {
    const ids = ["a", "b", "ü", ""];
    const step = fc.record({
      who: fc.nat(2),
      what: fc.constantFrom(
        "addVertex",
        "addVertex",
        "removeVertex",
        "addEdge",
        "addEdge",
        "removeEdge",
        "pass",
        "ask",
      ),
      from: fc.constantFrom(...ids),
      to: fc.constantFrom(...ids),
      label: fc.constantFrom("", "l"),
      directed: fc.boolean(),
      peer: fc.nat(2),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 3 }),
        fc.array(step, { maxLength: 60 }),
        async (count, steps) => {
          const { documents } = await openGroup(engine, Home, count);
          const facts: Fact[] = [];
          const known = documents.map(() => new Set<number>());
          const present = (seen: Seen, key: string): boolean => {
            const adds = [...seen].filter((fact) => facts[fact]!.key === key && facts[fact]!.isAdd);
            const later = [...seen].map((fact) => facts[fact]!).filter((fact) => fact.key === key);
            return adds.some((add) => !later.some((fact) => fact.seen.has(add)));
          };
          const record = (who: number, key: string, isAdd: boolean): boolean => {
            const was = present(known[who]!, key);
            if (!isAdd && !was) return was;
            facts.push({ key, isAdd, seen: new Set(known[who]!) });
            known[who]!.add(facts.length - 1);
            return was;
          };
          const check = (who: number): void => {
            const { plain } = documents[who]!;
            const seen = known[who]!;
            const vertices = ids.filter((id) => present(seen, `v${id}`)).sort();
            const edges: string[] = [];
            for (const from of vertices)
              for (const to of vertices)
                for (const label of ["", "l"])
                  for (const directed of [false, true]) {
                    if (present(seen, JSON.stringify([from, to, label, directed]))) {
                      edges.push(JSON.stringify({ from, to, label, directed }));
                    }
                  }
            expect(plain.vertices()).toEqual(vertices);
            expect(plain.edges().map((edge) => JSON.stringify(edge))).toEqual(edges);
            for (const id of ids) {
              const out = edges.map(
                (edge) => JSON.parse(edge) as { from: string; to: string; directed: boolean },
              );
              const expected = out.flatMap(({ from, to, directed }) => [
                ...(from === id ? [to] : []),
                ...(!directed && to === id ? [from] : []),
              ]);
              expect(plain.neighbours(id)).toEqual([...new Set(expected)].sort());
            }
          };
          for (const { who: wanted, what, from, to, label, directed, peer } of steps) {
            const who = wanted % count;
            const { plain } = documents[who]!;
            const [low, high] = !directed && to < from ? [to, from] : [from, to];
            const edge = JSON.stringify([low, high, label, directed]);
            if (what === "addVertex") expect(plain.addVertex(from)).toBe(!record(who, `v${from}`, true));
            else if (what === "removeVertex")
              expect(plain.removeVertex(from)).toBe(record(who, `v${from}`, false));
            else if (what === "addEdge") {
              expect(plain.addEdge(from, to, { label, directed })).toBe(!record(who, edge, true));
            } else if (what === "removeEdge") {
              expect(plain.removeEdge(from, to, { label, directed })).toBe(record(who, edge, false));
            } else if (what === "pass" && peer % count !== who) {
              pass(documents[who]!, documents[peer % count]!);
              for (const fact of known[who]!) known[peer % count]!.add(fact);
            } else if (what === "ask") check(who);
          }
          for (let who = 0; who < count; who++) check(who);
          converge(...documents);
          for (const set of known) for (let fact = 0; fact < facts.length; fact++) set.add(fact);
          for (let who = 0; who < count; who++) check(who);
          expect(new Set(documents.map((document) => document.digest())).size).toBe(1);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("keys of graphs", () => {
  it("come back as they went in, whatever the texts", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.string({ maxLength: 300 }),
        fc.string(),
        fc.boolean(),
        (from, to, label, directed) => {
          const told: unknown[] = [];
          const sink = {
            vertex: (id: string) => told.push(id),
            edge: (...parts: readonly Value[]) => told.push(parts),
            attribute: (target: Uint8Array, name: string) => told.push([target.slice(), name]),
          };
          const edge = edgeKey({ from, to, label, directed }).slice();
          const [low, high] = !directed && to < from ? [to, from] : [from, to];
          const attribute = attributeKey(edge, label).slice();
          for (const key of [vertexKey(from).slice(), edge, attribute]) {
            expect(readGraphKey(key, 0, key.length, true, sink)).toBe(true);
          }
          expect(told).toEqual([from, [low, high, label, directed, true], [edge, label]]);
        },
      ),
    );
  });
});

it("an index finds the edges it was told among many, and says when it is mostly gone ones", () => {
  const index = new GraphIndex();
  for (let edge = 0; edge < 20000; edge++) index.edge(`${edge % 100}`, `${edge % 331}`, "", true, true);
  for (let vertex = 0; vertex < 331; vertex++) index.vertex(`${vertex}`, true);
  expect(index.edgesKnown).toBe(20000);
  expect(index.isWasteful).toBe(false);
  for (let edge = 0; edge < 10001; edge++) index.edge(`${edge % 100}`, `${edge % 331}`, "", true, false);
  expect([index.edgesKnown, index.isWasteful]).toEqual([20000, true]);
});
