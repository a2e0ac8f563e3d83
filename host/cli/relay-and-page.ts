// The relay with its page on one port: what `start` and `serve` both stand on. The relay is a replica like any other.
// A port that is taken is passed over for the next free one, and the caller is told.

import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Backbone } from "../backbone/index.ts";
import { CrdtError, isCrdtError } from "../errors.ts";
import { tellReplicaEvents } from "../fleet/replica-events.ts";
import { createReplica, type Replica } from "../index.ts";
import { type Relay, type RelayOptions, serve } from "../relay.ts";
import { pageFolder } from "./package-info.ts";
import { servePage } from "./page-server.ts";

/** Ports tried after the one asked for. */
const PORTS_TRIED = 100;

export interface RelayAndPageOptions {
  readonly host: string;
  readonly port: number;
  /** The folder for what this process keeps, its replica below `relay`; in memory when undefined. */
  readonly data: string | undefined;
  readonly engine: "auto" | "wasm" | "baseline";
  /** Who may come in. */
  readonly door: Pick<RelayOptions, "guard" | "tls" | "insecure">;
  /** NATS servers to share documents over with other relays. */
  readonly backbone?: string;
}

export interface RelayAndPage {
  readonly replica: Replica;
  readonly port: number;
  /** Where the page is. */
  readonly pageUrl: string;
  /** What agents connect to. */
  readonly relayUrl: string;
  readonly backbone: Backbone | undefined;
  /** Tells in words what goes wrong with peers and with the store. */
  onTrouble(listener: (text: string) => void): void;
  close(): Promise<void>;
}

export async function openRelayAndPage(options: RelayAndPageOptions): Promise<RelayAndPage> {
  const storage = options.data === undefined ? {} : { storage: join(options.data, "relay") };
  const replica = await createReplica({ ...storage, engine: options.engine });
  try {
    const relay = await serveOnFreePort(replica, options, await jobIdOf(options.data));
    const backbone = await joinBackboneOf(replica, options).catch(async (error) => {
      await relay.close();
      throw error;
    });
    const host = options.host.includes(":") ? `[${options.host}]` : options.host;
    return {
      replica,
      port: relay.port,
      pageUrl: `${relay.url.startsWith("wss") ? "https" : "http"}://${host}:${relay.port}`,
      relayUrl: relay.url,
      backbone,
      onTrouble: (tell) => {
        relay.onEvent(({ kind, peer, message }) => {
          if (kind === "refused") tell(`refused ${peer}: ${message}`);
        });
        tellReplicaEvents(replica, tell);
      },
      close: async () => {
        await relay.drain();
        await backbone?.close();
        await relay.close();
        await replica.close();
      },
    };
  } catch (error) {
    await replica.close();
    throw error;
  }
}

async function joinBackboneOf(replica: Replica, options: RelayAndPageOptions): Promise<Backbone | undefined> {
  if (options.backbone === undefined) return undefined;
  const { joinBackbone } = await import("../backbone/index.ts");
  return joinBackbone(replica, { servers: options.backbone });
}

async function serveOnFreePort(
  replica: Replica,
  { host, port, door }: RelayAndPageOptions,
  jobId: string,
): Promise<Relay> {
  const onRequest = servePage(pageFolder, jobId);
  const last = port === 0 ? 0 : Math.min(port + PORTS_TRIED, 65535);
  for (let tried = port; tried <= last; tried++) {
    try {
      return await serve(replica, { host, port: tried, onRequest, ...door });
    } catch (error) {
      if (isCrdtError(error, "insecure-relay")) throw openDoor(host);
      if (!isPortTaken(error)) throw error;
    }
  }
  throw new CrdtError(
    "connection-failed",
    `Ports ${port} to ${last} of ${host} are all taken: give another one with --port, or --port 0 for any free one.`,
  );
}

function openDoor(host: string): CrdtError {
  return new CrdtError(
    "invalid-option",
    `a relay on ${host} would let everybody who reaches it read and write: give --trust or --client-ca (jarvis serve), ` +
      "or --insecure where that is meant",
  );
}

function isPortTaken(error: unknown): boolean {
  if (!isCrdtError(error, "connection-failed")) return false;
  const { cause } = error;
  return cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE";
}

/** A random id that lives as long as the data: replicas of two jobs must not meet, also not in a browser's storage. */
async function jobIdOf(data: string | undefined): Promise<string> {
  if (data === undefined) return randomUUID();
  const path = join(data, "job-id");
  const kept = await readFile(path, "utf8").catch(() => "");
  if (kept !== "") return kept.trim();
  const id = randomUUID();
  await writeFile(path, `${id}\n`);
  return id;
}
