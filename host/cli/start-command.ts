// `jarvis start`: the main job. Relay, page and coordinator live in this process, agents in their own; together they
// read a folder, and at the end every process tells its digest and the totals stand beside a plain count.
// Leaves out what agents do (host/fleet/reader.ts), what the coordinator decides (host/fleet/coordinator.ts), how a run is put
// together (fleet-run.ts) and its outcome put into words (outcome.ts).

import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { CrdtError } from "../errors.ts";
import { formatBytes, formatCount } from "../fleet/format.ts";
import { type FleetJob, FleetRun } from "./fleet-run.ts";
import { aborted, INTERRUPTED, untilInterrupted } from "./interrupt.ts";
import { describeOutcome } from "./outcome.ts";
import { isCheckout, packageFolder } from "./package-info.ts";
import { openRelayAndPage, type RelayAndPage } from "./relay-and-page.ts";
import type { Terminal } from "./terminal.ts";

const PROGRESS_MS = 200;
/** Files that cannot be read are named up to so many. */
const PROBLEMS_SHOWN = 10;

export interface StartCommandOptions {
  readonly folder?: string;
  readonly agents: number;
  readonly host: string;
  readonly port: number;
  readonly data?: string;
  readonly insecure: boolean;
  readonly exit: boolean;
  readonly pace: number;
  readonly engine: "auto" | "wasm" | "baseline";
}

export async function startCommand(options: StartCommandOptions, terminal: Terminal): Promise<number> {
  const job = await findJob(options);
  const relay = await openRelayAndPage({
    ...options,
    data: job.data,
    door: { insecure: options.insecure },
  });
  try {
    relay.onTrouble((text) => terminal.news(text));
    const run = await FleetRun.open(relay, job, (text) => terminal.news(text));
    try {
      return await runJob(options, job, relay, run, terminal);
    } finally {
      terminal.endProgress();
      await run.close();
    }
  } finally {
    await relay.close();
  }
}

async function runJob(
  options: StartCommandOptions,
  job: FleetJob,
  relay: RelayAndPage,
  run: FleetRun,
  terminal: Terminal,
): Promise<number> {
  const signal = untilInterrupted(() => run.supervisor.kill());
  announce(options, job, relay, run, terminal);
  run.startAgents(options.agents);
  terminal.news(`agents  ${run.supervisor.agents.map(({ name, pid }) => `${name} ${pid}`).join(", ")}`);
  await run.gather(signal);
  await terminal.startProgress();
  const progress = setInterval(() => showProgress(run, terminal), PROGRESS_MS);
  const startMs = performance.now();
  const doDigestsAgree = await run.read(signal).finally(() => clearInterval(progress));
  const elapsedMs = performance.now() - startMs;
  if (signal.aborted) {
    terminal.endProgress();
    terminal.news("stopping: agents store what they have and leave; Ctrl-C again ends them at once");
    return INTERRUPTED;
  }
  showProgress(run, terminal);
  terminal.endProgress();
  const outcome = await run.judge({ elapsedMs, doDigestsAgree });
  for (const line of describeOutcome(outcome)) terminal.line(line);
  terminal.result(outcome);
  if (!options.exit) {
    terminal.line(`\nThe page stays at ${relay.pageUrl}; Ctrl-C ends everything.`);
    run.keepRight();
    await aborted(signal);
  }
  return outcome.isExact ? 0 : 1;
}

async function findJob(options: StartCommandOptions): Promise<FleetJob> {
  const folder = resolve(options.folder ?? packageFolder);
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new CrdtError(
      "invalid-option",
      `"${folder}" is not a folder that can be read: give one with --folder.`,
    );
  }
  const isInstalledPackage = options.folder === undefined && !isCheckout;
  const key = createHash("sha256").update(folder).digest("hex").slice(0, 8);
  return {
    folder,
    listing: isInstalledPackage ? { entered: ["dist"] } : {},
    data: resolve(options.data ?? join(".jarvis", `${basename(folder) || "root"}-${key}`)),
    paceMs: options.pace,
    engine: options.engine,
  };
}

function announce(
  options: StartCommandOptions,
  job: FleetJob,
  relay: RelayAndPage,
  { fleet, coordinator }: FleetRun,
  terminal: Terminal,
): void {
  if (options.port !== 0 && relay.port !== options.port) {
    terminal.news(`port ${options.port} is taken: using ${relay.port}`);
  }
  let bytes = 0;
  for (const item of fleet.work.values()) bytes += item.bytes;
  const { filesDone } = coordinator.view;
  const earlier = filesDone === 0 ? "" : `, ${formatCount(filesDone)} read before`;
  terminal.line(
    `folder  ${job.folder}   ${formatCount(fleet.work.size)} files, ${formatBytes(bytes)}${earlier}`,
  );
  terminal.line(`page    ${relay.pageUrl}`);
  terminal.line(`data    ${job.data}`);
  const { problems } = coordinator;
  for (const { path, reason } of problems.slice(0, PROBLEMS_SHOWN))
    terminal.news(`not read: ${path} ${reason}`);
  const more = problems.length - PROBLEMS_SHOWN;
  if (more > 0) terminal.news(`not read: ${formatCount(more)} more, which --json lists`);
}

function showProgress({ coordinator: { view }, supervisor }: FleetRun, terminal: Terminal): void {
  terminal.progress({
    done: view.filesDone,
    total: view.filesDone + view.pending.size,
    detail: `${formatBytes(view.bytesDone)} · ${supervisor.active.length} agents`,
  });
}
