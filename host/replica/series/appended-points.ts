// Points appended and not yet applied, by label, so that those of one turn or transaction make one chunk a label. Two
// columns a label that double when they are full. Cost of a point: two stores; of a label: its bytes, once.
import { CrdtError } from "../../errors.ts";
import { KEY_BYTES_MAX } from "../../limits.ts";
import { ByteWriter } from "../../wire/byte-writer.ts";
import { writeText } from "../../wire/key-codec.ts";
import type { NumberColumn } from "./series-arguments.ts";

/** Bytes of a label: its kind stands before it in the key. */
export const LABEL_BYTES_MAX = KEY_BYTES_MAX - 1;
const INITIAL_POINTS = 16;

class LabelColumns {
  readonly label: string;
  readonly bytes: Uint8Array;
  times = new Float64Array(INITIAL_POINTS);
  values = new Float64Array(INITIAL_POINTS);
  count = 0;

  constructor(label: string, bytes: Uint8Array) {
    this.label = label;
    this.bytes = bytes;
  }

  reserve(count: number): void {
    if (this.count + count <= this.times.length) return;
    const room = Math.max(this.times.length * 2, this.count + count);
    const [times, values] = [new Float64Array(room), new Float64Array(room)];
    times.set(this.times.subarray(0, this.count));
    values.set(this.values.subarray(0, this.count));
    this.times = times;
    this.values = values;
  }
}

export class AppendedPoints {
  readonly #labels = new Map<string, LabelColumns>();
  /** The one used last: appends to one label mostly follow each other. */
  #latest: LabelColumns | undefined;
  #count = 0;

  /** Points of all labels. */
  get count(): number {
    return this.#count;
  }

  /** Adds a checked point. Errors: limit-exceeded for the label. */
  add(label: string, time: number, value: number): void {
    const columns = this.#columnsOf(label);
    if (columns.count === columns.times.length) columns.reserve(1);
    columns.times[columns.count] = time;
    columns.values[columns.count++] = value;
    this.#count++;
  }

  /** Adds checked points `start` to before `end`. Errors: limit-exceeded for the label. */
  addMany(label: string, times: NumberColumn, values: NumberColumn, start: number, end: number): void {
    const columns = this.#columnsOf(label);
    columns.reserve(end - start);
    let { count } = columns;
    for (let index = start; index < end; index++) {
      columns.times[count] = times[index]!;
      columns.values[count++] = values[index]!;
    }
    columns.count = count;
    this.#count += end - start;
  }

  /** Hands the points of each label out. */
  forEachLabel(
    give: (label: string, bytes: Uint8Array, times: Float64Array, values: Float64Array) => void,
  ): void {
    for (const { label, bytes, times, values, count } of this.#labels.values()) {
      give(label, bytes, times.subarray(0, count), values.subarray(0, count));
    }
  }

  clear(): void {
    this.#labels.clear();
    this.#latest = undefined;
    this.#count = 0;
  }

  #columnsOf(label: string): LabelColumns {
    if (this.#latest?.label === label) return this.#latest;
    let columns = this.#labels.get(label);
    if (columns === undefined) {
      columns = new LabelColumns(label, labelBytes(label));
      this.#labels.set(label, columns);
    }
    this.#latest = columns;
    return columns;
  }
}

/** The WTF-8 of a label. Errors: limit-exceeded. */
export function labelBytes(label: string): Uint8Array {
  const writer = new ByteWriter(64);
  const length = writeText(writer, label);
  if (length <= LABEL_BYTES_MAX) return writer.toBytes();
  throw new CrdtError(
    "limit-exceeded",
    `a label of ${length} bytes, at most ${LABEL_BYTES_MAX}; a label names a series, keep data in its values`,
  );
}
