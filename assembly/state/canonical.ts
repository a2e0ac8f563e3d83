// Entries of one container in canonical order (replica id, sequence), or of a log in its own order (timestamp, replica
// id, sequence). Ids are gathered and sorted; where the container is most of the document, the dot columns give the
// order for free. The result lives in scratch memory.
import { Dots } from "../causality/dot-column";
import { Replicas } from "../causality/replica-table";
import { Bytes } from "../memory/bytes";
import { Scratch } from "../memory/scratch";
import { Sort, SortItem } from "../memory/sort";
import { Containers } from "./containers";
import { Document } from "./document";
import { Entries } from "./entries";
import { Keys } from "./key-index";
import { Members } from "./members";
import { EntryRow, FLAG_DELETED, FLAG_MARK } from "./records";
import { RULE_CELL, RULE_LOG, RULE_OWN } from "./rules";

export abstract class Canonical {
  /** u32 entry ids of the last gathering. */
  static ids: u32 = 0;
  static count: u32 = 0;

  /** Gathers all entries of a container but deleted-marks and truncation marks. */
  static gather(container: u32): void {
    const containerRow = Containers.row(container);
    Canonical.open(containerRow.entries);
    if (containerRow.rule == RULE_LOG) Canonical.gatherSorted(container, true);
    else if (containerRow.rule == RULE_CELL) Canonical.gatherCells(container);
    else if (containerRow.entries * 4 > Document.current.entriesLive) Canonical.gatherByDots(container);
    else Canonical.gatherSorted(container, false);
  }

  /** Gathers those of the entries of a container that stand under the key: a chain, or all that the container has. */
  static gatherUnder(container: u32, keyPointer: u32, keyLength: u32): void {
    const containerRow = Containers.row(container);
    Canonical.count = 0;
    if (containerRow.rule == RULE_CELL) {
      if (keyLength == 0) Canonical.gather(container);
      return;
    }
    Canonical.open(containerRow.entries);
    if (containerRow.rule == RULE_OWN) {
      for (let position: u32 = 0; position < containerRow.memberCount; position++) {
        const id = Members.at(containerRow, position);
        const row = Entries.row(id);
        if (!Members.isLive(row, container, position) || Entries.keyLength(row) != keyLength) continue;
        if (Bytes.equal(Entries.keyPointer(row), keyPointer, keyLength)) Canonical.push(id);
      }
    } else {
      const hash = Keys.hash(container, keyPointer, keyLength);
      let link = Keys.find(hash, container, keyPointer, keyLength);
      for (; link != 0; link = Entries.row(link - 1).next) {
        if (Canonical.isShown(Entries.row(link - 1))) Canonical.push(link - 1);
      }
    }
    Canonical.sortByDots();
  }

  /** Gathers the entry `id`, if it is shown. */
  static gatherOne(id: u32): void {
    Canonical.open(1);
    if (Canonical.isShown(Entries.row(id))) Canonical.push(id);
  }

  /** Gathers nothing; there is room for `count`. */
  static open(count: u32): void {
    Canonical.ids = Scratch.allocate(count << 2);
    Canonical.count = 0;
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

  private static sortByDots(): void {
    const count = Canonical.count;
    let items = Scratch.allocate(count * <u32>offsetof<SortItem>());
    for (let i: u32 = 0; i < count; i++) {
      const row = Entries.row(Canonical.at(i));
      Sort.set(items, i, Replicas.row(row.replica).id, row.sequence, Canonical.at(i));
    }
    items = Sort.ascending(items, count);
    for (let i: u32 = 0; i < count; i++) store<u32>(Canonical.ids + (i << 2), Sort.item(items, i).value);
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
