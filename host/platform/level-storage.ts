// PlatformStorage over `level` (LevelDB in Node, IndexedDB in browsers), and the translation of its errors. What
// differs between the two, opening and the fingerprint, is handed in by node.ts and browser.ts.
import type { Level } from "level";
import { CrdtError } from "../errors.ts";
import type { KeyRange, PlatformStorage, StorageWrite } from "./platform.ts";

export type LevelDatabase = Level<string, Uint8Array>;

export const LEVEL_OPTIONS = { keyEncoding: "utf8", valueEncoding: "view" } as const;

/** What a platform adds to the database. */
export interface LevelSurroundings {
  readonly location: string;
  fingerprint(): Promise<string | undefined>;
  renewFingerprint(): Promise<string | undefined>;
  /** Runs `write` so that what it starts is flushed or not. */
  withFlush<T>(flush: boolean, write: () => T): T;
  /** After the database has closed. */
  released(): Promise<void>;
}

const codeOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "code" in error ? error.code : undefined;

const messagesOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}; ${messagesOf(error.cause)}` : "";

const isFull = (messages: string): boolean =>
  /no space left|ENOSPC|EDQUOT|EFBIG|file too large|quota/i.test(messages);

/** The coded error that stands for a failure to open. */
export function openError(location: string, error: unknown): CrdtError {
  if (error instanceof CrdtError) return error;
  const cause = error instanceof Error ? error.cause : undefined;
  if (codeOf(error) === "LEVEL_LOCKED" || codeOf(cause) === "LEVEL_LOCKED")
    return lockedError(location, error);
  const messages = messagesOf(error);
  if (isFull(messages)) return fullError(location, error);
  if (/corruption/i.test(messages)) {
    const message = `The storage "${location}" cannot be read (${messages}): restore it from a backup, or remove it and sync from a peer.`;
    return new CrdtError("store-corrupt", message, { cause: error });
  }
  const message = `The storage "${location}" cannot be opened (${messages}): check that it is a writable directory.`;
  return new CrdtError("store-closed", message, { cause: error });
}

export function lockedError(location: string, cause: unknown): CrdtError {
  const message = `The storage "${location}" is open in another process or tab: close that one, or give this one a storage of its own.`;
  return new CrdtError("store-locked", message, { cause });
}

function fullError(location: string, cause: unknown): CrdtError {
  const message = `The storage "${location}" is full: free some space; what is in memory is written at the next attempt.`;
  return new CrdtError("store-full", message, { cause });
}

function accessError(location: string, error: unknown): CrdtError {
  const messages = messagesOf(error);
  if (isFull(messages)) return fullError(location, error);
  if (/corruption/i.test(messages)) {
    const message = `The storage "${location}" cannot be read (${messages}): restore it from a backup, or remove it and sync from a peer.`;
    return new CrdtError("store-corrupt", message, { cause: error });
  }
  const message = `The storage "${location}" failed (${messages}): check the disk; it is opened again at the next attempt.`;
  return new CrdtError("store-closed", message, { cause: error });
}

const rangeOptions = (range: KeyRange) => ({ gte: range.from, lt: range.to });

/** Wraps an open database. */
export function createLevelStorage(
  database: LevelDatabase,
  surroundings: LevelSurroundings,
): PlatformStorage {
  const { location } = surroundings;
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw accessError(location, error);
    }
  };
  async function* guarded<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* items;
    } catch (error) {
      throw accessError(location, error);
    }
  }
  return {
    get: (key) => guard(() => database.get(key)),
    write: (writes: readonly StorageWrite[], flush: boolean) =>
      guard(() => surroundings.withFlush(flush, () => database.batch([...writes], { sync: flush }))),
    keys: (range) => guarded(database.keys(rangeOptions(range))),
    entries: (range) => guarded(database.iterator(rangeOptions(range))),
    fingerprint: () => surroundings.fingerprint(),
    renewFingerprint: () => surroundings.renewFingerprint(),
    close: async () => {
      await guard(() => database.close());
      await surroundings.released();
    },
  };
}
