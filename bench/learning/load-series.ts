// Loads for judging forecasts and detectors: drawn from one seed, with a day in them, with growth, without either.
import { Random } from "../../host/simulator/random.ts";
import { DAY_MS, type WriteTrace } from "./write-trace.ts";

export interface LoadSeries {
  readonly name: string;
  readonly values: readonly number[];
  readonly seasonSteps: number;
}

/** Normally distributed, by Box and Muller. */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit());
}

const DAY_STEPS = 48;

export function syntheticLoads(seed: number, count: number): LoadSeries[] {
  const draw = (
    name: string,
    seasonSteps: number,
    value: (random: Random, step: number) => number,
  ): LoadSeries => {
    const random = new Random("load", name, seed);
    return { name, seasonSteps, values: Array.from({ length: count }, (_, step) => value(random, step)) };
  };
  const day = (step: number) =>
    Math.sin((2 * Math.PI * step) / DAY_STEPS) + 0.4 * Math.sin((6 * Math.PI * step) / DAY_STEPS);
  let walk = 100;
  let shifted = 0;
  return [
    draw("container-day", DAY_STEPS, (random, step) => 50 + 20 * day(step) + 3 * normal(random)),
    draw(
      "relay-day-growing",
      DAY_STEPS,
      (random, step) => 20 + 0.02 * step + 10 * day(step) + random.exponential(2),
    ),
    draw("disk", 0, (random, step) => 10 + 0.05 * step + 0.2 * normal(random)),
    draw("walk", 0, (random) => {
      walk += normal(random);
      return walk;
    }),
    draw("shifts", 0, (random) => {
      if (random.chance(1 / 150)) shifted = random.between(0, 60);
      return 40 + shifted + 2 * normal(random);
    }),
  ];
}

/** Writes a day, of a recorded history. */
export function writesADay({ name, writes }: WriteTrace): LoadSeries {
  const values: number[] = [];
  for (const { atMs } of writes) {
    const day = Math.floor(atMs / DAY_MS);
    while (values.length <= day) values.push(0);
    values[day]! += 1;
  }
  return { name: `${name}-writes-a-day`, values: values.map((count) => Math.log1p(count)), seasonSteps: 7 };
}
