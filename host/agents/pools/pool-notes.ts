// What replicas tell each other about a pool beside the counter itself: holds, wants, sources, reclaimed rights. Each
// note stands under a key that begins with its writer's id, and only that writer's notes bind it. Notes come from any
// version of any peer, so they are checked when read; what does not fit is counted and passed over.
import { isReplicaId, type ReplicaId } from "../../wire/replica-id.ts";

/** An amount that is set aside for something, out of its writer's own rights. */
export interface HoldNote {
  readonly kind: "hold";
  readonly amount: number;
  readonly sinceMs: number;
}

/** How many rights its writer wants to have in all. */
export interface WantNote {
  readonly kind: "want";
  readonly level: number;
}

/** What its writer has put into the pool on behalf of a source. */
export interface SourceNote {
  readonly kind: "source";
  readonly amount: number;
}

/** Rights of a struck-off id that its writer, the heir, has created anew. */
export interface ReclaimedNote {
  readonly kind: "reclaimed";
  readonly amount: number;
}

export type PoolNote = HoldNote | WantNote | SourceNote | ReclaimedNote;
export type PoolNoteKind = PoolNote["kind"];

export interface ReadNote<Note extends PoolNote = PoolNote> {
  readonly writer: ReplicaId;
  /** Of a hold its id, of a source its name, of reclaimed rights whose they were; empty for a want. */
  readonly subject: string;
  readonly note: Note;
}

const ID_LENGTH = 16;

export function noteKey(writer: ReplicaId, kind: PoolNoteKind, subject: string): string {
  return `${writer}/${kind}/${subject}`;
}

/** The note under `key`; undefined where it is none. */
export function readNote(key: string, value: unknown): ReadNote | undefined {
  const writer = key.slice(0, ID_LENGTH);
  if (!isReplicaId(writer) || key[ID_LENGTH] !== "/" || typeof value !== "object" || value === null) return;
  const note = value as { readonly [name: string]: unknown };
  const prefix = `${writer}/${String(note.kind)}/`;
  if (!key.startsWith(prefix) || !isNote(note)) return undefined;
  const subject = key.slice(prefix.length);
  if (note.kind === "reclaimed" && !isReplicaId(subject)) return undefined;
  return { writer, subject, note };
}

function isNote(note: {
  readonly [name: string]: unknown;
}): note is { readonly [name: string]: unknown } & PoolNote {
  switch (note.kind) {
    case "hold":
      return isAmount(note.amount) && isAmount(note.sinceMs);
    case "want":
      return isAmount(note.level);
    case "source":
    case "reclaimed":
      return isAmount(note.amount);
    default:
      return false;
  }
}

export function isAmount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
