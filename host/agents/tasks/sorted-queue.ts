// Tasks in the order they were submitted, a queue for each priority. The order is that of the state, not of arrival, so
// that equal states have equal queues. Most tasks come at the end: inserting then costs a comparison.
export interface Queued {
  readonly id: string;
  readonly atMs: number;
  readonly priority: number;
}

const PRIORITIES = 5;

export class SortedQueue {
  readonly #queues: Queued[][] = Array.from({ length: PRIORITIES }, () => []);
  readonly #places = new Map<string, Queued>();

  get size(): number {
    return this.#places.size;
  }

  has(id: string): boolean {
    return this.#places.has(id);
  }

  add(task: Queued): void {
    if (this.#places.has(task.id)) return;
    this.#places.set(task.id, task);
    const queue = this.#queues[task.priority]!;
    queue.splice(placeOf(queue, task), 0, task);
  }

  delete(id: string): void {
    const task = this.#places.get(id);
    if (task === undefined) return;
    this.#places.delete(id);
    const queue = this.#queues[task.priority]!;
    queue.splice(placeOf(queue, task), 1);
  }

  /** Up to `count` ids: half of them by priority, then age; half the oldest of all, so that none waits for ever. */
  first(count: number): Set<string> {
    const chosen = new Set<string>();
    for (let priority = PRIORITIES - 1; priority >= 0; priority--) {
      for (const { id } of this.#queues[priority]!) {
        if (chosen.size >= count / 2) break;
        chosen.add(id);
      }
    }
    this.#addOldest(chosen, count);
    return chosen;
  }

  #addOldest(chosen: Set<string>, count: number): void {
    const heads = this.#queues.map(() => 0);
    while (chosen.size < count) {
      let oldest: Queued | undefined;
      for (const [priority, queue] of this.#queues.entries()) {
        const head = queue[heads[priority]!];
        if (head !== undefined && (oldest === undefined || isBefore(head, oldest))) oldest = head;
      }
      if (oldest === undefined) return;
      heads[oldest.priority]!++;
      chosen.add(oldest.id);
    }
  }
}

const isBefore = (left: Queued, right: Queued): boolean =>
  left.atMs < right.atMs || (left.atMs === right.atMs && left.id < right.id);

/** Where it is, or belongs. */
function placeOf(queue: readonly Queued[], task: Queued): number {
  let low = 0;
  let high = queue.length;
  if (high > 0 && isBefore(queue[high - 1]!, task)) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(queue[middle]!, task)) low = middle + 1;
    else high = middle;
  }
  return low;
}
