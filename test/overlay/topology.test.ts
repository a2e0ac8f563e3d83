// Topologies: both ends want a connection, everybody hangs together in few steps, members who believe the same want
// the same, and one coming or going moves little.
import { describe, expect, it } from "vitest";
import type { ReplicaId } from "../../host/engine/engine.ts";
import { mutualComponents } from "../../host/overlay/partition/components.ts";
import { HYPARVIEW_OPTIONS, HyParView } from "../../host/overlay/topology/hyparview.ts";
import { placeOf } from "../../host/overlay/topology/placement.ts";
import { neighbours, type Topology, type TopologyMember } from "../../host/overlay/topology/topology.ts";
import { randomFrom } from "./virtual-world.ts";

const idOf = (number: number): ReplicaId =>
  (placeOf(7, String(number)) + 1).toString(16).padStart(16, "0") as ReplicaId;
const membersOf = (count: number, silent = 0): TopologyMember[] =>
  Array.from({ length: count }, (_, number) => ({
    id: idOf(number),
    region: `region${number % 4}`,
    canListen: number >= silent,
  }));

type Graph = Map<ReplicaId, Set<ReplicaId>>;

const graphOf = (topology: Topology, members: readonly TopologyMember[], seed = 3): Graph =>
  new Map(members.map(({ id }) => [id, neighbours(topology, { members, seed }, id)]));

function stepsFrom(graph: Graph, start: ReplicaId): Map<ReplicaId, number> {
  const steps = new Map([[start, 0]]);
  for (const [id, count] of steps) {
    for (const other of graph.get(id)!) if (!steps.has(other)) steps.set(other, count + 1);
  }
  return steps;
}

const diameterOf = (graph: Graph): number =>
  Math.max(...[...graph.keys()].map((id) => Math.max(...stepsFrom(graph, id).values())));
const degreesOf = (graph: Graph): number[] => [...graph.values()].map(({ size }) => size);
const edgesOf = (graph: Graph): Set<string> =>
  new Set([...graph].flatMap(([id, others]) => [...others].map((other) => [id, other].sort().join("-"))));

const TOPOLOGIES: readonly (readonly [Topology, number, number])[] = [
  // With the longest way and the most connections a member of 100 may have.
  [{ kind: "star" }, 2, 99],
  [{ kind: "ring" }, 9, 6],
  [{ kind: "ring", chords: 0 }, 50, 2],
  [{ kind: "full-mesh" }, 1, 99],
  [{ kind: "mesh" }, 8, 4],
  [{ kind: "hybrid" }, 6, 45],
  [{ kind: "hierarchy" }, 4, 32],
];

describe.each(TOPOLOGIES)("%o of 100 members", (topology, diameterMax, degreeMax) => {
  const members = membersOf(100);
  const graph = graphOf(topology, members);

  it("is wanted by both ends, and by nobody of himself", () => {
    for (const [id, others] of graph) {
      expect(others.has(id)).toBe(false);
      for (const other of others) expect(graph.get(other)!.has(id)).toBe(true);
    }
  });

  it("hangs together, in few steps and with few connections", () => {
    expect(mutualComponents(graph.keys(), graph).length).toBe(1);
    expect(diameterOf(graph)).toBeLessThanOrEqual(diameterMax);
    expect(Math.max(...degreesOf(graph))).toBeLessThanOrEqual(degreeMax);
  });

  it("is the same in whatever order members are known, and another with another seed", () => {
    const shuffled = [...members].sort((one, other) => (placeOf(1, one.id) < placeOf(1, other.id) ? -1 : 1));
    expect(graphOf(topology, shuffled)).toEqual(graph);
    if (topology.kind !== "full-mesh")
      expect(edgesOf(graphOf(topology, members, 4))).not.toEqual(edgesOf(graph));
  });

  it("hangs together with any number of members", () => {
    for (const count of [1, 2, 3, 4, 5, 9, 23]) {
      for (const silent of [0, 1]) {
        const small = membersOf(count, silent);
        const links = graphOf(topology, small);
        const listening = small.filter(({ canListen }) => canListen).length;
        if (listening > 0) expect(mutualComponents(links.keys(), links).length).toBe(1);
      }
    }
  });

  it("moves little when one comes", () => {
    const before = edgesOf(graph);
    const after = edgesOf(
      graphOf(topology, [...members, { id: idOf(1_000), region: "region1", canListen: true }]),
    );
    const kept = [...before].filter((edge) => after.has(edge)).length;
    // Spans of chords are rounded from the number of members, and a newcomer may become a hub.
    expect(kept / before.size).toBeGreaterThan(topology.kind === "star" ? 0 : 0.6);
  });

  it("gives members nobody can connect to two that listen", () => {
    const mixed = membersOf(100, 20);
    const links = graphOf(topology, mixed);
    for (const { id } of mixed.slice(0, 20)) {
      expect(links.get(id)!.size).toBe(2);
      for (const other of links.get(id)!) expect(links.get(other)!.has(id)).toBe(true);
    }
  });
});

describe("a hierarchy", () => {
  it("joins regions through hubs alone", () => {
    const members = membersOf(100);
    const regionOf = new Map(members.map(({ id, region }) => [id, region]));
    const graph = graphOf({ kind: "hierarchy" }, members);
    const crossing = [...graph].filter(([id, others]) =>
      [...others].some((other) => regionOf.get(other) !== regionOf.get(id)),
    );
    expect(crossing.length).toBe(8);
  });
});

describe("HyParView", () => {
  /** Members that open what they want and give up what they do not, in rounds. */
  function settle(count: number, rounds: number, isDown: (index: number, round: number) => boolean): Graph {
    const random = randomFrom(5);
    const ids = Array.from({ length: count }, (_, index) => idOf(index));
    const views = ids.map(() => new HyParView(random));
    const graph: Graph = new Map(ids.map((id) => [id, new Set()]));
    for (let round = 0; round < rounds; round++) {
      const up = ids.filter((_, index) => !isDown(index, round));
      for (const id of ids) {
        if (up.includes(id)) continue;
        for (const other of graph.get(id)!) graph.get(other)!.delete(id);
        graph.get(id)!.clear();
      }
      for (const [index, id] of ids.entries()) {
        if (!up.includes(id)) continue;
        const present = up.filter((other) => other !== id);
        const wanted = views[index]!.wanted(
          present,
          graph.get(id)!,
          (other) => graph.get(other)!.size,
          round * 500,
        );
        for (const other of wanted) {
          graph.get(id)!.add(other);
          graph.get(other)!.add(id);
        }
        for (const other of [...graph.get(id)!]) {
          if (wanted.has(other)) continue;
          graph.get(id)!.delete(other);
          graph.get(other)!.delete(id);
        }
      }
    }
    return graph;
  }

  it("hangs together with few connections each", () => {
    const graph = settle(100, 60, () => false);
    expect(mutualComponents(graph.keys(), graph).length).toBe(1);
    // Two others may give up a connection to the same member in one round; it looks for new ones in the next.
    expect(Math.min(...degreesOf(graph))).toBeGreaterThanOrEqual(HYPARVIEW_OPTIONS.active - 2);
    expect(Math.max(...degreesOf(graph))).toBeLessThanOrEqual(HYPARVIEW_OPTIONS.activeMax + 3);
  });

  it("hangs together again when half of it has gone", () => {
    const graph = settle(100, 60, (index, round) => round >= 30 && index % 2 === 0);
    const left = [...graph.keys()].filter((_, index) => index % 2 === 1);
    expect(mutualComponents(left, graph).length).toBe(1);
  });
});
