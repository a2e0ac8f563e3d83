// The index of a series container: its labels, and for each the rows of its chunks. Made when first asked for, then kept in
// step: what was appended is taken in, what went is left out, and after a rollback that it may have looked into it is
// made anew. Calls that are undone without a question in between leave it true, for the container is then as it was.
// Cost of a question: what is new since the last one, decoded; where entries went, also the entries of the container.
import { Bytes } from "../memory/bytes";
import { Heap } from "../memory/heap";
import { Scratch } from "../memory/scratch";
import { Containers } from "../state/containers";
import { Document } from "../state/document";
import { Entries } from "../state/entries";
import { Members } from "../state/members";
import { ContainerRow } from "../state/records";
import { ChunkPoints } from "./chunk-points";
import { LabelRows } from "./label-rows";
import { KIND_BYTES, KIND_CHUNK, LABEL_SHIFT, LabelRow, SeriesIndexRow } from "./series-records";

const WORD_SHIFT: u32 = 2;
const CAPACITY_MIN: u32 = 8;
const INDEX_BYTES: u32 = <u32>offsetof<SeriesIndexRow>();

export abstract class SeriesIndex {
  /** The index of a container, in step with it. Takes scratch. */
  static of(container: u32): SeriesIndexRow {
    const document = Document.current;
    const index = SeriesIndex.findOrAdd(container);
    const row = Containers.row(container);
    if (document.isTransactionOpen) document.isSeriesAsked = 1;
    if (index.isChanging != 0 || index.epoch != document.seriesEpoch) SeriesIndex.clear(index);
    else if (index.revision == row.revision && index.members == row.memberCount) return index;
    index.isChanging = 1;
    let bits: u32 = 0;
    if (index.revision != row.revision) {
      bits = SeriesIndex.leaveOut(index);
      index.members = 0;
    }
    SeriesIndex.takeIn(index, container, row, bits);
    index.members = row.memberCount;
    index.revision = row.revision;
    index.isChanging = 0;
    return index;
  }

  /** Whether the container has an index that is in step. */
  static isCurrent(container: u32): bool {
    const document = Document.current;
    if (container >= document.seriesIndexCapacity) return false;
    const pointer = SeriesIndex.pointerAt(container);
    if (pointer == 0) return false;
    const index = changetype<SeriesIndexRow>(pointer);
    const row = Containers.row(container);
    return (
      index.isChanging == 0 &&
      index.epoch == document.seriesEpoch &&
      index.revision == row.revision &&
      index.members == row.memberCount
    );
  }

  @inline static label(index: SeriesIndexRow, position: u32): LabelRow {
    return changetype<LabelRow>(index.labels + (position << LABEL_SHIFT));
  }

  /** The label at a place of the order by bytes. */
  @inline static ordered(index: SeriesIndexRow, rank: u32): LabelRow {
    return SeriesIndex.label(index, load<u32>(index.order + (rank << WORD_SHIFT)));
  }

  /** The row of a label, or address 0. */
  static find(index: SeriesIndexRow, bytes: u32, byteLength: u32): LabelRow {
    const hash = SeriesIndex.hash(bytes, byteLength);
    return SeriesIndex.findHashed(index, hash, bytes, byteLength);
  }

  /** Gives back all that the indexes of a document hold. */
  static release(): void {
    const document = Document.current;
    for (let container: u32 = 0; container < document.seriesIndexCapacity; container++) {
      const pointer = SeriesIndex.pointerAt(container);
      if (pointer == 0) continue;
      const index = changetype<SeriesIndexRow>(pointer);
      SeriesIndex.clear(index);
      SeriesIndex.releaseTables(index);
      Heap.release(pointer, INDEX_BYTES);
    }
    if (document.seriesIndexCapacity != 0) {
      Heap.release(document.seriesIndexes, document.seriesIndexCapacity << WORD_SHIFT);
    }
    document.seriesIndexCapacity = 0;
  }

  /** Sorts the labels by their bytes. */
  static sortLabels(index: SeriesIndexRow): void {
    const count = index.labelCount;
    if (index.orderCount == count) return;
    index.orderCount = 0;
    if (index.orderCapacity < count) {
      const capacity = index.labelCapacity;
      const order = Heap.allocateUnnoted(capacity << WORD_SHIFT);
      const oldPointer = index.order;
      const oldCapacity = index.orderCapacity;
      index.orderCapacity = 0;
      index.order = order;
      index.orderCapacity = capacity;
      if (oldCapacity != 0) Heap.release(oldPointer, oldCapacity << WORD_SHIFT);
    }
    let from = Scratch.allocate(count << WORD_SHIFT);
    let to = Scratch.allocate(count << WORD_SHIFT);
    for (let i: u32 = 0; i < count; i++) store<u32>(from + (i << WORD_SHIFT), i);
    for (let width: u32 = 1; width < count; width *= 2) {
      for (let start: u32 = 0; start < count; start += 2 * width) {
        const end = min(start + 2 * width, count);
        SeriesIndex.mergeLabels(index, from, to, start, min(start + width, count), end);
      }
      const swapped = from;
      from = to;
      to = swapped;
    }
    memory.copy(index.order, from, count << WORD_SHIFT);
    index.orderCount = count;
  }

  private static mergeLabels(
    index: SeriesIndexRow,
    from: u32,
    to: u32,
    start: u32,
    middle: u32,
    end: u32,
  ): void {
    let left = start;
    let right = middle;
    for (let i = start; i < end; i++) {
      let takesRight = left == middle;
      if (!takesRight && right < end) {
        const a = SeriesIndex.label(index, load<u32>(from + (left << WORD_SHIFT)));
        const b = SeriesIndex.label(index, load<u32>(from + (right << WORD_SHIFT)));
        takesRight = Bytes.compare(a.bytes, a.byteLength, b.bytes, b.byteLength) > 0;
      }
      const source = takesRight ? right++ : left++;
      store<u32>(to + (i << WORD_SHIFT), load<u32>(from + (source << WORD_SHIFT)));
    }
  }

  @inline private static pointerAt(container: u32): u32 {
    return load<u32>(Document.current.seriesIndexes + (container << WORD_SHIFT));
  }

  private static findOrAdd(container: u32): SeriesIndexRow {
    const document = Document.current;
    if (container >= document.seriesIndexCapacity) SeriesIndex.growTable(document.containerCount);
    const known = SeriesIndex.pointerAt(container);
    if (known != 0) return changetype<SeriesIndexRow>(known);
    const pointer = Heap.allocateUnnoted(INDEX_BYTES);
    memory.fill(pointer, 0, INDEX_BYTES);
    const index = changetype<SeriesIndexRow>(pointer);
    index.epoch = document.seriesEpoch;
    index.revision = Containers.row(container).revision;
    store<u32>(document.seriesIndexes + (container << WORD_SHIFT), pointer);
    return index;
  }

  private static growTable(capacity: u32): void {
    const document = Document.current;
    const oldPointer = document.seriesIndexes;
    const oldCapacity = document.seriesIndexCapacity;
    const grown = Heap.allocateUnnoted(capacity << WORD_SHIFT);
    memory.fill(grown, 0, capacity << WORD_SHIFT);
    memory.copy(grown, oldPointer, oldCapacity << WORD_SHIFT);
    document.seriesIndexes = grown;
    document.seriesIndexCapacity = capacity;
    if (oldCapacity != 0) Heap.release(oldPointer, oldCapacity << WORD_SHIFT);
  }

  /** Forgets all labels; the tables stay. */
  private static clear(index: SeriesIndexRow): void {
    index.isChanging = 1;
    for (; index.labelCount != 0; index.labelCount--) {
      const label = SeriesIndex.label(index, index.labelCount - 1);
      LabelRows.release(label);
      const bytes = label.bytes;
      label.bytes = 0;
      if (bytes != 0) Heap.release(bytes, label.byteLength);
    }
    if (index.slotCapacity != 0) memory.fill(index.slots, 0, index.slotCapacity << WORD_SHIFT);
    index.orderCount = 0;
    index.members = 0;
    index.epoch = Document.current.seriesEpoch;
  }

  private static releaseTables(index: SeriesIndexRow): void {
    if (index.labelCapacity != 0) Heap.release(index.labels, index.labelCapacity << LABEL_SHIFT);
    if (index.slotCapacity != 0) Heap.release(index.slots, index.slotCapacity << WORD_SHIFT);
    if (index.orderCapacity != 0) Heap.release(index.order, index.orderCapacity << WORD_SHIFT);
  }

  /** Forgets the rows whose entries went. Gives a bit for each entry that stayed, or 0 where none did. */
  private static leaveOut(index: SeriesIndexRow): u32 {
    if (index.labelCount == 0) return 0;
    const bits = Scratch.allocateZeroed((Document.current.entryCount + 7) >> 3);
    let empty: u32 = 0;
    for (let position: u32 = 0; position < index.labelCount; position++) {
      const label = SeriesIndex.label(index, position);
      LabelRows.keepLive(label, bits);
      if (label.rowCount == 0) empty++;
    }
    if (empty * 2 <= index.labelCount) return bits;
    // Labels that come and go must not pile up.
    SeriesIndex.clear(index);
    return 0;
  }

  /** Takes in the chunks among the members that came since, but those with a bit. */
  private static takeIn(index: SeriesIndexRow, container: u32, row: ContainerRow, bits: u32): void {
    ChunkPoints.open();
    for (let position = index.members; position < row.memberCount; position++) {
      const id = Members.at(row, position);
      const entry = Entries.row(id);
      if (!Members.isLive(entry, container, position)) continue;
      const key = Entries.keyPointer(entry);
      if (load<u8>(key) != KIND_CHUNK) continue;
      if (bits != 0 && (<u32>load<u8>(bits + (id >> 3)) & (1 << (id & 7))) != 0) continue;
      const label = SeriesIndex.labelOf(index, key + KIND_BYTES, Entries.keyLength(entry) - KIND_BYTES);
      LabelRows.append(label, id);
    }
  }

  @inline private static hash(bytes: u32, byteLength: u32): u32 {
    return Bytes.hash(Document.current.hashSeed, bytes, byteLength);
  }

  private static findHashed(index: SeriesIndexRow, hash: u32, bytes: u32, byteLength: u32): LabelRow {
    if (index.slotCapacity == 0) return changetype<LabelRow>(0);
    const mask = index.slotCapacity - 1;
    let slot = hash & mask;
    while (true) {
      const position = load<u32>(index.slots + (slot << WORD_SHIFT));
      if (position == 0) return changetype<LabelRow>(0);
      const label = SeriesIndex.label(index, position - 1);
      const isSame = label.hash == hash && label.byteLength == byteLength;
      if (isSame && Bytes.equal(label.bytes, bytes, byteLength)) return label;
      slot = (slot + 1) & mask;
    }
  }

  private static labelOf(index: SeriesIndexRow, bytes: u32, byteLength: u32): LabelRow {
    const hash = SeriesIndex.hash(bytes, byteLength);
    const found = SeriesIndex.findHashed(index, hash, bytes, byteLength);
    if (changetype<u32>(found) != 0) return found;
    if (index.labelCount == index.labelCapacity) SeriesIndex.growLabels(index);
    if (index.labelCount * 2 >= index.slotCapacity) SeriesIndex.growSlots(index);
    const position = index.labelCount;
    const label = SeriesIndex.label(index, position);
    memory.fill(changetype<u32>(label), 0, 1 << LABEL_SHIFT);
    label.bytes = Heap.allocateUnnoted(byteLength);
    label.byteLength = byteLength;
    label.hash = hash;
    label.isSorted = 1;
    Bytes.copy(label.bytes, bytes, byteLength);
    index.labelCount = position + 1;
    SeriesIndex.putSlot(index, hash, position);
    return label;
  }

  private static putSlot(index: SeriesIndexRow, hash: u32, position: u32): void {
    const mask = index.slotCapacity - 1;
    let slot = hash & mask;
    while (load<u32>(index.slots + (slot << WORD_SHIFT)) != 0) slot = (slot + 1) & mask;
    store<u32>(index.slots + (slot << WORD_SHIFT), position + 1);
  }

  private static growLabels(index: SeriesIndexRow): void {
    const oldPointer = index.labels;
    const oldCapacity = index.labelCapacity;
    const capacity = max(CAPACITY_MIN, oldCapacity * 2);
    const grown = Heap.allocateUnnoted(capacity << LABEL_SHIFT);
    memory.copy(grown, oldPointer, oldCapacity << LABEL_SHIFT);
    index.labelCapacity = 0;
    index.labels = grown;
    index.labelCapacity = capacity;
    if (oldCapacity != 0) Heap.release(oldPointer, oldCapacity << LABEL_SHIFT);
  }

  private static growSlots(index: SeriesIndexRow): void {
    const oldPointer = index.slots;
    const oldCapacity = index.slotCapacity;
    const capacity = max(CAPACITY_MIN * 4, oldCapacity * 2);
    const slots = Heap.allocateUnnoted(capacity << WORD_SHIFT);
    memory.fill(slots, 0, capacity << WORD_SHIFT);
    index.slotCapacity = 0;
    index.slots = slots;
    index.slotCapacity = capacity;
    if (oldCapacity != 0) Heap.release(oldPointer, oldCapacity << WORD_SHIFT);
    for (let position: u32 = 0; position < index.labelCount; position++) {
      SeriesIndex.putSlot(index, SeriesIndex.label(index, position).hash, position);
    }
  }
}
