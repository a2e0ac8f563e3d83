// What happens to a task, as records with one writer each: the key of all but orders is (task, epoch, replica that
// wrote). Nobody overwrites what another replica said, so what happened while replicas were cut off stays visible.
import type { Value } from "../../wire/value.ts";
import { isCount, isFields, isName, isTime } from "./shapes.ts";

/** The right to run a task, given to an agent; or, without an agent, the care for it given to a seat. */
export interface GrantRecord {
  /** The seat that held the right before. */
  readonly from: string;
  readonly to: string;
  /** The replica of that seat which may run it: a process that was started again asks anew. */
  readonly on: string;
  readonly agent?: string;
  /** Given because the holder before was silent, not by its hand. */
  readonly isTaken?: boolean;
  /** The batch of its writer's store that holds it; it counts once a receipt covers it (modes owned and quorum). */
  readonly batch: number;
  readonly atMs: number;
}

/** Mode quorum: a seat asks for the right to run. */
export interface BidRecord {
  readonly seat: string;
  readonly agent: string;
  readonly atMs: number;
}

/** Mode quorum: an elector acknowledges a bid of that epoch, that of `replica`. */
export interface VoteRecord {
  readonly elector: string;
  readonly for: string;
  readonly batch: number;
}

/** An execution began. */
export interface StartRecord {
  readonly agent: string;
  readonly atMs: number;
}

/**
 * How an execution ended: `released` before it began or because the agent stops, `aborted` because the right was lost.
 */
export interface OutcomeRecord {
  readonly kind: "done" | "failed" | "released" | "aborted";
  readonly agent: string;
  readonly atMs: number;
  readonly tookMs: number;
  readonly result?: Value;
  readonly error?: string;
  readonly artefacts?: readonly string[];
}

/** An order given about a task, by whoever may write; its key is (task, order). */
export interface OrderRecord {
  readonly kind: "cancel" | "expire" | "dead" | "pause" | "resume";
  readonly atMs: number;
  readonly reason: string;
}

export interface ProgressRecord {
  readonly epoch: number;
  /** 0 to 1. */
  readonly share: number;
  readonly note: string;
  readonly atMs: number;
}

const isNameOrNone = (value: unknown): boolean => value === undefined || isName(value);

export function readGrant(value: unknown): GrantRecord | undefined {
  if (!isFields(value) || !isName(value.from) || !isName(value.to) || !isName(value.on)) return undefined;
  if (!isNameOrNone(value.agent) || !isCount(value.batch) || !isTime(value.atMs)) return undefined;
  return value as unknown as GrantRecord;
}

export function readBid(value: unknown): BidRecord | undefined {
  const fits = isFields(value) && isName(value.seat) && isName(value.agent) && isTime(value.atMs);
  return fits ? (value as unknown as BidRecord) : undefined;
}

export function readVote(value: unknown): VoteRecord | undefined {
  const fits = isFields(value) && isName(value.elector) && isName(value.for) && isCount(value.batch);
  return fits ? (value as unknown as VoteRecord) : undefined;
}

export function readStart(value: unknown): StartRecord | undefined {
  return isFields(value) && isName(value.agent) && isTime(value.atMs)
    ? (value as unknown as StartRecord)
    : undefined;
}

const ENDS: readonly unknown[] = ["done", "failed", "released", "aborted"];

export function readOutcome(value: unknown): OutcomeRecord | undefined {
  if (!isFields(value) || !ENDS.includes(value.kind) || !isName(value.agent)) return undefined;
  if (!isTime(value.atMs) || !isTime(value.tookMs)) return undefined;
  const { error, artefacts } = value;
  if (error !== undefined && typeof error !== "string") return undefined;
  const isList = Array.isArray(artefacts) && artefacts.every((name) => typeof name === "string");
  return artefacts === undefined || isList ? (value as unknown as OutcomeRecord) : undefined;
}

const ORDERS: readonly unknown[] = ["cancel", "expire", "dead", "pause", "resume"];

export function readOrder(value: unknown): OrderRecord | undefined {
  if (!isFields(value) || !ORDERS.includes(value.kind) || !isTime(value.atMs)) return undefined;
  return typeof value.reason === "string" ? (value as unknown as OrderRecord) : undefined;
}

export function readProgress(value: unknown): ProgressRecord | undefined {
  if (!isFields(value) || !isCount(value.epoch) || !isTime(value.share) || !isTime(value.atMs))
    return undefined;
  return typeof value.note === "string" ? (value as unknown as ProgressRecord) : undefined;
}
