// How often each transition of a workflow was taken, kept current by instance: a change is counted anew for the
// instances it names alone, since the histories of all are long. Cost: the steps of the instances that changed.

import type { WorkflowDefinition, WorkflowHandle } from "../../../index.ts";
import type { Step } from "./state-diagram.ts";

export class StepCounts {
  readonly #workflow: WorkflowHandle;
  readonly #byInstance = new Map<string, readonly string[]>();
  readonly #counts = new Map<string, number>();
  readonly #due = new Set<string>();
  #isBegun = false;

  constructor(workflow: WorkflowHandle) {
    this.#workflow = workflow;
  }

  touch(instances: readonly string[]): void {
    for (const id of instances) this.#due.add(id);
  }

  /** The steps taken, and after them those of `definition` that were not. */
  steps(definition: WorkflowDefinition | undefined): Step[] {
    if (!this.#isBegun) this.touch(this.#workflow.instances().map(({ id }) => id));
    this.#isBegun = true;
    for (const id of this.#due) this.#count(id);
    this.#due.clear();
    const steps = [...this.#counts].map(([key, count]) => ({ ...parted(key), count }));
    for (const { name, from, to } of definition?.transitions ?? []) {
      for (const state of typeof from === "string" ? [from] : from) {
        if (!this.#counts.has(joined(state, to, name))) steps.push({ from: state, to, name, count: 0 });
      }
    }
    return steps;
  }

  #count(id: string): void {
    for (const key of this.#byInstance.get(id) ?? []) this.#add(key, -1);
    const keys: string[] = [];
    for (const { from, to, transition, kind, isApplied } of this.#workflow.history(id)) {
      if (!isApplied || from === undefined || to === undefined) continue;
      keys.push(joined(from, to, transition ?? kind));
    }
    for (const key of keys) this.#add(key, 1);
    this.#byInstance.set(id, keys);
  }

  #add(key: string, amount: number): void {
    const count = (this.#counts.get(key) ?? 0) + amount;
    if (count === 0) this.#counts.delete(key);
    else this.#counts.set(key, count);
  }
}

function joined(from: string, to: string, name: string): string {
  return `${from}\0${to}\0${name}`;
}

function parted(key: string): { from: string; to: string; name: string } {
  const [from = "", to = "", name = ""] = key.split("\0");
  return { from, to, name };
}
