// How fast tenants may submit: a token bucket each (so many a second, saved up to a burst), and back-pressure by how
// much of theirs already waits. The first counts in one process, on a clock that is handed in; the second is a function
// of the shared state, so every replica answers alike. Cost: constant a call.
import { CrdtError } from "../../errors.ts";
import { RATED_TENANTS_MAX } from "../../limits.ts";

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

export interface TenantRateOptions extends Rate {
  /** Other rates for some tenants. */
  readonly tenants?: Readonly<Record<string, Rate>>;
}

/** A token in thousandths, so that a millisecond at a whole rate fills a whole number of them. */
const TOKEN = 1_000;

interface Bucket {
  /** In thousandths of a token. */
  level: number;
  filledAtMs: number;
}

export class TenantRates {
  readonly #rate: Rate;
  readonly #tenants: ReadonlyMap<string, Rate>;
  /** The one used longest ago first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor({ perSecond, burst, tenants = {} }: TenantRateOptions) {
    this.#rate = checkedRate({ perSecond, burst });
    this.#tenants = new Map(Object.entries(tenants).map(([tenant, rate]) => [tenant, checkedRate(rate)]));
  }

  /** After how many milliseconds `count` would be taken; 0 for at once. Infinite for more than a burst. */
  waitMs(tenant: string, nowMs: number, count = 1): number {
    const { perSecond, burst } = this.#rateOf(tenant);
    if (count > burst) return Number.POSITIVE_INFINITY;
    const missing = count * TOKEN - this.#filled(tenant, nowMs).level;
    return missing <= 0 ? 0 : Math.ceil(missing / perSecond);
  }

  /** Takes `count`. Errors: rate-exceeded, and nothing is taken. */
  take(tenant: string, nowMs: number, count = 1): void {
    const waitMs = this.waitMs(tenant, nowMs, count);
    if (waitMs > 0) {
      const { perSecond, burst } = this.#rateOf(tenant);
      throw new CrdtError(
        "rate-exceeded",
        `tenant ${JSON.stringify(tenant)} submits ${count}, beyond ${perSecond} a second with a burst of ${burst}; ${waitMs === Number.POSITIVE_INFINITY ? "submit fewer at once" : `try again in ${waitMs} ms`}`,
      );
    }
    const bucket = this.#filled(tenant, nowMs);
    bucket.level -= count * TOKEN;
    this.#buckets.delete(tenant);
    this.#buckets.set(tenant, bucket);
    if (this.#buckets.size > RATED_TENANTS_MAX) {
      const [oldest] = this.#buckets.keys();
      this.#buckets.delete(oldest!);
    }
  }

  /** Tenants it remembers. */
  get size(): number {
    return this.#buckets.size;
  }

  #rateOf(tenant: string): Rate {
    return this.#tenants.get(tenant) ?? this.#rate;
  }

  /** A clock that steps back fills nothing. */
  #filled(tenant: string, nowMs: number): Bucket {
    const { perSecond, burst } = this.#rateOf(tenant);
    const bucket = this.#buckets.get(tenant) ?? { level: burst * TOKEN, filledAtMs: nowMs };
    const passedMs = Math.max(0, nowMs - bucket.filledAtMs);
    bucket.level = Math.min(burst * TOKEN, bucket.level + passedMs * perSecond);
    bucket.filledAtMs = Math.max(bucket.filledAtMs, nowMs);
    return bucket;
  }
}

export interface PressureLimits {
  /** Waiting tasks from which a tenant is asked to slow down. */
  readonly slowFrom: number;
  /** Waiting tasks from which nothing more is taken. */
  readonly closedFrom: number;
  /** The longest pause asked for, in milliseconds. */
  readonly pauseMsMax: number;
}

export interface Pressure {
  readonly state: "open" | "slow" | "closed";
  /** Pause before the next submission; grows from 0 to `pauseMsMax` between the two limits. */
  readonly pauseMs: number;
}

export const PRESSURE_LIMITS: PressureLimits = { slowFrom: 1_000, closedFrom: 10_000, pauseMsMax: 1_000 };

/** What a tenant with so many waiting tasks should do. Errors: invalid-argument. */
export function pressureOf(waiting: number, limits: PressureLimits = PRESSURE_LIMITS): Pressure {
  const { slowFrom, closedFrom, pauseMsMax } = limits;
  if (!(slowFrom >= 0 && closedFrom > slowFrom && pauseMsMax >= 0)) {
    throw new CrdtError(
      "invalid-argument",
      `pressure limits ${slowFrom} and ${closedFrom}: the first is at least 0 and below the second`,
    );
  }
  if (waiting < slowFrom) return { state: "open", pauseMs: 0 };
  if (waiting >= closedFrom) return { state: "closed", pauseMs: pauseMsMax };
  const pauseMs = Math.floor((pauseMsMax * (waiting - slowFrom)) / (closedFrom - slowFrom));
  return { state: "slow", pauseMs };
}

/** Refuses a submission under full pressure. Errors: rate-exceeded. */
export function checkPressure(tenant: string, waiting: number, limits?: PressureLimits): Pressure {
  const pressure = pressureOf(waiting, limits);
  if (pressure.state !== "closed") return pressure;
  throw new CrdtError(
    "rate-exceeded",
    `tenant ${JSON.stringify(tenant)} has ${waiting} tasks waiting and may have ${(limits ?? PRESSURE_LIMITS).closedFrom}; try again in ${pressure.pauseMs} ms`,
  );
}

function checkedRate({ perSecond, burst }: Rate): Rate {
  if (perSecond > 0 && burst >= 1 && Number.isFinite(perSecond) && Number.isFinite(burst)) {
    return { perSecond, burst };
  }
  throw new CrdtError(
    "invalid-argument",
    `a rate of ${String(perSecond)} a second and a burst of ${String(burst)}: give numbers above 0, and a burst from 1`,
  );
}
