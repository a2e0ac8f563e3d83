// `jarvis inspect`: what documents hold, without values. A folder is looked at through a copy, so that nothing in it
// changes; only its lock is the real one, so a folder in use is refused instead of read half written. A relay is
// joined as a reader that writes nothing.

import { cp, mkdtemp, readdir, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CrdtError, isCrdtError } from "../errors.ts";
import { formatCount } from "../fleet/format.ts";
import { FLEET_DOCUMENT, PRESENCE_DOCUMENT } from "../fleet/schema.ts";
import { createReplica, type Replica, schema } from "../index.ts";
import { type Terminal, table } from "./terminal.ts";

export interface InspectCommandOptions {
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
  const isUrl = /^wss?:\/\//.test(where);
  const summaries = isUrl ? await inspectRelay(where, options) : await inspectFolder(where, options);
  terminal.result({ where, documents: summaries });
  for (const summary of summaries) for (const line of describe(summary)) terminal.line(line);
  return 0;
}

async function inspectRelay(url: string, options: InspectCommandOptions): Promise<DocumentSummary[]> {
  const replica = await createReplica({});
  try {
    const connection = await replica.connect(url);
    const names = options.document ?? [FLEET_DOCUMENT, PRESENCE_DOCUMENT];
    const summaries: DocumentSummary[] = [];
    for (const name of names) {
      const document = await replica.open(name, schema({}));
      await connection.synced(document);
      summaries.push(summarize(document));
    }
    return summaries;
  } finally {
    await replica.close();
  }
}

async function inspectFolder(where: string, options: InspectCommandOptions): Promise<DocumentSummary[]> {
  const folder = await findStore(where);
  const copy = await mkdtemp(join(tmpdir(), "jarvis-inspect-"));
  try {
    await copyStore(folder, copy);
    const replica = await openCopy(folder, copy);
    try {
      const names = options.document ?? (await replica.documentNames());
      const summaries: DocumentSummary[] = [];
      for (const name of names) summaries.push(summarize(await replica.open(name, schema({}))));
      return summaries;
    } finally {
      await replica.close();
    }
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/** The folder itself if it is a store, or the relay's store inside the data folder of a fleet. */
async function findStore(where: string): Promise<string> {
  const folder = resolve(where);
  for (const candidate of [folder, join(folder, "relay")]) {
    const found = await stat(join(candidate, "level", "CURRENT")).catch(() => undefined);
    if (found !== undefined) return candidate;
  }
  throw new CrdtError(
    "invalid-option",
    `"${folder}" holds no stored replica: give a folder that was used as storage, such as one below .jarvis, or the ` +
      "ws:// address of a relay.",
  );
}

/** Copies all but the lock, which is linked: whoever holds the original's lock keeps the copy from opening. */
async function copyStore(folder: string, copy: string): Promise<void> {
  await cp(folder, copy, { recursive: true, filter: (path) => !path.endsWith("/LOCK") });
  const level = join(folder, "level");
  if ((await readdir(level)).includes("LOCK"))
    await symlink(join(level, "LOCK"), join(copy, "level", "LOCK"));
}

async function openCopy(folder: string, copy: string): Promise<Replica> {
  try {
    return await createReplica({ storage: copy });
  } catch (error) {
    if (!isCrdtError(error, "store-locked")) throw error;
    throw new CrdtError(
      "store-locked",
      `"${folder}" is in use by another process: stop that one first, or inspect its relay by address.`,
      { cause: error },
    );
  }
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
