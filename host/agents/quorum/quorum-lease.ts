// Until when a holder in mode quorum may run: a lease from the moment it sent the last thing that a majority of those who
// acknowledged it is known to have heard. They wait a lease from when they heard it, which was later.
import type { Members } from "../members.ts";
import { supportersOf } from "../tasks/right-to-run.ts";
import type { TaskRecords } from "../tasks/task-records.ts";

/** When own heartbeats were sent, by this process's own clock. */
export class SentBeats {
  readonly #sentAtMs = new Map<number, number>();

  sent(number: number, atMs: number): void {
    this.#sentAtMs.set(number, atMs);
    // Beyond any lease.
    this.#sentAtMs.delete(number - 1_000);
  }

  atMs(number: number): number | undefined {
    return this.#sentAtMs.get(number);
  }
}

export function leaseEndMs(
  records: TaskRecords,
  epoch: number,
  replica: string,
  bidAtMs: number,
  members: Members,
  sent: SentBeats,
): number {
  const { electors = [], leaseMs = 0 } = records.spec!;
  const supporters = supportersOf(records, epoch, replica, electors, members);
  const heardAtMs: number[] = [];
  for (const elector of supporters) {
    const hasMovedOn = records.votes.some(
      ({ epoch: voted, record }) => voted > epoch && record.elector === elector,
    );
    if (hasMovedOn) continue;
    const number = members.beats.get(elector)?.heard?.[replica];
    const sentAtMs = number === undefined ? undefined : sent.atMs(number);
    heardAtMs.push(Math.max(bidAtMs, sentAtMs ?? bidAtMs));
  }
  heardAtMs.sort((left, right) => right - left);
  const majority = Math.floor(electors.length / 2) + 1;
  const lastMs = heardAtMs[majority - 1];
  return lastMs === undefined ? 0 : lastMs + leaseMs;
}
