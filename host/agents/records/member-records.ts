// Who takes part: agents with what they can do, and the seats they work from. A seat is a store in use (or a replica
// without one): the identity that survives a crash, where the id of a replica does not (seat.ts).
import { AGENT_KINDS_MAX, HEARD_SEATS_MAX } from "../../limits.ts";
import { isCount, isFields, isLevels, isName, isNames, isTime } from "./shapes.ts";

export type AgentState = "active" | "draining" | "paused" | "left";

export interface AgentRecord {
  readonly seat: string;
  /** The replica it writes through now. */
  readonly replica: string;
  /** Kinds of tasks it has a handler for. */
  readonly kinds: readonly string[];
  readonly skills: Readonly<Record<string, number>>;
  readonly slots: number;
  readonly resources: Readonly<Record<string, number>>;
  readonly cost: number;
  readonly latencyMs: number;
  readonly region: string;
  readonly state: AgentState;
}

/** Says that a seat is there. */
export interface BeatRecord {
  readonly replica: string;
  /** Counts up from 1 for each replica. */
  readonly number: number;
  readonly atMs: number;
  /** How busy its agents are, 0 to 1. */
  readonly load: number;
  /** The greatest number heard of the replicas that hold rights which this seat voted for. */
  readonly heard?: Readonly<Record<string, number>>;
}

/** Somebody has not heard of a seat for a lease since this beat: it is taken for gone until its next one. */
export interface LapseRecord {
  readonly replica: string;
  readonly number: number;
}

const STATES: readonly unknown[] = ["active", "draining", "paused", "left"];

export function readAgent(value: unknown): AgentRecord | undefined {
  if (!isFields(value) || !isName(value.seat) || !isName(value.replica)) return undefined;
  const { kinds, skills, slots, resources, cost, latencyMs, region, state } = value;
  if (!isNames(kinds, AGENT_KINDS_MAX) || !isLevels(skills) || skills === undefined) return undefined;
  if (!isCount(slots) || !isLevels(resources) || resources === undefined) return undefined;
  if (!isTime(cost) || !isTime(latencyMs) || typeof region !== "string" || !STATES.includes(state))
    return undefined;
  return value as unknown as AgentRecord;
}

export function readBeat(value: unknown): BeatRecord | undefined {
  if (!isFields(value) || !isName(value.replica) || !isCount(value.number)) return undefined;
  const { atMs, load, heard } = value;
  if (!isTime(atMs) || !isTime(load)) return undefined;
  if (heard === undefined) return value as unknown as BeatRecord;
  if (!isFields(heard) || Object.keys(heard).length > HEARD_SEATS_MAX) return undefined;
  return Object.values(heard).every((number) => isCount(number))
    ? (value as unknown as BeatRecord)
    : undefined;
}

export function readLapse(value: unknown): LapseRecord | undefined {
  const fits = isFields(value) && isName(value.replica) && isCount(value.number);
  return fits ? (value as unknown as LapseRecord) : undefined;
}
