// Joins the small chunks that many small turns leave: the newest chunks a replica wrote of a label become one, which stands
// for them wherever it comes ("Series chunks" in docs/wire-format.md). Sixteen chunks below a size make one of the next, as
// in a log-structured merge tree (O'Neil and others 1996), so a point is written again a few times, not with each turn.
// Cost: the chunks of the label, and decoding those that are joined.
import { CHUNK_POINTS_MAX } from "../../host/limits";
import { Clock } from "../causality/clock";
import { ChunkDecoder } from "../kernels/chunk-decode";
import { ChunkEncoder } from "../kernels/chunk-encode";
import { ChunkReader } from "../kernels/chunk-reader";
import { RunMerge } from "../kernels/run-merge";
import { Scratch } from "../memory/scratch";
import { Sort, SortItem } from "../memory/sort";
import { Document } from "../state/document";
import { Entries } from "../state/entries";
import { Keys } from "../state/key-index";
import { Mutation } from "../state/mutation";
import { PayloadRules } from "../state/payload-rules";
import { EntryRow } from "../state/records";
import { STATUS_OK } from "../status";

/** Chunks of fewer points than 16, 256 and 4,096 are joined, once there are so many of them. */
const JOINED_MIN: u32 = 16;
const SIZE_FIRST: u32 = 16;
const SIZE_LAST: u32 = 4096;
const SIZE_SHIFT: u32 = 4;

export abstract class SeriesJoin {
  /** Items of the own chunks of a label, ascending by sequence: count and covers in `secondary`, the entry as value. */
  private static items: u32 = 0;
  private static count: u32 = 0;

  /** Drops the chunks under a key that a replica wrote from sequence `from` on: a later one stands for them. */
  static take(container: u32, hash: u32, replica: u32, from: u32, key: u32, keyLength: u32): void {
    let link = Keys.find(hash, container, key, keyLength);
    while (link != 0) {
      const id = link - 1;
      const row = Entries.row(id);
      link = row.next;
      if (<u32>row.replica == replica && row.sequence >= from) Entries.drop(id);
    }
  }

  /** Joins what there is to join under the key of a label. */
  static label(container: u32, key: u32, keyLength: u32): u32 {
    const hash = Keys.hash(container, key, keyLength);
    let isJoined = false;
    for (let size = SIZE_FIRST; size <= SIZE_LAST; size <<= SIZE_SHIFT) {
      SeriesJoin.collect(container, hash, key, keyLength);
      const first = SeriesJoin.firstJoinable(size);
      if (SeriesJoin.count - first < JOINED_MIN) continue;
      const sequence = Mutation.takeDot();
      if (sequence == 0) return Mutation.outOfDots();
      SeriesJoin.join(container, hash, first, sequence, key, keyLength);
      isJoined = true;
    }
    if (isJoined) Mutation.effective++;
    return STATUS_OK;
  }

  private static collect(container: u32, hash: u32, key: u32, keyLength: u32): void {
    const own = Document.current.ownReplica;
    const head = Keys.find(hash, container, key, keyLength);
    let count: u32 = 0;
    for (let link = head; link != 0; link = Entries.row(link - 1).next) {
      if (<u32>Entries.row(link - 1).replica == own) count++;
    }
    const items = Scratch.allocate(count * <u32>offsetof<SortItem>());
    let index: u32 = 0;
    for (let link = head; link != 0; link = Entries.row(link - 1).next) {
      const row = Entries.row(link - 1);
      if (<u32>row.replica != own) continue;
      SeriesJoin.open(row);
      const head = ((<u64>ChunkReader.covers) << 32) | <u64>ChunkReader.count;
      Sort.set(items, index++, <u64>row.sequence, head, link - 1);
    }
    SeriesJoin.items = Sort.ascending(items, count);
    SeriesJoin.count = count;
  }

  @inline private static item(index: u32): SortItem {
    return Sort.item(SeriesJoin.items, index);
  }

  @inline private static points(index: u32): u32 {
    return <u32>SeriesJoin.item(index).secondary;
  }

  /** Where the newest chunks begin, each of fewer than `size` points and together no more than a chunk holds. */
  private static firstJoinable(size: u32): u32 {
    let first = SeriesJoin.count;
    let points: u32 = 0;
    while (first > 0) {
      const count = SeriesJoin.points(first - 1);
      points += count;
      if (count >= size || points > <u32>CHUNK_POINTS_MAX) break;
      first--;
    }
    return first;
  }

  /** Puts one chunk in the place of those from `first` on. */
  private static join(container: u32, hash: u32, first: u32, sequence: u32, key: u32, keyLength: u32): void {
    const runs = SeriesJoin.count - first;
    const bounds = Scratch.allocate((runs + 1) << 2);
    let total: u32 = 0;
    let from = sequence;
    for (let run: u32 = 0; run < runs; run++) {
      const item = SeriesJoin.item(first + run);
      store<u32>(bounds + (run << 2), total);
      total += SeriesJoin.points(first + run);
      from = min(from, <u32>item.primary - <u32>(item.secondary >> 32));
    }
    store<u32>(bounds + (runs << 2), total);
    const times = Scratch.allocate(total << 3);
    const values = Scratch.allocate(total << 3);
    for (let run: u32 = 0; run < runs; run++) {
      const at = load<u32>(bounds + (run << 2)) << 3;
      const id = SeriesJoin.item(first + run).value;
      SeriesJoin.open(Entries.row(id));
      if (!ChunkDecoder.times(times + at) || !ChunkDecoder.values(values + at)) unreachable();
      Entries.drop(id);
    }
    const toTimes = Scratch.allocate(total << 3);
    const toValues = Scratch.allocate(total << 3);
    RunMerge.merge(times, values, bounds, runs, toTimes, toValues);
    const chunk = Scratch.allocate(ChunkEncoder.bytesMax(total));
    const end = ChunkEncoder.encode(toTimes, toValues, total, chunk, sequence - from);
    const own = Document.current.ownReplica;
    PayloadRules.putValue(container, hash, own, sequence, Clock.reading, key, keyLength, chunk, end - chunk);
  }

  private static open(row: EntryRow): void {
    if (!ChunkReader.open(Entries.payloadPointer(row), Entries.payloadLength(row))) unreachable();
  }
}
