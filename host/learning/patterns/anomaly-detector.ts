// Which single values are out of the ordinary: conformal prediction (Vovk, Gammerman and Shafer, "Algorithmic learning in a
// random world", 2005). A value is told of when its rank among the last ones is as extreme as only the given share of values
// would be that are like the others: the rate of false alarms is that share, whatever the distribution. How far out it is
// is said in robust deviations. A change of level makes a run of anomalies and is then usual; see change-detector.ts.
// Cost of a value: that of its rank.
import { CrdtError } from "../../errors.ts";
import { RankWindow } from "./rank-window.ts";

export interface AnomalyDetectorOptions {
  /** The share of ordinary values that are told of all the same; 0.005 unless given, from 0.002 to 0.2. */
  readonly falseAlarmShare?: number;
}

export interface Anomaly {
  readonly direction: "up" | "down";
  /** Distance from the median in robust deviations; undefined where more than half of the values are the same. */
  readonly deviations: number | undefined;
}

const WINDOW = 1_024;
const FALSE_ALARM_SHARE = 0.005;
/** Quartiles of a normal distribution lie this many deviations apart. */
const QUARTILES_APART = 1.349;

export class AnomalyDetector {
  readonly #share: number;
  readonly #last = new RankWindow(WINDOW);

  /** Errors: invalid-argument. */
  constructor({ falseAlarmShare = FALSE_ALARM_SHARE }: AnomalyDetectorOptions = {}) {
    if (!(falseAlarmShare >= 0.002 && falseAlarmShare <= 0.2)) {
      throw new CrdtError("invalid-argument", `falseAlarmShare ${falseAlarmShare}: give 0.002 to 0.2`);
    }
    this.#share = falseAlarmShare;
  }

  /** What is unusual about this value. Nothing is before enough values are known for the rate to hold. */
  add(value: number): Anomaly | undefined {
    if (!Number.isFinite(value)) return undefined;
    const share = this.#last.shareBelow(value);
    const { count } = this.#last;
    // The share of values as extreme as this one, itself among them.
    const asExtreme = 2 * (Math.min(share, 1 - share) + 0.5 / (count + 1));
    const deviations = this.#deviationsOf(value);
    this.#last.add(value);
    if (asExtreme > this.#share) return undefined;
    return { direction: share > 0.5 ? "up" : "down", deviations };
  }

  #deviationsOf(value: number): number | undefined {
    const { median } = this.#last;
    const spread = (this.#last.quantile(0.75) ?? 0) - (this.#last.quantile(0.25) ?? 0);
    if (median === undefined || spread === 0) return undefined;
    return (QUARTILES_APART * (value - median)) / spread;
  }
}
