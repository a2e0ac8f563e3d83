// Whose memory something is: a tenant, and in it a user, an agent, a run of an agent. The first of user, agent and run that
// is given owns it, and each owner has a document of its own: that is the wall. A replica that was not given the document
// holds nothing of it, forgetting an owner is one mark in one place, and what an owner's search costs does not depend on
// others. Agent and run below an owner are part of every record's key, and compared for equality.
import { CrdtError } from "../errors.ts";
import { SCOPE_PART_BYTES_MAX } from "../limits.ts";
import { hasLoneSurrogate } from "../wire/key-codec.ts";

export interface Scope {
  /** "default" unless given. */
  readonly tenant?: string;
  readonly user?: string;
  readonly agent?: string;
  readonly run?: string;
}

/** The part of a scope below its owner; empty where it has none. */
export interface Place {
  readonly agent: string;
  readonly run: string;
}

const DEFAULT_TENANT = "default";
const PARTS = ["tenant", "user", "agent", "run"] as const;
/** No part of a scope contains it. */
export const SEPARATOR = "\u0000";

/** The document that a scope's owner has. Errors: invalid-argument, limit-exceeded. */
export function documentNameOf(scope: Scope): string {
  checkScope(scope);
  const owner = PARTS.slice(1).find((part) => scope[part] !== undefined);
  if (owner === undefined) {
    throw new CrdtError("invalid-argument", "a scope names nobody; give a user, an agent or a run");
  }
  const parts = [scope.tenant ?? DEFAULT_TENANT, owner, scope[owner]!];
  return `memory/${parts.map(encodeURIComponent).join("/")}`;
}

/** Where below its owner something of this scope is kept. */
export function placeOf({ user, agent, run }: Scope): Place {
  if (user !== undefined) return { agent: agent ?? "", run: run ?? "" };
  return { agent: "", run: agent === undefined ? "" : (run ?? "") };
}

/** Whether something kept at `place` is within a scope of the same owner: a part that the scope leaves open matches all. */
export function isWithin(place: Place, scope: Scope): boolean {
  const asked = placeOf(scope);
  return (asked.agent === "" || asked.agent === place.agent) && (asked.run === "" || asked.run === place.run);
}

/** The whole scope of what is kept at `place` by the owner of `scope`. */
export function scopeAt(scope: Scope, { agent, run }: Place): Scope {
  const { tenant = DEFAULT_TENANT, user, agent: owner } = scope;
  if (user !== undefined) {
    return { tenant, user, ...(agent === "" ? {} : { agent }), ...(run === "" ? {} : { run }) };
  }
  if (owner !== undefined) return { tenant, agent: owner, ...(run === "" ? {} : { run }) };
  return { tenant, ...(scope.run === undefined ? {} : { run: scope.run }) };
}

/** One text for a session at a place: equal for equal ones alone. */
export function sessionKey({ agent, run }: Place, session: string): string {
  return `${agent}${SEPARATOR}${run}${SEPARATOR}${session}`;
}

export function readSessionKey(key: string): Place & { readonly session: string } {
  const [agent = "", run = "", session = ""] = key.split(SEPARATOR);
  return { agent, run, session };
}

/** Errors: invalid-argument, limit-exceeded. */
function checkScope(scope: Scope): void {
  for (const part of PARTS) {
    const value: unknown = scope[part];
    if (value === undefined && !Object.hasOwn(scope, part)) continue;
    checkName(value, `scope.${part}`);
  }
}

/** Names of sessions, speakers and scopes: they are keys, and travel with every record. */
export function checkName(value: unknown, what: string): asserts value is string {
  if (typeof value !== "string" || value === "" || value.includes(SEPARATOR) || hasLoneSurrogate(value)) {
    throw new CrdtError(
      "invalid-argument",
      `${what} is ${JSON.stringify(value) ?? "undefined"}; give a text that is not empty, without U+0000 and lone surrogates`,
    );
  }
  const bytes = encodeURIComponent(value).length;
  if (bytes <= SCOPE_PART_BYTES_MAX) return;
  throw new CrdtError(
    "limit-exceeded",
    `${what} takes ${bytes} bytes where it is written as a name, ${SCOPE_PART_BYTES_MAX} are the limit; give a shorter one`,
  );
}
