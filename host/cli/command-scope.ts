// Whose memory a command works on, as its options say.

import { CrdtError } from "../errors.ts";
import { documentNameOf, type Scope } from "../memory/index.ts";
import type { ScopeOptions } from "./scope-options.ts";

/** Errors: invalid-option. */
export function scopeOf({ tenant, user, agent, run }: ScopeOptions): Scope {
  const parts = Object.entries({ tenant, user, agent, run });
  const scope: Scope = Object.fromEntries(parts.filter(([, part]) => part !== undefined));
  try {
    // With a run, names alone can be wrong.
    documentNameOf({ run: "any", ...scope });
    return scope;
  } catch (cause) {
    throw new CrdtError("invalid-option", cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** A scope that names somebody. Errors: invalid-option. */
export function ownedScopeOf(options: ScopeOptions): Scope {
  const scope = scopeOf(options);
  if ([scope.user, scope.agent, scope.run].some((part) => part !== undefined)) return scope;
  throw new CrdtError("invalid-option", "whose memory is meant is not said; give --user, --agent or --run");
}
