// The trainer against numerical gradients, the deals, the optimisers against their formulas, and whole federations on blots.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  dealOut,
  type Examples,
  examplesAt,
  initialState,
  Network,
  nextState,
  SeededRandom,
  type ServerOptimizer,
  type ServerState,
  type Trainable,
  trainLocally,
} from "../../host/federated/index.ts";
import { codeOf } from "../conformance/documents.ts";

const TRAINING = { epochs: 3, batch: 8, rate: 0.1 } as const;

/** Blots around a centre a class. */
function blots(seed: number, count: number, classes = 4, width = 6, spread = 0.2): Examples {
  const centres = new SeededRandom(77);
  const middle = Array.from({ length: classes * width }, () => centres.uniform() * 2);
  const random = new SeededRandom(seed);
  const labels = Uint8Array.from({ length: count }, (_, index) => index % classes);
  const features = Float32Array.from(
    { length: count * width },
    (_, index) =>
      middle[labels[Math.floor(index / width)]! * width + (index % width)]! + random.normal() * spread,
  );
  return { features, labels };
}

const all = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, index) => index);

describe("a network", () => {
  it.each([[[6, 4]], [[6, 5, 4]], [[6, 7, 5, 4]]])("of %j has the gradient of its loss", (widths) => {
    const network = new Network(widths);
    const examples = blots(1, 12);
    const model = network.initialModel(new SeededRandom(5));
    const gradient = new Float32Array(network.parameters);
    const scratch = new Float32Array(network.parameters);
    network.gradient(model, examples, all(12), gradient);
    for (let index = 0; index < network.parameters; index += 3) {
      const lossAt = (offset: number): number => {
        const moved = model.slice();
        moved[index] = moved[index]! + offset;
        return network.gradient(moved, examples, all(12), scratch);
      };
      expect(gradient[index]).toBeCloseTo((lossAt(1e-3) - lossAt(-1e-3)) / 2e-3, 2);
    }
  });

  it("learns, plain and by Adam, with a hidden layer and without", () => {
    for (const [widths, descent, rate] of [
      [[6, 4], "plain", 0.1],
      [[6, 16, 4], "plain", 0.1],
      [[6, 16, 4], "adam", 0.01],
    ] as const) {
      const network = new Network(widths);
      const random = new SeededRandom(3);
      const start = network.initialModel(random);
      const { update, examples, loss } = trainLocally(
        network,
        start,
        blots(1, 200),
        { epochs: 10, batch: 8, rate, descent },
        random,
      );
      const model = start.map((value, index) => value + update[index]!);
      expect(network.accuracy(model, blots(2, 200))).toBeGreaterThan(0.9);
      expect([examples, loss < 0.4]).toEqual([200, true]);
    }
  });

  it("gives the same bits from the same seed", () => {
    const network = new Network([6, 5, 4]);
    const train = (seed: number): string => {
      const random = new SeededRandom(seed);
      return trainLocally(
        network,
        network.initialModel(random),
        blots(1, 50),
        TRAINING,
        random,
      ).update.join();
    };
    expect(train(1)).toBe(train(1));
    expect(train(1)).not.toBe(train(2));
  });

  it("refuses layers, models and trainings that cannot be", () => {
    for (const widths of [[4], [4, 0], [4, 257], [4.5, 2]]) {
      expect(codeOf(() => new Network(widths))).toBe("invalid-argument");
    }
    const network = new Network([6, 4]);
    const start = new Float32Array(network.parameters);
    const random = new SeededRandom(1);
    expect(codeOf(() => network.accuracy(new Float32Array(3), blots(1, 4)))).toBe("invalid-argument");
    for (const wrong of [{ epochs: 0 }, { batch: 0.5 }, { rate: 0 }, { proximal: -1 }]) {
      const training = { ...TRAINING, ...wrong };
      expect(codeOf(() => trainLocally(network, start, blots(1, 4), training, random))).toBe(
        "invalid-argument",
      );
    }
    expect(codeOf(() => trainLocally(network, start, blots(1, 0), TRAINING, random))).toBe(
      "invalid-argument",
    );
  });

  it("is not needed: any array of f32 with a gradient can be trained", () => {
    // The mean of the features, by descent on half the squared distance.
    const mean: Trainable = {
      parameters: 6,
      initialModel: () => new Float32Array(6),
      gradient: (model, { features }, places, gradient) => {
        gradient.fill(0);
        for (const place of places) {
          for (let index = 0; index < 6; index++)
            gradient[index]! += (model[index]! - features[place * 6 + index]!) / places.length;
        }
        return 0;
      },
    };
    const examples = blots(1, 4, 1);
    const training = { epochs: 60, batch: 4, rate: 0.3 };
    const { update } = trainLocally(mean, new Float32Array(6), examples, training, new SeededRandom(1));
    for (let index = 0; index < 6; index++) {
      const expected = [0, 1, 2, 3].reduce(
        (sum, place) => sum + examples.features[place * 6 + index]! / 4,
        0,
      );
      expect(update[index]).toBeCloseTo(expected, 4);
    }
  });
});

describe("local corrections", () => {
  const network = new Network([6, 4]);
  const start = network.initialModel(new SeededRandom(1));
  const train = (changes: object, corrections?: { server: Float32Array; own: Float32Array }): Float32Array =>
    trainLocally(network, start, blots(1, 40), { ...TRAINING, ...changes }, new SeededRandom(2), corrections)
      .update;
  const norm = (update: Float32Array): number => Math.hypot(...update);

  it("FedProx stays nearer to where it began", () => {
    expect(norm(train({ proximal: 5 }))).toBeLessThan(norm(train({})) * 0.8);
    expect(train({ proximal: 0 })).toEqual(train({}));
  });

  it("SCAFFOLD without corrections is plain descent, and reports the mean gradient it went by", () => {
    const zero = new Float32Array(network.parameters);
    const own = zero.slice();
    const update = train({}, { server: zero, own });
    expect(update.slice(0, network.parameters)).toEqual(train({}));
    const steps = 3 * 5;
    for (let index = 0; index < network.parameters; index++) {
      expect(update[network.parameters + index]).toBeCloseTo(-update[index]! / (steps * 0.1), 5);
      expect(own[index]).toBe(update[network.parameters + index]);
    }
  });

  it("SCAFFOLD goes where the server's correction points", () => {
    const zero = new Float32Array(network.parameters);
    const server = zero.slice().fill(0.5);
    const steered = train({}, { server, own: zero.slice() });
    const plain = train({});
    const shift = plain.reduce((sum, value, index) => sum + steered[index]! - value, 0) / plain.length;
    expect(shift).toBeLessThan(-0.3);
  });
});

describe("server optimisers", () => {
  const start = (optimizer: ServerOptimizer): ServerState => initialState(optimizer, Float32Array.of(1, -2));
  const twice = (optimizer: ServerOptimizer, update: number[]): ServerState => {
    const one = nextState(optimizer, start(optimizer), Float32Array.from(update), 5);
    return nextState(optimizer, one, Float32Array.from(update), 5);
  };
  const close = (found: Float32Array, expected: number[]): void => {
    for (const [index, value] of expected.entries()) expect(found[index]).toBeCloseTo(value, 5);
  };

  it("FedAvg adds, FedAvgM keeps a momentum", () => {
    close(twice({ kind: "fedavg", rate: 0.5 }, [1, 2]).model, [2, 0]);
    close(twice({ kind: "fedavgm", momentum: 0.5 }, [1, 2]).model, [3.5, 3]);
  });

  it("FedAdam and FedYogi scale every coordinate", () => {
    const options = { rate: 0.1, momentum: 0.5, secondMomentum: 0.75, floor: 0.01 };
    // Update 2: first 1 then 1.5; second of Adam 1 then 1.75, of Yogi 1 then 2.
    const adam = 1 + 0.1 / 1.01 + 0.15 / (Math.sqrt(1.75) + 0.01);
    close(twice({ kind: "fedadam", ...options }, [2, 0]).model, [adam, -2]);
    const yogi = 1 + 0.1 / 1.01 + 0.15 / (Math.sqrt(2) + 0.01);
    close(twice({ kind: "fedyogi", ...options }, [2, 0]).model, [yogi, -2]);
  });

  it("SCAFFOLD moves its correction by the share that took part", () => {
    const { model, first } = twice({ kind: "scaffold", participants: 20 }, [1, 2, 4, 8]);
    close(model, [3, 2]);
    close(first, [2, 4]);
  });
});

describe("dealing out", () => {
  const { labels } = blots(1, 400);

  it("gives every example to one participant, and every participant one example", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.option(fc.double({ min: 0.01, max: 10, noNaN: true })),
        fc.nat(),
        (participants, alpha, seed) => {
          const hands = dealOut(labels, participants, alpha ?? undefined, new SeededRandom(seed));
          expect(hands.length).toBe(participants);
          expect(hands.every((hand) => hand.length > 0)).toBe(true);
          const dealt = hands.flatMap((hand) => [...hand]).sort((left, right) => left - right);
          expect(dealt).toEqual([...labels.keys()]);
        },
      ),
    );
  });

  it("skews the classes the more, the smaller alpha is", () => {
    const skew = (alpha: number): number => {
      const hands = dealOut(labels, 10, alpha, new SeededRandom(4));
      const top = hands.map((hand) => {
        const counts = [0, 0, 0, 0];
        for (const place of hand) counts[labels[place]!]!++;
        return Math.max(...counts) / hand.length;
      });
      return top.reduce((sum, share) => sum + share, 0) / 10;
    };
    expect(skew(0.1)).toBeGreaterThan(0.75);
    expect(skew(100)).toBeLessThan(0.4);
  });

  it("refuses more participants than examples, and an alpha of 0", () => {
    expect(codeOf(() => dealOut(labels, 401, undefined, new SeededRandom(1)))).toBe("invalid-argument");
    expect(codeOf(() => dealOut(labels, 4, 0, new SeededRandom(1)))).toBe("invalid-argument");
  });

  it("copies the examples that were dealt", () => {
    const examples = blots(1, 8);
    const some = examplesAt(examples, Uint32Array.of(2, 7));
    expect([...some.labels]).toEqual([examples.labels[2], examples.labels[7]]);
    expect(some.features.slice(6)).toEqual(examples.features.slice(42));
  });
});

describe("seeded chance", () => {
  it("is that of the reference: xoshiro128** from SplitMix32", () => {
    const random = new SeededRandom(1);
    const words = Array.from({ length: 10_000 }, () => random.word());
    expect(new Set(words).size).toBeGreaterThan(9_990);
    expect(new SeededRandom(1).words(3)).toEqual(Uint32Array.from(words.slice(0, 3)));
    const mean = words.reduce((sum, word) => sum + word / 2 ** 32, 0) / words.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
  });

  it("has normals of variance 1 and gammas of their shape", () => {
    const random = new SeededRandom(9);
    const normals = Array.from({ length: 20_000 }, () => random.normal());
    const square = normals.reduce((sum, value) => sum + value * value, 0) / normals.length;
    expect(Math.abs(square - 1)).toBeLessThan(0.05);
    for (const shape of [0.1, 1, 5]) {
      const mean =
        Array.from({ length: 20_000 }, () => random.gamma(shape)).reduce((sum, value) => sum + value, 0) /
        20_000;
      expect(Math.abs(mean / shape - 1)).toBeLessThan(0.1);
    }
  });
});
