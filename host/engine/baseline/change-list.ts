// The visible changes of a merge (`MergeResult.changes`), in order of application.

import { LIST_KINDS } from "../engine.ts";
import { byteAt, writeBinaryString } from "./binary-string.ts";
import { readChunkHead } from "./chunk-head.ts";
import { ColumnWriter } from "./column-writer.ts";
import type { Entry } from "./entry.ts";
import { readNumber } from "./extreme-index.ts";
import { isMark } from "./log-index.ts";
import { isChunk, labelOf } from "./series-index.ts";

const ROW_BYTES = 8;
const ID_BYTES = 8;
/** The kind, replica id and sequence that stand for a list's position. */
const POSITION_BYTES = 13;

export class ChangeList {
  readonly #writer = new ColumnWriter();
  #count = 0;

  constructor() {
    this.#writer.u32(0);
  }

  /** `entry` has just entered or left. */
  add(entry: Entry): void {
    const writer = this.#writer;
    const { container } = entry;
    const { content } = container;
    if (content.kind === "series") {
      this.#addTimes(entry);
      return;
    }
    const isOwn = content.kind === "counter" || content.kind === "slots";
    const isPosition = content.kind === "kinds" && content.ruleOf(entry.key)!.rule === "all";
    const key = content.kind === "log" || isPosition ? "" : entry.key;
    const keyLength = isPosition ? POSITION_BYTES : (isOwn ? ID_BYTES : 0) + key.length;
    this.#begin(entry, keyLength);
    if (isPosition) writer.u8(LIST_KINDS.position);
    if (isOwn || isPosition) {
      writer.u32(entry.replica.idLow);
      writer.u32(entry.replica.idHigh);
    }
    if (isPosition) writer.u32(entry.sequence);
    writer.length = writeBinaryString(writer.bytes, writer.length, key);
  }

  /** Kind, times and label of an entry of a series. */
  #addTimes(entry: Entry): void {
    const writer = this.#writer;
    const label = labelOf(entry.key);
    const times = timesOf(entry);
    this.#begin(entry, 1 + times.length * 8 + label.length);
    writer.u8(byteAt(entry.key, 0));
    for (const time of times) writer.f64(time);
    writer.length = writeBinaryString(writer.bytes, writer.length, label);
  }

  #begin(entry: Entry, keyLength: number): void {
    const writer = this.#writer;
    const { index } = entry.container;
    writer.reserve(ROW_BYTES + keyLength);
    writer.u8(index & 0xff);
    writer.u8(index >>> 8);
    writer.u8(isPresentAfter(entry) ? 1 : 0);
    writer.u8(0);
    writer.u32(keyLength);
    this.#count++;
  }

  encode(): Uint8Array {
    const bytes = this.#writer.take();
    new DataView(bytes.buffer).setUint32(0, this.#count, true);
    return bytes;
  }
}

function timesOf(entry: Entry): readonly number[] {
  if (!isChunk(entry.key)) return [readNumber(entry.chunk, entry.start)];
  const { firstTime, lastTime } = readChunkHead(entry.chunk, entry.start);
  return [firstTime, lastTime];
}

function isPresentAfter(entry: Entry): boolean {
  const { content } = entry.container;
  switch (content.kind) {
    case "winners":
    case "elements":
      return content.isPresent(entry.key);
    case "counter":
      return content.contributions.has(entry.replica);
    case "slots":
      return content.find(entry.replica, entry.key) !== undefined;
    case "log":
      return entry.isLive && !isMark(entry);
    case "extreme":
      return content.best !== undefined;
    case "series":
      return isChunk(entry.key) ? entry.isLive : content.isPresent(entry.key);
    case "kinds":
      return content.ruleOf(entry.key)!.rule === "all"
        ? entry.isLive
        : content.of(entry.key).isPresent(entry.key);
  }
}
