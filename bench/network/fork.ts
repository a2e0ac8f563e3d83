// Processes of a network benchmark. Relay, writers and readers each run in one of their own (role.ts), so that the
// relay's processor time is its alone; this is their caller's side.
import { type ChildProcess, fork } from "node:child_process";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Answer, Operations, Told } from "./role.ts";

const FLAGS = ["--expose-gc", "--no-warnings", "--max-old-space-size=8192"];
/** Set to a folder, the relay's process leaves a profile there. */
const { BENCH_RELAY_PROFILE: PROFILE_FOLDER } = process.env as Readonly<Record<string, string | undefined>>;

export class Role {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #onProgress: (updates: number) => void;
  #calls = 0;

  constructor(isRelay: boolean, onProgress: (updates: number) => void) {
    this.#onProgress = onProgress;
    const profile = isRelay && PROFILE_FOLDER ? ["--cpu-prof", `--cpu-prof-dir=${PROFILE_FOLDER}`] : [];
    const file = join(dirname(fileURLToPath(import.meta.url)), "network-role.js");
    this.#child = fork(file, {
      execArgv: [...FLAGS, ...profile],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#child.on("message", (told) => this.#told(told as Told));
    this.#child.on("exit", () => this.#ended());
  }

  get pid(): number {
    return this.#child.pid!;
  }

  call<Name extends keyof Operations>(
    operation: Name,
    ...parameters: Parameters<Operations[Name]>
  ): Promise<Awaited<ReturnType<Operations[Name]>>> {
    const call = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#waiting.set(call, ({ value, error }) => {
        if (error !== undefined) reject(new Error(`${operation}: ${error}`));
        else resolve(value as Awaited<ReturnType<Operations[Name]>>);
      });
      this.#child.send({ call, operation, parameters });
    });
  }

  /** Tells the process how far the slowest reader is. */
  pass(updates: number): void {
    if (this.#child.connected) this.#child.send({ progress: updates });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it in order, so that a profile is written. */
  async end(): Promise<void> {
    if (!this.#child.connected) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.send({ end: true });
    await gone;
  }

  #told(told: Told): void {
    if ("progress" in told) this.#onProgress(told.progress);
    else {
      this.#waiting.get(told.call)?.(told);
      this.#waiting.delete(told.call);
    }
  }

  #ended(): void {
    for (const [call, answered] of this.#waiting) answered({ call, error: "the process ended" });
  }
}

export const startRelay = (): Role => new Role(true, () => {});
export const startClients = (onProgress: (updates: number) => void = () => {}): Role =>
  new Role(false, onProgress);

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks until `holds`; throws with what it saw last when it takes longer than `withinMs`. */
export async function until<Value>(
  ask: () => Promise<Value>,
  holds: (value: Value) => boolean,
  withinMs: number,
): Promise<Value> {
  const end = performance.now() + withinMs;
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${JSON.stringify(value)}`);
    await pause(5);
  }
}
