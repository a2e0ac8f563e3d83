// Rules that make one update of many: against plain definitions, with liars among them, and push-sum without rounds.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  aggregate,
  clipped,
  decodeUpdate,
  encodeUpdate,
  exactMean,
  exactScale,
  krum,
  PushSum,
  SeededRandom,
} from "../../host/federated/index.ts";
import { codeOf } from "../conformance/documents.ts";
import { bits, ENGINES, randomWords, updateOf } from "./group.ts";

const MAGNITUDE_MAX = 64;
const kernels = await Promise.all(ENGINES.map((engine) => engine.models()));

describe.each(kernels.map((each, index) => [ENGINES[index]!.name, each] as const))("%s", (_, engine) => {
  const honest = Array.from({ length: 8 }, (_item, seed) =>
    updateOf(1, 40).map((value, index) => value + updateOf(seed + 10, 40)[index]! * 0.1),
  );
  const withLiars = [...honest, ...honest.slice(0, 2).map((update) => update.map((value) => value * -5))];
  const contributions = withLiars.map((update) => ({ update, examples: 1 }));
  const distance = (update: Float32Array): number =>
    Math.sqrt(engine.squaredDistance(update, updateOf(1, 40)));

  it("the mean is pulled away by liars, the other rules are not", () => {
    expect(distance(aggregate(engine, contributions, { kind: "mean" }, MAGNITUDE_MAX))).toBeGreaterThan(2);
    for (const rule of [
      { kind: "median" },
      { kind: "trimmed-mean", share: 0.2 },
      { kind: "krum", liars: 2 },
      { kind: "krum", liars: 2, kept: 6 },
    ] as const) {
      expect(distance(aggregate(engine, contributions, rule, MAGNITUDE_MAX)), rule.kind).toBeLessThan(0.4);
    }
    expect(krum(engine, withLiars, 2, 6).every((index) => index < 8)).toBe(true);
  });

  it("an update may be clipped to a norm", () => {
    const long = new Float32Array(4).fill(3);
    expect(clipped(engine, long, 6)).toBe(long);
    expect([...clipped(engine, long, 3)]).toEqual([1.5, 1.5, 1.5, 1.5]);
  });

  it("refuses nothing to aggregate, and magnitudes the mean is not exact for", () => {
    expect(codeOf(() => aggregate(engine, [], { kind: "mean" }, MAGNITUDE_MAX))).toBe("invalid-argument");
    const large = [{ update: Float32Array.of(65), examples: 1 }];
    expect(codeOf(() => aggregate(engine, large, { kind: "mean" }, MAGNITUDE_MAX))).toBe("invalid-argument");
  });

  it("encodings give the update back within a step; shorter or longer bytes are refused", () => {
    const update = updateOf(3, 1_300);
    update.fill(0, 512, 1_024);
    for (const [encoding, step] of [
      ["f32", 0],
      ["int8", 0.51 / 127],
      ["int4", 0.51 / 7],
    ] as const) {
      const bytes = encodeUpdate(engine, update, encoding, randomWords(1));
      const read = decodeUpdate(engine, bytes, encoding, 1_300);
      for (const [index, value] of update.entries())
        expect(Math.abs(read[index]! - value)).toBeLessThanOrEqual(step);
      expect(codeOf(() => decodeUpdate(engine, bytes.slice(1), encoding, 1_300))).toBe("invalid-value");
      expect(codeOf(() => decodeUpdate(engine, bytes, encoding, 1_297))).toBe("invalid-value");
      expect(codeOf(() => decodeUpdate(engine, Uint8Array.from([...bytes, 0]), encoding, 1_300))).toBe(
        "invalid-value",
      );
    }
    const hostile = new Uint8Array(8).fill(0xff);
    expect(codeOf(() => decodeUpdate(engine, hostile, "int8", 4))).toBe("invalid-value");
  });
});

describe("the exact mean", () => {
  it("is the mean, and on both engines the same bits in any order", () => {
    const updates = fc.array(fc.tuple(fc.nat(1000), fc.integer({ min: 1, max: 100_000 })), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(updates, (chosen) => {
        const models = chosen.map(([seed]) => updateOf(seed, 33, 60));
        const examples = chosen.map(([, count]) => count);
        const total = examples.reduce((sum, count) => sum + count, 0);
        const means = [
          exactMean(kernels[0]!, models, examples, MAGNITUDE_MAX),
          exactMean(kernels[1]!, [...models].reverse(), [...examples].reverse(), MAGNITUDE_MAX),
        ];
        expect(bits(means[1]!)).toEqual(bits(means[0]!));
        for (const [index, value] of means[0]!.entries()) {
          const plain = models.reduce((sum, model, row) => sum + model[index]! * (examples[row]! / total), 0);
          expect(Math.abs(value - plain)).toBeLessThan(1e-5);
        }
      }),
    );
  });

  it("is exact at the edge of its range: every weight and number at its greatest", () => {
    const [count, examples] = [500, 2 ** 29 - 1];
    const models = Array.from({ length: count }, (_, index) =>
      Float32Array.of(index % 2 === 0 ? 64 : -64, 64, 63.999996),
    );
    for (const each of kernels) {
      const mean = exactMean(
        each,
        models,
        models.map(() => examples),
        MAGNITUDE_MAX,
      );
      expect([...mean]).toEqual([0, 64, Math.fround(63.999996)]);
    }
  });

  it("leaves room: terms together stay below 2^52, and the unit is the finest such power of two", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 42 }),
        fc.double({ min: 1e-3, max: 2 ** 20, noNaN: true }),
        (examples, most) => {
          const scale = exactScale(examples, most);
          expect(examples * most * scale).toBeLessThanOrEqual(2 ** 51);
          expect(examples * most * scale * 2.0001).toBeGreaterThan(2 ** 51);
          expect(Number.isInteger(Math.log2(scale))).toBe(true);
        },
      ),
    );
  });
});

describe("push-sum", () => {
  it("brings everybody to the mean along random links, and keeps the whole", () => {
    const random = new SeededRandom(6);
    const models = Array.from({ length: 20 }, (_, seed) => updateOf(seed, 5));
    const nodes = models.map((model) => new PushSum(model));
    for (let step = 0; step < 1_500; step++) nodes[random.below(20)]!.take(nodes[random.below(20)]!.give());
    expect(nodes.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(20, 9);
    for (const { mean } of nodes) {
      for (const [index, value] of mean.entries()) {
        expect(value).toBeCloseTo(
          models.reduce((sum, model) => sum + model[index]! / 20, 0),
          4,
        );
      }
    }
  });

  it("refuses shares that are none", () => {
    const node = new PushSum(new Float32Array(2));
    for (const share of [
      { sums: new Float64Array(3), weight: 1 },
      { sums: new Float64Array(2), weight: 0 },
      { sums: Float64Array.of(1, Number.NaN), weight: 1 },
      { sums: new Float64Array(2), weight: Number.POSITIVE_INFINITY },
    ]) {
      expect(codeOf(() => node.take(share))).toBe("invalid-argument");
    }
    expect(node.weight).toBe(1);
  });
});
