// Combines the parts of a row of aggregates in the order and by the operations that `SERIES_REQUESTS` in engine.ts fixes:
// squared deviations as Chan, Golub and LeVeque put two samples together (Updating formulae and a pairwise algorithm for
// computing sample variances, 1979). Cost: O(1) a part.
import { WINDOW_FIELD_COUNT, WINDOW_FIELDS } from "../engine.ts";
import { byDot, type Entry } from "./entry.ts";
import type { PointPart } from "./series-label.ts";

export class PointAccumulator {
  /** What the row begins with. */
  start: number;
  #count = 0;
  #sum = 0;
  #minimum = Number.POSITIVE_INFINITY;
  #maximum = Number.NEGATIVE_INFINITY;
  #squares = 0;
  #first: PointPart | undefined;
  #firstEntry: Entry | undefined;
  #last: PointPart | undefined;
  #lastEntry: Entry | undefined;

  constructor(start: number) {
    this.start = start;
  }

  /** Adds points of the chunk `entry`. Parts come in the order of their rows. */
  add(part: PointPart, entry: Entry): void {
    const count = this.#count;
    if (count === 0) {
      this.#sum = part.sum;
      this.#squares = part.squares;
    } else {
      const delta = part.sum / part.count - this.#sum / count;
      const weight = (count * part.count) / (count + part.count);
      this.#squares = this.#squares + part.squares + delta * delta * weight;
      this.#sum += part.sum;
    }
    this.#count = count + part.count;
    this.#minimum = Math.min(this.#minimum, part.minimum);
    this.#maximum = Math.max(this.#maximum, part.maximum);
    this.#noteEnds(part, entry);
  }

  /** The time of its first point; 0 of none. */
  get firstTime(): number {
    return this.#first?.firstTime ?? 0;
  }

  write(rows: Float64Array, at: number): void {
    rows[at + WINDOW_FIELDS.start] = this.start;
    rows[at + WINDOW_FIELDS.count] = this.#count;
    rows[at + WINDOW_FIELDS.sum] = canonical(this.#sum);
    rows[at + WINDOW_FIELDS.minimum] = this.#minimum;
    rows[at + WINDOW_FIELDS.maximum] = this.#maximum;
    rows[at + WINDOW_FIELDS.first] = this.#first?.firstValue ?? 0;
    rows[at + WINDOW_FIELDS.last] = this.#last?.lastValue ?? 0;
    rows[at + WINDOW_FIELDS.squares] = canonical(this.#squares);
  }

  #noteEnds(part: PointPart, entry: Entry): void {
    const first = this.#first;
    const last = this.#last;
    if (first === undefined || isBefore(part.firstTime, entry, first.firstTime, this.#firstEntry!)) {
      this.#first = part;
      this.#firstEntry = entry;
    }
    if (last === undefined || isBefore(last.lastTime, this.#lastEntry!, part.lastTime, entry)) {
      this.#last = part;
      this.#lastEntry = entry;
    }
  }
}

/** Writes the rows of accumulators one after another. */
export function writeRows(accumulators: readonly PointAccumulator[], rows: Float64Array, at = 0): void {
  accumulators.forEach((accumulator, index) => {
    accumulator.write(rows, at + index * WINDOW_FIELD_COUNT);
  });
}

/** Whether a point at `time` in `entry` comes before one at `otherTime` in `other`. */
function isBefore(time: number, entry: Entry, otherTime: number, other: Entry): boolean {
  return time === otherTime ? byDot(entry, other) < 0 : time < otherTime;
}

/** Machines give NaN different bits. */
function canonical(value: number): number {
  return Number.isNaN(value) ? Number.NaN : value;
}
