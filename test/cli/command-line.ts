// Runs the built command line as its own process, the way a user does. Another build may be given in JARVIS_PROGRAM.

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const program =
  process.env.JARVIS_PROGRAM ?? fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export interface Finished {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** Resolves with the first match in what was printed so far or will be; rejects when the process ends without one. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Starts `jarvis` with these words. */
export function start(words: readonly string[], options: { cwd?: string } = {}): Running {
  const child = spawn(process.execPath, [program, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
  });
  let stdout = "";
  let stderr = "";
  const looks = new Set<() => void>();
  const hear = (add: (text: string) => void) => (chunk: Buffer) => {
    add(chunk.toString());
    for (const look of looks) look();
  };
  child.stdout.on(
    "data",
    hear((text) => {
      stdout += text;
    }),
  );
  child.stderr.on(
    "data",
    hear((text) => {
      stderr += text;
    }),
  );
  const finished = new Promise<Finished>((resolve) => {
    child.once("close", (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
  const waitFor = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(stdout + stderr);
        if (match === null) return;
        looks.delete(look);
        resolve(match);
      };
      looks.add(look);
      void finished.then(() => reject(new Error(`ended without ${pattern}:\n${stdout}\n${stderr}`)));
      look();
    });
  return { child, finished, waitFor };
}

/** Runs `jarvis` to its end. */
export function run(words: readonly string[], options: { cwd?: string } = {}): Promise<Finished> {
  return start(words, options).finished;
}
