// The coded errors that stand for what LevelDB and IndexedDB say when they fail. Both speak through messages and
// names more than through codes, so this is where those are read, and nowhere else.
import { CrdtError } from "../errors.ts";

const codeOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "code" in error ? error.code : undefined;

const causeOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "cause" in error ? error.cause : undefined;

function messagesOf(error: unknown): string {
  const own = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const cause = causeOf(error);
  return cause === undefined ? own : `${own}; ${messagesOf(cause)}`;
}

export function storageLocked(location: string, cause: unknown): CrdtError {
  const message = `The storage "${location}" is open in another process or tab: close that one, or give this one a storage of its own.`;
  return new CrdtError("store-locked", message, { cause });
}

/** The coded error for a failure of an open storage, or of opening it. */
export function storageError(location: string, error: unknown): CrdtError {
  if (error instanceof CrdtError) return error;
  if (codeOf(error) === "LEVEL_LOCKED" || codeOf(causeOf(error)) === "LEVEL_LOCKED") {
    return storageLocked(location, error);
  }
  const messages = messagesOf(error);
  if (/no space left|ENOSPC|EDQUOT|EFBIG|file too large|quota/i.test(messages)) {
    const message = `The storage "${location}" is full (${messages}): free some space; what is in memory is written at the next attempt.`;
    return new CrdtError("store-full", message, { cause: error });
  }
  if (/corruption/i.test(messages)) {
    const message = `The storage "${location}" cannot be read (${messages}): restore it from a backup, or remove it and sync from a peer.`;
    return new CrdtError("store-corrupt", message, { cause: error });
  }
  const message = `The storage "${location}" failed (${messages}): check that it can be written; it is opened again at the next attempt.`;
  return new CrdtError("store-closed", message, { cause: error });
}
