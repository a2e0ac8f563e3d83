// What an encoder writes: the replicas listed with their bases, the entries and removal records above them in canonical
// order, and the containers those name. Gathered in scratch memory before the first byte is written.
import { Dots } from "../causality/dot-column";
import { Removals } from "../causality/removal-column";
import { Replicas } from "../causality/replica-table";
import { Scratch } from "../memory/scratch";
import { Containers } from "../state/containers";
import { Document } from "../state/document";
import { Entries } from "../state/entries";
import { RemovalRow, ReplicaRow } from "../state/records";

/** A replica to be listed. */
@unmanaged
export class SelectedReplica {
  replica: u32;
  base: u32;
  advance: u32;
  /** Where its entries, and its removal records, end. */
  entryEnd: u32;
  removalEnd: u32;
  spare: u32;
}

const NOT_NAMED: u32 = 0xffffffff;

export abstract class Selection {
  static replicas: u32 = 0;
  static replicaCount: u32 = 0;
  /** u32 entry ids. */
  static entries: u32 = 0;
  static entryCount: u32 = 0;
  /** Addresses of RemovalRow. */
  static removals: u32 = 0;
  static removalCount: u32 = 0;
  static targetCount: u64 = 0;
  /** By dense replica: position in the replica table. Only of listed replicas. */
  static positions: u32 = 0;
  /** By container index: position in the container table, or NOT_NAMED; and the indices in table order. */
  static containerPositions: u32 = 0;
  static containers: u32 = 0;
  static containerCount: u32 = 0;

  @inline static replica(position: u32): SelectedReplica {
    return changetype<SelectedReplica>(Selection.replicas + position * <u32>offsetof<SelectedReplica>());
  }

  @inline static at(columnPointer: u32, index: u32): u32 {
    return load<u32>(columnPointer + (index << 2));
  }

  @inline static put(columnPointer: u32, index: u32, value: u32): void {
    store<u32>(columnPointer + (index << 2), value);
  }

  /** Begins a selection of at most `replicas` replicas. */
  static open(replicas: u32): void {
    const document = Document.current;
    Selection.replicas = Scratch.allocate(replicas * <u32>offsetof<SelectedReplica>());
    Selection.replicaCount = 0;
    Selection.entryCount = 0;
    Selection.removalCount = 0;
    Selection.targetCount = 0;
    Selection.positions = Scratch.allocate(document.replicaCount << 2);
    Selection.containerPositions = Scratch.allocate(document.containerCount << 2);
    for (let index: u32 = 0; index < document.containerCount; index++) {
      Selection.put(Selection.containerPositions, index, NOT_NAMED);
    }
  }

  /** Lists a replica; call in ascending order of id. */
  static list(replica: u32, base: u32, advance: u32): void {
    const row = Selection.replica(Selection.replicaCount);
    row.replica = replica;
    row.base = base;
    row.advance = advance;
    Selection.put(Selection.positions, replica, Selection.replicaCount);
    Selection.replicaCount++;
  }

  /** Room for all entries and removal records above the bases (above 0: entries, if `isWhole`). */
  static allocate(isWhole: bool): void {
    let entries: u32 = 0;
    let removals: u32 = 0;
    for (let position: u32 = 0; position < Selection.replicaCount; position++) {
      const row = Selection.replica(position);
      if (row.advance == 0 && !isWhole) continue;
      const replica = Replicas.row(row.replica);
      entries += isWhole ? replica.dotsLive : replica.dotCount - Dots.firstAbove(replica, row.base);
      removals += replica.removalCount - Removals.firstAbove(replica, row.base);
    }
    Selection.entries = Scratch.allocate(entries << 2);
    Selection.removals = Scratch.allocate(removals << 2);
  }

  /** Takes the entries of the replica at `position` above `sequence`. */
  static takeEntries(position: u32, sequence: u32, skipsDeletedMarks: bool): void {
    const row = Selection.replica(position);
    const replica = Replicas.row(row.replica);
    let count = Selection.entryCount;
    for (let dot = Dots.firstAbove(replica, sequence); dot < replica.dotCount; dot++) {
      const pair = Dots.pair(replica, dot);
      if (!Dots.isLive(pair, row.replica)) continue;
      const entry = Entries.row(pair.entry);
      if (skipsDeletedMarks && Entries.isDeletedMark(entry)) continue;
      Selection.put(Selection.entries, count++, pair.entry);
      Selection.put(Selection.containerPositions, Entries.containerOf(entry), 0);
    }
    Selection.entryCount = count;
  }

  static takeRemovals(position: u32, sequence: u32): void {
    const replica = Replicas.row(Selection.replica(position).replica);
    for (let i = Removals.firstAbove(replica, sequence); i < replica.removalCount; i++) {
      const removal = Removals.row(replica, i);
      Selection.put(Selection.removals, Selection.removalCount++, changetype<u32>(removal));
      Selection.put(Selection.containerPositions, removal.container, 0);
      Selection.targetCount += removal.targetCount;
    }
  }

  /** Call after the takes of each listed replica. */
  static endReplica(position: u32): void {
    const row = Selection.replica(position);
    row.entryEnd = Selection.entryCount;
    row.removalEnd = Selection.removalCount;
  }

  /** Gives the named containers their positions. */
  static placeContainers(): void {
    const count = Document.current.containerCount;
    const order = Containers.order();
    Selection.containers = Scratch.allocate(count << 2);
    Selection.containerCount = 0;
    for (let rank: u32 = 0; rank < count; rank++) {
      const index = Selection.at(order, rank);
      if (Selection.at(Selection.containerPositions, index) == NOT_NAMED) continue;
      Selection.put(Selection.containerPositions, index, Selection.containerCount);
      Selection.put(Selection.containers, Selection.containerCount++, index);
    }
  }

  @inline static removal(index: u32): RemovalRow {
    return changetype<RemovalRow>(Selection.at(Selection.removals, index));
  }

  @inline static replicaRow(position: u32): ReplicaRow {
    return Replicas.row(Selection.replica(position).replica);
  }
}
