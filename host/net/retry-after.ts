// The hint a relay gives to those it sends away: a close with code 1012 (service restart) or 1013 (try again later) of
// the WebSocket registry, whose reason says after how many milliseconds to come back. As text, because browsers show
// applications nothing of a close but its code and reason.
import { RETRY_AFTER_MS_MAX } from "../limits.ts";
import type { TransportClose } from "../platform/transport.ts";

export const CLOSE_SERVICE_RESTART = 1012;
export const CLOSE_TRY_LATER = 1013;

export function retryAfterReason(ms: number): string {
  return `retry-after=${Math.min(RETRY_AFTER_MS_MAX, Math.max(0, Math.round(ms)))}`;
}

/** Milliseconds to wait as the other end asked, at most the limit; undefined when it did not. */
export function retryAfterOf({ code, reason }: TransportClose): number | undefined {
  if (code !== CLOSE_SERVICE_RESTART && code !== CLOSE_TRY_LATER) return undefined;
  const digits = /^retry-after=(\d{1,15})$/.exec(reason)?.[1];
  return digits === undefined ? undefined : Math.min(RETRY_AFTER_MS_MAX, Number(digits));
}
