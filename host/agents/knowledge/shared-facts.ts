// What agents know together: statements about (subject, predicate), each with who made it, on what, and how sure. A statement
// stands under its agent's own key, so agents never overwrite each other, and of one agent's the later stands. What
// the statements come to is worked out when asked (belief.ts). Statements come from any version of any peer: those that do not
// fit are counted and passed over. Cost: a pass over the map, kept until it changes.
import { CrdtError } from "../../errors.ts";
import { STATEMENT_EVIDENCE_MAX } from "../../limits.ts";
import type { MapHandle } from "../../replica/map-handle.ts";
import type { Value } from "../../wire/value.ts";
import { type Belief, believe, type Statement } from "./belief.ts";

/** A statement as it is stored, under {@link statementKey}. */
export interface StatementRecord {
  readonly value: Value;
  readonly confidence: number;
  readonly evidence: readonly string[];
  readonly atMs: number;
}

export interface FactPlace {
  readonly statements: MapHandle<Record<string, StatementRecord>>;
  readonly now: () => number;
}

export interface StatementOptions {
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
  say(subject: string, predicate: string, value: Value, options: StatementOptions): void {
    const { agent, confidence, evidence = [] } = options;
    if (!isConfidence(confidence)) {
      throw new CrdtError(
        "invalid-argument",
        `a statement with confidence ${String(confidence)}: give a number from 0 to 1`,
      );
    }
    if (evidence.length > STATEMENT_EVIDENCE_MAX) {
      throw new CrdtError(
        "limit-exceeded",
        `a statement with ${evidence.length} pieces of evidence; it takes ${STATEMENT_EVIDENCE_MAX}, so name the weightiest`,
      );
    }
    const atMs = Math.max(0, Math.floor(this.#place.now()));
    this.#place.statements.set(statementKey(subject, predicate, agent), {
      value,
      confidence,
      evidence: [...evidence],
      atMs,
    });
  }

  /** Takes `agent`'s statement back; says whether there was one. */
  retract(subject: string, predicate: string, agent: string): boolean {
    return this.#place.statements.delete(statementKey(subject, predicate, agent));
  }

  /** What is believed, with who says so and what else is said; undefined where nobody says anything. */
  believe(subject: string, predicate: string, trustOf?: (agent: string) => number): Belief | undefined {
    const statements = this.#read().statements.filter(
      (each) => each.subject === subject && each.predicate === predicate,
    );
    return believe(statements, trustOf);
  }

  /** Everything believed of `subject`, ascending by predicate. */
  about(subject: string, trustOf?: (agent: string) => number): Fact[] {
    const byPredicate = new Map<string, Statement[]>();
    for (const statement of this.#read().statements) {
      if (statement.subject !== subject) continue;
      const held = byPredicate.get(statement.predicate);
      if (held === undefined) byPredicate.set(statement.predicate, [statement]);
      else held.push(statement);
    }
    return [...byPredicate]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([predicate, statements]) => ({ subject, predicate, ...believe(statements, trustOf)! }));
  }

  /** Records that do not fit. */
  get malformed(): number {
    return this.#read().malformed;
  }

  #read(): {
    readonly statements: readonly (Statement & { readonly subject: string; readonly predicate: string })[];
    readonly malformed: number;
  } {
    const statements: (Statement & { readonly subject: string; readonly predicate: string })[] = [];
    let malformed = 0;
    for (const [key, record] of this.#place.statements) {
      const names = readStatementKey(key);
      if (names === undefined || !isStatementRecord(record)) {
        malformed++;
        continue;
      }
      const { value, confidence, evidence, atMs } = record;
      statements.push({ ...names, value, confidence, evidence, atMs });
    }
    return { statements, malformed };
  }
}

export function statementKey(subject: string, predicate: string, agent: string): string {
  return JSON.stringify([subject, predicate, agent]);
}

function readStatementKey(
  key: string,
): { readonly subject: string; readonly predicate: string; readonly agent: string } | undefined {
  try {
    const names: unknown = JSON.parse(key);
    if (!Array.isArray(names) || names.length !== 3) return undefined;
    const [subject, predicate, agent] = names as [unknown, unknown, unknown];
    if (typeof subject !== "string" || typeof predicate !== "string" || typeof agent !== "string")
      return undefined;
    // One statement has one key: other spellings of it are no statements.
    return statementKey(subject, predicate, agent) === key ? { subject, predicate, agent } : undefined;
  } catch {
    return undefined;
  }
}

function isStatementRecord(value: unknown): value is StatementRecord {
  if (typeof value !== "object" || value === null || !("value" in value)) return false;
  const { confidence, evidence, atMs } = value as Partial<StatementRecord>;
  if (!isConfidence(confidence) || !Number.isSafeInteger(atMs)) return false;
  if (!Array.isArray(evidence) || evidence.length > STATEMENT_EVIDENCE_MAX) return false;
  return evidence.every((piece) => typeof piece === "string");
}

function isConfidence(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}
