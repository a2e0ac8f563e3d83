// Turns and facts made ready for a prompt: the best for a question, each said once, in the order they were said, as much
// as a budget of tokens takes, numbered so that an answer can cite them. A turn that answers a question brings the question.
import type { Fact } from "./fact-record.ts";
import type { Turn } from "./turn-record.ts";

/** Something found, as context takes it. */
export type ContextSource =
  | { readonly kind: "turn"; readonly score: number; readonly turn: Turn; readonly asked: Turn | undefined }
  | { readonly kind: "fact"; readonly score: number; readonly fact: Fact };

export interface Citation {
  /** The number that stands before it in the text. */
  readonly number: number;
  readonly kind: "turn" | "fact";
  readonly id: string;
  readonly session: string | undefined;
  readonly timeMs: number;
}

export interface Context {
  readonly text: string;
  /** What `countTokens` says of the text; never above the budget. */
  readonly tokens: number;
  readonly citations: readonly Citation[];
}

interface Line {
  readonly kind: "turn" | "fact";
  readonly id: string;
  readonly session: string | undefined;
  readonly timeMs: number;
  readonly text: string;
}

/** A token is about four characters of English; a model's own count is better. */
const CHARACTERS_PER_TOKEN = 4;
const MINUTE_MS = 60_000;

export function estimateTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/** `sources` are ranked, the best first. */
export function assembleContext(
  sources: readonly ContextSource[],
  tokensMax: number,
  countTokens: (text: string) => number,
): Context {
  const kept: Line[] = [];
  const said = new Set<string>();
  for (const source of sources) {
    const lines = linesOf(source).filter((line) => !said.has(sameAs(line)));
    for (const tried of [lines, lines.slice(-1)]) {
      if (tried.length === 0 || countTokens(textOf([...kept, ...tried])) > tokensMax) continue;
      kept.push(...tried);
      for (const line of tried) said.add(sameAs(line));
      break;
    }
  }
  const ordered = inOrder(kept);
  const text = textOf(ordered);
  const citations = ordered.map(({ kind, id, session, timeMs }, place) => {
    return { number: place + 1, kind, id, session, timeMs };
  });
  return { text, tokens: kept.length === 0 ? 0 : countTokens(text), citations };
}

function linesOf(source: ContextSource): Line[] {
  if (source.kind === "fact") {
    const { id, subject, predicate, object, validFromMs } = source.fact;
    const text = `${minuteOf(validFromMs, 0)} ${subject} ${predicate}: ${object}`;
    return [{ kind: "fact", id, session: undefined, timeMs: validFromMs, text }];
  }
  return [source.asked, source.turn].filter((turn) => turn !== undefined).map(lineOf);
}

function lineOf({ id, session, speaker, text, timeMs, zoneMinutes }: Turn): Line {
  return { kind: "turn", id, session, timeMs, text: `${minuteOf(timeMs, zoneMinutes)} ${speaker}: ${text}` };
}

function textOf(lines: readonly Line[]): string {
  return inOrder(lines)
    .map(({ text }, place) => `[${place + 1}] ${text}`)
    .join("\n");
}

function inOrder(lines: readonly Line[]): Line[] {
  return lines.toSorted((left, right) => left.timeMs - right.timeMs || (left.id < right.id ? -1 : 1));
}

/** Lines that say the same to a reader: those of one record, and those of one text by one speaker. */
function sameAs({ text }: Line): string {
  return text
    .slice(text.indexOf(" "))
    .replace(/^ \d\d:\d\d/, "")
    .toLowerCase()
    .replace(/\s+/g, " ")
    .trim();
}

/** "2023-01-20 16:04" on the speaker's clock. */
function minuteOf(timeMs: number, zoneMinutes: number): string {
  return new Date(timeMs + zoneMinutes * MINUTE_MS).toISOString().slice(0, 16).replace("T", " ");
}
