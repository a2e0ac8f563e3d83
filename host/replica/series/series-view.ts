// What a series shows: the engine's answers without what retention by points has taken of each label. Rows of several
// labels come label by label, in the order asked for. Cost: one question for all labels; with retention by points two a
// label, each answered from the summaries of chunks but for the chunks at the edges of a range.
import { WINDOW_FIELDS } from "../../engine/engine.ts";
import { mergeSketches } from "../../engine/quantile-sketch.ts";
import { addRow, emptyRow } from "./aggregates.ts";
import type { SeriesPoints } from "./downsample.ts";
import type { ClosedRange } from "./series-arguments.ts";
import type { SeriesQuestions, WindowRow } from "./series-questions.ts";

export class SeriesView {
  readonly #questions: SeriesQuestions;
  readonly #pointsMax: number | undefined;

  /** `pointsMax`: how many points of a label are shown; undefined: all. */
  constructor(questions: SeriesQuestions, pointsMax: number | undefined) {
    this.#questions = questions;
    this.#pointsMax = pointsMax;
  }

  /** Whether nothing is taken away. */
  get isWhole(): boolean {
    return this.#pointsMax === undefined;
  }

  /** The labels that have points, ascending by bytes. */
  labels(): string[] {
    return this.#questions.labels().map(({ label }) => label);
  }

  /** The points of a label in a range, ascending; with `last` the newest so many of them. */
  points(label: string, range: ClosedRange, last?: number): SeriesPoints {
    // To the engine a limit of 0 is none.
    if (last === 0) return { times: new Float64Array(), values: new Float64Array() };
    return this.#questions.points(label, this.#shown(label, range), last);
  }

  /** One row a label; the start of a row is the time of its first point. */
  rows(labels: readonly string[], range: ClosedRange): WindowRow[] {
    if (labels.length === 0) return [];
    if (this.#pointsMax === undefined) return this.#questions.reduce(labels, range);
    return labels.map((label) => this.#questions.reduce([label], this.#shown(label, range))[0]!);
  }

  /** One row for all labels together; of points at one time the first label's comes first. */
  total(labels: readonly string[], range: ClosedRange): WindowRow {
    const rows = this.rows(labels, range);
    if (rows.length === 1) return rows[0]!;
    const total = emptyRow();
    let firstTime = Infinity;
    let lastTime = -Infinity;
    for (const [index, row] of rows.entries()) {
      if (row[WINDOW_FIELDS.count] === 0) continue;
      const first = row[WINDOW_FIELDS.first]!;
      const last = row[WINDOW_FIELDS.last]!;
      addRow(total, row);
      const start = row[WINDOW_FIELDS.start]!;
      const end = this.points(labels[index]!, range, 1).times[0]!;
      if (start < firstTime) {
        firstTime = start;
        total[WINDOW_FIELDS.first] = first;
      }
      if (end >= lastTime) {
        lastTime = end;
        total[WINDOW_FIELDS.last] = last;
      }
    }
    return total;
  }

  /** Of each label its windows that hold a point, ascending. */
  windows(labels: readonly string[], range: ClosedRange, origin: number, widthMs: number): WindowRow[][] {
    if (labels.length === 0) return [];
    if (this.#pointsMax === undefined) return this.#questions.windows(labels, range, origin, widthMs);
    return labels.map(
      (label) => this.#questions.windows([label], this.#shown(label, range), origin, widthMs)[0]!,
    );
  }

  sketch(labels: readonly string[], range: ClosedRange): Uint32Array {
    if (labels.length === 0) return new Uint32Array();
    if (this.#pointsMax === undefined) return this.#questions.sketch(labels, range);
    return mergeSketches(labels.map((label) => this.#questions.sketch([label], this.#shown(label, range))));
  }

  /** What of a range retention by points shows. */
  #shown(label: string, range: ClosedRange): ClosedRange {
    if (this.#pointsMax === undefined) return range;
    const time = this.#questions.timeOfNewest(label, this.#pointsMax);
    return time === undefined || time <= range.from ? range : { from: time, to: range.to };
  }
}
