// Timing of work that needs a fresh state every time. tinybench runs a hook before each iteration, but it measures
// thousands of iterations by time and keeps warming up, while here one preparation may cost a hundred times what is
// timed; so these loops take few, whole samples and their median. Work that leaves its state as it was goes to
// tinybench (`steadyNs`).
import { Bench } from "tinybench";

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle];
  if (upper === undefined) throw new Error("the median of nothing");
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** Collects garbage where Node was started with --expose-gc, so that no sample pays for the one before it. */
export function collectGarbage(): void {
  globalThis.gc?.();
}

export function elapsedNs(work: () => void): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start);
}

export async function elapsedNsAsync(work: () => Promise<void>): Promise<number> {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start);
}

export interface Repetition {
  /** Samples that are thrown away. */
  readonly warmups: number;
  readonly samplesMin: number;
  /** After this much wall time no further sample is started. */
  readonly budgetMs: number;
}

/** Times in nanoseconds by what was timed. */
export type Times = Readonly<Record<string, number>>;

/** Calls `sample`, which prepares, times and checks once, until the budget is spent; gives the medians. */
export async function repeat(
  repetition: Repetition,
  sample: () => Times | Promise<Times>,
): Promise<Record<string, number>> {
  for (let warmup = 0; warmup < repetition.warmups; warmup += 1) await sample();
  const columns: Record<string, number[]> = {};
  const end = performance.now() + repetition.budgetMs;
  for (let count = 0; count < repetition.samplesMin || performance.now() < end; count += 1) {
    for (const [name, time] of Object.entries(await sample())) {
      columns[name] ??= [];
      columns[name].push(time);
    }
  }
  return Object.fromEntries(Object.entries(columns).map(([name, times]) => [name, median(times)]));
}

/** Median nanoseconds of one call of `work`, which must leave its state as it found it. */
export function steadyNs(work: () => void, budgetMs: number): number {
  const bench = new Bench({ time: budgetMs, warmupTime: budgetMs / 2, retainSamples: true, throws: true });
  bench.add("work", work);
  const [task] = bench.runSync();
  const result = task?.result;
  if (result === undefined || !("latency" in result)) throw new Error("the benchmark gave no result");
  return result.latency.p50 * 1e6;
}
