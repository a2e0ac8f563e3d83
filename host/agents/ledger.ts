// Every write of this replica to the fleet's document: one transaction and one entry of the trail for what belongs
// together. Replayed in the order of the log, the trail gives the maps as they are: an entry of the log and the writes
// it names have one timestamp and one replica, and the maps decide by these.

import type { ReplicaId } from "../engine/engine.ts";
import { CrdtError } from "../errors.ts";
import type { Value } from "../wire/value.ts";
import { ASPECTS, type Aspect, type FleetDocument } from "./fleet-document.ts";
import { isFields } from "./records/shapes.ts";

/** `null` deletes. */
export type Write = readonly [aspect: Aspect, key: string, value: object | null];

/** Said every few seconds, and of no use later. */
const UNTRAILED: ReadonlySet<Aspect> = new Set<Aspect>(["beats", "progress"]);

export interface TrailEntry {
  readonly timeMs: number;
  readonly replica: ReplicaId;
  readonly writes: readonly Write[];
}

export class Ledger {
  readonly document: FleetDocument;
  readonly #hasTrail: boolean;

  constructor(document: FleetDocument, hasTrail: boolean) {
    this.document = document;
    this.#hasTrail = hasTrail;
  }

  /** All or nothing. Errors: invalid-value, limit-exceeded. */
  write(writes: readonly Write[]): void {
    if (writes.length === 0) return;
    const { document } = this;
    document.transact(() => {
      for (const [aspect, key, value] of writes) {
        if (value === null) document[aspect].delete(key);
        else document[aspect].set(key, value as Value);
      }
      const kept = this.#hasTrail ? writes.filter(([aspect]) => !UNTRAILED.has(aspect)) : [];
      if (kept.length > 0) document.trail.append(kept as unknown as Value);
    });
  }
}

/** The trail, oldest first; entries that do not fit are left out. */
export function readTrail(document: FleetDocument): TrailEntry[] {
  const entries: TrailEntry[] = [];
  for (const { value, timeMs, replica } of document.trail.entries()) {
    if (Array.isArray(value) && value.every(isWrite))
      entries.push({ timeMs, replica, writes: value as Write[] });
  }
  return entries;
}

const isWrite = (value: unknown): boolean => {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [aspect, key, record] = value as unknown[];
  return (
    ASPECTS.includes(aspect as Aspect) && typeof key === "string" && (record === null || isFields(record))
  );
};

/** What the maps hold after these entries. */
export function replayTrail(entries: readonly TrailEntry[]): Record<string, Record<string, unknown>> {
  const state: Record<string, Record<string, unknown>> = {};
  for (const { writes } of entries) {
    for (const [aspect, key, value] of writes) {
      state[aspect] ??= {};
      if (value === null) delete state[aspect][key];
      else state[aspect][key] = value;
    }
  }
  return state;
}

/** Errors: document-closed. */
export function refuseLeft(hasLeft: boolean): void {
  if (hasLeft) throw new CrdtError("document-closed", "this replica has left the fleet; join it again");
}
