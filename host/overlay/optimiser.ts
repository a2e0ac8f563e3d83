// Better neighbours for the same number of connections: one is exchanged for another that is nearer and not busier,
// when the gain is worth the trouble. Topologies say which connections must stand; this moves only the others. Pure:
// measurements go in, at most one exchange comes out. The idea is that of X-BOT (Leitão, Marques, Pereira, Rodrigues
// 2012, https://doi.org/10.1109/TPDS.2012.29); its agreement of four is left out, since views here are not of fixed size.
import type { ReplicaId } from "../wire/replica-id.ts";

export interface LinkMeasurement {
  readonly id: ReplicaId;
  /** The smoothed round trip; undefined before the first was measured. */
  readonly roundTripMs: number | undefined;
  /** Connections of the other end: what it forwards to, and so what it has to do. */
  readonly degree: number;
  /** Whether the connection stands now, and since when. */
  readonly linkedSinceMs: number | undefined;
}

export interface OptimiserOptions {
  /** A candidate must cost less by this share of the present cost. */
  readonly gain: number;
  /** And by this much: nobody relinks over noise. */
  readonly gainMs: number;
  /** A connection is left alone for so long, and exchanges are at least so far apart. */
  readonly restMs: number;
  /** What one connection of the other end counts for. */
  readonly loadMs: number;
}

/** A third less and 5 ms: twice what round trips of one connection scatter by in a quiet network. */
export const OPTIMISER_OPTIONS: OptimiserOptions = { gain: 1 / 3, gainMs: 5, restMs: 30_000, loadMs: 1 };

export interface Relink {
  readonly drop: ReplicaId;
  readonly take: ReplicaId;
}

function linkCost({ roundTripMs, degree }: LinkMeasurement, options = OPTIMISER_OPTIONS): number {
  return (roundTripMs ?? Number.POSITIVE_INFINITY) + degree * options.loadMs;
}

/**
 * The exchange to make now, if any. `measured` holds the present connections that may go and the candidates for
 * their place; of each the round trip was measured. `lastRelinkMs` is when the last exchange was made.
 */
export function relink(
  measured: readonly LinkMeasurement[],
  lastRelinkMs: number,
  nowMs: number,
  options: OptimiserOptions = OPTIMISER_OPTIONS,
): Relink | undefined {
  if (nowMs - lastRelinkMs < options.restMs) return undefined;
  const cost = (measurement: LinkMeasurement) => linkCost(measurement, options);
  const byCost = measured
    .filter(({ roundTripMs }) => roundTripMs !== undefined)
    .toSorted((left, right) => cost(left) - cost(right) || (left.id < right.id ? -1 : 1));
  const best = byCost.find(({ linkedSinceMs }) => linkedSinceMs === undefined);
  const worst = byCost.findLast(
    ({ linkedSinceMs }) => linkedSinceMs !== undefined && nowMs - linkedSinceMs >= options.restMs,
  );
  if (best === undefined || worst === undefined) return undefined;
  const saved = cost(worst) - cost(best);
  if (saved < options.gainMs || saved < cost(worst) * options.gain) return undefined;
  return { drop: worst.id, take: best.id };
}

/** The next smoothed round trip (RFC 6298 has the same eighth). */
export const smoothed = (previous: number | undefined, ms: number): number =>
  previous === undefined ? ms : previous + (ms - previous) / 8;
