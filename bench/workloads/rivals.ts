// Published libraries and the plain map on the rows of rivals/rows.ts. Needs `npm install --prefix bench/rivals` once.
import { competitors, entrantOf } from "../rivals/roster.ts";
import { type RowSizes, rows } from "../rivals/rows.ts";
import type { Workload } from "../workload.ts";

const full: RowSizes = {
  entries: 100_000,
  writers: 64,
  writesPerWriter: 2_000,
  sharedKeys: 10_000,
  counters: 1_000,
  samplesMin: 2,
  budgetMs: 1_500,
};
const quick: RowSizes = {
  entries: 300,
  writers: 4,
  writesPerWriter: 25,
  sharedKeys: 60,
  counters: 10,
  samplesMin: 1,
  budgetMs: 0,
};

const divided = (sizes: RowSizes, divisor: number): RowSizes => ({
  ...sizes,
  entries: Math.ceil(sizes.entries / divisor),
  writesPerWriter: Math.ceil(sizes.writesPerWriter / divisor),
  sharedKeys: Math.ceil(sizes.sharedKeys / divisor),
  counters: Math.ceil(sizes.counters / divisor),
});

export const rivals: readonly Workload[] = Object.entries(rows).map(([row, measureRow]) => ({
  name: `rivals-${row}`,
  competitors,
  rounds: 1,
  async run(circumstances) {
    const { open, divisors } = entrantOf(circumstances.competitor);
    const sizes = divided(
      circumstances.isQuick ? quick : full,
      circumstances.isQuick ? 1 : (divisors?.[row] ?? 1),
    );
    return measureRow({ rival: await open(), circumstances, sizes });
  },
}));
