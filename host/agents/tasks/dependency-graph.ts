// Which task comes after which. Edges come with the spec of a task and one by one later; two that were made at the same
// time may close a cycle. Edges count in the order (time made, key): one that would close a cycle with those before it
// is refused, the same one on every replica. Costs a walk for an edge at the end of that order, all edges for one before.
export interface Edge {
  readonly task: string;
  readonly after: string;
  readonly atMs: number;
}

const keyOf = ({ task, after }: Edge): string => `${task} ${after}`;

const isBefore = (left: Edge, right: Edge): boolean =>
  left.atMs < right.atMs || (left.atMs === right.atMs && keyOf(left) < keyOf(right));

export class DependencyGraph {
  readonly #edges = new Map<string, Edge>();
  readonly #after = new Map<string, Set<string>>();
  readonly #before = new Map<string, Set<string>>();
  readonly #refused = new Map<string, Edge>();
  #last: Edge | undefined;

  /** The accepted edges of a task: what it comes after. */
  after(task: string): ReadonlySet<string> {
    return this.#after.get(task) ?? NONE;
  }

  /** What comes after a task. */
  dependents(task: string): ReadonlySet<string> {
    return this.#before.get(task) ?? NONE;
  }

  /** Edges left out because they would close a cycle. */
  refused(): Edge[] {
    return [...this.#refused.values()];
  }

  /** Whether an edge made last of all would be refused. */
  wouldClose(task: string, after: string): boolean {
    return task === after || this.#reaches(after, task);
  }

  /** The tasks whose accepted edges changed. */
  add(edge: Edge): Set<string> {
    const known = this.#edges.get(keyOf(edge));
    if (known !== undefined && !isBefore(edge, known)) return new Set();
    this.#edges.set(keyOf(edge), edge);
    if (known === undefined && (this.#last === undefined || isBefore(this.#last, edge))) {
      this.#last = edge;
      return this.#accept(edge) ? new Set([edge.task]) : new Set();
    }
    return this.#judgeAll();
  }

  /** Forgets the edges of tasks that are gone; nobody's accepted edges but theirs change, unless some were refused. */
  delete(tasks: ReadonlySet<string>): Set<string> {
    const keys = [...this.#edges].filter(([, edge]) => tasks.has(edge.task)).map(([key]) => key);
    if (keys.length === 0) return new Set();
    for (const key of keys) this.#edges.delete(key);
    return this.#judgeAll();
  }

  #accept(edge: Edge): boolean {
    if (this.wouldClose(edge.task, edge.after)) {
      this.#refused.set(keyOf(edge), edge);
      return false;
    }
    put(this.#after, edge.task, edge.after);
    put(this.#before, edge.after, edge.task);
    return true;
  }

  #judgeAll(): Set<string> {
    const earlier = new Map(this.#after);
    this.#after.clear();
    this.#before.clear();
    this.#refused.clear();
    const edges = [...this.#edges.values()].sort((left, right) => (isBefore(left, right) ? -1 : 1));
    this.#last = edges.at(-1);
    for (const edge of edges) this.#accept(edge);
    const changed = new Set<string>();
    for (const task of new Set([...earlier.keys(), ...this.#after.keys()])) {
      if (!isSame(earlier.get(task), this.#after.get(task))) changed.add(task);
    }
    return changed;
  }

  #reaches(from: string, to: string): boolean {
    const seen = new Set<string>();
    const open = [from];
    for (let task = open.pop(); task !== undefined; task = open.pop()) {
      if (task === to) return true;
      if (seen.has(task)) continue;
      seen.add(task);
      open.push(...this.after(task));
    }
    return false;
  }
}

const NONE: ReadonlySet<string> = new Set();

function put(sets: Map<string, Set<string>>, key: string, value: string): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}

const isSame = (left: ReadonlySet<string> = NONE, right: ReadonlySet<string> = NONE): boolean =>
  left.size === right.size && [...left].every((item) => right.has(item));
