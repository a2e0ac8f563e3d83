// How long to wait before connecting again: exponential with full jitter, so that clients of a relay that came back
// do not all arrive at once.
import type { Platform } from "../platform/platform.ts";

const FIRST_MS = 200;
/** What healed is then noticed within seconds. A thousand clients whose relay is away try 200 times a second; it lets in 100. */
const LONGEST_MS = 10_000;

export class Backoff {
  readonly #platform: Pick<Platform, "randomBytes">;
  #attempt = 0;

  constructor(platform: Pick<Platform, "randomBytes">) {
    this.#platform = platform;
  }

  /** A random time between 0 and min(10 s, 200 ms · 2^attempt). */
  nextMs(): number {
    const bound = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.#attempt);
    this.#attempt++;
    const [a, b] = this.#platform.randomBytes(2);
    return Math.round((bound * (a! * 256 + b!)) / 0xffff);
  }

  /** A connection has held: begin anew next time. */
  reset(): void {
    this.#attempt = 0;
  }
}
