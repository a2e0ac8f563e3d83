// One plot of several lines over time, drawn by uPlot, in the page's colours, as wide as there is room. Its height and
// the width of its axis are fixed, so that nothing jumps when numbers grow.

import uPlot from "uplot";
import { make, setText } from "../../elements.ts";
import { alignedColumns, type Line, type Panel } from "./series-panels.ts";

const HEIGHT = 170;
const AXIS_WIDTH = 50;
const AXIS_HEIGHT = 28;
const COLOURS = [
  "--line-1",
  "--line-2",
  "--line-3",
  "--line-4",
  "--line-5",
  "--line-6",
  "--line-7",
  "--line-8",
];

export interface PlottedLine {
  readonly times: ArrayLike<number>;
  readonly values: ArrayLike<number>;
}

const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });

export class Plot {
  readonly root: HTMLElement;
  readonly #frame = make("div", "frame");
  readonly #legend = make("ul", "legend");
  readonly #title = make("h3");
  readonly #note = make("span", "note");
  #plot: uPlot | undefined;
  #drawn = "";
  readonly #sizes: ResizeObserver;

  constructor() {
    const head = make("div", "head", this.#title, this.#note);
    this.root = make("figure", "plot", head, this.#frame, this.#legend);
    this.#sizes = new ResizeObserver(() => this.#fit());
    this.#sizes.observe(this.#frame);
  }

  /** Draws the lines between two times in milliseconds. */
  show({ title, lines, omitted }: Panel, data: readonly PlottedLine[], fromMs: number, toMs: number): void {
    setText(this.#title, title);
    setText(this.#note, omitted > 0 ? `${omitted} more lines are not drawn` : "");
    const theme = colour("--text");
    const drawn = JSON.stringify([title, lines, theme]);
    if (drawn !== this.#drawn) this.#make(lines);
    this.#drawn = drawn;
    this.#showLegend(lines, data);
    this.#plot?.batch(() => {
      this.#plot?.setData(alignedColumns(data) as uPlot.AlignedData, false);
      this.#plot?.setScale("x", { min: fromMs / 1000, max: toMs / 1000 });
    });
  }

  close(): void {
    this.#sizes.disconnect();
    this.#plot?.destroy();
  }

  #make(lines: readonly Line[]): void {
    this.#plot?.destroy();
    const width = Math.max(160, this.#frame.clientWidth);
    this.#plot = new uPlot(options(lines, width), [[], ...lines.map(() => [])], this.#frame);
  }

  #fit(): void {
    const width = this.#frame.clientWidth;
    if (width > 0 && this.#plot !== undefined && this.#plot.width !== width) {
      this.#plot.setSize({ width, height: HEIGHT });
    }
  }

  /** What each line is and its last value. */
  #showLegend(lines: readonly Line[], data: readonly PlottedLine[]): void {
    while (this.#legend.children.length > lines.length) this.#legend.lastElementChild?.remove();
    lines.forEach(({ name }, index) => {
      const item = this.#legend.children[index] ?? this.#legend.appendChild(legendItem(index));
      const { values } = data[index] ?? { values: [] };
      const last = values[values.length - 1];
      setText(item.children[1]!, name);
      setText(item.children[2]!, last === undefined ? "–" : COMPACT.format(last));
    });
  }
}

function legendItem(index: number): HTMLElement {
  const mark = make("i");
  mark.style.background = `var(${COLOURS[index % COLOURS.length]})`;
  return make("li", "", mark, make("span"), make("b"));
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function options(lines: readonly Line[], width: number): uPlot.Options {
  const muted = colour("--muted");
  const grid = { stroke: colour("--line"), width: 1 };
  const font = `11px ${colour("--sans")}`;
  const axis = { stroke: muted, font, grid, ticks: { ...grid, size: 4 } };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { x: { time: true, auto: false }, y: { range: lowFromZero } },
    axes: [
      { ...axis, size: AXIS_HEIGHT, space: 70, values: clockTexts },
      { ...axis, size: AXIS_WIDTH, values: (_plot, splits) => splits.map((value) => COMPACT.format(value)) },
    ],
    series: [
      {},
      ...lines.map(({ name }, index) => ({
        label: name,
        stroke: colour(COLOURS[index % COLOURS.length]!),
        width: 1.5,
        points: { show: false },
      })),
    ],
  };
}

/** What never goes below 0 begins at 0, so that heights can be compared. */
function lowFromZero(_plot: uPlot, least: number | null, greatest: number | null): uPlot.Range.MinMax {
  const [low, high] = [least ?? 0, greatest ?? 1];
  const span = high - low || Math.abs(high) || 1;
  return [low >= 0 ? 0 : low - 0.08 * span, high + 0.08 * (low >= 0 ? high || 1 : span)];
}

function clockTexts(_plot: uPlot, splits: number[]): string[] {
  return splits.map((seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB"));
}
