// Merging 64 sorted runs of a series: interleaved, as 64 writers of one label give them, and mostly disjoint, as chunks of
// one writer after another. Points are resident.
import { openEngine } from "../engines.ts";
import { elapsedNs, repeat } from "../timing.ts";
import type { Outcome, Workload } from "../workload.ts";

const RUNS = 64;

async function run(
  name: string,
  isDisjoint: boolean,
  competitor: string,
  isQuick: boolean,
): Promise<Outcome> {
  const length = isQuick ? 256 : 16_384;
  const engine = await openEngine(competitor);
  const total = RUNS * length;
  const table = engine.createPointTable(total * 2);
  const bounds = Uint32Array.from({ length: RUNS + 1 }, (_, index) => index * length);
  let state = 12345;
  const below = (bound: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * bound);
  };
  const runs = Array.from({ length: RUNS }, (_, number) => {
    // Disjoint runs reach a hundredth into the next one.
    const start = isDisjoint ? number * length * 990 : below(1000);
    let time = start;
    const times = Float64Array.from({ length }, () => {
      time += below(2000);
      return time;
    });
    return { times, values: Float64Array.from({ length }, () => below(100_000) / 100) };
  });
  const load = (): void => {
    table.clear();
    for (const { times, values } of runs) table.append(times, values);
  };
  const repetition = { warmups: isQuick ? 0 : 3, samplesMin: isQuick ? 1 : 9, budgetMs: isQuick ? 5 : 1000 };
  const { merge = 0 } = await repeat(repetition, () => {
    load();
    return { merge: elapsedNs(() => table.mergeRuns(bounds)) };
  });
  const merged = table.reduce(total, total * 2);
  const last = new Float64Array(1);
  table.read(total * 2 - 1, last, new Float64Array(1));
  if (table.windows(total, total * 2, 0, 2 ** 40).length === 0) throw new Error("the result is out of order");
  return {
    samples: [{ workload: name, n: total, nsPerOp: merge / total }],
    check: `${merged.sum} ${last[0]}`,
  };
}

const variants = [
  ["series-merge-interleaved", false],
  ["series-merge-disjoint", true],
] as const;

export const seriesMerges: readonly Workload[] = variants.map(([name, isDisjoint]) => ({
  name,
  competitors: ["baseline", "wasm"],
  rounds: 5,
  run: ({ competitor, isQuick }) => run(name, isDisjoint, competitor, isQuick),
}));
