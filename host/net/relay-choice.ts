// Which of several relays a client connects to. Rendezvous hashing (Thaler & Ravishankar 1998, "highest random weight")
// orders them by a key, so that clients with one key meet, and the loss of a relay moves only its own clients. Of the two
// first that may be tried now, the better is taken (Mitzenmacher 2001, "the power of two choices"): by latency, smoothed,
// times the work under way there. Who failed is left alone for a while, longer each time. Cost: a sort of the addresses.
import { CrdtError } from "../errors.ts";
import { RELAY_ADDRESSES_MAX } from "../limits.ts";
import type { Platform } from "../platform/platform.ts";
import { xxhash32 } from "../wire/xxhash32.ts";
import { Backoff } from "./backoff.ts";

/** Weight of the newest round trip in the average. */
const LATENCY_WEIGHT = 0.3;
/** The second of two must be that much better: a coin toss between equals would tear clients of one key apart. */
const CLEARLY_BETTER = 0.7;

const encoder = new TextEncoder();

/** What a replica knows of one relay, over all its connections. */
export class RelayAddress {
  readonly url: string;
  /** The smoothed round trip in milliseconds; undefined before the first. */
  latencyMs: number | undefined;
  /** Not to be tried before, on the monotonic clock. */
  notBeforeMs = 0;
  readonly #backoff: Backoff;
  #isAsked = false;

  constructor(url: string, platform: Pick<Platform, "randomBytes">) {
    this.url = url;
    this.#backoff = new Backoff(platform);
  }

  measured(roundTripMs: number): void {
    this.latencyMs =
      this.latencyMs === undefined
        ? roundTripMs
        : this.latencyMs + LATENCY_WEIGHT * (roundTripMs - this.latencyMs);
  }

  /** A connection has held: the next failure begins with the shortest pause. */
  held(): void {
    this.#backoff.reset();
  }

  /** It could not be reached or was lost; `retryAfterMs` where it said itself when to come back. */
  failed(nowMs: number, retryAfterMs: number | undefined): void {
    const pauseMs = this.#backoff.nextMs();
    this.#isAsked = retryAfterMs !== undefined;
    this.notBeforeMs = nowMs + (retryAfterMs ?? pauseMs);
  }

  /** What was in the way may be gone: it may be tried now, unless it said itself when. */
  networkBack(nowMs: number): void {
    this.#backoff.reset();
    if (!this.#isAsked) this.notBeforeMs = Math.min(this.notBeforeMs, nowMs);
  }
}

/** The relays of a replica by address. */
export class RelayBook {
  readonly #platform: Pick<Platform, "randomBytes">;
  readonly #addresses = new Map<string, RelayAddress>();

  constructor(platform: Pick<Platform, "randomBytes">) {
    this.#platform = platform;
  }

  of(url: string): RelayAddress {
    let address = this.#addresses.get(url);
    if (address === undefined) {
      address = new RelayAddress(url, this.#platform);
      this.#addresses.set(url, address);
    }
    return address;
  }
}

/** The order in which `key` prefers `urls`: each pair has a weight of its own, whatever the others are. */
export function rendezvousOrder(urls: readonly string[], key: string): string[] {
  const seed = xxhash32(encoder.encode(key), 0);
  const weighted = urls.map((url) => ({ url, weight: xxhash32(encoder.encode(url), seed) }));
  weighted.sort((one, other) => other.weight - one.weight || (one.url < other.url ? -1 : 1));
  return weighted.map(({ url }) => url);
}

export interface Choice {
  readonly address: RelayAddress;
  /** Milliseconds until it may be tried. */
  readonly waitMs: number;
}

export class RelayChoice {
  /** The most preferred first. */
  readonly addresses: readonly RelayAddress[];
  readonly #workAt: (url: string) => number;

  /** `workAt` says how much is under way at a relay. Errors: invalid-argument. */
  constructor(urls: readonly string[], key: string, book: RelayBook, workAt: (url: string) => number) {
    const distinct = [...new Set(urls)];
    if (distinct.length === 0 || distinct.length > RELAY_ADDRESSES_MAX) {
      throw new CrdtError(
        "invalid-argument",
        `${distinct.length} addresses to connect to: give between 1 and ${RELAY_ADDRESSES_MAX}`,
      );
    }
    this.addresses = rendezvousOrder(distinct, key).map((url) => book.of(url));
    this.#workAt = workAt;
  }

  /** Where to connect next; with nobody free, who is first. */
  next(nowMs: number): Choice {
    const [first, second] = this.addresses.filter(({ notBeforeMs }) => notBeforeMs <= nowMs);
    if (first !== undefined) return { address: this.#better(first, second), waitMs: 0 };
    const address = this.addresses.reduce((one, other) =>
      other.notBeforeMs < one.notBeforeMs ? other : one,
    );
    return { address, waitMs: address.notBeforeMs - nowMs };
  }

  #better(first: RelayAddress, second: RelayAddress | undefined): RelayAddress {
    if (second === undefined) return first;
    const areMeasured = first.latencyMs !== undefined && second.latencyMs !== undefined;
    const costOf = ({ url, latencyMs = 1 }: RelayAddress) =>
      (areMeasured ? latencyMs : 1) * (1 + this.#workAt(url));
    return costOf(second) < costOf(first) * CLEARLY_BETTER ? second : first;
  }
}
