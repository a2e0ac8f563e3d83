// When to send what has gathered for one peer. A message costs as much as one mutation waiting `costMs`; the sum of
// both is to be small, which is the problem of acknowledging in TCP (Dooly, Goldman and Scott, "On-line analysis of the TCP
// acknowledgment delay problem", 2001). It waits as long as the gaps seen so far make worth while, by the square-root law
// where many fit in a message, never longer than until the waits add up to one message, and never beyond the cap.
// Reads no clock. Cost of a call: constant, and every 16th the solution of waiting-times.ts.
import { CrdtError } from "../../errors.ts";
import { GapHistogram } from "./gap-histogram.ts";
import { PENDING_STATES_MAX, waitingTimes } from "./waiting-times.ts";

export interface SendScheduleOptions {
  /** What a message costs, in milliseconds that one mutation waits. */
  readonly costMs: number;
  /** No mutation waits longer, in milliseconds. */
  readonly staleMsMax: number;
}

const SOLVED_EVERY = 16;

export class SendSchedule {
  readonly #costMs: number;
  readonly #staleMsMax: number;
  readonly #gaps: GapHistogram;
  #waits: Float64Array | undefined;
  #arrivals = 0;
  #lastMs: number | undefined;
  #pending = 0;
  #oldestMs = 0;
  /** The sum of the waits of what is pending, up to the last arrival. */
  #waitedMs = 0;

  /** Errors: invalid-argument. */
  constructor({ costMs, staleMsMax }: SendScheduleOptions) {
    for (const [name, value] of Object.entries({ costMs, staleMsMax })) {
      if (!(value >= 0) || !Number.isFinite(value)) {
        throw new CrdtError("invalid-argument", `${name} ${value}: give milliseconds from 0`);
      }
    }
    this.#costMs = costMs;
    this.#staleMsMax = staleMsMax;
    this.#gaps = new GapHistogram(costMs);
  }

  get pending(): number {
    return this.#pending;
  }

  /**
   * Mutations of one turn are there to be sent. Answers by when to send all that is pending, if nothing else comes
   * before: at once where that is not after `nowMs`.
   */
  arrived(nowMs: number, mutations = 1): number {
    const at = Math.max(nowMs, this.#lastMs ?? nowMs);
    this.#learn(at);
    if (this.#pending === 0) {
      this.#oldestMs = at;
      this.#waitedMs = 0;
    } else this.#waitedMs += this.#pending * (at - (this.#lastMs ?? at));
    this.#lastMs = at;
    this.#pending += mutations;
    const wait = this.#waitMs();
    const affordedMs = Math.max(0, this.#costMs - this.#waitedMs) / this.#pending;
    return Math.min(at + Math.min(wait, affordedMs), this.#oldestMs + this.#staleMsMax);
  }

  /** All that was pending has left. */
  sent(): void {
    this.#pending = 0;
  }

  #learn(nowMs: number): void {
    if (this.#lastMs === undefined) return;
    this.#gaps.add(nowMs - this.#lastMs);
    const isDue = this.#arrivals % SOLVED_EVERY === 0 || this.#arrivals < SOLVED_EVERY;
    if (isDue && this.#costMs > 0) this.#waits = waitingTimes(this.#gaps, this.#costMs);
    this.#arrivals++;
  }

  #waitMs(): number {
    if (this.#waits === undefined) return 0;
    const rate = 1 / this.#gaps.meanMs;
    const worth = Math.sqrt(2 * this.#costMs * rate);
    if (worth > PENDING_STATES_MAX / 2) {
      const isFull = (this.#pending * (this.#pending + 1)) / 2 >= this.#costMs * rate;
      return isFull ? 0 : Number.POSITIVE_INFINITY;
    }
    return this.#waits[Math.min(this.#pending, PENDING_STATES_MAX)]!;
  }
}
