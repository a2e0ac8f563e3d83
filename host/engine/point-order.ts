// Where the times of a point table descend: rows are appended in ascending stretches, so it is enough to keep the rows at
// which one stretch ends below its predecessor. Shared by both engines. Cost: a question is a binary search.

export class PointOrder {
  /** Rows whose time lies below that of the row before, ascending. */
  readonly #descents: number[] = [];

  /** Notes that the time of `row` lies below that of the row before; rows come ascending. */
  note(row: number): void {
    this.#descents.push(row);
  }

  clear(): void {
    this.#descents.length = 0;
  }

  /** The first row after `from` and before `to` whose time lies below that of the row before. */
  descentIn(from: number, to: number): number | undefined {
    const descents = this.#descents;
    let low = 0;
    let high = descents.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (descents[middle]! > from) high = middle;
      else low = middle + 1;
    }
    const row = descents[low];
    return row !== undefined && row < to ? row : undefined;
  }
}
