// One run of the main job: relay, coordinator and agent processes put together, from the listing to the verdict.
// Leaves out what is printed and when the process ends (start-command.ts).

import { join } from "node:path";
import { setTimeout as rest } from "node:timers/promises";
import type { AgentFleet } from "../agents/index.ts";
import { CrdtError } from "../errors.ts";
import { doAgree, type Settled, settledDigest } from "../fleet/agreement.ts";
import { Coordinator } from "../fleet/coordinator.ts";
import { joinTasks } from "../fleet/dispatch.ts";
import type { FolderOptions } from "../fleet/folder.ts";
import { knownMutations } from "../fleet/known-mutations.ts";
import { LoadMeter, processLoad } from "../fleet/load-meter.ts";
import { areTotalsEqual, countFolder } from "../fleet/plain-count.ts";
import { Herald } from "../fleet/presence.ts";
import {
  FLEET_DOCUMENT,
  Fleet,
  type FleetDocument,
  PRESENCE_DOCUMENT,
  Presence,
  type PresenceDocument,
} from "../fleet/schema.ts";
import { skillsAt, skillsText } from "../fleet/skills.ts";
import { Supervisor } from "../fleet/supervisor.ts";
import type { Outcome } from "./outcome.ts";
import { commandFile } from "./package-info.ts";
import type { RelayAndPage } from "./relay-and-page.ts";

/** How long the fleet waits for all agents before those that are there begin. */
const GATHER_MS = 10_000;
/** How long after the end the digests may take to become equal. */
const AGREE_MS = 30_000;
const LOOK_MS = 10;
/** How long after a late change the ledger is looked at. */
const LATE_MS = 500;

export interface FleetJob {
  readonly folder: string;
  readonly listing: FolderOptions;
  /** Where everything of this job is stored. */
  readonly data: string;
  readonly paceMs: number;
  readonly engine: "auto" | "wasm" | "baseline";
}

export class FleetRun {
  readonly fleet: FleetDocument;
  readonly coordinator: Coordinator;
  readonly supervisor: Supervisor;
  readonly #relay: RelayAndPage;
  readonly #job: FleetJob;
  readonly #presence: PresenceDocument;
  readonly #tasks: AgentFleet;
  readonly #herald: Herald;
  readonly #meter: LoadMeter;
  readonly #stopDigests: () => void;
  #stopKeeping: () => void = () => {};
  #settled: Settled | undefined;

  private constructor(
    relay: RelayAndPage,
    job: FleetJob,
    parts: { fleet: FleetDocument; presence: PresenceDocument; tasks: AgentFleet },
    news: (text: string) => void,
  ) {
    const { fleet, presence, tasks } = parts;
    this.fleet = fleet;
    this.#presence = presence;
    this.#tasks = tasks;
    this.#relay = relay;
    this.#job = job;
    const { folder, listing, paceMs } = job;
    const now = () => Date.now();
    this.coordinator = new Coordinator({ fleet, presence, tasks, folder, listing, paceMs, now });
    this.supervisor = this.#supervise(news);
    this.#herald = new Herald(presence, relay.replica.id, { describe: () => this.#describe() });
    this.#meter = new LoadMeter({ presence, name: "coordinator", files: () => 0, source: processLoad() });
    this.#stopDigests = settledDigest(fleet, (settled) => {
      this.#settled = settled;
      this.#herald.tell();
    });
  }

  /** Opens the documents and lists the folder. */
  static async open(relay: RelayAndPage, job: FleetJob, news: (text: string) => void): Promise<FleetRun> {
    const fleet = await relay.replica.open(FLEET_DOCUMENT, Fleet);
    const presence = await relay.replica.open(PRESENCE_DOCUMENT, Presence);
    const tasks = await joinTasks(relay.replica);
    const run = new FleetRun(relay, job, { fleet, presence, tasks }, news);
    await run.coordinator.open();
    return run;
  }

  /** Starts `count` agent processes. */
  startAgents(count: number): void {
    this.supervisor.start(Array.from({ length: count }, (_, index) => `agent-${index + 1}`));
  }

  /** Waits until all agents have joined, or long enough. */
  async gather(signal: AbortSignal): Promise<void> {
    const endMs = performance.now() + GATHER_MS;
    while (!this.supervisor.areAllJoined && performance.now() < endMs && !signal.aborted) await rest(LOOK_MS);
  }

  /** Lets the agents read to the end and waits until all tell one digest; says whether they do. */
  async read(signal: AbortSignal): Promise<boolean> {
    this.coordinator.begin();
    for (;;) {
      const done = new AbortController();
      await Promise.race([this.coordinator.finish(signal), this.#noAgentIsLeft(done.signal)]);
      done.abort();
      const doAgree = await this.#agreed(signal);
      if (!doAgree || this.coordinator.audit() === 0) return doAgree;
    }
  }

  /** Counts the folder plainly and puts everything beside each other. */
  async judge({
    elapsedMs,
    doDigestsAgree,
  }: {
    elapsedMs: number;
    doDigestsAgree: boolean;
  }): Promise<Outcome> {
    const { folder, listing, data } = this.#job;
    const totals = this.coordinator.totals();
    const agents = this.#agentOutcomes();
    const digest = this.fleet.digest();
    const startMs = performance.now();
    const plain = await countFolder(folder, listing);
    const plainMs = performance.now() - startMs;
    const { coordinator } = this;
    const { id, engineName } = this.#relay.replica;
    return {
      folder,
      data,
      page: this.#relay.pageUrl,
      run: coordinator.job?.run ?? 0,
      coordinator: { pid: process.pid, replica: id, digest, engine: engineName },
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
      bytesExchanged: this.#bytesExchanged(),
    };
  }

  /** Puts right what arrives later, for as long as the process stays. */
  keepRight(): void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = this.fleet.subscribe(({ origin }) => {
      if (origin === "local") return;
      clearTimeout(timer);
      timer = setTimeout(() => this.coordinator.audit(), LATE_MS);
    });
    this.#stopKeeping = () => {
      clearTimeout(timer);
      stop();
    };
  }

  /** Agents first, so that the relay still takes in what they say last. */
  async close(): Promise<void> {
    this.#stopKeeping();
    await this.supervisor.stop();
    this.#stopDigests();
    this.#meter.close();
    this.#herald.leave();
    this.coordinator.close();
    await this.#tasks.leave();
  }

  #supervise(news: (text: string) => void): Supervisor {
    const { data, engine } = this.#job;
    const { relayUrl } = this.#relay;
    const words = ["--engine", engine, "--json"];
    return new Supervisor({
      program: commandFile,
      argumentsOf: (name) => [
        "agent",
        relayUrl,
        "--name",
        name,
        "--data",
        join(data, "agents", name),
        "--skills",
        skillsText(skillsAt(Number(name.split("-").at(-1)) - 1)),
        ...words,
      ],
      onJoined: ({ name, pid, starts }) => {
        this.coordinator.joined(name, `process ${pid}${starts > 1 ? `, start ${starts}` : ""}`);
        if (starts > 1) news(`${name} is back as process ${pid}`);
      },
      onLost: ({ name, pid, replica }, detail, isStartedAgain) => {
        const then = isStartedAgain ? "starting it again" : "not starting it again, it died too often";
        news(`${name} (process ${pid}) is gone: ${detail}; ${then}`);
        this.coordinator.lost(replica, name, detail);
      },
      onMessage: (name, line) => news(`${name}: ${line}`),
    });
  }

  #describe() {
    const { fleet } = this;
    const { id, engineName } = this.#relay.replica;
    return {
      name: "coordinator",
      role: "coordinator",
      pid: process.pid,
      engine: engineName,
      state: this.#settled === undefined ? "idle" : "finished",
      files: 0,
      bytes: 0,
      words: 0,
      sequence: fleet.versionVector().get(id),
      known: knownMutations(fleet.versionVector()),
      digest: this.#settled?.digest ?? "",
      run: this.#settled?.run ?? 0,
      bytesSent: 0,
      bytesReceived: 0,
      lag: 0,
    } as const;
  }

  async #noAgentIsLeft(done: AbortSignal): Promise<void> {
    while (this.supervisor.active.length > 0 && !done.aborted) await rest(LOOK_MS);
    if (done.aborted) return;
    throw new CrdtError(
      "connection-failed",
      "Every agent died too often: the lines above say of what. What was read is kept; start again to resume.",
    );
  }

  async #agreed(signal: AbortSignal): Promise<boolean> {
    const endMs = performance.now() + AGREE_MS;
    while (performance.now() < endMs && !signal.aborted) {
      if (this.#doAllAgree()) return true;
      await rest(LOOK_MS);
    }
    return false;
  }

  /** Whether every agent has told the digest this process has, in its presence and in its report. */
  #doAllAgree(): boolean {
    const settled = this.#settled;
    if (settled === undefined) return false;
    const agents = this.supervisor.active;
    const replicas = agents.flatMap(({ replica }) => replica ?? []);
    const haveReported = agents.every(({ report }) => report?.digest === settled.digest);
    return replicas.length === agents.length && haveReported && doAgree(this.#presence, replicas, settled);
  }

  #agentOutcomes(): Outcome["agents"] {
    return this.supervisor.agents.map(({ name, pid, starts, replica = "", report }) => {
      const { digest = "", files = 0, bytes = 0, words = 0 } = report ?? {};
      return { name, pid, starts, replica, digest, files, bytes, words };
    });
  }

  #bytesExchanged(): number {
    let bytes = 0;
    for (const { bytesSent, bytesReceived } of this.#presence.agents.values())
      bytes += bytesSent + bytesReceived;
    return bytes;
  }
}
