// How well a conflict predictor does on histories of writes: those of the folder given with --data, and a synthetic one
// whose best possible prediction is known. Every write is predicted for its writer before it is told; outcomes become
// known one horizon later. Figures are over all writes whose horizon lies within the history. The check holds what
// was computed against the labels: probabilities within [0, 1], and as many conflicts validated as there are.
import {
  areaUnderCurve,
  averagePrecision,
  brierSkill,
  ConflictPredictor,
  calibrationError,
  type Scored,
} from "../../host/learning/index.ts";
import {
  conflictsWithin,
  DAY_MS,
  readWriteTraces,
  type WriteTrace,
  zipfTrace,
} from "../learning/write-trace.ts";
import { elapsedNs } from "../timing.ts";
import type { Circumstances, Figure, Outcome, Sample, Workload } from "../workload.ts";

const HORIZONS_DAYS = [1, 7];

function tracesOf({ isQuick, traceFolder }: Circumstances): WriteTrace[] {
  const size = isQuick ? { keys: 200, writes: 2_000, days: 20 } : { keys: 10_000, writes: 60_000, days: 60 };
  const synthetic = zipfTrace({ seed: 1, writers: 20, exponent: 0.99, ...size });
  return [...(traceFolder === undefined ? [] : readWriteTraces(traceFolder)), synthetic];
}

interface Judged {
  readonly sample: Sample;
  readonly figures: readonly Figure[];
  readonly check: string;
}

function judge(trace: WriteTrace, days: number): Judged {
  const horizonMs = days * DAY_MS;
  const predictor = new ConflictPredictor({ horizonMs });
  const learned: number[] = [];
  const closed: number[] = [];
  const ns = elapsedNs(() => {
    for (const { key, writer, atMs } of trace.writes) {
      const { probability, closedForm } = predictor.predict(key, writer, atMs);
      predictor.wrote(key, writer, atMs);
      learned.push(probability);
      closed.push(closedForm);
    }
  });
  const outcomes = conflictsWithin(trace.writes, horizonMs);
  const endMs = trace.writes.at(-1)!.atMs;
  const known = trace.writes.filter(({ atMs }) => atMs + horizonMs < endMs).length;
  const { validated, conflicts, reliability } = predictor.scores();
  const expected = outcomes.slice(0, known).filter(Boolean).length;
  if (validated !== known || conflicts !== expected) {
    throw new Error(`validated ${validated} with ${conflicts} conflicts, not ${known} with ${expected}`);
  }
  if (!learned.every((probability) => probability >= 0 && probability <= 1))
    throw new Error("no probability");
  const name = `conflict-${trace.name}-${days}d`;
  const rows: [string, readonly number[] | undefined][] = [
    ["learned", learned],
    ["closed form", closed],
    ["oracle", trace.othersPerMs?.map((rate) => -Math.expm1(-rate * horizonMs))],
  ];
  const figures = rows.flatMap(([who, probabilities]) =>
    probabilities === undefined ? [] : figuresOf(`${name} · ${who}`, probabilities, outcomes, known),
  );
  figures.push({ figure: `${name} · calibration error`, value: calibrationError(reliability), unit: "" });
  for (const { from, count, meanPredicted, observed } of reliability) {
    figures.push({ figure: `${name} · said ${from.toFixed(1)}`, value: meanPredicted, unit: `of ${count}` });
    figures.push({ figure: `${name} · came ${from.toFixed(1)}`, value: observed, unit: `of ${count}` });
  }
  const n = trace.writes.length;
  return { sample: { workload: name, n, nsPerOp: ns / n }, figures, check: `${name} ${known} ${expected}` };
}

function figuresOf(
  name: string,
  probabilities: readonly number[],
  outcomes: readonly boolean[],
  known: number,
): Figure[] {
  const scored: Scored[] = probabilities
    .slice(0, known)
    .map((probability, place) => ({ probability, outcome: outcomes[place]! }));
  return [
    { figure: `${name} · area under the curve`, value: areaUnderCurve(scored) ?? Number.NaN, unit: "" },
    { figure: `${name} · average precision`, value: averagePrecision(scored) ?? Number.NaN, unit: "" },
    { figure: `${name} · Brier skill`, value: brierSkill(scored) ?? Number.NaN, unit: "" },
  ];
}

export const conflictPrediction: Workload = {
  name: "conflict-prediction",
  competitors: ["learned"],
  rounds: 1,
  async run(circumstances): Promise<Outcome> {
    const judged = tracesOf(circumstances).flatMap((trace) =>
      HORIZONS_DAYS.map((days) => judge(trace, days)),
    );
    return {
      samples: judged.map(({ sample }) => sample),
      figures: judged.flatMap(({ figures }) => figures),
      check: judged.map(({ check }) => check).join("; "),
    };
  },
};
