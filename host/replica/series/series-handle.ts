// Measurements by label and time, compressed in chunks and aggregated by the engine without being unpacked where a chunk
// lies whole in what is asked for. Equal times stay side by side, in the order (time, replica id, place in the writer's
// own order). Times are whole milliseconds by convention; ranges include both ends. Points are not cached here; the small
// chunks of many small turns are joined. Left out: changing or deleting single points.
import { SERIES_KINDS, WINDOW_FIELDS } from "../../engine/engine.ts";
import { quantile } from "../../engine/quantile-sketch.ts";
import { readText } from "../../wire/key-codec.ts";
import { defineEntry } from "../../wire/value.ts";
import type { ChangeOrigin, SeriesChange, SeriesSpan } from "../change.ts";
import { ContainerHandle, type HandleOwner } from "../container-handle.ts";
import type { DeferredWrites } from "../local-writes.ts";
import { AGGREGATES, type Aggregate, type Aggregates, aggregatesOf } from "./aggregates.ts";
import { AppendedPoints, labelBytes } from "./appended-points.ts";
import { DOWNSAMPLE_METHODS, type DownsampleMethod, downsample, type SeriesPoints } from "./downsample.ts";
import { RetentionMarks } from "./retention.ts";
import type { SeriesRetention } from "./retention-rule.ts";
import {
  checkedChoice,
  checkedCount,
  checkedLabels,
  checkedProbabilities,
  checkedRange,
  checkedTime,
  checkLabel,
  checkPoint,
  checkPoints,
  type NumberColumn,
  TIME_MAX,
  type TimeRange,
} from "./series-arguments.ts";
import { SeriesQuestions } from "./series-questions.ts";
import { SeriesView } from "./series-view.ts";
import { SmallChunks } from "./small-chunks.ts";
import {
  columnsOf,
  FILLS,
  type Fill,
  filledColumnsOf,
  groupLabels,
  joinWindows,
  shownSpan,
  type WindowTable,
} from "./window-table.ts";

/** Which points: of these labels (of all, if nothing is said), in this range. */
export interface SeriesQuery extends TimeRange {
  readonly labels?: readonly string[] | undefined;
}

export interface WindowsQuery<Name extends Aggregate = Aggregate> extends SeriesQuery {
  /** How long a window is, in milliseconds. */
  readonly widthMs: number;
  /** A time at which a window begins; 0 if nothing is said. */
  readonly origin?: number;
  /** Which columns; count, sum, mean, min and max if nothing is said. */
  readonly aggregates?: readonly Name[];
  /** Names the group a label belongs to, whose points count as one; each label is its own if nothing is said. */
  readonly group?: (label: string) => string;
  /** What stands in windows without points; "none" leaves them out and is the default. */
  readonly fill?: Fill;
}

export interface DownsampleQuery extends TimeRange {
  /** At most so many points come out; from 2. */
  readonly points: number;
  readonly method?: DownsampleMethod;
}

/** What is shown of a label as JSON. */
export interface SeriesSummary extends Omit<Aggregates, "sum" | "first" | "variance"> {
  /** The times of the first and the last point, in milliseconds. */
  readonly from: number;
  readonly to: number;
}

const DEFAULT_AGGREGATES = ["count", "sum", "mean", "min", "max"] as const;
/** Appended points are applied at the latest when there are so many. */
const DEFERRED_POINTS_MAX = 65536;
const EVERYTHING = { from: -TIME_MAX, to: TIME_MAX };

export class SeriesHandle extends ContainerHandle implements DeferredWrites {
  readonly type = "series";
  readonly #appended = new AppendedPoints();
  readonly #questions: SeriesQuestions;
  readonly #view: SeriesView;
  readonly #marks: RetentionMarks;
  readonly #smallChunks = new SmallChunks();
  readonly #touched = new Map<string, { from: number; to: number }>();
  #isTruncated = false;

  constructor(owner: HandleOwner, index: number, name: string, retain: SeriesRetention) {
    super(owner, index, name);
    this.#questions = new SeriesQuestions(() => this.settledEngine, index);
    this.#view = new SeriesView(this.#questions, retain.points);
    this.#marks = new RetentionMarks(retain, this.#questions, index);
  }

  /**
   * Adds a point. It is read at once; points of one turn, or of one transaction, leave together. `timeMs` is an integer
   * within ±(2^53 − 1), `value` any number but NaN. Errors: invalid-argument; limit-exceeded for the label. Where the engine
   * refuses what a turn left, the replica says so (event "refused"), reads throw why, and the points stay and are tried again.
   */
  append(label: string, timeMs: number, value: number): void {
    const call = `${this.name}.append`;
    checkLabel(label, call);
    checkPoint(timeMs, value, call);
    this.#makeRoom(1);
    this.#appended.add(label, timeMs, value);
    this.#view.forget(label);
    this.#changed(label, timeMs, timeMs);
  }

  /** Adds points all or nothing, in any order of time. Errors: as of `append`, with the index. */
  appendMany(label: string, times: NumberColumn, values: NumberColumn): void {
    const call = `${this.name}.appendMany`;
    checkLabel(label, call);
    checkPoints(times, values, call);
    const count = times.length;
    if (count === 0) return;
    if (count <= DEFERRED_POINTS_MAX) this.#appendPart(label, times, values, 0, count);
    else {
      this.owner.bulk(() => {
        for (let start = 0; start < count; start += DEFERRED_POINTS_MAX) {
          this.#appendPart(label, times, values, start, Math.min(start + DEFERRED_POINTS_MAX, count));
        }
      });
    }
    if (this.owner.isObserved) this.#changed(label, leastOf(times), greatestOf(times));
  }

  /** The labels that have points, ascending by bytes. */
  labels(): string[] {
    return this.#readable(() => this.#view.labels());
  }

  /** How many points there are. Cost: with retention by points, a question a label. */
  get size(): number {
    const engine = this.settledEngine;
    if (this.#view.isWhole) return engine.size(this.index);
    const rows = this.#view.rows(this.labels(), EVERYTHING);
    return rows.reduce((sum, row) => sum + row[WINDOW_FIELDS.count]!, 0);
  }

  /** The points of a label from `from` to `to`, both inclusive, ascending; with `last` the newest so many of them. */
  range(label: string, options: TimeRange & { readonly last?: number } = {}): SeriesPoints {
    const call = `${this.name}.range`;
    checkLabel(label, call);
    const { last } = options;
    if (last !== undefined) checkedCount(last, "last", call);
    return this.#view.points(label, checkedRange(options, call), last);
  }

  /** The newest `count` points of a label, ascending. */
  latest(label: string, count = 1): SeriesPoints {
    const call = `${this.name}.latest`;
    checkLabel(label, call);
    return this.#view.points(label, EVERYTHING, checkedCount(count, "count", call));
  }

  /** Of all points asked for together: equal on replicas that know the same, to the bit. */
  aggregate(query: SeriesQuery = {}): Aggregates {
    const { labels, range } = this.#asked(query, `${this.name}.aggregate`);
    return aggregatesOf(this.#view.total(labels, range));
  }

  /**
   * Aggregates per window `[origin + k·widthMs, origin + (k + 1)·widthMs)`, a table a group; only points of the range
   * count, also in the windows at its ends. Where several labels make a group, `first` and `last` cost a look at each
   * point. Errors: invalid-argument; limit-exceeded for too many filled windows.
   */
  windows<Name extends Aggregate = (typeof DEFAULT_AGGREGATES)[number]>(
    query: WindowsQuery<Name>,
  ): WindowTable<Name>[] {
    const call = `${this.name}.windows`;
    const widthMs = checkedCount(query.widthMs, "widthMs", call, 1);
    const grid = { origin: checkedTime(query.origin ?? 0, "origin", call), widthMs };
    const names = (query.aggregates ?? DEFAULT_AGGREGATES) as readonly Name[];
    for (const name of names) checkedChoice(name, AGGREGATES, "an aggregate", call);
    const fill = checkedChoice(query.fill ?? "none", FILLS, "fill", call);
    const { labels, range } = this.#asked(query, call);
    const groups = groupLabels(labels, query.group ?? ((label) => label), call);
    const found = this.#view.windows(labels, range, grid.origin, widthMs);
    const rowsOf = new Map(labels.map((label, index) => [label, found[index]!]));
    const hasEnds = names.some((name) => name === "first" || name === "last");
    const pointsOf = (label: string) => this.#view.points(label, range);
    const tables = [...groups].map(([group, members]) => {
      const windows = members.map((label) => ({ label, rows: rowsOf.get(label)! }));
      return { group, labels: members, rows: joinWindows(windows, grid, hasEnds ? pointsOf : undefined) };
    });
    const span =
      fill === "none"
        ? undefined
        : shownSpan(
            tables.map(({ rows }) => rows),
            query,
            grid,
            call,
          );
    return tables.map(({ group, labels, rows }) => {
      const columns =
        span === undefined ? columnsOf(rows, names) : filledColumnsOf(rows, names, span, widthMs, fill);
      return { group, labels, ...columns } as WindowTable<Name>;
    });
  }

  /**
   * About the values below which these shares (0 to 1) of the points lie, from a sketch: each within a relative error of
   * 2^-8 of a value at that rank; undefined where there are no points. Errors: invalid-argument.
   */
  quantiles(probabilities: readonly number[], query: SeriesQuery = {}): (number | undefined)[] {
    const call = `${this.name}.quantiles`;
    const fractions = checkedProbabilities(probabilities, call);
    const { labels, range } = this.#asked(query, call);
    const sketch = this.#view.sketch(labels, range);
    return fractions.map((fraction) => quantile(sketch, fraction));
  }

  /** At most `points` of a label's points that look like all of them: "lttb", the default, or "min-max". */
  downsample(label: string, query: DownsampleQuery): SeriesPoints {
    const call = `${this.name}.downsample`;
    const count = checkedCount(query.points, "points", call, 2);
    const method = checkedChoice(query.method ?? "lttb", DOWNSAMPLE_METHODS, "method", call);
    return downsample(this.range(label, { from: query.from, to: query.to }), count, method);
  }

  /**
   * Forgets all points before `beforeMs`, of one label or of all, here and, once merged, everywhere, also those still to
   * come; says whether that was not so already. Errors: invalid-argument.
   */
  retain({ beforeMs, label }: { readonly beforeMs: number; readonly label?: string }): boolean {
    const call = `${this.name}.retain`;
    checkedTime(beforeMs, "beforeMs", call);
    if (label !== undefined) checkLabel(label, call);
    const bytes = label === undefined ? undefined : labelBytes(label);
    if (!this.owner.writes.retain(this.index, bytes, beforeMs)) return false;
    this.#forget(label);
    this.#truncated();
    return true;
  }

  /** Lines `label,time,value` under a line that says so, label by label; labels quoted where they must be (RFC 4180). */
  toCSV(query: SeriesQuery = {}): string {
    const { labels, range } = this.#asked(query, `${this.name}.toCSV`);
    const lines = ["label,time,value"];
    for (const label of labels) {
      const { times, values } = this.#view.points(label, range);
      const field = /[",\r\n]/.test(label) ? `"${label.replaceAll('"', '""')}"` : label;
      for (const [index, time] of times.entries()) lines.push(`${field},${time},${values[index]}`);
    }
    return `${lines.join("\n")}\n`;
  }

  /** A summary a label: a series may hold more points than JSON should. */
  toJSON(): Record<string, SeriesSummary> {
    const view: Record<string, unknown> = {};
    const labels = this.labels();
    for (const [index, row] of this.#view.rows(labels, EVERYTHING).entries()) {
      const { sum: _sum, first: _first, variance: _variance, ...shown } = aggregatesOf(row);
      const to = this.latest(labels[index]!).times[0]!;
      defineEntry(view, labels[index]!, { ...shown, from: row[WINDOW_FIELDS.start]!, to });
    }
    return view as Record<string, SeriesSummary>;
  }

  writeDeferred(): void {
    this.#appended.forEachLabel((_label, bytes, times, values) => {
      this.owner.writes.record(this.index, bytes, times, values);
    });
  }

  deferredApplied(): void {
    const applied = new Map<string, number>();
    const crowded: Uint8Array[] = [];
    this.#appended.forEachLabel((label, bytes, times) => {
      applied.set(label, times.length);
      if (this.#smallChunks.count(label, times.length)) crowded.push(bytes);
    });
    this.#appended.clear();
    if (applied.size === 0) return;
    for (const bytes of crowded) this.owner.writes.join(this.index, bytes);
    if (!this.#marks.appended(applied, this.owner.writes, this.owner.engine)) return;
    this.#view.forgetAll();
    this.#truncated();
  }

  dropDeferred(): void {
    this.#appended.clear();
  }

  get isCaching(): boolean {
    return this.#marks.isCounting || this.#view.isCaching;
  }

  dropCache(): void {
    this.#forget(undefined);
  }

  noticed(key: Uint8Array, isPresent: boolean, isRecorded: boolean): void {
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
    const isChunk = key[0] === SERIES_KINDS.chunk;
    const label = readText(key, isChunk ? 17 : 9, key.length);
    this.#forget(key[0] === SERIES_KINDS.markOfAll ? undefined : label);
    if (!isRecorded) return;
    if (isChunk && isPresent) this.#touch(label, view.getFloat64(1, true), view.getFloat64(9, true));
    else this.#isTruncated = true;
  }

  takeChange(origin: ChangeOrigin): SeriesChange | undefined {
    const appended: SeriesSpan[] = [];
    for (const [label, { from, to }] of this.#touched) appended.push({ label, from, to });
    const isTruncated = this.#isTruncated;
    this.#touched.clear();
    this.#isTruncated = false;
    if (appended.length === 0 && !isTruncated) return undefined;
    return { container: this.name, type: "series", origin, appended, isTruncated };
  }

  /** Points of a label came or went, or of any. */
  #forget(label: string | undefined): void {
    if (label === undefined) {
      this.#marks.forgetAll();
      this.#view.forgetAll();
    } else {
      this.#marks.forget(label);
      this.#view.forget(label);
    }
  }

  #appendPart(label: string, times: NumberColumn, values: NumberColumn, start: number, end: number): void {
    this.#makeRoom(end - start);
    this.#appended.addMany(label, times, values, start, end);
    this.#view.forget(label);
  }

  /** Before points are taken in: those that wait never become more than the limit, also while they are refused. */
  #makeRoom(count: number): void {
    if (this.#appended.count + count > DEFERRED_POINTS_MAX) this.owner.writes.settle();
    this.owner.writes.defer(this);
  }

  #asked(query: SeriesQuery, call: string) {
    const range = checkedRange(query, call);
    return { labels: checkedLabels(query.labels, call) ?? this.labels(), range };
  }

  #changed(label: string, from: number, to: number): void {
    if (!this.owner.isObserved) return;
    this.#touch(label, from, to);
    this.owner.changed(this);
  }

  #touch(label: string, from: number, to: number): void {
    const span = this.#touched.get(label);
    if (span === undefined) {
      this.#touched.set(label, { from, to });
      return;
    }
    span.from = Math.min(span.from, from);
    span.to = Math.max(span.to, to);
  }

  #truncated(): void {
    if (!this.owner.isObserved) return;
    this.#isTruncated = true;
    this.owner.changed(this);
  }

  /** Labels that some other program wrote may be no text. */
  #readable<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw this.unreadable(error);
    }
  }
}

function leastOf(times: NumberColumn): number {
  let least = times[0]!;
  for (let index = 1; index < times.length; index++) if (times[index]! < least) least = times[index]!;
  return least;
}

function greatestOf(times: NumberColumn): number {
  let greatest = times[0]!;
  for (let index = 1; index < times.length; index++) if (times[index]! > greatest) greatest = times[index]!;
  return greatest;
}
