// What a document must show, from the whole history of its mutations: no merge, no entries, no compaction, only what
// each mutation did, what its replica had seen, and the rules of the data types. Slow and plain on purpose.

export type Seen = ReadonlyMap<string, number>;

export interface Dot {
  readonly replica: string;
  readonly sequence: number;
}

/** What one operation did. */
export type Deed =
  | { readonly verb: "increment"; readonly amount: number }
  | { readonly verb: "adjust"; readonly key: string; readonly plus: number; readonly minus: number }
  | { readonly verb: "write"; readonly key: string; readonly value: string | undefined }
  | { readonly verb: "add"; readonly key: string }
  | { readonly verb: "assign"; readonly key: string; readonly value: string }
  /** Without a key: all of them. */
  | { readonly verb: "remove"; readonly key: string | undefined }
  | { readonly verb: "append"; readonly value: string }
  | { readonly verb: "truncate"; readonly through: Position }
  | { readonly verb: "propose"; readonly number: number }
  | {
      readonly verb: "record";
      readonly label: string;
      readonly points: readonly (readonly [time: number, value: number])[];
    }
  /** Without a label: of all. */
  | { readonly verb: "retain"; readonly label: string | undefined; readonly time: number }
  | { readonly verb: "insert"; readonly key: string; readonly value: string };

export type Step = Dot & {
  readonly container: string;
  readonly seen: Seen;
  readonly timestamp: number;
} & Deed;

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

/** Per replica and key the sums of what was adjusted. */
export function specifyBounded(steps: readonly Step[]): string {
  const totals = new Map<string, [number, number]>();
  for (const { replica, key, plus, minus } of ofVerb(steps, "adjust")) {
    const slot = JSON.stringify([replica, key]);
    const [plusBefore, minusBefore] = totals.get(slot) ?? [0, 0];
    totals.set(slot, [plusBefore + plus, minusBefore + minus]);
  }
  return JSON.stringify([...totals].map(([slot, sums]) => [...JSON.parse(slot), ...sums]).sort());
}

/** Under each key the write with the greatest position; deleted keys too, without a value, where `showsDeleted`. */
export function specifyWinners(steps: readonly Step[], showsDeleted = false): string {
  const winners = new Map<string, Extract<Step, { verb: "write" }>>();
  for (const step of ofVerb(steps, "write")) {
    const winner = winners.get(step.key);
    if (winner === undefined || comparePositions(step, winner) > 0) winners.set(step.key, step);
  }
  const present = [...winners.values()].filter(({ value }) => showsDeleted || value !== undefined);
  return JSON.stringify(present.map(({ key, value }) => [key, value ?? ""]).sort());
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

/** Assigned values that no other assignment or removal of their key had seen. */
export function specifyValues(steps: readonly Step[]): string {
  const changes = steps.filter((step) => step.verb === "assign" || step.verb === "remove");
  const present = ofVerb(steps, "assign").filter(
    (assign) =>
      !changes.some(
        (step) =>
          step !== assign && (step.key === undefined || step.key === assign.key) && covers(step.seen, assign),
      ),
  );
  return JSON.stringify(present.map(({ key, value }) => [key, value]).sort());
}

/** The number that lies furthest in `direction`, and of equal ones the one proposed last. */
export function specifyExtreme(steps: readonly Step[], direction: 1 | -1): string {
  const [best] = ofVerb(steps, "propose").sort(
    (left, right) => direction * compareNumbers(right.number, left.number) || comparePositions(right, left),
  );
  return best === undefined ? "" : `${showNumber(best.number)} of ${best.replica}.${best.sequence}`;
}

/** Numeric order, −0 below +0. */
export function compareNumbers(left: number, right: number): number {
  if (left < right || left > right) return left < right ? -1 : 1;
  return Number(Object.is(right, -0)) - Number(Object.is(left, -0));
}

export const showNumber = (number: number): string => (Object.is(number, -0) ? "-0" : `${number}`);

/** Every position ever inserted, by its dot; and the winners of values and places, deleted ones too. */
export function specifyList(steps: readonly Step[]): string {
  const positions = ofVerb(steps, "insert").map(({ replica, sequence, key, value }) => [
    replica,
    sequence,
    key,
    value,
  ]);
  return JSON.stringify(positions.sort()) + specifyWinners(steps, true);
}

/** Per label all points ever recorded that no mark has taken, by time, dot and place. */
export function specifySeries(steps: readonly Step[]): string {
  const labels = new Map<string, [time: number, dot: Dot, value: number][]>();
  for (const step of ofVerb(steps, "record")) {
    const marks = ofVerb(steps, "retain").filter(({ label }) => label === undefined || label === step.label);
    const mark = Math.max(...marks.map(({ time }) => time));
    const points = labels.get(step.label) ?? [];
    for (const [time, value] of step.points) if (time >= mark) points.push([time, step, value]);
    labels.set(step.label, points);
  }
  const shown = [...labels].filter(([, points]) => points.length > 0).sort();
  return JSON.stringify(
    shown.map(([label, points]) => [
      label,
      points
        .sort(([left, leftDot], [right, rightDot]) => left - right || compareDots(leftDot, rightDot))
        .map(([time, , value]) => [time, value]),
    ]),
  );
}

function compareDots(left: Dot, right: Dot): number {
  if (left.replica !== right.replica) return left.replica < right.replica ? -1 : 1;
  return left.sequence - right.sequence;
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
