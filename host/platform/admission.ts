// How fast a server lets connections in: after it was away, everybody comes back at once, and each handshake and first
// exchange of vectors costs it. They wait in the order they came; who would wait longer than a client is willing to is
// refused and comes again after its pause. A token bucket of a fifth of the rate, filled with the rest: never more than
// the rate in any second. Cost: a timer while somebody waits.

const SECOND_MS = 1_000;
const BURST_SHARE = 0.2;
/** Below the ten seconds after which clients give an attempt up. */
const WAIT_MS_MAX = 8_000;

export class Admission {
  readonly #perSecond: number;
  readonly #waiting: ((isTaken: boolean) => void)[] = [];
  #tokens: number;
  #countedAtMs: number;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  /** At most `perSecond` in any second; infinity lets everybody in at once. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#tokens = this.#burst;
    this.#countedAtMs = performance.now();
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Answers true now or when it is this one's turn, false when too many wait already or the server stops. */
  enter(answer: (isTaken: boolean) => void): void {
    if (this.#perSecond === Number.POSITIVE_INFINITY) answer(true);
    else if (this.#isClosed || this.#waiting.length >= this.#waitingMax) answer(false);
    else {
      this.#waiting.push(answer);
      if (this.#timer === undefined) this.#admitSome();
    }
  }

  /** Refuses who waits and whoever comes. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const answer of this.#waiting.splice(0)) answer(false);
  }

  get #waitingMax(): number {
    return (this.#fillPerSecond * WAIT_MS_MAX) / SECOND_MS;
  }

  get #burst(): number {
    return Math.max(1, this.#perSecond * BURST_SHARE);
  }

  get #fillPerSecond(): number {
    return this.#perSecond * (1 - BURST_SHARE);
  }

  #admitSome(): void {
    this.#timer = undefined;
    const now = performance.now();
    const filled = ((now - this.#countedAtMs) / SECOND_MS) * this.#fillPerSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + filled);
    this.#countedAtMs = now;
    while (this.#tokens >= 1 && this.#waiting.length > 0) {
      this.#tokens -= 1;
      this.#waiting.shift()!(true);
    }
    if (this.#waiting.length === 0) return;
    this.#timer = setTimeout(() => this.#admitSome(), SECOND_MS / this.#fillPerSecond);
    this.#timer.unref();
  }
}
