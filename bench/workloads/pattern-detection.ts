// Detectors on series of known kinds: values between false alarms of a change detector, the share of ordinary values an
// anomaly detector tells of, both against what was asked for, and how soon a shift is found. The check: no rate is off by half.
import { AnomalyDetector, ChangeDetector } from "../../host/learning/index.ts";
import { Random } from "../../host/simulator/random.ts";
import { normal } from "../learning/load-series.ts";
import { elapsedNs, median } from "../timing.ts";
import type { Circumstances, Figure, Outcome, Workload } from "../workload.ts";

const VALUES_A_FALSE_ALARM = 500;
const FALSE_ALARM_SHARE = 0.01;
const SHIFTS = [1, 1.5, 3];

const DISTRIBUTIONS: Readonly<Record<string, (random: Random) => number>> = {
  normal,
  exponential: (random) => random.exponential(1),
  "heavy-tailed": (random) => normal(random) / Math.max(1e-9, Math.abs(normal(random))),
};

function falseAlarms(name: string, draw: (random: Random) => number, count: number): Figure[] {
  const random = new Random("quiet", name);
  const changes = new ChangeDetector({ valuesAFalseAlarm: VALUES_A_FALSE_ALARM });
  const anomalies = new AnomalyDetector({ falseAlarmShare: FALSE_ALARM_SHARE });
  let [changed, unusual] = [0, 0];
  for (let place = 0; place < count; place++) {
    const value = draw(random);
    if (changes.add(value) !== undefined) changed++;
    if (anomalies.add(value) !== undefined) unusual++;
  }
  const between = count / changed;
  const share = unusual / count;
  if (between < VALUES_A_FALSE_ALARM / 2 || share > FALSE_ALARM_SHARE * 1.5) {
    throw new Error(`${name}: a false change in ${between} values, ${share} of values unusual`);
  }
  return [
    {
      figure: `patterns-${name} · values a false change (${VALUES_A_FALSE_ALARM} asked for)`,
      value: between,
      unit: "",
    },
    { figure: `patterns-${name} · ordinary values told of (1 % asked for)`, value: 100 * share, unit: "%" },
  ];
}

function delayOf(shift: number, seeds: number): Figure {
  const delays: number[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    const random = new Random("shift", seed);
    const detector = new ChangeDetector();
    for (let count = 0; count < 300; count++) detector.add(normal(random));
    let delay = 1;
    while (delay < 500 && detector.add(shift + normal(random)) === undefined) delay++;
    delays.push(delay);
  }
  return {
    figure: `patterns-shift-${shift} · values until it is found, median`,
    value: median(delays),
    unit: "",
  };
}

export const patternDetection: Workload = {
  name: "pattern-detection",
  competitors: ["learned"],
  rounds: 1,
  async run({ isQuick }: Circumstances): Promise<Outcome> {
    const count = isQuick ? 20_000 : 200_000;
    const figures: Figure[] = [];
    const ns = elapsedNs(() => {
      for (const [name, draw] of Object.entries(DISTRIBUTIONS))
        figures.push(...falseAlarms(name, draw, count));
    });
    for (const shift of SHIFTS) figures.push(delayOf(shift, isQuick ? 20 : 200));
    const n = 3 * count;
    const samples = [{ workload: "patterns-value-both-detectors", n, nsPerOp: ns / n }];
    return { samples, figures, check: figures.map(({ value }) => value).join(" ") };
  },
};
