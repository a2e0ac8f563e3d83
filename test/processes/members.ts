// Starts, kills, stops and asks the processes of a fleet. A member keeps its name, folder and port over its deaths.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { build } from "esbuild";

const PROGRAM = "build/processes/member.mjs";

export interface MemberOptions {
  readonly name: string;
  /** What its numbers begin with: its name and how often it was started. */
  readonly life: string;
  readonly storage: string;
  /** Between two groups of writes. */
  readonly pauseMs: number;
  readonly port?: number;
  readonly upstream?: string;
}

export interface MemberState {
  readonly kind: "state";
  readonly digest: string;
  readonly vector: string;
  readonly total: number;
  /** What the process holds of the machine's memory. */
  readonly residentBytes: number;
}

export type MemberMessage =
  | { readonly kind: "open"; readonly found: Readonly<Record<string, number>> }
  | { readonly kind: "stored" | "stopped"; readonly n: number }
  | { readonly kind: "written"; readonly texts: readonly string[] }
  | MemberState;

export async function buildMember(): Promise<void> {
  await build({
    entryPoints: ["test/processes/member.ts"],
    outfile: PROGRAM,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["source"],
    external: ["level", "ws"],
    logLevel: "error",
  });
}

export class Member {
  readonly options: Omit<MemberOptions, "life">;
  /** Per life the last number it said it had stored. */
  readonly stored: Record<string, number> = {};
  /** What it had lost when it came back: numbers it had called stored. */
  readonly losses: string[] = [];
  starts = 0;
  #process: ChildProcess | undefined;
  #complaint = "";
  readonly #waiting = new Set<(message: MemberMessage) => void>();

  constructor(options: Omit<MemberOptions, "life">) {
    this.options = options;
  }

  get life(): string {
    return `${this.options.name}.${this.starts}`;
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  /** Resolves when its replica is open. */
  async start(): Promise<void> {
    this.starts++;
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify({ ...this.options, life: this.life })], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#process = child;
    child.stderr.on("data", (text) => {
      this.#complaint += text;
    });
    createInterface({ input: child.stdout }).on("line", (line) => this.#hear(JSON.parse(line)));
    const early = once(child, "exit").then(() => {
      if (this.#process !== child) return;
      throw new Error(`${this.options.name} ended by itself: ${this.#complaint}`);
    });
    early.catch(() => {});
    await Promise.race([this.#next("open"), early]);
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return;
    const gone = once(child, "close");
    child.kill("SIGKILL");
    await gone;
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#process?.kill(signal);
  }

  async stop(): Promise<void> {
    const stopped = this.#next("stopped");
    this.#process?.stdin?.write("stop\n");
    await stopped;
  }

  async state(): Promise<MemberState> {
    const state = this.#next("state");
    this.#process?.stdin?.write("state\n");
    return (await state) as MemberState;
  }

  async written(): Promise<readonly string[]> {
    const written = this.#next("written");
    this.#process?.stdin?.write("written\n");
    return ((await written) as { readonly texts: readonly string[] }).texts;
  }

  #next(kind: MemberMessage["kind"]): Promise<MemberMessage> {
    return new Promise((resolve) => {
      const hear = (message: MemberMessage) => {
        if (message.kind !== kind) return;
        this.#waiting.delete(hear);
        resolve(message);
      };
      this.#waiting.add(hear);
    });
  }

  #hear(message: MemberMessage): void {
    if (message.kind === "stored") this.stored[this.life] = message.n;
    if (message.kind === "open") {
      for (const [life, n] of Object.entries(this.stored)) {
        const found = message.found[life] ?? 0;
        if (found < n) this.losses.push(`${life} had stored ${n} and found ${found}`);
      }
    }
    for (const hear of [...this.#waiting]) hear(message);
  }
}
