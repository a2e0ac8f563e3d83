// Whether the peer still lives: who has heard nothing for an interval asks, who has heard nothing for two and a half
// calls it dead, but never without having asked: a timer that came late (a hidden tab's, a sleeping machine's) proves
// nothing. Measures the round trip by the way. One background timer; an idle connection costs a ping and a
// pong an interval, for servers wait a little longer and so seldom ask themselves.
import type { Platform } from "../platform/platform.ts";
import type { Role } from "./handshake.ts";
import type { Message } from "./messages.ts";

const SERVER_FACTOR = 1.25;
const DEAD_FACTOR = 2.5;

export interface HeartbeatEvents {
  send(message: Message): void;
  /** A round trip took so long. */
  measured(roundTripMs: number): void;
  /** Nothing was heard for so long. */
  dead(silentMs: number): void;
  /** Comes every `repairMs`. */
  tick(): void;
}

export class Heartbeat {
  /** The last round trip in milliseconds; undefined before the first. */
  roundTripMs: number | undefined;
  readonly #platform: Pick<Platform, "monotonicMs" | "setTimer">;
  readonly #intervalMs: number;
  readonly #repairMs: number;
  readonly #events: HeartbeatEvents;
  #heardAtMs: number;
  #askedAtMs = 0;
  #token = 0;
  #isWaiting = false;
  /** When the first question was asked that nothing has been heard since. */
  #unansweredSinceMs: number | undefined;
  #cancel: () => void = () => {};

  constructor(
    platform: Pick<Platform, "monotonicMs" | "setTimer">,
    timing: { readonly heartbeatMs: number; readonly repairMs: number },
    role: Role,
    events: HeartbeatEvents,
  ) {
    this.#platform = platform;
    this.#intervalMs = timing.heartbeatMs * (role === "server" ? SERVER_FACTOR : 1);
    this.#repairMs = Math.min(timing.repairMs, this.#intervalMs);
    this.#events = events;
    this.#heardAtMs = platform.monotonicMs();
  }

  /** Asks once for the round trip, then watches. */
  start(): void {
    this.#ask();
    this.#watch();
  }

  heard(): void {
    this.#heardAtMs = this.#platform.monotonicMs();
    this.#unansweredSinceMs = undefined;
  }

  answered(token: number): void {
    if (token !== this.#token || !this.#isWaiting) return;
    this.#isWaiting = false;
    this.roundTripMs = this.#platform.monotonicMs() - this.#askedAtMs;
    this.#events.measured(this.roundTripMs);
  }

  stop(): void {
    this.#cancel();
  }

  #watch(): void {
    this.#cancel = this.#platform.setTimer(
      () => {
        this.#watch();
        const silentMs = this.#platform.monotonicMs() - this.#heardAtMs;
        if (silentMs > this.#intervalMs * DEAD_FACTOR && this.#hadTimeToAnswer())
          return this.#events.dead(silentMs);
        if (silentMs >= this.#intervalMs && !this.#hasJustAsked()) this.#ask();
        this.#events.tick();
      },
      this.#repairMs,
      { background: true },
    );
  }

  #hadTimeToAnswer(): boolean {
    const askedAtMs = this.#unansweredSinceMs;
    return askedAtMs !== undefined && this.#platform.monotonicMs() - askedAtMs >= this.#repairMs;
  }

  #hasJustAsked(): boolean {
    return this.#isWaiting && this.#platform.monotonicMs() - this.#askedAtMs < this.#intervalMs;
  }

  #ask(): void {
    this.#token++;
    this.#isWaiting = true;
    this.#askedAtMs = this.#platform.monotonicMs();
    this.#unansweredSinceMs ??= this.#askedAtMs;
    this.#events.send({ type: "ping", token: this.#token });
  }
}
