// Encodes deltas, stream deltas, snapshots and digest images (docs/wire-format.md). The caller says which replicas,
// from where, and which entries and removal records; this file writes them canonically.
// Cost: proportional to the replica table, the entries and the targets; containers only where they are named.
import { CrdtError } from "../../errors.ts";
import { DELTA_BYTES_MAX, DELTA_ENTRIES_MAX, DELTA_TARGETS_MAX } from "../../limits.ts";
import { xxhash32 } from "../../wire/xxhash32.ts";
import { writeBinaryString } from "./binary-string.ts";
import { ColumnWriter } from "./column-writer.ts";
import { byName, type Container } from "./container.ts";
import { FLAG_SNAPSHOT, FLAG_STREAM, FORMAT_VERSION } from "./delta-decoder.ts";
import { type DocumentState, isDeletedMark } from "./document-state.ts";
import type { Entry } from "./entry.ts";
import type { Removal, ReplicaColumn } from "./replica-column.ts";

const TWO_32 = 2 ** 32;
const TWO_53 = 2 ** 53;

/** What is to be written, gathered before the first byte. */
interface Selection {
  readonly replicas: readonly ReplicaColumn[];
  /** The base of each replica. */
  readonly bases: readonly number[];
  readonly entries: Entry[];
  /** Where the entries of each replica end. */
  readonly entryEnds: number[];
  readonly removals: Removal[];
  readonly removalEnds: number[];
  readonly containers: Container[];
}

export class DeltaEncoder {
  readonly #writer = new ColumnWriter();

  /** Everything above `from`, which lists a sequence for each of the sorted replicas. */
  delta(state: DocumentState, from: readonly number[]): Uint8Array {
    const replicas = state.sortedReplicas();
    const selection = select(replicas, from);
    for (let index = 0; index < replicas.length; index++) {
      selectEntries(selection, replicas[index]!, from[index]!);
      selectRemovals(selection, replicas[index]!, from[index]!);
    }
    return this.#encode(selection, 0, 0);
  }

  /** What `column` did after `sequence`. */
  stream(column: ReplicaColumn, sequence: number): Uint8Array {
    const removals = column.removals.slice(column.removalIndexAfter(sequence));
    const bases = new Map<ReplicaColumn, number>();
    for (const { targetReplicas, targetSequences } of removals) {
      targetReplicas.forEach((replica, index) => {
        bases.set(replica, Math.max(bases.get(replica) ?? 0, targetSequences[index]!));
      });
    }
    bases.set(column, sequence);
    const replicas = [...bases.keys()].sort((left, right) => (left.id < right.id ? -1 : 1));
    const selection = select(
      replicas,
      replicas.map((replica) => bases.get(replica)!),
    );
    for (const replica of replicas) {
      if (replica === column) {
        selectEntries(selection, column, sequence);
        selectRemovals(selection, column, sequence);
      } else endReplica(selection);
    }
    return this.#encode(selection, FLAG_STREAM, 0, column);
  }

  /** A stream delta without mutations. */
  emptyStream(): Uint8Array {
    return this.#encode(select([], []), FLAG_STREAM, 0);
  }

  snapshot(state: DocumentState): Uint8Array {
    const replicas = state.sortedReplicas();
    const selection = select(
      replicas,
      replicas.map((replica) => replica.floor),
    );
    for (const replica of replicas) {
      selectEntries(selection, replica, 0);
      selectRemovals(selection, replica, replica.floor);
    }
    return this.#encode(selection, FLAG_SNAPSHOT, state.compacted);
  }

  /** XXH32 of the digest image with seeds 1 and 2, as 16 hexadecimal digits. */
  digest(state: DocumentState): string {
    const replicas = state.sortedReplicas();
    const selection = select(
      replicas,
      replicas.map(() => 0),
    );
    for (const replica of replicas) {
      for (const entry of replica.entries) {
        if (entry.isLive && !isDeletedMark(entry)) pushEntry(selection, entry);
      }
      endReplica(selection);
    }
    this.#write(selection, FLAG_SNAPSHOT, 0);
    const writer = this.#writer;
    const hashes = [1, 2].map((seed) => xxhash32(writer.bytes, seed, 0, writer.length));
    writer.length = 0;
    return hashes.map((hash) => hash.toString(16).padStart(8, "0")).join("");
  }

  #encode(selection: Selection, flags: number, compacted: number, advancing?: ReplicaColumn): Uint8Array {
    this.#write(selection, flags, compacted, advancing);
    const writer = this.#writer;
    writer.u32(xxhash32(writer.bytes, 0, 0, writer.length));
    const { length } = writer;
    const bytes = writer.take();
    if (length > DELTA_BYTES_MAX) throw tooLarge(length, "bytes", DELTA_BYTES_MAX);
    return bytes;
  }

  #write(selection: Selection, flags: number, compacted: number, advancing?: ReplicaColumn): void {
    const writer = this.#writer;
    writer.length = 0;
    this.#writeTables(selection, flags, advancing);
    this.#writeEntries(selection, flags);
    this.#writeRemovals(selection);
    if (flags === FLAG_SNAPSHOT) writer.varint(compacted);
    for (const container of selection.containers) container.position = -1;
  }

  #writeTables(selection: Selection, flags: number, advancing: ReplicaColumn | undefined): void {
    const writer = this.#writer;
    const baseTimestamp = smallestTimestamp(selection.entries);
    for (const byte of [0x4a, 0x43, FORMAT_VERSION, flags]) writer.u8(byte);
    writer.u32(baseTimestamp % TWO_32);
    writer.u32(Math.floor(baseTimestamp / TWO_32));
    writer.varint(selection.replicas.length);
    selection.replicas.forEach((replica, position) => {
      const base = selection.bases[position]!;
      const isStill = advancing !== undefined && advancing !== replica;
      replica.position = position;
      writer.u32(replica.idLow);
      writer.u32(replica.idHigh);
      writer.varint(base);
      writer.varint(isStill ? 0 : replica.sequence - base);
    });
    const containers = selection.containers.sort(byName);
    writer.varint(containers.length);
    containers.forEach((container, position) => {
      container.position = position;
      writer.u8(container.type);
      writer.u8(container.nameBytes.length);
      writer.append(container.nameBytes);
    });
  }

  #writeEntries(selection: Selection, flags: number): void {
    const writer = this.#writer;
    const { entries, entryEnds } = selection;
    if (entries.length > DELTA_ENTRIES_MAX) throw tooLarge(entries.length, "entries", DELTA_ENTRIES_MAX);
    writer.varint(entries.length);
    this.#writeCounts(entryEnds);
    if (entries.length === 0) return;
    const baseTimestamp = smallestTimestamp(entries);
    let index = 0;
    entryEnds.forEach((end, replica) => {
      let previous = flags === FLAG_SNAPSHOT ? 0 : selection.bases[replica]!;
      for (; index < end; index++) {
        const { sequence } = entries[index]!;
        writer.value(sequence - previous - 1);
        previous = sequence;
      }
    });
    writer.endColumn();
    if (selection.containers.length > 1) {
      for (const entry of entries) writer.value(entry.container.position);
      writer.endColumn();
    }
    index = 0;
    for (const end of entryEnds) {
      let previous = baseTimestamp;
      for (; index < end; index++) {
        const { timestamp } = entries[index]!;
        const step = timestamp - previous;
        writer.value(step < 0 ? step + TWO_53 : step);
        previous = timestamp;
      }
    }
    writer.endColumn();
    this.#writeKeysAndPayloads(entries);
  }

  #writeKeysAndPayloads(entries: readonly Entry[]): void {
    const writer = this.#writer;
    let size = 0;
    for (const entry of entries) {
      writer.value(entry.key.length);
      size += entry.key.length;
    }
    writer.endColumn();
    for (const entry of entries) {
      writer.value(entry.length);
      size += entry.length;
    }
    writer.endColumn();
    writer.reserve(size);
    const { bytes } = writer;
    let offset = writer.length;
    for (const entry of entries) offset = writeBinaryString(bytes, offset, entry.key);
    for (const entry of entries) offset = writePayload(bytes, offset, entry);
    writer.length = offset;
  }

  #writeRemovals(selection: Selection): void {
    const writer = this.#writer;
    const { removals, removalEnds } = selection;
    writer.varint(removals.length);
    if (removals.length === 0) return;
    this.#writeCounts(removalEnds);
    let index = 0;
    removalEnds.forEach((end, replica) => {
      let previous = selection.bases[replica]!;
      for (; index < end; index++) {
        const { sequence } = removals[index]!;
        writer.value(sequence - previous - 1);
        previous = sequence;
      }
    });
    writer.endColumn();
    if (selection.containers.length > 1) {
      for (const removal of removals) writer.value(removal.container.position);
      writer.endColumn();
    }
    let targets = 0;
    for (const removal of removals) {
      targets += removal.targetSequences.length;
      writer.value(removal.targetSequences.length);
    }
    writer.endColumn();
    if (targets > DELTA_TARGETS_MAX) throw tooLarge(targets, "removal targets", DELTA_TARGETS_MAX);
    for (const removal of removals) {
      for (const replica of removal.targetReplicas) writer.value(replica.position);
    }
    writer.endColumn();
    for (const removal of removals) for (const sequence of removal.targetSequences) writer.value(sequence);
    writer.endColumn();
  }

  #writeCounts(ends: readonly number[]): void {
    if (ends.length < 2) return;
    let previous = 0;
    for (const end of ends) {
      this.#writer.varint(end - previous);
      previous = end;
    }
  }
}

function select(replicas: readonly ReplicaColumn[], bases: readonly number[]): Selection {
  return { replicas, bases, entries: [], entryEnds: [], removals: [], removalEnds: [], containers: [] };
}

function selectEntries(selection: Selection, replica: ReplicaColumn, from: number): void {
  const { entries } = replica;
  for (let index = replica.indexAfter(from); index < entries.length; index++) {
    const entry = entries[index]!;
    if (entry.isLive) pushEntry(selection, entry);
  }
  selection.entryEnds.push(selection.entries.length);
}

function selectRemovals(selection: Selection, replica: ReplicaColumn, from: number): void {
  const { removals } = replica;
  for (let index = replica.removalIndexAfter(from); index < removals.length; index++) {
    const removal = removals[index]!;
    selection.removals.push(removal);
    nameContainer(selection, removal.container);
  }
  selection.removalEnds.push(selection.removals.length);
}

function endReplica(selection: Selection): void {
  selection.entryEnds.push(selection.entries.length);
  selection.removalEnds.push(selection.removals.length);
}

function pushEntry(selection: Selection, entry: Entry): void {
  selection.entries.push(entry);
  nameContainer(selection, entry.container);
}

function nameContainer(selection: Selection, container: Container): void {
  if (container.position >= 0) return;
  container.position = 0;
  selection.containers.push(container);
}

function smallestTimestamp(entries: readonly Entry[]): number {
  if (entries.length === 0) return 0;
  let smallest = Number.POSITIVE_INFINITY;
  for (const entry of entries) if (entry.timestamp < smallest) smallest = entry.timestamp;
  return smallest;
}

/** Copies the payload; short ones by a loop, which needs no view. */
export function writePayload(target: Uint8Array, offset: number, entry: Entry): number {
  const { chunk, start, length } = entry;
  if (length > 64) target.set(chunk.subarray(start, start + length), offset);
  else for (let index = 0; index < length; index++) target[offset + index] = chunk[start + index]!;
  return offset + length;
}

function tooLarge(count: number, unit: string, limit: number): CrdtError {
  return new CrdtError(
    "limit-exceeded",
    `a delta of ${count} ${unit}; at most ${limit} are allowed, split the document`,
  );
}
