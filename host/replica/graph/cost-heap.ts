// A binary heap that gives the least (cost, steps) first (Williams 1964). Cost: O(log n) a push or pop.

export interface CostEntry {
  readonly cost: number;
  readonly steps: number;
  readonly item: number;
}

export class CostHeap {
  readonly #entries: CostEntry[] = [];

  push(cost: number, steps: number, item: number): void {
    const entries = this.#entries;
    const entry = { cost, steps, item };
    let place = entries.length;
    entries.push(entry);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isLess(entry, entries[parent]!)) break;
      entries[place] = entries[parent]!;
      place = parent;
    }
    entries[place] = entry;
  }

  pop(): CostEntry | undefined {
    const entries = this.#entries;
    const least = entries[0];
    const last = entries.pop();
    if (last === undefined || entries.length === 0) return least;
    let place = 0;
    for (;;) {
      let child = place * 2 + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && isLess(entries[child + 1]!, entries[child]!)) child++;
      if (!isLess(entries[child]!, last)) break;
      entries[place] = entries[child]!;
      place = child;
    }
    entries[place] = last;
    return least;
  }
}

function isLess(left: CostEntry, right: CostEntry): boolean {
  return left.cost !== right.cost ? left.cost < right.cost : left.steps < right.steps;
}
