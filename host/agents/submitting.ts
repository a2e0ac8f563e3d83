// From what somebody asks for to the record of a task. With a key, the same request has the same id wherever it is made;
// what decides who may run it is part of that id, so that two requests can never have one id and two such rules.
import { sha256 } from "@noble/hashes/sha2.js";
import { CrdtError } from "../errors.ts";
import { TASK_ELECTORS_MAX } from "../limits.ts";
import type { Value } from "../wire/value.ts";
import { PRIORITIES } from "./assignment/plan-input.ts";
import type { Backoff, TaskMode, TaskSpec } from "./records/task-spec.ts";
import { readTaskSpec } from "./records/task-spec.ts";

export type Priority = (typeof PRIORITIES)[number];

export interface TaskRequest {
  readonly kind: string;
  readonly input?: Value;
  /** "eventual" unless given. */
  readonly mode?: TaskMode;
  /** "normal" unless given. */
  readonly priority?: Priority;
  readonly tenant?: string;
  /** The least level of each skill an agent must have, 0 to 1. */
  readonly requires?: Readonly<Record<string, number>>;
  /** Skills that make an agent better for it, with their weight. */
  readonly prefers?: Readonly<Record<string, number>>;
  readonly resources?: Readonly<Record<string, number>>;
  readonly region?: string;
  /** Wall-clock milliseconds it should be done by: it becomes more urgent as that comes near. */
  readonly deadlineMs?: number;
  /** Not begun this long after now, it expires. */
  readonly ttlMs?: number;
  /** How long it takes, as estimated; what tasks of its kind took, unless given. */
  readonly durationMs?: number;
  /** Attempts before it is given up; 3 unless given. */
  readonly attempts?: number;
  /** Between attempts; from 1 s, doubled to at most 60 s, unless given. */
  readonly backoff?: Backoff;
  /** Tasks that must be done before it. */
  readonly after?: readonly string[];
  readonly parent?: string;
  /** The same key gives the same task. */
  readonly key?: string;
  /** Mode quorum: the seats whose majority acknowledges a start; those present unless given. */
  readonly electors?: readonly string[];
}

export interface SubmitContext {
  readonly seat: string;
  readonly nowMs: number;
  readonly leaseMs: number;
  readonly present: () => readonly string[];
  readonly nextId: () => string;
}

const BACKOFF: Backoff = { baseMs: 1_000, mostMs: 60_000 };
const ATTEMPTS = 3;
const KEYED_ID_BYTES = 16;

/** The id and record of a task. Errors: invalid-argument. */
export function specOf(request: TaskRequest, context: SubmitContext): { id: string; spec: TaskSpec } {
  const {
    mode = "eventual",
    priority = "normal",
    ttlMs,
    key,
    electors,
    attempts = ATTEMPTS,
    ...same
  } = request;
  const spec: TaskSpec = {
    ...defined(same),
    kind: request.kind,
    mode,
    atMs: context.nowMs,
    seat: context.seat,
    priority: PRIORITIES.indexOf(priority),
    attempts,
    backoff: request.backoff ?? BACKOFF,
    ...(ttlMs === undefined ? {} : { expiresMs: context.nowMs + ttlMs }),
    ...(key === undefined ? {} : { key }),
    ...(mode === "quorum" ? { electors: electorsOf(request, context), leaseMs: context.leaseMs } : {}),
    ...(mode !== "quorum" && electors !== undefined ? { electors } : {}),
  };
  if (readTaskSpec(spec) === undefined) {
    throw new CrdtError(
      "invalid-argument",
      `task of kind ${JSON.stringify(request.kind)}: a field of it does not fit; names are up to 128 characters without blanks, levels and times finite numbers from 0, electors only in mode quorum`,
    );
  }
  return { id: key === undefined ? context.nextId() : keyedId(key, spec), spec };
}

function electorsOf({ electors, key }: TaskRequest, { present }: SubmitContext): readonly string[] {
  if (electors === undefined && key !== undefined) {
    throw new CrdtError(
      "invalid-argument",
      `task with key ${JSON.stringify(key)} in mode quorum: give its electors, so that the key names one task whoever is present`,
    );
  }
  const chosen = [...(electors ?? present())].sort();
  if (chosen.length === 0 || chosen.length > TASK_ELECTORS_MAX) {
    throw new CrdtError(
      "limit-exceeded",
      `${chosen.length} electors: a task in mode quorum has 1 to ${TASK_ELECTORS_MAX}; name them`,
    );
  }
  return chosen;
}

function keyedId(key: string, { mode, seat, electors = [], leaseMs = 0 }: TaskSpec): string {
  const rule = mode === "eventual" ? [] : mode === "owned" ? [seat] : [...electors, String(leaseMs)];
  const bytes = new TextEncoder().encode(JSON.stringify([key, mode, ...rule]));
  const digest = sha256(bytes).subarray(0, KEYED_ID_BYTES);
  return `k${Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

const defined = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
