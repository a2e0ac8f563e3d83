// Which of this replica's writes are stored with it. A grant or a vote carries the number of a batch; once the store has
// it, a receipt for that number goes into the document, and only then does anybody count it, this replica included. One
// receipt serves all that was written in a turn, and one wait for the store serves what came meanwhile.
import { isCrdtError } from "../errors.ts";
import type { Ledger } from "./ledger.ts";

export interface ReceiptParts {
  readonly ledger: Ledger;
  readonly replicaId: () => string;
  readonly later: (callback: () => void) => void;
  /** The store refused: what was not stored is not counted, and is tried again by the next. */
  readonly refused: (error: unknown) => void;
}

export class Receipts {
  readonly #parts: ReceiptParts;
  #batch: number;
  #isWaiting = false;
  #isWanted = false;
  readonly #idle: (() => void)[] = [];
  isStopped = false;

  constructor(parts: ReceiptParts, firstBatch: number) {
    this.#parts = parts;
    this.#batch = firstBatch;
  }

  /** The number that what is written now carries. */
  take(): number {
    this.#isWanted = true;
    if (!this.#isWaiting) {
      this.#isWaiting = true;
      this.#parts.later(() => void this.#settle());
    }
    return this.#batch;
  }

  /** Resolves when nothing waits for a receipt. */
  async settled(): Promise<void> {
    if (this.#isWaiting) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  async #settle(): Promise<void> {
    const { ledger, replicaId, refused } = this.#parts;
    while (this.#isWanted && !this.isStopped) {
      this.#isWanted = false;
      const batch = this.#batch++;
      const replica = replicaId();
      try {
        await ledger.document.durable();
      } catch (error) {
        if (!isCrdtError(error)) throw error;
        refused(error);
        break;
      }
      // Under another id nobody could tell whose batch it was.
      if (this.isStopped || replica !== replicaId()) break;
      ledger.write([["receipts", replica, { batch }]]);
    }
    this.#isWaiting = false;
    if (this.#isWanted && !this.isStopped) this.take();
    else for (const resolve of this.#idle.splice(0)) resolve();
  }
}
