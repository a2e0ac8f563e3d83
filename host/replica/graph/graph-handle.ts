// A graph: vertices and edges where adding wins over removing at the same time, and attributes where the later write
// wins. An edge is visible while both of its ends are; a vertex that is removed hides its edges and attributes, and
// adding it again shows them again. The adjacency (graph-index.ts) is built when first asked for and then follows what
// is written and merged: touched keys wait in a queue that the next query drains.
import { CrdtError } from "../../errors.ts";
import { ByteWriter } from "../../wire/byte-writer.ts";
import { defineEntry, type Frozen, jsonView } from "../../wire/value.ts";
import { ValueDecoder } from "../../wire/value-decoder.ts";
import type { ChangeOrigin, GraphChange } from "../change.ts";
import { ContainerHandle } from "../container-handle.ts";
import { EntriesExport } from "../entries-export.ts";
import { GraphChanges } from "./graph-changes.ts";
import { type Direction, GraphIndex } from "./graph-index.ts";
import { attributeKey, edgeKey, type GraphEdge, readGraphKey, vertexKey } from "./graph-keys.ts";
import { components, type PageRankOptions, pageRank, shortestPath, withinHops } from "./graph-walks.ts";

/** Which of the edges between two vertices: directed and without a label if nothing is said. */
export interface EdgeOptions {
  readonly label?: string;
  readonly directed?: boolean;
}

export interface NeighbourOptions {
  /** "out" if nothing is said. Undirected edges count both ways. */
  readonly direction?: Direction;
  /** Edges of this label alone; all if nothing is said. */
  readonly label?: string;
}

export interface PathOptions<EdgeAttributes> extends NeighbourOptions {
  /** The attribute that says what an edge costs, a number from 0; an edge without it costs 1, as all do if nothing is said. */
  readonly weight?: AttributeName<EdgeAttributes>;
}

/** A vertex for {@link GraphHandle.addMany}. */
export interface NewVertex<VertexAttributes> {
  readonly id: string;
  readonly attributes?: Partial<VertexAttributes>;
}

/** An edge for {@link GraphHandle.addMany}. */
export interface NewEdge<EdgeAttributes> extends EdgeOptions {
  readonly from: string;
  readonly to: string;
  readonly attributes?: Partial<EdgeAttributes>;
}

export interface Subgraph<VertexAttributes, EdgeAttributes> {
  readonly vertices: readonly {
    readonly id: string;
    readonly attributes: Partial<Frozen<VertexAttributes>>;
  }[];
  readonly edges: readonly (GraphEdge & { readonly attributes: Partial<Frozen<EdgeAttributes>> })[];
}

type AttributeName<Attributes> = keyof Attributes & string;

/** A queue beyond this is dropped with the index: building anew costs no more. */
const QUEUE_BYTES_MAX = 16777216;
const DIRECTIONS: readonly unknown[] = ["out", "in", "both"];

export class GraphHandle<
  VertexAttributes extends object,
  EdgeAttributes extends object,
> extends ContainerHandle {
  readonly type = "graph";
  #index: GraphIndex | undefined;
  /** Touched keys the index has not seen: present u8, length u32, key. */
  readonly #queue = new ByteWriter(256);
  readonly #changes = new GraphChanges();

  /** Says whether the vertex was absent. Errors: invalid-argument, invalid-value, limit-exceeded. */
  addVertex(id: string, attributes?: Partial<VertexAttributes>): boolean {
    const key = vertexKey(checkedText(id, "a vertex", this.name));
    if (attributes === undefined)
      return this.#added(key, this.owner.writes.addKey(this.index, this.name, key));
    return this.owner.bulk(() => this.#addLater(key, attributes)) > Object.keys(attributes).length;
  }

  /** Says whether the vertex was present. Its edges and attributes are hidden with it. */
  removeVertex(id: string): boolean {
    return this.#remove(vertexKey(checkedText(id, "a vertex", this.name)));
  }

  /**
   * Says whether the edge was absent. Its ends need not be there yet; it is visible once both are. Errors:
   * invalid-argument, invalid-value, limit-exceeded.
   */
  addEdge(
    from: string,
    to: string,
    options: EdgeOptions & { readonly attributes?: Partial<EdgeAttributes> } = {},
  ): boolean {
    const key = this.#edgeKey(from, to, options);
    const { attributes } = options;
    if (attributes === undefined)
      return this.#added(key, this.owner.writes.addKey(this.index, this.name, key));
    return this.owner.bulk(() => this.#addLater(key, attributes)) > Object.keys(attributes).length;
  }

  /** Says whether the edge was there, be it hidden. Its attributes are hidden with it. */
  removeEdge(from: string, to: string, options: EdgeOptions = {}): boolean {
    return this.#remove(this.#edgeKey(from, to, options));
  }

  /** Adds all or nothing, as one batch; returns how many vertices and edges were absent, and attributes were given. */
  addMany(what: {
    readonly vertices?: Iterable<NewVertex<VertexAttributes>>;
    readonly edges?: Iterable<NewEdge<EdgeAttributes>>;
  }): number {
    return this.owner.bulk(() => {
      for (const { id, attributes } of what.vertices ?? []) {
        this.#addLater(vertexKey(checkedText(id, "a vertex", this.name)), attributes);
      }
      for (const edge of what.edges ?? []) {
        this.#addLater(this.#edgeKey(edge.from, edge.to, edge), edge.attributes);
      }
    });
  }

  hasVertex(id: string): boolean {
    return this.settledEngine.has(this.index, vertexKey(checkedText(id, "a vertex", this.name)));
  }

  /** Whether the edge and both of its ends are there. */
  hasEdge(from: string, to: string, options: EdgeOptions = {}): boolean {
    const isThere = this.settledEngine.has(this.index, this.#edgeKey(from, to, options));
    return isThere && this.hasVertex(from) && this.hasVertex(to);
  }

  get vertexCount(): number {
    return this.#fresh().vertexCount;
  }

  /** The visible edges. */
  get edgeCount(): number {
    const index = this.#fresh();
    let count = 0;
    for (let edge = 0; edge < index.edgesKnown; edge++) if (index.isVisible(edge)) count++;
    return count;
  }

  /** The ids in ascending order (of UTF-16 units, as all orders here). */
  vertices(): string[] {
    const index = this.#fresh();
    return Array.from(index.presentVertices(), (vertex) => index.ids[vertex]!);
  }

  /** The visible edges in ascending order of from, to and label. */
  edges(): GraphEdge[] {
    return this.#edgesWhere(() => true);
  }

  /** The ids at the other ends of a vertex's edges, each once, ascending; none of a vertex that is not there. */
  neighbours(id: string, options: NeighbourOptions = {}): string[] {
    const index = this.#fresh();
    const others = new Set<number>();
    this.#forEachEdge(index, id, options, (other) => others.add(other));
    return Array.from(index.sortVertices(Int32Array.from(others)), (vertex) => index.ids[vertex]!);
  }

  /** How many visible edges a vertex has in that direction; a loop counts twice in "both". */
  degree(id: string, options: NeighbourOptions = {}): number {
    let count = 0;
    this.#forEachEdge(this.#fresh(), id, options, () => count++);
    return count;
  }

  /**
   * Whoever can be reached in at most `hops` steps (Infinity: whoever can be reached) and in how many, the vertex itself
   * in 0; nearest first, then by id. Empty where the vertex is not there. Errors: invalid-argument.
   */
  kHop(id: string, hops: number, options: NeighbourOptions = {}): ReadonlyMap<string, number> {
    if (!(hops >= 0)) throw new CrdtError("invalid-argument", `kHop: hops is ${hops}; give a number from 0`);
    const index = this.#fresh();
    const start = index.presentVertex(id);
    if (start < 0) return new Map();
    return withinHops(index, start, hops, checkedDirection(options), index.labelFilter(options.label));
  }

  /**
   * The ids along a path of least cost, of those one of the fewest steps, of those the one of the smallest ids; empty
   * where there is none. Errors: invalid-argument for a weight that is no number from 0.
   */
  shortestPath(from: string, to: string, options: PathOptions<EdgeAttributes> = {}): string[] {
    const index = this.#fresh();
    const [start, end] = [index.presentVertex(from), index.presentVertex(to)];
    const [direction, { weight }] = [checkedDirection(options), options];
    if (start < 0 || end < 0) return [];
    const cost =
      weight === undefined ? undefined : (edge: number) => this.#weight(index.edgeAt(edge), weight);
    return shortestPath(index, start, end, direction, index.labelFilter(options.label), cost);
  }

  /** Those of the vertices that are there, and the visible edges between them, with their attributes. */
  subgraph(ids: Iterable<string>): Subgraph<VertexAttributes, EdgeAttributes> {
    const index = this.#fresh();
    const within = new Set<string>();
    for (const id of ids) if (index.presentVertex(id) >= 0) within.add(id);
    const edges = this.#edgesWhere((edge) => {
      return within.has(index.ids[index.from[edge]!]!) && within.has(index.ids[index.to[edge]!]!);
    });
    return {
      vertices: [...within].sort().map((id) => ({ id, attributes: this.vertexAttributes(id) })),
      edges: edges.map((edge) => ({ ...edge, attributes: this.edgeAttributes(edge) })),
    };
  }

  /** The ids that hang together whichever way the edges point, each ascending, in the order of their first ids. */
  components(): string[][] {
    return components(this.#fresh());
  }

  /** How much weight the edges give each vertex (Brin and Page's PageRank), by ascending ids; together 1. Errors: invalid-argument. */
  pageRank(options: PageRankOptions = {}): Map<string, number> {
    return pageRank(this.#fresh(), options);
  }

  /** Undefined where it is absent, or the vertex is. Errors: invalid-value. */
  vertexAttribute<Name extends AttributeName<VertexAttributes>>(
    id: string,
    name: Name,
  ): Frozen<VertexAttributes[Name]> | undefined {
    if (!this.hasVertex(id)) return undefined;
    return this.#read(vertexKey(id), name) as Frozen<VertexAttributes[Name]> | undefined;
  }

  /** Whether the vertex is there or not: attributes are shown while it is. Errors: invalid-value, limit-exceeded. */
  setVertexAttribute<Name extends AttributeName<VertexAttributes>>(
    id: string,
    name: Name,
    value: VertexAttributes[Name],
  ): void {
    this.#put(vertexKey(checkedText(id, "a vertex", this.name)), name, value);
  }

  /** Says whether it was there. */
  deleteVertexAttribute(id: string, name: AttributeName<VertexAttributes>): boolean {
    return this.#delete(vertexKey(checkedText(id, "a vertex", this.name)), name);
  }

  /** All attributes of a vertex; none where it is not there. */
  vertexAttributes(id: string): Partial<Frozen<VertexAttributes>> {
    const names = this.hasVertex(id) ? this.#fresh().attributeNames(vertexKey(id)) : [];
    return this.#readAll(names, () => vertexKey(id)) as Partial<Frozen<VertexAttributes>>;
  }

  /** Undefined where it is absent, or the edge is not visible. Errors: invalid-value. */
  edgeAttribute<Name extends AttributeName<EdgeAttributes>>(
    edge: EdgeEnds,
    name: Name,
  ): Frozen<EdgeAttributes[Name]> | undefined {
    if (!this.hasEdge(edge.from, edge.to, edge)) return undefined;
    return this.#read(this.#edgeKey(edge.from, edge.to, edge), name) as
      | Frozen<EdgeAttributes[Name]>
      | undefined;
  }

  /** Whether the edge is there or not: attributes are shown while it is. Errors: invalid-value, limit-exceeded. */
  setEdgeAttribute<Name extends AttributeName<EdgeAttributes>>(
    edge: EdgeEnds,
    name: Name,
    value: EdgeAttributes[Name],
  ): void {
    this.#put(this.#edgeKey(edge.from, edge.to, edge), name, value);
  }

  /** Says whether it was there. */
  deleteEdgeAttribute(edge: EdgeEnds, name: AttributeName<EdgeAttributes>): boolean {
    return this.#delete(this.#edgeKey(edge.from, edge.to, edge), name);
  }

  /** All attributes of an edge; none where it is not visible. */
  edgeAttributes(edge: EdgeEnds): Partial<Frozen<EdgeAttributes>> {
    const key = () => this.#edgeKey(edge.from, edge.to, edge);
    const names = this.hasEdge(edge.from, edge.to, edge) ? this.#fresh().attributeNames(key()) : [];
    return this.#readAll(names, key) as Partial<Frozen<EdgeAttributes>>;
  }

  /** Visible vertices and edges with their attributes; bigints as decimal strings, bytes as base64. */
  toJSON(): { vertices: unknown; edges: unknown } {
    const { vertices, edges } = this.subgraph(this.vertices());
    return { vertices: jsonView(vertices), edges: jsonView(edges) };
  }

  get isCaching(): boolean {
    return this.#index !== undefined;
  }

  dropCache(): void {
    this.#index = undefined;
    this.#queue.reset(QUEUE_BYTES_MAX);
  }

  noticed(key: Uint8Array, isPresent: boolean, isRecorded: boolean): void {
    this.#enqueue(key, isPresent);
    if (isRecorded) this.#changes.touch(key, isPresent, undefined);
  }

  takeChange(origin: ChangeOrigin): GraphChange | undefined {
    const change = this.#changes.take();
    return change === undefined ? undefined : { container: this.name, type: "graph", origin, ...change };
  }

  #edgeKey(from: string, to: string, { label = "", directed = true }: EdgeOptions): Uint8Array {
    checkedText(from, "an end of an edge", this.name);
    checkedText(to, "an end of an edge", this.name);
    checkedText(label, "a label", this.name);
    return edgeKey({ from, to, label, directed });
  }

  #added(key: Uint8Array, wasAbsent: boolean): boolean {
    this.#touch(key, true, !wasAbsent);
    return wasAbsent;
  }

  #addLater(key: Uint8Array, attributes: object | undefined): void {
    this.owner.writes.addKeyLater(this.index, this.name, key);
    this.#touch(key, true, undefined);
    if (attributes === undefined) return;
    const target = key.slice();
    for (const [name, value] of Object.entries(attributes)) this.#put(target, name, value);
  }

  #remove(key: Uint8Array): boolean {
    if (!this.owner.writes.removeKey(this.index, this.name, key)) return false;
    this.#touch(key, false, true);
    return true;
  }

  #put(target: Uint8Array, name: string, value: unknown): void {
    const key = attributeKey(target, checkedText(name, "an attribute", this.name)).slice();
    this.owner.writes.putKey(this.index, this.name, key, value);
    this.#touch(key, true, undefined);
  }

  #delete(target: Uint8Array, name: string): boolean {
    const key = attributeKey(target, checkedText(name, "an attribute", this.name));
    if (!this.owner.writes.deleteKey(this.index, this.name, key)) return false;
    this.#touch(key, false, true);
    return true;
  }

  #read(target: Uint8Array, name: string): unknown {
    const payload = this.settledEngine.read(this.index, attributeKey(target, name));
    if (payload === undefined) return undefined;
    try {
      return new ValueDecoder(payload).decode(0, payload.length);
    } catch (error) {
      throw this.unreadable(error, ` under attribute ${JSON.stringify(name)}`);
    }
  }

  #readAll(names: readonly string[], target: () => Uint8Array): Record<string, unknown> {
    const attributes: Record<string, unknown> = {};
    for (const name of names) defineEntry(attributes, name, this.#read(target(), name));
    return attributes;
  }

  #weight(edge: GraphEdge, name: AttributeName<EdgeAttributes>): number {
    const weight = this.#read(edgeKey(edge), name) ?? 1;
    if (typeof weight === "number" && weight >= 0) return weight;
    throw new CrdtError(
      "invalid-argument",
      `shortestPath: "${name}" of the edge from ${JSON.stringify(edge.from)} to ${JSON.stringify(edge.to)} in "${this.name}" is ${String(weight)}; a weight is a number from 0`,
    );
  }

  #edgesWhere(isWanted: (edge: number) => boolean): GraphEdge[] {
    const index = this.#fresh();
    const edges: number[] = [];
    for (let edge = 0; edge < index.edgesKnown; edge++) {
      if (index.isVisible(edge) && isWanted(edge)) edges.push(edge);
    }
    return index.sortEdges(edges).map((edge) => index.edgeAt(edge));
  }

  #forEachEdge(
    index: GraphIndex,
    id: string,
    options: NeighbourOptions,
    visit: (other: number) => void,
  ): void {
    const direction = checkedDirection(options);
    const vertex = index.presentVertex(id);
    if (vertex < 0) return;
    index.forEachEdge(vertex, direction, index.labelFilter(options.label), (_edge, other) => visit(other));
  }

  #touch(key: Uint8Array, isPresent: boolean, wasPresent: boolean | undefined): void {
    this.#enqueue(key, isPresent);
    if (!this.owner.isObserved) return;
    this.#changes.touch(key, isPresent, wasPresent);
    this.owner.changed(this);
  }

  #enqueue(key: Uint8Array, isPresent: boolean): void {
    if (this.#index === undefined) return;
    this.#queue.u8(isPresent ? 1 : 0);
    this.#queue.u32(key.length);
    this.#queue.appendRange(key, 0, key.length);
    if (this.#queue.length > QUEUE_BYTES_MAX) this.dropCache();
  }

  /** The index of what is there now. */
  #fresh(): GraphIndex {
    const engine = this.settledEngine;
    if (this.#index?.isWasteful) this.dropCache();
    if (this.#index !== undefined) {
      this.#drain(this.#index);
      return this.#index;
    }
    const index = new GraphIndex();
    new EntriesExport(engine.entries(this.index, 0)).forEachKey((_entry, keys, start, end) => {
      readGraphKey(keys, start, end, true, index);
    });
    this.#index = index;
    return index;
  }

  #drain(index: GraphIndex): void {
    const { bytes, length } = this.#queue;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let offset = 0; offset < length; ) {
      const end = offset + 5 + view.getUint32(offset + 1, true);
      readGraphKey(bytes, offset + 5, end, bytes[offset] === 1, index);
      offset = end;
    }
    this.#queue.reset();
  }
}

/** An edge by its ends: directed and without a label if nothing is said. */
export interface EdgeEnds extends EdgeOptions {
  readonly from: string;
  readonly to: string;
}

function checkedText(text: unknown, what: string, name: string): string {
  if (typeof text === "string") return text;
  throw new CrdtError(
    "invalid-argument",
    `${what} of ${name} is ${String(text)}, a ${typeof text}; ids, labels and names are strings`,
  );
}

function checkedDirection({ direction = "out" }: NeighbourOptions): Direction {
  if (DIRECTIONS.includes(direction)) return direction;
  throw new CrdtError(
    "invalid-argument",
    `direction: ${String(direction)} is none; give "out", "in" or "both"`,
  );
}
