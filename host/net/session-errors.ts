// What ends a session or refuses a document, where more has to be known of it than its code.
import { CrdtError, type ErrorCode, isCrdtError } from "../errors.ts";
import type { TransportClose } from "../platform/transport.ts";
import type { Retry } from "./messages.ts";

const CLOSE_MESSAGE_TOO_LARGE = 1009;

/** An error whose consequence for connecting again is known where it is found. */
export class Fatal extends Error {
  readonly error: CrdtError;
  readonly retry: Retry;

  constructor(error: CrdtError, retry: Retry) {
    super(error.message);
    this.error = error;
    this.retry = retry;
  }
}

/** A refusal of a document, with the reason the peer is told. */
export class Refused extends Error {
  readonly reason: number;

  constructor(reason: number, explanation: string) {
    super(explanation);
    this.reason = reason;
  }
}

/** What ended a session, and what the one who connected should do. */
export interface SessionEnd {
  /** Undefined after a close that this side asked for. */
  readonly error: CrdtError | undefined;
  readonly retry: Retry;
  /** When the other end wants to see us again. */
  readonly retryAfterMs?: number | undefined;
}

/** What an error in handling a frame means for the session. */
export function endOf(error: unknown): SessionEnd & { readonly error: CrdtError } {
  if (error instanceof Fatal) return error;
  if (!isCrdtError(error)) {
    const unforeseen = new CrdtError("protocol-error", `handling a frame failed: ${error}`, { cause: error });
    return { error: unforeseen, retry: "yes" };
  }
  const isTooNew = error.code === "unsupported-version" || error.code === "unsupported-type";
  return { error, retry: isTooNew ? "no" : "yes" };
}

/** What a closed transport means. */
export function errorOfClose(peer: string, { code, reason }: TransportClose): CrdtError {
  const what = `the connection to ${peer} closed (${code}${reason && `, ${reason}`})`;
  return code === CLOSE_MESSAGE_TOO_LARGE
    ? new CrdtError("message-too-large", `${what}: send deltas in parts, as this protocol does`)
    : new CrdtError("connection-closed", `${what}; connect again`);
}

/** Codes of a goodbye that say something to whoever connected; the rest is the protocol's. */
const TOLD_AS_THEY_ARE: readonly string[] = [
  "access-denied",
  "limit-exceeded",
] satisfies readonly ErrorCode[];

/** What a goodbye means. */
export function errorOfGoodbye(peer: string, code: string, explanation: string): CrdtError {
  const told = TOLD_AS_THEY_ARE.includes(code) ? (code as ErrorCode) : "protocol-error";
  return new CrdtError(told, `${peer} ended the connection: ${explanation}`);
}
