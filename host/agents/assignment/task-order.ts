// Which task comes next. A task stands on a level: its priority, plus one for each `agingMs` it has waited, plus a part
// of one as its deadline comes near, rounded down. Higher levels first, so a task waits at most for those submitted
// within (priorities between them) × agingMs after it, and nothing starves. On one level tenants take turns by weighted
// fair shares: first the one with the fewest places in use a share; of one tenant's tasks the most urgent. A task that
// finds no place uses none of its tenant's share. Cost: a sort, and the logarithm of the tenants a task.
import type { PlanColumns } from "./plan-columns.ts";
import type { PlanInput, PlanTask, PlanWeights } from "./plan-input.ts";

/** Urgency in milliseconds of waiting: a priority is worth `agingMs` of it. */
export function urgencyMs(task: PlanTask, nowMs: number, weights: PlanWeights): number {
  const waitedMs = Math.max(0, nowMs - task.submittedAtMs);
  return task.priority * weights.agingMs + waitedMs + boostMs(task, nowMs, weights);
}

export function levelOf(task: PlanTask, nowMs: number, weights: PlanWeights): number {
  return Math.floor(urgencyMs(task, nowMs, weights) / weights.agingMs);
}

function boostMs(task: PlanTask, nowMs: number, weights: PlanWeights): number {
  if (task.deadlineMs === undefined) return 0;
  const { agingMs, deadlineBoost, deadlineHorizonMs } = weights;
  const spareMs = Math.max(0, task.deadlineMs - nowMs - Math.floor(task.durationMs));
  if (spareMs >= deadlineHorizonMs) return 0;
  const share = (deadlineHorizonMs - spareMs) / deadlineHorizonMs;
  return Math.floor((share * deadlineBoost * agingMs) / 1_000);
}

/** A tenant's tasks of one level, most urgent first. */
interface Queue {
  readonly tenant: string;
  readonly tasks: number[];
  next: number;
}

export class TaskOrder {
  readonly #levels: readonly (readonly Queue[])[];
  #level = -1;
  /** Binary heap of the level's queues, the tenant whose turn it is on top. */
  #heap: Queue[] = [];
  readonly #used: Map<string, number>;
  readonly #shares: ReadonlyMap<string, number>;
  #drawn: Queue | undefined;

  constructor(columns: PlanColumns, { weights, shares }: Pick<PlanInput, "weights" | "shares">) {
    this.#used = new Map(columns.usedBy);
    this.#shares = new Map(Object.entries(shares).map(([tenant, share]) => [tenant, shareOf(share)]));
    this.#levels = queuesByLevel(columns, weights);
  }

  /** The next task as its index in the columns; undefined after the last. */
  next(): number | undefined {
    this.settle(false);
    while (this.#heap.length === 0) {
      this.#level++;
      const level = this.#levels[this.#level];
      if (level === undefined) return undefined;
      for (const queue of level) this.#push(queue);
    }
    const queue = this.#heap[0] as Queue;
    this.#drawn = queue;
    return queue.tasks[queue.next++];
  }

  /** Says whether the task drawn last got a place. */
  settle(isPlaced: boolean): void {
    const queue = this.#drawn;
    if (queue === undefined) return;
    this.#drawn = undefined;
    if (isPlaced) this.#used.set(queue.tenant, (this.#used.get(queue.tenant) ?? 0) + 1);
    if (queue.next === queue.tasks.length) {
      const last = this.#heap.pop() as Queue;
      if (last === queue) return;
      this.#heap[0] = last;
    }
    this.#sink();
  }

  /** Places in use by tenant, those given by this order included. */
  get used(): ReadonlyMap<string, number> {
    return this.#used;
  }

  shareOf(tenant: string): number {
    return this.#shares.get(tenant) ?? SHARE;
  }

  /** Whether it is `left`'s turn: it would have fewer places a share, and of equals the smaller name. */
  #isBefore(left: Queue, right: Queue): boolean {
    const ofLeft = ((this.#used.get(left.tenant) ?? 0) + 1) * this.shareOf(right.tenant);
    const ofRight = ((this.#used.get(right.tenant) ?? 0) + 1) * this.shareOf(left.tenant);
    return ofLeft === ofRight ? left.tenant < right.tenant : ofLeft < ofRight;
  }

  #push(queue: Queue): void {
    const heap = this.#heap;
    let at = heap.push(queue) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!this.#isBefore(queue, heap[above] as Queue)) break;
      heap[at] = heap[above] as Queue;
      at = above;
    }
    heap[at] = queue;
  }

  #sink(): void {
    const heap = this.#heap;
    const queue = heap[0];
    if (queue === undefined) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && this.#isBefore(heap[below + 1] as Queue, heap[below] as Queue)) below++;
      if (!this.#isBefore(heap[below] as Queue, queue)) break;
      heap[at] = heap[below] as Queue;
      at = below;
    }
    heap[at] = queue;
  }
}

/** Shares count in thousandths. */
const SHARE = 1_000;
const SHARE_MAX = 1_000_000;

/** One that is no number above 0 counts as 1. */
function shareOf(share: unknown): number {
  if (typeof share !== "number" || !(share > 0)) return SHARE;
  return Math.max(1, Math.round(Math.min(share, SHARE_MAX) * SHARE));
}

function queuesByLevel({ waiting, nowMs }: PlanColumns, weights: PlanWeights): Queue[][] {
  const urgencies = Float64Array.from(waiting, (task) => urgencyMs(task, nowMs, weights));
  // The columns ascend by id and sorting is stable, so equals stay in that order.
  const order = waiting.map((_, index) => index);
  order.sort((left, right) => (urgencies[right] as number) - (urgencies[left] as number));
  const levels: Queue[][] = [];
  let level = Number.NaN;
  let queues = new Map<string, Queue>();
  for (const index of order) {
    const here = Math.floor((urgencies[index] as number) / weights.agingMs);
    if (here !== level) {
      level = here;
      queues = new Map();
      levels.push([]);
    }
    const { tenant } = waiting[index] as PlanTask;
    let queue = queues.get(tenant);
    if (queue === undefined) {
      queue = { tenant, tasks: [], next: 0 };
      queues.set(tenant, queue);
      levels.at(-1)?.push(queue);
    }
    queue.tasks.push(index);
  }
  return levels;
}
