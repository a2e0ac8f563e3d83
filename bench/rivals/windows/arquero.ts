// arquero: a table over the columns without a copy, one groupby and one rollup.
import { op, table } from "arquero";
import type { WindowTable } from "./window-table.ts";

export function arquero(): WindowTable {
  let rows: ReturnType<typeof table> | undefined;
  return {
    load({ labels, times, values }) {
      rows = table({ label: labels, time: times, value: values });
    },
    windows(widthMs) {
      const found = rows!
        .params({ widthMs })
        .groupby("label", {
          start: (row: { time: number }, { widthMs: width }: { widthMs: number }) =>
            op.floor(row.time / width) * width,
        })
        .rollup({
          count: op.count(),
          sum: op.sum("value"),
          mean: op.mean("value"),
          minimum: op.min("value"),
          maximum: op.max("value"),
        })
        .orderby("label", "start");
      const column = (name: string): ArrayLike<number> => found.array(name);
      return {
        labels: column("label"),
        starts: column("start"),
        counts: column("count"),
        sums: column("sum"),
        means: column("mean"),
        minima: column("minimum"),
        maxima: column("maximum"),
      };
    },
  };
}
