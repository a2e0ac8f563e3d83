// Who ran what when: a row an agent, a bar an execution, over the time from the first to the last of those shown. What has
// not ended reaches to the right end. What an agent runs at the same time stands in lanes of its row. Bars are told apart
// by how they ended, in words too: each has a title.

import type { ListedExecution } from "../../agents/index.ts";
import { setText } from "../elements.ts";
import { draw } from "../svg.ts";

/** Executions drawn; older ones are left out. */
const EXECUTIONS_MAX = 400;
const WIDTH = 1000;
const ROW_HEIGHT = 34;
const BAR_HEIGHT = 28;
const LABEL_WIDTH = 110;
/** Narrower bars could not be seen. */
const BAR_WIDTH_MIN = 1.5;

export interface Bar {
  readonly agent: string;
  readonly left: number;
  readonly width: number;
  readonly row: number;
  readonly lane: number;
  readonly end: string;
  readonly title: string;
}

export interface Timeline {
  readonly agents: readonly string[];
  readonly bars: readonly Bar[];
  /** The most that one agent ran at a time. */
  readonly lanes: number;
  readonly spanMs: number;
}

/** Where the bars of the newest executions stand, in parts of a thousand of the width. */
export function timelineOf(executions: readonly ListedExecution[], nowMs: number): Timeline {
  const shown = executions.slice(-EXECUTIONS_MAX);
  const agents = [...new Set(shown.map(({ agent }) => agent))].sort();
  const fromMs = Math.min(...shown.map(({ startedAtMs }) => startedAtMs));
  const isRunning = shown.some(({ endedAtMs }) => endedAtMs === undefined);
  const lastMs = Math.max(...shown.map(({ startedAtMs, endedAtMs }) => endedAtMs ?? startedAtMs));
  const toMs = Math.max(fromMs + 1, isRunning ? Math.max(nowMs, lastMs) : lastMs);
  const scale = (WIDTH - LABEL_WIDTH) / (toMs - fromMs);
  const lanesOf = new Map<string, number[]>(agents.map((agent) => [agent, []]));
  const bars = shown.map(({ agent, kind, task, startedAtMs, endedAtMs, end = "running" }) => {
    const tookMs = (endedAtMs ?? toMs) - startedAtMs;
    const lane = takeLane(lanesOf.get(agent)!, startedAtMs, endedAtMs ?? toMs);
    return {
      agent,
      left: LABEL_WIDTH + (startedAtMs - fromMs) * scale,
      width: Math.max(BAR_WIDTH_MIN, tookMs * scale),
      row: agents.indexOf(agent),
      lane,
      end,
      title: `${kind} ${task}: ${end}, ${tookMs} ms`,
    };
  });
  const lanes = Math.max(1, ...[...lanesOf.values()].map((ends) => ends.length));
  return { agents, bars, lanes, spanMs: shown.length === 0 ? 0 : toMs - fromMs };
}

/** The first lane that is free at `fromMs`, which is taken until `toMs`. */
function takeLane(ends: number[], fromMs: number, toMs: number): number {
  const free = ends.findIndex((endMs) => endMs <= fromMs);
  const lane = free < 0 ? ends.length : free;
  ends[lane] = toMs;
  return lane;
}

export class TimelineDrawing {
  readonly root = draw("svg", { class: "timeline", role: "img" });
  #shown = "";

  show(timeline: Timeline): void {
    const { agents, bars, lanes } = timeline;
    const laneHeight = BAR_HEIGHT / lanes;
    const shown = JSON.stringify(timeline);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const height = Math.max(1, agents.length) * ROW_HEIGHT;
    this.root.setAttribute("viewBox", `0 0 ${WIDTH} ${height}`);
    this.root.setAttribute("aria-label", `${bars.length} executions of ${agents.length} agents`);
    const labels = agents.map((agent, row) => {
      const label = draw("text", { x: 0, y: row * ROW_HEIGHT + ROW_HEIGHT / 2 + 4, class: "timeline-agent" });
      setText(label, agent);
      return label;
    });
    const drawn = bars.map(({ left, width, row, lane, end, title }) => {
      const bar = draw("rect", {
        x: left.toFixed(1),
        y: (row * ROW_HEIGHT + (ROW_HEIGHT - BAR_HEIGHT) / 2 + lane * laneHeight).toFixed(1),
        width: width.toFixed(1),
        height: Math.max(1, laneHeight - 0.4).toFixed(1),
        class: `timeline-bar is-${end}`,
      });
      const words = draw("title");
      setText(words, title);
      bar.append(words);
      return bar;
    });
    this.root.replaceChildren(...labels, ...drawn);
  }
}
