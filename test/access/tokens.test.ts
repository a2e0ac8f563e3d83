// Tokens: what is signed is what is granted, and nothing else passes: other keys, other algorithms, other kinds of token,
// changed bytes, times outside, and what was taken back.
import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import {
  createSigningKey,
  type GrantRow,
  issueToken,
  parseSigningKey,
  parseVerifyingKey,
  type SigningKey,
  tokenGuard,
  verifyingKeyOf,
} from "../../host/access/index.ts";
import { importKey } from "../../host/access/keys.ts";
import { type CrdtError, isCrdtError } from "../../host/errors.ts";
import {
  DOCUMENT_NAME_BYTES_MAX,
  GRANT_ROWS_MAX,
  REVOKED_IDS_MAX,
  TOKEN_LIFETIME_MS_MAX,
} from "../../host/limits.ts";
import { fits, hasRightOnAll, rightOn } from "../../host/net/grant.ts";
import type { ReplicaId } from "../../host/wire/replica-id.ts";

const NOW = 1_800_000_000_000;
const GRANTS: readonly GrantRow[] = [
  { pattern: "team/*", right: "write" },
  { pattern: "news", right: "read" },
];
const replica = "00000000000000aa" as ReplicaId;

const guardFor = (key: SigningKey, nowMs = NOW) =>
  tokenGuard({ keys: [verifyingKeyOf(key)], platform: { now: () => nowMs } });
const tokenOf = (key: SigningKey, changes = {}) =>
  issueToken(key, {
    subject: "ada",
    grants: GRANTS,
    lifetimeMs: 60_000,
    issuedAtMs: NOW,
    id: "t1",
    ...changes,
  });
const admit = (guard: ReturnType<typeof guardFor>, credential: string | undefined) =>
  guard.admit({ replica, credential, certificate: undefined });

async function refusal(promise: Promise<unknown>): Promise<CrdtError> {
  const error = await promise.then(
    () => new Error("admitted"),
    (reason) => reason,
  );
  if (!isCrdtError(error)) throw error;
  return error;
}

describe("a token", () => {
  it("grants what it was signed for", async () => {
    const key = await createSigningKey();
    const grant = await admit(guardFor(key), await tokenOf(key));
    expect(grant).toEqual({ subject: "ada", id: "t1", rows: GRANTS, expiresAtMs: NOW + 65_000 });
  });

  it("is worth nothing when any character of it is another", async () => {
    const key = await createSigningKey();
    const guard = guardFor(key);
    const token = await tokenOf(key);
    for (let at = 0; at < token.length - 1; at++) {
      const other = token[at] === "A" ? "B" : "A";
      const changed = token.slice(0, at) + other + token.slice(at + 1);
      const error = await refusal(admit(guard, changed));
      expect(error.code).toBe("access-denied");
      expect(error.message).not.toContain(token.slice(-24));
    }
  });

  it("is worth nothing from another key, algorithm or kind", async () => {
    const [key, other] = [await createSigningKey(), await createSigningKey()];
    const guard = guardFor(key);
    expect((await refusal(admit(guard, await tokenOf(other)))).message).toContain("not trusted");
    const forged = await tokenOf({ ...other, kid: key.kid });
    expect((await refusal(admit(guard, forged))).code).toBe("access-denied");
    const unsigned = ["none", "HS256"].map((alg) => {
      const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
      return `${part({ alg, kid: key.kid, typ: "jarvis+jwt" })}.${part({ sub: "ada", jti: "t", iat: NOW / 1000, exp: NOW / 1000 + 60, documents: [["*", "admin"]] })}.`;
    });
    for (const token of unsigned) expect((await refusal(admit(guard, token))).code).toBe("access-denied");
    const idToken = await new SignJWT({ documents: [["*", "admin"]] })
      .setProtectedHeader({ alg: "EdDSA", kid: key.kid, typ: "JWT" })
      .setSubject("ada")
      .setJti("t")
      .setIssuedAt(NOW / 1000)
      .setExpirationTime(NOW / 1000 + 60)
      .sign(await importKey(key));
    expect((await refusal(admit(guard, idToken))).code).toBe("access-denied");
    for (const nonsense of ["", "a.b.c", "x".repeat(1_000), "😀.😀.😀"]) {
      expect((await refusal(admit(guard, nonsense))).code).toBe("access-denied");
    }
    expect((await refusal(admit(guard, undefined))).message).toContain("asks for a token");
  });

  it("counts from a little before it was issued until a little after its end", async () => {
    const key = await createSigningKey();
    const token = await tokenOf(key);
    for (const nowMs of [NOW - 4_000, NOW, NOW + 60_000, NOW + 64_000]) {
      expect((await admit(guardFor(key, nowMs), token)).id).toBe("t1");
    }
    for (const nowMs of [NOW - 10_000, NOW + 66_000, NOW + 10 * TOKEN_LIFETIME_MS_MAX]) {
      expect((await refusal(admit(guardFor(key, nowMs), token))).code).toBe("access-denied");
    }
  });

  it("of another key counts while keys are being changed", async () => {
    const [before, after] = [await createSigningKey(), await createSigningKey()];
    const keys = [verifyingKeyOf(before), verifyingKeyOf(after)];
    const guard = tokenGuard({ keys, platform: { now: () => NOW } });
    for (const key of [before, after]) expect((await admit(guard, await tokenOf(key))).subject).toBe("ada");
  });

  it("taken back is not admitted again, and others are", async () => {
    const key = await createSigningKey();
    const guard = guardFor(key);
    const heard: string[] = [];
    guard.onRevoke((id) => heard.push(id));
    guard.revoke("t1");
    expect(heard).toEqual(["t1"]);
    expect((await refusal(admit(guard, await tokenOf(key)))).message).toContain("taken back");
    expect((await admit(guard, await tokenOf(key, { id: "t2" }))).id).toBe("t2");
  });

  it("is refused to be taken back beyond what a guard remembers, until old ones are forgotten", async () => {
    const key = await createSigningKey();
    let nowMs = NOW;
    const guard = tokenGuard({ keys: [verifyingKeyOf(key)], platform: { now: () => nowMs } });
    for (let count = 0; count < REVOKED_IDS_MAX; count++) guard.revoke(`old ${count}`);
    expect(() => guard.revoke("one more")).toThrow(`${REVOKED_IDS_MAX} tokens are taken back already`);
    nowMs += TOKEN_LIFETIME_MS_MAX + 20_000;
    guard.revoke("one more");
  });

  it("that would last longer than a day is neither issued nor admitted", async () => {
    const key = await createSigningKey();
    expect((await admit(guardFor(key), await tokenOf(key, { lifetimeMs: TOKEN_LIFETIME_MS_MAX }))).id).toBe(
      "t1",
    );
    const issue = tokenOf(key, { lifetimeMs: TOKEN_LIFETIME_MS_MAX + 1 });
    expect((await refusal(issue)).code).toBe("limit-exceeded");
    const long = await new SignJWT({ documents: [["*", "read"]] })
      .setProtectedHeader({ alg: "EdDSA", kid: key.kid, typ: "jarvis+jwt" })
      .setSubject("ada")
      .setJti("t")
      .setIssuedAt(NOW / 1000)
      .setExpirationTime((NOW + TOKEN_LIFETIME_MS_MAX) / 1000 + 1)
      .sign(await importKey(key));
    expect((await refusal(admit(guardFor(key), long))).code).toBe("access-denied");
  });

  it("has a bounded number of rows, each a pattern that a name can fit and a right there is", async () => {
    const key = await createSigningKey();
    const rows = (count: number) =>
      Array.from({ length: count }, (_, row) => ({ pattern: `d${row}`, right: "read" }));
    expect(
      (await admit(guardFor(key), await tokenOf(key, { grants: rows(GRANT_ROWS_MAX) }))).rows.length,
    ).toBe(GRANT_ROWS_MAX);
    for (const [grants, code] of [
      [rows(GRANT_ROWS_MAX + 1), "limit-exceeded"],
      [[{ pattern: "x".repeat(DOCUMENT_NAME_BYTES_MAX + 1), right: "read" }], "limit-exceeded"],
      [[{ pattern: "", right: "read" }], "invalid-argument"],
      [[{ pattern: "*", right: "owner" }], "invalid-argument"],
    ] as const) {
      expect((await refusal(tokenOf(key, { grants }))).code).toBe(code);
    }
  });
});

describe("keys", () => {
  it("are read back from JSON, the public one without the private part", async () => {
    const key = await createSigningKey();
    expect(parseSigningKey(JSON.stringify(key))).toEqual(key);
    expect(parseVerifyingKey(JSON.stringify(key))).toEqual(verifyingKeyOf(key));
    expect(JSON.stringify(verifyingKeyOf(key))).not.toContain(key.d);
  });

  it("that are none are refused without being quoted", () => {
    for (const text of ["", "secret secret", "{}", '{"kty":"RSA","kid":"k","x":"secret"}']) {
      try {
        parseSigningKey(text);
        expect.unreachable();
      } catch (error) {
        expect(isCrdtError(error, "invalid-argument") && !error.message.includes("secret")).toBe(true);
      }
    }
  });
});

describe("patterns", () => {
  it("stand for names as globs do", () => {
    const cases: readonly [string, string, boolean][] = [
      ["*", "", true],
      ["*", "anything/at all", true],
      ["team/*", "team/", true],
      ["team/*", "team", false],
      ["*/notes", "a/b/notes", true],
      ["a*b*c", "aXbYbZc", true],
      ["a*b*c", "aXbYbZ", false],
      ["", "", true],
      ["[a-z]+", "a", false],
      ["[a-z]+", "[a-z]+", true],
    ];
    for (const [pattern, name, expected] of cases)
      expect([pattern, name, fits(pattern, name)]).toEqual([pattern, name, expected]);
  });

  it("cost little, whatever they look like", () => {
    const pattern = `${"*a".repeat(120)}b`;
    const before = process.cpuUsage();
    for (let round = 0; round < 100; round++) expect(fits(pattern, "a".repeat(255))).toBe(false);
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(1_000);
  });

  it("are tried in order, and admin everywhere needs every row before the last to be admin", () => {
    const rows: readonly GrantRow[] = [
      { pattern: "x", right: "none" },
      { pattern: "*", right: "admin" },
    ];
    expect([rightOn(rows, "x"), rightOn(rows, "y"), rightOn([], "y")]).toEqual(["none", "admin", "none"]);
    expect([
      hasRightOnAll(rows, "admin"),
      hasRightOnAll(rows.slice(1), "admin"),
      hasRightOnAll([], "read"),
    ]).toEqual([false, true, false]);
  });
});
