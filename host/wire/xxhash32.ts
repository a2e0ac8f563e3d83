// XXH32 after the xxHash specification by Yann Collet: the checksum that ends every delta, record and digest.
// Leaves out streaming: the input is one piece. Reads through a DataView, so any alignment will do.
// Cost: about one nanosecond per byte or less, one small allocation per call.

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;
const STRIPE_BYTES = 16;

/** XXH32 of `bytes[start, end)` as an unsigned number. */
export function xxhash32(bytes: Uint8Array, seed: number, start = 0, end: number = bytes.length): number {
  const length = end - start;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = start;
  let hash: number;
  if (length >= STRIPE_BYTES) {
    const lastStripe = end - STRIPE_BYTES;
    let lane1 = (seed + PRIME_1 + PRIME_2) | 0;
    let lane2 = (seed + PRIME_2) | 0;
    let lane3 = seed | 0;
    let lane4 = (seed - PRIME_1) | 0;
    for (; offset <= lastStripe; offset += STRIPE_BYTES) {
      lane1 = (lane1 + Math.imul(view.getInt32(offset, true), PRIME_2)) | 0;
      lane1 = Math.imul((lane1 << 13) | (lane1 >>> 19), PRIME_1);
      lane2 = (lane2 + Math.imul(view.getInt32(offset + 4, true), PRIME_2)) | 0;
      lane2 = Math.imul((lane2 << 13) | (lane2 >>> 19), PRIME_1);
      lane3 = (lane3 + Math.imul(view.getInt32(offset + 8, true), PRIME_2)) | 0;
      lane3 = Math.imul((lane3 << 13) | (lane3 >>> 19), PRIME_1);
      lane4 = (lane4 + Math.imul(view.getInt32(offset + 12, true), PRIME_2)) | 0;
      lane4 = Math.imul((lane4 << 13) | (lane4 >>> 19), PRIME_1);
    }
    hash = rotate(lane1, 1) + rotate(lane2, 7) + rotate(lane3, 12) + rotate(lane4, 18);
  } else {
    hash = seed + PRIME_5;
  }
  hash = (hash + length) | 0;
  for (; offset + 4 <= end; offset += 4) {
    hash = (hash + Math.imul(view.getInt32(offset, true), PRIME_3)) | 0;
    hash = Math.imul(rotate(hash, 17), PRIME_4);
  }
  for (; offset < end; offset++) {
    hash = (hash + Math.imul(bytes[offset]!, PRIME_5)) | 0;
    hash = Math.imul(rotate(hash, 11), PRIME_1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
