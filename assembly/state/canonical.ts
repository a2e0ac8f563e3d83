// Entries of one container in canonical order (replica id, sequence), or of a log in its own order (timestamp, replica
// id, sequence). Ids are gathered and sorted; where the container is most of the document, the dot columns give the
// order for free. The result lives in scratch memory.
import { Dots } from "../causality/dot-column";
import { Replicas } from "../causality/replica-table";
import { Scratch } from "../memory/scratch";
import { Sort, SortItem } from "../memory/sort";
import { Containers } from "./containers";
import { Document } from "./document";
import { Entries } from "./entries";
import { Members } from "./members";
import { EntryRow, FLAG_DELETED, FLAG_MARK, TYPE_COUNTER, TYPE_LOG } from "./records";

export abstract class Canonical {
  /** u32 entry ids of the last gathering. */
  static ids: u32 = 0;
  static count: u32 = 0;

  /** Gathers all entries of a container but deleted-marks and truncation marks. */
  static gather(container: u32): void {
    const containerRow = Containers.row(container);
    Canonical.ids = Scratch.allocate(containerRow.entries << 2);
    Canonical.count = 0;
    if (containerRow.type == TYPE_LOG) Canonical.gatherSorted(container, true);
    else if (containerRow.type == TYPE_COUNTER) Canonical.gatherCells(container);
    else if (containerRow.entries * 4 > Document.current.entriesLive) Canonical.gatherByDots(container);
    else Canonical.gatherSorted(container, false);
  }

  @inline static at(position: u32): u32 {
    return load<u32>(Canonical.ids + (position << 2));
  }

  @inline private static push(id: u32): void {
    store<u32>(Canonical.ids + (Canonical.count << 2), id);
    Canonical.count++;
  }

  @inline private static isShown(row: EntryRow): bool {
    return (<u32>row.place & (FLAG_DELETED | FLAG_MARK)) == 0;
  }

  private static gatherCells(container: u32): void {
    const order = Replicas.order();
    const containerRow = Containers.row(container);
    for (let rank: u32 = 0; rank < Document.current.replicaCount; rank++) {
      const cell = Members.cell(containerRow, Replicas.at(order, rank));
      if (cell != 0) Canonical.push(cell - 1);
    }
  }

  private static gatherByDots(container: u32): void {
    const order = Replicas.order();
    for (let rank: u32 = 0; rank < Document.current.replicaCount; rank++) {
      const replica = Replicas.at(order, rank);
      const replicaRow = Replicas.row(replica);
      for (let position: u32 = 0; position < replicaRow.dotCount; position++) {
        const pair = Dots.pair(replicaRow, position);
        if (!Dots.isLive(pair, replica)) continue;
        const row = Entries.row(pair.entry);
        if (Entries.containerOf(row) == container && Canonical.isShown(row)) Canonical.push(pair.entry);
      }
    }
  }

  private static gatherSorted(container: u32, byTime: bool): void {
    Replicas.order();
    const containerRow = Containers.row(container);
    let items = Scratch.allocate(containerRow.entries * <u32>offsetof<SortItem>());
    let count: u32 = 0;
    for (let position: u32 = 0; position < containerRow.memberCount; position++) {
      const id = Members.at(containerRow, position);
      const row = Entries.row(id);
      if (!Members.isLive(row, container, position) || !Canonical.isShown(row)) continue;
      const dot = ((<u64>Replicas.row(row.replica).rank) << 32) | <u64>row.sequence;
      Sort.set(items, count++, byTime ? row.timestamp : dot, dot, id);
    }
    items = Sort.ascending(items, count);
    for (let i: u32 = 0; i < count; i++) Canonical.push(Sort.item(items, i).value);
  }
}
