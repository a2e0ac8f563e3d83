// The bids of this process in mode quorum: until when what they won may run, and giving them up where they won nothing, so
// that electors need not wait for them.
import type { Write } from "../ledger.ts";
import type { Members } from "../members.ts";
import { readRunKey, runKey } from "../records/shapes.ts";
import { isEnded } from "../tasks/standing.ts";
import type { Task, TaskBook } from "../tasks/task-book.ts";
import { find } from "../tasks/task-records.ts";
import { leaseEndMs, type SentBeats } from "./quorum-lease.ts";

export interface BidderParts {
  readonly members: Members;
  readonly book: TaskBook;
  readonly sent: SentBeats;
  readonly replicaId: () => string;
  readonly now: () => number;
  readonly monotonicMs: () => number;
}

interface OpenBid {
  readonly epoch: number;
  readonly agent: string;
  readonly atMs: number;
}

export class Bidder {
  readonly #parts: BidderParts;
  readonly #bids = new Map<string, OpenBid>();

  constructor(parts: BidderParts) {
    this.#parts = parts;
  }

  /** Remembers when bids were made, before they are written; gives up the one that such a bid takes the place of. */
  made(writes: readonly Write[]): Write[] {
    const released: Write[] = [];
    for (const [aspect, key, value] of writes) {
      const place = aspect === "bids" ? readRunKey(key) : undefined;
      if (place === undefined) continue;
      const { agent } = value as { readonly agent: string };
      const before = this.#bids.get(place.task);
      if (before !== undefined && before.epoch !== place.epoch)
        released.push(this.#release(place.task, before));
      this.#bids.set(place.task, { epoch: place.epoch, agent, atMs: this.#parts.monotonicMs() });
    }
    return released;
  }

  /** By this process's own clock; infinite in other modes. */
  rightEndMs({ records, standing }: Task): number {
    if (records.spec?.mode !== "quorum") return Number.POSITIVE_INFINITY;
    const bid = this.#bids.get(records.id);
    if (bid === undefined || standing.right?.epoch !== bid.epoch) return 0;
    const { members, sent, replicaId } = this.#parts;
    return leaseEndMs(records, bid.epoch, replicaId(), bid.atMs, members, sent);
  }

  /** The bids to give up: outbid, or not decided in half a lease. */
  yields(isRunning: (task: string) => boolean): Write[] {
    const { book, monotonicMs, replicaId } = this.#parts;
    const writes: Write[] = [];
    for (const [id, bid] of this.#bids) {
      const task = book.tasks.get(id);
      const isReported =
        task === undefined || find(task.records.outcomes, bid.epoch, replicaId()) !== undefined;
      if (isReported || isEnded(task.standing.status)) {
        if (!isRunning(id)) this.#bids.delete(id);
        continue;
      }
      if (isRunning(id) || !this.#isLost(task, bid, monotonicMs())) continue;
      this.#bids.delete(id);
      writes.push(this.#release(id, bid));
    }
    return writes;
  }

  /** When the next bid is to be given up if nothing comes of it. */
  nextDueMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [id, bid] of this.#bids) {
      const task = this.#parts.book.tasks.get(id);
      if (task !== undefined) nextMs = Math.min(nextMs, this.#dueMs(task, bid));
    }
    return nextMs;
  }

  #release(task: string, { epoch, agent }: OpenBid): Write {
    const outcome = { kind: "released", agent, atMs: this.#parts.now(), tookMs: 0 };
    return ["outcomes", runKey(task, epoch, this.#parts.replicaId()), outcome];
  }

  #isLost(task: Task, bid: OpenBid, nowMs: number): boolean {
    const { right, epoch } = task.standing;
    if (right !== undefined && right.epoch === bid.epoch && right.on !== this.#parts.replicaId()) return true;
    return epoch > bid.epoch || nowMs >= this.#dueMs(task, bid);
  }

  #dueMs(task: Task, bid: OpenBid): number {
    const isWon =
      task.standing.right?.epoch === bid.epoch && task.standing.right.on === this.#parts.replicaId();
    return isWon ? this.rightEndMs(task) : bid.atMs + (task.records.spec?.leaseMs ?? 0) / 2;
  }
}
