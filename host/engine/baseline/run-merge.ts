// Merges sorted runs of points into one, by time and, between equal times, by the order of the runs: the twin of
// assembly/kernels/run-merge.ts. A tournament tree of losers (Knuth, The Art of Computer Programming 3, §5.4.1); where one
// run wins again and again, the stretch it may still give is found by galloping and copied at once.
// Cost: points × log2 runs comparisons; for disjoint runs, copying.

const GALLOP_AFTER = 7;

/**
 * Merges runs that stand one behind the other (run r takes rows bounds[r] to before bounds[r + 1]) and writes the rows
 * from `at` on, behind them all. Times of a run do not descend.
 */
export function mergeRuns(times: Float64Array, values: Float64Array, bounds: Uint32Array, at: number): void {
  const tree = new Tournament(times, bounds);
  const { heads, ends, loserTimes, loserRuns, leaves } = tree;
  const end = at + bounds[bounds.length - 1]! - bounds[0]!;
  let run = tree.winner;
  let streak = 0;
  for (let to = at; to < end; ) {
    let head = heads[run]!;
    if (streak === GALLOP_AFTER) {
      const stop = tree.gallop(run);
      times.copyWithin(to, head, stop);
      values.copyWithin(to, head, stop);
      to += stop - head;
      head = stop;
      streak = 0;
    } else {
      times[to] = times[head]!;
      values[to] = values[head]!;
      to++;
      head++;
    }
    heads[run] = head;
    const before = run;
    let time = head === ends[run]! ? Infinity : times[head]!;
    for (let node = (run + leaves) >>> 1; node > 0; node >>>= 1) {
      const other = loserTimes[node]!;
      if (other > time) continue;
      const otherRun = loserRuns[node]!;
      if (other === time && otherRun > run) continue;
      loserTimes[node] = time;
      loserRuns[node] = run;
      time = other;
      run = otherRun;
    }
    streak = run === before ? streak + 1 : 0;
  }
}

/** A tree whose inner nodes keep the time and the run that lost there; used-up runs stand at +Infinity. */
class Tournament {
  readonly leaves: number;
  readonly heads: Uint32Array;
  readonly ends: Uint32Array;
  readonly loserTimes: Float64Array;
  readonly loserRuns: Uint32Array;
  readonly winner: number;
  readonly #times: Float64Array;

  constructor(times: Float64Array, bounds: Uint32Array) {
    const count = bounds.length - 1;
    let leaves = 2;
    while (leaves < count) leaves *= 2;
    this.#times = times;
    this.leaves = leaves;
    this.heads = bounds.slice(0, count);
    this.ends = bounds.slice(1);
    this.loserTimes = new Float64Array(leaves);
    this.loserRuns = new Uint32Array(leaves);
    this.winner = this.#play(count);
  }

  /** The end of the stretch of `run`, the winner, that comes before the head of every other run. */
  gallop(run: number): number {
    let bound = Infinity;
    let boundRun = Infinity;
    for (let node = (run + this.leaves) >>> 1; node > 0; node >>>= 1) {
      const time = this.loserTimes[node]!;
      const other = this.loserRuns[node]!;
      if (time < bound || (time === bound && other < boundRun)) {
        bound = time;
        boundRun = other;
      }
    }
    const times = this.#times;
    const isBefore = run < boundRun;
    const head = this.heads[run]!;
    const end = this.ends[run]!;
    const comesFirst = (time: number): boolean => time < bound || (isBefore && time === bound);
    let reach = 1;
    while (head + reach < end && comesFirst(times[head + reach]!)) reach *= 2;
    let low = head + Math.max(reach >>> 1, 1);
    let high = Math.min(head + reach, end);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (comesFirst(times[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #play(count: number): number {
    const { leaves } = this;
    const winnerTimes = new Float64Array(leaves * 2).fill(Infinity);
    const winnerRuns = new Uint32Array(leaves * 2);
    for (let run = 0; run < leaves; run++) {
      winnerRuns[leaves + run] = run;
      if (run < count && this.heads[run]! < this.ends[run]!) {
        winnerTimes[leaves + run] = this.#times[this.heads[run]!]!;
      }
    }
    for (let node = leaves - 1; node > 0; node--) {
      const [left, right] = [node * 2, node * 2 + 1];
      const [winner, loser] = winnerTimes[right]! < winnerTimes[left]! ? [right, left] : [left, right];
      winnerTimes[node] = winnerTimes[winner]!;
      winnerRuns[node] = winnerRuns[winner]!;
      this.loserTimes[node] = winnerTimes[loser]!;
      this.loserRuns[node] = winnerRuns[loser]!;
    }
    return winnerRuns[1]!;
  }
}
