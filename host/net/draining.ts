// Leaving without loss: a relay that stops tells its peers what it merged and stored, and sends each away with a hint
// when to come back, spread so that they do not come all at once. What peers send meanwhile is not acknowledged, so
// they keep it and bring it to the next relay.
import type { Platform } from "../platform/platform.ts";
import { CLOSE_SERVICE_RESTART, retryAfterReason } from "./retry-after.ts";
import type { Session } from "./session.ts";

export interface DrainOptions {
  /** When peers may come back, at the earliest; 1,000 ms unless given. Each is told a time between this and twice this. */
  readonly retryAfterMs?: number;
  /** How long stores may take to confirm before peers are sent away all the same; 5,000 ms unless given. */
  readonly settleWithinMs?: number;
}

const RETRY_AFTER_MS = 1_000;
const SETTLE_WITHIN_MS = 5_000;
/** Peers that come back a second, on average, whatever was asked for. */
const RETURNING_PER_SECOND = 100;

/** Settles all sessions and ends them. */
export async function drainSessions(
  sessions: readonly Session[],
  platform: Platform,
  { retryAfterMs = RETRY_AFTER_MS, settleWithinMs = SETTLE_WITHIN_MS }: DrainOptions,
): Promise<void> {
  const settled = Promise.all(sessions.map((session) => session.settle()));
  await Promise.race([settled, new Promise<void>((resolve) => platform.setTimer(resolve, settleWithinMs))]);
  const spreadMs = Math.max(retryAfterMs, (sessions.length * 1_000) / RETURNING_PER_SECOND);
  for (const session of sessions) {
    const ms = retryAfterMs + spreadMs * randomFraction(platform);
    session.dismiss(CLOSE_SERVICE_RESTART, retryAfterReason(ms));
  }
}

/** At least 0 and below 1. */
export function randomFraction(platform: Pick<Platform, "randomBytes">): number {
  const [a, b] = platform.randomBytes(2);
  return (a! * 256 + b!) / 0x10000;
}
