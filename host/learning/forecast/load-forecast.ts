// What the load of a container, a relay or a disk will be: smoothing with several weights side by side, of which the one
// that was least off lately speaks, and intervals from how far its forecasts were off at each horizon. Says nothing while
// it knows nothing. Values come one a step; a step without a value is told as undefined. Cost of a value: some hundred
// operations for each of eight horizons.
import { CrdtError } from "../../errors.ts";
import { FORECAST_SEASON_STEPS_MAX } from "../../limits.ts";
import { ErrorBand } from "./error-band.ts";
import { Smoothing, type SmoothingWeights } from "./smoothing.ts";

export interface LoadForecastOptions {
  /** Time between two values, in milliseconds. */
  readonly stepMs: number;
  /** Steps after which the load repeats itself, as a day does; none unless given, at most 4,096. */
  readonly seasonSteps?: number;
  /** The share of values that intervals are to hold; 0.9 unless given. */
  readonly coverage?: number;
}

export interface ForecastPoint {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** When a limit is reached, in milliseconds from the last value. */
export interface LimitForecast {
  /** When the expected value reaches it; undefined: not within the farthest horizon. */
  readonly expectedMs: number | undefined;
  /** When the upper and the lower end of the interval do. */
  readonly earliestMs: number | undefined;
  readonly latestMs: number | undefined;
}

/** Horizons whose errors are followed, in steps; between two the interval is interpolated. */
const HORIZONS = [1, 2, 4, 8, 16, 32, 64, 128] as const;
const FARTHEST = 128;
/** A trend that lasts for ever is rare, but a disk that fills has one. */
const TRENDS = [
  { trend: 0, damping: 1 },
  { trend: 0.02, damping: 0.98 },
  { trend: 0.1, damping: 0.98 },
  { trend: 0.01, damping: 1 },
] as const;
const PLAIN: readonly SmoothingWeights[] = [0.05, 0.2, 0.5, 1].flatMap((level) =>
  TRENDS.map((trend) => ({ level, ...trend, season: 0 })),
);
const SEASONAL: readonly SmoothingWeights[] = [0.02, 0.1, 0.3].flatMap((level) =>
  [TRENDS[0], TRENDS[3]].flatMap((trend) => [0.05, 0.25].map((season) => ({ level, ...trend, season }))),
);
/** What an error counts for after the next one, in choosing who speaks. */
const ERROR_KEPT = 0.98;

/** What was forecast for a step, by each candidate, and the band the speaker was given. */
interface Awaited {
  readonly dueStep: number;
  readonly values: Float64Array;
  readonly half: number | undefined;
}

/** Forecasts of one horizon: who was least off lately speaks. */
interface Lane {
  readonly steps: number;
  readonly band: ErrorBand;
  readonly errors: Float64Array;
  /** In the order they fall due. */
  readonly awaited: Awaited[];
  speaker: number;
}

export class LoadForecast {
  readonly stepMs: number;
  readonly #candidates: readonly Smoothing[];
  readonly #lanes: readonly Lane[];
  readonly #seasonSteps: number;
  #steps = 0;
  #values = 0;

  /** Errors: invalid-argument, limit-exceeded. */
  constructor({ stepMs, seasonSteps = 0, coverage = 0.9 }: LoadForecastOptions) {
    check(stepMs > 0 && Number.isFinite(stepMs), `stepMs ${stepMs}: give milliseconds above 0`);
    check(
      Number.isInteger(seasonSteps) && seasonSteps >= 0,
      `seasonSteps ${seasonSteps}: give a whole number`,
    );
    check(coverage > 0 && coverage < 1, `coverage ${coverage}: give a share between 0 and 1`);
    if (seasonSteps > FORECAST_SEASON_STEPS_MAX) {
      const most = FORECAST_SEASON_STEPS_MAX;
      throw new CrdtError("limit-exceeded", `seasonSteps ${seasonSteps}: at most ${most}, take longer steps`);
    }
    this.stepMs = stepMs;
    this.#seasonSteps = seasonSteps;
    const weights = seasonSteps > 1 ? [...PLAIN, ...SEASONAL] : PLAIN;
    this.#candidates = weights.map((one) => new Smoothing(one, seasonSteps));
    this.#lanes = HORIZONS.map((steps) => ({
      steps,
      band: new ErrorBand(coverage),
      errors: new Float64Array(weights.length),
      awaited: [],
      speaker: 0,
    }));
  }

  /** The value of the next step; undefined where none was measured. */
  add(value: number | undefined): void {
    this.#steps++;
    const measured = value !== undefined && Number.isFinite(value) ? value : undefined;
    if (measured === undefined && this.#values === 0) return;
    for (const lane of this.#lanes) this.#settle(lane, measured);
    // Where nothing was measured, each goes on as it expected.
    for (const candidate of this.#candidates) candidate.add(measured ?? candidate.at(1));
    if (measured !== undefined) this.#values++;
    for (const lane of this.#lanes) this.#await(lane);
  }

  /** What is expected `steps` from now, from 1 to 128; undefined while nothing, or nothing of its interval, is known. */
  at(steps: number): ForecastPoint | undefined {
    check(
      Number.isInteger(steps) && steps >= 1 && steps <= FARTHEST,
      `steps ${steps}: give 1 to ${FARTHEST}`,
    );
    const place = HORIZONS.findIndex((horizon) => horizon >= steps);
    const half = this.#halfAt(place, steps);
    if (half === undefined) return undefined;
    const value = this.#candidates[this.#lanes[place]!.speaker]!.at(steps);
    return { value, low: value - half, high: value + half };
  }

  /** When a rising load reaches `limit`; undefined while nothing is known. */
  untilAbove(limit: number): LimitForecast | undefined {
    let [expectedMs, earliestMs, latestMs]: (number | undefined)[] = [];
    if (this.at(1) === undefined) return undefined;
    for (let steps = 1; steps <= FARTHEST; steps++) {
      const point = this.at(steps);
      if (point === undefined) break;
      const atMs = steps * this.stepMs;
      if (point.high >= limit) earliestMs ??= atMs;
      if (point.value >= limit) expectedMs ??= atMs;
      if (point.low >= limit) latestMs ??= atMs;
    }
    return { expectedMs, earliestMs, latestMs };
  }

  #halfAt(place: number, steps: number): number | undefined {
    const { steps: above, band } = this.#lanes[place]!;
    const upper = band.half;
    if (above === steps || upper === undefined) return upper;
    const { steps: below, band: lowerBand } = this.#lanes[place - 1]!;
    const lower = lowerBand.half ?? upper;
    return lower + ((steps - below) / (above - below)) * (upper - lower);
  }

  #settle(lane: Lane, value: number | undefined): void {
    if (lane.awaited[0]?.dueStep !== this.#steps) return;
    const due = lane.awaited.shift()!;
    if (value === undefined) return;
    lane.band.add(value - due.values[lane.speaker]!, due.half);
    // What was said before a season was whole is no measure of who knows the season.
    if (this.#values <= this.#seasonSteps + lane.steps) return;
    for (let place = 0; place < due.values.length; place++) {
      const error = Math.abs(value - due.values[place]!);
      lane.errors[place] = ERROR_KEPT * lane.errors[place]! + error;
      if (lane.errors[place]! < lane.errors[lane.speaker]!) lane.speaker = place;
    }
  }

  #await(lane: Lane): void {
    const values = Float64Array.from(this.#candidates, (candidate) => candidate.at(lane.steps));
    lane.awaited.push({ dueStep: this.#steps + lane.steps, values, half: lane.band.half });
  }
}

function check(holds: boolean, message: string): void {
  if (!holds) throw new CrdtError("invalid-argument", message);
}
