// What a caller of the backbone gives and sees. Times are milliseconds; the defaults suit a few relays on a local network.
import { CrdtError } from "../errors.ts";

export interface BackboneTiming {
  /** Between two looks at what changed: vectors are said, gaps asked for, holes of the stream filled. */
  readonly tickMs: number;
  /** Between two looks at whether a stream is still the one it was. */
  readonly checkMs: number;
  /** An unchanged document's vector is said this often. */
  readonly idleVectorMs: number;
  /** How long the stream may bring what another relay is known to have before that relay is asked. */
  readonly askAfterMs: number;
  /** How long the stream may lack what this relay has before it is published again. */
  readonly fillAfterMs: number;
  /** How long a message is kept that builds on what nobody gives: no other relay may have it any more. */
  readonly holdMs: number;
  /** How long one request to a server, or an answer of a relay, may take. */
  readonly requestMs: number;
  /** Between two attempts to reach a server. */
  readonly reconnectMs: number;
}

const DEFAULT_TIMING: BackboneTiming = {
  tickMs: 500,
  checkMs: 2_000,
  idleVectorMs: 30_000,
  askAfterMs: 1_000,
  fillAfterMs: 3_000,
  holdMs: 30_000,
  requestMs: 5_000,
  reconnectMs: 500,
};

/** Who this relay is to the servers, and whom it trusts. Certificates and keys are PEM, as text or as a file's path. */
export interface BackboneLogin {
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
  readonly tls?: {
    readonly ca?: string;
    readonly caFile?: string;
    readonly cert?: string;
    readonly certFile?: string;
    readonly key?: string;
    readonly keyFile?: string;
  };
}

export interface BackboneOptions {
  /** `nats://host:port`, one or several of one cluster. */
  readonly servers: string | readonly string[];
  /** Relays that share documents use the same; "default" unless given. Letters, digits, _ and -, at most 32. */
  readonly prefix?: string;
  /** Copies of each stream a cluster keeps; 1 unless given. */
  readonly copies?: 1 | 3 | 5;
  /** Deltas of a document after which a new snapshot is written; 1,000 unless given. */
  readonly snapshotEvery?: number;
  /** Messages of one document a stream keeps; 16,384 unless given. */
  readonly historyMessages?: number;
  /** Days a stream keeps a message; 7 unless given. */
  readonly historyDays?: number;
  readonly login?: BackboneLogin;
  readonly timing?: Partial<BackboneTiming>;
}

export interface BackboneSettings extends Required<Omit<BackboneOptions, "timing" | "servers" | "login">> {
  readonly servers: readonly string[];
  readonly login: NonNullable<BackboneOptions["login"]>;
  readonly timing: BackboneTiming;
}

/**
 * - `online`: deltas come and go.
 * - `degraded`: no server is reached; the relay serves its clients, and catches up later.
 */
export type BackboneStatus = "online" | "degraded" | "closed";

export interface BackboneEvent {
  /**
   * - `online`, `degraded`: the status changed.
   * - `stream-created`: a stream was missing and was made.
   * - `ignored`: a message was malformed, or did not merge.
   * - `repaired`: another relay gave what the stream lacked.
   * - `failed`: something did not work and will be tried again.
   */
  readonly kind: "online" | "degraded" | "stream-created" | "ignored" | "repaired" | "failed";
  readonly document: string | undefined;
  readonly message: string;
}

/** Counts since the start. */
export interface BackboneStatistics {
  /** Messages the streams took, and the deltas in them. */
  published: number;
  deltasPublished: number;
  /** Of them those the stream had already. */
  duplicates: number;
  /** Messages that came from the streams, and deltas of them that were news here. */
  received: number;
  deltasMerged: number;
  /** Messages that were malformed or did not merge. */
  ignored: number;
  /** Answers of other relays that were merged, and questions answered here. */
  repairs: number;
  answers: number;
  /** Messages that filled a hole of a stream. */
  fills: number;
  snapshotsWritten: number;
  snapshotsRead: number;
}

export interface Backbone {
  readonly status: BackboneStatus;
  /** The server it is connected to; undefined while degraded. */
  readonly server: string | undefined;
  readonly statistics: Readonly<BackboneStatistics>;
  /** Open documents of which streams and snapshots lack something this relay has. */
  readonly unpublished: number;
  onEvent(listener: (event: BackboneEvent) => void): () => void;
  /** Resolves when a server is reached and every open document holds what snapshots and streams hold. */
  caughtUp(): Promise<void>;
  /** Publishes what is pending and lets go; the replica stays open. */
  close(): Promise<void>;
}

export const emptyStatistics = (): BackboneStatistics => ({
  published: 0,
  deltasPublished: 0,
  duplicates: 0,
  received: 0,
  deltasMerged: 0,
  ignored: 0,
  repairs: 0,
  answers: 0,
  fills: 0,
  snapshotsWritten: 0,
  snapshotsRead: 0,
});

/** Errors: invalid-argument. */
export function settingsOf(options: BackboneOptions): BackboneSettings {
  const servers = typeof options.servers === "string" ? options.servers.split(",") : [...options.servers];
  if (servers.length === 0) checkServer("");
  for (const server of servers) checkServer(server);
  const settings = {
    prefix: "default",
    copies: 1 as const,
    snapshotEvery: 1_000,
    historyMessages: 16_384,
    historyDays: 7,
    login: {},
    ...options,
    servers,
    timing: { ...DEFAULT_TIMING, ...options.timing },
  };
  for (const name of ["snapshotEvery", "historyMessages", "historyDays"] as const) {
    if (Number.isSafeInteger(settings[name]) && settings[name] > 0) continue;
    throw new CrdtError("invalid-argument", `backbone ${name} ${settings[name]}: give a whole number from 1`);
  }
  return settings;
}

function checkServer(server: string): void {
  const isAddress = /^(nats|tls):\/\/[^/]+$/.test(server) && URL.canParse(server);
  if (isAddress) return;
  throw new CrdtError(
    "invalid-argument",
    `backbone server ${JSON.stringify(server)}: give nats://host:port, several with commas between`,
  );
}
