// The mean of updates with noise that hides any one of them (McMahan et al., "Learning Differentially Private Recurrent
// Language Models", ICLR 2018): every update is clipped to a norm, all count alike, and Gaussian noise goes on the sum, which
// is divided by how many were expected, so that the divisor gives nothing away. noise-accountant.ts says what that is worth.
// Noise is BLAKE3 stretched from a seed of 32 bytes: who knows the seed can take it off again. Leaves out the low bits
// of doubles, which can say more than the bound (Mironov, CCS 2012).
import { blake3 } from "@noble/hashes/blake3.js";
import type { ModelKernels } from "../engine/engine.ts";
import { CrdtError } from "../errors.ts";
import { clipped } from "./aggregation.ts";
import { exactMean } from "./exact-mean.ts";

export interface NoiseOptions {
  /** The norm that updates are clipped to. */
  readonly clipNorm: number;
  /** Standard deviation of the noise on the sum, in clip norms. */
  readonly noiseMultiplier: number;
  /** Participants times the chance to be sampled. */
  readonly expected: number;
  /** 32 secret bytes, new ones each round. */
  readonly seed: Uint8Array;
}

/** Errors: invalid-argument. */
export function noisyMean(
  kernels: ModelKernels,
  updates: readonly Float32Array[],
  { clipNorm, noiseMultiplier, expected, seed }: NoiseOptions,
): Float32Array {
  const isGood =
    clipNorm > 0 && clipNorm <= 2 ** 20 && noiseMultiplier >= 0 && expected > 0 && seed.length === 32;
  if (!isGood || updates.length === 0) {
    throw new CrdtError(
      "invalid-argument",
      `noise of ${noiseMultiplier} × norm ${clipNorm} over ${expected} expected from ${seed.length} bytes on ${updates.length} updates; give numbers above 0, 32 bytes and an update`,
    );
  }
  const short = updates.map((update) => clipped(kernels, update, clipNorm));
  // Clipping rounds, so a single number may exceed the norm by its last bit.
  const mean = exactMean(
    kernels,
    short,
    short.map(() => 1),
    clipNorm * 2,
  );
  const share = updates.length / expected;
  const deviation = (noiseMultiplier * clipNorm) / expected;
  const noise = gaussians(seed, mean.length);
  return mean.map((value, index) => value * share + noise[index]! * deviation);
}

/** Independent normals by Box and Muller, from 53 and 53 bits each pair. */
export function gaussians(seed: Uint8Array, count: number): Float64Array {
  const pairs = (count + 1) >> 1;
  const bytes = blake3(new TextEncoder().encode("noise"), { key: seed, dkLen: pairs * 16 });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const uniform = (offset: number): number =>
    ((view.getUint32(offset, true) >>> 5) * 67108864 + (view.getUint32(offset + 4, true) >>> 6) + 0.5) /
    2 ** 53;
  const normals = new Float64Array(pairs * 2);
  for (let pair = 0; pair < pairs; pair++) {
    const radius = Math.sqrt(-2 * Math.log(uniform(pair * 16)));
    const angle = 2 * Math.PI * uniform(pair * 16 + 8);
    normals[pair * 2] = radius * Math.cos(angle);
    normals[pair * 2 + 1] = radius * Math.sin(angle);
  }
  return normals.subarray(0, count);
}
