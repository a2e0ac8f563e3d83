// Turns in the order they were said, page by page from the end. A cursor names the first turn of a page, so pages stay in
// step while turns come in.
import { CrdtError } from "../errors.ts";
import { MEMORY_PAGE_MAX } from "../limits.ts";
import type { OwnerMemory } from "./owner-memory.ts";
import { isWithin, readSessionKey, type Scope } from "./scope.ts";

/** What turns must be like to be found. */
export interface TurnFilters {
  readonly session?: string;
  readonly speaker?: string;
  /** From this time on, and before that one. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

export interface PageRequest extends TurnFilters {
  /** How many turns; 50 unless given. */
  readonly limit?: number;
  /** The cursor of the page behind. */
  readonly before?: string;
}

export interface PageOfSlots {
  /** In order. */
  readonly slots: readonly number[];
  /** Where the page before ends; undefined where there is none. */
  readonly cursor: string | undefined;
}

const PAGE_TURNS = 50;

export function pageOf(owner: OwnerMemory, scope: Scope, request: PageRequest): PageOfSlots {
  const limit = checkedCount(request.limit ?? PAGE_TURNS, "limit");
  const { index, timeline } = owner;
  const matches = matcher(owner, scope, request);
  const found: number[] = [];
  let place = request.before === undefined ? timeline.length : placeOfCursor(owner, request.before);
  while (place > 0 && found.length <= limit) {
    place--;
    const slot = timeline[place]!;
    if (matches(slot)) found.push(slot);
  }
  const hasMore = found.length > limit;
  const slots = found.slice(0, limit).reverse();
  const first = slots[0];
  return {
    slots,
    cursor: hasMore && first !== undefined ? cursorOf(index.time(first), index.id(first)) : undefined,
  };
}

/** Whether a slot holds a turn within a scope and a filter. */
export function matcher(owner: OwnerMemory, scope: Scope, filters: TurnFilters): (slot: number) => boolean {
  const { index } = owner;
  const { session, speaker, fromMs, toMs } = filters;
  const sessions = new Map<string, boolean>();
  const isInside = (name: string): boolean => {
    const place = readSessionKey(name);
    return isWithin(place, scope) && (session === undefined || place.session === session);
  };
  return (slot) => {
    const name = index.sessionName(slot);
    let isWanted = sessions.get(name);
    if (isWanted === undefined) {
      isWanted = isInside(name);
      sessions.set(name, isWanted);
    }
    if (!isWanted || owner.isExpired(slot)) return false;
    const timeMs = index.time(slot);
    if ((fromMs !== undefined && timeMs < fromMs) || (toMs !== undefined && timeMs >= toMs)) return false;
    return speaker === undefined || index.speakerName(slot) === speaker;
  };
}

/** Errors: invalid-argument, limit-exceeded. */
export function checkedCount(count: number, what: string): number {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new CrdtError("invalid-argument", `${what}: ${count} is no count; give an integer from 0`);
  }
  if (count <= MEMORY_PAGE_MAX) return count;
  throw new CrdtError("limit-exceeded", `${what}: ${count} is above ${MEMORY_PAGE_MAX}; ask for pages`);
}

const cursorOf = (timeMs: number, id: string): string => `${timeMs}/${id}`;

/** How many turns come before the one a cursor names, which need not be there any more. */
function placeOfCursor({ index, timeline }: OwnerMemory, cursor: string): number {
  const match = /^(\d{1,16})\/(.+)$/.exec(cursor);
  if (match === null) {
    throw new CrdtError(
      "invalid-argument",
      `before: ${JSON.stringify(cursor)} is no cursor; give one of a page`,
    );
  }
  const [timeMs, id] = [Number(match[1]), match[2]!];
  let [low, high] = [0, timeline.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const slot = timeline[middle]!;
    const isBefore = index.time(slot) < timeMs || (index.time(slot) === timeMs && index.id(slot) < id);
    if (isBefore) low = middle + 1;
    else high = middle;
  }
  return low;
}
