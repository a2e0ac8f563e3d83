// All that is known of one task, as its records came in.
import type {
  BidRecord,
  GrantRecord,
  OrderRecord,
  OutcomeRecord,
  ProgressRecord,
  StartRecord,
  VoteRecord,
} from "../records/run-records.ts";
import type { TaskSpec } from "../records/task-spec.ts";

/** A record with the epoch and the replica of its key. */
export interface Filed<Record> {
  readonly epoch: number;
  readonly replica: string;
  readonly record: Record;
}

/** Kept sorted by (epoch, replica), one of each. */
export type FiledList<Record> = Filed<Record>[];

export interface TaskRecords {
  readonly id: string;
  spec: TaskSpec | undefined;
  readonly grants: FiledList<GrantRecord>;
  readonly bids: FiledList<BidRecord>;
  readonly votes: FiledList<VoteRecord>;
  readonly starts: FiledList<StartRecord>;
  readonly outcomes: FiledList<OutcomeRecord>;
  readonly orders: Map<OrderRecord["kind"], OrderRecord>;
  progress: ProgressRecord | undefined;
}

export const noRecords = (id: string): TaskRecords => ({
  id,
  spec: undefined,
  grants: [],
  bids: [],
  votes: [],
  starts: [],
  outcomes: [],
  orders: new Map(),
  progress: undefined,
});

/** Puts `record` in its place, or takes away what is there. */
export function file<Record>(
  list: FiledList<Record>,
  epoch: number,
  replica: string,
  record: Record | undefined,
): void {
  let place = list.length;
  while (place > 0 && isBefore(epoch, replica, list[place - 1]!)) place--;
  const last = list[place - 1];
  const isThere = last !== undefined && last.epoch === epoch && last.replica === replica;
  if (record === undefined) {
    if (isThere) list.splice(place - 1, 1);
  } else if (isThere) list[place - 1] = { epoch, replica, record };
  else list.splice(place, 0, { epoch, replica, record });
}

const isBefore = <Record>(epoch: number, replica: string, other: Filed<Record>): boolean =>
  epoch < other.epoch || (epoch === other.epoch && replica < other.replica);

export const find = <Record>(list: FiledList<Record>, epoch: number, replica: string): Record | undefined =>
  list.find((filed) => filed.epoch === epoch && filed.replica === replica)?.record;
