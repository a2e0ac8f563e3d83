// What a series forgets by itself. By points: the view shows, of each label, what is not older than its n-th newest point,
// so points that share its time stay. More points only ever raise that time, so it does not matter who drops what lies
// below it, or when: a mark is written where a label holds twice as many. By age: appends write a mark at the clock minus
// the age, each time it has moved on by a sixteenth of the age; a clock that is ahead forgets too much, for all.
import { type EngineDocument, SERIES_KINDS, WINDOW_FIELDS } from "../../engine/engine.ts";
import type { LocalWrites } from "../local-writes.ts";
import { labelBytes } from "./appended-points.ts";
import type { SeriesRetention } from "./retention-rule.ts";
import { TIME_MAX } from "./series-arguments.ts";
import type { SeriesQuestions } from "./series-questions.ts";

/** Marks by age a span of the age has. */
const AGE_STEPS = 16;
/** Labels whose counts are remembered. */
const COUNTED_LABELS_MAX = 65536;
const EVERYTHING = { from: -TIME_MAX, to: TIME_MAX };
const MARK_OF_ALL = Uint8Array.of(SERIES_KINDS.markOfAll);

export class RetentionMarks {
  readonly #retain: SeriesRetention;
  readonly #questions: SeriesQuestions;
  readonly #container: number;
  /** By label: points held, as far as is known, and at how many the engine is asked next. */
  readonly #counted = new Map<string, { held: number; askAt: number }>();

  constructor(retain: SeriesRetention, questions: SeriesQuestions, container: number) {
    this.#retain = retain;
    this.#questions = questions;
    this.#container = container;
  }

  /** Whether a merge may make the counts wrong. */
  get isCounting(): boolean {
    return this.#counted.size > 0;
  }

  /** Points of a label came or went otherwise than by {@link RetentionMarks.appended}. */
  forget(label: string): void {
    this.#counted.delete(label);
  }

  forgetAll(): void {
    this.#counted.clear();
  }

  /** Writes the marks that are due after points were appended under `labels`; says whether points by age went. */
  appended(labels: ReadonlyMap<string, number>, writes: LocalWrites, engine: EngineDocument): boolean {
    const { points, ageMs } = this.#retain;
    if (points !== undefined) {
      for (const [label, count] of labels) this.#limitPoints(label, count, points, writes);
    }
    return ageMs !== undefined && this.#limitAge(ageMs, writes, engine);
  }

  #limitPoints(label: string, added: number, points: number, writes: LocalWrites): void {
    const counted = this.#counted.get(label);
    if (counted !== undefined) {
      counted.held += added;
      if (counted.held < counted.askAt) return;
    }
    let held = this.#held(label);
    if (held >= 2 * points) {
      const time = this.#questions.timeOfNewest(label, points);
      if (time !== undefined && writes.retain(this.#container, labelBytes(label), time)) {
        held = this.#held(label);
      }
    }
    if (this.#counted.size >= COUNTED_LABELS_MAX) this.#counted.clear();
    this.#counted.set(label, { held, askAt: Math.max(2 * points, held + points) });
  }

  #held(label: string): number {
    return this.#questions.reduce([label], EVERYTHING)[0]![WINDOW_FIELDS.count]!;
  }

  #limitAge(ageMs: number, writes: LocalWrites, engine: EngineDocument): boolean {
    const due = writes.now() - ageMs;
    const mark = engine.read(this.#container, MARK_OF_ALL);
    if (mark !== undefined) {
      const time = new DataView(mark.buffer, mark.byteOffset, mark.byteLength).getFloat64(0, true);
      if (due < time + Math.max(1, Math.floor(ageMs / AGE_STEPS))) return false;
    }
    return writes.retain(this.#container, undefined, due);
  }
}
