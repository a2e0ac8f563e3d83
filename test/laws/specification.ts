// What a document must show, from the whole history of its mutations: no merge, no entries, no compaction, only what
// each mutation did, what its replica had seen, and the rules of the data types. Slow and plain on purpose.

export type Seen = ReadonlyMap<string, number>;

export interface Dot {
  readonly replica: string;
  readonly sequence: number;
}

export type Step = Dot & { readonly container: string; readonly seen: Seen; readonly timestamp: number } & (
    | { readonly verb: "increment"; readonly amount: number }
    | { readonly verb: "write"; readonly key: string; readonly value: string | undefined }
    | { readonly verb: "add"; readonly key: string }
    | { readonly verb: "remove"; readonly key: string | undefined }
    | { readonly verb: "append"; readonly value: string }
    | { readonly verb: "truncate"; readonly through: Position }
  );

export interface Position extends Dot {
  readonly timestamp: number;
}

export const covers = (seen: Seen, dot: Dot): boolean => (seen.get(dot.replica) ?? 0) >= dot.sequence;

export function comparePositions(left: Position, right: Position): number {
  if (left.timestamp !== right.timestamp) return left.timestamp - right.timestamp;
  if (left.replica !== right.replica) return left.replica < right.replica ? -1 : 1;
  return left.sequence - right.sequence;
}

const ofVerb = <Verb extends Step["verb"]>(steps: readonly Step[], verb: Verb) =>
  steps.filter((step): step is Extract<Step, { verb: Verb }> => step.verb === verb);

/** The sum of all increments, and per replica how much up and down. */
export function specifyCounter(steps: readonly Step[]): string {
  const totals = new Map<string, [number, number]>();
  for (const { replica, amount } of ofVerb(steps, "increment")) {
    const total = totals.get(replica) ?? [0, 0];
    total[amount > 0 ? 0 : 1] += Math.abs(amount);
    totals.set(replica, total);
  }
  return JSON.stringify([...totals].sort());
}

/** Under each key the write with the greatest position. */
export function specifyWinners(steps: readonly Step[]): string {
  const winners = new Map<string, Extract<Step, { verb: "write" }>>();
  for (const step of ofVerb(steps, "write")) {
    const winner = winners.get(step.key);
    if (winner === undefined || comparePositions(step, winner) > 0) winners.set(step.key, step);
  }
  const present = [...winners.values()].filter(({ value }) => value !== undefined);
  return JSON.stringify(present.map(({ key, value }) => [key, value]).sort());
}

/** Elements with an add that no other mutation of them had seen. */
export function specifyElements(steps: readonly Step[]): string {
  const changes = steps.filter((step) => step.verb === "add" || step.verb === "remove");
  const present = ofVerb(steps, "add").filter(
    (add) =>
      !changes.some(
        (step) => step !== add && (step.key === undefined || step.key === add.key) && covers(step.seen, add),
      ),
  );
  return JSON.stringify([...new Set(present.map(({ key }) => key))].sort());
}

/** All appended values above the greatest truncation, by position. */
export function specifyLog(steps: readonly Step[]): string {
  const marks = ofVerb(steps, "truncate").map(({ through }) => through);
  const mark = marks.sort(comparePositions).at(-1);
  const kept = ofVerb(steps, "append").filter(
    (step) => mark === undefined || comparePositions(step, mark) > 0,
  );
  return JSON.stringify(kept.sort(comparePositions).map(({ value }) => value));
}
