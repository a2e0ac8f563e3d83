// What the page shows, worked out from the two documents as plain values and without touching the page, so that it can
// be tested where there is none. Cost: the presence map, the last log entries and one counter's breakdown a render.

import type { AgentPresence, FleetDocument, FleetEvent, Job, PresenceDocument } from "../fleet/schema.ts";

/** Log entries shown. */
export const LOG_ENTRIES_SHOWN = 80;
export type Tone = "plain" | "good" | "warning" | "danger";

export interface ReplicaRow {
  readonly id: string;
  readonly presence: AgentPresence;
  readonly state: string;
  readonly tone: Tone;
  readonly isSelf: boolean;
  readonly isGone: boolean;
  /** Neither gone nor silent. Pages that are not here are not listed: nobody says goodbye for a closed tab. */
  readonly isHere: boolean;
  /** Mutations known here and not there, by the last beat. */
  readonly behind: number;
  /** What the digest told says about agreement. */
  readonly agreement: "equal" | "different" | "unknown";
}

export interface ContributionRow {
  readonly id: string;
  readonly name: string;
  readonly files: number;
  readonly words: number;
  readonly share: number;
}

export interface LogRow {
  readonly id: string;
  readonly timeMs: number;
  readonly who: string;
  readonly text: string;
  readonly amount: number | undefined;
  readonly tone: Tone;
}

export interface View {
  readonly job: Job | undefined;
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly totals: { files: number; bytes: number; words: number; passages: number; terms: number };
  readonly replicas: readonly ReplicaRow[];
  readonly contributions: readonly ContributionRow[];
  readonly log: readonly LogRow[];
  readonly logSize: number;
  /** Whether all replicas that are there told the same digest as this one: undefined before the end of a run. */
  readonly doAgree: boolean | undefined;
}

export interface ViewSources {
  readonly fleet: FleetDocument;
  readonly presence: PresenceDocument;
  readonly self: string;
  /** Digest of the job's document here; empty while it is not known. */
  readonly digest: string;
  readonly known: number;
  readonly filesDone: number;
  readonly isSilent: (replica: string) => boolean;
}

export function viewOf(sources: ViewSources): View {
  const { fleet, presence, filesDone } = sources;
  const job = fleet.job.get();
  const names = new Map<string, string>();
  for (const [id, { name, state }] of presence.agents.entries()) {
    names.set(id, state === "lost" ? `${name}, lost` : name);
  }
  const replicas = replicaRows(sources, job);
  const present = replicas.filter((row) => row.isHere);
  return {
    job,
    filesDone,
    filesTotal: fleet.work.size,
    totals: {
      files: fleet.filesRead.value,
      bytes: fleet.bytesRead.value,
      words: fleet.wordsRead.value,
      passages: fleet.passagesRead.value,
      terms: fleet.terms.size,
    },
    replicas,
    contributions: contributionRows(fleet, names),
    log: logRows(fleet),
    logSize: fleet.history.size,
    doAgree: job?.phase === "finished" ? doAllAgree(present, sources.digest) : undefined,
  };
}

function doAllAgree(rows: readonly ReplicaRow[], digest: string): boolean {
  return digest !== "" && rows.length > 0 && rows.every((row) => row.agreement === "equal");
}

const ROLES: readonly AgentPresence["role"][] = ["coordinator", "agent", "page"];

function replicaRows(sources: ViewSources, job: Job | undefined): ReplicaRow[] {
  const rows: ReplicaRow[] = [];
  for (const [id, presence] of sources.presence.agents.entries()) {
    const row = replicaRow(id, presence, sources, job);
    if (row.isHere || presence.role !== "page") rows.push(row);
  }
  return rows.sort(
    (left, right) =>
      Number(left.isGone) - Number(right.isGone) ||
      ROLES.indexOf(left.presence.role) - ROLES.indexOf(right.presence.role) ||
      left.presence.name.localeCompare(right.presence.name, "en", { numeric: true }),
  );
}

function replicaRow(
  id: string,
  presence: AgentPresence,
  sources: ViewSources,
  job: Job | undefined,
): ReplicaRow {
  const isSelf = id === sources.self;
  const isGone = presence.state === "left" || presence.state === "lost";
  const isSilent = !isGone && !isSelf && sources.isSilent(id);
  const tone = presence.state === "lost" ? "danger" : isSilent ? "warning" : isGone ? "plain" : "good";
  const isCurrent = presence.run === job?.run && presence.digest !== "" && sources.digest !== "";
  return {
    id,
    presence,
    state: isSilent ? "silent" : presence.state,
    tone,
    isSelf,
    isGone,
    isHere: !isGone && !isSilent,
    behind: Math.max(0, sources.known - presence.known),
    agreement: !isCurrent ? "unknown" : presence.digest === sources.digest ? "equal" : "different",
  };
}

function contributionRows(fleet: FleetDocument, names: ReadonlyMap<string, string>): ContributionRow[] {
  const files = new Map<string, number>();
  for (const { replica, plus, minus } of fleet.filesRead.breakdown()) files.set(replica, plus - minus);
  const parts = fleet.wordsRead.breakdown();
  const sum = parts.reduce((total, { plus }) => total + plus, 0);
  return parts
    .map(({ replica, plus, minus }) => ({
      id: replica,
      name: names.get(replica) ?? `earlier replica ${replica.slice(0, 6)}`,
      files: files.get(replica) ?? 0,
      words: plus - minus,
      share: sum === 0 ? 0 : plus / sum,
    }))
    .sort(
      (left, right) =>
        left.name.localeCompare(right.name, "en", { numeric: true }) || (left.id < right.id ? -1 : 1),
    );
}

function logRows(fleet: FleetDocument): LogRow[] {
  return fleet.history
    .entries({ last: LOG_ENTRIES_SHOWN })
    .reverse()
    .map(({ value, timeMs, replica, sequence }) => ({
      id: `${replica}:${sequence}`,
      timeMs,
      who: value.agent,
      ...describe(value),
    }));
}

function describe(event: FleetEvent): { text: string; amount: number | undefined; tone: Tone } {
  if ("path" in event) {
    const isRead = event.what === "read";
    const text = isRead ? event.path : `corrected ${event.path}`;
    return { text, amount: event.words, tone: isRead ? "plain" : "warning" };
  }
  const tone = event.what === "finished" ? "good" : event.what === "lost" ? "danger" : "plain";
  return { text: `${event.what}: ${event.detail}`, amount: undefined, tone };
}
