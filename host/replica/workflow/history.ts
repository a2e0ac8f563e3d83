// What became of an instance, told from its replayed steps: the history with the steps that were refused, and what
// there is to make good. The idea of compensating what did not last is that of sagas (Garcia-Molina and Salem, 1987).
import type { ReplicaId } from "../../wire/replica-id.ts";
import { unsharedBytes } from "../../wire/unshared-bytes.ts";
import type { Value } from "../../wire/value.ts";
import { timeMsOf } from "../replayed-handle.ts";
import type { ReplayedStep } from "./replay.ts";
import type { Lease } from "./step-record.ts";

export interface HistoryStep {
  readonly kind: "start" | "transition" | "timeout" | "reset";
  /** The transition that was taken or timed out. */
  readonly transition: string | undefined;
  /** Undefined before the start. */
  readonly from: string | undefined;
  /** Where the instance stood afterwards: where it was, if the step was refused. */
  readonly to: string | undefined;
  /** Whether it had an effect. A step that lost to a concurrent one has none. */
  readonly isApplied: boolean;
  /** Why it had none. */
  readonly why: string | undefined;
  readonly role: string | undefined;
  readonly payload: Value | undefined;
  readonly lease: Lease | undefined;
  /** Of a reset. */
  readonly reason: string | undefined;
  readonly replica: ReplicaId;
  readonly sequence: number;
  readonly timestamp: number;
  /** Wall-clock milliseconds of the replica that took it. */
  readonly timeMs: number;
}

/** A step whose transition names a compensation. */
export interface Compensation {
  /** What the definition names. */
  readonly action: string;
  readonly transition: string;
  /** It lost to a concurrent step; a reset undid it; or it stands, and only who wants to go back needs it. */
  readonly because: "refused" | "reset" | "applied";
  readonly payload: Value | undefined;
  readonly replica: ReplicaId;
  readonly sequence: number;
}

export function historyOf(steps: readonly ReplayedStep[]): HistoryStep[] {
  return steps.map(({ record, before, next, why, replica, sequence, timestamp }) => {
    const step = record.kind === "transition" ? record : undefined;
    return {
      kind: record.kind,
      transition: record.kind === "timeout" ? record.transition : step?.transition,
      from: before?.state,
      to: next?.state,
      isApplied: why === undefined,
      why,
      role: step?.role,
      payload: step?.payload === undefined ? undefined : unsharedBytes(step.payload),
      lease: step?.lease,
      reason: record.kind === "reset" ? record.reason : undefined,
      replica,
      sequence,
      timestamp,
      timeMs: timeMsOf(timestamp),
    };
  });
}

/** Newest first, as they have to be made good. */
export function compensationsOf(steps: readonly ReplayedStep[]): Compensation[] {
  const compensations: Compensation[] = [];
  let isReset = false;
  for (const { record, before, why, replica, sequence } of [...steps].reverse()) {
    if (record.kind === "reset" && why === undefined) isReset = true;
    if (record.kind !== "transition") continue;
    const taken = before?.workflow.transitions.find(({ name }) => name === record.transition);
    if (taken?.compensate === undefined) continue;
    const lasting = isReset ? "reset" : "applied";
    compensations.push({
      action: taken.compensate,
      transition: taken.name,
      because: why === undefined ? lasting : "refused",
      payload: record.payload === undefined ? undefined : unsharedBytes(record.payload),
      replica,
      sequence,
    });
  }
  return compensations;
}
