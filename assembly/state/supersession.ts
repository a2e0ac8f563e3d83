// Which entry survives, per data type: the one place where a new entry meets those it competes with, for local writes
// and merges alike. Dots arrive once and in order, so nothing here asks whether an entry was seen before.

import { Containers } from "./containers";
import { Entries } from "./entries";
import { Keys } from "./key-index";
import { Members } from "./members";
import { FLAG_DELETED } from "./records";
import { TYPE_LIST } from "./rules";

export abstract class Supersession {
  /** Winner: the greatest (timestamp, replica id, sequence) stays. False when the new entry loses. */
  static putWinner(
    container: u32,
    hash: u32,
    replica: u32,
    sequence: u32,
    timestamp: u64,
    keyPointer: u32,
    keyLength: u32,
    payloadPointer: u32,
    payloadLength: u32,
  ): bool {
    Keys.reserve(1);
    const found = Keys.find(hash, container, keyPointer, keyLength);
    if (found != 0) {
      const row = Entries.row(found - 1);
      if (!Entries.beats(row, timestamp, replica, sequence)) return false;
      Entries.replace(row, found - 1, replica, sequence, timestamp);
      Entries.replacePayload(row, payloadPointer, payloadLength);
      return true;
    }
    const flags = payloadLength == 0 ? Supersession.markOf(container) : 0;
    const id = Entries.create(replica, sequence, timestamp, container, flags);
    const row = Entries.row(id);
    row.hash = hash;
    Entries.setBlock(row, keyPointer, keyLength, payloadPointer, payloadLength);
    Keys.insert(hash, id);
    const containerRow = Containers.row(container);
    Members.append(containerRow, container, id);
    if (payloadLength != 0 && containerRow.type != TYPE_LIST) containerRow.size++;
    return true;
  }

  /** A deleted-mark of a list stays for ever, so it is none to compaction, digest and statistics. */
  @inline private static markOf(container: u32): u32 {
    return Containers.row(container).type == TYPE_LIST ? 0 : FLAG_DELETED;
  }

  /** Element without a payload: every entry stays; those of one element form a chain behind the first. */
  static putElement(
    container: u32,
    hash: u32,
    replica: u32,
    sequence: u32,
    timestamp: u64,
    keyPointer: u32,
    keyLength: u32,
  ): void {
    Keys.reserve(1);
    const found = Keys.find(hash, container, keyPointer, keyLength);
    const id = Entries.create(replica, sequence, timestamp, container, 0);
    const row = Entries.row(id);
    row.hash = hash;
    Entries.setBlock(row, keyPointer, keyLength, 0, 0);
    const containerRow = Containers.row(container);
    if (found == 0) {
      Keys.insert(hash, id);
      containerRow.size++;
    } else {
      Keys.link(found - 1, id);
    }
    Members.append(containerRow, container, id);
  }

  /** Counter: the greatest sequence of a replica stays, which is the new one. */
  static putSums(container: u32, replica: u32, sequence: u32, timestamp: u64, plus: u64, minus: u64): void {
    const containerRow = Containers.row(container);
    const found = Members.cell(containerRow, replica);
    let id = found - 1;
    if (found != 0) {
      Entries.replace(Entries.row(id), id, replica, sequence, timestamp);
    } else {
      id = Entries.create(replica, sequence, timestamp, container, 0);
      Members.setCell(containerRow, replica, id);
      containerRow.size++;
    }
    const row = Entries.counterRow(id);
    row.plus = plus;
    row.minus = minus;
  }
}
