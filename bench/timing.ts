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

/** Of the wall time of a sample, the least that must have been processor time for the sample to count. */
const PROCESSOR_SHARE_MIN = 0.85;
/** How many times the budget may be spent waiting for samples that nobody interrupted. */
const PATIENCE = 4;

let isInterrupted = false;

function note(startNs: bigint, before: NodeJS.CpuUsage): number {
  const elapsed = Number(process.hrtime.bigint() - startNs);
  const { user, system } = process.cpuUsage(before);
  if ((user + system) * 1_000 < elapsed * PROCESSOR_SHARE_MIN) isInterrupted = true;
  return elapsed;
}

/** Nanoseconds `work` took; a sample that lost the processor meanwhile is marked as interrupted. */
export function elapsedNs(work: () => void): number {
  const before = process.cpuUsage();
  const start = process.hrtime.bigint();
  work();
  return note(start, before);
}

/** The same for work that ends later but waits for nothing outside this process. */
export async function elapsedNsAsync(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  const start = process.hrtime.bigint();
  await work();
  return note(start, before);
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

/**
 * Calls `sample`, which prepares, times and checks once, until the budget is spent; gives the medians. On a shared
 * machine samples that were interrupted are left out, if enough others came within a few times the budget.
 */
export async function repeat(
  repetition: Repetition,
  sample: () => Times | Promise<Times>,
): Promise<Record<string, number>> {
  const { warmups, samplesMin, budgetMs } = repetition;
  for (let warmup = 0; warmup < warmups; warmup += 1) await sample();
  const all: Times[] = [];
  const clean: Times[] = [];
  const start = performance.now();
  const spent = (): number => performance.now() - start;
  while (
    all.length < samplesMin ||
    spent() < budgetMs ||
    (clean.length < samplesMin && spent() < PATIENCE * budgetMs)
  ) {
    isInterrupted = false;
    const times = await sample();
    all.push(times);
    if (!isInterrupted) clean.push(times);
  }
  return medians(clean.length >= samplesMin ? clean : all);
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
