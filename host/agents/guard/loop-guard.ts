// Stops agents that go in circles: the same call of one agent (kind and argument) more often than allowed within a
// window, and work that is handed on to somebody it has already passed with the same argument, or too deep. Calls are
// told apart by a digest of the argument's canonical text, so the order of its keys does not hide a repetition. A guard
// lives in one process and forgets what has left the window. Cost: a hash of the argument and a look at its calls.
import { CrdtError } from "../../errors.ts";
import { DELEGATION_DEPTH_MAX, GUARD_CALLS_MAX } from "../../limits.ts";
import { xxhash32 } from "../../wire/xxhash32.ts";
import { canonicalText } from "../assignment/canonical-text.ts";

export interface GuardedCall {
  readonly agent: string;
  readonly kind: string;
  readonly argument: unknown;
  /** The links of the calls it was handed on through, oldest first. */
  readonly chain?: readonly string[];
}

export interface LoopGuardOptions {
  readonly windowMs?: number;
  /** Times one call may be made within the window. */
  readonly timesMax?: number;
  readonly depthMax?: number;
}

const WINDOW_MS = 60_000;
const TIMES_MAX = 3;
const SEEDS = [0x243f6a88, 0x85a308d3] as const;
const encoder = new TextEncoder();

/** 64 bits in hexadecimal; for telling calls apart, not against malice. */
export function argumentDigest(argument: unknown): string {
  const bytes = encoder.encode(canonicalText(argument));
  return SEEDS.map((seed) => xxhash32(bytes, seed).toString(16).padStart(8, "0")).join("");
}

export class LoopGuard {
  readonly #windowMs: number;
  readonly #timesMax: number;
  readonly #depthMax: number;
  /** Times of each call within the window; the one used longest ago first. */
  readonly #calls = new Map<string, number[]>();
  /** Calls refused so far. */
  refusals = 0;

  constructor({
    windowMs = WINDOW_MS,
    timesMax = TIMES_MAX,
    depthMax = DELEGATION_DEPTH_MAX,
  }: LoopGuardOptions = {}) {
    for (const [name, value] of Object.entries({ windowMs, timesMax, depthMax })) {
      if (Number.isSafeInteger(value) && value > 0) continue;
      throw new CrdtError(
        "invalid-argument",
        `a loop guard with ${name} ${String(value)}: give an integer from 1`,
      );
    }
    this.#windowMs = windowMs;
    this.#timesMax = timesMax;
    this.#depthMax = Math.min(depthMax, DELEGATION_DEPTH_MAX);
  }

  /**
   * Lets a call through, or refuses it and counts nothing; gives the chain to hand on with whatever it leads to.
   * Errors: call-repeated.
   */
  admit({ agent, kind, argument, chain = [] }: GuardedCall, nowMs: number): string[] {
    const digest = argumentDigest(argument);
    const link = JSON.stringify([agent, kind, digest]);
    if (chain.includes(link)) {
      throw this.#refused(agent, kind, `it came from the very same call, ${chain.length} steps before`);
    }
    if (chain.length >= this.#depthMax) {
      throw this.#refused(
        agent,
        kind,
        `it was handed on ${chain.length} times, and ${this.#depthMax} are allowed`,
      );
    }
    const times = (this.#calls.get(link) ?? []).filter((timeMs) => timeMs > nowMs - this.#windowMs);
    if (times.length >= this.#timesMax) {
      const waitMs = Math.ceil(times[0]! + this.#windowMs - nowMs);
      throw this.#refused(
        agent,
        kind,
        `it was made ${times.length} times within ${this.#windowMs} ms with the same argument, and ${this.#timesMax} are allowed; wait ${waitMs} ms or do something else`,
      );
    }
    times.push(nowMs);
    this.#calls.delete(link);
    this.#calls.set(link, times);
    if (this.#calls.size > GUARD_CALLS_MAX) this.#forget(nowMs);
    return [...chain, link];
  }

  /** Different calls it remembers. */
  get size(): number {
    return this.#calls.size;
  }

  /** Those that left the window, and at least the one used longest ago. */
  #forget(nowMs: number): void {
    for (const [link, times] of this.#calls) {
      if (this.#calls.size <= GUARD_CALLS_MAX && times.at(-1)! > nowMs - this.#windowMs) return;
      this.#calls.delete(link);
    }
  }

  #refused(agent: string, kind: string, reason: string): CrdtError {
    this.refusals++;
    return new CrdtError("call-repeated", `${agent} calls ${kind}: ${reason}`);
  }
}
