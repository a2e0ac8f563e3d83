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
    const own = this.#lastVote(task);
    this.#keep(task, own);
    const bid = records.bids.findLast(({ epoch }) => epoch > (own?.epoch ?? 0));
    if (bid === undefined) return this.#again(task, own);
    const first = records.bids.find(({ epoch, replica, record }) => {
      return epoch === bid.epoch && members.replicaOf(record.seat) === replica;
    });
    if (first === undefined || (own !== undefined && !this.isFree(task, own.epoch, own.record.for)))
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

  /** Whether who bid in that epoch surely does not run any more. */
  isFree({ records }: Task, epoch: number, bidder: string): boolean {
    if (find(records.outcomes, epoch, bidder) !== undefined) return true;
    const { members, monotonicMs } = this.#parts;
    const leaseMs = records.spec?.leaseMs ?? Number.POSITIVE_INFINITY;
    const seat = find(records.bids, epoch, bidder)?.seat;
    const present = seat === undefined ? undefined : members.replicaOf(seat);
    if (present !== undefined && present !== bidder) return true;
    const promised = this.#promises.get(records.id);
    const votedAtMs = promised?.epoch === epoch ? promised.votedAtMs : this.#bornAtMs;
    const lastMs = Math.max(this.#bornAtMs, votedAtMs, members.heardAtMs(bidder) ?? 0);
    return monotonicMs() - lastMs >= leaseMs * (1 + CLOCK_RATE_MARGIN);
  }

  /** The vote of this seat with the greatest epoch, whichever of its replicas wrote it, counted or not. */
  #lastVote({ records }: Task): Filed<VoteRecord> | undefined {
    return records.votes.findLast(({ record }) => record.elector === this.#parts.seat());
  }

  /** A vote of an earlier process that nobody will count is said again as it was: it may not become another one. */
  #again({ records }: Task, own: Filed<VoteRecord> | undefined): Write | undefined {
    const { members, replicaId, takeBatch } = this.#parts;
    if (own === undefined || own.replica === replicaId() || members.isStored(own.replica, own.record.batch)) {
      return undefined;
    }
    const vote: VoteRecord = { ...own.record, batch: takeBatch() };
    return ["votes", runKey(records.id, own.epoch, replicaId()), vote];
  }

  #keep(task: Task, own: Filed<VoteRecord> | undefined): void {
    const { id } = task.records;
    const known = this.#promises.get(id);
    if (own === undefined || known?.epoch === own.epoch) return;
    this.#promises.set(id, { task, bidder: own.record.for, epoch: own.epoch, votedAtMs: this.#bornAtMs });
  }
}
