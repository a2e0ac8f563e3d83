// One agent's life: join the documents of a relay, read while there is work, and whenever a run is finished say so
// with the digest. It reports what it does as events, which the command prints and the supervisor parses.
// Leaves out how a file is read (reader.ts).

import { setTimeout as rest } from "node:timers/promises";
import { type ConnectOptions, createReplica } from "../index.ts";
import { settledDigest } from "./agreement.ts";
import { joinTasks } from "./dispatch.ts";
import { knownMutations } from "./known-mutations.ts";
import { LoadMeter, processLoad } from "./load-meter.ts";
import { Herald } from "./presence.ts";
import { Reader } from "./reader.ts";
import { tellReplicaEvents } from "./replica-events.ts";
import { type AgentState, FLEET_DOCUMENT, Fleet, PRESENCE_DOCUMENT, Presence } from "./schema.ts";
import type { Skills } from "./skills.ts";

/** How long an agent that leaves waits for the relay to acknowledge what it sent last; it is stored either way. */
const GOODBYE_MS = 2000;

export type AgentEvent =
  | {
      readonly event: "joined";
      readonly name: string;
      readonly pid: number;
      readonly replica: string;
      readonly engine: string;
    }
  | ({ readonly event: "finished" | "left" } & AgentReport);

export type AgentReport = {
  readonly name: string;
  readonly pid: number;
  readonly replica: string;
  readonly run: number;
  readonly digest: string;
  readonly files: number;
  readonly bytes: number;
  readonly words: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
};

export interface AgentOptions {
  readonly url: string;
  /** What a relay with a guard asks for. */
  readonly access?: ConnectOptions;
  readonly name: string;
  readonly skills: Skills;
  /** Where the replica is stored; in memory when undefined. */
  readonly storage: string | undefined;
  readonly engine: "auto" | "wasm" | "baseline";
  readonly onEvent: (event: AgentEvent) => void;
  /** Hears in words what goes wrong and is survived. */
  readonly onTrouble: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Runs until the signal says stop; then everything is stored and closed. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { name, skills, signal } = options;
  const storage = options.storage === undefined ? {} : { storage: options.storage };
  const replica = await createReplica({ ...storage, engine: options.engine });
  tellReplicaEvents(replica, options.onTrouble);
  try {
    const fleet = await replica.open(FLEET_DOCUMENT, Fleet);
    const presence = await replica.open(PRESENCE_DOCUMENT, Presence);
    const connection = await replica.connect(options.url, options.access);
    await connection.synced();

    let state: AgentState = "idle";
    let digest = "";
    let run = 0;
    const tasks = await joinTasks(replica);
    const reader = new Reader({
      fleet,
      tasks,
      name,
      skills,
      onState: (next) => {
        if (state !== "finished") state = next;
        herald.tell();
      },
      signal,
    });
    const report = (): AgentReport => ({
      name,
      pid: process.pid,
      replica: replica.id,
      run,
      digest,
      files: reader.files,
      bytes: reader.bytes,
      words: reader.words,
      bytesSent: connection.bytesSent,
      bytesReceived: connection.bytesReceived,
    });
    const herald = new Herald(presence, replica.id, {
      acknowledged: () => connection.synced(presence),
      describe: () => ({
        ...report(),
        role: "agent",
        engine: replica.engineName,
        state,
        sequence: fleet.versionVector().get(replica.id),
        known: knownMutations(fleet.versionVector()),
        lag: connection.lag,
      }),
    });
    const meter = new LoadMeter({ presence, name, files: () => reader.files, source: processLoad() });
    const stopDigests = settledDigest(fleet, (settled) => {
      state = settled === undefined ? "idle" : "finished";
      digest = settled?.digest ?? "";
      run = settled?.run ?? 0;
      herald.tell();
      if (settled !== undefined) options.onEvent({ event: "finished", ...report() });
    });
    options.onEvent({
      event: "joined",
      name,
      pid: process.pid,
      replica: replica.id,
      engine: replica.engineName,
    });

    await reader.run();
    stopDigests();
    meter.close();
    herald.leave();
    digest = fleet.digest();
    if (connection.status === "open")
      await Promise.race([connection.synced().catch(() => {}), rest(GOODBYE_MS, undefined, { ref: false })]);
    options.onEvent({ event: "left", ...report() });
    connection.close();
  } finally {
    await replica.close();
  }
}
