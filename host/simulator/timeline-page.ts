// A run as one HTML file that needs nothing else: faults as bars over virtual time, a lane for each node coloured by how
// far behind it was, what happened to it as marks, and the fleet as a whole below. Drawn as SVG here, not in the page;
// the page only shows what lies under the pointer. Every text from a run is escaped.
import { FAULT_KINDS, FAULT_NAMES } from "./faults.ts";
import { replayLine } from "./replay-line.ts";
import type { SimulationResult } from "./simulation.ts";
import { escapeText } from "./svg-text.ts";
import { drawTimeline } from "./timeline-drawing.ts";
import { TIMELINE_STYLE } from "./timeline-style.ts";

/** The page of a run. */
export function timelinePage(result: SimulationResult): string {
  const { options, violations } = result;
  const title = `Seed ${options.seed}, ${options.nodes} nodes`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(title)} · simulated fleet</title>
<style>${TIMELINE_STYLE}</style>
</head>
<body>
<header>
<h1>${escapeText(title)}</h1>
<p class="${violations.length === 0 ? "good" : "bad"}">${escapeText(verdictOf(result))}</p>
</header>
<section class="figures">${figuresOf(result).map(figure).join("")}</section>
<figure class="timeline">${drawTimeline(result.timeline)}</figure>
${LEGEND}
<section class="columns">
<div><h2>Faults</h2>${faultTable(result)}</div>
<div><h2>Checks</h2>${checkTable(result)}</div>
</section>
<section><h2>Replay</h2><pre>${escapeText(replayLine(options))}</pre><p class="quiet">Digest ${result.digest}: the same command gives the same.</p></section>
<div id="hint" hidden></div>
<script>${HINTS}</script>
</body>
</html>
`;
}

function verdictOf({ violations, convergedMs, silentMs }: SimulationResult): string {
  const [first] = violations;
  if (first !== undefined) {
    return `“${first.check}” failed at ${seconds(first.atMs)}, node ${first.node}: ${first.message.split("\n")[0]}`;
  }
  return `Every check held. Converged ${seconds(convergedMs)} after healing, silent ${seconds(silentMs)} later.`;
}

function figuresOf(result: SimulationResult): [name: string, value: string][] {
  const { delivery } = result;
  return [
    ["virtual time", seconds(result.virtualMs)],
    ["mutations", count(result.mutations)],
    ["acknowledged as durable", count(result.acknowledgements)],
    ["messages", count(result.messages)],
    ["bytes on the wire", `${(result.messageBytes / 1e6).toFixed(1)} MB`],
    ["restarts", count(result.restarts)],
    ["delivery p50 / p99", `${seconds(delivery.p50Ms)} / ${seconds(delivery.p99Ms)}`],
    ["converged after healing", seconds(result.convergedMs)],
  ];
}

const figure = ([name, value]: readonly [string, string]): string =>
  `<div><b>${escapeText(value)}</b><span>${escapeText(name)}</span></div>`;

function faultTable({ happened }: SimulationResult): string {
  const rows = FAULT_NAMES.filter((kind) => happened.has(kind)).map(
    (kind) =>
      `<tr><td>${kind}</td><td class="number">${count(happened.get(kind)!)}</td><td>${escapeText(FAULT_KINDS[kind])}</td></tr>`,
  );
  if (rows.length === 0) return `<p class="quiet">None: the world behaved all the time.</p>`;
  return `<table><tr><th>kind</th><th>times</th><th></th></tr>${rows.join("")}</table>`;
}

function checkTable({ looked, violations }: SimulationResult): string {
  const failed = new Set<string>(violations.map(({ check }) => check));
  const rows = [...looked].map(
    ([check, times]) =>
      `<tr><td>${escapeText(check)}</td><td class="number">${count(times)}</td><td>${failed.has(check) ? "failed" : "held"}</td></tr>`,
  );
  return `<table><tr><th>check</th><th>looks</th><th></th></tr>${rows.join("")}</table>`;
}

const seconds = (ms: number | undefined): string => {
  if (ms === undefined) return "never";
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
};

const count = (value: number): string => value.toLocaleString("en-GB");

const LEGEND = `<p class="legend">
<span><i class="lag0"></i>has everything</span><span><i class="lag1"></i>a little behind</span>
<span><i class="lag3"></i>behind</span><span><i class="lag5"></i>far behind</span><span><i class="down"></i>not running</span>
<span><svg width="12" height="12"><use href="#mark-end"/></svg>ended</span>
<span><svg width="12" height="12"><use href="#mark-start"/></svg>started</span>
<span><svg width="12" height="12"><use href="#mark-store"/></svg>store noticed damage</span>
<span><svg width="12" height="12"><use href="#mark-id"/></svg>new replica id</span>
</p>`;

/** Shows the text of what lies under the pointer beside it. */
const HINTS = `
const hint = document.getElementById("hint");
document.addEventListener("pointermove", (event) => {
  const text = event.target.closest?.("[data-hint]")?.dataset.hint;
  hint.hidden = text === undefined;
  if (text === undefined) return;
  hint.textContent = text;
  hint.style.left = Math.min(event.clientX + 14, innerWidth - hint.offsetWidth - 8) + "px";
  hint.style.top = event.clientY + 18 + "px";
});`;
