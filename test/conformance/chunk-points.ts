// Points of series for chunk tests: every shape of times and of values that takes another way through the encoding.
import { createHash } from "node:crypto";
import { Random } from "../laws/random.ts";

export interface Points {
  readonly times: Float64Array;
  readonly values: Float64Array;
}

const START = 1_700_000_000_000;
const SAFE = Number.MAX_SAFE_INTEGER;
type Column = (count: number, random: Random) => number[];

const walk =
  (first: number, step: (random: Random) => number): Column =>
  (count, random) => {
    let at = first;
    return Array.from({ length: count }, () => {
      const here = at;
      at += step(random);
      return here;
    });
  };
const each =
  (draw: (random: Random) => number): Column =>
  (count, random) =>
    Array.from({ length: count }, () => draw(random));
const ascending = (numbers: number[]): number[] => numbers.sort((left, right) => left - right);

export const TIMES: Readonly<Record<string, Column>> = {
  regular: walk(START, () => 1000),
  "regular, odd": walk(START + 1, () => 7),
  jittered: (count, random) =>
    ascending(Array.from({ length: count }, (_, index) => START + index * 1000 + random.below(101) - 50)),
  gappy: walk(START, (random) => (random.chance(0.02) ? 3_600_000 : 1000)),
  seconds: walk(START, (random) => 1000 * random.below(90)),
  equal: walk(START, () => 0),
  "far apart": walk(-SAFE + 5, (random) => random.below(2 ** 38)),
  "one far step": (count) =>
    Array.from({ length: count }, (_, index) => (index === 0 ? -5 : 2 ** 52 + index)),
  "thousands far apart": walk(0, (random) => 1000 * random.below(2 ** 28)),
  "below zero": walk(-100_000, (random) => random.below(40)),
  wide: (count, random) => {
    const inner = Array.from({ length: Math.max(count - 2, 0) }, () => (random.next() - 0.5) * 2 * SAFE);
    const whole = [...ascending(inner.map((time) => Math.trunc(time) + 0)), SAFE];
    return count === 1 ? [SAFE] : [-SAFE, ...whole];
  },
  "exactly 2^53 − 1 apart": (count) =>
    Array.from({ length: count }, (_, index) => (index * 2 < count ? -1 : SAFE - 1)),
};

export const VALUES: Readonly<Record<string, Column>> = {
  "two decimals": (count, random) => {
    let cents = 2150;
    return Array.from({ length: count }, () => {
      cents += random.below(61) - 30;
      return cents / 100;
    });
  },
  constant: walk(21.5, () => 0),
  counter: walk(0, () => 1),
  integers: each((random) => random.below(1000) - 500),
  "large integers": each((random) => Math.trunc((random.next() - 0.5) * 2 ** 52)),
  "beyond the scales": each((random) => Math.trunc(random.next() * 2 ** 53)),
  "nine decimals": each((random) => random.below(1_000_000) / 1e9),
  irrational: each((random) => Math.sqrt(random.below(1_000_000))),
  "single precision": each((random) => Math.fround(Math.sqrt(random.below(1_000_000)))),
  "decimals with exceptions": each((random) =>
    random.chance(0.01) ? random.pick([-0, Infinity, -Infinity, Math.PI, 5e-324]) : random.below(5000) / 10,
  ),
  extremes: each((random) =>
    random.pick([0, -0, Infinity, -Infinity, 5e-324, -5e-324, 2.2e-308, 1.7976931348623157e308, 1, 0.1]),
  ),
  "random bits": each((random) => {
    const words = Uint32Array.of(random.below(2 ** 32), random.below(2 ** 32));
    const value = new Float64Array(words.buffer)[0]!;
    return Number.isNaN(value) ? 1 : value;
  }),
  "only zeros below": each(() => -0),
};

export const COUNTS = [1, 2, 3, 5, 63, 64, 127, 128, 129, 130, 256, 257, 1000, 1153] as const;

export function pointsOf(times: string, values: string, count: number, seed = 1): Points {
  const random = new Random(seed);
  return {
    times: Float64Array.from(TIMES[times]!(count, random)),
    values: Float64Array.from(VALUES[values]!(count, random)),
  };
}

/** Every kind of times with every kind of values. */
export function* everyKind(): Generator<readonly [times: string, values: string]> {
  for (const times of Object.keys(TIMES)) for (const values of Object.keys(VALUES)) yield [times, values];
}

/** Numbers by their bits, so that −0 and +0 differ; of many, a digest. */
export function bitsOfColumn(column: Float64Array | readonly number[]): string {
  const bytes = Buffer.from(Float64Array.from(column).buffer);
  return bytes.length <= 64 ? bytes.toString("hex") : createHash("sha256").update(bytes).digest("hex");
}
