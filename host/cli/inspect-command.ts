// `jarvis inspect`: what documents hold, without values, and without changing anything (read-replica.ts).

import { formatCount } from "../fleet/format.ts";
import { schema } from "../index.ts";
import type { ClientAccess } from "./access-options.ts";
import { readReplica } from "./read-replica.ts";
import { type Terminal, table } from "./terminal.ts";

export interface InspectCommandOptions extends ClientAccess {
  readonly document?: readonly string[];
}

export type DocumentSummary = {
  readonly name: string;
  readonly digest: string;
  readonly snapshotBytes: number;
  readonly entries: number;
  readonly deletedMarks: number;
  readonly removals: number;
  readonly containers: readonly {
    readonly name: string;
    readonly type: string;
    readonly size: number;
    readonly entries: number;
  }[];
  readonly versionVector: readonly { readonly replica: string; readonly sequence: number }[];
};

export async function inspectCommand(
  where: string,
  options: InspectCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const summaries = await readReplica(where, options, async ({ documentNames, open }) => {
    const summaries: DocumentSummary[] = [];
    for (const name of options.document ?? (await documentNames()))
      summaries.push(summarize(await open(name, schema({}))));
    return summaries;
  });
  terminal.result({ where, documents: summaries });
  for (const summary of summaries) for (const line of describe(summary)) terminal.line(line);
  return 0;
}

function summarize(document: {
  readonly name: string;
  digest(): string;
  snapshot(): Uint8Array;
  statistics(): { entries: number; deletedMarks: number; removals: number };
  containers(): readonly { name: string; type: string; size: number; entries: number }[];
  versionVector(): Iterable<readonly [string, number]>;
}): DocumentSummary {
  const { entries, deletedMarks, removals } = document.statistics();
  return {
    name: document.name,
    digest: document.digest(),
    snapshotBytes: document.snapshot().length,
    entries,
    deletedMarks,
    removals,
    containers: document.containers().map(({ name, type, size, entries }) => ({ name, type, size, entries })),
    versionVector: [...document.versionVector()]
      .map(([replica, sequence]) => ({ replica, sequence }))
      .sort((left, right) => (left.replica < right.replica ? -1 : 1)),
  };
}

function describe(summary: DocumentSummary): string[] {
  const { name, digest, entries, deletedMarks, removals, snapshotBytes, containers, versionVector } = summary;
  const counts =
    `${formatCount(entries)} entries (${formatCount(deletedMarks)} deleted-marks), ` +
    `${formatCount(removals)} removal records, snapshot ${formatCount(snapshotBytes)} bytes`;
  return [
    `document ${name}   digest ${digest}`,
    `  ${counts}`,
    ...table([
      ["container", "type", "size", "entries"],
      ...containers.map((container) => [container.name, container.type, container.size, container.entries]),
    ]).map((line) => `  ${line}`),
    ...table([
      ["replica", "sequence"],
      ...versionVector.map(({ replica, sequence }) => [replica, sequence]),
    ]).map((line) => `  ${line}`),
    "",
  ];
}
