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
const PLAIN: readonly SmoothingWeights[] = [0.05, 0.2, 0.5, 1].flatMap((level) =>
  [0, 0.02, 0.1].map((trend) => ({ level, trend, season: 0 })),
);
const SEASONAL: readonly SmoothingWeights[] = [0.02, 0.1, 0.3].flatMap((level) =>
  [0, 0.02].flatMap((trend) => [0.05, 0.25].map((season) => ({ level, trend, season }))),
);
/** What an error counts for after the next one, in choosing who speaks. */
const ERROR_KEPT = 0.98;

interface Candidate {
  readonly smoothing: Smoothing;
  error: number;
}

interface Awaited {
  readonly horizon: number;
  readonly dueStep: number;
  readonly value: number;
  readonly half: number | undefined;
}

export class LoadForecast {
  readonly stepMs: number;
  readonly #candidates: readonly Candidate[];
  readonly #bands: readonly ErrorBand[];
  /** By horizon, in the order they fall due. */
  readonly #awaited: readonly Awaited[][];
  readonly #seasonSteps: number;
  #speaker: Candidate;
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
    this.#candidates = weights.map((one) => ({ smoothing: new Smoothing(one, seasonSteps), error: 0 }));
    this.#speaker = this.#candidates[0]!;
    this.#bands = HORIZONS.map(() => new ErrorBand(coverage));
    this.#awaited = HORIZONS.map(() => []);
  }

  /** The value of the next step; undefined where none was measured. */
  add(value: number | undefined): void {
    this.#steps++;
    if (value === undefined || !Number.isFinite(value)) {
      this.#settle(undefined);
      if (this.#values === 0) return;
      // Time goes on: each goes on as it expected.
      for (const { smoothing } of this.#candidates) smoothing.add(smoothing.at(1));
    } else {
      this.#settle(value);
      this.#judge(value);
      this.#values++;
    }
    this.#await();
  }

  /** What is expected `steps` from now, from 1 to 128; undefined while nothing, or nothing of its interval, is known. */
  at(steps: number): ForecastPoint | undefined {
    check(
      Number.isInteger(steps) && steps >= 1 && steps <= FARTHEST,
      `steps ${steps}: give 1 to ${FARTHEST}`,
    );
    const half = this.#halfAt(steps);
    if (half === undefined) return undefined;
    const value = this.#speaker.smoothing.at(steps);
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

  #halfAt(steps: number): number | undefined {
    const above = HORIZONS.findIndex((horizon) => horizon >= steps);
    const upper = this.#bands[above]!.half;
    if (HORIZONS[above] === steps || upper === undefined) return upper;
    const lower = this.#bands[above - 1]!.half!;
    const share = (steps - HORIZONS[above - 1]!) / (HORIZONS[above]! - HORIZONS[above - 1]!);
    return lower + share * (upper - lower);
  }

  #judge(value: number): void {
    let best: Candidate | undefined;
    for (const candidate of this.#candidates) {
      const { smoothing } = candidate;
      const isSettled = this.#values > Math.max(1, this.#seasonSteps);
      const error = isSettled ? Math.abs(value - smoothing.at(1)) : 0;
      candidate.error = ERROR_KEPT * candidate.error + error;
      smoothing.add(value);
      if (best === undefined || candidate.error < best.error) best = candidate;
    }
    this.#speaker = best!;
  }

  #settle(value: number | undefined): void {
    for (const [place, waiting] of this.#awaited.entries()) {
      if (waiting[0]?.dueStep !== this.#steps) continue;
      const due = waiting.shift()!;
      if (value !== undefined) this.#bands[place]!.add(value - due.value, due.half);
    }
  }

  #await(): void {
    for (const [place, horizon] of HORIZONS.entries()) {
      const value = this.#speaker.smoothing.at(horizon);
      const half = this.#bands[place]!.half;
      this.#awaited[place]!.push({ horizon, dueStep: this.#steps + horizon, value, half });
    }
  }
}

function check(holds: boolean, message: string): void {
  if (!holds) throw new CrdtError("invalid-argument", message);
}
