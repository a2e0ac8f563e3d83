// A Redis of this run's own, on a free port of loopback. With a folder it appends what it is told to a file, flushed every
// second; without, it keeps nothing.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { freePort } from "../network/fork.ts";

export const isRedisInstalled = (): boolean => spawnSync("redis-server", ["--version"]).status === 0;

export interface Redis {
  readonly port: number;
  stop(): Promise<void>;
}

export async function startRedis(folder: string | undefined): Promise<Redis> {
  const port = await freePort();
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  const kept = folder === undefined ? ["--appendonly", "no"] : ["--appendonly", "yes", "--dir", folder];
  const words = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendfsync", "everysec"];
  const server = spawn("redis-server", [...words, ...kept], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((resolve, reject) => {
    server.stdout.on("data", (text: Buffer) => {
      if (text.includes("Ready to accept connections")) resolve();
    });
    server.once("exit", () => reject(new Error("redis-server ended at once")));
  });
  return {
    port,
    async stop() {
      server.kill("SIGKILL");
      await once(server, "exit");
    },
  };
}
