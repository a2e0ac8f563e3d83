// Outgoing documents that wait for a transport to drain. Transports do not say when they have, so while somebody
// waits it is looked at: after the turn, then every few milliseconds.
import type { Platform } from "../platform/platform.ts";
import type { Outbound } from "./outbound.ts";

const POLL_MS = 10;

export class DrainQueue {
  readonly #platform: Pick<Platform, "onTurnEnd" | "setTimer">;
  readonly #transport: { readonly bufferedBytes: number };
  /** Going on may need what cannot be encoded: then the connection ends, not the process. */
  readonly #failed: (error: unknown) => void;
  /** Who waits, and for how few bytes. */
  readonly #waiting = new Map<Outbound, number>();
  #isScheduled = false;

  constructor(
    platform: Pick<Platform, "onTurnEnd" | "setTimer">,
    transport: { readonly bufferedBytes: number },
    failed: (error: unknown) => void,
  ) {
    this.#failed = failed;
    this.#platform = platform;
    this.#transport = transport;
  }

  /** Calls `outbound.resume()` after this turn, once no more than `bytes` are queued. */
  add(bytes: number, outbound: Outbound): void {
    this.#waiting.set(outbound, bytes);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#platform.onTurnEnd(() => this.#resume());
  }

  remove(outbound: Outbound): void {
    this.#waiting.delete(outbound);
  }

  #resumeOne(outbound: Outbound): void {
    try {
      outbound.resume();
    } catch (error) {
      this.#failed(error);
    }
  }

  #resume(): void {
    this.#isScheduled = false;
    for (const [outbound, bytes] of [...this.#waiting]) {
      if (this.#transport.bufferedBytes > bytes) break;
      if (this.#waiting.delete(outbound)) this.#resumeOne(outbound);
    }
    if (this.#waiting.size === 0 || this.#isScheduled) return;
    this.#isScheduled = true;
    this.#platform.setTimer(() => this.#resume(), POLL_MS);
  }
}
