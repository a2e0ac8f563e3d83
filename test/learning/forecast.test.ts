// Forecasts: intervals hold the share of values they say, on drawn and on recorded loads; the point is no worse than the
// last value where nothing can be known, and much better where there is a day; nothing is said while nothing is known.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeForecast } from "../../bench/learning/forecast-scores.ts";
import { type LoadSeries, syntheticLoads, writesADay } from "../../bench/learning/load-series.ts";
import { LoadForecast } from "../../host/learning/index.ts";
import { FORECAST_SEASON_STEPS_MAX } from "../../host/limits.ts";
import { recordedTraces, WITHOUT_TRACES } from "./recorded-traces.ts";

const HORIZONS = [1, 4, 16];

function expectCoverage(series: LoadSeries, coverage: number): void {
  for (const horizon of HORIZONS) {
    const { covered } = judgeForecast(series, horizon, coverage);
    expect(Math.abs(covered - coverage), `${series.name}, ${horizon} steps`).toBeLessThan(0.04);
  }
}

describe("a load forecast", () => {
  it.each([0.8, 0.9])("holds %s of what comes, whatever the load", (coverage) => {
    for (const series of syntheticLoads(3, 1_500)) expectCoverage(series, coverage);
  });

  it("is better than the last value and the last season, but on a random walk, where none can be", () => {
    for (const series of syntheticLoads(4, 1_500)) {
      const { ofLast, ofSeason } = judgeForecast(series, 4, 0.9);
      if (series.name === "walk") expect(ofLast).toBeLessThan(1.06);
      else {
        expect(ofLast, series.name).toBeLessThan(0.95);
        expect(ofSeason, series.name).toBeLessThan(0.95);
      }
    }
  });

  const recorded = recordedTraces();
  it.skipIf(recorded.length === 0)(`holds on recorded histories (${WITHOUT_TRACES})`, () => {
    for (const series of recorded.map(writesADay)) {
      expectCoverage(series, 0.9);
      expect(judgeForecast(series, 4, 0.9).ofLast, series.name).toBeLessThan(1);
    }
  });

  it("says nothing before it knows anything, and nothing beyond the horizons it has errors of", () => {
    const forecast = new LoadForecast({ stepMs: 1_000 });
    expect([forecast.at(1), forecast.untilAbove(1)]).toEqual([undefined, undefined]);
    for (let step = 0; step < 20; step++) forecast.add(undefined);
    expect(forecast.at(1)).toBeUndefined();
    for (let step = 0; step < 8; step++) forecast.add(5);
    expect(forecast.at(1)).toBeUndefined();
    for (let step = 0; step < 4; step++) forecast.add(5);
    expect(forecast.at(1)).toEqual({ value: 5, low: 5, high: 5 });
    expect(forecast.at(64)).toBeUndefined();
  });

  it("says when a growing disk is full, earlier and later with the ends of the interval", () => {
    const forecast = new LoadForecast({ stepMs: 60_000 });
    for (let step = 0; step < 400; step++) forecast.add(step * 0.2 + ((step * 7) % 5) / 10);
    const full = forecast.untilAbove(86)!;
    expect(full.expectedMs! / 60_000).toBeGreaterThan(20);
    expect(full.expectedMs! / 60_000).toBeLessThan(50);
    expect(full.earliestMs!).toBeLessThanOrEqual(full.expectedMs!);
    expect(full.latestMs ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(full.expectedMs!);
    expect(forecast.untilAbove(1e9)).toEqual({});
  });

  it("stays finite and ordered, whatever it is told", () => {
    const value = fc.oneof(
      fc.constant(undefined),
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      fc.constant(Number.NaN),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 60 }), fc.constantFrom(0, 2, 7), (values, seasonSteps) => {
        const forecast = new LoadForecast({ stepMs: 1, seasonSteps });
        for (const one of values) forecast.add(one);
        for (const steps of [1, 3, 8]) {
          const point = forecast.at(steps);
          if (point === undefined) continue;
          expect(point.low).toBeLessThanOrEqual(point.value);
          expect(point.high).toBeGreaterThanOrEqual(point.value);
          expect(Number.isFinite(point.low + point.high)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("refuses what means nothing", () => {
    expect(() => new LoadForecast({ stepMs: 0 })).toThrow("stepMs 0");
    expect(() => new LoadForecast({ stepMs: 1, coverage: 1 })).toThrow("coverage 1");
    const seasonSteps = FORECAST_SEASON_STEPS_MAX + 1;
    expect(() => new LoadForecast({ stepMs: 1, seasonSteps })).toThrow("at most 4096");
    expect(() => new LoadForecast({ stepMs: 1 }).at(129)).toThrow("steps 129");
  });
});
