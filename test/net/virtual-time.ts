// A platform whose time stands still until the test moves it: timers fire in order of their time, ends of turns run
// between them, and what promises do meanwhile is waited for.
import { createMemoryTransports } from "../../host/platform/memory-transport.ts";
import { platform as nodePlatform } from "../../host/platform/node.ts";
import type { Platform } from "../../host/platform/platform.ts";
import type { Transport } from "../../host/platform/transport.ts";
import { randomFrom } from "./faulty-transport.ts";

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

const EPOCH_MS = 1_700_000_000_000;

export class VirtualTime {
  nowMs = 0;
  readonly #timers = new Set<Timer>();
  readonly #random: () => number;
  #turn: (() => void)[] = [];
  #order = 0;

  constructor(seed = 1) {
    this.#random = randomFrom(seed);
  }

  readonly setTimer = (callback: () => void, ms: number): (() => void) => {
    const timer = { atMs: this.nowMs + Math.max(0, ms), order: this.#order++, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** A platform in this time; `connect` says where addresses lead. */
  platform(connect: Platform["connect"] = nodePlatform.connect): Platform {
    return {
      ...nodePlatform,
      name: "simulated",
      now: () => EPOCH_MS + Math.floor(this.nowMs),
      monotonicMs: () => this.nowMs,
      randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(this.#random() * 256)),
      setTimer: this.setTimer,
      onTurnEnd: (callback) => this.#turn.push(callback),
      connect,
    };
  }

  /** A pair of transports with so many milliseconds between them. */
  transports(latencyMs = 1): readonly [Transport, Transport] {
    return createMemoryTransports((deliver) => this.setTimer(deliver, latencyMs));
  }

  /** Lets `ms` pass. */
  async advance(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    await this.#settle();
    for (;;) {
      const next = this.#next(endMs);
      if (next === undefined) break;
      this.nowMs = next.atMs;
      this.#timers.delete(next);
      next.callback();
      await this.#settle();
    }
    this.nowMs = endMs;
  }

  /** Lets time pass until `holds`, at most `withinMs` of it. */
  async until(what: string, holds: () => boolean, withinMs = 60_000): Promise<void> {
    const endMs = this.nowMs + withinMs;
    for (;;) {
      await this.#settle();
      if (holds()) return;
      if (this.nowMs >= endMs) throw new Error(`not within ${withinMs} virtual ms: ${what}`);
      await this.advance(1);
    }
  }

  #next(endMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs > endMs) continue;
      if (
        next === undefined ||
        timer.atMs < next.atMs ||
        (timer.atMs === next.atMs && timer.order < next.order)
      ) {
        next = timer;
      }
    }
    return next;
  }

  async #settle(): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const turn = this.#turn;
      if (turn.length === 0) return;
      this.#turn = [];
      for (const callback of turn) callback();
    }
  }
}
