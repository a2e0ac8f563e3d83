// A NATS server of a test's own: a random free port, its streams in a folder that goes with it. It can be killed and come
// back on the same port, with its streams or without.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jetstreamManager, type StreamAPI } from "@nats-io/jetstream";
import { Objm } from "@nats-io/obj";
import { connect as connectTo } from "@nats-io/transport-node";

const STARTS_TRIED = 200;
const POLL_MS = 50;

export class NatsServer {
  readonly port: number;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const words = ["-js", "-sd", this.#folder, "-p", String(this.port), "-a", "127.0.0.1"];
    this.#process = spawn("nats-server", words, { stdio: "ignore" });
    for (let tried = 0; tried < STARTS_TRIED; tried++) {
      if (await answers(this.port)) return;
      await sleep(POLL_MS);
    }
    throw new Error(`nats-server does not answer on port ${this.port}`);
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const gone = once(running, "exit");
    running.kill(signal);
    await gone;
  }

  /** Forgets all streams; only while it does not run. */
  async forget(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Deletes every stream, those of buckets included; only those a pattern matches, where one is given. */
  async deleteStreams(only = /./): Promise<void> {
    await this.#eachStream(async (streams, name) => {
      if (only.test(name)) await streams.delete(name);
    });
  }

  /** Empties the shard streams. */
  async purgeStreams(): Promise<void> {
    await this.#eachStream(async (streams, name) => {
      if (name.startsWith("jarvis-")) await streams.purge(name);
    });
  }

  /** How many objects a bucket holds. */
  async objects(bucket: string): Promise<number> {
    const connection = await connectTo({ servers: this.url });
    const store = await new Objm(connection).open(bucket);
    const { length } = await store.list();
    await connection.close();
    return length;
  }

  async #eachStream(work: (streams: StreamAPI, name: string) => Promise<unknown>): Promise<void> {
    const connection = await connectTo({ servers: this.url });
    const { streams } = await jetstreamManager(connection);
    const names: string[] = [];
    for await (const name of streams.names()) names.push(name);
    for (const name of names) await work(streams, name);
    await connection.close();
  }

  async remove(): Promise<void> {
    await this.kill();
    await this.forget();
  }
}

/** Whether somebody accepts connections there. */
export const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

export async function createNatsServer(): Promise<NatsServer> {
  const server = new NatsServer(await freePort(), await mkdtemp(join(tmpdir(), "jarvis-nats-")));
  await server.start();
  return server;
}

/** Whether `nats-server` can be run here. */
export function isNatsInstalled(): boolean {
  try {
    execFileSync("nats-server", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
