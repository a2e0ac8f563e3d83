// The accountant against published figures, and the noise it counts.
import { describe, expect, it } from "vitest";
import { describeNoise, noiseSpent, noisyMean } from "../../host/federated/index.ts";
import { gaussians } from "../../host/federated/noisy-mean.ts";
import { codeOf } from "../conformance/documents.ts";
import { bits, ENGINES, updateOf } from "./group.ts";

const seed = (first: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, index) => first + index);

describe("the accountant", () => {
  it("comes to what others publish: 256 of 60,000, noise 1.1, 60 passes, δ = 10⁻⁵ give ε of some 3", () => {
    const plan = {
      clients: 60_000,
      sampling: 256 / 60_000,
      noiseMultiplier: 1.1,
      rounds: 14_062,
      delta: 1e-5,
    };
    expect(noiseSpent(plan).epsilon).toBeGreaterThan(2.4);
    expect(noiseSpent(plan).epsilon).toBeLessThan(3.1);
  });

  it("is that of the Gaussian mechanism where all take part", () => {
    const { epsilon } = noiseSpent({ clients: 100, sampling: 1, noiseMultiplier: 5, rounds: 1, delta: 1e-5 });
    // Dwork and Roth (2014), theorem A.1, bound it from above; half of that no Gaussian noise of this size reaches.
    const bound = Math.sqrt(2 * Math.log(1.25 / 1e-5)) / 5;
    expect(epsilon).toBeGreaterThan(bound / 2);
    expect(epsilon).toBeLessThan(bound);
  });

  it("grows with rounds, sampling and less noise, and is never printed without what it holds for", () => {
    const plan = { clients: 100, sampling: 0.1, noiseMultiplier: 1, rounds: 50, delta: 1e-3 };
    const { epsilon } = noiseSpent(plan);
    for (const more of [{ rounds: 100 }, { sampling: 0.3 }, { noiseMultiplier: 0.7 }, { delta: 1e-5 }]) {
      expect(noiseSpent({ ...plan, ...more }).epsilon).toBeGreaterThan(epsilon);
    }
    expect(describeNoise(noiseSpent(plan))).toBe(
      `ε = ${epsilon.toFixed(2)}, δ = 0.001, 100 clients, 50 rounds`,
    );
  });
});

describe("a noisy mean", () => {
  it("comes from the seed alone, to the same bits on both engines", async () => {
    const updates = Array.from({ length: 10 }, (_, index) => updateOf(index, 101));
    const options = { clipNorm: 1, noiseMultiplier: 0.5, expected: 10, seed: seed(1) };
    const means = await Promise.all(
      ENGINES.map(async (engine) => noisyMean(await engine.models(), updates, options)),
    );
    expect(bits(means[1]!)).toEqual(bits(means[0]!));
    const other = noisyMean(await ENGINES[0]!.models(), updates, { ...options, seed: seed(2) });
    expect(bits(other)).not.toEqual(bits(means[0]!));
  });

  it("clips every update and divides by how many were expected", async () => {
    const kernels = await ENGINES[0]!.models();
    const updates = [Float32Array.of(300, 400), Float32Array.of(0, 0.5)];
    const mean = noisyMean(kernels, updates, { clipNorm: 1, noiseMultiplier: 0, expected: 4, seed: seed(1) });
    expect(mean[0]).toBeCloseTo(0.6 / 4, 6);
    expect(mean[1]).toBeCloseTo((0.8 + 0.5) / 4, 6);
  });

  it("has the deviation that is accounted for", async () => {
    const kernels = await ENGINES[0]!.models();
    const updates = [new Float32Array(20_000)];
    const noise = noisyMean(kernels, updates, {
      clipNorm: 2,
      noiseMultiplier: 3,
      expected: 10,
      seed: seed(9),
    });
    const deviation = Math.sqrt(noise.reduce((sum, value) => sum + value * value, 0) / noise.length);
    expect(Math.abs(deviation / 0.6 - 1)).toBeLessThan(0.03);
    const fourth = gaussians(seed(3), 20_000).reduce((sum, value) => sum + value ** 4, 0) / 20_000;
    expect(Math.abs(fourth - 3)).toBeLessThan(0.2);
  });

  it("refuses numbers that cannot be, short seeds and no updates", async () => {
    const kernels = await ENGINES[0]!.models();
    const options = { clipNorm: 1, noiseMultiplier: 1, expected: 1, seed: seed(1) };
    for (const wrong of [
      { clipNorm: 0 },
      { noiseMultiplier: -1 },
      { expected: 0 },
      { seed: new Uint8Array(16) },
    ]) {
      expect(codeOf(() => noisyMean(kernels, [Float32Array.of(1)], { ...options, ...wrong }))).toBe(
        "invalid-argument",
      );
    }
    expect(codeOf(() => noisyMean(kernels, [], options))).toBe("invalid-argument");
  });
});
