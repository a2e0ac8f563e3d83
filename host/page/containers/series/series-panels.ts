// Which lines are drawn into which plot: labels that end in the same part after the last "/" measure the same thing and
// share a plot and its scale, a line for each part before it. Labels without a "/" have a plot each. Bounded on both sides.

/** Plots drawn at most; the rest are named. */
export const PANELS_MAX = 12;
/** Lines of one plot at most: as many as colours can be told apart. */
export const LINES_MAX = 8;

export interface Line {
  readonly label: string;
  /** What stands in the legend. */
  readonly name: string;
}

export interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
  /** Lines left out. */
  readonly omitted: number;
}

export function panelsOf(labels: readonly string[]): Panel[] {
  const byTitle = new Map<string, Line[]>();
  for (const label of [...labels].sort(byNumbers)) {
    const cut = label.lastIndexOf("/");
    const title = label.slice(cut + 1);
    const name = cut < 0 ? label : label.slice(0, cut);
    byTitle.set(title, [...(byTitle.get(title) ?? []), { label, name: name === "" ? "(no name)" : name }]);
  }
  return [...byTitle]
    .sort(([left], [right]) => byNumbers(left, right))
    .map(([title, lines]) => ({
      title: title === "" ? "(no name)" : title,
      lines: lines.slice(0, LINES_MAX),
      omitted: Math.max(0, lines.length - LINES_MAX),
    }));
}

function byNumbers(left: string, right: string): number {
  return left.localeCompare(right, "en", { numeric: true }) || (left < right ? -1 : 1);
}

/** Columns on one axis of time for the plot: a gap where a line has no point at a time another has one. */
export function alignedColumns(
  lines: readonly { readonly times: ArrayLike<number>; readonly values: ArrayLike<number> }[],
): (number | null | undefined)[][] {
  const times = new Set<number>();
  for (const line of lines)
    for (let index = 0; index < line.times.length; index++) times.add(line.times[index]!);
  const axis = [...times].sort((left, right) => left - right);
  const place = new Map(axis.map((time, index) => [time, index]));
  const columns = lines.map((line) => {
    // Undefined is "no point of this line here", over which the line goes on.
    const column: (number | null | undefined)[] = new Array(axis.length).fill(undefined);
    for (let index = 0; index < line.times.length; index++) {
      column[place.get(line.times[index]!)!] = line.values[index]!;
    }
    return column;
  });
  return [axis.map((time) => time / 1000), ...columns];
}
