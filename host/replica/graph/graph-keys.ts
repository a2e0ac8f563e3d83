// The keys of a graph as bytes, and back. Behind the kind byte (engine.ts, GRAPH_KINDS):
//   vertex     id
//   edge       directed u8 (0 or 1), varint length, from, varint length, to, label
//   attribute  varint length, key of the vertex or edge with its kind, name
// Texts are WTF-8. The ends of an undirected edge stand in ascending order of their UTF-16 units, so that it has one key
// from both sides. The lengths keep ("a-b", "c") and ("a", "b-c") apart.
import { GRAPH_KINDS } from "../../engine/engine.ts";
import { isCrdtError } from "../../errors.ts";
import { ByteWriter } from "../../wire/byte-writer.ts";
import { readText, writeText } from "../../wire/key-codec.ts";
import { type ByteCursor, readVarint } from "../../wire/varint.ts";

/** What tells one edge of a graph from all others. */
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** Empty where the edge has none. */
  readonly label: string;
  /** Of an undirected edge `from` is the end that sorts first. */
  readonly directed: boolean;
}

/** What the keys of a graph are told to. */
export interface GraphKeySink {
  vertex(id: string, isPresent: boolean): void;
  edge(from: string, to: string, label: string, directed: boolean, isPresent: boolean): void;
  /** `target` is the key of the vertex or edge, valid during the call. */
  attribute(target: Uint8Array, name: string, isPresent: boolean): void;
}

const ONE_BYTE_VARINT_MAX = 0x7f;
const targets = new ByteWriter(256);
const attributes = new ByteWriter(256);

/** The key of a vertex, valid until the next call for a vertex or edge. */
export function vertexKey(id: string): Uint8Array {
  targets.reset();
  targets.u8(GRAPH_KINDS.vertex);
  writeText(targets, id);
  return targets.bytes.subarray(0, targets.length);
}

/** The key of an edge, valid until the next call for a vertex or edge. */
export function edgeKey({ from, to, label, directed }: GraphEdge): Uint8Array {
  const isSwapped = !directed && to < from;
  targets.reset();
  targets.u8(GRAPH_KINDS.edge);
  targets.u8(directed ? 1 : 0);
  writeSizedText(targets, isSwapped ? to : from);
  writeSizedText(targets, isSwapped ? from : to);
  if (label !== "") writeText(targets, label);
  return targets.bytes.subarray(0, targets.length);
}

/** The key of an attribute of the vertex or edge with key `target`, valid until the next call. */
export function attributeKey(target: Uint8Array, name: string): Uint8Array {
  attributes.reset();
  attributes.u8(GRAPH_KINDS.attribute);
  attributes.varint(target.length);
  attributes.append(target);
  writeText(attributes, name);
  return attributes.bytes.subarray(0, attributes.length);
}

/** Tells `sink` what the key `bytes[start, end)` names; false where no program of this kind wrote it. */
export function readGraphKey(
  bytes: Uint8Array,
  start: number,
  end: number,
  isPresent: boolean,
  sink: GraphKeySink,
): boolean {
  try {
    switch (bytes[start]) {
      case GRAPH_KINDS.vertex:
        sink.vertex(readText(bytes, start + 1, end), isPresent);
        return true;
      case GRAPH_KINDS.edge:
        return readEdge(bytes, start, end, isPresent, sink);
      default:
        return readAttribute(bytes, start, end, isPresent, sink);
    }
  } catch (error) {
    if (!isCrdtError(error, "invalid-value")) throw error;
    return false;
  }
}

function readEdge(
  bytes: Uint8Array,
  start: number,
  end: number,
  isPresent: boolean,
  sink: GraphKeySink,
): boolean {
  const flag = bytes[start + 1];
  if (start + 2 > end || flag === undefined || flag > 1) return false;
  const from = sizedPart(bytes, start + 2, end);
  if (from === undefined) return false;
  const to = sizedPart(bytes, from.end, end);
  if (to === undefined) return false;
  const [fromText, toText] = [readText(bytes, from.start, from.end), readText(bytes, to.start, to.end)];
  if (flag === 0 && toText < fromText) return false;
  sink.edge(fromText, toText, readText(bytes, to.end, end), flag === 1, isPresent);
  return true;
}

function readAttribute(
  bytes: Uint8Array,
  start: number,
  end: number,
  isPresent: boolean,
  sink: GraphKeySink,
): boolean {
  const target = sizedPart(bytes, start + 1, end);
  if (target === undefined) return false;
  const name = readText(bytes, target.end, end);
  sink.attribute(bytes.subarray(target.start, target.end), name, isPresent);
  return true;
}

const cursor: ByteCursor = { bytes: new Uint8Array(0), offset: 0 };

function sizedPart(bytes: Uint8Array, offset: number, end: number) {
  cursor.bytes = bytes;
  cursor.offset = offset;
  const length = readVarint(cursor);
  const start = cursor.offset;
  return length < 0 || start + length > end ? undefined : { start, end: start + length };
}

function writeSizedText(writer: ByteWriter, text: string): void {
  const start = writer.length;
  writer.u8(0);
  const length = writeText(writer, text);
  if (length <= ONE_BYTE_VARINT_MAX) {
    writer.bytes[start] = length;
    return;
  }
  writer.length = start;
  writer.varint(length);
  writeText(writer, text);
}
