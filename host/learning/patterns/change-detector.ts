// When the level of a series changed: a two-sided cumulative sum (Page 1954) over normal scores of sequential ranks
// (McDonald, "A cusum procedure based on sequential ranks", 1990). While nothing changes these are independent whatever the
// values are distributed like, so false alarms are as rare as asked for; the threshold is Siegmund's (1985). Values that hang
// together (a load over a day) are to be told as errors of a forecast. Cost of a value: that of its rank.
import { CrdtError } from "../../errors.ts";
import { RankWindow } from "./rank-window.ts";

export interface ChangeDetectorOptions {
  /** Mean number of values between false alarms; 10,000 unless given, from 100. */
  readonly valuesAFalseAlarm?: number;
}

export interface LevelChange {
  readonly direction: "up" | "down";
  /** Values since the level most likely changed, this one among them. */
  readonly valuesAgo: number;
}

const WINDOW = 1_024;
/** Values that only tell what is usual. */
const WARM_UP = 32;
/** Half the change, in deviations, that is to be found soonest. */
const DRIFT = 0.5;
const VALUES_A_FALSE_ALARM = 10_000;

export class ChangeDetector {
  readonly #usual = new RankWindow(WINDOW);
  readonly #threshold: number;
  #up = 0;
  #down = 0;
  #sinceUp = 0;
  #sinceDown = 0;

  /** Errors: invalid-argument. */
  constructor({ valuesAFalseAlarm = VALUES_A_FALSE_ALARM }: ChangeDetectorOptions = {}) {
    if (!(valuesAFalseAlarm >= 100) || !Number.isFinite(valuesAFalseAlarm)) {
      throw new CrdtError(
        "invalid-argument",
        `valuesAFalseAlarm ${valuesAFalseAlarm}: give a number from 100`,
      );
    }
    this.#threshold = thresholdFor(valuesAFalseAlarm);
  }

  /** The change that this value made sure; what is usual is then learned anew. What is no number is passed over. */
  add(value: number): LevelChange | undefined {
    if (!Number.isFinite(value)) return undefined;
    if (this.#usual.count < WARM_UP) {
      this.#usual.add(value);
      return undefined;
    }
    const score = normalQuantile(this.#usual.shareBelow(value));
    this.#usual.add(value);
    this.#up = Math.max(0, this.#up + score - DRIFT);
    this.#down = Math.max(0, this.#down - score - DRIFT);
    this.#sinceUp = this.#up === 0 ? 0 : this.#sinceUp + 1;
    this.#sinceDown = this.#down === 0 ? 0 : this.#sinceDown + 1;
    if (Math.max(this.#up, this.#down) <= this.#threshold) return undefined;
    const isUp = this.#up >= this.#down;
    const change: LevelChange = {
      direction: isUp ? "up" : "down",
      valuesAgo: isUp ? this.#sinceUp : this.#sinceDown,
    };
    this.#usual.clear();
    this.#up = this.#down = this.#sinceUp = this.#sinceDown = 0;
    return change;
  }
}

/** Where the mean run length of both sums together is as asked for. */
function thresholdFor(runLength: number): number {
  let [low, high] = [0, 100];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    const reach = 2 * DRIFT * (middle + 1.166);
    if ((Math.exp(reach) - reach - 1) / (2 * DRIFT * DRIFT) / 2 < runLength) low = middle;
    else high = middle;
  }
  return high;
}

/** The normal quantile, to 4.5e-4 (Hastings 1955; Abramowitz and Stegun 26.2.23). */
function normalQuantile(share: number): number {
  const tail = Math.min(share, 1 - share);
  const root = Math.sqrt(-2 * Math.log(tail));
  const above = 2.515517 + root * (0.802853 + root * 0.010328);
  const below = 1 + root * (1.432788 + root * (0.189269 + root * 0.001308));
  const size = root - above / below;
  return share < 0.5 ? -size : size;
}
