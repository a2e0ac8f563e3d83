// Recorded conversations with questions whose evidence is known, from a folder given on the command line (`--data`): the
// LoCoMo files (Maharana et al. 2024, github.com/snap-research/locomo, CC BY-NC 4.0), one conversation a file, gzipped or
// not. They are no part of this project. Evidence ids are cleaned up as every reader of them must.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { IndexedTurn } from "../../host/memory/recall/index.ts";

export const CATEGORIES: Readonly<Record<number, string>> = {
  1: "multi-hop",
  2: "temporal",
  3: "open",
  4: "single",
  5: "adversarial",
};

export interface EvidenceQuestion {
  readonly text: string;
  readonly category: number;
  readonly evidence: readonly string[];
}

export interface Conversation {
  readonly name: string;
  readonly turns: readonly IndexedTurn[];
  readonly questions: readonly EvidenceQuestion[];
}

interface StoredTurn {
  readonly speaker: string;
  readonly dia_id: string;
  readonly text?: string;
  readonly blip_caption?: string;
}

interface StoredConversation {
  readonly conversation: Readonly<Record<string, string | readonly StoredTurn[]>>;
  readonly qa: readonly {
    readonly question: string;
    readonly category: number;
    readonly evidence?: readonly string[];
  }[];
}

const TURN_MS = 1_000;

export function readConversations(folder: string): Conversation[] {
  const files = readdirSync(folder).filter((name) => /\.json(\.gz)?$/.test(name));
  if (files.length === 0) throw new Error(`no conversations (.json or .json.gz) in ${folder}`);
  return files.sort().map((name) => readConversation(name, readFileSync(join(folder, name))));
}

function readConversation(name: string, bytes: Uint8Array): Conversation {
  const text = name.endsWith(".gz") ? gunzipSync(bytes) : bytes;
  const stored = JSON.parse(text.toString()) as StoredConversation;
  return { name, turns: turnsOf(stored), questions: questionsOf(stored) };
}

function turnsOf({ conversation }: StoredConversation): IndexedTurn[] {
  const numbers = Object.keys(conversation).flatMap((key) => /^session_(\d+)$/.exec(key)?.[1] ?? []);
  return numbers.map(Number).flatMap((session) => {
    const startMs = timeOf(String(conversation[`session_${session}_date_time`]));
    const turns = conversation[`session_${session}`] as readonly StoredTurn[];
    return turns.map((turn, place) => ({
      id: turn.dia_id,
      session: String(session),
      speaker: turn.speaker,
      text: [turn.text, turn.blip_caption].filter((part) => part !== undefined && part !== "").join(" "),
      timeMs: startMs + place * TURN_MS,
    }));
  });
}

/** "4:04 pm on 20 January, 2023". */
function timeOf(text: string): number {
  const match = /(\d+):(\d+) ([ap]m) on (\d+) (\w+), (\d+)/.exec(text);
  if (match === null) throw new Error(`a session has no time: ${text}`);
  const [, hour, minute, half, day, month, year] = match;
  return Date.parse(`${day} ${month} ${year} ${Number(hour) % 12}:${minute} ${half} UTC`);
}

function questionsOf({ qa }: StoredConversation): EvidenceQuestion[] {
  return qa.flatMap(({ question, category, evidence = [] }) => {
    const ids = evidence.flatMap((entry) => entry.split(/[;,\s]+/).map(cleanId));
    const known = [...new Set(ids)].filter((id) => id !== "" && id !== "D");
    return known.length === 0 ? [] : [{ text: question, category, evidence: known }];
  });
}

/** "D:11:26" and "D30:05" name D11:26 and D30:5. */
function cleanId(id: string): string {
  return id.replace(/^D:/, "D").replace(/:0+(\d)/, ":$1");
}
