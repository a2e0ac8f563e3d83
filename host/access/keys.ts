// Ed25519 keys as JSON Web Keys (RFC 8037), each named by its thumbprint (RFC 7638), so that a guard that trusts several
// knows which one signed. The private key stays with who issues; relays need the public one alone.
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import { CrdtError } from "../errors.ts";

export const ALGORITHM = "EdDSA";

/** A key with its name. `d`, the private part, is a secret. */
export interface SigningKey {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly kid: string;
  readonly x: string;
  readonly d: string;
}

export type VerifyingKey = Omit<SigningKey, "d">;

/** A new key pair from the platform's random numbers. */
export async function createSigningKey(): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { crv: "Ed25519", extractable: true });
  const { x, d } = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint({ kty: "OKP", crv: "Ed25519", x: x! });
  return { kty: "OKP", crv: "Ed25519", kid, x: x!, d: d! };
}

/** The part of a key that relays get. */
export function verifyingKeyOf({ kty, crv, kid, x }: SigningKey | VerifyingKey): VerifyingKey {
  return { kty, crv, kid, x };
}

/** Reads a key from JSON. Errors: invalid-argument, which never quotes the key. */
export function parseVerifyingKey(json: string): VerifyingKey {
  return verifyingKeyOf(parseKey(json));
}

/** Reads a private key from JSON. Errors: invalid-argument, which never quotes the key. */
export function parseSigningKey(json: string): SigningKey {
  const key = parseKey(json);
  if ("d" in key && typeof key.d === "string") return { ...verifyingKeyOf(key), d: key.d };
  throw new CrdtError("invalid-argument", "this key can only verify: give the private one to issue with");
}

function parseKey(json: string): SigningKey | VerifyingKey {
  let key: unknown;
  try {
    key = JSON.parse(json);
  } catch {
    throw new CrdtError(
      "invalid-argument",
      "a key that is no JSON: give the file that `jarvis token --new-key` wrote",
    );
  }
  const { kty, crv, kid, x } = (typeof key === "object" && key !== null ? key : {}) as Record<
    string,
    unknown
  >;
  if (kty !== "OKP" || crv !== "Ed25519" || typeof x !== "string" || typeof kid !== "string") {
    throw new CrdtError(
      "invalid-argument",
      "this JSON is no named Ed25519 key (kty OKP, crv Ed25519, kid, x)",
    );
  }
  return key as SigningKey | VerifyingKey;
}

/** A key in the form that signing and verifying take. Errors: invalid-argument. */
export async function importKey(
  key: SigningKey | VerifyingKey,
): Promise<Awaited<ReturnType<typeof importJWK>>> {
  try {
    return await importJWK(key as JWK, ALGORITHM);
  } catch (error) {
    throw new CrdtError("invalid-argument", `key "${key.kid}" is damaged: make a new one`, { cause: error });
  }
}
