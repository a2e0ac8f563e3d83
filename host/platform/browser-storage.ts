// Storage in IndexedDB, spoken to directly: `level` would bring Node's `events` and `buffer` into the page, which
// bundlers do not resolve without configuration, and offers no flush. A Web Lock keeps a second tab out; where there
// are no Web Locks (pages that are no secure context) nothing does, and such pages must not open one name twice.
// There is no fingerprint: nobody copies one database of a browser profile behind its back.
import type { KeyRange, PlatformStorage, StorageWrite } from "./platform.ts";
import { storageError, storageLocked } from "./storage-errors.ts";

const DATABASE_VERSION = 1;
const OBJECT_STORE = "records";
/** Records read at once: enough to make requests rare, few enough to hold. */
const PAGE_RECORDS = 256;
/** A page that is reloaded may still hold the lock for a moment. */
const LOCK_WAIT_MS = 500;

/** Takes the lock of `name` if it is or gets free; the answer gives it back and resolves when it is free again. */
function takeLock(name: string, location: string): Promise<() => Promise<void>> {
  if (navigator.locks === undefined) return Promise.resolve(async () => {});
  return new Promise((resolve, reject) => {
    const take = () =>
      new Promise<void>((letGo) => {
        resolve(async () => {
          letGo();
          await held;
        });
      });
    const held = navigator.locks.request(name, { signal: AbortSignal.timeout(LOCK_WAIT_MS) }, take);
    held.catch((error) => reject(storageLocked(location, error)));
  });
}

function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, DATABASE_VERSION);
    request.onupgradeneeded = () => request.result.createObjectStore(OBJECT_STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("another page holds an older version of it open"));
  });
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function read(database: IDBDatabase): IDBObjectStore {
  return database.transaction(OBJECT_STORE, "readonly").objectStore(OBJECT_STORE);
}

function write(database: IDBDatabase, writes: readonly StorageWrite[], flush: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const durability = flush ? "strict" : "relaxed";
    const transaction = database.transaction(OBJECT_STORE, "readwrite", { durability });
    const records = transaction.objectStore(OBJECT_STORE);
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("the transaction was aborted"));
    for (const item of writes) {
      if (item.type === "put") records.put(item.value, item.key);
      else records.delete(item.key);
    }
    transaction.commit();
  });
}

/** Keys of the range after `last`, one page of them. */
function pageRange(range: KeyRange, last: string | undefined): IDBKeyRange {
  return IDBKeyRange.bound(last ?? range.from, range.to, last !== undefined, true);
}

async function* readKeys(database: IDBDatabase, range: KeyRange): AsyncGenerator<string> {
  let last: string | undefined;
  for (;;) {
    const keys = await answer(read(database).getAllKeys(pageRange(range, last), PAGE_RECORDS));
    for (const key of keys) yield String(key);
    if (keys.length < PAGE_RECORDS) return;
    last = String(keys.at(-1));
  }
}

async function* readEntries(
  database: IDBDatabase,
  range: KeyRange,
): AsyncGenerator<readonly [string, Uint8Array]> {
  let last: string | undefined;
  for (;;) {
    const records = read(database);
    const page = pageRange(range, last);
    const [keys, values] = await Promise.all([
      answer(records.getAllKeys(page, PAGE_RECORDS)),
      answer(records.getAll(page, PAGE_RECORDS)),
    ]);
    for (const [index, key] of keys.entries()) yield [String(key), asBytes(values[index])];
    if (keys.length < PAGE_RECORDS) return;
    last = String(keys.at(-1));
  }
}

/** What is no byte string was not written by this package: empty bytes fail the checksum and are reported. */
function asBytes(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array(0);
}

/** Opens or creates the database of this name. Errors: store-locked, store-full, store-closed. */
export async function openBrowserStorage(location: string): Promise<PlatformStorage> {
  const name = `jarvis-crdt:${location}`;
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw storageError(location, error);
    }
  };
  async function* guarded<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* items;
    } catch (error) {
      throw storageError(location, error);
    }
  }
  const release = await takeLock(name, location);
  const database = await guard(() => openDatabase(name)).catch(async (error) => {
    await release();
    throw error;
  });
  database.onversionchange = () => database.close();
  return {
    get: (key) =>
      guard(async () => {
        const value: unknown = await answer(read(database).get(key));
        return value === undefined ? undefined : asBytes(value);
      }),
    write: (writes, flush) => guard(() => write(database, writes, flush)),
    keys: (range) => guarded(readKeys(database, range)),
    entries: (range) => guarded(readEntries(database, range)),
    fingerprint: async () => undefined,
    renewFingerprint: async () => undefined,
    close: async () => {
      database.close();
      await release();
    },
  };
}
