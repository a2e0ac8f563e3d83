// Checks the structures of a document against each other, for tests and fuzzing. The answer is 0 or the number of the
// first broken invariant, whose name is the name of its export. Cost: the whole document.
import { Dots } from "../causality/dot-column";
import { Removals } from "../causality/removal-column";
import { Replicas } from "../causality/replica-table";
import { Bytes } from "../memory/bytes";
import { SeriesInvariants } from "../series/series-invariants";
import { Containers } from "./containers";
import { Document } from "./document";
import { Entries } from "./entries";
import {
  INVARIANT_CONTAINERS_ARE_COUNTED,
  INVARIANT_DEAD_RECORDS_ARE_LISTED,
  INVARIANT_DOTS_ARE_COVERED,
  INVARIANT_DOTS_ASCEND,
  INVARIANT_ENTRIES_ARE_COUNTED,
  INVARIANT_EVERY_ENTRY_HAS_ITS_DOT,
  INVARIANT_FLOOR_IS_COVERED,
  INVARIANT_KEYS_ARE_COUNTED,
  INVARIANT_KEYS_ARE_FOUND,
  INVARIANT_LIVE_DOTS_ARE_COUNTED,
  INVARIANT_MARK_CUTS_ITS_LOG,
  INVARIANT_MEMBERS_ARE_LISTED,
  INVARIANT_REMOVALS_ARE_COUNTED,
  INVARIANT_REMOVALS_ASCEND_ABOVE_THE_FLOOR,
  INVARIANT_REPLICAS_ARE_FOUND,
} from "./invariant-numbers";
import { Keys } from "./key-index";
import { Members } from "./members";
import { EntryRow, NO_REPLICA } from "./records";
import {
  RULE_ALL,
  RULE_CELL,
  RULE_ELEMENT,
  RULE_LOG,
  RULE_OWN,
  RULE_POINTS,
  RULE_VALUE,
  RULE_WINNER,
  Rules,
  TYPE_LIST,
  TYPE_SERIES,
} from "./rules";

export abstract class Invariants {
  static firstBroken(): u32 {
    let broken = Invariants.checkReplicas();
    if (broken == 0) broken = Invariants.checkEntries();
    if (broken == 0) broken = Invariants.checkContainers();
    if (broken == 0) broken = Invariants.checkFreeRecords();
    return broken;
  }

  private static checkReplicas(): u32 {
    const document = Document.current;
    let removals: u32 = 0;
    for (let index: u32 = 0; index < document.replicaCount; index++) {
      const replica = Replicas.row(index);
      if (Replicas.find(replica.id) != index || replica.sequence == 0) return INVARIANT_REPLICAS_ARE_FOUND;
      if (replica.floor > replica.sequence) return INVARIANT_FLOOR_IS_COVERED;
      let previous: u32 = 0;
      let live: u32 = 0;
      for (let position: u32 = 0; position < replica.dotCount; position++) {
        const pair = Dots.pair(replica, position);
        if (pair.sequence <= previous) return INVARIANT_DOTS_ASCEND;
        previous = pair.sequence;
        if (Dots.isLive(pair, index)) live++;
      }
      if (previous > replica.sequence) return INVARIANT_DOTS_ARE_COVERED;
      if (live != replica.dotsLive) return INVARIANT_LIVE_DOTS_ARE_COUNTED;
      previous = replica.floor;
      for (let position: u32 = 0; position < replica.removalCount; position++) {
        const sequence = Removals.row(replica, position).sequence;
        if (sequence <= previous || sequence > replica.sequence)
          return INVARIANT_REMOVALS_ASCEND_ABOVE_THE_FLOOR;
        previous = sequence;
      }
      removals += replica.removalCount;
    }
    return removals == document.removalCount ? 0 : INVARIANT_REMOVALS_ARE_COUNTED;
  }

  private static checkEntries(): u32 {
    const document = Document.current;
    let live: u32 = 0;
    let deletedMarks: u32 = 0;
    let keys: u32 = 0;
    for (let id: u32 = 0; id < document.entryCount; id++) {
      const row = Entries.row(id);
      if (<u32>row.replica == NO_REPLICA) continue;
      live++;
      if (Entries.isDeletedMark(row)) deletedMarks++;
      if (Dots.find(Replicas.row(row.replica), row.replica, row.sequence) != id) {
        return INVARIANT_EVERY_ENTRY_HAS_ITS_DOT;
      }
      if (!Invariants.isPlaced(id, row)) return INVARIANT_MEMBERS_ARE_LISTED;
      const rule = Containers.row(Entries.containerOf(row)).rule;
      if (rule == RULE_CELL || rule == RULE_LOG) continue;
      if (!Invariants.isKeyFound(id, row)) return INVARIANT_KEYS_ARE_FOUND;
      if (!Entries.isLinked(row)) keys++;
    }
    if (keys != document.keyCount) return INVARIANT_KEYS_ARE_COUNTED;
    const isCounted = live == document.entriesLive && deletedMarks == document.deletedMarks;
    return isCounted ? 0 : INVARIANT_ENTRIES_ARE_COUNTED;
  }

  private static isPlaced(id: u32, row: EntryRow): bool {
    const container = Containers.row(Entries.containerOf(row));
    if (container.rule == RULE_CELL) return Members.cell(container, row.replica) == id + 1;
    if (Entries.isTruncationMark(row)) return container.mark == id + 1;
    return row.member < container.memberCount && Members.at(container, row.member) == id;
  }

  private static isKeyFound(id: u32, row: EntryRow): bool {
    const container = Entries.containerOf(row);
    const pointer = Entries.keyPointer(row);
    const length = Entries.keyLength(row);
    const type = Containers.row(container).type;
    const rule = Rules.ofKey(type, pointer, length);
    const isMark = rule == RULE_WINNER && type != TYPE_LIST && Entries.payloadLength(row) == 0;
    if (Entries.isDeletedMark(row) != isMark) return false;
    const replica: u32 = row.replica;
    if (rule == RULE_OWN) {
      const hash = Keys.hashOwn(container, replica, pointer, length);
      return row.hash == hash && Keys.findOwn(hash, container, replica, pointer, length) == id + 1;
    }
    const hash = Keys.hash(container, pointer, length);
    const first = Keys.find(hash, container, pointer, length);
    const isChained = rule == RULE_ELEMENT || rule == RULE_VALUE || rule == RULE_ALL || rule == RULE_POINTS;
    if (!isChained && (row.next != 0 || Entries.isLinked(row))) return false;
    if (Entries.isLinked(row)) return first != 0 && first != id + 1 && Invariants.isLinkedAfter(row, id);
    return row.hash == hash && first == id + 1;
  }

  /** Whether the entry before it in its chain is alive, under the same key, and leads to it. */
  private static isLinkedAfter(row: EntryRow, id: u32): bool {
    const previous = Entries.row(row.hash - 1);
    if (previous.next != id + 1 || <u32>previous.replica == NO_REPLICA) return false;
    if (Entries.containerOf(previous) != Entries.containerOf(row)) return false;
    const length = Entries.keyLength(row);
    return (
      Entries.keyLength(previous) == length &&
      Bytes.equal(Entries.keyPointer(previous), Entries.keyPointer(row), length)
    );
  }

  private static checkContainers(): u32 {
    const document = Document.current;
    let entries: u32 = 0;
    for (let index: u32 = 0; index < document.containerCount; index++) {
      const row = Containers.row(index);
      entries += row.entries;
      if (row.rule == RULE_CELL) {
        if (row.size != row.entries) return INVARIANT_CONTAINERS_ARE_COUNTED;
      } else if (row.rule != RULE_LOG && row.size != Invariants.sizeOf(index)) {
        return INVARIANT_CONTAINERS_ARE_COUNTED;
      }
      if (row.rule == RULE_LOG && row.size + (row.mark != 0 ? 1 : 0) != row.entries)
        return INVARIANT_MARK_CUTS_ITS_LOG;
      const broken = row.type == TYPE_SERIES ? SeriesInvariants.firstBroken(index) : 0;
      if (broken != 0) return broken;
      if (Containers.find(row.type, row.name, row.nameLength) != index)
        return INVARIANT_CONTAINERS_ARE_COUNTED;
    }
    return entries == document.entriesLive ? 0 : INVARIANT_CONTAINERS_ARE_COUNTED;
  }

  /** The size of a container with keys, counted anew. */
  private static sizeOf(container: u32): u32 {
    const containerRow = Containers.row(container);
    let size: u32 = 0;
    for (let position: u32 = 0; position < containerRow.memberCount; position++) {
      const row = Entries.row(Members.at(containerRow, position));
      if (!Members.isLive(row, container, position) || Entries.isDeletedMark(row)) continue;
      if (Rules.isCounted(containerRow.type, Entries.keyPointer(row), !Entries.isLinked(row))) size++;
    }
    return size;
  }

  private static checkFreeRecords(): u32 {
    const document = Document.current;
    let free: u32 = 0;
    let link = document.entryFree;
    while (link != 0 && free <= document.entryCount) {
      const row = Entries.row(link - 1);
      if (<u32>row.replica != NO_REPLICA) return INVARIANT_DEAD_RECORDS_ARE_LISTED;
      free++;
      link = row.next;
    }
    return free + document.entriesLive == document.entryCount ? 0 : INVARIANT_DEAD_RECORDS_ARE_LISTED;
  }
}
