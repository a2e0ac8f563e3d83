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

/**
 * Nanoseconds since a start: wall time, or the process's processor time where that is less, because then the machine
 * ran something else meanwhile.
 */
function elapsedSince(start: bigint, before: NodeJS.CpuUsage): number {
  const elapsed = Number(process.hrtime.bigint() - start);
  const { user, system } = process.cpuUsage(before);
  return Math.min(elapsed, (user + system) * 1_000);
}

/** Nanoseconds `work` took. */
export function elapsedNs(work: () => void): number {
  const before = process.cpuUsage();
  const start = process.hrtime.bigint();
  work();
  return elapsedSince(start, before);
}

/** The same for work that ends later. Waiting for somebody outside this process does not count. */
export async function elapsedNsAsync(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  const start = process.hrtime.bigint();
  await work();
  return elapsedSince(start, before);
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
  { warmups, samplesMin, budgetMs }: Repetition,
  sample: () => Times | Promise<Times>,
): Promise<Record<string, number>> {
  for (let warmup = 0; warmup < warmups; warmup += 1) await sample();
  const samples: Times[] = [];
  const end = performance.now() + budgetMs;
  while (samples.length < samplesMin || performance.now() < end) samples.push(await sample());
  return medians(samples);
}

function medians(samples: readonly Times[]): Record<string, number> {
  const names = Object.keys(samples[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, median(samples.map((times) => times[name] as number))]),
  );
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
