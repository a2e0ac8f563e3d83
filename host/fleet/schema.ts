// The documents a fleet shares. `fleet` is the job: what is to be read, what was read, the totals. `fleet-presence`
// is who is there right now; it stands apart because a digest of the job cannot be reported inside the job itself.
// `fleet-tasks` is who reads what (dispatch.ts); its containers are those of jarvis-crdt/agents.
// Who writes what: the coordinator writes job, work and corrections; an agent writes its readings and its own presence.
// A reading is one transaction, so a killed process leaves all of it or nothing.
// Why the totals are exact although two agents may read one file: see ledger.ts.

import {
  counter,
  type Document,
  graph,
  log,
  map,
  register,
  schema,
  series,
  set,
  workflow,
} from "../index.ts";
import { INGESTION } from "./ingestion.ts";

export const FLEET_DOCUMENT = "fleet";
export const PRESENCE_DOCUMENT = "fleet-presence";
export const TASKS_DOCUMENT = "fleet-tasks";

/** What the coordinator asks for. `gathering`: wait; `reading`: tasks are given out; `finished`: be quiet and report. */
export type Job = {
  readonly phase: "gathering" | "reading" | "finished";
  /** Counts the starts of this job; agents report the run they finished. */
  readonly run: number;
  readonly folder: string;
  readonly startedMs: number;
  readonly endedMs: number;
  /** Milliseconds an agent rests after each file, so that people can watch. */
  readonly paceMs: number;
};

/** A file as the coordinator found it. */
export type WorkItem = { readonly bytes: number; readonly digest: string };

/** A file as an agent read it. */
export type FileRecord = {
  readonly bytes: number;
  readonly words: number;
  readonly passages: number;
  readonly digest: string;
  readonly reader: string;
};

/** What a posting adds to the counters; the history that carries it is the ledger. */
export type Amounts = {
  readonly files: number;
  readonly bytes: number;
  readonly words: number;
  readonly passages: number;
};

export type FleetEvent =
  | ({ readonly what: "read" | "corrected"; readonly path: string; readonly agent: string } & Amounts)
  | { readonly what: "started" | "finished"; readonly agent: string; readonly detail: string }
  | {
      readonly what: "joined" | "lost" | "refused" | "changed";
      readonly agent: string;
      readonly detail: string;
    };

export const Fleet = schema({
  job: register<Job>(),
  work: map<Record<string, WorkItem>>(),
  files: map<Record<string, FileRecord>>(),
  filesRead: counter(),
  bytesRead: counter(),
  wordsRead: counter(),
  passagesRead: counter(),
  terms: set<string>(),
  history: log<FleetEvent>(),
  /** Each file as an instance named by its path; `agent` in the context is who claimed it last. */
  ingestion: workflow(INGESTION),
  /** Files and their most telling terms (topics.ts). */
  topics: graph(),
});
export type FleetDocument = Document<typeof Fleet>;

export type AgentState = "joining" | "idle" | "reading" | "finished" | "left" | "lost";

/** What an agent says of itself once a second, and at once when its state changes. */
export type AgentPresence = {
  readonly name: string;
  readonly role: "coordinator" | "agent" | "page";
  readonly pid: number;
  readonly engine: string;
  readonly state: AgentState;
  /** Counts up while the process lives: whoever watches it stand still for too long takes it for gone. */
  readonly beat: number;
  readonly files: number;
  readonly bytes: number;
  readonly words: number;
  /** The last sequence of this replica in the job's document. */
  readonly sequence: number;
  /** Mutations of all replicas this one has, so that others can tell how far it is behind. */
  readonly known: number;
  /** Digest of the job's document; empty while it changes all the time. */
  readonly digest: string;
  /** The run this digest finishes; 0 before. */
  readonly run: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Mutations the relay has not acknowledged yet. */
  readonly lag: number;
  /** Milliseconds from the last beat to its acknowledgement; 0 while unknown. */
  readonly roundTripMs: number;
};

/** A quarter of an hour of each measurement; what nobody adds to goes after a day. */
export const METRICS_RETENTION = { points: 900, ageMs: 24 * 60 * 60 * 1000 };

export const Presence = schema({
  agents: map<Record<string, AgentPresence>>(),
  /** How busy each process is, under NAME/cpu, NAME/memory, NAME/delay and NAME/files (load-meter.ts). */
  metrics: series({ retain: METRICS_RETENTION }),
});
export type PresenceDocument = Document<typeof Presence>;
