// The vertices that a walk reached, by hops and then by id, as a map that is not built before it is read: filling a Map of
// 20,000 ids takes longer than walking 100,000 edges to them. It stays as it was when the graph changes: numbers of vertices
// are given once, and never again. Cost: 4 bytes a vertex of the graph and one reached; `get` and `has` are O(1).
import type { GraphIndex } from "./graph-index.ts";

/** At a vertex that was not reached. */
export const NOT_REACHED = -1;

export class ReachedVertices implements ReadonlyMap<string, number> {
  readonly #index: GraphIndex;
  readonly #order: Int32Array;
  readonly #hops: Int32Array;

  /** `order`: numbers of the vertices reached, in order; `hops`: by number of a vertex, or {@link NOT_REACHED}. */
  constructor(index: GraphIndex, order: Int32Array, hops: Int32Array) {
    this.#index = index;
    this.#order = order;
    this.#hops = hops;
  }

  get size(): number {
    return this.#order.length;
  }

  get(id: string): number | undefined {
    const vertex = this.#index.knownVertex(id);
    const hops = vertex < this.#hops.length ? this.#hops[vertex] : undefined;
    return hops === NOT_REACHED ? undefined : hops;
  }

  has(id: string): boolean {
    return this.get(id) !== undefined;
  }

  forEach(visit: (hops: number, id: string, reached: ReadonlyMap<string, number>) => void): void {
    for (const [id, hops] of this) visit(hops, id, this);
  }

  *keys(): MapIterator<string> {
    for (const vertex of this.#order) yield this.#index.ids[vertex]!;
  }

  *values(): MapIterator<number> {
    for (const vertex of this.#order) yield this.#hops[vertex]!;
  }

  *entries(): MapIterator<[string, number]> {
    for (const vertex of this.#order) yield [this.#index.ids[vertex]!, this.#hops[vertex]!];
  }

  [Symbol.iterator](): MapIterator<[string, number]> {
    return this.entries();
  }
}
