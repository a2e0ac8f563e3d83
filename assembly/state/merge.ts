// Merges the decoded delta or snapshot into the current document: "Merging" in docs/wire-format.md, step by step. What
// can still be refused is refused before the first change. Entries go in rounds of 16 whose memory is touched
// ahead. Cost: that of what is new in the delta; a snapshot also visits the own entries of the replicas it lists.
import { CONTAINERS_MAX, REPLICAS_MAX } from "../../host/limits";
import { Clock } from "../causality/clock";
import { Dots } from "../causality/dot-column";
import { Removals } from "../causality/removal-column";
import { Replicas } from "../causality/replica-table";
import { Delta } from "../codec/delta";
import { Varint } from "../codec/varint";
import { Refusal } from "../refusal";
import { Retention } from "../series/retention";
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
import { Notices } from "./notices";
import { PayloadRules } from "./payload-rules";
import { EntryRow, NO_INDEX } from "./records";
import {
  RULE_ALL,
  RULE_CELL,
  RULE_ELEMENT,
  RULE_LOG,
  RULE_NONE,
  RULE_WINNER,
  Rules,
  TYPE_SERIES,
} from "./rules";
import { Supersession } from "./supersession";
import { TouchAhead } from "./touch-ahead";

/** Reserving ahead pays from here on. */
const RESERVED_ENTRIES_MIN: u32 = 64;

export abstract class Merge {
  static changed: bool = false;

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
    Merge.cut();
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
      const end = Delta.at(Delta.targetStarts, row.removalEnd);
      let touchedEnd: u32 = 0;
      for (let record = first; record < row.removalEnd; record++) {
        const target = Delta.at(Delta.targetStarts, record);
        if (target >= touchedEnd) {
          touchedEnd = min(end, target + TouchAhead.ROUND);
          TouchAhead.targets(target, touchedEnd);
        }
        Merge.applyRemoval(row.replica, record);
      }
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
      if (id != NO_INDEX && Merge.isElementOf(Entries.row(id), container)) Merge.leave(id);
    }
  }

  /** Whether a removal record that names the container may take the entry away. */
  @inline private static isElementOf(row: EntryRow, container: u32): bool {
    if (Entries.containerOf(row) != container) return false;
    const containerRow = Containers.row(container);
    if (containerRow.rule != RULE_NONE) return true;
    const key = Entries.keyPointer(row);
    return Rules.ofKey(containerRow.type, key, Entries.keyLength(row)) == RULE_ELEMENT;
  }

  /** Drops an entry and notes the change. */
  private static leave(id: u32): void {
    const row = Entries.row(id);
    const container = Entries.containerOf(row);
    const replica: u32 = row.replica;
    const isKeyGone = Entries.drop(id);
    if (!Changes.isWanted) return;
    const containerRow = Containers.row(container);
    let rule = containerRow.rule;
    if (rule == RULE_CELL) {
      Notices.entry(container, rule, false, replica, 0, 0, 0);
      return;
    }
    const key = Entries.keyPointer(row);
    const keyLength = Entries.keyLength(row);
    if (containerRow.type == TYPE_SERIES) {
      const payloadLength = Entries.payloadLength(row);
      Notices.series(container, false, key, keyLength, Entries.payloadPointer(row), payloadLength);
      return;
    }
    if (rule == RULE_NONE) rule = Rules.ofKey(containerRow.type, key, keyLength);
    const isPresent = !isKeyGone && rule != RULE_LOG && rule != RULE_ALL;
    Notices.entry(container, rule, isPresent, replica, row.sequence, key, keyLength);
  }

  /** Applies entries [start, end), all of one replica. */
  private static applyRun(replica: u32, start: u32, end: u32): void {
    if (end - start >= RESERVED_ENTRIES_MIN) Merge.reserve(replica, start, end - start);
    while (start < end) {
      const roundEnd = min(end, start + TouchAhead.ROUND);
      TouchAhead.entries(replica, start, roundEnd);
      for (let index = start; index < roundEnd; index++) Merge.applyEntry(replica, index, index - start);
      start = roundEnd;
    }
  }

  /** Grows columns once instead of by doublings: dots always, records and keys where most entries must be new. */
  private static reserve(replica: u32, start: u32, count: u32): void {
    const row = Replicas.row(replica);
    Replicas.touch(row);
    Dots.reserve(row, replica, count);
    if (Document.current.entriesLive * 2 > count) return;
    Entries.reserve(count);
    const rule = Delta.container(Delta.at(Delta.containerIndices, start)).rule;
    if (rule != RULE_CELL && rule != RULE_LOG) Keys.reserve(count);
  }

  private static applyEntry(replica: u32, index: u32, inRound: u32): void {
    const container = Delta.container(Delta.at(Delta.containerIndices, index));
    const sequence = Delta.at(Delta.sequences, index);
    const timestamp = Delta.timestampAt(index);
    Clock.absorb(timestamp);
    const keyPointer = Delta.at(Delta.keys, index);
    const keyLength = Delta.at(Delta.keys, index + 1) - keyPointer;
    const payloadPointer = Delta.at(Delta.payloads, index);
    const payloadLength = Delta.at(Delta.payloads, index + 1) - payloadPointer;
    const hash = TouchAhead.hashAt(inRound);
    const place = container.container;
    let rule = container.rule;
    if (rule == RULE_NONE) rule = Rules.ofKey(container.type, keyPointer, keyLength);
    if (rule == RULE_WINNER) {
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
    } else if (rule == RULE_ELEMENT) {
      Supersession.putElement(place, hash, replica, sequence, timestamp, keyPointer, keyLength);
      Changes.note(place, true, keyPointer, keyLength);
    } else if (rule == RULE_CELL) {
      const plus = Varint.read(payloadPointer, payloadPointer + payloadLength);
      const minus = Varint.read(Varint.end, payloadPointer + payloadLength);
      Supersession.putSums(place, replica, sequence, timestamp, plus, minus);
      Changes.note(place, true, changetype<u32>(Replicas.row(replica)), sizeof<u64>());
    } else if (container.type == TYPE_SERIES) {
      container.isCutDue |= Retention.merge(
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
    } else if (rule != RULE_LOG) {
      const hasEntered = PayloadRules.put(
        rule,
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
      if (hasEntered) Notices.entry(place, rule, true, replica, sequence, keyPointer, keyLength);
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

  /** Drops what truncation marks and the marks of series take along. */
  private static cut(): void {
    let isSeriesDue = false;
    for (let index: u32 = 0; index < Delta.containerCount; index++) {
      const row = Delta.container(index);
      if (row.isCutDue == 0) continue;
      if (row.type == TYPE_SERIES) isSeriesDue = true;
      else Logs.cut(row.container);
    }
    if (isSeriesDue) Retention.cutMerged();
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
