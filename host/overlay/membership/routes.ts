// The way to members there is no connection to: the next hop of a shortest path over the connections that members say
// they keep. Computed again when something changed and somebody asks. Cost then: members and connections.
import type { ReplicaId } from "../../wire/replica-id.ts";

export class Routes {
  readonly #opened = new Map<ReplicaId, readonly ReplicaId[]>();
  readonly #own = new Set<ReplicaId>();
  #next: Map<ReplicaId, ReplicaId> | undefined;

  /** What `id` says it keeps. */
  set(id: ReplicaId, opened: readonly ReplicaId[]): void {
    this.#opened.set(id, opened);
    this.#next = undefined;
  }

  forget(id: ReplicaId): void {
    if (this.#opened.delete(id)) this.#next = undefined;
  }

  /** A connection of our own came or went. */
  setOwn(id: ReplicaId, isLinked: boolean): void {
    if (isLinked) this.#own.add(id);
    else this.#own.delete(id);
    this.#next = undefined;
  }

  /** The linked member to hand a message for `target` to; undefined where no way is known. */
  nextHop(target: ReplicaId): ReplicaId | undefined {
    if (this.#own.has(target)) return target;
    this.#next ??= this.#search();
    return this.#next.get(target);
  }

  /** Everybody's connections, both ways. */
  graph(): Map<ReplicaId, Set<ReplicaId>> {
    const graph = new Map<ReplicaId, Set<ReplicaId>>();
    const add = (from: ReplicaId, to: ReplicaId) => {
      const known = graph.get(from);
      if (known === undefined) graph.set(from, new Set([to]));
      else known.add(to);
    };
    for (const [id, opened] of this.#opened) {
      for (const other of opened) {
        add(id, other);
        add(other, id);
      }
    }
    return graph;
  }

  #search(): Map<ReplicaId, ReplicaId> {
    const graph = this.graph();
    const next = new Map<ReplicaId, ReplicaId>();
    const queue: ReplicaId[] = [];
    for (const id of this.#own) {
      next.set(id, id);
      queue.push(id);
    }
    for (const id of queue) {
      for (const other of graph.get(id) ?? []) {
        if (next.has(other)) continue;
        next.set(other, next.get(id)!);
        queue.push(other);
      }
    }
    return next;
  }
}
