// Agent processes: forked, watched, started again on the same data directory when they die, stopped together. The
// channel that fork opens carries no messages; it is there so that an agent notices the death of its parent. What an
// agent says comes as JSON lines on its standard output. Leaves out what a dead agent's claim means (coordinator.ts).

import { type ChildProcess, fork } from "node:child_process";
import { createInterface } from "node:readline";
import type { AgentEvent, AgentReport } from "./fleet-agent.ts";

/** Early deaths in a row before an agent is given up: something is wrong that starting again does not cure. */
const EARLY_DEATHS_MAX = 5;
/** A process that lived for so long did not die early. */
const EARLY_MS = 10_000;
/** Before the first start after a death; doubled with each early death. */
const RESTART_MS = 200;
/** How long agents may take to close their stores before they are killed. */
const STOP_MS = 10_000;

export interface SupervisorOptions {
  /** The file that runs the command line. */
  readonly program: string;
  /** Arguments of one agent's process, after the program. */
  readonly argumentsOf: (name: string) => readonly string[];
  readonly onJoined: (agent: SupervisedAgent) => void;
  readonly onLost: (agent: SupervisedAgent, detail: string, isStartedAgain: boolean) => void;
  readonly onMessage: (name: string, line: string) => void;
}

export interface SupervisedAgent {
  readonly name: string;
  readonly pid: number;
  readonly starts: number;
  /** Set once it has joined the relay. */
  readonly replica: string | undefined;
  /** What it reported last at the end of a run. */
  readonly report: AgentReport | undefined;
  readonly isGivenUp: boolean;
}

type Slot = {
  name: string;
  pid: number;
  starts: number;
  replica: string | undefined;
  report: AgentReport | undefined;
  isGivenUp: boolean;
  child: ChildProcess | undefined;
  lastWords: string;
  startedMs: number;
  earlyDeaths: number;
};

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #slots: Slot[] = [];
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #isStopping = false;
  #onAllGone: (() => void) | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get agents(): readonly SupervisedAgent[] {
    return this.#slots;
  }

  /** Agents that are there or will be started again. */
  get active(): readonly SupervisedAgent[] {
    return this.#slots.filter((slot) => !slot.isGivenUp);
  }

  get areAllJoined(): boolean {
    return this.active.every((agent) => agent.replica !== undefined);
  }

  start(names: readonly string[]): void {
    for (const name of names) {
      const slot: Slot = {
        name,
        pid: 0,
        starts: 0,
        replica: undefined,
        report: undefined,
        isGivenUp: false,
        child: undefined,
        lastWords: "",
        startedMs: 0,
        earlyDeaths: 0,
      };
      this.#slots.push(slot);
      this.#fork(slot);
    }
  }

  /** Asks all to close and waits; kills what does not. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const allGone = new Promise<void>((resolve) => {
      this.#onAllGone = resolve;
    });
    for (const slot of this.#slots) slot.child?.kill("SIGTERM");
    const timer = setTimeout(() => this.kill(), STOP_MS);
    this.#checkAllGone();
    await allGone;
    clearTimeout(timer);
  }

  /** Ends all at once, without goodbye. */
  kill(): void {
    this.#isStopping = true;
    for (const slot of this.#slots) slot.child?.kill("SIGKILL");
  }

  #fork(slot: Slot): void {
    const { program, argumentsOf, onMessage } = this.#options;
    const child = fork(program, argumentsOf(slot.name), { stdio: ["ignore", "pipe", "pipe", "ipc"] });
    slot.child = child;
    slot.pid = child.pid ?? 0;
    slot.starts++;
    slot.startedMs = performance.now();
    slot.replica = undefined;
    slot.lastWords = "";
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on("line", (line) => this.#hear(slot, line));
    }
    if (child.stderr !== null) {
      createInterface({ input: child.stderr }).on("line", (line) => {
        slot.lastWords = line;
        onMessage(slot.name, line);
      });
    }
    child.once("error", (error) => this.#gone(slot, child, error.message));
    child.once("exit", (code, signal) => this.#gone(slot, child, signal ?? `exit ${code}`));
  }

  #hear(slot: Slot, line: string): void {
    const event = parseEvent(line);
    if (event === undefined) this.#options.onMessage(slot.name, line);
    else if (event.event === "joined") {
      slot.replica = event.replica;
      this.#options.onJoined(slot);
    } else slot.report = event;
  }

  #gone(slot: Slot, child: ChildProcess, detail: string): void {
    if (slot.child !== child) return;
    slot.child = undefined;
    if (this.#isStopping) this.#checkAllGone();
    else this.#lost(slot, detail);
  }

  #lost(slot: Slot, detail: string): void {
    const why = slot.lastWords === "" ? detail : `${detail}: ${slot.lastWords}`;
    slot.earlyDeaths = performance.now() - slot.startedMs < EARLY_MS ? slot.earlyDeaths + 1 : 0;
    slot.isGivenUp = slot.earlyDeaths >= EARLY_DEATHS_MAX;
    this.#options.onLost(slot, why, !slot.isGivenUp);
    slot.replica = undefined;
    slot.report = undefined;
    if (!slot.isGivenUp) this.#forkLater(slot);
  }

  #forkLater(slot: Slot): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        if (!this.#isStopping) this.#fork(slot);
      },
      RESTART_MS * 2 ** Math.max(0, slot.earlyDeaths - 1),
    );
    this.#timers.add(timer);
  }

  #checkAllGone(): void {
    if (this.#slots.every((slot) => slot.child === undefined)) this.#onAllGone?.();
  }
}

function parseEvent(line: string): AgentEvent | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "event" in value
      ? (value as AgentEvent)
      : undefined;
  } catch {
    return undefined;
  }
}
