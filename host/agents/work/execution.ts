// One execution of a task: what its handler is given, and how it ended.
import type { Value } from "../../wire/value.ts";
import type { FencingToken } from "../fencing.ts";
import type { OutcomeRecord } from "../records/run-records.ts";
import type { TaskSpec } from "../records/task-spec.ts";
import { errorText } from "./error-text.ts";

/** What a handler is given beside the input. */
export interface Run {
  readonly task: string;
  readonly spec: TaskSpec;
  /** From 1. */
  readonly attempt: number;
  /** To be shown to each resource that the handler changes. */
  readonly token: FencingToken;
  /** Aborted when the task is cancelled, the right to run is lost, or the agent stops. */
  readonly signal: AbortSignal;
  /** Says how far it is, from 0 to 1; the last of a turn is kept. */
  progress(share: number, note?: string): void;
  /** Names something that was made: an address, a path, a digest. */
  artefact(name: string): void;
}

/** Does a task; what it returns is the result, what it throws is a failure. */
export type Handler<Input = Value, Result = Value | undefined> = (
  input: Input,
  run: Run,
) => Result | Promise<Result>;

export interface ExecutionParts {
  readonly agent: string;
  readonly spec: TaskSpec;
  readonly attempt: number;
  readonly token: FencingToken;
  readonly monotonicMs: () => number;
  readonly now: () => number;
  readonly onProgress: (execution: Execution, share: number, note: string) => void;
  readonly onSettled: (execution: Execution) => void;
}

type Ended = Omit<OutcomeRecord, "agent" | "atMs" | "tookMs">;

export class Execution {
  readonly parts: ExecutionParts;
  #abortion: AbortController | undefined;
  readonly #artefacts: string[] = [];
  #settled: Ended | undefined;
  #tookMs = 0;
  isReported = false;
  /** Why it was aborted, when it was because the right was lost. */
  lostRight: string | undefined;
  hasSaidStart = false;

  constructor(parts: ExecutionParts) {
    this.parts = parts;
  }

  get isSettled(): boolean {
    return this.#settled !== undefined;
  }

  begin(handler: Handler): void {
    const { token, spec, attempt, monotonicMs, onProgress } = this.parts;
    const startedAtMs = monotonicMs();
    const controller = (): AbortController => this.#controller;
    const run: Run = {
      get signal() {
        return controller().signal;
      },
      task: token.task,
      spec,
      attempt,
      token,
      progress: (share, note = "") => {
        if (!this.isSettled) onProgress(this, Math.min(1, Math.max(0, share)), note);
      },
      artefact: (name) => void this.#artefacts.push(name),
    };
    const settle = (settled: Ended): void => {
      this.#tookMs = Math.round(monotonicMs() - startedAtMs);
      this.#settled = settled;
      this.parts.onSettled(this);
    };
    void (async () => handler(spec.input ?? null, run))().then(
      (result) => settle(result === undefined ? { kind: "done" } : { kind: "done", result }),
      (error: unknown) => settle({ kind: "failed", error: errorText(error) }),
    );
  }

  /** The right to run is gone: what the handler brings is not its task's result any more. */
  loseRight(reason: string): void {
    if (this.lostRight !== undefined || this.isSettled) return;
    this.lostRight = reason;
    this.#controller.abort(new Error(reason));
  }

  /** The agent stops: the handler may still finish. */
  askToStop(reason: string): void {
    this.#controller.abort(new Error(reason));
  }

  get isAborted(): boolean {
    return this.#abortion?.signal.aborted === true;
  }

  /** Made when somebody looks: most handlers of short tasks never do, and a signal costs more than all the rest. */
  get #controller(): AbortController {
    this.#abortion ??= new AbortController();
    return this.#abortion;
  }

  outcome(): OutcomeRecord {
    const { agent, now } = this.parts;
    const settled = this.#settled ?? { kind: "released" as const };
    const base = { agent, atMs: now(), tookMs: this.#tookMs };
    if (this.lostRight !== undefined) return { ...base, kind: "aborted", error: this.lostRight };
    if (settled.kind === "failed" && this.isAborted) return { ...base, kind: "released" };
    const artefacts = this.#artefacts.length === 0 ? {} : { artefacts: this.#artefacts };
    return { ...base, ...settled, ...artefacts };
  }
}
