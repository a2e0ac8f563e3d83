// Makes a failing run smaller: fewer faults, fewer nodes, less writing, as long as the same check fails. Items are left
// out in halves, then quarters, down to one by one (ddmin without its complements; Zeller and Hildebrandt 2002,
// https://www.st.cs.uni-saarland.de/papers/tse2002/). What is left is not the smallest, only small.
import type { Violation } from "./checks.ts";
import { type SimulationOptions, type SimulationResult, simulate } from "./simulation.ts";

export interface Shrunk {
  readonly options: SimulationOptions;
  readonly violation: Violation;
  /** Runs it took. */
  readonly runs: number;
}

export interface ShrinkOptions {
  /** Runs at most; 200 unless given. */
  readonly runsMax?: number;
  readonly run?: (options: SimulationOptions) => Promise<SimulationResult>;
}

const RUNS_MAX = 200;
const WRITE_STEPS = 6;

/** Shrinks the run that gave `failed`. */
export async function shrink(failed: SimulationResult, options: ShrinkOptions = {}): Promise<Shrunk> {
  return new Shrinking(failed, options).shrink(failed.schedule.length);
}

class Shrinking {
  readonly #run: (options: SimulationOptions) => Promise<SimulationResult>;
  readonly #runsMax: number;
  #best: SimulationOptions;
  #violation: Violation;
  #runs = 0;

  constructor(
    { options, violations }: SimulationResult,
    { run = simulate, runsMax = RUNS_MAX }: ShrinkOptions,
  ) {
    this.#best = options;
    this.#violation = violations[0]!;
    this.#run = run;
    this.#runsMax = runsMax;
  }

  async shrink(scheduled: number): Promise<Shrunk> {
    const faults = this.#best.keepFaults ?? Array.from({ length: scheduled }, (_, number) => number);
    const without = new Set(this.#best.withoutNodes);
    const nodes = Array.from({ length: this.#best.nodes }, (_, index) => index).filter(
      (index) => !without.has(index),
    );
    await this.#endSooner();
    await this.#minimise(faults, (keepFaults) => ({ keepFaults }));
    await this.#minimise(nodes, (kept) => ({ withoutNodes: this.#allBut(kept) }));
    await this.#endSooner();
    return { options: this.#best, violation: this.#violation, runs: this.#runs };
  }

  #allBut(kept: readonly number[]): number[] {
    const keeps = new Set(kept);
    return Array.from({ length: this.#best.nodes }, (_, index) => index).filter((index) => !keeps.has(index));
  }

  /** Leaves out as many items as the failure allows. */
  async #minimise<T>(
    items: readonly T[],
    change: (kept: readonly T[]) => Partial<SimulationOptions>,
  ): Promise<void> {
    let kept = items;
    for (let size = Math.ceil(kept.length / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let from = 0; from < kept.length; ) {
        const fewer = [...kept.slice(0, from), ...kept.slice(from + size)];
        if (await this.#stillFails(change(fewer))) kept = fewer;
        else from += size;
      }
    }
  }

  async #endSooner(): Promise<void> {
    for (let step = 0; step < WRITE_STEPS; step++) {
      const seconds = this.#best.writeSeconds ?? this.#best.seconds;
      if (!(await this.#stillFails({ writeSeconds: Math.round(seconds * 500) / 1000 }))) return;
    }
  }

  async #stillFails(change: Partial<SimulationOptions>): Promise<boolean> {
    if (this.#runs >= this.#runsMax) return false;
    this.#runs++;
    const options = { ...this.#best, ...change };
    const { violations } = await this.#run(options);
    const same = violations.find(({ check }) => check === this.#violation.check);
    if (same === undefined) return false;
    this.#best = options;
    this.#violation = same;
    return true;
  }
}
