// Arithmetic of secure sums: integers mod 2^64 as pairs of words (low, high), masks that BLAKE3 stretches from 32 bytes, and
// secrets that two X25519 keys share. Leaves out proofs against a side that sends anything: see secure-sum.ts.
import { x25519 } from "@noble/curves/ed25519.js";
import { blake3 } from "@noble/hashes/blake3.js";
import { CrdtError } from "../errors.ts";

const TWO_32 = 4294967296;
const encoder = new TextEncoder();

/** Integers within ±2^53 as words. */
export function wordsOf(terms: Float64Array): Uint32Array {
  const words = new Uint32Array(terms.length * 2);
  for (let index = 0; index < terms.length; index++) {
    words[index * 2] = terms[index]!;
    words[index * 2 + 1] = Math.floor(terms[index]! / TWO_32);
  }
  return words;
}

/** The integers that words stand for, within ±2^53 where the sum of what went in is. */
export function termsOf(words: Uint32Array): Float64Array {
  return Float64Array.from(
    { length: words.length >> 1 },
    (_, index) => (words[index * 2 + 1]! | 0) * TWO_32 + words[index * 2]!,
  );
}

/** words += other, or words −= other, mod 2^64. */
export function addWords(words: Uint32Array, other: Uint32Array, sign: 1 | -1): void {
  for (let index = 0; index < words.length; index += 2) {
    const low = words[index]! + sign * other[index]!;
    const carry = low >= TWO_32 ? 1 : low < 0 ? -1 : 0;
    words[index] = low;
    words[index + 1] = words[index + 1]! + sign * other[index + 1]! + carry;
  }
}

/** As many words of mask as 32 secret bytes give under a label. */
export function maskOf(secret: Uint8Array, label: string, words: number): Uint32Array {
  const bytes = blake3(encoder.encode(label), { key: secret, dkLen: words * 4 });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: words }, (_, index) => view.getUint32(index * 4, true));
}

export const publicKeyOf = (secretKey: Uint8Array): Uint8Array => x25519.getPublicKey(secretKey);

/** What a secret of 32 random bytes is known by afterwards, and cannot be found from. */
export const secretMark = (secret: Uint8Array): Uint8Array =>
  blake3(secret, { context: encoder.encode("jarvis-crdt secure sum mark") });

/** 32 bytes that both sides of two key pairs come to, for one purpose. Errors: invalid-value for a key that is none. */
export function sharedSecret(secretKey: Uint8Array, publicKey: Uint8Array, purpose: string): Uint8Array {
  return blake3(exchanged(secretKey, publicKey), {
    context: encoder.encode(`jarvis-crdt ${purpose}`),
  });
}

function exchanged(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  try {
    return x25519.getSharedSecret(secretKey, publicKey);
  } catch {
    throw new CrdtError("invalid-value", "a public key with which nothing stays secret; leave its owner out");
  }
}

export function areEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

const TAG_BYTES = 32;

/** `plain` hidden and marked with a key that is used for nothing else. */
export function seal(key: Uint8Array, plain: Uint8Array): Uint8Array {
  const stream = blake3(encoder.encode("stream"), { key, dkLen: plain.length });
  const hidden = plain.map((byte, index) => byte ^ stream[index]!);
  const sealed = new Uint8Array(hidden.length + TAG_BYTES);
  sealed.set(hidden);
  sealed.set(blake3(hidden, { key: blake3(encoder.encode("mark"), { key }) }), hidden.length);
  return sealed;
}

/** Undefined for bytes that this key did not seal. */
export function unseal(key: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < TAG_BYTES) return undefined;
  const hidden = sealed.subarray(0, sealed.length - TAG_BYTES);
  const mark = blake3(hidden, { key: blake3(encoder.encode("mark"), { key }) });
  let difference = 0;
  for (let index = 0; index < TAG_BYTES; index++) difference |= mark[index]! ^ sealed[hidden.length + index]!;
  if (difference !== 0) return undefined;
  const stream = blake3(encoder.encode("stream"), { key, dkLen: hidden.length });
  return hidden.map((byte, index) => byte ^ stream[index]!);
}
