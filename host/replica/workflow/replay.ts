// Workflows as a view of their log: all instances, each replayed from its own steps in their total order. Steps that
// do not fit stay, marked with why. A step is ordered by its timestamp, or above the one it says it comes after; ties
// by replica, then sequence. A step that comes last is one judgement; one that comes in between judges anew what lies
// behind it, from the state that was kept there. Left out: shortening the log; each step costs a record.
import { isCrdtError } from "../../errors.ts";
import type { ReplicaId } from "../../wire/replica-id.ts";
import { type ReplayEntry, timeMsOf } from "../replayed-handle.ts";
import { type CheckedWorkflow, checkWorkflow } from "./definition.ts";
import { type InstanceState, judgeStep } from "./judge-step.ts";
import { type DefinitionRecord, readStepRecord, type StepRecord } from "./step-record.ts";

export interface ReplayedStep {
  readonly record: StepRecord;
  readonly replica: ReplicaId;
  readonly sequence: number;
  readonly timestamp: number;
  /** Where it stands in the total order. */
  readonly order: number;
  readonly before: InstanceState | undefined;
  /** The same as `before` where the step was refused. */
  readonly next: InstanceState | undefined;
  /** Why it was refused. */
  readonly why: string | undefined;
}

export class WorkflowReplay {
  readonly #workflows = new Map<string, CheckedWorkflow>();
  readonly #instances = new Map<string, ReplayedStep[]>();
  #unreadable = 0;

  /** The definitions in the log, by fingerprint. */
  get workflows(): ReadonlyMap<string, CheckedWorkflow> {
    return this.#workflows;
  }

  /** Entries that are no records of a workflow. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** The ids of all that a step names, started or not, in the order they were met. */
  ids(): Iterable<string> {
    return this.#instances.keys();
  }

  /** The steps of an instance in their order. */
  steps(id: string): readonly ReplayedStep[] {
    return this.#instances.get(id) ?? [];
  }

  state(id: string): InstanceState | undefined {
    return this.#instances.get(id)?.at(-1)?.next;
  }

  /** Takes in entries that were not there before; returns the instances they concern. */
  add(entries: readonly ReplayEntry[]): Set<string> {
    const records = entries.map((entry) => readStepRecord(entry.value));
    for (const record of records) if (record?.kind === "definition") this.#define(record);
    const firstChanged = new Map<string, number>();
    for (const [index, record] of records.entries()) {
      if (record === undefined) this.#unreadable++;
      else if (record.kind !== "definition") this.#insert(entries[index]!, record, firstChanged);
    }
    for (const [id, first] of firstChanged) this.#replay(this.#instances.get(id)!, first);
    return new Set(firstChanged.keys());
  }

  #define(record: DefinitionRecord): void {
    try {
      const workflow = checkWorkflow(record.definition);
      if (!this.#workflows.has(workflow.fingerprint)) this.#workflows.set(workflow.fingerprint, workflow);
    } catch (error) {
      if (!isCrdtError(error, "invalid-definition")) throw error;
      this.#unreadable++;
    }
  }

  #insert(entry: ReplayEntry, record: StepRecord, firstChanged: Map<string, number>): void {
    const { replica, sequence, timestamp } = entry;
    const order = Math.max(timestamp, record.after === undefined ? 0 : record.after + 1);
    const step = { record, replica, sequence, timestamp, order, ...UNJUDGED };
    const steps = this.#instances.get(record.id) ?? [];
    this.#instances.set(record.id, steps);
    let place = steps.length;
    while (place > 0 && isBefore(step, steps[place - 1]!)) place--;
    steps.splice(place, 0, step);
    firstChanged.set(record.id, Math.min(place, firstChanged.get(record.id) ?? place));
  }

  #replay(steps: ReplayedStep[], first: number): void {
    let before = first === 0 ? undefined : steps[first - 1]!.next;
    for (let index = first; index < steps.length; index++) {
      const step = steps[index]!;
      const timeMs = timeMsOf(step.order);
      const verdict = judgeStep(before, step.record, timeMs, this.#workflows);
      const isTaken = "next" in verdict;
      const next = isTaken ? verdict.next : before;
      steps[index] = { ...step, before, next, why: isTaken ? undefined : verdict.refusal.why };
      before = next;
    }
  }
}

const UNJUDGED = { before: undefined, next: undefined, why: undefined };

function isBefore(left: ReplayedStep, right: ReplayedStep): boolean {
  if (left.order !== right.order) return left.order < right.order;
  if (left.replica !== right.replica) return left.replica < right.replica;
  return left.sequence < right.sequence;
}
