// The reversible rearrangement ahead of deflate (docs/wire-format.md, "Compressed deltas"): keys front-coded per
// container, values transposed into columns by shape, everything else as it stands on the wire. Works on well-formed
// deltas and snapshots without judging them: merging does that. Cost: some passes over the bytes.
import { DELTA_ENTRIES_MAX } from "../../limits.ts";
import { ByteWriter } from "../byte-writer.ts";
import { readDeltaHeader } from "../delta-header.ts";
import { type ByteCursor, readVarint } from "../varint.ts";
import { put, readSection, type Target, TextsReader, TextsWriter, writeSection } from "./columns.ts";
import { malformed } from "./malformed.ts";
import { ShapesReader, ShapesWriter } from "./value-shapes.ts";

const BLOCK_VALUES = 256;
const WIDTHS: readonly number[] = [0, 1, 2, 4];

/** What tells keys and payloads apart, and where they begin. */
interface EntryTable {
  readonly containerCount: number;
  readonly containers: Uint32Array;
  readonly keyLengths: Uint32Array;
  readonly payloadLengths: Uint32Array;
  readonly keysOffset: number;
}

/** Reads up to where the keys begin. `limit` bounds the number of entries. Errors: those of `readDeltaHeader`. */
function readEntryTable(bytes: Uint8Array, limit: number): EntryTable {
  const { replicas, containers, bodyOffset } = readDeltaHeader(bytes);
  const cursor = { bytes, offset: bodyOffset };
  const count = readVarint(cursor);
  if (count < 1 || count > Math.min(limit, DELTA_ENTRIES_MAX)) throw malformed(`${count} entries`);
  if (replicas.length > 1) for (const _ of replicas) readVarint(cursor);
  passColumn(cursor, count);
  const indices = containers.length > 1 ? readColumn(cursor, count) : new Uint32Array(count);
  passColumn(cursor, count);
  return {
    containerCount: containers.length,
    containers: indices,
    keyLengths: readColumn(cursor, count),
    payloadLengths: readColumn(cursor, count),
    keysOffset: cursor.offset,
  };
}

function passColumn(cursor: ByteCursor, count: number): void {
  for (let first = 0; first < count; first += BLOCK_VALUES) {
    const width = cursor.bytes[cursor.offset] ?? Number.NaN;
    cursor.offset += 1 + width * Math.min(BLOCK_VALUES, count - first);
  }
}

function readColumn(cursor: ByteCursor, count: number): Uint32Array {
  const values = new Uint32Array(count);
  const { bytes } = cursor;
  for (let first = 0; first < count; first += BLOCK_VALUES) {
    const width = bytes[cursor.offset];
    const end = Math.min(first + BLOCK_VALUES, count);
    let offset = cursor.offset + 1;
    cursor.offset = offset + (end - first) * (width ?? 0);
    if (width === undefined || !WIDTHS.includes(width) || cursor.offset > bytes.length) {
      throw malformed(`width ${width} of a packed column at byte ${offset - 1}`);
    }
    for (let index = first; index < end; index += 1) {
      let value = 0;
      for (let place = width - 1; place >= 0; place -= 1) value = value * 256 + bytes[offset + place]!;
      values[index] = value;
      offset += width;
    }
  }
  return values;
}

/** The rearranged bytes. Errors: those of a delta that is none. */
export function toColumns(bytes: Uint8Array): Uint8Array {
  const table = readEntryTable(bytes, bytes.length);
  const keys = Array.from({ length: table.containerCount }, () => new TextsWriter());
  let offset = table.keysOffset;
  for (let entry = 0; entry < table.keyLengths.length; entry += 1) {
    const length = table.keyLengths[entry]!;
    const column = keys[table.containers[entry]!];
    if (column === undefined || length > bytes.length - offset) throw malformed(`key of entry ${entry}`);
    column.add(bytes, offset, offset + length);
    offset += length;
  }
  const values = new ShapesWriter(bytes);
  for (const length of table.payloadLengths) {
    if (length > bytes.length - offset) throw malformed("payloads are cut off");
    values.add(offset, offset + length);
    offset += length;
  }
  const writer = new ByteWriter(bytes.length);
  writeSection(writer, bytes.subarray(0, table.keysOffset));
  for (const column of keys) column.writeTo(writer);
  values.writeTo(writer);
  writeSection(writer, bytes.subarray(offset));
  return writer.toBytes();
}

/** The bytes that {@link toColumns} rearranged, `length` of them. Errors: malformed-delta, and those of a delta's header. */
export function fromColumns(columns: Uint8Array, length: number): Uint8Array {
  const cursor = { bytes: columns, offset: 0 };
  const head = readSection(cursor);
  const table = readEntryTable(head, length);
  if (table.keysOffset !== head.length) throw malformed("bytes between the lengths and the keys");
  const keys = Array.from({ length: table.containerCount }, () => new TextsReader(cursor));
  const values = new ShapesReader(cursor);
  const tail = readSection(cursor);
  if (cursor.offset !== columns.length) throw malformed("bytes after the last column");
  const target: Target = { bytes: new Uint8Array(length), offset: 0, end: length };
  put(target, head);
  for (let entry = 0; entry < table.keyLengths.length; entry += 1) {
    target.end = Math.min(target.offset + table.keyLengths[entry]!, length);
    const column = keys[table.containers[entry]!];
    if (column === undefined) throw malformed(`entry ${entry} is in no container`);
    column.restore(target);
  }
  for (const payloadLength of table.payloadLengths) {
    target.end = Math.min(target.offset + payloadLength, length);
    values.restore(target);
  }
  target.end = length;
  put(target, tail);
  // None went beyond its length: where one was shorter, the whole is.
  if (target.offset !== length) throw malformed(`${target.offset} bytes of ${length}`);
  for (const column of [...keys, values]) column.finish();
  return target.bytes;
}
