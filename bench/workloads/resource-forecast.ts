// Forecasts of loads: the share of values that 90 % intervals hold, and errors against the last value, the last season and
// the last value one step ahead (MASE), at several horizons; on drawn loads, and with --data on writes a day of recorded
// histories. The check holds coverage to within a tenth.
import { LoadForecast } from "../../host/learning/index.ts";
import { judgeForecast } from "../learning/forecast-scores.ts";
import { type LoadSeries, syntheticLoads, writesADay } from "../learning/load-series.ts";
import { readWriteTraces } from "../learning/write-trace.ts";
import { elapsedNs } from "../timing.ts";
import type { Circumstances, Figure, Outcome, Workload } from "../workload.ts";

const HORIZONS = [1, 4, 16, 48];
const COVERAGE = 0.9;

function figuresOf(series: LoadSeries, horizon: number): Figure[] {
  const { covered, ofLast, ofSeason, scaledError } = judgeForecast(series, horizon, COVERAGE);
  if (Math.abs(covered - COVERAGE) > 0.1)
    throw new Error(`${series.name}: ${covered} of values in 90 % intervals`);
  const name = `forecast-${series.name}-${horizon}`;
  return [
    { figure: `${name} · held by 90 % intervals`, value: 100 * covered, unit: "%" },
    { figure: `${name} · error, of the last value's`, value: ofLast, unit: "×" },
    { figure: `${name} · error, of the last season's`, value: ofSeason, unit: "×" },
    { figure: `${name} · mean absolute scaled error`, value: scaledError, unit: "" },
  ];
}

function seriesOf({ isQuick, traceFolder }: Circumstances): LoadSeries[] {
  const recorded = traceFolder === undefined ? [] : readWriteTraces(traceFolder).map(writesADay);
  return [...syntheticLoads(1, isQuick ? 600 : 4_000), ...recorded];
}

export const resourceForecast: Workload = {
  name: "resource-forecast",
  competitors: ["learned"],
  rounds: 1,
  async run(circumstances): Promise<Outcome> {
    const all = seriesOf(circumstances);
    const figures = all.flatMap((series) => HORIZONS.flatMap((horizon) => figuresOf(series, horizon)));
    const ns = elapsedNs(() => {
      for (const { values, seasonSteps } of all) {
        const forecast = new LoadForecast({ stepMs: 1, seasonSteps });
        for (const value of values) forecast.add(value);
      }
    });
    const n = all.reduce((total, { values }) => total + values.length, 0);
    const samples = [{ workload: "forecast-value", n, nsPerOp: ns / n }];
    return { samples, figures, check: figures.map(({ value }) => value.toFixed(3)).join(" ") };
  },
};
