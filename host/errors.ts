// The one error class of the package. Codes are stable; docs/errors.md and the tests list the same set.

/** Every code an error of this package can carry. */
export const ERROR_CODES = [
  // engine
  "abi-mismatch",
  "checksum-mismatch",
  "container-type",
  "counter-range",
  "document-closed",
  "engine-trap",
  "gap",
  "invalid-argument",
  "limit-exceeded",
  "malformed-delta",
  "stream-delta",
  "unsupported-type",
  "unsupported-version",
  "wasm-unavailable",
  // agents
  "stale-token",
  "task-ended",
  // values
  "invalid-value",
  // data types
  "illegal-transition",
  "insufficient-rights",
  "invalid-definition",
  "lease-required",
  "resolve-failed",
  // guards of agents
  "call-repeated",
  "rate-exceeded",
  // store
  "store-closed",
  "store-corrupt",
  "store-full",
  "store-locked",
  // network
  "access-denied",
  "backbone-unavailable",
  "connection-closed",
  "connection-failed",
  "insecure-relay",
  "message-too-large",
  "no-store",
  "protocol-error",
  // command line
  "invalid-option",
  "package-missing",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error with a stable `code`; the message names the value, the limit and what to do about it. */
export class CrdtError extends Error {
  override readonly name = "CrdtError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether `error` is a {@link CrdtError}, of the given code if one is given. */
export function isCrdtError(error: unknown, code?: ErrorCode): error is CrdtError {
  return error instanceof CrdtError && (code === undefined || error.code === code);
}
