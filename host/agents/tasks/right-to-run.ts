// Who has the right to run a task, as a pure function of its records, one rule a mode. Rights are numbered by epochs.
// eventual: the grant of the highest epoch; of several, that for the least replica.
// owned: a chain of grants, each accepted only from who held the epoch before and once it was stored there.
// quorum: the highest epoch for which a majority of the electors has acknowledged the same bid, each stored first.
import type { GrantRecord } from "../records/run-records.ts";
import type { TaskSpec } from "../records/task-spec.ts";
import type { Filed, TaskRecords } from "./task-records.ts";

export interface Right {
  readonly epoch: number;
  readonly seat: string;
  /** The replica that may run it. */
  readonly on: string;
  /** None where the seat has only the care for it. */
  readonly agent: string | undefined;
  /** When it was given, by the clock of who gave it. */
  readonly atMs: number;
  readonly isTaken: boolean;
}

/** What the rules need to know of the members. */
export interface Witness {
  /** Whether that batch of a replica's writes is stored where it was written. */
  isStored(replica: string, batch: number): boolean;
  /** The replica that a seat writes through now. */
  replicaOf(seat: string): string | undefined;
}

/** The rights that ever counted, in the order of their epochs. */
export function rightsOf(records: TaskRecords, spec: TaskSpec, witness: Witness): readonly Right[] {
  if (spec.mode === "eventual") return records.grants.map(rightOfGrant);
  return spec.mode === "owned" ? chainOf(records, spec, witness) : electionsOf(records, spec, witness);
}

/** The right that counts now; undefined before the first. */
export function lastRight(rights: readonly Right[]): Right | undefined {
  let last: Right | undefined;
  for (const right of rights) {
    const isLater = last === undefined || right.epoch > last.epoch;
    if (isLater || (right.epoch === last!.epoch && right.on < last!.on)) last = right;
  }
  return last;
}

const rightOfGrant = ({ epoch, record }: Filed<GrantRecord>): Right => ({
  epoch,
  seat: record.to,
  on: record.on,
  agent: record.agent,
  atMs: record.atMs,
  isTaken: record.isTaken === true,
});

function chainOf({ grants }: TaskRecords, { seat }: TaskSpec, witness: Witness): Right[] {
  const chain: Right[] = [];
  let holder = seat;
  for (const filed of grants) {
    const { record, replica, epoch } = filed;
    if (epoch !== chain.length + 1 || record.from !== holder) continue;
    if (!witness.isStored(replica, record.batch)) continue;
    chain.push(rightOfGrant(filed));
    holder = record.to;
  }
  return chain;
}

/** Whether the holder has given the right away in a grant that is not stored yet: it must not run, and nobody else may. */
export function isGivingAway(records: TaskRecords, holder: string, epoch: number, witness: Witness): boolean {
  const writer = witness.replicaOf(holder);
  return records.grants.some(
    ({ record, replica, epoch: next }) =>
      next === epoch + 1 &&
      record.from === holder &&
      replica === writer &&
      !witness.isStored(replica, record.batch),
  );
}

function electionsOf(records: TaskRecords, { electors = [] }: TaskSpec, witness: Witness): Right[] {
  const elected: Right[] = [];
  for (const { epoch, replica, record } of records.bids) {
    const supporters = supportersOf(records, epoch, replica, electors, witness);
    if (supporters.size * 2 <= electors.length) continue;
    const { seat, agent, atMs } = record;
    elected.push({ epoch, seat, on: replica, agent, atMs, isTaken: false });
  }
  return elected;
}

/** The electors whose acknowledgement of that bid is stored with them. */
export function supportersOf(
  { votes }: TaskRecords,
  epoch: number,
  bidder: string,
  electors: readonly string[],
  witness: Witness,
): Set<string> {
  const supporters = new Set<string>();
  for (const { epoch: voted, replica, record } of votes) {
    if (voted !== epoch || record.for !== bidder || !electors.includes(record.elector)) continue;
    if (witness.isStored(replica, record.batch)) supporters.add(record.elector);
  }
  return supporters;
}
