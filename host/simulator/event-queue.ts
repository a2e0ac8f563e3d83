// What is to happen, ordered by virtual time; of equal times, what was scheduled first happens first. A binary heap in
// an array. Cost: scheduling and taking log2 of the events waiting; cancelling is a mark.

export interface ScheduledEvent {
  readonly atMs: number;
  readonly number: number;
  /** Undefined when cancelled. */
  run: (() => void) | undefined;
}

export class EventQueue {
  readonly #heap: ScheduledEvent[] = [];
  #number = 0;

  get length(): number {
    return this.#heap.length;
  }

  get first(): ScheduledEvent | undefined {
    return this.#heap[0];
  }

  add(atMs: number, run: () => void): ScheduledEvent {
    const event: ScheduledEvent = { atMs, number: this.#number++, run };
    this.#rise(this.#heap.length, event);
    return event;
  }

  /** Takes the first event out; undefined when there is none. */
  take(): ScheduledEvent | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first !== last && last !== undefined) this.#sink(last);
    return first;
  }

  #rise(from: number, event: ScheduledEvent): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.#heap[parent]!;
      if (isBefore(above, event)) break;
      this.#heap[index] = above;
      index = parent;
    }
    this.#heap[index] = event;
  }

  #sink(event: ScheduledEvent): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (isBefore(event, heap[child]!)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = event;
  }
}

function isBefore(left: ScheduledEvent, right: ScheduledEvent): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.number < right.number);
}
