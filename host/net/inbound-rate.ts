// How much one session may send us: a bucket of bytes and one of frames. Beyond them its transport stops reading until
// the debt is paid, so the peer's own socket fills and holds it back; nothing is lost and other sessions do not wait.
// A debt far beyond what a peer that is held back can run up ends the session. Cost a frame: two subtractions.
import { CrdtError } from "../errors.ts";
import { MESSAGE_BYTES_MAX, RATE_DEBT_BURSTS_MAX } from "../limits.ts";
import type { Platform } from "../platform/platform.ts";
import type { Transport } from "../platform/transport.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Limits of what one connection may send. */
export interface RateOptions {
  /** Bytes a second; compressed frames count as what they unpack to. */
  readonly bytesPerSecond?: number;
  readonly framesPerSecond?: number;
  /** Seconds' worth that may come at once after a silence; 2 unless given. */
  readonly burstSeconds?: number;
}

const BURST_SECONDS = 2;

interface Limit {
  readonly bucket: TokenBucket;
  readonly what: "bytes" | "frames";
  readonly perSecond: number;
  readonly debtMax: number;
}

export class InboundRate {
  readonly #platform: Pick<Platform, "monotonicMs" | "setTimer">;
  readonly #transport: Transport;
  readonly #bytes: Limit | undefined;
  readonly #frames: Limit | undefined;
  readonly #resumed: () => void;
  #cancelResume: (() => void) | undefined;

  /** `resumed` is called when reading goes on. */
  constructor(
    options: RateOptions,
    platform: Pick<Platform, "monotonicMs" | "setTimer">,
    transport: Transport,
    resumed: () => void,
  ) {
    this.#platform = platform;
    this.#transport = transport;
    this.#resumed = resumed;
    this.#bytes = limitOf("bytes", options.bytesPerSecond, options, platform.monotonicMs());
    this.#frames = limitOf("frames", options.framesPerSecond, options, platform.monotonicMs());
  }

  get isPaused(): boolean {
    return this.#cancelResume !== undefined;
  }

  /** A frame of so many bytes came. Errors: limit-exceeded when it cannot be put up with. */
  took(bytes: number): void {
    this.#take(this.#frames, 1);
    this.#take(this.#bytes, bytes);
  }

  /** A frame turned out to be so many bytes larger. Errors: as `took`. */
  grew(bytes: number): void {
    this.#take(this.#bytes, bytes);
  }

  close(): void {
    this.#cancelResume?.();
  }

  #take(limit: Limit | undefined, count: number): void {
    if (limit === undefined) return;
    const waitMs = limit.bucket.take(count, this.#platform.monotonicMs());
    if (waitMs === 0) return;
    if (limit.bucket.debt > limit.debtMax) {
      throw new CrdtError(
        "limit-exceeded",
        `${Math.round(limit.bucket.debt)} ${limit.what} beyond the ${limit.perSecond} a second that this relay takes from a ` +
          "connection: send less, or ask for a higher rate there",
      );
    }
    this.#pause(waitMs);
  }

  /** Both buckets may ask for a pause: the later end counts. */
  #pause(waitMs: number): void {
    if (this.#cancelResume === undefined) this.#transport.pauseReading?.();
    else this.#cancelResume();
    this.#cancelResume = this.#platform.setTimer(() => this.#resume(), Math.ceil(waitMs));
  }

  #resume(): void {
    const nowMs = this.#platform.monotonicMs();
    const waitMs = Math.max(
      this.#bytes?.bucket.take(0, nowMs) ?? 0,
      this.#frames?.bucket.take(0, nowMs) ?? 0,
    );
    this.#cancelResume = undefined;
    if (waitMs > 0) {
      this.#cancelResume = this.#platform.setTimer(() => this.#resume(), Math.ceil(waitMs));
      return;
    }
    this.#resumed();
    this.#transport.resumeReading?.();
  }
}

function limitOf(
  what: Limit["what"],
  perSecond: number | undefined,
  { burstSeconds = BURST_SECONDS }: RateOptions,
  nowMs: number,
): Limit | undefined {
  if (perSecond === undefined) return undefined;
  const burst = perSecond * burstSeconds;
  // A message comes whole: one of the largest must not end a session that is held back otherwise.
  const debtMax = burst * RATE_DEBT_BURSTS_MAX + (what === "bytes" ? MESSAGE_BYTES_MAX : 0);
  return { bucket: new TokenBucket(perSecond, burst, nowMs), what, perSecond, debtMax };
}

/** Errors: invalid-argument. */
export function checkRate(options: RateOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || (Number.isFinite(value) && value > 0)) continue;
    throw new CrdtError("invalid-argument", `rate.${name} ${value}: give a number above 0, or leave it out`);
  }
}
