// Writes of all documents, grouped: what one turn of the event loop added, and whatever came while the write before
// was under way, goes as one batch. A failed batch stays in memory and is tried again with the next write, or after
// a pause; until then whoever waits for durability is told.
import type { Platform, PlatformStorage, StorageWrite } from "../platform/platform.ts";
import type { DocumentLog, PendingWrite } from "./document-log.ts";

/** Long enough not to hammer a full disk, short enough that freed space is used soon. */
const RETRY_MS = 1_000;

export interface GroupWriterOptions {
  readonly platform: Platform;
  readonly storage: PlatformStorage;
  /** Whether every batch reaches the disk before it counts as written. */
  readonly flush: boolean;
  /** The first failure after a success. */
  onFailure(error: unknown): void;
}

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

export class GroupWriter {
  readonly #options: GroupWriterOptions;
  readonly #pending = new Set<DocumentLog>();
  #waiters: Waiter[] = [];
  #isScheduled = false;
  #isWriting = false;
  #isFailing = false;
  #isStopped = false;
  #cancelRetry: (() => void) | undefined;

  constructor(options: GroupWriterOptions) {
    this.#options = options;
  }

  /** Notes that `log` has something to write; it leaves when the turn ends. */
  add(log: DocumentLog): void {
    this.#pending.add(log);
    this.#schedule();
  }

  /** Resolves when everything added so far is written. Rejects with the error of the attempt that failed. */
  durable(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#schedule();
    });
  }

  /** Gives up what could not be written. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelRetry?.();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isWriting) return;
    this.#isScheduled = true;
    this.#options.platform.onTurnEnd(() => {
      this.#isScheduled = false;
      void this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#cancelRetry?.();
    let isWritten = true;
    while (isWritten && (this.#pending.size > 0 || this.#waiters.length > 0)) {
      const waiters = this.#waiters;
      this.#waiters = [];
      isWritten = await this.#writeBatch(waiters);
    }
    this.#isWriting = false;
    if (!isWritten && !this.#isStopped) this.#cancelRetry = this.#retryLater();
  }

  async #writeBatch(waiters: readonly Waiter[]): Promise<boolean> {
    const logs = [...this.#pending];
    this.#pending.clear();
    const { collected, refused, error: refusal } = collect(logs);
    try {
      const writes = collected.flatMap((pending): readonly StorageWrite[] => pending.writes);
      const flush = this.#options.flush || collected.some((pending) => pending.flush);
      if (writes.length > 0) await this.#options.storage.write(writes, flush);
    } catch (error) {
      this.#failed(error, logs, collected, waiters);
      return false;
    }
    for (const pending of collected) pending.commit();
    if (refused.length > 0) this.#failed(refusal, refused, [], waiters);
    else {
      for (const waiter of waiters) waiter.resolve();
      this.#isFailing = false;
    }
    for (const log of logs) await this.#tidy(log);
    for (const log of logs) if (log.isPending) this.#pending.add(log);
    return refused.length === 0;
  }

  #failed(
    error: unknown,
    logs: readonly DocumentLog[],
    collected: readonly PendingWrite[],
    waiters: readonly Waiter[],
  ): void {
    for (const pending of collected) pending.revert();
    for (const log of logs) this.#pending.add(log);
    // Who came while the attempt was under way would otherwise wait for the next one without an answer.
    for (const waiter of [...waiters, ...this.#waiters]) waiter.reject(error);
    this.#waiters = [];
    if (!this.#isFailing) this.#options.onFailure(error);
    this.#isFailing = true;
  }

  /** Old records that stay for now cost space and nothing else. */
  async #tidy(log: DocumentLog): Promise<void> {
    if (!log.isUntidy) return;
    try {
      await log.tidy(this.#options.storage);
    } catch (error) {
      this.#options.onFailure(error);
    }
  }

  #retryLater(): () => void {
    return this.#options.platform.setTimer(() => this.#schedule(), RETRY_MS, { background: true });
  }
}

interface Collected {
  readonly collected: readonly PendingWrite[];
  /** Those that could not say what to write: the others must not wait for them. */
  readonly refused: readonly DocumentLog[];
  readonly error: unknown;
}

function collect(logs: readonly DocumentLog[]): Collected {
  const collected: PendingWrite[] = [];
  const refused: DocumentLog[] = [];
  let error: unknown;
  for (const log of logs) {
    try {
      const pending = log.collect();
      if (pending !== undefined) collected.push(pending);
    } catch (refusal) {
      refused.push(log);
      error ??= refusal;
    }
  }
  return { collected, refused, error };
}
