// Merges sorted runs of points into one, by time and, between equal times, by the order of the runs. A tournament tree of
// losers (Knuth, The Art of Computer Programming 3, §5.4.1) whose keys hold time and run in one i64; where one run wins
// again and again, the stretch it may still give is found by galloping (Bentley and Yao 1976) and copied at once.
// Cost: points × log2 runs comparisons without branches; for disjoint runs, copying.
//
//   key    | (time << 9) + run                       i64, above all others once the run is used up
//   node   | key of the loser i64                    8 bytes, node 1 at the top, leaves are runs
//   run    | times u32, values u32, end of times u32, unused u32       16 bytes
import { Scratch } from "../memory/scratch";

const RUN_BITS: u64 = 9;
/** Runs one tournament takes; more are merged in rounds. */
const RUNS_MAX: u32 = 512;
const RUN_MASK: u32 = RUNS_MAX - 1;
const USED_UP: i64 = i64.MAX_VALUE;
const GALLOP_AFTER: u32 = 7;

@unmanaged
class Run {
  times: u32;
  values: u32;
  end: u32;
  spare: u32;
}

export abstract class RunMerge {
  private static nodes: u32 = 0;
  private static runs: u32 = 0;
  private static leaves: u32 = 0;

  /**
   * Merges runs that stand one behind the other: run r takes rows bounds[r] to before bounds[r + 1] of the columns. The
   * result, bounds[runs] − bounds[0] rows, must not overlap them. Takes scratch.
   */
  static merge(times: u32, values: u32, bounds: u32, runs: u32, toTimes: u32, toValues: u32): void {
    if (runs <= RUNS_MAX) {
      RunMerge.tournament(times, values, bounds, runs, toTimes, toValues);
      return;
    }
    const first = load<u32>(bounds);
    const total = load<u32>(bounds + (runs << 2)) - first;
    const groups = (runs + RUNS_MAX - 1) / RUNS_MAX;
    const middleTimes = Scratch.allocate(total << 3);
    const middleValues = Scratch.allocate(total << 3);
    const middleBounds = Scratch.allocate((groups + 1) << 2);
    for (let group: u32 = 0; group < groups; group++) {
      const from = bounds + ((group * RUNS_MAX) << 2);
      const row = load<u32>(from) - first;
      store<u32>(middleBounds + (group << 2), row);
      const size = min(RUNS_MAX, runs - group * RUNS_MAX);
      RunMerge.tournament(times, values, from, size, middleTimes + (row << 3), middleValues + (row << 3));
    }
    store<u32>(middleBounds + (groups << 2), total);
    RunMerge.merge(middleTimes, middleValues, middleBounds, groups, toTimes, toValues);
  }

  private static tournament(
    times: u32,
    values: u32,
    bounds: u32,
    count: u32,
    toTimes: u32,
    toValues: u32,
  ): void {
    const rows = load<u32>(bounds + (count << 2)) - load<u32>(bounds);
    if (rows == 0) return;
    const end = toTimes + (rows << 3);
    let leaves: u32 = 2;
    while (leaves < count) leaves <<= 1;
    RunMerge.leaves = leaves;
    RunMerge.runs = Scratch.allocate(leaves << 4);
    RunMerge.nodes = Scratch.allocate(leaves << 3);
    let key = RunMerge.play(times, values, bounds, count);
    const runs = RunMerge.runs;
    const nodes = RunMerge.nodes;
    let streak: u32 = 0;
    while (toTimes < end) {
      const number = <u32>key & RUN_MASK;
      const run = changetype<Run>(runs + (number << 4));
      if (streak == GALLOP_AFTER) {
        const length = RunMerge.gallop(run, RunMerge.runnerUp(number));
        memory.copy(toTimes, run.times, length);
        memory.copy(toValues, run.values, length);
        toTimes += length;
        toValues += length;
        run.times += length;
        run.values += length;
        streak = 0;
      } else {
        store<f64>(toTimes, load<f64>(run.times));
        store<f64>(toValues, load<f64>(run.values));
        toTimes += 8;
        toValues += 8;
        run.times += 8;
        run.values += 8;
      }
      key = run.times == run.end ? USED_UP : RunMerge.keyOf(load<f64>(run.times), number);
      for (let node = (number + leaves) >> 1; node != 0; node >>= 1) {
        const pointer = nodes + (node << 3);
        const other = load<i64>(pointer);
        const isBeaten = other < key;
        store<i64>(pointer, select<i64>(key, other, isBeaten));
        key = select<i64>(other, key, isBeaten);
      }
      streak = select<u32>(streak + 1, 0, (<u32>key & RUN_MASK) == number);
    }
  }

  @inline private static keyOf(time: f64, run: u32): i64 {
    return ((<i64>time) << RUN_BITS) + <i64>run;
  }

  /** Sets up runs and the tree; gives the winner. Nodes hold winners first, then each keeps its loser. */
  private static play(times: u32, values: u32, bounds: u32, count: u32): i64 {
    const leaves = RunMerge.leaves;
    const winners = Scratch.allocate(leaves << 4);
    for (let number: u32 = 0; number < leaves; number++) {
      let key = USED_UP;
      if (number < count) {
        const run = changetype<Run>(RunMerge.runs + (number << 4));
        const row = load<u32>(bounds + (number << 2));
        run.times = times + (row << 3);
        run.values = values + (row << 3);
        run.end = times + (load<u32>(bounds + (number << 2) + 4) << 3);
        if (run.times != run.end) key = RunMerge.keyOf(load<f64>(run.times), number);
      }
      store<i64>(winners + ((leaves + number) << 3), key);
    }
    for (let node = leaves - 1; node != 0; node--) {
      const left = load<i64>(winners + (node << 4));
      const right = load<i64>(winners + (node << 4) + 8);
      store<i64>(winners + (node << 3), min(left, right));
      store<i64>(RunMerge.nodes + (node << 3), max(left, right));
    }
    return load<i64>(winners + 8);
  }

  /** The least key among those that lost against `number`. */
  private static runnerUp(number: u32): i64 {
    let least = USED_UP;
    for (let node = (number + RunMerge.leaves) >> 1; node != 0; node >>= 1) {
      least = min(least, load<i64>(RunMerge.nodes + (node << 3)));
    }
    return least;
  }

  /** Bytes of times at the head of the run that come before `bound`; at least one is known to. */
  private static gallop(run: Run, bound: i64): u32 {
    const number = <u32>(changetype<u32>(run) - RunMerge.runs) >> 4;
    const length = run.end - run.times;
    let reached: u32 = 8;
    while (reached < length && RunMerge.keyOf(load<f64>(run.times + reached), number) < bound) reached <<= 1;
    let low = max<u32>(reached >> 1, 8);
    let high = min(reached, length);
    while (low < high) {
      const middle = ((low + high) >> 4) << 3;
      if (RunMerge.keyOf(load<f64>(run.times + middle), number) < bound) low = middle + 8;
      else high = middle;
    }
    return low;
  }
}
