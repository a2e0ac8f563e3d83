// `jarvis start`: the main job. Relay, page and coordinator live in this process, agents in their own; together they
// read a folder, and at the end every process tells its digest and the totals stand beside a plain count.
// Leaves out what agents do (fleet/reader.ts), what the coordinator decides (fleet/coordinator.ts) and how the outcome
// is put into words (outcome.ts).

import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { setTimeout as rest } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { CrdtError } from "../errors.ts";
import { doAgree, settledDigest } from "./fleet/agreement.ts";
import { Coordinator } from "./fleet/coordinator.ts";
import type { FolderOptions } from "./fleet/folder.ts";
import { formatBytes, formatCount } from "./fleet/format.ts";
import { knownMutations } from "./fleet/known-mutations.ts";
import { areTotalsEqual, countFolder } from "./fleet/plain-count.ts";
import { Herald } from "./fleet/presence.ts";
import {
  FLEET_DOCUMENT,
  Fleet,
  type FleetDocument,
  PRESENCE_DOCUMENT,
  Presence,
  type PresenceDocument,
} from "./fleet/schema.ts";
import { Supervisor } from "./fleet/supervisor.ts";
import { aborted, INTERRUPTED, untilInterrupted } from "./interrupt.ts";
import { describeOutcome, type Outcome } from "./outcome.ts";
import { isCheckout, packageFolder } from "./package-info.ts";
import { openRelayAndPage, type RelayAndPage } from "./relay-and-page.ts";
import type { Terminal } from "./terminal.ts";

/** How long the fleet waits for all agents before those that are there begin. */
const GATHER_MS = 10_000;
/** How long after the end the digests may take to become equal. */
const AGREE_MS = 30_000;
const PROGRESS_MS = 200;

export interface StartCommandOptions {
  readonly folder?: string;
  readonly agents: number;
  readonly host: string;
  readonly port: number;
  readonly data?: string;
  readonly exit: boolean;
  readonly pace: number;
  readonly engine: "auto" | "wasm" | "baseline";
}

interface Job {
  readonly folder: string;
  readonly listing: FolderOptions;
  readonly data: string;
}

export async function startCommand(options: StartCommandOptions, terminal: Terminal): Promise<number> {
  const job = await findJob(options);
  const relay = await openRelayAndPage({ ...options, data: job.data });
  try {
    relay.onTrouble((text) => terminal.news(text));
    return await runFleet(options, job, relay, terminal);
  } finally {
    terminal.endProgress();
    await relay.close();
  }
}

async function runFleet(
  options: StartCommandOptions,
  job: Job,
  relay: RelayAndPage,
  terminal: Terminal,
): Promise<number> {
  const fleet = await relay.replica.open(FLEET_DOCUMENT, Fleet);
  const presence = await relay.replica.open(PRESENCE_DOCUMENT, Presence);
  const coordinator = new Coordinator({
    fleet,
    presence,
    folder: job.folder,
    listing: job.listing,
    paceMs: options.pace,
    now: () => Date.now(),
  });
  const supervisor = superviseAgents(options, job, relay, coordinator, terminal);
  const signal = untilInterrupted(() => supervisor.kill());
  await coordinator.open();
  announce(options, job, relay, fleet, coordinator, terminal);
  const herald = new Herald(presence, relay.replica.id, {
    describe: () => describeCoordinator(relay, fleet),
  });

  supervisor.start(Array.from({ length: options.agents }, (_, index) => `agent-${index + 1}`));
  terminal.news(`agents  ${supervisor.agents.map(({ name, pid }) => `${name} ${pid}`).join(", ")}`);
  await untilJoined(supervisor, signal);
  const progress = setInterval(() => showProgress(coordinator, supervisor, terminal), PROGRESS_MS);
  const startedMs = performance.now();
  coordinator.begin();
  const noAgentLeft = untilNoAgentIsLeft(supervisor, signal);
  await Promise.race([coordinator.finish(signal), noAgentLeft]);
  const doDigestsAgree = signal.aborted ? false : await untilAgreed(fleet, presence, supervisor, signal);
  const elapsedMs = performance.now() - startedMs;
  clearInterval(progress);
  showProgress(coordinator, supervisor, terminal);
  terminal.endProgress();

  let status = INTERRUPTED;
  if (!signal.aborted) {
    const outcome = await judge(job, relay, fleet, presence, coordinator, supervisor, {
      elapsedMs,
      doDigestsAgree,
    });
    for (const line of describeOutcome(outcome)) terminal.line(line);
    terminal.result(outcome);
    status = outcome.isExact ? 0 : 1;
    herald.tell();
    if (!options.exit) {
      terminal.line(`\nThe page stays at ${relay.pageUrl}; Ctrl-C ends everything.`);
      await aborted(signal);
    }
  } else terminal.news("stopping: agents store what they have and leave; Ctrl-C again ends them at once");
  await supervisor.stop();
  herald.leave();
  coordinator.close();
  return status;
}

async function findJob(options: StartCommandOptions): Promise<Job> {
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
  };
}

function superviseAgents(
  options: StartCommandOptions,
  job: Job,
  relay: RelayAndPage,
  coordinator: Coordinator,
  terminal: Terminal,
): Supervisor {
  const program = fileURLToPath(new URL("main.js", import.meta.url));
  return new Supervisor({
    program,
    argumentsOf: (name) => {
      const data = join(job.data, "agents", name);
      return ["agent", relay.relayUrl, "--name", name, "--data", data, "--engine", options.engine, "--json"];
    },
    onJoined: ({ name, pid, starts }) => {
      coordinator.joined(name, `process ${pid}${starts > 1 ? `, start ${starts}` : ""}`);
      if (starts > 1) terminal.news(`${name} is back as process ${pid}`);
    },
    onLost: ({ name, pid, replica }, detail) => {
      terminal.news(`${name} (process ${pid}) is gone: ${detail}; starting it again`);
      coordinator.lost(replica, name, detail);
    },
    onGivenUp: ({ name, starts }) => terminal.news(`${name} died ${starts} times and is not started again`),
    onMessage: (name, line) => terminal.news(`${name}: ${line}`),
  });
}

function announce(
  options: StartCommandOptions,
  job: Job,
  relay: RelayAndPage,
  fleet: FleetDocument,
  coordinator: Coordinator,
  terminal: Terminal,
): void {
  if (options.port !== 0 && relay.port !== options.port) {
    terminal.news(`port ${options.port} is taken: using ${relay.port}`);
  }
  let bytes = 0;
  for (const item of fleet.work.values()) bytes += item.bytes;
  const resumed =
    coordinator.view.filesDone === 0 ? "" : `, ${formatCount(coordinator.view.filesDone)} read before`;
  terminal.line(
    `folder  ${job.folder}   ${formatCount(fleet.work.size)} files, ${formatBytes(bytes)}${resumed}`,
  );
  terminal.line(`page    ${relay.pageUrl}`);
  terminal.line(`data    ${job.data}`);
  for (const { path, reason } of coordinator.problems) terminal.news(`not read: ${path} ${reason}`);
}

function showProgress(coordinator: Coordinator, supervisor: Supervisor, terminal: Terminal): void {
  const { view } = coordinator;
  terminal.progress({
    done: view.filesDone,
    total: view.filesDone + view.pending.size,
    detail: `${formatBytes(view.bytesDone)} · ${supervisor.active.length} agents`,
  });
}

function describeCoordinator(relay: RelayAndPage, fleet: FleetDocument) {
  const job = fleet.job.get();
  const isFinished = job?.phase === "finished";
  return {
    name: "coordinator",
    role: "coordinator",
    pid: process.pid,
    engine: relay.replica.engineName,
    state: isFinished ? "finished" : "idle",
    files: 0,
    bytes: 0,
    words: 0,
    sequence: fleet.versionVector().get(relay.replica.id),
    known: knownMutations(fleet.versionVector()),
    digest: isFinished ? fleet.digest() : "",
    run: isFinished ? job.run : 0,
    bytesSent: 0,
    bytesReceived: 0,
    lag: 0,
  } as const;
}

async function untilJoined(supervisor: Supervisor, signal: AbortSignal): Promise<void> {
  const endMs = performance.now() + GATHER_MS;
  while (!supervisor.areAllJoined && performance.now() < endMs && !signal.aborted) await rest(10);
}

async function untilNoAgentIsLeft(supervisor: Supervisor, signal: AbortSignal): Promise<never> {
  while (supervisor.active.length > 0 || signal.aborted) await rest(PROGRESS_MS, undefined, { ref: false });
  throw new CrdtError(
    "connection-failed",
    "Every agent died several times: the lines above say of what; what was read is kept, so the job can be resumed.",
  );
}

/** Waits for every agent to tell the digest this process has; false when they do not within the time. */
async function untilAgreed(
  fleet: FleetDocument,
  presence: PresenceDocument,
  supervisor: Supervisor,
  signal: AbortSignal,
): Promise<boolean> {
  let own: { run: number; digest: string } | undefined;
  const stop = settledDigest(fleet, (settled) => {
    own = settled;
  });
  const endMs = performance.now() + AGREE_MS;
  try {
    while (performance.now() < endMs && !signal.aborted) {
      const replicas = supervisor.active.map((agent) => agent.replica);
      const areAllThere = replicas.every((replica) => replica !== undefined);
      if (own !== undefined && areAllThere && doAgree(presence, replicas, own)) return true;
      await rest(10);
    }
    return false;
  } finally {
    stop();
  }
}

async function judge(
  job: Job,
  relay: RelayAndPage,
  fleet: FleetDocument,
  presence: PresenceDocument,
  coordinator: Coordinator,
  supervisor: Supervisor,
  { elapsedMs, doDigestsAgree }: { elapsedMs: number; doDigestsAgree: boolean },
): Promise<Outcome> {
  const plainStartMs = performance.now();
  const plain = await countFolder(job.folder, job.listing);
  const plainMs = performance.now() - plainStartMs;
  const totals = coordinator.totals();
  let bytesExchanged = 0;
  for (const { bytesSent, bytesReceived } of presence.agents.values())
    bytesExchanged += bytesSent + bytesReceived;
  const agents = supervisor.agents.map(({ name, pid, starts, replica = "", report }) => {
    const { digest = "", files = 0, bytes = 0, words = 0 } = report ?? {};
    return { name, pid, starts, replica, digest, files, bytes, words };
  });
  return {
    folder: job.folder,
    data: job.data,
    page: relay.pageUrl,
    run: coordinator.job?.run ?? 0,
    coordinator: {
      pid: process.pid,
      replica: relay.replica.id,
      digest: fleet.digest(),
      engine: relay.replica.engineName,
    },
    agents,
    totals,
    plain,
    doDigestsAgree,
    areTotalsEqual: areTotalsEqual(totals, plain),
    isExact: doDigestsAgree && areTotalsEqual(totals, plain),
    resumedFiles: coordinator.resumedFiles,
    corrections: coordinator.corrections,
    notRead: coordinator.problems,
    elapsedMs: Math.round(elapsedMs),
    plainMs: Math.round(plainMs),
    bytesExchanged,
  };
}
