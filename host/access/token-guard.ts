// A guard that admits who shows a token signed with a key it trusts. It keeps nothing of those who come but the ids of
// tokens taken back, each until it would have expired anyway. Cost: verifying one signature for each admission, some
// 0.2 ms; nothing for each frame.

import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from "jose";
import { platform as ownPlatform } from "#platform";
import { CrdtError, isCrdtError } from "../errors.ts";
import { REVOKED_IDS_MAX, TOKEN_LIFETIME_MS_MAX } from "../limits.ts";
import type { Grant } from "../net/grant.ts";
import type { Applicant, Guard } from "../net/guard.ts";
import type { Platform } from "../platform/platform.ts";
import { callListener } from "../replica/call-listener.ts";
import { ALGORITHM, importKey, type VerifyingKey } from "./keys.ts";
import { rowsOf, TOKEN_TYPE } from "./token.ts";

export interface TokenGuardOptions {
  /** Those whose tokens count; several while keys are being changed. */
  readonly keys: readonly VerifyingKey[];
  /** Whose clock counts; this machine's unless given. */
  readonly platform?: Pick<Platform, "now">;
  /** How far the clocks of issuer and relay may be apart; 5 s unless given. */
  readonly clockToleranceMs?: number;
}

const CLOCK_TOLERANCE_MS = 5_000;

/** Errors: invalid-argument when there is no key. */
export function tokenGuard(options: TokenGuardOptions): Guard {
  if (options.keys.length === 0) throw new CrdtError("invalid-argument", "a guard needs a key to trust");
  return new TokenGuard(options);
}

class TokenGuard implements Guard {
  readonly #keys: ReadonlyMap<string, VerifyingKey>;
  readonly #platform: Pick<Platform, "now">;
  readonly #toleranceMs: number;
  /** Ids taken back, and when they may be forgotten: soonest first. */
  readonly #revoked = new Map<string, number>();
  readonly #listeners = new Set<(id: string) => void>();

  constructor({ keys, platform = ownPlatform, clockToleranceMs = CLOCK_TOLERANCE_MS }: TokenGuardOptions) {
    this.#keys = new Map(keys.map((key) => [key.kid, key]));
    this.#platform = platform;
    this.#toleranceMs = clockToleranceMs;
  }

  async admit({ credential }: Applicant): Promise<Grant> {
    if (credential === undefined) throw denied("this relay asks for a token");
    const payload = await this.#verify(credential);
    const { sub, jti, iat, exp } = payload;
    if (sub === undefined || jti === undefined || iat === undefined || exp === undefined) {
      throw denied("the token names no subject, id or time");
    }
    if ((exp - iat) * 1_000 > TOKEN_LIFETIME_MS_MAX) throw denied("the token would last longer than a day");
    if (this.#revoked.has(jti)) throw denied("the token was taken back");
    try {
      return { subject: sub, id: jti, rows: rowsOf(payload), expiresAtMs: exp * 1_000 + this.#toleranceMs };
    } catch (error) {
      throw isCrdtError(error) ? denied(error.message) : error;
    }
  }

  revoke(id: string): void {
    this.#forgetOld();
    if (this.#revoked.size >= REVOKED_IDS_MAX) {
      const message = `${REVOKED_IDS_MAX} tokens are taken back already: change the key instead`;
      throw new CrdtError("limit-exceeded", message);
    }
    this.#revoked.delete(id);
    this.#revoked.set(id, this.#platform.now() + TOKEN_LIFETIME_MS_MAX + 2 * this.#toleranceMs);
    for (const listener of [...this.#listeners]) callListener(listener, id);
  }

  onRevoke(listener: (id: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #verify(token: string): Promise<JWTPayload> {
    try {
      const { kid } = decodeProtectedHeader(token);
      const key = this.#keys.get(kid ?? "");
      if (key === undefined) throw denied("the token is signed with a key that is not trusted here");
      const { payload } = await jwtVerify(token, await importKey(key), {
        algorithms: [ALGORITHM],
        typ: TOKEN_TYPE,
        clockTolerance: this.#toleranceMs / 1_000,
        maxTokenAge: (TOKEN_LIFETIME_MS_MAX + this.#toleranceMs) / 1_000,
        currentDate: new Date(this.#platform.now()),
      });
      return payload;
    } catch (error) {
      if (isCrdtError(error)) throw error;
      throw denied(error instanceof errors.JWTExpired ? "the token has expired" : "the token is not valid");
    }
  }

  #forgetOld(): void {
    const now = this.#platform.now();
    for (const [id, untilMs] of this.#revoked) {
      if (untilMs >= now) return;
      this.#revoked.delete(id);
    }
  }
}

/** What the applicant is told: never anything of the token itself. */
function denied(reason: string): CrdtError {
  return new CrdtError(
    "access-denied",
    `${reason}; ask whoever runs the relay for a token that is valid here`,
  );
}
