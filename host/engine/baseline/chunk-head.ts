// What the head of a series chunk (docs/wire-format.md, "Series chunks") says without decoding it. The chunk is known to
// be one. Cost: a few bytes.
import { CHUNK } from "./chunk-format.ts";

export interface ChunkHead {
  readonly count: number;
  /** How many sequences before its own the chunk stands for. */
  readonly covers: number;
  readonly firstTime: number;
  readonly lastTime: number;
}

/** The head of the chunk that begins at `start`. */
export function readChunkHead(bytes: Uint8Array, start: number): ChunkHead {
  let at = start;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  /** Twice the magnitude and the sign may take 54 bits, so the first byte is taken apart. */
  const signed = (): number => {
    const first = bytes[at++]!;
    const magnitude = ((first & 0x7f) >>> 1) + (first < 0x80 ? 0 : varint() * 64);
    return (first & 1) === 1 ? -magnitude : magnitude;
  };
  const count = varint();
  const coding = bytes[at++]!;
  const covers = (coding & CHUNK.isJoined) === 0 ? 0 : varint();
  const isWide = (coding & CHUNK.timesMask) === CHUNK.timesWide;
  const firstTime = signed();
  if (count === 1) return { count, covers, firstTime, lastTime: firstTime };
  return { count, covers, firstTime, lastTime: isWide ? signed() : firstTime + varint() };
}
