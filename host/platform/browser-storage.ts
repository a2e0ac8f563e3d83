// Storage in IndexedDB. A Web Lock keeps a second tab out; where there are no Web Locks (pages that are not a secure
// context) nothing does, and such pages must not open one name twice. IndexedDB has no fingerprint: browsers do not
// copy a profile's database behind its back.
import { Level } from "level";
import { createLevelStorage, LEVEL_OPTIONS, lockedError, openError } from "./level-storage.ts";
import type { PlatformStorage } from "./platform.ts";

/** Takes the lock of `location` if it is free; the answer gives it back. */
function takeLock(location: string): Promise<() => void> {
  if (navigator.locks === undefined) return Promise.resolve(() => {});
  return new Promise((resolve, reject) => {
    const held = navigator.locks.request(`jarvis-crdt:${location}`, { ifAvailable: true }, (lock) => {
      if (lock === null) {
        reject(lockedError(location, undefined));
        return undefined;
      }
      return new Promise<void>((release) => resolve(release));
    });
    held.catch(reject);
  });
}

/** Lets the caller choose the durability of each transaction, which `level` leaves to the browser. */
function chooseDurability(database: object): (flush: boolean) => void {
  const db = "db" in database ? database.db : undefined;
  let durability: IDBTransactionDurability = "default";
  if (typeof IDBDatabase !== "undefined" && db instanceof IDBDatabase) {
    const transaction = db.transaction.bind(db);
    db.transaction = (names, mode) => transaction(names, mode, { durability });
  }
  return (flush) => {
    durability = flush ? "strict" : "relaxed";
  };
}

/** Opens or creates the database of this name. */
export async function openBrowserStorage(location: string): Promise<PlatformStorage> {
  const release = await takeLock(location);
  try {
    const database = new Level<string, Uint8Array>(location, LEVEL_OPTIONS);
    await database.open();
    const setFlush = chooseDurability(database);
    return createLevelStorage(database, {
      location,
      fingerprint: async () => undefined,
      renewFingerprint: async () => undefined,
      withFlush(flush, write) {
        setFlush(flush);
        return write();
      },
      released: async () => release(),
    });
  } catch (error) {
    release();
    throw openError(location, error);
  }
}
