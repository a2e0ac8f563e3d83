// What a command prints: a JSON object a line, or Markdown tables under a machine header. Times are medians over the
// rounds; a ratio is the baseline's median over the competitor's, so above 1 is faster than the baseline.
import { machine } from "./machine.ts";
import { median } from "./timing.ts";
import type { Competitor, Figure, Outcome } from "./workload.ts";

export interface SpeedRow {
  readonly workload: string;
  readonly engine: Competitor;
  readonly n: number;
  readonly opsPerSecond: number;
  readonly nsPerOp: number;
  readonly bytesPerOp?: number;
  readonly ratioToBaseline?: number;
}

export type Row = SpeedRow | Figure;

export interface Measured {
  readonly competitor: Competitor;
  readonly outcome: Outcome;
}

const rounded = (value: number, digits = 4): number => Number(value.toPrecision(digits));

function byKey<Value>(values: Iterable<readonly [string, Value]>): Map<string, Value[]> {
  const groups = new Map<string, Value[]>();
  for (const [key, value] of values) {
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return groups;
}

/** Medians over rounds, and the ratio to the baseline where the baseline took part. */
export function rowsOf(measured: readonly Measured[]): Row[] {
  const samples = byKey(
    measured.flatMap(({ competitor, outcome }) =>
      outcome.samples.map((sample) => [`${sample.workload}\n${competitor}`, sample] as const),
    ),
  );
  const nsPerOp = (workload: string, competitor: Competitor): number | undefined => {
    const group = samples.get(`${workload}\n${competitor}`);
    return group === undefined ? undefined : median(group.map((sample) => sample.nsPerOp));
  };
  const speedRows = [...samples].map(([key, group]): SpeedRow => {
    const [workload = "", engine = ""] = key.split("\n");
    const [first] = group;
    const time = nsPerOp(workload, engine) ?? Number.NaN;
    const baseline = nsPerOp(workload, "baseline");
    return {
      workload,
      engine,
      n: first?.n ?? 0,
      opsPerSecond: Math.round(1e9 / time),
      nsPerOp: rounded(time),
      ...(first?.bytesPerOp === undefined ? {} : { bytesPerOp: rounded(first.bytesPerOp) }),
      ...(baseline === undefined ? {} : { ratioToBaseline: rounded(baseline / time, 3) }),
    };
  });
  const figures = byKey(
    measured.flatMap(({ outcome }) =>
      (outcome.figures ?? []).map((figure) => [figure.figure, figure] as const),
    ),
  );
  const figureRows = [...figures].map(
    ([figure, group]): Figure => ({
      figure,
      value: rounded(median(group.map(({ value }) => value)), 6),
      unit: group[0]?.unit ?? "",
    }),
  );
  return [...speedRows, ...figureRows].sort(byWorkload);
}

/** Rows of one workload stand together; the order is otherwise kept. */
function byWorkload(left: Row, right: Row): number {
  if ("workload" in left && "workload" in right)
    return left.workload < right.workload ? -1 : left.workload > right.workload ? 1 : 0;
  return Number("figure" in left) - Number("figure" in right);
}

export function header(): string {
  const { cpu, cores, memoryGiB, node, commit, date, load } = machine();
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB · Node ${node} · commit ${commit} · ${date} UTC · load ${load.toFixed(1)}`;
}

const counted = (value: number): string =>
  Number.isInteger(value) ? value.toLocaleString("en-US") : String(value);

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (column < 2 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(heads), rule, ...rows.map(line)].join("\n");
}

export function tables(rows: readonly Row[]): string {
  const speeds = rows.filter((row): row is SpeedRow => "workload" in row);
  const figures = rows.filter((row): row is Figure => "figure" in row);
  const parts: string[] = [];
  if (speeds.length > 0) {
    const heads = [
      "workload",
      "engine",
      "n",
      "operations a second",
      "ns an operation",
      "bytes",
      "× baseline",
    ];
    const cells = speeds.map((row) => [
      row.workload,
      row.engine,
      counted(row.n),
      counted(row.opsPerSecond),
      counted(row.nsPerOp),
      row.bytesPerOp === undefined ? "" : counted(row.bytesPerOp),
      row.ratioToBaseline === undefined ? "" : row.ratioToBaseline.toFixed(2),
    ]);
    parts.push(table(heads, cells));
  }
  if (figures.length > 0) {
    const cells = figures.map(({ figure, unit, value }) => [figure, unit, counted(value)]);
    parts.push(table(["figure", "unit", "value"], cells));
  }
  return parts.join("\n\n");
}
