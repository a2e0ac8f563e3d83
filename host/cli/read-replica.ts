// Looking into a replica without changing it. A folder is looked at through a copy, so that nothing in it changes; only
// its lock is the real one, so a folder in use is refused instead of read half written. A relay is joined as a reader
// that writes nothing.

import { cp, mkdtemp, readdir, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CrdtError, isCrdtError } from "../errors.ts";
import { FLEET_DOCUMENT, PRESENCE_DOCUMENT, TASKS_DOCUMENT } from "../fleet/schema.ts";
import { type ConnectOptions, createReplica, type Replica } from "../index.ts";
import { type ClientAccess, connectOptionsOf } from "./access-options.ts";

export interface ReplicaReader {
  /** Those stored; of a relay those of a fleet, for a relay does not say what it has. */
  readonly documentNames: () => Promise<readonly string[]>;
  /** A document with what is known of it where it was looked for. */
  readonly open: Replica["open"];
  /** The replica itself, for what is open already. */
  readonly replica: Replica;
}

/** Calls `read` with the replica at `where`, a folder or the address of a relay; closes it afterwards. */
export async function readReplica<R>(
  where: string,
  access: ClientAccess,
  read: (reader: ReplicaReader) => Promise<R>,
): Promise<R> {
  if (!/^wss?:\/\//.test(where)) return readFolder(where, read);
  return readRelay(where, await connectOptionsOf(access), read);
}

async function readRelay<R>(
  url: string,
  access: ConnectOptions,
  read: (reader: ReplicaReader) => Promise<R>,
): Promise<R> {
  const replica = await createReplica({});
  try {
    const connection = await replica.connect(url, access);
    return await read({
      replica,
      documentNames: async () => [FLEET_DOCUMENT, PRESENCE_DOCUMENT, TASKS_DOCUMENT],
      open: async (name, schema) => {
        const document = await replica.open(name, schema);
        await connection.synced(document);
        return document;
      },
    });
  } finally {
    await replica.close();
  }
}

async function readFolder<R>(where: string, read: (reader: ReplicaReader) => Promise<R>): Promise<R> {
  const folder = await findStore(where);
  const copy = await mkdtemp(join(tmpdir(), "jarvis-inspect-"));
  try {
    await copyStore(folder, copy);
    const replica = await openCopy(folder, copy);
    try {
      return await read({
        replica,
        documentNames: () => replica.documentNames(),
        open: (name, schema) => replica.open(name, schema),
      });
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
      `"${folder}" is in use by another process: stop that one first, or give the address of its relay.`,
      { cause: error },
    );
  }
}
