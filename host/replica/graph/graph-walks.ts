// What is asked of a whole graph, over its index. Every answer is a function of the visible vertices and edges alone:
// ties go to the smaller id and sums run in the order of ids, so that replicas that hold the same say the same.
// Cost: V vertices and E edges; hops, paths without weights and components O(V + E), paths with weights
// O(E log E), PageRank (Brin and Page 1998) O(E) an iteration.
import { CrdtError } from "../../errors.ts";
import { CostHeap } from "./cost-heap.ts";
import type { Direction, GraphIndex } from "./graph-index.ts";
import { NOT_REACHED, ReachedVertices } from "./reached-vertices.ts";

/** What an edge costs to walk. */
export type EdgeCost = (edge: number) => number;

export interface PageRankOptions {
  /** The share of a vertex's rank that goes along its edges; 0.85 if nothing is said. */
  readonly damping?: number;
  /** At most so many rounds; 100 if nothing is said. */
  readonly iterations?: number;
  /** No further round once all ranks together moved by less; 1e-9 if nothing is said. */
  readonly tolerance?: number;
}

const OPPOSITE = { out: "in", in: "out", both: "both" } as const;
const PAGE_RANK_ITERATIONS_MAX = 100000;

/** Whoever can be reached from `start` in at most `hops` steps, by hops and then by id. */
export function withinHops(
  index: GraphIndex,
  start: number,
  hops: number,
  direction: Direction,
  label: number,
): ReachedVertices {
  const hopsOf = new Int32Array(index.ids.length).fill(NOT_REACHED);
  const order = new Int32Array(index.vertexCount);
  hopsOf[start] = 0;
  order[0] = start;
  let reached = 1;
  let distance = 0;
  const reach = (_edge: number, other: number): void => {
    if (hopsOf[other] !== NOT_REACHED) return;
    hopsOf[other] = distance;
    order[reached++] = other;
  };
  for (let from = 0; from < reached; ) {
    const level = index.sortVertices(order.subarray(from, reached));
    from = reached;
    if (++distance > hops) break;
    for (const vertex of level) index.forEachEdge(vertex, direction, label, reach);
  }
  return new ReachedVertices(index, order.slice(0, reached), hopsOf);
}

/**
 * The ids of a path of least cost, then of fewest steps, then of the smallest ids from the start on; empty where there
 * is no path. Each step costs 1 where `cost` is undefined; costs are 0 or more.
 */
export function shortestPath(
  index: GraphIndex,
  start: number,
  end: number,
  direction: Direction,
  label: number,
  cost?: EdgeCost,
): string[] {
  const costs = cost === undefined ? undefined : new Map<number, number>();
  const costOf: EdgeCost = (edge) => {
    if (cost === undefined || costs === undefined) return 1;
    const known = costs.get(edge) ?? cost(edge);
    costs.set(edge, known);
    return known;
  };
  const away = distancesTo(
    index,
    end,
    start,
    OPPOSITE[direction],
    label,
    cost === undefined ? undefined : costOf,
  );
  if (away.steps[start]! < 0) return [];
  const path = [index.ids[start]!];
  for (let vertex = start; vertex !== end; ) {
    let chosen = -1;
    index.forEachEdge(vertex, direction, label, (edge, other) => {
      if (away.steps[other] !== away.steps[vertex]! - 1) return;
      if (away.costs[other]! + costOf(edge) !== away.costs[vertex]!) return;
      if (chosen < 0 || index.ids[other]! < index.ids[chosen]!) chosen = other;
    });
    vertex = chosen;
    path.push(index.ids[vertex]!);
  }
  return path;
}

interface Distances {
  readonly costs: Float64Array;
  /** Steps of the cheapest way; -1 where none is known. */
  readonly steps: Int32Array;
}

/** What it costs to get from `end` backwards; exact for all that lie nearer than `start`. */
function distancesTo(
  index: GraphIndex,
  end: number,
  start: number,
  direction: Direction,
  label: number,
  cost: EdgeCost | undefined,
): Distances {
  const costs = new Float64Array(index.ids.length);
  const steps = new Int32Array(index.ids.length).fill(-1);
  steps[end] = 0;
  if (cost === undefined) {
    const queue = [end];
    for (let head = 0; head < queue.length && steps[start]! < 0; head++) {
      const vertex = queue[head]!;
      index.forEachEdge(vertex, direction, label, (_edge, other) => {
        if (steps[other]! >= 0) return;
        steps[other] = steps[vertex]! + 1;
        costs[other] = steps[other]!;
        queue.push(other);
      });
    }
    return { costs, steps };
  }
  const heap = new CostHeap();
  heap.push(0, 0, end);
  for (let nearest = heap.pop(); nearest !== undefined && nearest.item !== start; nearest = heap.pop()) {
    const { item: vertex, cost: soFar, steps: stepsSoFar } = nearest;
    if (soFar !== costs[vertex] || stepsSoFar !== steps[vertex]) continue;
    index.forEachEdge(vertex, direction, label, (edge, other) => {
      const reached = soFar + cost(edge);
      const isFirst = steps[other]! < 0;
      const isFewer = reached === costs[other] && stepsSoFar + 1 < steps[other]!;
      if (!isFirst && reached >= costs[other]! && !isFewer) return;
      costs[other] = reached;
      steps[other] = stepsSoFar + 1;
      heap.push(reached, stepsSoFar + 1, other);
    });
  }
  return { costs, steps };
}

/** The ids that hang together whichever way edges point, each ascending, in the order of their first ids. */
export function components(index: GraphIndex): string[][] {
  const all = index.presentVertices();
  const isSeen = new Uint8Array(index.ids.length);
  const found: string[][] = [];
  for (const start of all) {
    if (isSeen[start] === 1) continue;
    isSeen[start] = 1;
    const members = [start];
    const reach = (_edge: number, other: number): void => {
      if (isSeen[other] === 1) return;
      isSeen[other] = 1;
      members.push(other);
    };
    for (let head = 0; head < members.length; head++) {
      index.forEachEdge(members[head]!, "both", index.labelFilter(undefined), reach);
    }
    found.push(Array.from(index.sortVertices(Int32Array.from(members)), (vertex) => index.ids[vertex]!));
  }
  return found;
}

/** The rank of each vertex, in ascending order of ids; together 1. Errors: invalid-argument. */
export function pageRank(index: GraphIndex, options: PageRankOptions): Map<string, number> {
  const { damping = 0.85, iterations = 100, tolerance = 1e-9 } = options;
  checkShare(damping >= 0 && damping <= 1, "damping", damping, "a number from 0 to 1");
  const isCount =
    Number.isSafeInteger(iterations) && iterations >= 1 && iterations <= PAGE_RANK_ITERATIONS_MAX;
  checkShare(isCount, "iterations", iterations, `an integer from 1 to ${PAGE_RANK_ITERATIONS_MAX}`);
  checkShare(tolerance >= 0, "tolerance", tolerance, "a number from 0");
  const vertices = index.presentVertices();
  const count = vertices.length;
  const { starts, sources, degrees } = incoming(index, vertices);
  let ranks = new Float64Array(count).fill(1 / count);
  let next = new Float64Array(count);
  for (let round = 0, moved = Number.POSITIVE_INFINITY; round < iterations && moved > tolerance; round++) {
    let dangling = 0;
    for (let place = 0; place < count; place++) if (degrees[place] === 0) dangling += ranks[place]!;
    const base = (1 - damping) / count + (damping * dangling) / count;
    moved = 0;
    for (let place = 0; place < count; place++) {
      let sum = 0;
      for (let at = starts[place]!; at < starts[place + 1]!; at++) {
        sum += ranks[sources[at]!]! / degrees[sources[at]!]!;
      }
      next[place] = base + damping * sum;
      moved += Math.abs(next[place]! - ranks[place]!);
    }
    [ranks, next] = [next, ranks];
  }
  return new Map(Array.from(vertices, (vertex, place) => [index.ids[vertex]!, ranks[place]!]));
}

/** Who gives to whom, by place in `vertices`: the givers of a place ascend, so that sums have one order. */
function incoming(index: GraphIndex, vertices: Int32Array) {
  const placeOf = new Int32Array(index.ids.length).fill(-1);
  for (const [place, vertex] of vertices.entries()) placeOf[vertex] = place;
  const starts = new Int32Array(vertices.length + 1);
  const degrees = new Int32Array(vertices.length);
  const anyLabel = index.labelFilter(undefined);
  for (const [place, vertex] of vertices.entries()) {
    index.forEachEdge(vertex, "out", anyLabel, (_edge, other) => {
      degrees[place]!++;
      starts[placeOf[other]! + 1]!++;
    });
  }
  for (let place = 0; place < vertices.length; place++) starts[place + 1]! += starts[place]!;
  const sources = new Int32Array(starts[vertices.length]!);
  const filled = starts.slice();
  for (const [place, vertex] of vertices.entries()) {
    index.forEachEdge(vertex, "out", anyLabel, (_edge, other) => {
      sources[filled[placeOf[other]!]!++] = place;
    });
  }
  return { starts, sources, degrees };
}

function checkShare(isGood: boolean, name: string, value: number, wanted: string): void {
  if (isGood) return;
  throw new CrdtError("invalid-argument", `pageRank: ${name} is ${value}; give ${wanted}`);
}
