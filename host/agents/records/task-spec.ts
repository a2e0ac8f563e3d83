// What is asked for: the record of a task, written once by whoever submits it. Reading checks the whole shape, since any
// version of any peer may have written it; a record that does not fit is no task.
import { AGENT_NAME_LENGTH_MAX, TASK_ELECTORS_MAX, TASK_LINKS_MAX } from "../../limits.ts";
import type { Value } from "../../wire/value.ts";
import { isCount, isFields, isLevels, isName, isNames, isTime } from "./shapes.ts";

/**
 * What is promised about two executions of one task at the same time.
 * - `eventual`: none among replicas that hear each other; while they are cut off from each other there may be. They are counted.
 * - `owned`: none. The right to run moves only by the hand of who holds it; without that replica the task waits.
 * - `quorum`: none. A majority of the electors acknowledges each start; without a majority the task waits.
 */
export type TaskMode = "eventual" | "owned" | "quorum";
export const TASK_MODES: readonly TaskMode[] = ["eventual", "owned", "quorum"];

/** How long to wait between attempts: `baseMs` doubled with each, up to `mostMs`, of which a hash takes up to a half. */
export interface Backoff {
  readonly baseMs: number;
  readonly mostMs: number;
}

export interface TaskSpec {
  readonly kind: string;
  readonly mode: TaskMode;
  /** Wall-clock milliseconds of the submitting replica. */
  readonly atMs: number;
  /** The seat that submitted it: where the right to run begins. */
  readonly seat: string;
  readonly input?: Value;
  readonly tenant?: string;
  /** 0 background, 1 low, 2 normal, 3 high, 4 critical. */
  readonly priority: number;
  readonly requires?: Readonly<Record<string, number>>;
  readonly prefers?: Readonly<Record<string, number>>;
  readonly resources?: Readonly<Record<string, number>>;
  readonly region?: string;
  readonly deadlineMs?: number;
  /** Not started by then, it expires. */
  readonly expiresMs?: number;
  readonly durationMs?: number;
  /** Attempts before it is given up. */
  readonly attempts: number;
  readonly backoff: Backoff;
  /** Tasks that must be done before it. */
  readonly after?: readonly string[];
  readonly parent?: string;
  readonly key?: string;
  /** The seats whose majority acknowledges a start; mode quorum. */
  readonly electors?: readonly string[];
  /** How long a holder may run after a majority heard of it last; mode quorum. */
  readonly leaseMs?: number;
}

/** The spec in `value`; undefined where there is none. */
export function readTaskSpec(value: unknown): TaskSpec | undefined {
  if (!isFields(value) || !hasCore(value) || !hasWishes(value) || !hasLinks(value)) return undefined;
  return value as unknown as TaskSpec;
}

function hasCore({ kind, mode, atMs, seat, priority, attempts, backoff }: Record<string, unknown>): boolean {
  if (!isName(kind) || !isName(seat) || !TASK_MODES.includes(mode as TaskMode)) return false;
  if (!isTime(atMs) || !isCount(priority, 4) || !isCount(attempts, Number.MAX_SAFE_INTEGER)) return false;
  return isFields(backoff) && isTime(backoff.baseMs) && isTime(backoff.mostMs) && (attempts as number) > 0;
}

function hasWishes(record: Record<string, unknown>): boolean {
  const { tenant, requires, prefers, resources, region, deadlineMs, expiresMs, durationMs } = record;
  const times = [deadlineMs, expiresMs, durationMs].every((time) => time === undefined || isTime(time));
  const names = [tenant, region].every((name) => name === undefined || isName(name));
  return times && names && [requires, prefers, resources].every((levels) => isLevels(levels));
}

function hasLinks({ mode, after, parent, key, electors, leaseMs }: Record<string, unknown>): boolean {
  if (parent !== undefined && !isName(parent)) return false;
  if (key !== undefined && !(typeof key === "string" && key.length <= AGENT_NAME_LENGTH_MAX)) return false;
  if (after !== undefined && !isNames(after, TASK_LINKS_MAX)) return false;
  if (mode !== "quorum") return electors === undefined && leaseMs === undefined;
  if (!isTime(leaseMs) || leaseMs === 0) return false;
  return isNames(electors, TASK_ELECTORS_MAX) && new Set(electors).size === electors.length;
}
