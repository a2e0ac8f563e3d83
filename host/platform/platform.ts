// What the rest of the package needs from the world: clocks, chance, timers, sockets and storage. `#platform` resolves
// to node.ts or browser.ts; tests hand in their own. No other room asks which of them it runs on.
import type { Transport, TransportOptions } from "./transport.ts";

export interface TimerOptions {
  /** A background timer does not keep a Node process alive. */
  readonly background?: boolean;
}

export interface Platform {
  readonly name: "node" | "browser" | "simulated";
  /** Wall-clock milliseconds since 1970, an integer. */
  now(): number;
  /** Milliseconds that never run backwards, for measuring spans. */
  monotonicMs(): number;
  /** Unpredictable bytes. */
  randomBytes(count: number): Uint8Array;
  /** Calls back once after `ms`; the answer cancels it. */
  setTimer(callback: () => void, ms: number, options?: TimerOptions): () => void;
  /** Calls back once, when the current turn of the event loop and its microtasks are over. */
  onTurnEnd(callback: () => void): void;
  /** Tells that there is a network again, where the platform knows; the answer stops it. */
  onNetworkBack?(listener: () => void): () => void;
  /** Opens a WebSocket. Rejects with connection-failed. */
  connect(url: string, options?: TransportOptions): Promise<Transport>;
  /**
   * Opens the ordered key-value storage at `location` (a directory in Node, an IndexedDB name in browsers) for this
   * process or tab alone. Rejects with store-locked while another holds it, store-closed when it cannot be opened.
   */
  openStorage(location: string): Promise<PlatformStorage>;
}

export interface StoragePut {
  readonly type: "put";
  readonly key: string;
  readonly value: Uint8Array;
}

export interface StorageDelete {
  readonly type: "del";
  readonly key: string;
}

export type StorageWrite = StoragePut | StorageDelete;

/** Keys from `from` up to, but not including, `to`. */
export interface KeyRange {
  readonly from: string;
  readonly to: string;
}

/** Ordered keys (strings in UTF-8 order) and byte values. Failures are CrdtErrors: store-full or store-closed. */
export interface PlatformStorage {
  get(key: string): Promise<Uint8Array | undefined>;
  /** All or nothing. With `flush` it resolves only when the disk has it; without, when the system has it. */
  write(writes: readonly StorageWrite[], flush: boolean): Promise<void>;
  keys(range: KeyRange): AsyncIterable<string>;
  entries(range: KeyRange): AsyncIterable<readonly [key: string, value: Uint8Array]>;
  /** What names this very copy of the storage; a copied or restored one answers differently. Undefined in browsers. */
  fingerprint(): Promise<string | undefined>;
  /** Makes the next fingerprint differ from all before, so that a backup taken earlier no longer matches. */
  renewFingerprint(): Promise<string | undefined>;
  close(): Promise<void>;
}
