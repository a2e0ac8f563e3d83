// Builds the programs of the crash tests into one file each, so that a process starts quickly, and runs them.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { build } from "esbuild";

const FOLDER = "build/crash";
const WRITER = `${FOLDER}/crash-writer.mjs`;
const READER = `${FOLDER}/store-reader.mjs`;

export type WriterMessage =
  | { kind: "open"; id: string; found: number; isWhole: boolean; events: string[] }
  | { kind: "stored" | "closed"; n: number }
  | { kind: "refused"; n: number; code: string };

/** Bundles writer and reader; `level` and `ws` stay outside. */
export async function buildPrograms(): Promise<void> {
  await build({
    entryPoints: ["test/crash/crash-writer.ts", "test/crash/store-reader.ts"],
    outdir: FOLDER,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["source"],
    external: ["level", "ws"],
    logLevel: "error",
  });
}

export interface Writer {
  readonly process: ChildProcess;
  /** Everything it said so far. */
  readonly messages: WriterMessage[];
  /** Resolves with the first message that matches, also one to come; rejects when it ends before. */
  said(matches: (message: WriterMessage) => boolean): Promise<WriterMessage>;
  kill(): Promise<void>;
  ended(): Promise<void>;
}

/** Starts the writer on `directory`; with `fileKilobytesMax` no file of it may grow beyond that. */
export function startWriter(
  directory: string,
  durability: "buffered" | "flushed",
  options: { count?: number; fileKilobytesMax?: number; isRewriting?: boolean } = {},
): Writer {
  const { count = 0, fileKilobytesMax, isRewriting = false } = options;
  const command = [WRITER, directory, durability, String(count), ...(isRewriting ? ["rewriting"] : [])];
  const limited = `ulimit -S -f ${fileKilobytesMax}; exec "$0" "$@"`;
  const child =
    fileKilobytesMax === undefined
      ? spawn(process.execPath, command, { stdio: ["ignore", "pipe", "pipe"] })
      : spawn("bash", ["-c", limited, process.execPath, ...command], { stdio: ["ignore", "pipe", "pipe"] });
  const messages: WriterMessage[] = [];
  let complaint = "";
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const callback of waiting) callback();
  };
  child.stderr?.on("data", (text) => {
    complaint += text;
  });
  const lines = createInterface({ input: child.stdout! });
  lines.on("line", (line) => {
    messages.push(JSON.parse(line) as WriterMessage);
    wake();
  });
  let hasEnded = false;
  const end = Promise.all([once(child, "exit"), once(lines, "close")]).then(() => {
    hasEnded = true;
    wake();
  });
  return {
    process: child,
    messages,
    said: (matches) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = messages.find(matches);
          if (found === undefined && !hasEnded) return;
          waiting.delete(look);
          if (found !== undefined) resolve(found);
          else reject(new Error(`the writer ended before it said so: ${complaint}`));
        };
        waiting.add(look);
        look();
      }),
    async kill() {
      child.kill("SIGKILL");
      await end;
    },
    ended: () => end,
  };
}

export interface ReaderOutcome {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** What it printed; undefined when it printed nothing. */
  readonly found: { seen: number[]; events: string[] } | { code: string } | undefined;
}

/** Opens the store in `directory` in a process of its own and says what it found. */
export function readStore(directory: string): ReaderOutcome {
  const { status, signal, stdout } = spawnSync(process.execPath, [READER, directory], { encoding: "utf8" });
  return { exitCode: status, signal, found: stdout === "" ? undefined : JSON.parse(stdout) };
}
