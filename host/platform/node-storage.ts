// Storage in a directory: LevelDB below `level/`, and beside it a small file that names this copy of the directory.
// A copy made by any tool gives that file another inode, birth time or change time, so its fingerprint differs.
// Without a flush LevelDB hands each write to the system before it answers; with one it calls fdatasync as well.
import { mkdir, open, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Level } from "level";
import type { KeyRange, PlatformStorage } from "./platform.ts";
import { storageError } from "./storage-errors.ts";

const DATABASE_FOLDER = "level";
const MARKER_FILE = "this-copy";
const MARKER_TEXT =
  "The inode and times of this file tell this directory from a copy of it: two copies must not write as one replica.\n";
const ENCODINGS = { keyEncoding: "utf8", valueEncoding: "view" } as const;

async function readFingerprint(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, birthtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${dev}:${ino}:${birthtimeNs}:${ctimeNs}`;
  } catch {
    return undefined;
  }
}

async function writeMarker(path: string): Promise<void> {
  const file = await open(path, "w");
  try {
    await file.writeFile(MARKER_TEXT);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What LevelDB can do besides, which the types of `level` leave out because a browser cannot. */
interface Compactable {
  compactRange(from: string, to: string): Promise<void>;
}

/**
 * Compacting moves what is written to the deepest level that holds any of the range, and drops what later writes replaced
 * there only if a file above it overlaps: two deletes at the ends of the range are such a file.
 */
async function purge(database: Level<string, Uint8Array>, { from, to }: KeyRange): Promise<void> {
  const compactable = database as unknown as Compactable;
  await compactable.compactRange(from, to);
  await database.batch(
    [
      { type: "del", key: from },
      { type: "del", key: to },
    ],
    { sync: true },
  );
  await compactable.compactRange(from, to);
}

const rangeOptions = (range: KeyRange) => ({ gte: range.from, lt: range.to });

/** Opens or creates the directory. Errors: store-locked, store-full, store-corrupt, store-closed. */
export async function openNodeStorage(location: string): Promise<PlatformStorage> {
  const directory = resolve(location);
  const marker = join(directory, MARKER_FILE);
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw storageError(directory, error);
    }
  };
  async function* guarded<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* items;
    } catch (error) {
      throw storageError(directory, error);
    }
  }
  const database = await guard(async () => {
    await mkdir(directory, { recursive: true });
    const level = new Level<string, Uint8Array>(join(directory, DATABASE_FOLDER), ENCODINGS);
    await level.open();
    return level;
  });
  return {
    get: (key) => guard(() => database.get(key)),
    write: (writes, flush) => guard(() => database.batch([...writes], { sync: flush })),
    keys: (range) => guarded(database.keys(rangeOptions(range))),
    entries: (range) => guarded(database.iterator(rangeOptions(range))),
    purge: (range) => guard(() => purge(database, range)),
    fingerprint: () => readFingerprint(marker),
    renewFingerprint: () =>
      guard(async () => {
        await writeMarker(marker);
        return readFingerprint(marker);
      }),
    close: () => guard(() => database.close()),
  };
}
