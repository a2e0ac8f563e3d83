// An elector of tasks in mode quorum. It acknowledges one bid an epoch, none below an epoch it acknowledged, and none above
// while the one it acknowledged last may still run: until that ended, or its seat came back as another process, or
// nothing was heard of it for a lease and a tenth, by this process's own clock, which may run that much faster. A process
// that was started again counts all it finds as just heard. Leases after Gray and Cheriton 1989.

import type { Write } from "../ledger.ts";
import type { Members } from "../members.ts";
import type { VoteRecord } from "../records/run-records.ts";
import { runKey } from "../records/shapes.ts";
import { isEnded } from "../tasks/standing.ts";
import type { Task } from "../tasks/task-book.ts";
import type { Filed } from "../tasks/task-records.ts";
import { find } from "../tasks/task-records.ts";

/** By how much the clocks of two processes may differ in speed. */
const CLOCK_RATE_MARGIN = 0.1;

export interface ElectorParts {
  readonly seat: () => string;
  readonly members: Members;
  readonly replicaId: () => string;
  /** A clock that never runs backwards. */
  readonly monotonicMs: () => number;
  readonly takeBatch: () => number;
}

interface Promised {
  readonly task: Task;
  readonly bidder: string;
  readonly epoch: number;
  readonly votedAtMs: number;
}

export class Elector {
  readonly #parts: ElectorParts;
  readonly #bornAtMs: number;
  /** Acknowledged bids that may still run, by task. */
  readonly #promises = new Map<string, Promised>();

  constructor(parts: ElectorParts) {
    this.#parts = parts;
    this.#bornAtMs = parts.monotonicMs();
  }

  /** The replicas whose heartbeats the next heartbeat of this seat must name. */
  heard(): Record<string, number> {
    const heard: Record<string, number> = {};
    for (const { bidder } of this.#promises.values()) heard[bidder] = this.#parts.members.heardNumber(bidder);
    return heard;
  }

  /** The acknowledgement to write for this task now, if one is due. */
  consider(task: Task): Write | undefined {
    const { records, standing } = task;
    const { seat, members, replicaId, takeBatch, monotonicMs } = this.#parts;
    const { spec, id } = records;
    if (spec?.mode !== "quorum" || spec.electors?.includes(seat()) !== true) return undefined;
    if (isEnded(standing.status)) {
      this.#promises.delete(id);
      return undefined;
    }
    const own = records.votes.filter(({ record }) => record.elector === seat());
    this.#keep(task, own);
    const bid = records.bids.findLast(({ epoch }) => epoch > (own.at(-1)?.epoch ?? 0));
    if (bid === undefined) return undefined;
    const first = records.bids.find(({ epoch, replica, record }) => {
      return epoch === bid.epoch && members.replicaOf(record.seat) === replica;
    });
    // One of an earlier process may come back from peers only now, above a later one of this process: each must be free.
    if (first === undefined || !own.every(({ epoch, record }) => this.isFree(task, epoch, record.for)))
      return undefined;
    if (standing.right !== undefined && !this.isFree(task, standing.right.epoch, standing.right.on))
      return undefined;
    const vote: VoteRecord = { elector: seat(), for: first.replica, batch: takeBatch() };
    this.#promises.set(id, { task, bidder: first.replica, epoch: first.epoch, votedAtMs: monotonicMs() });
    return ["votes", runKey(id, first.epoch, replicaId()), vote];
  }

  /** Tasks with a bid that had to wait. */
  *waiting(): Generator<Task> {
    for (const { task, epoch } of this.#promises.values()) {
      if ((task.records.bids.at(-1)?.epoch ?? 0) > epoch) yield task;
    }
  }

  /** When the next of those waited for may have stopped, by this process's own clock. */
  nextDueMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { records, standing } of this.waiting()) {
      const promised = this.#promises.get(records.id)!;
      const right = standing.right;
      let dueMs = this.#stoppedAtMs(records.id, promised.epoch, promised.bidder, records.spec!.leaseMs!);
      if (right !== undefined)
        dueMs = Math.max(dueMs, this.#stoppedAtMs(records.id, right.epoch, right.on, records.spec!.leaseMs!));
      nextMs = Math.min(nextMs, dueMs);
    }
    return nextMs;
  }

  /** Whether who bid in that epoch surely does not run any more. */
  isFree({ records }: Task, epoch: number, bidder: string): boolean {
    if (find(records.outcomes, epoch, bidder) !== undefined) return true;
    const { members, monotonicMs } = this.#parts;
    const leaseMs = records.spec?.leaseMs ?? Number.POSITIVE_INFINITY;
    const seat = find(records.bids, epoch, bidder)?.seat;
    const present = seat === undefined ? undefined : members.replicaOf(seat);
    if (present !== undefined && present !== bidder) return true;
    return monotonicMs() >= this.#stoppedAtMs(records.id, epoch, bidder, leaseMs);
  }

  #stoppedAtMs(task: string, epoch: number, bidder: string, leaseMs: number): number {
    const promised = this.#promises.get(task);
    const votedAtMs = promised?.epoch === epoch ? promised.votedAtMs : this.#bornAtMs;
    const lastMs = Math.max(this.#bornAtMs, votedAtMs, this.#parts.members.heardAtMs(bidder) ?? 0);
    return lastMs + leaseMs * (1 + CLOCK_RATE_MARGIN);
  }

  /** After a start: what an earlier process acknowledged, from now on. */
  #keep(task: Task, own: readonly Filed<VoteRecord>[]): void {
    const last = own.at(-1);
    if (last === undefined || this.#promises.has(task.records.id)) return;
    const { epoch, record } = last;
    this.#promises.set(task.records.id, { task, bidder: record.for, epoch, votedAtMs: this.#bornAtMs });
  }
}
