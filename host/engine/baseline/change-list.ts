// The visible changes of a merge (`MergeResult.changes`), in order of application.

import { writeBinaryString } from "./binary-string.ts";
import { ColumnWriter } from "./column-writer.ts";
import type { Entry } from "./entry.ts";
import { isMark } from "./log-index.ts";

const ROW_BYTES = 8;

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
    const isCounter = container.content.kind === "counter";
    const hasKey = container.content.kind === "winners" || container.content.kind === "elements";
    const keyLength = isCounter ? 8 : hasKey ? entry.key.length : 0;
    writer.reserve(ROW_BYTES + keyLength);
    writer.u8(container.index & 0xff);
    writer.u8(container.index >>> 8);
    writer.u8(isPresentAfter(entry) ? 1 : 0);
    writer.u8(0);
    writer.u32(keyLength);
    if (isCounter) {
      writer.u32(entry.replica.idLow);
      writer.u32(entry.replica.idHigh);
    } else if (hasKey) writer.length = writeBinaryString(writer.bytes, writer.length, entry.key);
    this.#count++;
  }

  encode(): Uint8Array {
    const bytes = this.#writer.take();
    new DataView(bytes.buffer).setUint32(0, this.#count, true);
    return bytes;
  }
}

function isPresentAfter(entry: Entry): boolean {
  const { content } = entry.container;
  if (content.kind === "counter") return content.contributions.has(entry.replica);
  if (content.kind === "log") return entry.isLive && !isMark(entry);
  return content.isPresent(entry.key);
}
