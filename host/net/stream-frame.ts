// Stream frames (docs/protocol.md, "The stream"): what one turn brought to a document, as one message for all its
// receivers. The deltas in it are folded (delta-folding.ts).
import { ByteWriter } from "../wire/byte-writer.ts";
import { type FoldedDelta, type UnfoldedDelta, unfoldDelta } from "./delta-folding.ts";
import type { IncomingDictionary } from "./dictionary.ts";
import { FrameReader } from "./frame-reader.ts";
import { MESSAGE_TYPES, STREAM_OF_ONE } from "./messages.ts";

/** Frames of a stream are numbered modulo this: one byte. */
export const STREAM_NUMBERS = 256;

const writer = new ByteWriter();

/** One frame of all `deltas`; at least one. */
export function encodeStreamFrame(index: number, number: number, deltas: readonly FoldedDelta[]): Uint8Array {
  writer.reset(1 << 20);
  const only = deltas.length === 1 ? deltas[0]! : undefined;
  writer.u8(only === undefined ? MESSAGE_TYPES.stream : STREAM_OF_ONE | only.shape);
  writer.varint(index);
  writer.u8(number);
  if (only !== undefined) writer.append(only.body);
  else {
    for (const { shape, body } of deltas) {
      writer.varint(body.length);
      writer.u8(shape);
      writer.append(body);
    }
  }
  return writer.toBytes();
}

/** A stream frame whose head was read and whose deltas are still folded. */
export class StreamFrame {
  readonly index: number;
  readonly number: number;
  readonly #reader: FrameReader;

  /** Errors: protocol-error. */
  constructor(bytes: Uint8Array) {
    this.#reader = new FrameReader(bytes, 1);
    this.index = this.#reader.varint();
    this.number = this.#reader.u8();
  }

  /** Unfolds one delta after another and hands it to `take`, until that says no. Errors: protocol-error. */
  unfold(dictionary: IncomingDictionary, nameHash: number, take: (delta: UnfoldedDelta) => boolean): void {
    const reader = this.#reader;
    const type = reader.bytes[0]!;
    if (type >= STREAM_OF_ONE) {
      take(unfoldDelta(type - STREAM_OF_ONE, reader, dictionary, nameHash));
      return;
    }
    while (reader.remaining > 0) {
      const length = reader.varint();
      const shape = reader.u8();
      const start = reader.offset;
      reader.view(length);
      const body = new FrameReader(reader.bytes, start, reader.offset);
      if (!take(unfoldDelta(shape, body, dictionary, nameHash))) return;
    }
  }
}
