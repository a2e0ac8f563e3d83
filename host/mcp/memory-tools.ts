// The tools of the memory server: what each is called, says of itself, takes, and does with a memory. A result is a value
// for JSON. Writing tools answer when what they wrote is stored.
import type { z } from "zod";
import { CrdtError } from "../errors.ts";
import type { Memory, Scope } from "../memory/index.ts";
import * as input from "./tool-inputs.ts";

export interface MemoryTool {
  readonly name: string;
  readonly description: string;
  readonly fields: z.ZodRawShape;
  readonly isReadOnly: boolean;
  readonly isDestructive: boolean;
  /** `fields` have been checked. */
  call(memory: Memory, scope: Scope, fields: object): Promise<unknown>;
}

type Effect = "reads" | "adds" | "destroys";

function tool<Fields extends z.ZodRawShape>(
  name: string,
  effect: Effect,
  description: string,
  fields: Fields,
  call: (memory: Memory, scope: Scope, values: z.output<z.ZodObject<Fields>>) => Promise<unknown>,
): MemoryTool {
  return {
    ...{ name, description, fields },
    isReadOnly: effect === "reads",
    isDestructive: effect === "destroys",
    call: (memory, scope, values) => call(memory, scope, values as z.output<z.ZodObject<Fields>>),
  };
}

export const MEMORY_TOOLS: readonly MemoryTool[] = [
  tool(
    "add",
    "adds",
    "Remember what was said: turns of a conversation, all or none. Gives their ids.",
    { turns: input.turns },
    async (memory, scope, { turns }) => {
      const ids = await memory.add(scope, turns);
      await memory.durable(scope);
      return { ids };
    },
  ),
  tool(
    "search",
    "reads",
    "Find turns and facts that answer a question, best first; with explain, what each score is made of.",
    { ...input.searchFields, explain: input.flag.exactOptional() },
    async (memory, scope, { query, explain = false, ...request }) => {
      const hits = await memory.search(query, { ...request, scope });
      return { hits: explain ? hits : hits.map(({ why, ...hit }) => hit) };
    },
  ),
  tool(
    "list",
    "reads",
    "The last turns in the order they were said; the cursor of a page, given as before, gets the page before it.",
    { ...input.turnFilters, limit: input.count.exactOptional(), before: input.reference.exactOptional() },
    (memory, scope, request) => memory.history(scope, request),
  ),
  tool(
    "update",
    "destroys",
    "Replace the text of a turn, or pin it: pinned turns do not fade. Says whether the turn is there.",
    { id: input.reference, text: input.text.exactOptional(), pinned: input.flag.exactOptional() },
    async (memory, scope, { id, text, pinned }) => {
      if (text === undefined && pinned === undefined)
        throw new CrdtError("invalid-argument", "nothing to update; give text, pinned or both");
      const isThere = (await memory.turn(scope, id)) !== undefined;
      if (isThere && text !== undefined) await memory.edit(scope, id, text);
      if (isThere && pinned === true) await memory.pin(scope, id);
      if (isThere && pinned === false) await memory.unpin(scope, id);
      await memory.durable(scope);
      return { isThere };
    },
  ),
  tool(
    "forget",
    "destroys",
    "Forget for good, on every replica: records by id, a session, or with all everything of the scope. Gives the mark " +
      "that the audit keeps.",
    {
      records: input.references.exactOptional(),
      session: input.name.exactOptional(),
      all: input.flag.exactOptional(),
      reason: input.name.exactOptional().describe("why, for the audit; it must not repeat what was said"),
    },
    async (memory, scope, { all = false, ...request }) => {
      const { records, session } = request;
      if ([records !== undefined, session !== undefined, all].filter(Boolean).length !== 1)
        throw new CrdtError("invalid-argument", "say what to forget; give one of records, session and all");
      const mark = await memory.forget(scope, request);
      await memory.compact(scope);
      return mark;
    },
  ),
  tool(
    "profile",
    "adds",
    "What is known of the owner of the scope, field by field; with set, writes the fields it names first.",
    { set: input.profileFields.exactOptional(), source: input.name.exactOptional() },
    async (memory, scope, { set, source }) => {
      if (set !== undefined) {
        await memory.setProfile(scope, set, source);
        await memory.durable(scope);
      }
      return { profile: await memory.profile(scope) };
    },
  ),
  tool(
    "facts",
    "adds",
    "Facts by subject and predicate, with when they hold; with add, adds facts first and gives their ids. A later fact " +
      "about the same ends the one before.",
    {
      add: input.newFacts.exactOptional(),
      subject: input.name.exactOptional(),
      predicate: input.name.exactOptional(),
      asOfMs: input.timeMs.exactOptional().describe("only those that held then"),
      knownAtMs: input.timeMs.exactOptional().describe("as it was known then"),
    },
    async (memory, scope, { add = [], ...request }) => {
      const ids: string[] = [];
      for (const fact of add) ids.push(await memory.addFact(scope, fact));
      if (add.length > 0) await memory.durable(scope);
      return { ids, facts: await memory.facts(scope, request) };
    },
  ),
  tool(
    "context",
    "reads",
    "What to give a model with a question: the best turns and facts in order, numbered, within a budget of tokens.",
    { ...input.searchFields, tokens: input.tokens },
    (memory, scope, { query, ...request }) => memory.context(query, { ...request, scope }),
  ),
  tool(
    "sessions",
    "reads",
    "Conversations with their speakers and times, the latest last.",
    {},
    async (memory, scope) => ({ sessions: await memory.sessions(scope) }),
  ),
];
