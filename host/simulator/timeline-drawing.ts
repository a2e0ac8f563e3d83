// The timeline of a run as SVG: from top to bottom the faults, the nodes, and how much of the fleet was up and equal.
// Neighbouring samples of a lane that look alike are one rectangle, so a quiet run is a small file.
import { escapeText } from "./svg-text.ts";
import type { Sample, Timeline, TimelineEvent, TimelineFault } from "./timeline.ts";

const WIDTH = 1200;
const LEFT = 108;
const RIGHT = 12;
const TITLE_HEIGHT = 22;
const FAULT_HEIGHT = 9;
const FAULT_ROWS_MAX = 60;
const LANES_HEIGHT_MAX = 640;
const LANE_HEIGHT_MAX = 18;
const CURVE_HEIGHT = 70;
const GAP = 14;
/** Lags from which a lane is coloured more strongly. */
const LAG_STEPS = [1, 4, 16, 64, 256] as const;
const MARKS: Readonly<Record<string, string>> = {
  started: "mark-start",
  kill: "mark-end",
  "power-loss": "mark-end",
  "torn-record": "mark-end",
  "flipped-record": "mark-end",
  "old-copy": "mark-end",
  clone: "mark-end",
  "new id": "mark-id",
  hole: "mark-store",
  "torn-tail": "mark-store",
};
const SYMBOLS = `<defs>
<symbol id="mark-start" viewBox="0 0 12 12"><path class="mark-start" d="M2 10 6 2l4 8z"/></symbol>
<symbol id="mark-end" viewBox="0 0 12 12"><path class="mark-end" d="M2 2h8L6 10z"/></symbol>
<symbol id="mark-store" viewBox="0 0 12 12"><circle class="mark-store" cx="6" cy="6" r="3.5"/></symbol>
<symbol id="mark-id" viewBox="0 0 12 12"><rect class="mark-id" x="3" y="3" width="6" height="6" transform="rotate(45 6 6)"/></symbol>
</defs>`;

/** Draws a timeline; the answer is one svg element. */
export function drawTimeline(timeline: Timeline): string {
  return new Drawing(timeline).draw();
}

class Drawing {
  readonly #timeline: Timeline;
  readonly #endMs: number;
  readonly #parts: string[] = [SYMBOLS];
  #top = 0;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
    const lastEvent = timeline.events.findLast(({ kind }) => kind === "violation")?.atMs ?? 0;
    this.#endMs = Math.max(1, timeline.samples.at(-1)?.atMs ?? 0, lastEvent, timeline.convergedAtMs ?? 0);
  }

  draw(): string {
    this.#drawFaults();
    this.#drawLanes();
    this.#drawFleet();
    this.#drawAxis();
    this.#drawMoments();
    const height = Math.ceil(this.#top);
    return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="What happened when">${this.#parts.join("\n")}</svg>`;
  }

  #x(ms: number): number {
    return round(LEFT + (Math.min(ms, this.#endMs) / this.#endMs) * (WIDTH - LEFT - RIGHT));
  }

  #title(text: string): void {
    this.#parts.push(`<text class="title" x="0" y="${round(this.#top + 14)}">${escapeText(text)}</text>`);
    this.#top += TITLE_HEIGHT;
  }

  #drawFaults(): void {
    const { faults } = this.#timeline;
    if (faults.length === 0) return;
    this.#title("Faults");
    for (const fault of faults.slice(0, FAULT_ROWS_MAX)) {
      const x = this.#x(fault.atMs);
      const width = Math.max(3, round(this.#x(fault.atMs + fault.forMs) - x));
      const y = round(this.#top);
      const hint = escapeText(textOfFault(fault));
      this.#parts.push(
        `<text x="0" y="${round(y + 8)}">${fault.kind}</text>`,
        `<rect class="fault" data-hint="${hint}" x="${x}" y="${y + 1}" width="${width}" height="${FAULT_HEIGHT - 2}" rx="3"/>`,
      );
      this.#top += FAULT_HEIGHT + 3;
    }
    this.#top += GAP;
  }

  #drawLanes(): void {
    const { samples, nodes } = this.#timeline;
    const lanes = Math.min(nodes, samples[0]?.lags.length ?? 0);
    if (lanes === 0) return;
    this.#title(lanes < nodes ? `Nodes (the first ${lanes} of ${nodes})` : "Nodes");
    const height = Math.min(LANE_HEIGHT_MAX, LANES_HEIGHT_MAX / lanes);
    const labelEvery = Math.ceil(12 / height);
    for (let lane = 0; lane < lanes; lane++) {
      const y = this.#top + lane * height;
      if (lane % labelEvery === 0) {
        this.#parts.push(`<text x="0" y="${round(y + height / 2 + 4)}">node ${lane}</text>`);
      }
      this.#drawLane(lane, y, height);
    }
    for (const event of this.#timeline.events) this.#drawMark(event, lanes, height);
    this.#top += lanes * height + GAP;
  }

  #drawLane(lane: number, y: number, height: number): void {
    const { samples } = this.#timeline;
    let from = 0;
    while (from < samples.length) {
      const style = styleOfLag(samples[from]!.lags[lane]!);
      let to = from + 1;
      while (to < samples.length && styleOfLag(samples[to]!.lags[lane]!) === style) to++;
      const startMs = from === 0 ? 0 : samples[from]!.atMs;
      const x = this.#x(startMs);
      const width = round(this.#x(samples[to]?.atMs ?? this.#endMs) - x);
      const hint = textOfStretch(lane, samples.slice(from, to), startMs);
      this.#parts.push(
        `<rect class="${style}" data-hint="${escapeText(hint)}" x="${x}" y="${round(y)}" width="${width}" height="${round(height * 0.86)}"/>`,
      );
      from = to;
    }
  }

  #drawMark({ kind, node, atMs, detail }: TimelineEvent, lanes: number, height: number): void {
    const mark = MARKS[kind];
    if (mark === undefined || node < 0 || node >= lanes || height < 4) return;
    const size = Math.min(11, height);
    const x = round(this.#x(atMs) - size / 2);
    const y = round(this.#top + node * height + (height * 0.86 - size) / 2);
    const hint = escapeText(`node ${node} at ${seconds(atMs)}: ${kind}${detail && `\n${detail}`}`);
    this.#parts.push(
      `<use href="#${mark}" data-hint="${hint}" x="${x}" y="${y}" width="${size}" height="${size}"/>`,
    );
  }

  #drawFleet(): void {
    const { samples, nodes } = this.#timeline;
    this.#title("Nodes that have everything (line) and that run (area)");
    this.#curve(samples, (sample) => sample.equal / nodes, "curve", false);
    this.#curve(samples, (sample) => sample.up / nodes, "area", true);
    this.#scale(String(nodes));
    this.#title("Deltas merged");
    const most = Math.max(1, ...samples.map(({ merges }) => merges));
    this.#curve(samples, (sample) => sample.merges / most, "area", true);
    this.#scale(most.toLocaleString("en-GB"));
  }

  #curve(
    samples: readonly Sample[],
    height: (sample: Sample) => number,
    style: string,
    isArea: boolean,
  ): void {
    const bottom = this.#top + CURVE_HEIGHT;
    const points = samples.map(
      (sample) => `${this.#x(sample.atMs)},${round(bottom - height(sample) * CURVE_HEIGHT)}`,
    );
    if (isArea) points.unshift(`${LEFT},${round(bottom)}`);
    if (isArea) points.push(`${this.#x(samples.at(-1)?.atMs ?? 0)},${round(bottom)}`);
    this.#parts.push(`<${isArea ? "polygon" : "polyline"} class="${style}" points="${points.join(" ")}"/>`);
  }

  /** What the top of a curve stands for. */
  #scale(most: string): void {
    const top = this.#top;
    this.#parts.push(
      `<text x="${LEFT - 8}" y="${round(top + 9)}" text-anchor="end">${most}</text>`,
      `<text x="${LEFT - 8}" y="${round(top + CURVE_HEIGHT)}" text-anchor="end">0</text>`,
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(top + CURVE_HEIGHT)}" y2="${round(top + CURVE_HEIGHT)}"/>`,
    );
    this.#top += CURVE_HEIGHT + GAP;
  }

  #drawAxis(): void {
    const step = [1, 2, 5, 10, 20, 30, 60, 120, 300].find((one) => this.#endMs / 1000 / one <= 14) ?? 600;
    for (let second = 0; second * 1000 <= this.#endMs; second += step) {
      const x = this.#x(second * 1000);
      this.#parts.push(`<text x="${x}" y="${round(this.#top + 6)}" text-anchor="middle">${second} s</text>`);
    }
    this.#top += 16;
  }

  #drawMoments(): void {
    const { healedAtMs, convergedAtMs, events } = this.#timeline;
    const violation = events.find(({ kind }) => kind === "violation");
    this.#moment(healedAtMs, "healed", "moment", "end");
    this.#moment(convergedAtMs, "converged", "moment", "start");
    this.#moment(violation?.atMs, "violation", "moment bad", "end");
  }

  #moment(atMs: number | undefined, text: string, style: string, anchor: "start" | "end"): void {
    if (atMs === undefined) return;
    const x = this.#x(atMs);
    const isAtEdge = x > WIDTH - 120;
    const side = isAtEdge ? "end" : anchor;
    const textX = side === "end" ? x - 4 : x + 4;
    this.#parts.push(
      `<line class="${style}" x1="${x}" x2="${x}" y1="4" y2="${round(this.#top - 14)}"/>`,
      `<text x="${textX}" y="${isAtEdge ? 26 : 12}" text-anchor="${side}">${text} ${seconds(atMs)}</text>`,
    );
  }
}

function styleOfLag(lag: number): string {
  if (lag < 0) return "down";
  let step = 0;
  while (step < LAG_STEPS.length && lag >= LAG_STEPS[step]!) step++;
  return `lag${step}`;
}

function textOfStretch(lane: number, samples: readonly Sample[], startMs: number): string {
  const lags = samples.map(({ lags }) => lags[lane]!);
  const most = lags.reduce((left, right) => Math.max(left, right), 0);
  const what = lags[0]! < 0 ? "not running" : most === 0 ? "has everything" : `lacks up to ${most} mutations`;
  return `node ${lane}, ${seconds(startMs)} to ${seconds(samples.at(-1)!.atMs)}: ${what}`;
}

function textOfFault({ number, kind, nodes, amount, atMs, forMs }: TimelineFault): string {
  const names = nodes.length > 12 ? `${nodes.length} nodes` : `nodes ${nodes.join(", ")}`;
  const howMuch = amount === 0 ? "" : `, amount ${amount}`;
  return `fault ${number}: ${kind}${howMuch}\n${names}\n${seconds(atMs)} to ${seconds(atMs + forMs)}`;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
const round = (value: number): number => Math.round(value * 10) / 10;
