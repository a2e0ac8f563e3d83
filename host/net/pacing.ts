// Delays what turns of the event loop brought for the receivers of a document, as a pacing that was handed in says, never
// longer than a limit. Whoever needs to know what has arrived (probes, progress, closing) flushes the room and does not
// wait. Leaves out when to send: that is the pacing's. Cost: a timer while something waits.
import { PACING_MS_MAX } from "../limits.ts";
import type { Platform } from "../platform/platform.ts";

/** Says when to send; one a document. SendSchedule of jarvis-crdt/learning is one. */
export interface Pacing {
  /** Something is to be sent: by when all that waits shall leave if nothing else comes before, on the monotonic clock. */
  arrived(nowMs: number, deltas: number): number;
  /** All that waited has left. */
  sent(): void;
}

export class PacedFlush {
  readonly #pacing: Pacing;
  readonly #platform: Pick<Platform, "setTimer" | "monotonicMs">;
  readonly #flush: () => void;
  #cancelTimer: (() => void) | undefined;
  #oldestMs: number | undefined;

  constructor(pacing: Pacing, platform: Pick<Platform, "setTimer" | "monotonicMs">, flush: () => void) {
    this.#pacing = pacing;
    this.#platform = platform;
    this.#flush = flush;
  }

  /** The turn is over and brought this many deltas. */
  turnEnded(deltas: number): void {
    const nowMs = this.#platform.monotonicMs();
    this.#oldestMs ??= nowMs;
    const dueMs = Math.min(this.#pacing.arrived(nowMs, deltas), this.#oldestMs + PACING_MS_MAX);
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (dueMs > nowMs) this.#cancelTimer = this.#platform.setTimer(this.#flush, dueMs - nowMs);
    else this.#flush();
  }

  sent(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#oldestMs = undefined;
    this.#pacing.sent();
  }
}
