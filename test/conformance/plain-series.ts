// What a series answers, from its exported entries and the words of engine.ts alone: all points decoded by the second
// decoder, no rows, no index. Slow and plain, it judges both engines, to the last bit.
import { SERIES_KINDS } from "../../host/engine/engine.ts";
import type { ExportedEntry } from "./batch.ts";
import { decodeChunkPlainly, type PlainChunk } from "./plain-chunk.ts";
import type { AggregateRow } from "./series-questions.ts";

export interface PlainPoint {
  readonly time: number;
  readonly value: number;
}

interface PlainPart {
  readonly replica: string;
  readonly sequence: number;
  readonly firstTime: number;
  readonly points: readonly PlainPoint[];
}

type Dot = Pick<PlainPart, "replica" | "sequence">;

const NONE: AggregateRow = {
  start: 0,
  count: 0,
  sum: 0,
  minimum: Number.POSITIVE_INFINITY,
  maximum: Number.NEGATIVE_INFINITY,
  first: 0,
  last: 0,
  squares: 0,
};

export class PlainSeries {
  readonly #entries: readonly ExportedEntry[];
  readonly #chunks = new Map<ExportedEntry, PlainChunk>();

  constructor(entries: readonly ExportedEntry[]) {
    this.#entries = entries;
  }

  points(label: string, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY): PlainPoint[] {
    return ordered(this.#parts(label, from, to)).map(({ point }) => point);
  }

  reduce(label: string, from?: number, to?: number): AggregateRow {
    const row = combine(this.#parts(label, from, to));
    return { ...row, start: this.points(label, from, to)[0]?.time ?? 0 };
  }

  windows(label: string, origin: number, width: number, from?: number, to?: number): AggregateRow[] {
    const parts = this.#parts(label, from, to);
    const startOf = ({ time }: PlainPoint): number => origin + Math.floor((time - origin) / width) * width;
    const starts = new Set(parts.flatMap(({ points }) => points.map(startOf)));
    return [...starts]
      .sort((left, right) => left - right)
      .map((start) => {
        const own = parts
          .map((part) => ({ ...part, points: part.points.filter((point) => startOf(point) === start) }))
          .filter(({ points }) => points.length > 0);
        return { ...combine(own), start };
      });
  }

  #chunk(entry: ExportedEntry): PlainChunk {
    let chunk = this.#chunks.get(entry);
    if (chunk === undefined) {
      chunk = decodeChunkPlainly(bytesOf(entry.payload));
      this.#chunks.set(entry, chunk);
    }
    return chunk;
  }

  /** The shown points of each chunk in the range, in the order in which sums combine. */
  #parts(label: string, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY): PlainPart[] {
    const mark = Math.max(
      ...this.#entries
        .filter(
          ({ key }) =>
            key === String.fromCharCode(SERIES_KINDS.markOfAll) ||
            key === String.fromCharCode(SERIES_KINDS.mark) + label,
        )
        .map(({ payload }) => new DataView(bytesOf(payload).buffer).getFloat64(0, true)),
    );
    return this.#entries
      .filter(({ key }) => key === String.fromCharCode(SERIES_KINDS.chunk) + label)
      .map((entry) => {
        const { replica, sequence } = entry;
        const { times, values } = this.#chunk(entry);
        const points = times
          .map((time, index) => ({ time, value: values[index]! }))
          .filter(({ time }) => time >= mark && time >= from && time <= to);
        return { replica, sequence, firstTime: times[0]!, points };
      })
      .filter(({ points }) => points.length > 0)
      .sort((left, right) => left.firstTime - right.firstTime || compareDots(left, right));
  }
}

/** Points in the order (time, replica id, sequence, place in the chunk). */
function ordered(parts: readonly PlainPart[]): { readonly point: PlainPoint; readonly part: PlainPart }[] {
  return parts
    .flatMap((part) => part.points.map((point) => ({ point, part })))
    .sort((left, right) => left.point.time - right.point.time || compareDots(left.part, right.part));
}

function compareDots(left: Dot, right: Dot): number {
  if (left.replica !== right.replica) return left.replica < right.replica ? -1 : 1;
  return left.sequence - right.sequence;
}

function combine(parts: readonly PlainPart[]): AggregateRow {
  let row = NONE;
  for (const part of parts) {
    const values = part.points.map(({ value }) => value);
    const sum = sumInLanes(values);
    const mean = sum / values.length;
    const squares = sumInLanes(values.map((value) => (value - mean) * (value - mean)));
    const minimum = values.reduce((least, value) => Math.min(least, value));
    const maximum = values.reduce((most, value) => Math.max(most, value));
    if (row.count === 0) {
      row = { ...NONE, count: values.length, sum, squares, minimum, maximum };
      continue;
    }
    const [n, m] = [row.count, values.length];
    const delta = sum / m - row.sum / n;
    row = {
      ...row,
      count: n + m,
      sum: row.sum + sum,
      squares: row.squares + squares + delta * delta * ((n * m) / (n + m)),
      minimum: Math.min(row.minimum, minimum),
      maximum: Math.max(row.maximum, maximum),
    };
  }
  const all = ordered(parts);
  return all.length === 0 ? row : { ...row, first: all[0]!.point.value, last: all.at(-1)!.point.value };
}

function sumInLanes(values: readonly number[]): number {
  const lanes = new Array<number>(8).fill(0);
  values.forEach((value, index) => {
    lanes[index % 8]! += value;
  });
  const [a, b, c, d, e, f, g, h] = lanes as [number, number, number, number, number, number, number, number];
  return a + b + (c + d) + (e + f + (g + h));
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
