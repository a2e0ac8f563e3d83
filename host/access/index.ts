// Who may come in: keys and tokens, and the guards a relay can be given.

export type { Grant, GrantRow, Right } from "../net/grant.ts";
export type { Applicant, Guard } from "../net/guard.ts";
export { certificateGuard } from "./certificate-guard.ts";
export {
  createSigningKey,
  parseSigningKey,
  parseVerifyingKey,
  type SigningKey,
  type VerifyingKey,
  verifyingKeyOf,
} from "./keys.ts";
export { issueToken, type TokenClaims } from "./token.ts";
export { type TokenGuardOptions, tokenGuard } from "./token-guard.ts";
