// The one rule of a workflow: what a step makes of an instance, or why it makes nothing of it. A pure function of the
// two, used to refuse local steps before they are logged and to replay all of them afterwards.
import type { CheckedTransition, CheckedWorkflow } from "./definition.ts";
import { guardHolds } from "./guard.ts";
import type { Context, StartRecord, StepRecord, TimeoutRecord, TransitionRecord } from "./step-record.ts";

/** An instance between two steps. Never changed in place: steps make new ones. */
export interface InstanceState {
  readonly workflow: CheckedWorkflow;
  readonly state: string;
  readonly context: Context;
  /** What a reset goes back to. */
  readonly startContext: Context;
  /** When it came into this state, in milliseconds. */
  readonly enteredMs: number;
  /** The greatest lease token an exclusive step has used; -1 before the first. */
  readonly token: number;
}

export interface Refusal {
  readonly why: string;
  /** Whether a lease is all that was missing. */
  readonly isLeaseMissing: boolean;
}

export type Verdict = { readonly next: InstanceState } | { readonly refusal: Refusal };

/** What `step`, taken at `timeMs`, makes of `before`; undefined is an instance that was not started. */
export function judgeStep(
  before: InstanceState | undefined,
  step: StepRecord,
  timeMs: number,
  workflows: ReadonlyMap<string, CheckedWorkflow>,
): Verdict {
  if (step.kind === "start") return judgeStart(before, step, timeMs, workflows);
  if (before === undefined) return refused("it was never started");
  if (step.kind === "reset") {
    const { workflow, startContext } = before;
    return { next: { ...before, state: workflow.initial, context: startContext, enteredMs: timeMs } };
  }
  const transition = before.workflow.transitions.find(({ name }) => name === step.transition);
  if (transition === undefined) {
    return refused(`workflow "${before.workflow.name}" has no transition "${step.transition}"`);
  }
  if (!transition.from.includes(before.state)) {
    return refused(`it is "${before.state}", and "${transition.name}" starts from ${list(transition.from)}`);
  }
  return step.kind === "timeout"
    ? judgeTimeout(before, transition, step, timeMs)
    : judgeTransition(before, transition, step, timeMs);
}

/** When `transition` times out for an instance in `state`; undefined where it does not. */
export function dueMsOf(state: InstanceState, transition: CheckedTransition): number | undefined {
  if (transition.timeoutMs === undefined || !transition.from.includes(state.state)) return undefined;
  return state.enteredMs + transition.timeoutMs;
}

function judgeStart(
  before: InstanceState | undefined,
  { workflow: fingerprint, context }: StartRecord,
  timeMs: number,
  workflows: ReadonlyMap<string, CheckedWorkflow>,
): Verdict {
  if (before !== undefined) return refused(`it was started already and is "${before.state}"`);
  const workflow = workflows.get(fingerprint);
  if (workflow === undefined) return refused(`its definition ${fingerprint} is not in the log`);
  const state = workflow.initial;
  return { next: { workflow, state, context, startContext: context, enteredMs: timeMs, token: -1 } };
}

function judgeTransition(
  before: InstanceState,
  transition: CheckedTransition,
  { role, payload, context, lease }: TransitionRecord,
  timeMs: number,
): Verdict {
  const { name, roles, guard, exclusive, to } = transition;
  if (roles !== undefined && (role === undefined || !roles.includes(role))) {
    const given = role === undefined ? "no role" : `the role "${role}"`;
    return refused(`"${name}" is for ${list(roles)}, and ${given} was given`);
  }
  if (guard !== undefined && !guardHolds(guard, before.context, payload)) {
    return refused(`the guard of "${name}" does not hold`);
  }
  let token = before.token;
  if (exclusive === true) {
    if (lease === undefined) return refused(`"${name}" is exclusive and came without a lease`, true);
    if (lease.token < token) {
      return refused(`the lease of "${lease.holder}" has token ${lease.token}, and ${token} was used before`);
    }
    token = lease.token;
  }
  const merged = context === undefined ? before.context : Object.freeze({ ...before.context, ...context });
  return { next: { ...before, state: to, context: merged, enteredMs: timeMs, token } };
}

function judgeTimeout(
  before: InstanceState,
  transition: CheckedTransition,
  { nowMs }: TimeoutRecord,
  timeMs: number,
): Verdict {
  const dueMs = dueMsOf(before, transition);
  if (dueMs === undefined) return refused(`"${transition.name}" has no timeout`);
  if (nowMs < dueMs) return refused(`"${transition.name}" times out ${dueMs - nowMs} ms later`);
  return { next: { ...before, state: transition.timeoutTo!, enteredMs: timeMs } };
}

function refused(why: string, isLeaseMissing = false): Verdict {
  return { refusal: { why, isLeaseMissing } };
}

function list(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
