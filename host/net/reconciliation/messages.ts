// The two frames of a comparison of documents (docs/protocol.md, "Which documents differ"): a request of the client and
// the answer of the server, one at a time. Whatever is cut off, too long or out of place is a protocol-error.
import { COMPARISON_LIST_MAX, COMPARISON_NAMES_MAX, COMPARISON_RANGES_MAX } from "../../limits.ts";
import type { ByteWriter } from "../../wire/byte-writer.ts";
import {
  EMPTY_FINGERPRINT,
  FINGERPRINT_BYTES,
  type Fingerprint,
  readFingerprint,
} from "../../wire/fingerprint.ts";
import { type FrameReader, malformed } from "../frame-reader.ts";
import { BRANCHES, DIGITS_MAX, type Item, type RangeName } from "./item-tree.ts";

export const FEATURE = 1 << 5;
export const REQUEST_TYPE = 21;
export const ANSWER_TYPE = 22;

export type Request =
  /** Is all of `prefix` the same there? If not, its first cut. */
  | { readonly kind: "compare"; readonly prefix: string; readonly fingerprint: Fingerprint }
  | { readonly kind: "expand"; readonly ranges: readonly RangeName[] }
  | { readonly kind: "names"; readonly places: readonly string[] };

/** Two lanes of a fingerprint are enough to tell two states of one document apart. */
export interface ListedItem {
  readonly place: string;
  readonly first: number;
  readonly second: number;
}

export type Expansion =
  | { readonly kind: "list"; readonly items: readonly ListedItem[] }
  | { readonly kind: "cut"; readonly branches: readonly Fingerprint[] };

export type Answer =
  | { readonly kind: "equal" }
  /** In the order of the ranges asked for. */
  | { readonly kind: "ranges"; readonly expansions: readonly Expansion[] }
  | { readonly kind: "names"; readonly names: readonly (readonly string[])[] };

const REQUEST_KINDS = ["compare", "expand", "names"] as const;
const ANSWER_KINDS = ["equal", "ranges", "names"] as const;
const LIST = 0;
const CUT = 1;
const WORD_DIGITS = 8;
/** Names at one place: more than one by chance is one in 2^64. */
const NAMES_AT_PLACE_MAX = 255;

const encoder = new TextEncoder();

function writeText(writer: ByteWriter, text: string): void {
  const bytes = encoder.encode(text);
  writer.u8(bytes.length);
  writer.append(bytes);
}

function writePlace(writer: ByteWriter, place: string): void {
  writer.u32(Number.parseInt(place.slice(0, WORD_DIGITS), 16));
  writer.u32(Number.parseInt(place.slice(WORD_DIGITS), 16));
}

const hexOfWord = (word: number): string => word.toString(16).padStart(WORD_DIGITS, "0");

function readPlace(reader: FrameReader): string {
  const high = hexOfWord(reader.u32());
  return high + hexOfWord(reader.u32());
}

function writeRange(writer: ByteWriter, range: RangeName): void {
  writer.u8(range.length);
  for (let digit = 0; digit < range.length; digit += 2) {
    writer.u8(Number.parseInt(range.slice(digit, digit + 2).padEnd(2, "0"), 16));
  }
}

function readRange(reader: FrameReader): RangeName {
  const digits = reader.u8();
  if (digits > DIGITS_MAX) throw malformed(`a range of ${digits} digits, ${DIGITS_MAX} are all there are`);
  let range = "";
  for (let digit = 0; digit < digits; digit += 2) range += reader.u8().toString(16).padStart(2, "0");
  if (digits % 2 === 1 && !range.endsWith("0"))
    throw malformed(`a range of ${digits} digits goes on behind them`);
  return range.slice(0, digits);
}

function writeLanes(writer: ByteWriter, fingerprint: Fingerprint): void {
  for (const lane of fingerprint) writer.u32(lane >>> 0);
}

const readLanes = (reader: FrameReader): Fingerprint => readFingerprint(reader.view(FINGERPRINT_BYTES), 0);

export function writeRequest(writer: ByteWriter, request: Request): void {
  writer.u8(REQUEST_KINDS.indexOf(request.kind));
  if (request.kind === "compare") {
    writeText(writer, request.prefix);
    writeLanes(writer, request.fingerprint);
  } else if (request.kind === "expand") {
    writer.varint(request.ranges.length);
    for (const range of request.ranges) writeRange(writer, range);
  } else {
    writer.varint(request.places.length);
    for (const place of request.places) writePlace(writer, place);
  }
}

export function readRequest(reader: FrameReader): Request {
  const request = readRequestBody(reader, REQUEST_KINDS[reader.u8()]);
  reader.done();
  return request;
}

function readRequestBody(reader: FrameReader, kind: Request["kind"] | undefined): Request {
  switch (kind) {
    case "compare":
      return { kind, prefix: reader.text(), fingerprint: readLanes(reader) };
    case "expand":
      return { kind, ranges: readMany(reader, COMPARISON_RANGES_MAX, readRange) };
    case "names":
      return { kind, places: readMany(reader, COMPARISON_NAMES_MAX, readPlace) };
    default:
      throw malformed("a comparison asks for nothing known");
  }
}

function readMany<T>(reader: FrameReader, countMax: number, read: (reader: FrameReader) => T): T[] {
  const count = reader.varint(countMax);
  if (count === 0) throw malformed("a comparison asks for nothing");
  return Array.from({ length: count }, () => read(reader));
}

/** An expansion as it is sent: a list, or the branches that are not empty. */
export function writeRanges(
  writer: ByteWriter,
  expansions: readonly (readonly Item[] | readonly Fingerprint[])[],
): void {
  writer.u8(ANSWER_KINDS.indexOf("ranges"));
  for (const expansion of expansions) {
    if (isCut(expansion)) writeCut(writer, expansion);
    else writeList(writer, expansion);
  }
}

function isCut(expansion: readonly Item[] | readonly Fingerprint[]): expansion is readonly Fingerprint[] {
  return Array.isArray(expansion[0]);
}

function writeList(writer: ByteWriter, items: readonly Item[]): void {
  writer.u8(LIST);
  writer.varint(items.length);
  for (const { place, fingerprint } of items) {
    writePlace(writer, place);
    writer.u32(fingerprint[0] >>> 0);
    writer.u32(fingerprint[1] >>> 0);
  }
}

const isEmpty = (fingerprint: Fingerprint): boolean => fingerprint.every((lane) => lane === 0);

function writeCut(writer: ByteWriter, branches: readonly Fingerprint[]): void {
  writer.u8(CUT);
  let present = 0;
  for (const [digit, branch] of branches.entries()) if (!isEmpty(branch)) present |= 1 << digit;
  writer.u16(present);
  for (const branch of branches) if (!isEmpty(branch)) writeLanes(writer, branch);
}

export function writeEqual(writer: ByteWriter): void {
  writer.u8(ANSWER_KINDS.indexOf("equal"));
}

export function writeNames(writer: ByteWriter, names: readonly (readonly string[])[]): void {
  writer.u8(ANSWER_KINDS.indexOf("names"));
  for (const atPlace of names) {
    const told = atPlace.slice(0, NAMES_AT_PLACE_MAX);
    writer.u8(told.length);
    for (const name of told) writeText(writer, name);
  }
}

/** Reads the answer to `request`. */
export function readAnswer(reader: FrameReader, request: Request): Answer {
  const kind = ANSWER_KINDS[reader.u8()];
  let answer: Answer;
  if (kind === "equal" && request.kind === "compare") answer = { kind };
  else if (kind === "ranges" && request.kind !== "names") {
    const ranges = request.kind === "compare" ? [""] : request.ranges;
    answer = { kind, expansions: ranges.map((range) => readExpansion(reader, range)) };
  } else if (kind === "names" && request.kind === "names") {
    answer = { kind, names: request.places.map(() => readNames(reader)) };
  } else throw malformed(`${kind ?? "an unknown answer"} does not answer ${request.kind}`);
  reader.done();
  return answer;
}

function readExpansion(reader: FrameReader, range: RangeName): Expansion {
  const form = reader.u8();
  if (form === LIST) return { kind: "list", items: readList(reader, range) };
  if (form !== CUT || range.length === DIGITS_MAX) throw malformed(`range "${range}" in form ${form}`);
  const low = reader.u8();
  const present = low | (reader.u8() << 8);
  const branches: Fingerprint[] = [];
  for (let digit = 0; digit < BRANCHES; digit++) {
    branches.push(present & (1 << digit) ? readLanes(reader) : EMPTY_FINGERPRINT);
  }
  return { kind: "cut", branches };
}

function readList(reader: FrameReader, range: RangeName): ListedItem[] {
  const items: ListedItem[] = [];
  let previous = "";
  for (let count = reader.varint(COMPARISON_LIST_MAX); count > 0; count--) {
    const place = readPlace(reader);
    if (!place.startsWith(range) || place <= previous) throw malformed(`place ${place} in range "${range}"`);
    items.push({ place, first: reader.u32() | 0, second: reader.u32() | 0 });
    previous = place;
  }
  return items;
}

const readNames = (reader: FrameReader): string[] => Array.from({ length: reader.u8() }, () => reader.text());
