// Packed frames (docs/protocol.md, "Packed frames"): stream frames and parts of answers, deflated (RFC 1951) once for
// all receivers, because a room hands all of them the same bytes. Packs only where that gains a tenth; a document whose
// frames do not gain is tried again ever more seldom. Leaves out a dictionary kept between frames: receivers join at
// any frame. Cost: that of deflate (host/platform/node-deflate.ts), and a look into a weak map for every other receiver.
import { deflate, inflate } from "#deflate";
import { PACKED_FROM_BYTES, PACKED_PLAIN_BYTES_MAX } from "../limits.ts";
import type { ByteWriter } from "../wire/byte-writer.ts";
import { xxhash32 } from "../wire/xxhash32.ts";
import { encodeExtensionFrame } from "./extension.ts";
import { FrameReader, malformed } from "./frame-reader.ts";
import { CHECKSUM_BYTES, MESSAGE_TYPES, STREAM_OF_ONE } from "./messages.ts";

export const PACKED_TYPE = 16;

/** Packed frames must be this much shorter. */
const WORTHWHILE = 0.9;
/** Frames of a document passed over after one that did not gain, doubled each time. */
const PASSED_OVER_FIRST = 4;
const PASSED_OVER_MAX = 256;
/** Documents whose frames do not gain that are remembered. */
const REMEMBERED_MAX = 4096;

interface Reluctance {
  /** Frames to pass over before the next attempt. */
  left: number;
  /** Frames to pass over when that fails too. */
  next: number;
}

/** What packs the frames of all rooms of a replica. */
export class Packing {
  readonly #known = new WeakMap<Uint8Array, Uint8Array>();
  /** By the index of the document. */
  readonly #reluctant = new Map<number, Reluctance>();

  /** What to send for `frame` to a peer that unpacks: the same bytes for the same frame, packed or as it is. */
  packed(frame: Uint8Array): Uint8Array {
    if (frame.length < PACKED_FROM_BYTES || frame.length > PACKED_PLAIN_BYTES_MAX) return frame;
    if (!isPackable(frame[0]!)) return frame;
    let sent = this.#known.get(frame);
    if (sent === undefined) {
      sent = this.#pack(frame);
      this.#known.set(frame, sent);
    }
    return sent;
  }

  #pack(frame: Uint8Array): Uint8Array {
    const index = new FrameReader(frame, 1).varint();
    const reluctance = this.#reluctant.get(index);
    if (reluctance !== undefined && reluctance.left > 0) {
      reluctance.left--;
      return frame;
    }
    const packed = encodePacked(frame);
    if (packed.length <= frame.length * WORTHWHILE) {
      this.#reluctant.delete(index);
      return packed;
    }
    const left = reluctance?.next ?? PASSED_OVER_FIRST;
    if (this.#reluctant.size >= REMEMBERED_MAX) this.#reluctant.clear();
    this.#reluctant.set(index, { left, next: Math.min(left * 2, PASSED_OVER_MAX) });
    return frame;
  }
}

function isPackable(type: number): boolean {
  return type >= STREAM_OF_ONE || type === MESSAGE_TYPES.stream || type === MESSAGE_TYPES.answer;
}

/** Packs a frame, gain or not. */
export function encodePacked(frame: Uint8Array): Uint8Array {
  return encodeExtensionFrame(PACKED_TYPE, (writer: ByteWriter) => {
    writer.varint(frame.length);
    writer.append(deflate(frame));
  });
}

/**
 * The frame that was packed. Errors: protocol-error for a damaged one, for one that states another length than it has,
 * or more than allowed, and for a frame that nobody packs. Allocates what it states and no more.
 */
export function decodePacked(bytes: Uint8Array): Uint8Array {
  const end = bytes.length - CHECKSUM_BYTES;
  if (end < 1) throw malformed("it is too short for a checksum");
  if (new FrameReader(bytes, end).u32() !== xxhash32(bytes, 0, 0, end)) {
    throw malformed("the checksum of a packed frame is wrong");
  }
  const reader = new FrameReader(bytes, 1, end);
  const length = reader.varint(PACKED_PLAIN_BYTES_MAX);
  if (length < reader.remaining) throw malformed(`a packed frame of ${length} bytes is longer than that`);
  const frame = inflate(reader.view(reader.remaining), length);
  if (frame === undefined) throw malformed(`a packed frame does not hold the ${length} bytes it states`);
  if (length === 0 || !isPackable(frame[0]!))
    throw malformed("a packed frame of a type that is never packed");
  return frame;
}
