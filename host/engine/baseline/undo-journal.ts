// What makes mutations, merges and transactions all or nothing: a list of what to take back, newest last. An entry in
// the journal stands for "it entered or left", whichever its state says; everything else is a function.
import type { Entry } from "./entry.ts";

export type UndoStep = Entry | (() => void);

export class UndoJournal {
  #steps: UndoStep[] = [];

  get length(): number {
    return this.#steps.length;
  }

  push(step: UndoStep): void {
    this.#steps.push(step);
  }

  /** Two steps that only make sense together. */
  pushBoth(first: UndoStep, second: UndoStep): void {
    this.#steps.push(first, second);
  }

  /** Takes back everything after `length`, newest first. */
  undo(length: number, toggle: (entry: Entry) => void): void {
    const steps = this.#steps;
    while (steps.length > length) {
      const step = steps.pop()!;
      if (typeof step === "function") step();
      else toggle(step);
    }
  }

  clear(): void {
    if (this.#steps.length > 0) this.#steps = [];
  }
}
