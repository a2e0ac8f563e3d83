// A token bucket (RFC 2697 without colours): so many tokens a second, saved up to a burst. Taking always succeeds and
// may leave a debt; the caller waits until it is paid. The clock is an argument.

export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #level: number;
  #filledAtMs: number;

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#level = burst;
    this.#filledAtMs = nowMs;
  }

  /** Takes `count` and answers after how many milliseconds nothing is owed any more; 0 when nothing is owed now. */
  take(count: number, nowMs: number): number {
    this.#fill(nowMs);
    this.#level -= count;
    return this.#level >= 0 ? 0 : -this.#level / this.#perMs;
  }

  /** Takes `count` only if that leaves no debt. */
  tryTake(count: number, nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#level < count) return false;
    this.#level -= count;
    return true;
  }

  /** What was taken beyond the tokens there were. */
  get debt(): number {
    return Math.max(0, -this.#level);
  }

  #fill(nowMs: number): void {
    this.#level = Math.min(this.#burst, this.#level + Math.max(0, nowMs - this.#filledAtMs) * this.#perMs);
    this.#filledAtMs = nowMs;
  }
}
