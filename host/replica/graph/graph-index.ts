// The adjacency of a graph, in columns under dense numbers: vertices and edges get a number when first met and keep it,
// present or not, so that an edge may be known before its ends.
//
//   vertex v   ids[v]  isVertexPresent[v]  firstOut[v] ─┐   firstIn[v] ─┐
//   edge e     from[e] to[e] kind[e] isEdgePresent[e]   nextOut[e] …    nextIn[e] …     (linked lists, -1 ends)
//
// kind = 2 × label + directed. Edges are found by open addressing over (from, to, kind). Cost: a change O(1); walking a
// vertex as many steps as it ever had edges. What is gone keeps its place: `isWasteful` says when to build anew.
import { latin1Image } from "../entries-export.ts";
import type { GraphEdge, GraphKeySink } from "./graph-keys.ts";

/** Which edges of a vertex count: those that leave it, those that come in, or all. Undirected ones do both. */
export type Direction = "out" | "in" | "both";

const INITIAL_VERTICES = 64;
const INITIAL_EDGES = 128;
/** Fewer gone edges than this are not worth building anew for. */
const WASTE_MIN = 4096;
const ANY_LABEL = -1;

export class GraphIndex implements GraphKeySink {
  readonly ids: string[] = [];
  readonly labels: string[] = [];
  vertexCount = 0;
  isVertexPresent = new Uint8Array(INITIAL_VERTICES);
  from = new Int32Array(INITIAL_EDGES);
  to = new Int32Array(INITIAL_EDGES);
  kind = new Int32Array(INITIAL_EDGES);
  /** Edges met, present or not. */
  edgesKnown = 0;
  readonly #numberOf = new Map<string, number>();
  readonly #labelOf = new Map<string, number>();
  readonly #attributes = new Map<string, Set<string>>();
  #firstOut = new Int32Array(INITIAL_VERTICES).fill(-1);
  #firstIn = new Int32Array(INITIAL_VERTICES).fill(-1);
  #nextOut = new Int32Array(INITIAL_EDGES);
  #nextIn = new Int32Array(INITIAL_EDGES);
  #isEdgePresent = new Uint8Array(INITIAL_EDGES);
  #edgesPresent = 0;
  /** While all edges are directed, one list of a vertex is enough. */
  #hasUndirected = false;
  #slots = new Int32Array(INITIAL_EDGES * 2).fill(-1);
  #ranks: Int32Array | undefined;
  #byRank: Int32Array | undefined;

  get isWasteful(): boolean {
    return this.edgesKnown - this.#edgesPresent > Math.max(WASTE_MIN, this.#edgesPresent);
  }

  vertex(id: string, isPresent: boolean): void {
    const vertex = this.#vertexNumber(id);
    const change = (isPresent ? 1 : 0) - this.isVertexPresent[vertex]!;
    this.isVertexPresent[vertex] = isPresent ? 1 : 0;
    this.vertexCount += change;
  }

  edge(from: string, to: string, label: string, directed: boolean, isPresent: boolean): void {
    const kind = this.#labelNumber(label) * 2 + (directed ? 1 : 0);
    const edge = this.#edgeNumber(this.#vertexNumber(from), this.#vertexNumber(to), kind);
    this.#edgesPresent += (isPresent ? 1 : 0) - this.#isEdgePresent[edge]!;
    this.#isEdgePresent[edge] = isPresent ? 1 : 0;
  }

  attribute(target: Uint8Array, name: string, isPresent: boolean): void {
    const image = latin1Image(target);
    const names = this.#attributes.get(image);
    if (isPresent) {
      if (names === undefined) this.#attributes.set(image, new Set([name]));
      else names.add(name);
    } else if (names?.delete(name) && names.size === 0) {
      this.#attributes.delete(image);
    }
  }

  /** The number of a vertex that is present; -1 where there is none. */
  presentVertex(id: string): number {
    const vertex = this.#numberOf.get(id);
    return vertex !== undefined && this.isVertexPresent[vertex] === 1 ? vertex : -1;
  }

  /** The number of a vertex that was ever met; -1 where there is none. */
  knownVertex(id: string): number {
    return this.#numberOf.get(id) ?? -1;
  }

  /** The label to walk along: undefined is any; a label that no edge has is walked by none. */
  labelFilter(label: string | undefined): number {
    return label === undefined ? ANY_LABEL : (this.#labelOf.get(label) ?? this.labels.length);
  }

  /** The names of the attributes of the vertex or edge with this key, in ascending order. */
  attributeNames(target: Uint8Array): string[] {
    const names = this.#attributes.size === 0 ? undefined : this.#attributes.get(latin1Image(target));
    return names === undefined ? [] : [...names].sort(compareTexts);
  }

  isVisible(edge: number): boolean {
    return (
      this.#isEdgePresent[edge] === 1 &&
      this.isVertexPresent[this.from[edge]!] === 1 &&
      this.isVertexPresent[this.to[edge]!] === 1
    );
  }

  edgeAt(edge: number): GraphEdge {
    const kind = this.kind[edge]!;
    return Object.freeze({
      from: this.ids[this.from[edge]!]!,
      to: this.ids[this.to[edge]!]!,
      label: this.labels[kind >> 1]!,
      directed: (kind & 1) === 1,
    });
  }

  /** Calls `visit` with each visible edge of `vertex` in that direction and its other end, in no particular order. */
  forEachEdge(
    vertex: number,
    direction: Direction,
    label: number,
    visit: (edge: number, other: number) => void,
  ): void {
    if (this.isVertexPresent[vertex] !== 1) return;
    const { from, to, kind } = this;
    const isOneList = direction !== "both" && !this.#hasUndirected;
    const firstOut = isOneList && direction === "in" ? -1 : this.#firstOut[vertex]!;
    const firstIn = isOneList && direction === "out" ? -1 : this.#firstIn[vertex]!;
    for (let edge = firstOut; edge >= 0; edge = this.#nextOut[edge]!) {
      if (direction === "in" && (kind[edge]! & 1) === 1) continue;
      if (label !== ANY_LABEL && kind[edge]! >> 1 !== label) continue;
      const other = to[edge]!;
      if (this.#isEdgePresent[edge] === 1 && this.isVertexPresent[other] === 1) visit(edge, other);
    }
    for (let edge = firstIn; edge >= 0; edge = this.#nextIn[edge]!) {
      if (direction === "out" && (kind[edge]! & 1) === 1) continue;
      if (label !== ANY_LABEL && kind[edge]! >> 1 !== label) continue;
      const other = from[edge]!;
      // An undirected loop leaves and comes in once, and stands in both lists.
      if (other === vertex && direction !== "both" && (kind[edge]! & 1) === 0) continue;
      if (this.#isEdgePresent[edge] === 1 && this.isVertexPresent[other] === 1) visit(edge, other);
    }
  }

  /** Sorts numbers of vertices by their ids. */
  sortVertices(vertices: Int32Array): Int32Array {
    if (this.#ranks === undefined && vertices.length * 8 < this.ids.length) {
      return vertices.sort((left, right) => compareTexts(this.ids[left]!, this.ids[right]!));
    }
    const ranks = this.ranks();
    const sorted = vertices.map((vertex) => ranks[vertex]!).sort();
    const order = this.#byRank!;
    for (let index = 0; index < sorted.length; index++) vertices[index] = order[sorted[index]!]!;
    return vertices;
  }

  /** The place of each vertex, present or not, in ascending order of ids. Kept until a new vertex comes. */
  ranks(): Int32Array {
    if (this.#ranks !== undefined) return this.#ranks;
    const order = this.ids.map((_, vertex) => vertex);
    order.sort((left, right) => compareTexts(this.ids[left]!, this.ids[right]!));
    const ranks = new Int32Array(order.length);
    for (const [rank, vertex] of order.entries()) ranks[vertex] = rank;
    this.#byRank = Int32Array.from(order);
    this.#ranks = ranks;
    return ranks;
  }

  /** The present vertices in ascending order of ids. */
  presentVertices(): Int32Array {
    const vertices = new Int32Array(this.vertexCount);
    let count = 0;
    for (let vertex = 0; vertex < this.ids.length; vertex++) {
      if (this.isVertexPresent[vertex] === 1) vertices[count++] = vertex;
    }
    return this.sortVertices(vertices);
  }

  /** Sorts `edges` by from, to, label and undirected before directed. */
  sortEdges(edges: number[]): number[] {
    const ranks = this.ranks();
    return edges.sort(
      (left, right) =>
        ranks[this.from[left]!]! - ranks[this.from[right]!]! ||
        ranks[this.to[left]!]! - ranks[this.to[right]!]! ||
        compareTexts(this.labels[this.kind[left]! >> 1]!, this.labels[this.kind[right]! >> 1]!) ||
        (this.kind[left]! & 1) - (this.kind[right]! & 1),
    );
  }

  #vertexNumber(id: string): number {
    const known = this.#numberOf.get(id);
    if (known !== undefined) return known;
    const vertex = this.ids.length;
    this.#numberOf.set(id, vertex);
    this.ids.push(id);
    this.#ranks = undefined;
    if (vertex === this.isVertexPresent.length) this.#growVertices();
    return vertex;
  }

  #labelNumber(label: string): number {
    const known = this.#labelOf.get(label);
    if (known !== undefined) return known;
    this.labels.push(label);
    this.#labelOf.set(label, this.labels.length - 1);
    return this.labels.length - 1;
  }

  #edgeNumber(from: number, to: number, kind: number): number {
    let slot = this.#slotOf(from, to, kind);
    if (this.#slots[slot]! >= 0) return this.#slots[slot]!;
    if (this.edgesKnown === this.from.length) {
      this.#growEdges();
      slot = this.#slotOf(from, to, kind);
    }
    const edge = this.edgesKnown++;
    this.from[edge] = from;
    this.to[edge] = to;
    this.kind[edge] = kind;
    if ((kind & 1) === 0) this.#hasUndirected = true;
    this.#nextOut[edge] = this.#firstOut[from]!;
    this.#firstOut[from] = edge;
    this.#nextIn[edge] = this.#firstIn[to]!;
    this.#firstIn[to] = edge;
    this.#slots[slot] = edge;
    return edge;
  }

  /** The slot that holds the edge, or the empty one it belongs into. */
  #slotOf(from: number, to: number, kind: number): number {
    const mask = this.#slots.length - 1;
    let slot = mixed(from, to, kind) & mask;
    for (let edge = this.#slots[slot]!; edge >= 0; edge = this.#slots[slot]!) {
      if (this.from[edge] === from && this.to[edge] === to && this.kind[edge] === kind) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #growVertices(): void {
    const length = this.isVertexPresent.length * 2;
    this.isVertexPresent = grown(this.isVertexPresent, new Uint8Array(length));
    this.#firstOut = grown(this.#firstOut, new Int32Array(length).fill(-1));
    this.#firstIn = grown(this.#firstIn, new Int32Array(length).fill(-1));
  }

  #growEdges(): void {
    const length = this.from.length * 2;
    this.from = grown(this.from, new Int32Array(length));
    this.to = grown(this.to, new Int32Array(length));
    this.kind = grown(this.kind, new Int32Array(length));
    this.#nextOut = grown(this.#nextOut, new Int32Array(length));
    this.#nextIn = grown(this.#nextIn, new Int32Array(length));
    this.#isEdgePresent = grown(this.#isEdgePresent, new Uint8Array(length));
    this.#slots = new Int32Array(length * 2).fill(-1);
    for (let edge = 0; edge < this.edgesKnown; edge++) {
      this.#slots[this.#slotOf(this.from[edge]!, this.to[edge]!, this.kind[edge]!)] = edge;
    }
  }
}

/** In ascending order of UTF-16 units: the same everywhere. */
function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Spreads three numbers over 32 bits (the finalizer of MurmurHash3 over their sum of products). */
function mixed(from: number, to: number, kind: number): number {
  let hash = Math.imul(from, 0x9e3779b1) ^ Math.imul(to, 0x85ebca6b) ^ Math.imul(kind, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

function grown<Column extends Int32Array | Uint8Array>(column: Column, larger: Column): Column {
  larger.set(column);
  return larger;
}
