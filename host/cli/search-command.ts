// `jarvis search`: what a stored memory, or that of a relay, knows about a question. A folder is read without being changed.

import { schema } from "../index.ts";
import { createMemory, documentNameOf, type Explanation, type SearchHit } from "../memory/index.ts";
import type { ClientAccess } from "./access-options.ts";
import { ownedScopeOf } from "./command-scope.ts";
import { readReplica } from "./read-replica.ts";
import type { ScopeOptions } from "./scope-options.ts";
import type { Terminal } from "./terminal.ts";

export interface SearchCommandOptions extends ClientAccess, ScopeOptions {
  readonly k: number;
  readonly explain: boolean;
}

export async function searchCommand(
  where: string,
  question: string,
  options: SearchCommandOptions,
  terminal: Terminal,
): Promise<number> {
  const scope = ownedScopeOf(options);
  const document = documentNameOf(scope);
  await readReplica(where, options, async ({ open, replica }) => {
    await open(document, schema({}));
    const memory = createMemory(replica);
    const hits = await memory.search(question, { scope, k: options.k });
    terminal.result({ where, scope, hits });
    if (hits.length === 0) terminal.line("nothing is found");
    for (const hit of hits) {
      terminal.line(`${hit.score.toFixed(2)}  ${wordsOf(hit)}`);
      if (options.explain) terminal.line(`      ${reasonsOf(hit.why)}`);
    }
    await memory.close();
  });
  return 0;
}

function wordsOf(hit: SearchHit): string {
  if (hit.kind === "fact") {
    const { subject, predicate, object, validFromMs } = hit.fact;
    return `${minuteOf(validFromMs)}  ${subject} ${predicate}: ${object}`;
  }
  const { speaker, text, timeMs, session } = hit.turn;
  return `${minuteOf(timeMs)}  ${session}  ${speaker}: ${text}`;
}

/** In UTC. */
const minuteOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 16).replace("T", " ");

function reasonsOf({ terms, parts, factors }: Explanation): string {
  const list = (of: Readonly<Record<string, number | undefined>>, sign: string): string[] =>
    Object.entries(of).map(([name, value = 0]) => `${name} ${sign}${value.toFixed(2)}`);
  return [...list(terms, ""), ...list(parts, "+"), ...list(factors, "×")].join(", ");
}
