// What a series shows: the engine's answers without what retention by points has taken of each label. Rows of several
// labels come label by label, in the order asked for. Cost: one question for all labels; with retention by points two a
// label, each answered from the summaries of chunks but for the chunks at the edges of a range; where retention begins is
// remembered until points of the label come or go.
import { WINDOW_FIELDS } from "../../engine/engine.ts";
import { mergeSketches } from "../../engine/quantile-sketch.ts";
import { addRow, emptyRows, type WindowRows } from "./aggregates.ts";
import type { SeriesPoints } from "./downsample.ts";
import { type ClosedRange, TIME_MAX } from "./series-arguments.ts";
import type { SeriesQuestions } from "./series-questions.ts";

/** Labels whose beginnings are remembered. */
const REMEMBERED_LABELS_MAX = 65536;

export class SeriesView {
  readonly #questions: SeriesQuestions;
  readonly #pointsMax: number | undefined;
  /** By label: the time of the oldest point shown; undefined: all are. */
  readonly #beginnings = new Map<string, number | undefined>();

  /** `pointsMax`: how many points of a label are shown; undefined: all. */
  constructor(questions: SeriesQuestions, pointsMax: number | undefined) {
    this.#questions = questions;
    this.#pointsMax = pointsMax;
  }

  /** Whether nothing is taken away. */
  get isWhole(): boolean {
    return this.#pointsMax === undefined;
  }

  /** Whether there is something that a merge may make wrong. */
  get isCaching(): boolean {
    return this.#beginnings.size > 0;
  }

  /** Points of a label came or went. */
  forget(label: string): void {
    this.#beginnings.delete(label);
  }

  forgetAll(): void {
    this.#beginnings.clear();
  }

  /** The labels that have points, ascending by bytes. */
  labels(): string[] {
    return this.#questions.labels().map(({ label }) => label);
  }

  /** The points of a label in a range, ascending; with `last` the newest so many of them. */
  points(label: string, range: ClosedRange, last?: number): SeriesPoints {
    // To the engine a limit of 0 is none.
    if (last === 0) return { times: new Float64Array(), values: new Float64Array() };
    // The newest points of all are shown, as long as no more are asked for than there may be.
    const areShown = last !== undefined && last <= (this.#pointsMax ?? last) && range.to === TIME_MAX;
    return this.#questions.points(label, areShown ? range : this.#shown(label, range), last);
  }

  /** One row a label; the start of a row is the time of its first point. */
  rows(labels: readonly string[], range: ClosedRange): WindowRows[] {
    if (labels.length === 0) return [];
    if (this.#pointsMax === undefined) return this.#questions.reduce(labels, range);
    return labels.map((label) => this.#questions.reduce([label], this.#shown(label, range))[0]!);
  }

  /** One row for all labels together; of points at one time the first label's comes first. */
  total(labels: readonly string[], range: ClosedRange): WindowRows {
    const rows = this.rows(labels, range);
    if (rows.length === 1) return rows[0]!;
    const total = emptyRows(1);
    let firstTime = Infinity;
    let lastTime = -Infinity;
    for (const [index, row] of rows.entries()) {
      if (row[WINDOW_FIELDS.count] === 0) continue;
      const first = row[WINDOW_FIELDS.first]!;
      const last = row[WINDOW_FIELDS.last]!;
      addRow(total, 0, row, 0);
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
  windows(labels: readonly string[], range: ClosedRange, origin: number, widthMs: number): WindowRows[] {
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
    const beginning = this.#beginning(label, this.#pointsMax);
    return beginning === undefined || beginning <= range.from ? range : { from: beginning, to: range.to };
  }

  #beginning(label: string, pointsMax: number): number | undefined {
    if (this.#beginnings.has(label)) return this.#beginnings.get(label);
    const beginning = this.#questions.timeOfNewest(label, pointsMax);
    if (this.#beginnings.size >= REMEMBERED_LABELS_MAX) this.#beginnings.clear();
    this.#beginnings.set(label, beginning);
    return beginning;
  }
}
