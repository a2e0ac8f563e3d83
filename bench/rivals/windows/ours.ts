// This package three times: points resident in a point table; a series container that compresses what it takes in; and
// one that takes in the snapshot which such a container gave, as a replica that joins or starts again does.
import {
  type Engine,
  type EngineDocument,
  OPCODES,
  SERIES_REQUEST_BYTES,
  SERIES_REQUESTS,
  WINDOW_FIELD_COUNT,
  WINDOW_FIELDS,
} from "../../../host/engine/engine.ts";
import { NOW_MS, openDocument, replicaOf } from "../../engines.ts";
import { type Columns, WindowCollector, type WindowTable } from "./window-table.ts";

const RECORD_HEAD_BYTES = 11;
const ANSWER_HEAD_BYTES = 8;

/** Where each label's rows begin, and at last where they end. */
function labelStarts(labels: Int32Array): number[] {
  const starts: number[] = [];
  for (let row = 0; row < labels.length; row += 1) {
    if (row === 0 || labels[row] !== labels[row - 1]) starts.push(row);
  }
  return [...starts, labels.length];
}

function collect(found: WindowCollector, label: number, rows: Float64Array): void {
  for (let row = 0; row < rows.length; row += WINDOW_FIELD_COUNT) {
    found.add(
      label,
      rows[row + WINDOW_FIELDS.start]!,
      rows[row + WINDOW_FIELDS.count]!,
      rows[row + WINDOW_FIELDS.sum]!,
      rows[row + WINDOW_FIELDS.minimum]!,
      rows[row + WINDOW_FIELDS.maximum]!,
    );
  }
}

/** Points stay where they are, in two columns. */
export function resident(engine: Engine): WindowTable {
  let starts: readonly number[] = [];
  let names: readonly number[] = [];
  let points: ReturnType<Engine["createPointTable"]> | undefined;
  return {
    load({ labels, times, values }) {
      starts = labelStarts(labels);
      names = starts.slice(0, -1).map((row) => labels[row]!);
      points = engine.createPointTable(labels.length);
      for (const [index, from] of starts.slice(0, -1).entries()) {
        const to = starts[index + 1]!;
        points.append(times.subarray(from, to), values.subarray(from, to));
      }
    },
    windows(widthMs) {
      const found = new WindowCollector();
      for (const [index, label] of names.entries()) {
        collect(found, label, points!.windows(starts[index]!, starts[index + 1]!, 0, widthMs));
      }
      return found;
    },
  };
}

/** One batch a label: the points of a turn make one chunk. Labels are padded, so that their bytes ascend as they do. */
function recordAll(document: EngineDocument, { labels, times, values }: Columns): void {
  const container = document.container("series", "points");
  const starts = labelStarts(labels);
  for (const [index, from] of starts.slice(0, -1).entries()) {
    const to = starts[index + 1]!;
    const count = to - from;
    const name = new TextEncoder().encode(`${labels[from]!}`.padStart(9, "0"));
    const bytes = new Uint8Array(RECORD_HEAD_BYTES + name.length + count * 16);
    const view = new DataView(bytes.buffer);
    view.setUint8(0, OPCODES.record);
    view.setUint16(1, container, true);
    view.setUint32(3, name.length, true);
    view.setUint32(7, count, true);
    bytes.set(name, RECORD_HEAD_BYTES);
    const at = RECORD_HEAD_BYTES + name.length;
    bytes.set(new Uint8Array(times.buffer, times.byteOffset + from * 8, count * 8), at);
    bytes.set(new Uint8Array(values.buffer, values.byteOffset + from * 8, count * 8), at + count * 8);
    document.mutate(bytes, bytes.length, NOW_MS);
  }
}

function containerWindows(document: EngineDocument, widthMs: number): WindowCollector {
  const request = new Uint8Array(SERIES_REQUEST_BYTES);
  const view = new DataView(request.buffer);
  view.setUint8(0, SERIES_REQUESTS.windows);
  view.setFloat64(8, Number.NEGATIVE_INFINITY, true);
  view.setFloat64(16, Number.POSITIVE_INFINITY, true);
  view.setFloat64(32, widthMs, true);
  const answer = document.series(document.container("series", "points"), request);
  const head = new DataView(answer.buffer, answer.byteOffset);
  const labels = head.getUint32(0, true);
  const found = new WindowCollector();
  let at = ANSWER_HEAD_BYTES + 8 * Math.ceil(labels / 2);
  for (let label = 0; label < labels; label += 1) {
    const bytes = head.getUint32(ANSWER_HEAD_BYTES + 4 * label, true) * WINDOW_FIELD_COUNT * 8;
    collect(found, label, new Float64Array(answer.slice(at, at + bytes).buffer));
    at += bytes;
  }
  return found;
}

/** A series container: chunks are made at load and read at each question. */
export function container(engine: Engine): WindowTable {
  const document = openDocument(engine, replicaOf(1));
  return {
    load: (columns) => recordAll(document, columns),
    windows: (widthMs) => containerWindows(document, widthMs),
  };
}

/** A replica that takes in what another one has compressed; compressing is not its load. */
export function snapshot(engine: Engine): WindowTable & { prepare(columns: Columns): void } {
  const document = openDocument(engine, replicaOf(2));
  let bytes = new Uint8Array();
  return {
    prepare(columns) {
      const writer = openDocument(engine, replicaOf(1));
      recordAll(writer, columns);
      bytes = writer.snapshot().slice();
      writer.close();
    },
    load: () => void document.merge(bytes, NOW_MS, false),
    windows: (widthMs) => containerWindows(document, widthMs),
  };
}
