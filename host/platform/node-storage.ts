// Storage in a directory: LevelDB below `level/`, and beside it a small file that names this copy of the directory.
// A copy made by any tool gives that file another inode, birth time or change time, so its fingerprint differs.
import { mkdir, open, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Level } from "level";
import { createLevelStorage, LEVEL_OPTIONS, openError } from "./level-storage.ts";
import type { PlatformStorage } from "./platform.ts";

const MARKER_FILE = "this-copy";
const MARKER_TEXT =
  "The inode and times of this file tell this directory from a copy of it: two copies must not write as one replica.\n";

async function readFingerprint(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, birthtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${dev}:${ino}:${birthtimeNs}:${ctimeNs}`;
  } catch {
    return undefined;
  }
}

async function renewFingerprint(path: string): Promise<string | undefined> {
  const file = await open(path, "w");
  try {
    await file.writeFile(MARKER_TEXT);
    await file.sync();
  } finally {
    await file.close();
  }
  return readFingerprint(path);
}

/** Opens or creates the directory. */
export async function openNodeStorage(location: string): Promise<PlatformStorage> {
  const directory = resolve(location);
  const marker = join(directory, MARKER_FILE);
  try {
    await mkdir(directory, { recursive: true });
    const database = new Level<string, Uint8Array>(join(directory, "level"), LEVEL_OPTIONS);
    await database.open();
    return createLevelStorage(database, {
      location: directory,
      fingerprint: () => readFingerprint(marker),
      renewFingerprint: () => renewFingerprint(marker),
      withFlush: (_flush, write) => write(),
      released: async () => {},
    });
  } catch (error) {
    throw openError(directory, error);
  }
}
