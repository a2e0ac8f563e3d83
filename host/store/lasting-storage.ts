// A storage that outlives its failures: after a write has failed, the database may hold half of it and refuse the
// next (LevelDB after a full disk) or be gone altogether (IndexedDB, when the browser takes it back). It is closed
// then and opened again at the next use.
import type { KeyRange, Platform, PlatformStorage, StorageWrite } from "../platform/platform.ts";

export class LastingStorage implements PlatformStorage {
  readonly #platform: Platform;
  readonly #location: string;
  #storage: PlatformStorage;
  #isSuspect = false;
  #isClosed = false;
  #opening: Promise<PlatformStorage> | undefined;

  private constructor(platform: Platform, location: string, storage: PlatformStorage) {
    this.#platform = platform;
    this.#location = location;
    this.#storage = storage;
  }

  static async open(platform: Platform, location: string): Promise<LastingStorage> {
    return new LastingStorage(platform, location, await platform.openStorage(location));
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return (await this.#whole()).get(key);
  }

  async write(writes: readonly StorageWrite[], flush: boolean): Promise<void> {
    const storage = await this.#whole();
    try {
      await storage.write(writes, flush);
    } catch (error) {
      this.#isSuspect = true;
      throw error;
    }
  }

  async *keys(range: KeyRange): AsyncGenerator<string> {
    yield* (await this.#whole()).keys(range);
  }

  async *entries(range: KeyRange): AsyncGenerator<readonly [string, Uint8Array]> {
    yield* (await this.#whole()).entries(range);
  }

  async purge(range: KeyRange): Promise<void> {
    const storage = await this.#whole();
    try {
      await storage.purge?.(range);
    } catch (error) {
      this.#isSuspect = true;
      throw error;
    }
  }

  async fingerprint(): Promise<string | undefined> {
    return this.#storage.fingerprint();
  }

  async renewFingerprint(): Promise<string | undefined> {
    return this.#storage.renewFingerprint();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening?.catch(() => {});
    await this.#storage.close();
  }

  #whole(): PlatformStorage | Promise<PlatformStorage> {
    // A closed one is used as it is, and refuses: it must not take the lock again.
    if (!this.#isSuspect || this.#isClosed) return this.#storage;
    this.#opening ??= this.#reopen().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #reopen(): Promise<PlatformStorage> {
    await this.#storage.close().catch(() => {});
    this.#storage = await this.#platform.openStorage(this.#location);
    this.#isSuspect = false;
    return this.#storage;
  }
}
