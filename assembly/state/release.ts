// Gives back everything a document holds. Cost: its entries, removal records with several targets, and containers.
import { Removals } from "../causality/removal-column";
import { Replicas } from "../causality/replica-table";
import { Heap } from "../memory/heap";
import { SeriesIndex } from "../series/series-index";
import { Containers } from "./containers";
import { Document } from "./document";
import { Entries } from "./entries";
import {
  BlockRow,
  ContainerRow,
  DOT_SHIFT,
  ENTRY_SHIFT,
  NO_REPLICA,
  REMOVAL_SHIFT,
  ReplicaRow,
  TargetPair,
} from "./records";
import { Rules, TYPE_COUNTER } from "./rules";

const WORD_SHIFT: u32 = 2;
const KEY_SLOT_SHIFT: u32 = 3;

export abstract class Release {
  static document(): void {
    const document = Document.current;
    Release.entries();
    Release.replicas();
    Release.containers();
    SeriesIndex.release();
    Release.column(document.replicaSlots, document.replicaSlotMask + 1, WORD_SHIFT);
    Release.column(document.replicaOrder, document.replicaOrderCapacity, WORD_SHIFT);
    Release.column(document.containerOrder, document.containerOrderCapacity, WORD_SHIFT);
    Release.column(document.keySlots, document.keySlotMask + 1, KEY_SLOT_SHIFT);
  }

  private static column(pointer: u32, capacity: u32, shift: u32): void {
    if (pointer != 0 && capacity != 0) Heap.release(pointer, capacity << shift);
  }

  private static entries(): void {
    const document = Document.current;
    for (let id: u32 = 0; id < document.entryCount; id++) {
      const row = Entries.row(id);
      if (<u32>row.replica == NO_REPLICA) continue;
      const type = Containers.row(Entries.containerOf(row)).type;
      if (type == TYPE_COUNTER) continue;
      if (Entries.isLinked(row) && Rules.isBlockShared(type)) continue; // its block is that of the first of its chain
      Heap.release(
        row.block,
        <u32>offsetof<BlockRow>() + Entries.keyLength(row) + Entries.payloadLength(row),
      );
    }
    Release.column(document.entries, document.entryCapacity, ENTRY_SHIFT);
  }

  private static replicas(): void {
    const document = Document.current;
    for (let index: u32 = 0; index < document.replicaCount; index++) {
      const replica = Replicas.row(index);
      for (let position: u32 = 0; position < replica.removalCount; position++) {
        const row = Removals.row(replica, position);
        if (row.targetCount > 1) Heap.release(row.target, row.targetCount * <u32>offsetof<TargetPair>());
      }
      Release.column(replica.dots, replica.dotCapacity, DOT_SHIFT);
      Release.column(replica.removals, replica.removalCapacity, REMOVAL_SHIFT);
    }
    if (document.replicaCapacity) {
      Heap.release(document.replicas, document.replicaCapacity * <u32>offsetof<ReplicaRow>());
    }
  }

  private static containers(): void {
    const document = Document.current;
    for (let index: u32 = 0; index < document.containerCount; index++) {
      const row = Containers.row(index);
      Heap.release(row.name, row.nameLength);
      Release.column(row.members, row.memberCapacity, WORD_SHIFT);
    }
    if (document.containerCapacity) {
      Heap.release(document.containers, document.containerCapacity * <u32>offsetof<ContainerRow>());
    }
  }
}
