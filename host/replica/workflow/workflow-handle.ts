// Workflows as a view of a log: instances by id, each in the state that its logged steps lead to in their total order
// (replay.ts). A step that is not allowed here and now is refused before it is logged; one that loses to a concurrent
// step stays in the history, marked. An instance follows the definition it was started under, which is in the log, so
// replays are equal everywhere. Reads cost the steps that came since the last one.
import { CrdtError } from "../../errors.ts";
import { unsharedBytes } from "../../wire/unshared-bytes.ts";
import { defineEntry, jsonView, type Value } from "../../wire/value.ts";
import type { ChangeOrigin, WorkflowChange } from "../change.ts";
import type { HandleOwner } from "../container-handle.ts";
import { type ReplayEntry, ReplayedHandle, timeMsOf } from "../replayed-handle.ts";
import { type CheckedTransition, type CheckedWorkflow, workflowRecord } from "./definition.ts";
import { guardHolds, guardReadsPayload } from "./guard.ts";
import { type Compensation, compensationsOf, type HistoryStep, historyOf } from "./history.ts";
import { dueMsOf, type InstanceState, judgeStep } from "./judge-step.ts";
import { WorkflowReplay } from "./replay.ts";
import { type Context, isLease, type Lease, readStepRecord, type StepRecord } from "./step-record.ts";

export interface StepOptions {
  /** Of a transition that names roles: one of them. */
  readonly role?: string;
  /** What the guard sees besides the context; kept in the history. */
  readonly payload?: Value;
  /** Entries that the context gets if the step is taken. */
  readonly context?: Context;
  /** Of an exclusive transition. Its token is not below any that was used before. */
  readonly lease?: Lease;
}

export interface ListedInstance {
  readonly id: string;
  readonly state: string;
  /** The name of the definition it follows. */
  readonly workflow: string;
  /** When it came into this state, in milliseconds. */
  readonly sinceMs: number;
}

export interface DueTimeout {
  readonly id: string;
  readonly transition: string;
  /** The state it expires to. */
  readonly to: string;
  /** Since when it is due, in milliseconds. */
  readonly dueMs: number;
}

export interface WorkflowStatistics {
  readonly instances: number;
  readonly byState: { readonly [state: string]: number };
  /** Steps that had an effect: starts, transitions, timeouts and resets. */
  readonly applied: number;
  /** Steps that lost to a concurrent one. */
  readonly refused: number;
  /** Entries of the log that are no records of a workflow. */
  readonly unreadable: number;
}

/** `Transition` is the names that the definition of the schema has; an instance may follow another one. */
export class WorkflowHandle<Transition extends string = string> extends ReplayedHandle {
  readonly type = "workflow";
  readonly #workflow: CheckedWorkflow;
  #replay = new WorkflowReplay();

  constructor(owner: HandleOwner, index: number, name: string, workflow: CheckedWorkflow) {
    super(owner, index, name);
    this.#workflow = workflow;
  }

  /** Starts an instance in the initial state. Errors: illegal-transition where it was started, invalid-argument, invalid-value. */
  start(id: string, context: Context = {}): void {
    const workflow = this.#workflow;
    const record: StepRecord = { kind: "start", id, workflow: workflow.fingerprint, context };
    const isLogged = this.#refreshed().workflows.has(workflow.fingerprint);
    const checked = this.#checked(record, new Map([[workflow.fingerprint, workflow]]));
    if (isLogged) {
      this.append(checked);
      return;
    }
    this.owner.bulk(() => {
      this.append({ kind: "definition", definition: workflowRecord(workflow) });
      this.append(checked);
    });
  }

  /** Takes a transition. Errors: illegal-transition, lease-required, invalid-argument, invalid-value; they change nothing. */
  transition(id: string, transition: Transition | (string & {}), options: StepOptions = {}): void {
    const { role, payload, context, lease } = options;
    const record = {
      kind: "transition",
      id,
      transition,
      ...(role === undefined ? {} : { role }),
      ...(payload === undefined ? {} : { payload }),
      ...(context === undefined ? {} : { context }),
      ...(lease === undefined
        ? {}
        : { lease: isLease(lease) ? { holder: lease.holder, token: lease.token } : lease }),
    } as const;
    this.append(this.#checked(record));
  }

  /** Goes back to the initial state and the context of the start. Errors: illegal-transition, invalid-argument. */
  reset(id: string, reason: string): void {
    this.append(this.#checked({ kind: "reset", id, reason }));
  }

  /** The state of an instance; undefined where it was not started. */
  state(id: string): string | undefined {
    return this.#refreshed().state(id)?.state;
  }

  /** The context of an instance; undefined where it was not started. */
  context(id: string): Context | undefined {
    const context = this.#refreshed().state(id)?.context;
    return context === undefined ? undefined : (unsharedBytes(context) as Context);
  }

  /**
   * The transitions an instance may take, by `role` if one is given, else by any. A guard that reads the payload is
   * judged by `payload`, and taken to hold where none is given.
   */
  available(id: string, role?: string, payload?: Value): (Transition | (string & {}))[] {
    const state = this.#refreshed().state(id);
    const transitions = state?.workflow.transitions ?? [];
    return transitions.filter((each) => isAvailable(each, state!, role, payload)).map(({ name }) => name);
  }

  /** Every step of an instance in its order, those that lost included. */
  history(id: string): HistoryStep[] {
    return historyOf(this.#refreshed().steps(id));
  }

  /** What the steps of an instance say there is to make good, newest first. Carrying it out is the caller's. */
  compensations(id: string): Compensation[] {
    return compensationsOf(this.#refreshed().steps(id));
  }

  /** All instances, or those in a state, by id. */
  instances({ state }: { readonly state?: string } = {}): ListedInstance[] {
    const listed = this.#states().filter(([, each]) => state === undefined || each.state === state);
    return listed.map(([id, each]) => {
      return { id, state: each.state, workflow: each.workflow.name, sinceMs: each.enteredMs };
    });
  }

  statistics(): WorkflowStatistics {
    const replay = this.#refreshed();
    const states = this.#states().map(([, { state }]) => state);
    const byState: Record<string, number> = {};
    for (const state of states.toSorted()) {
      defineEntry(byState, state, (Object.hasOwn(byState, state) ? byState[state]! : 0) + 1);
    }
    const steps = [...replay.ids()].flatMap((id) => replay.steps(id));
    const refused = steps.filter(({ why }) => why !== undefined).length;
    const { unreadable } = replay;
    return { instances: states.length, byState, applied: steps.length - refused, refused, unreadable };
  }

  /** What has waited for its timeout at `nowMs`, by id: of each instance the timeout that was due first. */
  due(nowMs: number): DueTimeout[] {
    const now = checkedTime(nowMs, this.name);
    return this.#states().flatMap(([id, state]) => firstDue(id, state, now));
  }

  /** Expires all that is due at `nowMs`, as one batch; says what. Two replicas that both do it come to the same. */
  expire(nowMs: number): DueTimeout[] {
    const due = this.due(nowMs);
    if (due.length === 0) return due;
    this.owner.bulk(() => {
      for (const { id, transition } of due) {
        this.append(this.#checked({ kind: "timeout", id, transition, nowMs }));
      }
    });
    return due;
  }

  /** State and context by id; bigints as decimal strings, bytes as base64. */
  toJSON(): Record<string, unknown> {
    const view: Record<string, unknown> = {};
    for (const [id, { state, context }] of this.#states()) {
      defineEntry(view, id, { state, context: jsonView(context) });
    }
    return view;
  }

  takeChange(origin: ChangeOrigin): WorkflowChange | undefined {
    const instances = this.takeTouched();
    if (instances.length === 0) return undefined;
    return { container: this.name, type: "workflow", origin, instances };
  }

  protected forget(): void {
    this.#replay = new WorkflowReplay();
  }

  protected names(): Iterable<string> {
    return this.#replay.ids();
  }

  protected take(entries: readonly ReplayEntry[]): Iterable<string> {
    return this.#replay.add(entries);
  }

  #refreshed(): WorkflowReplay {
    this.refresh();
    return this.#replay;
  }

  #states(): [string, InstanceState][] {
    const replay = this.#refreshed();
    const started: [string, InstanceState][] = [];
    for (const id of [...replay.ids()].sort()) {
      const state = replay.state(id);
      if (state !== undefined) started.push([id, state]);
    }
    return started;
  }

  /** `record` as it is to be logged, if it is allowed now. */
  #checked(record: StepRecord, workflows?: ReadonlyMap<string, CheckedWorkflow>): StepRecord {
    if (readStepRecord(record) === undefined) {
      throw new CrdtError(
        "invalid-argument",
        `${this.name}: a ${record.kind} of ${String(record.id)} takes a text as id, texts as transition, role and reason, an object as context, {holder, token} as lease`,
      );
    }
    const replay = this.#refreshed();
    const clock = this.owner.engine.clock();
    const verdict = judgeStep(
      replay.state(record.id),
      record,
      timeMsOf(clock),
      workflows ?? replay.workflows,
    );
    if ("refusal" in verdict) {
      const { why, isLeaseMissing } = verdict.refusal;
      throw new CrdtError(
        isLeaseMissing ? "lease-required" : "illegal-transition",
        `${this.name}: ${record.kind} of ${JSON.stringify(record.id)} refused: ${why}`,
      );
    }
    // What a clock far ahead has logged must still come before what is done after seeing it.
    const last = replay.steps(record.id).at(-1)?.order ?? 0;
    return last > clock ? { ...record, after: last } : record;
  }
}

function isAvailable(
  { from, roles, guard }: CheckedTransition,
  { state, context }: InstanceState,
  role: string | undefined,
  payload: Value | undefined,
): boolean {
  if (!from.includes(state)) return false;
  if (roles !== undefined && role !== undefined && !roles.includes(role)) return false;
  if (guard === undefined || (payload === undefined && guardReadsPayload(guard))) return true;
  return guardHolds(guard, context, payload);
}

/** The timeout that was due first, as a list of one or none. */
function firstDue(id: string, state: InstanceState, nowMs: number): DueTimeout[] {
  let first: DueTimeout | undefined;
  for (const transition of state.workflow.transitions) {
    const dueMs = dueMsOf(state, transition);
    if (dueMs === undefined || dueMs > nowMs || (first !== undefined && first.dueMs <= dueMs)) continue;
    first = { id, transition: transition.name, to: transition.timeoutTo!, dueMs };
  }
  return first === undefined ? [] : [first];
}

function checkedTime(nowMs: number, name: string): number {
  if (Number.isSafeInteger(nowMs) && nowMs >= 0) return nowMs;
  throw new CrdtError("invalid-argument", `${name}: ${String(nowMs)} is no time; give whole milliseconds`);
}
