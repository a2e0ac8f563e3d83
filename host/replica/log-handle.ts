// An append-only log, ordered everywhere by (clock reading, replica, sequence). It is read through the engine each
// time: a log grows, and a cache of it would be dropped by each append.
import type { ReplicaId } from "../engine/engine.ts";
import { CrdtError } from "../errors.ts";
import { isReplicaId } from "../wire/replica-id.ts";
import { type Frozen, jsonView, type Value } from "../wire/value.ts";
import { SEQUENCE_MAX } from "../wire/version-vector.ts";
import type { ChangeOrigin, LogChange } from "./change.ts";
import { ContainerHandle } from "./container-handle.ts";
import { EntriesExport } from "./entries-export.ts";
import type { LogPosition } from "./local-writes.ts";

/** Clock readings a millisecond has. */
const READINGS_PER_MS = 1024;

export interface LogEntry<T> extends LogPosition {
  readonly value: Frozen<T>;
  /** Wall-clock milliseconds of the replica that wrote it. */
  readonly timeMs: number;
  readonly timestamp: number;
  readonly replica: ReplicaId;
  readonly sequence: number;
}

/** What stays of a log: its last `keep` entries, or what lies after the entry `through`. */
export type LogTruncation = { readonly keep: number } | { readonly through: LogPosition };

export class LogHandle<T> extends ContainerHandle implements Iterable<LogEntry<T>> {
  readonly type = "log";
  #appended = 0;
  #isTruncated = false;

  get size(): number {
    return this.settledEngine.size(this.index);
  }

  /** Errors: invalid-value, limit-exceeded. */
  append(value: T): void {
    this.owner.writes.append(this.index, this.name, value);
    if (!this.owner.isObserved) return;
    this.#appended++;
    this.owner.changed(this);
  }

  /** Appends all or nothing, as one batch. Errors: invalid-value, limit-exceeded. */
  appendMany(values: Iterable<T>): void {
    this.owner.bulk(() => {
      for (const value of values) this.append(value);
    });
  }

  /** The entries in order, or the last so many of them. */
  entries(options: { readonly last?: number } = {}): LogEntry<T>[] {
    const last = checkedCount(options.last ?? Number.MAX_SAFE_INTEGER, "last");
    return last === 0 ? [] : this.#read(last);
  }

  /** Drops entries here and, once merged, everywhere; says whether any could go. Errors: invalid-argument. */
  truncate(what: LogTruncation): boolean {
    const through =
      "keep" in what ? this.#lastBefore(checkedCount(what.keep, "keep")) : checkedPosition(what.through);
    if (through === undefined || !this.owner.writes.truncate(this.index, through)) return false;
    if (this.owner.isObserved) {
      this.#isTruncated = true;
      this.owner.changed(this);
    }
    return true;
  }

  [Symbol.iterator](): IterableIterator<LogEntry<T>> {
    return this.entries().values();
  }

  /** The values in order; bigints as decimal strings, bytes as base64. */
  toJSON(): unknown[] {
    return this.entries().map(({ value }) => jsonView(value));
  }

  readonly isCaching = false;

  dropCache(): void {}

  noticed(_key: Uint8Array, isPresent: boolean, isRecorded: boolean): void {
    if (!isRecorded) return;
    if (isPresent) this.#appended++;
    else this.#isTruncated = true;
  }

  takeChange(origin: ChangeOrigin): LogChange | undefined {
    const change: LogChange = {
      container: this.name,
      type: "log",
      origin,
      appended: this.#appended,
      isTruncated: this.#isTruncated,
    };
    this.#appended = 0;
    this.#isTruncated = false;
    return change.appended === 0 && !change.isTruncated ? undefined : change;
  }

  /** The entry after which the last `keep` begin; undefined when there are no more than those. */
  #lastBefore(keep: number): LogPosition | undefined {
    if (this.size <= keep) return undefined;
    return this.#positions(keep + 1)[0];
  }

  #positions(last: number): LogPosition[] {
    const exported = this.#export(last);
    const { timestamps, sequences } = exported;
    return Array.from(timestamps, (timestamp, index) => ({
      timestamp,
      replica: exported.replica(index),
      sequence: sequences[index]!,
    }));
  }

  #export(last: number): EntriesExport {
    const isAll = last > 0xffff_ffff;
    return new EntriesExport(this.settledEngine.entries(this.index, isAll ? 0 : last));
  }

  #read(last: number): LogEntry<T>[] {
    const exported = this.#export(last);
    const values = this.#values(exported);
    const { timestamps, sequences } = exported;
    return values.map((value, index) => ({
      value: value as Frozen<T>,
      timeMs: Math.floor(timestamps[index]! / READINGS_PER_MS),
      timestamp: timestamps[index]!,
      replica: exported.replica(index),
      sequence: sequences[index]!,
    }));
  }

  #values(exported: EntriesExport): readonly Value[] {
    try {
      return exported.payloadValues().values;
    } catch (error) {
      throw this.unreadable(error);
    }
  }
}

function checkedPosition(position: LogPosition): LogPosition {
  const { timestamp, replica, sequence } = position;
  const isPlace = Number.isSafeInteger(timestamp) && timestamp >= 0 && isReplicaId(replica);
  if (isPlace && Number.isSafeInteger(sequence) && sequence > 0 && sequence <= SEQUENCE_MAX) return position;
  throw new CrdtError(
    "invalid-argument",
    `through: timestamp ${timestamp}, replica ${replica}, sequence ${sequence} is no place in a log; give an entry of it`,
  );
}

function checkedCount(count: number, name: string): number {
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw new CrdtError("invalid-argument", `${name}: ${count} is no count; give an integer from 0`);
}
