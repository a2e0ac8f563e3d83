// How good forecasts of a horizon were over a series: the share of values their intervals held, and the mean absolute error
// as a share of that of two forecasts that learn nothing. The first 200 steps are not judged.
import { LoadForecast } from "../../host/learning/index.ts";
import type { LoadSeries } from "./load-series.ts";

export interface ForecastScores {
  readonly covered: number;
  /** Of the error of saying the last value, and the value one season before. */
  readonly ofLast: number;
  readonly ofSeason: number;
  /** Mean absolute scaled error (Hyndman and Koehler 2006): over that of the last value one step ahead. */
  readonly scaledError: number;
}

const NOT_JUDGED = 200;

export function judgeForecast(
  { values, seasonSteps }: LoadSeries,
  horizon: number,
  coverage: number,
): ForecastScores {
  const forecast = new LoadForecast({ stepMs: 1, seasonSteps, coverage });
  const season = Math.max(1, seasonSteps) * Math.ceil(horizon / Math.max(1, seasonSteps));
  let [judged, held, error, lastError, seasonError, stepError] = [0, 0, 0, 0, 0, 0];
  for (const [step, value] of values.entries()) {
    forecast.add(value);
    const target = values[step + horizon];
    const point = step < NOT_JUDGED || target === undefined ? undefined : forecast.at(horizon);
    if (point === undefined || target === undefined) continue;
    judged++;
    if (target >= point.low && target <= point.high) held++;
    error += Math.abs(target - point.value);
    lastError += Math.abs(target - value);
    seasonError += Math.abs(target - values[step + horizon - season]!);
    stepError += Math.abs(values[step + 1]! - value);
  }
  return {
    covered: held / judged,
    ofLast: error / lastError,
    ofSeason: error / seasonError,
    scaledError: error / stepError,
  };
}
