// Raw deflate (RFC 1951) in one synchronous call, for browsers, whose own streams are asynchronous only: fflate, at its
// level 1. Cost measured on frames of map writes: 60 to 180 µs a KiB; inflating 13 to 50.
import { deflateSync, Inflate, inflateSync } from "fflate";

/** Deflated bytes inflated at once: deflate expands 1,032 times at most, so this bounds the work done in vain. */
const SLICE_BYTES = 1024;

export function deflate(bytes: Uint8Array): Uint8Array {
  return deflateSync(bytes, { level: 1 });
}

/** Exactly `length` bytes; undefined when the deflated ones are damaged or do not give as many. */
export function inflate(deflated: Uint8Array, length: number): Uint8Array | undefined {
  try {
    // A byte more than wanted shows what is too long: beyond a buffer of its own fflate writes nowhere.
    if (deflated.length <= SLICE_BYTES) {
      const plain = inflateSync(deflated, { out: new Uint8Array(length + 1) });
      return plain.length === length ? plain.slice() : undefined;
    }
    return inflateInSlices(deflated, length);
  } catch {
    return undefined;
  }
}

function inflateInSlices(deflated: Uint8Array, length: number): Uint8Array | undefined {
  const plain = new Uint8Array(length);
  let filled = 0;
  const inflater = new Inflate((piece) => {
    plain.set(piece, filled);
    filled += piece.length;
  });
  for (let offset = 0; offset < deflated.length; offset += SLICE_BYTES) {
    const end = offset + SLICE_BYTES;
    inflater.push(deflated.subarray(offset, end), end >= deflated.length);
  }
  return filled === length ? plain : undefined;
}
