// Per replica the dots of its entries, ascending by sequence: where a dot's entry is, what is newer than a sequence, and
// canonical order all come from here. Pairs are appended and never changed; a pair is stale when the entry it names
// carries another dot by now. Stale pairs go when a full column is rebuilt. Append O(1), find O(1) where sequences are
// dense, else O(log n).
//
//   pair       | sequence u32 | entry id u32

import { Column } from "../memory/column";
import { Heap } from "../memory/heap";
import { Journal } from "../memory/journal";
import { Entries } from "../state/entries";
import { DOT_SHIFT, ReplicaRow } from "../state/records";

const CAPACITY_MIN: u32 = 4;
const NOT_FOUND: u32 = 0xffffffff;

@unmanaged
export class DotPair {
  sequence: u32;
  entry: u32;
}

export abstract class Dots {
  @inline static pair(row: ReplicaRow, position: u32): DotPair {
    return changetype<DotPair>(row.dots + (position << DOT_SHIFT));
  }

  /** Whether the pair still names the entry of its dot. */
  @inline static isLive(pair: DotPair, replica: u32): bool {
    const entry = Entries.row(pair.entry);
    return entry.sequence == pair.sequence && <u32>entry.replica == replica;
  }

  /** Adds a dot above all others of `row`, which is touched already. */
  @inline static append(row: ReplicaRow, replica: u32, sequence: u32, entry: u32): void {
    if (row.dotCount == row.dotCapacity) Dots.makeRoom(row, replica, 1);
    const pair = Dots.pair(row, row.dotCount);
    pair.sequence = sequence;
    pair.entry = entry;
    row.dotCount++;
    row.dotsLive++;
  }

  /** Makes room for `count` more pairs at once. */
  static reserve(row: ReplicaRow, replica: u32, count: u32): void {
    if (row.dotCapacity - row.dotCount < count) Dots.makeRoom(row, replica, count);
  }

  /** The position of the first pair above `sequence`. */
  static firstAbove(row: ReplicaRow, sequence: u32): u32 {
    let low: u32 = 0;
    let high = row.dotCount;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Dots.pair(row, middle).sequence > sequence) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The address of the pair a dot has where sequences are dense, or `otherwise`. */
  @inline static probablePair(row: ReplicaRow, sequence: u32, otherwise: u32): u32 {
    if (row.dotCount == 0) return otherwise;
    const first = Dots.pair(row, 0).sequence;
    return sequence < first
      ? otherwise
      : changetype<u32>(Dots.pair(row, min(sequence - first, row.dotCount - 1)));
  }

  /** The address of the record a pair names, or `otherwise` where the pair is of another sequence. */
  @inline static recordOf(pairPointer: u32, sequence: u32, otherwise: u32): u32 {
    const pair = changetype<DotPair>(pairPointer);
    return pair.sequence == sequence ? changetype<u32>(Entries.row(pair.entry)) : otherwise;
  }

  /** The id of the live entry with this dot, or 0xffffffff. */
  static find(row: ReplicaRow, replica: u32, sequence: u32): u32 {
    if (row.dotCount == 0) return NOT_FOUND;
    const first = Dots.pair(row, 0).sequence;
    if (sequence < first) return NOT_FOUND;
    let position = min(sequence - first, row.dotCount - 1);
    if (Dots.pair(row, position).sequence != sequence) {
      position = Dots.firstAbove(row, sequence) - 1;
      if (Dots.pair(row, position).sequence != sequence) return NOT_FOUND;
    }
    const pair = Dots.pair(row, position);
    return Dots.isLive(pair, replica) ? pair.entry : NOT_FOUND;
  }

  /** Drops stale pairs if they are half of the column, else doubles it. */
  private static makeRoom(row: ReplicaRow, replica: u32, needed: u32): void {
    const oldCapacity = row.dotCapacity;
    if (row.dotsLive * 2 > row.dotCount || oldCapacity == 0) {
      const capacity = Column.nextCapacity(oldCapacity, row.dotCount + needed, CAPACITY_MIN);
      row.dots = Column.grow(row.dots, oldCapacity, row.dotCount, capacity, 1 << DOT_SHIFT);
      row.dotCapacity = capacity;
      return;
    }
    const capacity = max(CAPACITY_MIN, row.dotsLive + max(row.dotsLive, needed));
    const rebuilt = Heap.allocate(capacity << DOT_SHIFT);
    let toPointer = rebuilt;
    for (let position: u32 = 0; position < row.dotCount; position++) {
      const pair = Dots.pair(row, position);
      if (!Dots.isLive(pair, replica)) continue;
      store<u64>(toPointer, load<u64>(changetype<u32>(pair)));
      toPointer += 1 << DOT_SHIFT;
    }
    Journal.release(row.dots, oldCapacity << DOT_SHIFT);
    row.dots = rebuilt;
    row.dotCapacity = capacity;
    row.dotCount = (toPointer - rebuilt) >> DOT_SHIFT;
  }
}
