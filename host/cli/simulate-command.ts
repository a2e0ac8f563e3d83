// `jarvis simulate`: runs of a whole fleet in virtual time, with a table of how it goes, and what to look at afterwards.
// Status 1 when a check failed; the line that replays the run, made smaller, is then the last of the output.

import { writeFile } from "node:fs/promises";
import { formatCount } from "../fleet/format.ts";
import { CrdtError } from "../index.ts";
import {
  AVAILABILITY_FAULTS,
  AVAILABILITY_SHARE_MIN,
  AVAILABILITY_TIMING,
  FAULT_NAMES,
  type FaultKind,
  type Progress,
  type PushKind,
  replayLine,
  type SimulationOptions,
  type SimulationResult,
  shrink,
  simulate,
  timelinePage,
} from "../simulator/index.ts";
import { LiveTable } from "./live-table.ts";
import { type Terminal, table } from "./terminal.ts";

export interface SimulateCommandOptions {
  readonly nodes: number;
  readonly seed: number;
  readonly seeds: number;
  readonly seconds: number;
  readonly faults: string;
  readonly topology: string;
  readonly push?: PushKind;
  readonly loss?: number;
  readonly availability: boolean;
  readonly engine: "auto" | "wasm" | "baseline";
  readonly writers?: number;
  readonly rate: number;
  readonly lookAt?: number;
  readonly checkEvery?: number;
  readonly keepFaults?: string;
  readonly withoutNodes?: string;
  readonly writeSeconds?: number;
  readonly shrink: boolean;
  readonly html?: string;
}

/** Nodes looked at in each round of checks, where there are more than this. */
const LOOK_AT = 50;

export async function simulateCommand(options: SimulateCommandOptions, terminal: Terminal): Promise<number> {
  const live = terminal.isJson ? undefined : new LiveTable();
  const availability = new AvailabilityTotal();
  let failed: SimulationResult | undefined;
  for (let index = 0; index < options.seeds; index++) {
    const run = runOptions(options, options.seed + index);
    const startMs = performance.now();
    const result = await simulate({ ...run, onProgress: (progress) => live?.draw(rowsOf(progress, run)) });
    live?.end();
    availability.add(result);
    terminal.result(summaryOf(result, run));
    for (const line of options.seeds === 1 ? report(result, performance.now() - startMs) : [lineOf(result)])
      terminal.line(line);
    if (options.html !== undefined && (index === 0 || result.violations.length > 0)) {
      await writeFile(options.html, timelinePage({ ...result, options: run }));
    }
    if (result.violations.length > 0) {
      failed = { ...result, options: run };
      break;
    }
  }
  if (options.html !== undefined) terminal.line(`timeline written to ${options.html}`);
  if (options.availability && failed === undefined) {
    for (const line of availability.lines(options)) terminal.line(line);
    if (availability.share < AVAILABILITY_SHARE_MIN) return 1;
  }
  if (failed === undefined) return 0;
  if (options.shrink) await shrinkAndSay(failed, terminal);
  else terminal.line(`replay: ${replayLine(failed.options)}`);
  return 1;
}

function runOptions(options: SimulateCommandOptions, seed: number): SimulationOptions {
  const { nodes, seconds, topology, push, loss, engine, rate, writers, writeSeconds, checkEvery } = options;
  return {
    seed,
    nodes,
    seconds,
    topology,
    push,
    loss,
    rate,
    writers,
    writeSeconds,
    checkEveryMs: checkEvery,
    engine: engine === "baseline" ? "baseline" : "wasm",
    faults: options.availability ? AVAILABILITY_FAULTS : faultsOf(options.faults),
    timing: options.availability ? AVAILABILITY_TIMING : {},
    lookAt: options.lookAt ?? (nodes > LOOK_AT ? LOOK_AT : undefined),
    keepFaults: numbersOf(options.keepFaults, "--keep-faults"),
    withoutNodes: numbersOf(options.withoutNodes, "--without-nodes"),
  };
}

function faultsOf(text: string): FaultKind[] {
  if (text === "all") return [...FAULT_NAMES];
  if (text === "none") return [];
  return text.split(",").map((word) => {
    const kind = FAULT_NAMES.find((name) => name === word.trim());
    if (kind !== undefined) return kind;
    throw new CrdtError(
      "invalid-option",
      `--faults ${word}: give all, none, or some of ${FAULT_NAMES.join(", ")}`,
    );
  });
}

function numbersOf(text: string | undefined, option: string): number[] | undefined {
  if (text === undefined) return undefined;
  if (text === "none") return [];
  return text.split(",").map((word) => {
    if (/^\d+$/.test(word.trim())) return Number(word);
    throw new CrdtError("invalid-option", `${option} ${text}: give numbers with commas between, or none`);
  });
}

function rowsOf(progress: Progress, { seed, nodes, seconds }: SimulationOptions): string[] {
  const { nowMs, phase, network, truth, timeline } = progress;
  const sample = timeline.samples.at(-1);
  const lags = [...(sample?.lags ?? [])].filter((lag) => lag >= 0).sort((left, right) => left - right);
  const lasting = timeline.faults.filter(({ atMs, forMs }) => atMs <= nowMs && nowMs < atMs + forMs);
  return [
    ...table([
      ["seed", "time", "phase", "up", "equal", "lag p50", "lag max", "mutations", "messages"],
      [
        seed,
        `${(nowMs / 1000).toFixed(1)}/${seconds} s`,
        phase,
        `${sample?.up ?? 0}/${nodes}`,
        `${sample?.equal ?? 0}/${nodes}`,
        lags[lags.length >> 1] ?? 0,
        lags.at(-1) ?? 0,
        formatCount(truth.mutations),
        formatCount(network.counts.sent),
      ],
    ]),
    `faults now: ${phase === "faults" ? lasting.map(({ kind, nodes: hit }) => `${kind} (${hit.length})`).join(", ") || "–" : "over"}`,
  ];
}

/** What runs of a command come to together. */
class AvailabilityTotal {
  #nodeSeconds = 0;
  #late = 0;
  #excluded = 0;
  #writes = 0;

  add({ availability }: SimulationResult): void {
    if (availability === undefined) return;
    this.#nodeSeconds += availability.nodeSeconds;
    this.#late += availability.lateNodeSeconds;
    this.#excluded += availability.excludedNodeSeconds;
    this.#writes += availability.writes - availability.failedWrites;
  }

  /** Of node-seconds outside cuts; 0 where there were none. */
  get share(): number {
    return this.#nodeSeconds === 0 ? 0 : 1 - this.#late / this.#nodeSeconds;
  }

  lines({ seed, seeds, nodes, seconds }: SimulateCommandOptions): string[] {
    const runs = seeds === 1 ? `seed ${seed}` : `seeds ${seed} to ${seed + seeds - 1}`;
    const share = (Math.floor(this.share * 1e6) / 1e4).toFixed(4);
    return [
      `simulated availability, ${runs}, ${nodes} nodes, ${seconds} virtual seconds each, faults: ${AVAILABILITY_FAULTS.join(", ")}`,
      `  local writes that succeeded: 100 % of ${formatCount(this.#writes)}`,
      `  lag below 5 s: ${share} % of ${formatCount(this.#nodeSeconds)} node-seconds outside cuts; ` +
        `${formatCount(this.#excluded)} node-seconds were down or cut off`,
    ];
  }
}

function report(result: SimulationResult, wallMs: number): string[] {
  const happened = [...result.happened].sort(([left], [right]) => (left < right ? -1 : 1));
  return [
    lineOf(result),
    "",
    ...table([
      ["what", "how much"],
      ["virtual seconds", (result.virtualMs / 1000).toFixed(1)],
      ["mutations", formatCount(result.mutations)],
      ["acknowledged as durable", formatCount(result.acknowledgements)],
      ["deltas merged", formatCount(result.pushes)],
      [
        "of these in vain",
        `${formatCount(result.duplicates)} (${percent(result.duplicates, result.pushes)})`,
      ],
      ["messages", formatCount(result.messages)],
      ["bytes", formatCount(result.messageBytes)],
      ["connections", formatCount(result.connections)],
      ["restarts", formatCount(result.restarts)],
      ["delivery p50 in ms", formatCount(Math.round(result.delivery.p50Ms))],
      ["delivery p99 in ms", formatCount(Math.round(result.delivery.p99Ms))],
      ["converged after healing in ms", result.convergedMs ?? "not"],
      ...lagRows(result),
      ["events", formatCount(result.events)],
      ["wall seconds", (wallMs / 1000).toFixed(1)],
      ["peak memory in MiB", Math.round(process.resourceUsage().maxRSS / 1024)],
    ]),
    "",
    ...(happened.length === 0 ? [] : table([["fault", "times"], ...happened])),
  ];
}

function lagRows({ availability }: SimulationResult): [string, string][] {
  if (availability === undefined) return [];
  const { nodeSeconds, lateNodeSeconds, excludedNodeSeconds } = availability;
  return [
    ["node-seconds outside cuts", formatCount(nodeSeconds)],
    ["of these with a lag of 5 s or more", `${lateNodeSeconds} (${percent(lateNodeSeconds, nodeSeconds)})`],
    ["node-seconds down or cut off", formatCount(excludedNodeSeconds)],
  ];
}

const percent = (part: number, whole: number): string =>
  whole === 0 ? "–" : `${((100 * part) / whole).toFixed(2)} %`;

function lineOf({ options, digest, violations, convergedMs, silentMs }: SimulationResult): string {
  const [first] = violations;
  const name = `seed ${options.seed}  digest ${digest}`;
  if (first === undefined)
    return `${name}  converged ${convergedMs} ms after healing, silent ${silentMs} ms later`;
  return `${name}  FAILED “${first.check}” at ${first.atMs.toFixed(0)} ms, node ${first.node}: ${first.message}`;
}

function summaryOf(result: SimulationResult, run: SimulationOptions): Record<string, unknown> {
  const { options: _options, timeline: _timeline, happened, looked, ...rest } = result;
  return {
    seed: run.seed,
    nodes: run.nodes,
    seconds: run.seconds,
    ...rest,
    happened: Object.fromEntries(happened),
    looked: Object.fromEntries(looked),
    peakBytes: process.resourceUsage().maxRSS * 1024,
    replay: replayLine(run),
  };
}

async function shrinkAndSay(failed: SimulationResult, terminal: Terminal): Promise<void> {
  terminal.news("making the failing run smaller …");
  const { options, violation, runs } = await shrink(failed);
  terminal.line(
    `after ${runs} smaller runs: “${violation.check}” at ${violation.atMs.toFixed(0)} ms: ${violation.message}`,
  );
  terminal.line(`replay: ${replayLine(options)}`);
}
