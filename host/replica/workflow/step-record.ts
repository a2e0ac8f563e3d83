// What a workflow writes into its log: definitions, starts, steps, expiries and resets. A record is a plain value;
// reading checks its whole shape, so that a replay meets nothing it does not know. Records of other programs that do
// not fit are undefined here, and ignored alike everywhere.
import type { Value } from "../../wire/value.ts";

export type Context = { readonly [name: string]: Value };

/** Who holds what an exclusive step works on. A token never falls from one holder to the next. */
export interface Lease {
  readonly holder: string;
  readonly token: number;
}

interface InstanceRecord {
  /** The instance. */
  readonly id: string;
  /** A timestamp this record comes after, where the clock that wrote it was behind one. */
  readonly after?: number;
}

export interface StartRecord extends InstanceRecord {
  readonly kind: "start";
  /** The fingerprint of the definition it follows. */
  readonly workflow: string;
  readonly context: Context;
}

export interface TransitionRecord extends InstanceRecord {
  readonly kind: "transition";
  readonly transition: string;
  readonly role?: string;
  readonly payload?: Value;
  /** Entries the context gets. */
  readonly context?: Context;
  readonly lease?: Lease;
}

export interface TimeoutRecord extends InstanceRecord {
  readonly kind: "timeout";
  readonly transition: string;
  /** What time it was, in milliseconds. */
  readonly nowMs: number;
}

export interface ResetRecord extends InstanceRecord {
  readonly kind: "reset";
  readonly reason: string;
}

export type StepRecord = StartRecord | TransitionRecord | TimeoutRecord | ResetRecord;

export interface DefinitionRecord {
  readonly kind: "definition";
  /** A workflow definition that is still to be checked. */
  readonly definition: unknown;
}

/** The record in `value`; undefined where there is none. */
export function readStepRecord(value: unknown): StepRecord | DefinitionRecord | undefined {
  if (!isObject(value)) return undefined;
  if (value.kind === "definition") return { kind: "definition", definition: value.definition };
  const { id, after } = value;
  if (typeof id !== "string" || id === "") return undefined;
  if (after !== undefined && !isTime(after)) return undefined;
  const isRead = isStart(value) || isTransition(value) || isTimeout(value) || isReset(value);
  return isRead ? (value as unknown as StepRecord) : undefined;
}

function isStart({ kind, workflow, context }: Record<string, unknown>): boolean {
  return kind === "start" && typeof workflow === "string" && isObject(context);
}

function isTransition(value: Record<string, unknown>): boolean {
  const { kind, transition, role, context, lease } = value;
  if (kind !== "transition" || typeof transition !== "string") return false;
  if (role !== undefined && typeof role !== "string") return false;
  return (context === undefined || isObject(context)) && (lease === undefined || isLease(lease));
}

function isTimeout({ kind, transition, nowMs }: Record<string, unknown>): boolean {
  return kind === "timeout" && typeof transition === "string" && isTime(nowMs);
}

function isReset({ kind, reason }: Record<string, unknown>): boolean {
  return kind === "reset" && typeof reason === "string";
}

export function isLease(value: unknown): value is Lease {
  if (!isObject(value) || typeof value.holder !== "string" || value.holder === "") return false;
  return isTime(value.token);
}

/** Whether `value` is an object that can be a context: no array, no bytes. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
