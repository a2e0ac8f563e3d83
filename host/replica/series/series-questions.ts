// Questions to the engine about one series, and its answers opened (engine.ts, `SERIES_REQUESTS`). Cost beside the
// engine's: a copy of each answer.
import { type EngineDocument, SERIES_REQUESTS, WINDOW_FIELD_COUNT } from "../../engine/engine.ts";
import { ByteWriter } from "../../wire/byte-writer.ts";
import { readText, writeText } from "../../wire/key-codec.ts";
import type { WindowRows } from "./aggregates.ts";
import type { SeriesPoints } from "./downsample.ts";
import type { ClosedRange } from "./series-arguments.ts";

/** What is held under a label. */
export interface LabelRow {
  readonly label: string;
  readonly points: number;
  readonly first: number;
  readonly last: number;
}

/** The end at which a limited question begins. */
const POINT_ORDERS = { newest: 0, oldest: 1 } as const;

interface Request extends Partial<ClosedRange> {
  readonly limit?: number;
  readonly order?: number;
  readonly origin?: number;
  readonly width?: number;
  readonly labels?: readonly string[];
}

const LIMIT_MAX = 0xffff_ffff;
const ANSWER_HEAD_BYTES = 8;
const LABEL_COLUMNS = 5;

export class SeriesQuestions {
  readonly #engine: () => EngineDocument;
  readonly #container: number;
  readonly #writer = new ByteWriter(256);

  /** `engine` gives the engine as it is to be asked, all writes applied. */
  constructor(engine: () => EngineDocument, container: number) {
    this.#engine = engine;
    this.#container = container;
  }

  /** The labels that have points, ascending by bytes. Errors: invalid-value for one that is no text. */
  labels(): LabelRow[] {
    const answer = this.#ask(SERIES_REQUESTS.labels, {});
    const count = answer.u32(0);
    const columns = answer.floats(ANSWER_HEAD_BYTES, count * LABEL_COLUMNS);
    let lengthAt = ANSWER_HEAD_BYTES + columns.byteLength;
    let labelAt = lengthAt + count * 4;
    return Array.from({ length: count }, (_, index) => {
      const start = labelAt;
      labelAt += answer.u32(lengthAt);
      lengthAt += 4;
      const label = readText(answer.bytes, start, labelAt);
      const [points, first, last] = columns.subarray(index * LABEL_COLUMNS) as unknown as number[];
      return { label, points: points!, first: first!, last: last! };
    });
  }

  /** The points of a label in a range, or its `limit` newest or oldest in there; 0: all. */
  points(label: string, range: ClosedRange, limit = 0, order: number = POINT_ORDERS.newest): SeriesPoints {
    const request = { ...range, limit: Math.min(limit, LIMIT_MAX), order, labels: [label] };
    const answer = this.#ask(SERIES_REQUESTS.points, request);
    const times = answer.floats(ANSWER_HEAD_BYTES, answer.u32(0));
    return { times, values: answer.floats(ANSWER_HEAD_BYTES + times.byteLength, times.length) };
  }

  /** One row a label; at least one label. */
  reduce(labels: readonly string[], range: ClosedRange): WindowRows[] {
    const answer = this.#ask(SERIES_REQUESTS.reduce, { ...range, labels });
    return labels.map((_, index) =>
      answer.floats(ANSWER_HEAD_BYTES + index * WINDOW_FIELD_COUNT * 8, WINDOW_FIELD_COUNT),
    );
  }

  /** Of each label its windows that hold a point, ascending; at least one label. */
  windows(labels: readonly string[], range: ClosedRange, origin: number, width: number): WindowRows[] {
    const answer = this.#ask(SERIES_REQUESTS.windows, { ...range, origin, width, labels });
    let offset = ANSWER_HEAD_BYTES + 8 * Math.ceil(labels.length / 2);
    return labels.map((_, index) => {
      const count = answer.u32(ANSWER_HEAD_BYTES + 4 * index);
      const rows = answer.floats(offset, count * WINDOW_FIELD_COUNT);
      offset += rows.byteLength;
      return rows;
    });
  }

  /** The sketch of all points of the labels in a range; at least one label. */
  sketch(labels: readonly string[], range: ClosedRange): Uint32Array {
    const answer = this.#ask(SERIES_REQUESTS.sketch, { ...range, labels });
    return Uint32Array.from({ length: 2 * answer.u32(0) }, (_, index) =>
      answer.u32(ANSWER_HEAD_BYTES + 4 * index),
    );
  }

  /** The time of the `count`-th newest point of a label; undefined where there are fewer. */
  timeOfNewest(label: string, count: number): number | undefined {
    if (count > LIMIT_MAX) return undefined;
    const answer = this.#ask(SERIES_REQUESTS.timeOfNewest, { limit: count, labels: [label] });
    return answer.u32(0) === 0 ? undefined : answer.floats(ANSWER_HEAD_BYTES, 1)[0];
  }

  #ask(kind: number, request: Request): Answer {
    // First of all: applying writes may ask questions of its own.
    const engine = this.#engine();
    const writer = this.#writer;
    const labels = request.labels ?? [];
    writer.reset();
    writer.u8(kind);
    writer.u8(request.order ?? 0);
    writer.u16(0);
    writer.u32(request.limit ?? 0);
    writer.f64(request.from ?? 0);
    writer.f64(request.to ?? 0);
    writer.f64(request.origin ?? 0);
    writer.f64(request.width ?? 0);
    writer.u32(labels.length);
    for (const label of labels) {
      const lengthAt = writer.length;
      writer.u32(0);
      writer.setU32(lengthAt, writeText(writer, label));
    }
    return new Answer(engine.series(this.#container, writer.bytes.subarray(0, writer.length)));
  }
}

/** Bytes of an answer; what is read of them is a copy. */
class Answer {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  floats(offset: number, count: number): Float64Array {
    const numbers = new Float64Array(count);
    new Uint8Array(numbers.buffer).set(this.bytes.subarray(offset, offset + count * 8));
    return numbers;
  }
}
