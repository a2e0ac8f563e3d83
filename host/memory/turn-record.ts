// A turn as it is stored, and as it is read. Field names are a letter each: they are stored with every turn. What a
// document holds was written by any version of any peer, so a record is checked field by field, and one that does not fit
// is no turn.
import { CrdtError } from "../errors.ts";
import { TURN_TEXT_LENGTH_MAX } from "../limits.ts";
import { checkName, type Place, type Scope, scopeAt } from "./scope.ts";

/** Something that a turn refers to, kept elsewhere. */
export interface Attachment {
  readonly name: string;
  /** Where it is: an address or a digest. Its bytes are not kept here. */
  readonly reference: string;
  readonly mediaType?: string;
}

/** What is said, as it is added. */
export interface NewTurn {
  readonly session: string;
  readonly speaker: string;
  readonly text: string;
  /** When it was said; now unless given. */
  readonly timeMs?: number;
  /** How far the speaker's clock was ahead of UTC, in minutes; 0 unless given. */
  readonly zoneMinutes?: number;
  readonly attachments?: readonly Attachment[];
  /** How long from when it is added until it is forgotten by itself. */
  readonly lifetimeMs?: number;
}

export interface Turn {
  readonly id: string;
  readonly scope: Scope;
  readonly session: string;
  readonly speaker: string;
  readonly text: string;
  readonly timeMs: number;
  readonly zoneMinutes: number;
  readonly attachments: readonly Attachment[];
  readonly editedMs?: number;
  readonly expiresMs?: number;
  readonly isPinned: boolean;
}

export type StoredAttachment = { n: string; r: string; y?: string };

export type StoredTurn = {
  /** Session, speaker ("who"), text, time. */
  s: string;
  w: string;
  t: string;
  m: number;
  /** Agent, run, zone, attachments, end of life, time of the last edit. */
  a?: string;
  r?: string;
  z?: number;
  f?: StoredAttachment[];
  x?: number;
  e?: number;
  /** The latest forgets that its writer had seen. */
  h?: string[];
};

const ZONE_MINUTES_MAX = 1_440;
/** The last day but one that a date can name: a zone then still leads to a date. */
const TIME_MS_MAX = 8_639_999_913_600_000;

/** Errors: invalid-argument, limit-exceeded. */
export function storedTurn(turn: NewTurn, place: Place, nowMs: number, seen: readonly string[]): StoredTurn {
  checkName(turn.session, "session");
  checkName(turn.speaker, "speaker");
  checkText(turn.text);
  const { timeMs = nowMs, zoneMinutes = 0, attachments = [], lifetimeMs } = turn;
  if (!isTime(timeMs)) throw refused("timeMs", timeMs, "give milliseconds since 1970");
  if (!isZone(zoneMinutes))
    throw refused("zoneMinutes", zoneMinutes, "give minutes ahead of UTC, a day at most");
  if (lifetimeMs !== undefined && !(lifetimeMs > 0 && isTime(nowMs + lifetimeMs))) {
    throw refused("lifetimeMs", lifetimeMs, "give milliseconds above 0");
  }
  return {
    s: turn.session,
    w: turn.speaker,
    t: turn.text,
    m: timeMs,
    ...(place.agent === "" ? {} : { a: place.agent }),
    ...(place.run === "" ? {} : { r: place.run }),
    ...(zoneMinutes === 0 ? {} : { z: zoneMinutes }),
    ...(attachments.length === 0 ? {} : { f: attachments.map(storedAttachment) }),
    ...(lifetimeMs === undefined ? {} : { x: nowMs + lifetimeMs }),
    ...(seen.length === 0 ? {} : { h: [...seen] }),
  };
}

/** Errors: invalid-argument, limit-exceeded. */
export function checkText(text: unknown): asserts text is string {
  if (typeof text !== "string") throw refused("text", text, "give a text");
  if (text.length <= TURN_TEXT_LENGTH_MAX) return;
  throw new CrdtError(
    "limit-exceeded",
    `a text of ${text.length} UTF-16 units is longer than the ${TURN_TEXT_LENGTH_MAX} that a turn holds; cut it, or attach it by reference`,
  );
}

/** The stored turn, or undefined where `value` is none. */
export function readStoredTurn(value: unknown): StoredTurn | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const { s, w, t, m, a, r, z, f, x, e, h } = value as Partial<Record<keyof StoredTurn, unknown>>;
  const hasNames = isName(s) && isName(w) && typeof t === "string" && t.length <= TURN_TEXT_LENGTH_MAX;
  const hasPlace = (a === undefined || isName(a)) && (r === undefined || isName(r));
  const hasTimes = isTime(m) && (z === undefined || isZone(z)) && isOptionalTime(x) && isOptionalTime(e);
  const hasLists = (f === undefined || isAttachments(f)) && (h === undefined || isNames(h));
  return hasNames && hasPlace && hasTimes && hasLists ? (value as StoredTurn) : undefined;
}

export function turnOf(id: string, stored: StoredTurn, scope: Scope, isPinned: boolean): Turn {
  return {
    id,
    scope: scopeAt(scope, placeOfStored(stored)),
    session: stored.s,
    speaker: stored.w,
    text: stored.t,
    timeMs: stored.m,
    zoneMinutes: stored.z ?? 0,
    attachments: (stored.f ?? []).map(({ n, r, y }) => ({
      name: n,
      reference: r,
      ...(y === undefined ? {} : { mediaType: y }),
    })),
    ...(stored.e === undefined ? {} : { editedMs: stored.e }),
    ...(stored.x === undefined ? {} : { expiresMs: stored.x }),
    isPinned,
  };
}

export function placeOfStored({ a = "", r = "" }: { readonly a?: string; readonly r?: string }): Place {
  return { agent: a, run: r };
}

function storedAttachment({ name, reference, mediaType }: Attachment): StoredAttachment {
  checkName(name, "attachment.name");
  if (typeof reference !== "string" || reference === "")
    throw refused("attachment.reference", reference, "give a text");
  return { n: name, r: reference, ...(mediaType === undefined ? {} : { y: mediaType }) };
}

export const isTime = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= TIME_MS_MAX;
export const isOptionalTime = (value: unknown): boolean => value === undefined || isTime(value);
export const isName = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && !value.includes("\u0000");
export const isNames = (value: unknown): value is string[] => Array.isArray(value) && value.every(isName);
const isZone = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Math.abs(value as number) <= ZONE_MINUTES_MAX;

function isAttachments(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every((item: unknown) => {
      if (typeof item !== "object" || item === null) return false;
      const { n, r, y } = item as Partial<Record<keyof StoredAttachment, unknown>>;
      return isName(n) && isName(r) && (y === undefined || typeof y === "string");
    })
  );
}

export function refused(what: string, value: unknown, advice: string): CrdtError {
  return new CrdtError("invalid-argument", `${what} is ${JSON.stringify(value) ?? String(value)}; ${advice}`);
}
