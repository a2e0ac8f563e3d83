// Merges the decoded delta or snapshot into the current document: "Merging" in docs/wire-format.md, step by step. What
// can still be refused is refused before the first change. Entries go in blocks of 16: hash all, touch their slots,
// records and blocks, then apply, so that sixteen cache misses wait together. Cost: that of what is new in the delta;
// a snapshot also visits the own entries of the replicas it lists.
import { CONTAINERS_MAX, REPLICAS_MAX } from "../../host/limits";
import { Clock } from "../causality/clock";
import { Dots } from "../causality/dot-column";
import { Removals } from "../causality/removal-column";
import { Replicas } from "../causality/replica-table";
import { Delta } from "../codec/delta";
import { Varint } from "../codec/varint";
import { Refusal } from "../refusal";
import {
  STATUS_GAP,
  STATUS_LIMIT_EXCEEDED,
  STATUS_OK,
  SUBJECT_CONTAINERS,
  SUBJECT_REPLICAS,
  SUBJECT_SEQUENCE,
} from "../status";
import { Changes } from "./changes";
import { Containers } from "./containers";
import { Document } from "./document";
import { Entries } from "./entries";
import { Keys } from "./key-index";
import { Logs } from "./logs";
import { Members } from "./members";
import { EntryRow, NO_INDEX, TYPE_COUNTER, TYPE_FLAG, TYPE_LOG, TYPE_MAP, TYPE_REGISTER, TYPE_SET } from "./records";
import { Supersession } from "./supersession";

const BLOCK_ENTRIES: u32 = 16;
/** Reserving ahead pays from here on. */
const RESERVED_ENTRIES_MIN: u32 = 64;
/** Touching ahead pays from a few entries on. */
const TOUCHED_ENTRIES_MIN: u32 = 4;
const hashesPointer: u32 = <u32>memory.data(16 * 4, 16);
const touchedPointer: u32 = <u32>memory.data(16 * 4, 16);
/** A record, and its block, of nothing: zeros. */
const nothingPointer: u32 = <u32>memory.data(64, 16);
const LINE_BYTES: u32 = 64;

export abstract class Merge {
  static changed: bool = false;
  /** Keeps the touching loads from being optimised away. */
  static touched: u32 = 0;

  /** Refuses what does not fit this document: `gap`, `limit-exceeded`. Changes nothing. */
  static check(): u32 {
    const document = Document.current;
    let newReplicas: u32 = 0;
    for (let index: u32 = 0; index < Delta.replicaCount; index++) {
      const row = Delta.replica(index);
      row.replica = Replicas.find(row.id);
      row.seen = row.replica == NO_INDEX ? 0 : Replicas.row(row.replica).sequence;
      if (row.replica == NO_INDEX) newReplicas++;
      if (!Delta.isSnapshot && row.base > row.seen) {
        return Refusal.of(STATUS_GAP, SUBJECT_SEQUENCE, row.base, row.seen);
      }
    }
    const replicas = document.replicaCount + newReplicas;
    if (newReplicas != 0 && replicas > <u32>REPLICAS_MAX) {
      return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_REPLICAS, replicas, REPLICAS_MAX);
    }
    let newContainers: u32 = 0;
    for (let index: u32 = 0; index < Delta.containerCount; index++) {
      const row = Delta.container(index);
      row.container = Containers.find(row.type, row.name, row.nameLength);
      if (row.container == NO_INDEX) newContainers++;
    }
    const containers = document.containerCount + newContainers;
    if (newContainers != 0 && containers > <u32>CONTAINERS_MAX) {
      return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_CONTAINERS, containers, CONTAINERS_MAX);
    }
    return STATUS_OK;
  }

  /** Applies everything; runs inside an open journal. */
  static apply(nowMs: f64): void {
    Merge.changed = false;
    Clock.openMerge(nowMs);
    Merge.resolveTables();
    if (Delta.isSnapshot) Merge.dropMissing();
    Merge.applyRemovals();
    let start: u32 = 0;
    for (let index: u32 = 0; index < Delta.replicaCount; index++) {
      const row = Delta.replica(index);
      Merge.applyRun(
        row.replica,
        Merge.firstAbove(Delta.sequences, start, row.entryEnd, row.seen),
        row.entryEnd,
      );
      start = row.entryEnd;
    }
    Merge.cutLogs();
    Clock.closeMerge();
    Merge.advance();
    if (Delta.isSnapshot) Merge.raiseFloor();
  }

  private static resolveTables(): void {
    for (let index: u32 = 0; index < Delta.replicaCount; index++) {
      const row = Delta.replica(index);
      if (row.replica == NO_INDEX) row.replica = Replicas.findOrAdd(row.id);
    }
    for (let index: u32 = 0; index < Delta.containerCount; index++) {
      const row = Delta.container(index);
      if (row.container == NO_INDEX) row.container = Containers.findOrAdd(row.type, row.name, row.nameLength);
    }
  }

  /** Drops own entries the snapshot has seen and lacks. */
  private static dropMissing(): void {
    let index: u32 = 0;
    for (let position: u32 = 0; position < Delta.replicaCount; position++) {
      const row = Delta.replica(position);
      const replica = Replicas.row(row.replica);
      for (let dot: u32 = 0; dot < replica.dotCount; dot++) {
        const pair = Dots.pair(replica, dot);
        if (pair.sequence > row.to) break;
        if (!Dots.isLive(pair, row.replica)) continue;
        while (index < row.entryEnd && Delta.at(Delta.sequences, index) < pair.sequence) index++;
        if (index < row.entryEnd && Delta.at(Delta.sequences, index) == pair.sequence) continue;
        Merge.leave(pair.entry);
      }
      index = row.entryEnd;
    }
  }

  private static applyRemovals(): void {
    if (Delta.removalCount == 0) return;
    let start: u32 = 0;
    for (let index: u32 = 0; index < Delta.replicaCount; index++) {
      const row = Delta.replica(index);
      const first = Merge.firstAbove(Delta.removalSequences, start, row.removalEnd, row.seen);
      if (first < row.removalEnd) Replicas.touch(Replicas.row(row.replica));
      for (let record = first; record < row.removalEnd; record++) Merge.applyRemoval(row.replica, record);
      start = row.removalEnd;
    }
  }

  private static applyRemoval(replica: u32, record: u32): void {
    const container = Delta.container(Delta.at(Delta.removalContainers, record)).container;
    const start = Delta.at(Delta.targetStarts, record);
    const count = Delta.at(Delta.targetStarts, record + 1) - start;
    const sequence = Delta.at(Delta.removalSequences, record);
    const removal = Removals.append(Replicas.row(replica), sequence, container, count);
    for (let i: u32 = 0; i < count; i++) {
      const targetReplica = Delta.replica(Delta.at(Delta.targetReplicas, start + i)).replica;
      const targetSequence = Delta.at(Delta.targetSequences, start + i);
      Removals.setTarget(removal, i, targetReplica, targetSequence);
      const id = Dots.find(Replicas.row(targetReplica), targetReplica, targetSequence);
      if (id != NO_INDEX && Entries.containerOf(Entries.row(id)) == container) Merge.leave(id);
    }
  }

  /** Drops an entry and notes the change. */
  private static leave(id: u32): void {
    const row = Entries.row(id);
    const container = Entries.containerOf(row);
    const replica: u32 = row.replica;
    const isKeyGone = Entries.drop(id);
    if (!Changes.isWanted) return;
    const type = Containers.row(container).type;
    if (type == TYPE_COUNTER)
      Changes.note(container, false, changetype<u32>(Replicas.row(replica)), sizeof<u64>());
    else if (type == TYPE_LOG) Changes.note(container, false, 0, 0);
    else Changes.note(container, !isKeyGone, Entries.keyPointer(row), Entries.keyLength(row));
  }

  /** Applies entries [start, end), all of one replica. */
  private static applyRun(replica: u32, start: u32, end: u32): void {
    if (end - start >= RESERVED_ENTRIES_MIN) Merge.reserve(replica, start, end - start);
    while (start < end) {
      const blockEnd = min(end, start + BLOCK_ENTRIES);
      Merge.touchBlock(replica, start, blockEnd);
      for (let index = start; index < blockEnd; index++) Merge.applyEntry(replica, index, index - start);
      start = blockEnd;
    }
  }

  /** Grows columns once instead of by doublings: dots always, records and keys where most entries must be new. */
  private static reserve(replica: u32, start: u32, count: u32): void {
    const row = Replicas.row(replica);
    Replicas.touch(row);
    Dots.reserve(row, replica, count);
    if (Document.current.entriesLive * 2 > count) return;
    Entries.reserve(count);
    const type = Delta.container(Delta.at(Delta.containerIndices, start)).type;
    if (type != TYPE_COUNTER && type != TYPE_LOG) Keys.reserve(count);
  }

  /** Hashes the keys of a block and touches what applying it will read, level by level: each level is a short loop of
   *  loads that do not wait for each other. */
  private static touchBlock(replica: u32, start: u32, end: u32): void {
    const count = end - start;
    for (let i: u32 = 0; i < count; i++) {
      store<u32>(touchedPointer + (i << 2), Merge.firstAddress(replica, start + i, hashesPointer + (i << 2)));
    }
    if (count < TOUCHED_ENTRIES_MIN) return;
    let touched: u32 = 0;
    for (let i: u32 = 0; i < count; i++) touched += load<u32>(load<u32>(touchedPointer + (i << 2)));
    for (let i: u32 = 0; i < count; i++) {
      const place = touchedPointer + (i << 2);
      store<u32>(place, Merge.recordAddress(start + i, load<u32>(hashesPointer + (i << 2)), load<u32>(place)));
    }
    for (let i: u32 = 0; i < count; i++) {
      const place = touchedPointer + (i << 2);
      store<u32>(place, changetype<EntryRow>(load<u32>(place)).block);
    }
    for (let i: u32 = 0; i < count; i++) {
      const block = load<u32>(touchedPointer + (i << 2));
      touched += load<u32>(block) + load<u32>(block, LINE_BYTES);
    }
    Merge.touched = touched;
  }

  /** Hashes the key of an entry; gives the address its search begins at: a key slot, the cell of a counter, or nothing. */
  @inline private static firstAddress(replica: u32, index: u32, hashPointer: u32): u32 {
    const row = Delta.container(Delta.at(Delta.containerIndices, index));
    const type = row.type;
    if (type == TYPE_LOG) return nothingPointer;
    if (type == TYPE_COUNTER) return Members.cellAddress(Containers.row(row.container), replica, nothingPointer);
    const keyPointer = Delta.at(Delta.keys, index);
    const hash = Keys.hash(row.container, keyPointer, Delta.at(Delta.keys, index + 1) - keyPointer);
    store<u32>(hashPointer, hash);
    return Keys.firstSlot(hash, nothingPointer);
  }

  /** The record of the keyed entry that an entry will probably meet, or nothing; that of a counter is touched at once. */
  @inline private static recordAddress(index: u32, hash: u32, address: u32): u32 {
    if (address == nothingPointer) return nothingPointer;
    if (Delta.container(Delta.at(Delta.containerIndices, index)).type != TYPE_COUNTER) {
      const link = Keys.linkFrom(address, hash);
      return link == 0 ? nothingPointer : changetype<u32>(Entries.row(link - 1));
    }
    const cell = load<u32>(address);
    if (cell != 0) Merge.touched = Entries.row(cell - 1).sequence;
    return nothingPointer;
  }

  private static applyEntry(replica: u32, index: u32, inBlock: u32): void {
    const container = Delta.container(Delta.at(Delta.containerIndices, index));
    const sequence = Delta.at(Delta.sequences, index);
    const timestamp = Delta.timestampAt(index);
    Clock.absorb(timestamp);
    const type = container.type;
    const keyPointer = Delta.at(Delta.keys, index);
    const keyLength = Delta.at(Delta.keys, index + 1) - keyPointer;
    const payloadPointer = Delta.at(Delta.payloads, index);
    const payloadLength = Delta.at(Delta.payloads, index + 1) - payloadPointer;
    const hash = load<u32>(hashesPointer + (inBlock << 2));
    const place = container.container;
    if (type == TYPE_MAP || type == TYPE_REGISTER) {
      const hasWon = Supersession.putWinner(
        place,
        hash,
        replica,
        sequence,
        timestamp,
        keyPointer,
        keyLength,
        payloadPointer,
        payloadLength,
      );
      if (hasWon) Changes.note(place, payloadLength != 0, keyPointer, keyLength);
    } else if (type == TYPE_SET || type == TYPE_FLAG) {
      Supersession.putElement(place, hash, replica, sequence, timestamp, keyPointer, keyLength);
      Changes.note(place, true, keyPointer, keyLength);
    } else if (type == TYPE_COUNTER) {
      const plus = Varint.read(payloadPointer, payloadPointer + payloadLength);
      const minus = Varint.read(Varint.end, payloadPointer + payloadLength);
      Supersession.putSums(place, replica, sequence, timestamp, plus, minus);
      Changes.note(place, true, changetype<u32>(Replicas.row(replica)), sizeof<u64>());
    } else if (keyLength != 0) {
      if (Logs.mark(place, replica, sequence, timestamp, keyPointer)) {
        container.isCutDue = 1;
        Changes.note(place, false, 0, 0);
      }
    } else if (!Logs.isCut(Containers.row(place), timestamp, Replicas.row(replica).id, sequence)) {
      Logs.append(place, replica, sequence, timestamp, payloadPointer, payloadLength);
      Changes.note(place, true, 0, 0);
    }
  }

  private static cutLogs(): void {
    for (let index: u32 = 0; index < Delta.containerCount; index++) {
      const row = Delta.container(index);
      if (row.isCutDue) Logs.cut(row.container);
    }
  }

  private static advance(): void {
    for (let index: u32 = 0; index < Delta.replicaCount; index++) {
      const row = Delta.replica(index);
      if (row.to <= row.seen) continue;
      const replica = Replicas.row(row.replica);
      Replicas.touch(replica);
      replica.sequence = row.to;
      Merge.changed = true;
    }
  }

  private static raiseFloor(): void {
    for (let index: u32 = 0; index < Delta.replicaCount; index++) {
      const row = Delta.replica(index);
      const replica = Replicas.row(row.replica);
      if (row.base > replica.floor) {
        Replicas.touch(replica);
        replica.floor = row.base;
      }
      if (replica.removalCount != 0 && Removals.row(replica, 0).sequence <= replica.floor) {
        Replicas.touch(replica);
        Removals.dropThrough(replica, replica.floor);
      }
    }
    const document = Document.current;
    if (Delta.compacted > document.compacted) document.compacted = Delta.compacted;
  }

  /** The first place in [start, end) whose sequence is above `sequence`. */
  private static firstAbove(columnPointer: u32, start: u32, end: u32, sequence: u32): u32 {
    if (start < end && Delta.at(columnPointer, start) > sequence) return start;
    let low = start;
    let high = end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Delta.at(columnPointer, middle) > sequence) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
