// The caller's side of the processes of the agents benchmark: starts, asks and kills them.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MemberSetup, Reply, Request } from "./member.ts";

/** What a process runs in a benchmark: the package, or BullMQ. */
export const programOf = (name: "agents-member" | "agents-bullmq"): string =>
  join(dirname(fileURLToPath(import.meta.url)), `${name}.js`);

export type Report = Extract<Reply, { kind: "report" }>;
export type Progress = Extract<Reply, { kind: "progress" }>;

export class Member {
  readonly setup: MemberSetup;
  readonly #program: string;
  #child: ChildProcess | undefined;
  readonly #waiting = new Map<Reply["kind"], (reply: Reply) => void>();

  /** `program` is the file that the process runs. */
  constructor(setup: MemberSetup, program: string) {
    this.setup = setup;
    this.#program = program;
  }

  async start(): Promise<void> {
    this.#child = fork(this.#program, {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#child.on("message", (message) => {
      const reply = message as Reply;
      this.#waiting.get(reply.kind)?.(reply);
    });
    await this.#ask({ kind: "set up", setup: this.setup }, "ready");
  }

  async submit(
    count: number,
    takesMs: number,
    perSecond: number,
  ): Promise<readonly (readonly [string, number])[]> {
    const reply = await this.#ask({ kind: "submit", count, takesMs, perSecond }, "submitted");
    return (reply as Extract<Reply, { kind: "submitted" }>).atNs;
  }

  async progress(): Promise<Progress> {
    return (await this.#ask({ kind: "progress" }, "progress")) as Progress;
  }

  async report(): Promise<Report> {
    return (await this.#ask({ kind: "report" }, "report")) as Report;
  }

  /** As by kill -9. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  #ask(request: Request, answer: Reply["kind"]): Promise<Reply> {
    return new Promise((resolve) => {
      this.#waiting.set(answer, resolve);
      this.#child?.send(request);
    });
  }
}
