// XXH32 of Yann Collet (github.com/Cyan4973/xxHash, doc/xxhash_spec.md): four lanes over stripes of 16 bytes.
// Guards deltas against damage; it is no protection against forgery.

const PRIME_1: u32 = 0x9e3779b1;
const PRIME_2: u32 = 0x85ebca77;
const PRIME_3: u32 = 0xc2b2ae3d;
const PRIME_4: u32 = 0x27d4eb2f;
const PRIME_5: u32 = 0x165667b1;
const STRIPE_BYTES: u32 = 16;

export abstract class XxHash32 {
  static of(pointer: u32, length: u32, seed: u32): u32 {
    const end = pointer + length;
    let hash: u32 = seed + PRIME_5;
    if (length >= STRIPE_BYTES) {
      const limit = end - STRIPE_BYTES;
      let a = seed + PRIME_1 + PRIME_2;
      let b = seed + PRIME_2;
      let c = seed;
      let d = seed - PRIME_1;
      do {
        a = XxHash32.round(a, load<u32>(pointer));
        b = XxHash32.round(b, load<u32>(pointer, 4));
        c = XxHash32.round(c, load<u32>(pointer, 8));
        d = XxHash32.round(d, load<u32>(pointer, 12));
        pointer += STRIPE_BYTES;
      } while (pointer <= limit);
      hash = rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18);
    }
    hash += length;
    while (pointer + 4 <= end) {
      hash = rotl(hash + load<u32>(pointer) * PRIME_3, 17) * PRIME_4;
      pointer += 4;
    }
    while (pointer < end) {
      hash = rotl(hash + <u32>load<u8>(pointer) * PRIME_5, 11) * PRIME_1;
      pointer++;
    }
    return XxHash32.avalanche(hash);
  }

  @inline private static round(lane: u32, word: u32): u32 {
    return rotl(lane + word * PRIME_2, 13) * PRIME_1;
  }

  @inline private static avalanche(hash: u32): u32 {
    hash = (hash ^ (hash >> 15)) * PRIME_2;
    hash = (hash ^ (hash >> 13)) * PRIME_3;
    return hash ^ (hash >> 16);
  }
}
