// Turns and facts as lines of JSON, and back: one record a line, by id, fields in a fixed order, so that what was exported,
// imported and exported again is the same to the byte. A line without an id is a new record; one whose id is there already
// replaces it. Left out: profiles, marks of forgetting, and which sessions are closed.
import { CrdtError } from "../errors.ts";
import { readStoredFact, type StoredFact } from "./fact-record.ts";
import type { OwnerMemory } from "./owner-memory.ts";
import type { RecordIds } from "./record-ids.ts";
import { isWithin, type Scope } from "./scope.ts";
import { isName, placeOfStored, readStoredTurn, type StoredTurn } from "./turn-record.ts";

const TURN_FIELDS = {
  s: "session",
  w: "speaker",
  t: "text",
  m: "timeMs",
  a: "agent",
  r: "run",
  z: "zoneMinutes",
  f: "attachments",
  x: "expiresMs",
  e: "editedMs",
} as const;
const FACT_FIELDS = {
  s: "subject",
  p: "predicate",
  o: "object",
  v: "validFromMs",
  u: "validToMs",
  m: "recordedMs",
  c: "source",
  k: "isOneOfMany",
  a: "agent",
  r: "run",
} as const;
const ATTACHMENT_FIELDS = { n: "name", r: "reference", y: "mediaType" } as const;

export type ReadLine =
  | { readonly kind: "turn"; readonly id: string; readonly stored: StoredTurn }
  | { readonly kind: "fact"; readonly id: string; readonly stored: StoredFact };

type Fields = Readonly<Record<string, string>>;

export function linesOf(owner: OwnerMemory, scope: Scope): string[] {
  const turns = [...owner.index.ids()].flatMap((id) => {
    const stored = owner.turn(id);
    return stored !== undefined && isWithin(placeOfStored(stored), scope) ? [[id, stored] as const] : [];
  });
  const lines = turns.map(([id, stored]) => [id, lineOf("turn", id, stored, TURN_FIELDS)] as const);
  const facts = owner
    .facts(scope)
    .map(([id, stored]) => [id, lineOf("fact", id, stored, FACT_FIELDS)] as const);
  return [...lines, ...facts].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, line]) => line);
}

/** What a line holds, within `scope`. Errors: invalid-argument, which names the line. */
export function readLine(
  text: string,
  number: number,
  scope: Scope,
  ids: RecordIds,
  seen: readonly string[],
): ReadLine {
  const line = parse(text);
  const kind = line?.kind;
  if (line === undefined || (kind !== "turn" && kind !== "fact")) throw wrong(number, "is no turn or fact");
  const heads = seen.length === 0 ? {} : { h: [...seen] };
  const stored = { ...named(line, kind === "turn" ? TURN_FIELDS : FACT_FIELDS), ...heads };
  const id = line.id ?? ids.next(kind);
  if (!isName(id) || id.startsWith("f") !== (kind === "fact")) throw wrong(number, "has no id of its kind");
  const read = kind === "turn" ? readStoredTurn(stored) : readStoredFact(stored);
  if (read === undefined)
    throw wrong(number, `misses a field, or has a wrong one; a ${kind} needs what an exported one has`);
  if (!isWithin(placeOfStored(read), scope))
    throw wrong(number, "belongs to another agent or run than the scope names");
  return { kind, id, stored: read } as ReadLine;
}

function lineOf(kind: string, id: string, stored: object, fields: Fields): string {
  const line: Record<string, unknown> = { kind, id };
  for (const [letter, name] of Object.entries(fields)) {
    const value = (stored as Record<string, unknown>)[letter];
    if (value === undefined) continue;
    line[name] = Array.isArray(value) ? value.map((item) => renamed(item, ATTACHMENT_FIELDS)) : value;
  }
  return JSON.stringify(line);
}

function renamed(item: Readonly<Record<string, unknown>>, fields: Fields): Record<string, unknown> {
  const found = Object.entries(fields).filter(([letter]) => item[letter] !== undefined);
  return Object.fromEntries(found.map(([letter, name]) => [name, item[letter]]));
}

function named(line: Readonly<Record<string, unknown>>, fields: Fields): Record<string, unknown> {
  const stored: Record<string, unknown> = {};
  for (const [letter, name] of Object.entries(fields)) {
    const value = line[name];
    if (value === undefined) continue;
    stored[letter] = Array.isArray(value)
      ? value.map((item) => named(Object(item), ATTACHMENT_FIELDS))
      : value;
  }
  return stored;
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function wrong(number: number, why: string): CrdtError {
  return new CrdtError("invalid-argument", `line ${number} ${why}; nothing of the lines was imported`);
}
