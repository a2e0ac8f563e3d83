// A platform without a world: a clock that moves when told, seeded chance, storage in memory that can be flipped,
// filled up, copied and watched. Turns of the event loop are the real ones.
import { CrdtError } from "../../host/errors.ts";
import type { KeyRange, Platform, PlatformStorage, StorageWrite } from "../../host/platform/platform.ts";
import { xxhash32 } from "../../host/wire/xxhash32.ts";

/** What a storage location holds; survives closing and "crashing". */
export class MemoryDisk {
  readonly records = new Map<string, Uint8Array>();
  fingerprint: string | undefined;
  isLocked = false;
  /** Writes fail with this until it is taken away. */
  failure: CrdtError | undefined;
  /** Every batch as it was written. */
  readonly batches: { readonly writes: readonly StorageWrite[]; readonly flush: boolean }[] = [];
  opened = 0;

  /** The same records under another fingerprint, as a copy of a directory has. */
  copy(): MemoryDisk {
    const disk = new MemoryDisk();
    for (const [key, value] of this.records) disk.records.set(key, value.slice());
    disk.fingerprint = this.fingerprint === undefined ? undefined : `copy of ${this.fingerprint}`;
    return disk;
  }

  /** The same disk, as a process that is started again after a kill finds it. */
  afterCrash(): MemoryDisk {
    const disk = this.copy();
    disk.fingerprint = this.fingerprint;
    return disk;
  }

  sortedKeys(range: KeyRange = { from: "", to: "~" }): string[] {
    return [...this.records.keys()].filter((key) => key >= range.from && key < range.to).sort();
  }
}

export function diskFull(): CrdtError {
  return new CrdtError("store-full", "The storage is full: free some space.");
}

export interface SimulatedPlatform extends Platform {
  readonly disks: Map<string, MemoryDisk>;
  /** Milliseconds; set it to move the clock. */
  nowMs: number;
  /** Runs the timers that are due at `nowMs` plus `ms`. */
  advance(ms: number): void;
}

export function createSimulatedPlatform(seed = 1): SimulatedPlatform {
  const disks = new Map<string, MemoryDisk>();
  const timers = new Set<{ atMs: number; callback: () => void }>();
  let drawn = 0;
  return {
    name: "simulated",
    disks,
    nowMs: 1_700_000_000_000,
    now() {
      return this.nowMs;
    },
    monotonicMs() {
      return this.nowMs;
    },
    randomBytes: (count) =>
      Uint8Array.from(
        { length: count },
        () => xxhash32(Uint8Array.of(++drawn & 255, drawn >> 8), seed) & 255,
      ),
    setTimer(callback, ms) {
      const timer = { atMs: this.nowMs + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      this.nowMs += ms;
      for (const timer of [...timers].sort((left, right) => left.atMs - right.atMs)) {
        if (timer.atMs <= this.nowMs && timers.delete(timer)) timer.callback();
      }
    },
    onTurnEnd: (callback) => void setImmediate(callback),
    connect: async (url) => {
      throw new CrdtError(
        "connection-failed",
        `Cannot connect to "${url}": the simulated platform has no network.`,
      );
    },
    async openStorage(location) {
      const disk = disks.get(location) ?? new MemoryDisk();
      disks.set(location, disk);
      if (disk.isLocked) throw new CrdtError("store-locked", `The storage "${location}" is open elsewhere.`);
      disk.isLocked = true;
      disk.opened++;
      return createMemoryStorage(disk);
    },
  };
}

function createMemoryStorage(disk: MemoryDisk): PlatformStorage {
  let isOpen = true;
  const check = () => {
    if (!isOpen) throw new CrdtError("store-closed", "The storage is closed.");
  };
  let renewals = 0;
  return {
    async get(key) {
      check();
      return disk.records.get(key)?.slice();
    },
    async write(writes, flush) {
      await new Promise(setImmediate);
      check();
      if (disk.failure !== undefined) throw disk.failure;
      disk.batches.push({ writes, flush });
      for (const item of writes) {
        if (item.type === "put") disk.records.set(item.key, item.value.slice());
        else disk.records.delete(item.key);
      }
    },
    async *keys(range) {
      check();
      yield* disk.sortedKeys(range);
    },
    async *entries(range) {
      check();
      for (const key of disk.sortedKeys(range)) yield [key, disk.records.get(key)!.slice()] as const;
    },
    fingerprint: async () => disk.fingerprint,
    async renewFingerprint() {
      disk.fingerprint = `${disk.opened}.${++renewals}`;
      return disk.fingerprint;
    },
    async close() {
      isOpen = false;
      disk.isLocked = false;
    },
  };
}
