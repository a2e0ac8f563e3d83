// What agents know together: claims about (subject, predicate), each with who made it, on what, and how sure. A claim
// stands under its agent's own key, so agents never overwrite each other, and of one agent's the later stands. What
// the claims come to is worked out when asked (belief.ts). Claims come from any version of any peer: those that do not
// fit are counted and passed over. Cost: a pass over the map, kept until it changes.
import { CrdtError } from "../../errors.ts";
import { CLAIM_EVIDENCE_MAX } from "../../limits.ts";
import type { MapHandle } from "../../replica/map-handle.ts";
import type { Value } from "../../wire/value.ts";
import { type Belief, believe, type Claim } from "./belief.ts";

/** A claim as it is stored, under {@link claimKey}. */
export interface ClaimRecord {
  readonly value: Value;
  readonly confidence: number;
  readonly evidence: readonly string[];
  readonly atMs: number;
}

export interface FactPlace {
  readonly claims: MapHandle<Record<string, ClaimRecord>>;
  readonly now: () => number;
}

export interface ClaimOptions {
  readonly agent: string;
  /** 0 to 1. */
  readonly confidence: number;
  readonly evidence?: readonly string[];
}

export interface Fact extends Belief {
  readonly subject: string;
  readonly predicate: string;
}

export class SharedFacts {
  readonly #place: FactPlace;

  constructor(place: FactPlace) {
    this.#place = place;
  }

  /** Says that `predicate` of `subject` is `value`. Errors: invalid-argument, invalid-value, limit-exceeded. */
  claim(subject: string, predicate: string, value: Value, options: ClaimOptions): void {
    const { agent, confidence, evidence = [] } = options;
    if (!isConfidence(confidence)) {
      throw new CrdtError(
        "invalid-argument",
        `a claim with confidence ${String(confidence)}: give a number from 0 to 1`,
      );
    }
    if (evidence.length > CLAIM_EVIDENCE_MAX) {
      throw new CrdtError(
        "limit-exceeded",
        `a claim with ${evidence.length} pieces of evidence; it takes ${CLAIM_EVIDENCE_MAX}, so name the weightiest`,
      );
    }
    const atMs = Math.max(0, Math.floor(this.#place.now()));
    this.#place.claims.set(claimKey(subject, predicate, agent), {
      value,
      confidence,
      evidence: [...evidence],
      atMs,
    });
  }

  /** Takes `agent`'s claim back; says whether there was one. */
  retract(subject: string, predicate: string, agent: string): boolean {
    return this.#place.claims.delete(claimKey(subject, predicate, agent));
  }

  /** What is believed, with who says so and what else is said; undefined where nobody says anything. */
  believe(subject: string, predicate: string, trustOf?: (agent: string) => number): Belief | undefined {
    const claims = this.#read().claims.filter(
      (each) => each.subject === subject && each.predicate === predicate,
    );
    return believe(claims, trustOf);
  }

  /** Everything believed of `subject`, ascending by predicate. */
  about(subject: string, trustOf?: (agent: string) => number): Fact[] {
    const byPredicate = new Map<string, Claim[]>();
    for (const claim of this.#read().claims) {
      if (claim.subject !== subject) continue;
      const held = byPredicate.get(claim.predicate);
      if (held === undefined) byPredicate.set(claim.predicate, [claim]);
      else held.push(claim);
    }
    return [...byPredicate]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([predicate, claims]) => ({ subject, predicate, ...believe(claims, trustOf)! }));
  }

  /** Records that do not fit. */
  get malformed(): number {
    return this.#read().malformed;
  }

  #read(): {
    readonly claims: readonly (Claim & { readonly subject: string; readonly predicate: string })[];
    readonly malformed: number;
  } {
    const claims: (Claim & { readonly subject: string; readonly predicate: string })[] = [];
    let malformed = 0;
    for (const [key, record] of this.#place.claims) {
      const names = readClaimKey(key);
      if (names === undefined || !isClaimRecord(record)) {
        malformed++;
        continue;
      }
      const { value, confidence, evidence, atMs } = record;
      claims.push({ ...names, value, confidence, evidence, atMs });
    }
    return { claims, malformed };
  }
}

export function claimKey(subject: string, predicate: string, agent: string): string {
  return JSON.stringify([subject, predicate, agent]);
}

function readClaimKey(
  key: string,
): { readonly subject: string; readonly predicate: string; readonly agent: string } | undefined {
  try {
    const names: unknown = JSON.parse(key);
    if (!Array.isArray(names) || names.length !== 3) return undefined;
    const [subject, predicate, agent] = names as [unknown, unknown, unknown];
    if (typeof subject !== "string" || typeof predicate !== "string" || typeof agent !== "string")
      return undefined;
    // One claim has one key: other spellings of it are no claims.
    return claimKey(subject, predicate, agent) === key ? { subject, predicate, agent } : undefined;
  } catch {
    return undefined;
  }
}

function isClaimRecord(value: unknown): value is ClaimRecord {
  if (typeof value !== "object" || value === null || !("value" in value)) return false;
  const { confidence, evidence, atMs } = value as Partial<ClaimRecord>;
  if (!isConfidence(confidence) || !Number.isSafeInteger(atMs)) return false;
  if (!Array.isArray(evidence) || evidence.length > CLAIM_EVIDENCE_MAX) return false;
  return evidence.every((piece) => typeof piece === "string");
}

function isConfidence(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}
