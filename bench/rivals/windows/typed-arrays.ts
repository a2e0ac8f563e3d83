// No library: one loop over the columns as they are, that keeps a window in locals while label and window stay the same.
import { type Columns, WindowCollector, type WindowTable } from "./window-table.ts";

export function typedArrays(): WindowTable {
  let columns: Columns | undefined;
  return {
    load(given) {
      columns = given;
    },
    windows(widthMs) {
      const { labels, times, values } = columns!;
      const found = new WindowCollector();
      const length = labels.length;
      for (let row = 0; row < length; ) {
        const label = labels[row]!;
        const start = Math.floor(times[row]! / widthMs) * widthMs;
        const end = start + widthMs;
        const first = row;
        let sum = 0;
        let minimum = Number.POSITIVE_INFINITY;
        let maximum = Number.NEGATIVE_INFINITY;
        for (; row < length && labels[row] === label && times[row]! < end; row += 1) {
          const value = values[row]!;
          sum += value;
          if (value < minimum) minimum = value;
          if (value > maximum) maximum = value;
        }
        found.add(label, start, row - first, sum, minimum, maximum);
      }
      return found;
    },
  };
}
