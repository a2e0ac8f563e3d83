// Windowed aggregates over 10 M rows of 1,000 labels: count, sum, mean, minimum and maximum of each window of an hour and
// label, by what a person would take instead. A round loads once and asks: `-load` is taking the rows in from columns in
// memory, `-query` the median of questions asked again, `-first` load and first question together. DuckDB and arquero need
// `npm install --prefix bench/rivals` once. All must find the same windows, counts, extremes, and sums in hundredths.

import { openEngine } from "../engines.ts";
import type { Columns, WindowColumns, WindowTable } from "../rivals/windows/window-table.ts";
import { collectGarbage, elapsedNs, repeat } from "../timing.ts";
import type { Circumstances, Outcome, Workload } from "../workload.ts";

const START_MS = 1_760_000_000_000;
const WIDTH_MS = 3_600_000;

type Entrant = WindowTable & { prepare?(columns: Columns): void };

const entrants: Readonly<Record<string, () => Promise<Entrant>>> = {
  baseline: async () => (await ours()).resident(await openEngine("baseline")),
  wasm: async () => (await ours()).resident(await openEngine("wasm")),
  "wasm, container": async () => (await ours()).container(await openEngine("wasm")),
  "wasm, snapshot": async () => (await ours()).snapshot(await openEngine("wasm")),
  "typed arrays": async () => (await import("../rivals/windows/typed-arrays.ts")).typedArrays(),
  arquero: async () => (await import("../rivals/windows/arquero.ts")).arquero(),
  "@duckdb/duckdb-wasm": async () => (await import("../rivals/windows/duckdb.ts")).duckdb(),
};
const ours = () => import("../rivals/windows/ours.ts");

/** A walk a label in hundredths, a point a second, by a small generator that is the same everywhere. */
function columnsOf(labelCount: number, points: number): Columns {
  const total = labelCount * points;
  const labels = new Int32Array(total);
  const times = new Float64Array(total);
  const values = new Float64Array(total);
  let state = 20_251_122;
  for (let row = 0, hundredths = 0; row < total; row += 1) {
    const point = row % points;
    if (point === 0) hundredths = 2_000;
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    hundredths += Math.floor((state / 4294967296) * 61) - 30;
    labels[row] = (row - point) / points;
    times[row] = START_MS + point * 1_000;
    values[row] = hundredths / 100;
  }
  return { labels, times, values };
}

/** A hash of all windows; sums add up in another order everywhere, so they are compared in whole hundredths. */
function checkOf(found: WindowColumns): string {
  let hash = 0x811c9dc5;
  const note = (value: number): void => {
    hash = Math.imul(hash ^ (value % 4294967296), 0x01000193) >>> 0;
  };
  for (let row = 0; row < found.labels.length; row += 1) {
    const count = Number(found.counts[row]);
    const sum = found.sums[row]!;
    const mean = found.means[row]!;
    if (Math.abs(mean * count - sum) > 1e-9 * Math.abs(sum))
      throw new Error(`a mean of ${mean}, not ${sum / count}`);
    note(found.labels[row]!);
    note(found.starts[row]! / WIDTH_MS);
    for (const value of [found.minima[row]!, found.maxima[row]!, sum]) note(Math.round(value * 100));
    note(count);
  }
  return `${found.labels.length} windows, ${hash.toString(16)}`;
}

async function run({ competitor, isQuick }: Circumstances): Promise<Outcome> {
  const [labels, points] = isQuick ? [3, 7_300] : [1_000, 10_000];
  const columns = columnsOf(labels, points);
  const entrant = await entrants[competitor]!();
  entrant.prepare?.(columns);
  collectGarbage();
  const load = elapsedNs(() => entrant.load(columns));
  let found: WindowColumns | undefined;
  const ask = (): number =>
    elapsedNs(() => {
      found = entrant.windows(WIDTH_MS);
    });
  const first = load + ask();
  const check = checkOf(found!);
  const repetition = { warmups: 0, samplesMin: isQuick ? 1 : 2, budgetMs: isQuick ? 0 : 1_500 };
  const { query = Number.NaN } = await repeat(repetition, () => ({ query: ask() }));
  if (checkOf(found!) !== check) throw new Error("a question was answered in two ways");
  const n = labels * points;
  const sample = (name: string, ns: number) => ({ workload: `rivals-series-${name}`, n, nsPerOp: ns / n });
  return { samples: [sample("load", load), sample("query", query), sample("first", first)], check };
}

export const rivalsSeries: Workload = {
  name: "rivals-series",
  competitors: Object.keys(entrants),
  rounds: 3,
  run,
};
