// Chance from a seed: xoshiro128** by David Blackman and Sebastiano Vigna (2018, public domain), seeded by SplitMix32. The same
// seed gives the same numbers everywhere. For training, splitting and noise in experiments; no key is ever made from it.

export class SeededRandom {
  readonly #state = new Uint32Array(4);
  #spareNormal: number | undefined;

  constructor(seed: number) {
    let mixed = seed | 0;
    for (let index = 0; index < 4; index++) {
      mixed = (mixed + 0x9e3779b9) | 0;
      let word = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
      word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
      this.#state[index] = word ^ (word >>> 15);
    }
  }

  /** 32 bits. */
  word(): number {
    const state = this.#state;
    const [first, second, third, fourth] = [state[0]!, state[1]!, state[2]!, state[3]!];
    const product = Math.imul(second, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const [mixedThird, mixedFourth] = [third ^ first, fourth ^ second];
    state[1] = second ^ mixedThird;
    state[0] = first ^ mixedFourth;
    state[2] = mixedThird ^ (second << 9);
    state[3] = (mixedFourth << 11) | (mixedFourth >>> 21);
    return result;
  }

  words(count: number): Uint32Array {
    return Uint32Array.from({ length: count }, () => this.word());
  }

  /** From 0 to below 1, a multiple of 2^−32. */
  uniform(): number {
    return this.word() / 4294967296;
  }

  /** An integer from 0 to below `bound`. */
  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  /** Mean 0, variance 1 (George Marsaglia's polar method). */
  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    for (;;) {
      const [across, up] = [this.uniform() * 2 - 1, this.uniform() * 2 - 1];
      const square = across * across + up * up;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spareNormal = up * scale;
      return across * scale;
    }
  }

  /** Of the gamma distribution of this shape and scale 1 (Marsaglia and Tsang, 2000). */
  gamma(shape: number): number {
    if (shape < 1) return this.gamma(shape + 1) * this.uniform() ** (1 / shape);
    const offset = shape - 1 / 3;
    const slope = 1 / Math.sqrt(9 * offset);
    for (;;) {
      const normal = this.normal();
      const cube = (1 + slope * normal) ** 3;
      if (cube <= 0) continue;
      const bound = 0.5 * normal * normal + offset - offset * cube + offset * Math.log(cube);
      if (Math.log(this.uniform()) < bound) return offset * cube;
    }
  }

  /** Puts `items` into random order, in place. */
  shuffle<Items extends { length: number; [index: number]: number }>(items: Items): Items {
    for (let last = items.length - 1; last > 0; last--) {
      const chosen = this.below(last + 1);
      const kept = items[last]!;
      items[last] = items[chosen]!;
      items[chosen] = kept;
    }
    return items;
  }
}
