// The part of a graph that can be drawn and read: the vertices with the most edges, or those nearest to one that was
// chosen, and the edges between them. Cost: a pass over the edges, or the neighbourhood of the chosen one.

/** Vertices drawn at most: beyond this a drawing is a ball of wool. */
export const VERTICES_DRAWN = 90;
/** Edges drawn at most. */
export const EDGES_DRAWN = 400;

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly label: string;
  readonly directed: boolean;
}

/** What of a graph handle is needed here. */
export interface GraphSource {
  vertices(): readonly string[];
  edges(): readonly Edge[];
  kHop(id: string, hops: number, options: { readonly direction: "both" }): ReadonlyMap<string, number>;
}

export interface GraphExcerpt {
  readonly vertices: readonly string[];
  readonly edges: readonly Edge[];
  /** Visible edges of the whole graph at each vertex drawn. */
  readonly degrees: ReadonlyMap<string, number>;
  readonly vertexCount: number;
  readonly edgeCount: number;
}

/** The part around `focus`, or the busiest part where none is chosen or it is gone. */
export function excerptOf(graph: GraphSource, focus: string | undefined): GraphExcerpt {
  const ids = graph.vertices();
  const edges = graph.edges();
  const degrees = new Map<string, number>();
  for (const id of ids) degrees.set(id, 0);
  for (const { from, to } of edges) {
    degrees.set(from, (degrees.get(from) ?? 0) + 1);
    degrees.set(to, (degrees.get(to) ?? 0) + 1);
  }
  const isThere = focus !== undefined && degrees.has(focus);
  const candidates = isThere ? nearest(graph, focus) : busiest(ids, edges, degrees);
  const vertices = candidates.slice(0, VERTICES_DRAWN);
  const drawn = new Set(vertices);
  const between = edges.filter(({ from, to }) => drawn.has(from) && drawn.has(to));
  const shown = between.slice(0, EDGES_DRAWN);
  return {
    vertices,
    edges: shown,
    degrees: new Map(vertices.map((id) => [id, degrees.get(id) ?? 0])),
    vertexCount: ids.length,
    edgeCount: edges.length,
  };
}

/** A third of the room for those with the most edges, the rest for those with the most edges to them: all hang together. */
function busiest(
  ids: readonly string[],
  edges: readonly Edge[],
  degrees: ReadonlyMap<string, number>,
): string[] {
  const byCount = (counts: ReadonlyMap<string, number>) => (left: string, right: string) =>
    (counts.get(right) ?? 0) - (counts.get(left) ?? 0) || (left < right ? -1 : 1);
  const ranked = [...ids].sort(byCount(degrees));
  const hubs = new Set(ranked.slice(0, VERTICES_DRAWN / 3));
  const toHubs = new Map<string, number>();
  for (const { from, to } of edges) {
    if (hubs.has(from)) toHubs.set(to, (toHubs.get(to) ?? 0) + 1);
    if (hubs.has(to)) toHubs.set(from, (toHubs.get(from) ?? 0) + 1);
  }
  const others = ranked.filter((id) => !hubs.has(id)).sort(byCount(toHubs));
  return [...hubs, ...others];
}

function nearest(graph: GraphSource, focus: string): string[] {
  return [...graph.kHop(focus, 2, { direction: "both" }).keys()];
}
