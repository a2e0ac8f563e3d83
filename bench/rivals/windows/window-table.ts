// What every library has to do that answers windowed aggregates: take in rows of (label, time, value) and give, of each
// label and window, count, sum, mean, minimum and maximum. Labels are small integers, which spares the rivals comparing
// texts; rows come label by label in order of time, as all of them like best.

export interface Columns {
  readonly labels: Int32Array;
  /** Milliseconds. */
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** A row a label and window that holds a point, by label and then by start. */
export interface WindowColumns {
  readonly labels: ArrayLike<number>;
  readonly starts: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
  readonly sums: ArrayLike<number>;
  readonly means: ArrayLike<number>;
  readonly minima: ArrayLike<number>;
  readonly maxima: ArrayLike<number>;
}

export interface WindowTable {
  /** Takes the rows in as far as it must before it can be asked. */
  load(columns: Columns): void;
  windows(widthMs: number): WindowColumns;
}

/** Columns of results that grow by doubling. */
export class WindowCollector implements WindowColumns {
  readonly labels: number[] = [];
  readonly starts: number[] = [];
  readonly counts: number[] = [];
  readonly sums: number[] = [];
  readonly means: number[] = [];
  readonly minima: number[] = [];
  readonly maxima: number[] = [];

  add(label: number, start: number, count: number, sum: number, minimum: number, maximum: number): void {
    this.labels.push(label);
    this.starts.push(start);
    this.counts.push(count);
    this.sums.push(sum);
    this.means.push(sum / count);
    this.minima.push(minimum);
    this.maxima.push(maximum);
  }
}
