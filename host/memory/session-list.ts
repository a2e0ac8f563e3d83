// The sessions of an owner as its turns tell them: when they began, when somebody last spoke, how much was said. A session
// that has been silent for long is closed by a mark; its turns stay, and a turn after the mark opens it again.
import type { OwnerMemory } from "./owner-memory.ts";
import { isWithin, readSessionKey, type Scope, scopeAt } from "./scope.ts";
import { isTime } from "./turn-record.ts";

export interface Session {
  readonly session: string;
  readonly scope: Scope;
  readonly turns: number;
  readonly speakers: readonly string[];
  readonly firstMs: number;
  readonly lastMs: number;
  readonly isOpen: boolean;
}

interface Tally {
  turns: number;
  speakers: Set<string>;
  firstMs: number;
  lastMs: number;
}

/** Sessions by when somebody last spoke, the latest last. */
export function sessionsOf(owner: OwnerMemory, scope: Scope): Session[] {
  return [...tallies(owner, scope)]
    .map(([key, { turns, speakers, firstMs, lastMs }]) => {
      const place = readSessionKey(key);
      const closedMs: unknown = owner.document.closed.get(key);
      return {
        session: place.session,
        scope: scopeAt(scope, place),
        turns,
        speakers: [...speakers].sort(),
        firstMs,
        lastMs,
        isOpen: !isTime(closedMs) || closedMs < lastMs,
      };
    })
    .sort((left, right) => left.lastMs - right.lastMs || (left.session < right.session ? -1 : 1));
}

/** Closes sessions in which nobody has spoken for `idleMs`; gives them. */
export function closeIdleSessions(
  owner: OwnerMemory,
  scope: Scope,
  idleMs: number,
  nowMs: number,
): Session[] {
  const idle = new Map<string, number>();
  for (const [key, { lastMs }] of tallies(owner, scope)) {
    if (lastMs <= nowMs - idleMs) idle.set(key, lastMs);
  }
  const closed = sessionsOf(owner, scope).filter(({ isOpen, lastMs }) => isOpen && lastMs <= nowMs - idleMs);
  owner.document.closed.setMany([...idle].filter(([key, lastMs]) => isOpenSince(owner, key, lastMs)));
  return closed.map((session) => ({ ...session, isOpen: false }));
}

function isOpenSince(owner: OwnerMemory, key: string, lastMs: number): boolean {
  const closedMs: unknown = owner.document.closed.get(key);
  return !isTime(closedMs) || closedMs < lastMs;
}

function tallies(owner: OwnerMemory, scope: Scope): Map<string, Tally> {
  const { index } = owner;
  const found = new Map<string, Tally>();
  for (const slot of owner.timeline) {
    const key = index.sessionName(slot);
    if (!isWithin(readSessionKey(key), scope) || owner.isExpired(slot)) continue;
    const timeMs = index.time(slot);
    const tally = found.get(key) ?? { turns: 0, speakers: new Set(), firstMs: timeMs, lastMs: timeMs };
    found.set(key, tally);
    tally.turns++;
    tally.speakers.add(index.speakerName(slot));
    tally.lastMs = timeMs;
  }
  return found;
}
