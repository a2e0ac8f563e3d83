// A series: a plot for each thing that is measured, over the last minutes or all there is, moving along with time while
// new points come. Of long stretches the page asks for as many points as can be seen.

import { formatCount } from "../../../fleet/format.ts";
import { KeyedChildren, make, setText } from "../../elements.ts";
import type { ContainerView } from "../container-view.ts";
import { FilterBox } from "../filter-box.ts";
import { Plot, type PlottedLine } from "./plot.ts";
import { PANELS_MAX, type Panel, panelsOf } from "./series-panels.ts";

/** Points asked for of each line: about one every two pixels of a wide plot. */
const POINTS_DRAWN = 400;
/** A series whose last point is younger than this moves along with the clock. */
const LIVE_MS = 15_000;

const SPANS = [
  { name: "1 min", milliseconds: 60_000 },
  { name: "5 min", milliseconds: 300_000 },
  { name: "1 h", milliseconds: 3_600_000 },
  { name: "all", milliseconds: Number.POSITIVE_INFINITY },
] as const;

/** What of a series handle is needed here. */
export interface SeriesSource {
  labels(): readonly string[];
  latest(label: string, count: number): PlottedLine;
  downsample(
    label: string,
    options: { from?: number; to?: number; points: number; method: "min-max" },
  ): PlottedLine;
}

/** `askForRender` is called when the reader changes what is to be shown. */
export function seriesView(series: SeriesSource, askForRender: () => void): ContainerView {
  let spanMs: number = SPANS[0].milliseconds;
  const plots = new Map<HTMLElement, Plot>();
  const list = make("div", "plots");
  const note = make("p", "note");
  const filter = new FilterBox("filter labels", askForRender);
  const spans = spanChooser((milliseconds) => {
    spanMs = milliseconds;
    askForRender();
  });
  let range: readonly [fromMs: number, toMs: number] = [0, 1];
  const panels = new KeyedChildren<Panel>(
    list,
    () => {
      const plot = new Plot();
      plots.set(plot.root, plot);
      return plot.root;
    },
    (element, panel) => {
      const asked = { from: range[0], to: range[1], points: POINTS_DRAWN, method: "min-max" as const };
      const lines = panel.lines.map(({ label }) => series.downsample(label, asked));
      plots.get(element)?.show(panel, lines, range[0], range[1]);
    },
  );
  return {
    root: make("div", "", make("div", "tools", spans, filter.root), list, note),
    isLive: true,
    show() {
      const labels = series.labels().filter((label) => filter.matches(label));
      range = rangeOf(series, labels, spanMs, Date.now());
      const all = panelsOf(labels);
      const shown = all.slice(0, PANELS_MAX);
      panels.show(shown.map((panel) => [panel.title, panel]));
      for (const [element, plot] of plots) {
        if (element.isConnected || element.parentElement !== null) continue;
        plot.close();
        plots.delete(element);
      }
      const more = all.length - shown.length;
      setText(
        note,
        labels.length === 0 ? "No points yet." : `${formatCount(more)} more plots: narrow them by label`,
      );
      note.hidden = labels.length > 0 && more === 0;
    },
    close() {
      for (const plot of plots.values()) plot.close();
    },
  };
}

/** From when to when to draw: to now while points come, else to the last one. */
function rangeOf(
  series: SeriesSource,
  labels: readonly string[],
  spanMs: number,
  nowMs: number,
): readonly [fromMs: number, toMs: number] {
  const lastMs = labels.reduce((last, label) => {
    const { times } = series.latest(label, 1);
    return Math.max(last, times[0] ?? Number.NEGATIVE_INFINITY);
  }, Number.NEGATIVE_INFINITY);
  if (lastMs === Number.NEGATIVE_INFINITY) return [nowMs - 60_000, nowMs];
  const isLive = Math.abs(nowMs - lastMs) < LIVE_MS;
  const toMs = isLive ? nowMs : lastMs;
  if (Number.isFinite(spanMs)) return [toMs - spanMs, toMs];
  const firstMs = labels.reduce((first, label) => {
    const { times } = series.downsample(label, { points: 2, method: "min-max" });
    return Math.min(first, times[0] ?? first);
  }, toMs - 1000);
  return [firstMs, toMs];
}

function spanChooser(onChoose: (milliseconds: number) => void): HTMLElement {
  const buttons = SPANS.map(({ name, milliseconds }, index) => {
    const button = make("button", "", name);
    button.setAttribute("type", "button");
    button.setAttribute("aria-pressed", String(index === 0));
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      onChoose(milliseconds);
    });
    return button;
  });
  const group = make("div", "choice", ...buttons);
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Stretch of time");
  return group;
}
