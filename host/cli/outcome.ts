// The outcome of a run, as a value for --json and in words.

import type { Problem } from "../fleet/folder.ts";
import { formatBytes, formatCount, formatDuration } from "../fleet/format.ts";
import type { Totals } from "../fleet/plain-count.ts";
import { table } from "./terminal.ts";

export type Outcome = {
  readonly folder: string;
  readonly data: string;
  readonly page: string;
  readonly run: number;
  readonly coordinator: {
    readonly pid: number;
    readonly replica: string;
    readonly digest: string;
    readonly engine: string;
  };
  readonly agents: readonly {
    readonly name: string;
    readonly pid: number;
    /** How often its process was started in this run. */
    readonly starts: number;
    readonly replica: string;
    readonly digest: string;
    /** What it read in this run; a process that was killed is not counted here, but is in the totals. */
    readonly files: number;
    readonly bytes: number;
    readonly words: number;
  }[];
  /** What the replicated counters and the set of terms say. */
  readonly totals: Totals;
  /** What one process counts by itself. */
  readonly plain: Totals;
  readonly doDigestsAgree: boolean;
  readonly areTotalsEqual: boolean;
  readonly isExact: boolean;
  /** Files an earlier start had read and that did not change. */
  readonly resumedFiles: number;
  /** Paths whose postings had to be put right: files read twice, or read before they changed. */
  readonly corrections: number;
  readonly notRead: readonly Problem[];
  /** From the first claim until all digests were equal. */
  readonly elapsedMs: number;
  readonly plainMs: number;
  /** Sent and received by all agents, as their connections count it. */
  readonly bytesExchanged: number;
};

/** The outcome as lines for people. */
export function describeOutcome(outcome: Outcome): string[] {
  const { coordinator, agents, totals, plain } = outcome;
  const processes = table([
    ["process", "pid", "replica", "digest", "files read"],
    ["coordinator", String(coordinator.pid), coordinator.replica, coordinator.digest, ""],
    ...agents.map((agent) => [agent.name, String(agent.pid), agent.replica, agent.digest, agent.files]),
  ]);
  const verdict = outcome.areTotalsEqual ? "equal" : "NOT EQUAL";
  const agreement = outcome.doDigestsAgree ? "all digests are equal" : "the digests are NOT equal";
  return [
    ...processes,
    "",
    ...table([
      ["", "files", "bytes", "words", "terms"],
      totalsRow("fleet", totals),
      totalsRow("plain count", plain),
    ]),
    "",
    `${agreement}; the totals are ${verdict}`,
    `${formatDuration(outcome.elapsedMs)} for the fleet, ${formatDuration(outcome.plainMs)} for the plain count in one process; ` +
      `${formatBytes(outcome.bytesExchanged)} exchanged; ` +
      `${formatCount(outcome.resumedFiles)} files from earlier, ${formatCount(outcome.corrections)} corrections`,
  ];
}

function totalsRow(name: string, { files, bytes, words, terms }: Totals): (string | number)[] {
  return [name, ...[files, bytes, words, terms].map(formatCount)];
}
