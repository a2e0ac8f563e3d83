// How long to wait for more, by what is pending. Sending ends a cycle; a policy costs (messages × cost + waits) over
// arrivals, and by renewal reward the best one is found for the rate at which ending and going on cost the same: backward
// over what may be pending, taking for each the waiting time with the greatest expected gain, and bisecting that rate
// (Puterman, "Markov Decision Processes", 1994, ch. 8). With gaps of one length, or exponential ones, it is the square-root
// law: send when pending ≥ √(2 · cost · rate). Cost: pending × bins × steps of the bisection, some 10,000 operations.
import { GAP_BINS, type GapHistogram } from "./gap-histogram.ts";

/** Beyond this many pending the square-root law is as good, and cheaper. */
export const PENDING_STATES_MAX = 48;
const BISECTIONS = 10;
/** Bins that hold less of the gaps are left out. */
const SHARE_MIN = 1e-4;

/** Index n: how long to wait for more with n pending, in milliseconds; 0 says send. */
export function waitingTimes(gaps: GapHistogram, costMs: number): Float64Array {
  const bins = binsOf(gaps);
  const waits = new Float64Array(PENDING_STATES_MAX + 1);
  let [low, high] = [0, costMs];
  for (let step = 0; step < BISECTIONS; step++) {
    const perArrival = (low + high) / 2;
    const gain = gainOfCycle(bins, perArrival, waits);
    if (costMs - perArrival - gain > 0) low = perArrival;
    else high = perArrival;
  }
  return waits;
}

interface Bin {
  readonly share: number;
  readonly middleMs: number;
  readonly endMs: number;
}

function binsOf(gaps: GapHistogram): Bin[] {
  const bins: Bin[] = [];
  // The last bin is a pause: nobody waits for what follows it.
  for (let bin = 0; bin < GAP_BINS - 1; bin++) {
    const share = gaps.share(bin);
    if (share >= SHARE_MIN) bins.push({ share, middleMs: gaps.middleMs(bin), endMs: gaps.endMs(bin) });
  }
  return bins;
}

/** What a cycle with one pending gains over ending it, where an arrival is worth `perArrival`; fills in the waits. */
function gainOfCycle(bins: readonly Bin[], perArrival: number, waits: Float64Array): number {
  let after = 0;
  for (let pending = PENDING_STATES_MAX; pending >= 1; pending--) {
    let best = 0;
    let wait = 0;
    let arrived = 0;
    let left = 1;
    for (const { share, middleMs, endMs } of bins) {
      arrived += share * (perArrival + after - pending * middleMs);
      left -= share;
      const gain = arrived - Math.max(0, left) * pending * endMs;
      if (gain > best) {
        best = gain;
        wait = endMs;
      }
    }
    waits[pending] = wait;
    after = best;
  }
  return after;
}
