// Tokens: JSON Web Tokens (RFC 7519) signed with Ed25519, which say who somebody is, what they may do with which
// documents, and until when. Short-lived on purpose: what is not renewed ends by itself. Signing and verifying are
// those of `jose`; nothing here compares secrets.

import { type JWTPayload, SignJWT } from "jose";
import { platform } from "#platform";
import { CrdtError } from "../errors.ts";
import { TOKEN_LIFETIME_MS_MAX } from "../limits.ts";
import { checkRows, type GrantRow } from "../net/grant.ts";
import { replicaIdFromRandomBytes } from "../wire/replica-id.ts";
import { ALGORITHM, importKey, type SigningKey } from "./keys.ts";

/** The claim with the rows of a grant: pairs of a pattern and a right. */
const DOCUMENTS_CLAIM = "documents";
export const TOKEN_TYPE = "jarvis+jwt";

export interface TokenClaims {
  /** Who this is, for people and logs. */
  readonly subject: string;
  /** What it may do; the first row whose pattern fits a document's name counts. */
  readonly grants: readonly GrantRow[];
  /** How long it counts from `issuedAtMs` on, in milliseconds; at most a day. */
  readonly lifetimeMs: number;
  /** Wall-clock milliseconds; now unless given. */
  readonly issuedAtMs?: number;
  /** Names the token so that it can be taken back, unique among those of a key; random unless given. */
  readonly id?: string;
}

/** Signs a token. Errors: invalid-argument, limit-exceeded. */
export async function issueToken(key: SigningKey, claims: TokenClaims): Promise<string> {
  const { subject, lifetimeMs, issuedAtMs = platform.now() } = claims;
  const { id = replicaIdFromRandomBytes(platform.randomBytes(8)) } = claims;
  if (!Number.isFinite(lifetimeMs) || lifetimeMs < 1_000 || lifetimeMs > TOKEN_LIFETIME_MS_MAX) {
    throw new CrdtError(
      "limit-exceeded",
      `a lifetime of ${lifetimeMs} ms: give 1,000 to ${TOKEN_LIFETIME_MS_MAX}, and renew`,
    );
  }
  if (subject === "" || id === "")
    throw new CrdtError("invalid-argument", "a token needs a subject and an id");
  const rows = checkRows(claims.grants).map(({ pattern, right }) => [pattern, right]);
  const issuedAt = Math.floor(issuedAtMs / 1_000);
  return new SignJWT({ [DOCUMENTS_CLAIM]: rows })
    .setProtectedHeader({ alg: ALGORITHM, kid: key.kid, typ: TOKEN_TYPE })
    .setSubject(subject)
    .setJti(id)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + Math.ceil(lifetimeMs / 1_000))
    .sign(await importKey(key));
}

/** The rows in a verified payload. Errors: invalid-argument, limit-exceeded. */
export function rowsOf(payload: JWTPayload): GrantRow[] {
  const claim = payload[DOCUMENTS_CLAIM];
  if (!Array.isArray(claim)) throw new CrdtError("invalid-argument", "the token grants nothing");
  return checkRows(
    claim.map((row: unknown) => {
      const [pattern, right] = Array.isArray(row) ? row : [];
      return { pattern, right };
    }),
  );
}
