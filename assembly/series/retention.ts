// What a series forgets: chunks whose last time lies below the mark of their label or below that of all labels. Marks keep
// the greatest time under their key. One cut follows the marks of a delta, so that many of them cost no more than one.
//
//   key      | kind u8 | label          chunk, mark; the mark of all labels has none
import { Delta } from "../codec/delta";
import { ChunkReader } from "../kernels/chunk-reader";
import { Bytes } from "../memory/bytes";
import { Containers } from "../state/containers";
import { Entries } from "../state/entries";
import { Keys } from "../state/key-index";
import { Members } from "../state/members";
import { Notices } from "../state/notices";
import { PayloadRules } from "../state/payload-rules";
import { EntryRow } from "../state/records";
import { TYPE_SERIES } from "../state/rules";
import { SeriesJoin } from "./series-join";
import { KIND_BYTES, KIND_CHUNK, KIND_LABEL_MARK, KIND_MARK } from "./series-records";

const CUT_LABELS: u32 = 1;
const CUT_ALL: u32 = 2;
const TIME_MAX: f64 = 9007199254740991;
/** The longest key, and what hashing it may read behind it. */
const keyPointer: u32 = <u32>memory.data(65535 + 9, 8);

export abstract class Retention {
  /** Whether the number is the time of a point or mark, but for −0. */
  @inline static isTime(time: f64): bool {
    return trunc(time) == time && abs(time) <= TIME_MAX;
  }

  /** Points of the label below this time are forgotten. */
  static floor(container: u32, label: u32, labelLength: u32): f64 {
    if (Containers.row(container).marks == 0) return -Infinity;
    const ofAll = Retention.markOfAll(container);
    Retention.writeKey(KIND_LABEL_MARK, label, labelLength);
    return max(ofAll, Retention.mark(container, keyPointer, labelLength + KIND_BYTES));
  }

  /** The time of the mark under a key, or −Infinity. */
  static mark(container: u32, key: u32, keyLength: u32): f64 {
    const found = Keys.find(Keys.hash(container, key, keyLength), container, key, keyLength);
    return found == 0 ? -Infinity : load<f64>(Entries.payloadPointer(Entries.row(found - 1)));
  }

  /** Takes in an entry of a merge; notes it where it stays. Gives which cut is due. */
  static merge(
    container: u32,
    hash: u32,
    replica: u32,
    sequence: u32,
    timestamp: u64,
    key: u32,
    keyLength: u32,
    payload: u32,
    payloadLength: u32,
  ): u32 {
    let due: u32 = 0;
    if (<u32>load<u8>(key) == KIND_CHUNK) {
      ChunkReader.open(payload, payloadLength);
      const lastTime = ChunkReader.lastTime;
      const covers = ChunkReader.covers;
      if (covers != 0) {
        const from = sequence > covers ? sequence - covers : 0;
        SeriesJoin.take(container, hash, replica, from, key, keyLength);
      }
      if (lastTime < Retention.floor(container, key + KIND_BYTES, keyLength - KIND_BYTES)) return 0;
      PayloadRules.putValue(
        container,
        hash,
        replica,
        sequence,
        timestamp,
        key,
        keyLength,
        payload,
        payloadLength,
      );
    } else {
      if (!Retention.putMark(container, hash, replica, sequence, timestamp, key, keyLength, payload))
        return 0;
      due = <u32>load<u8>(key) == KIND_MARK ? CUT_ALL : CUT_LABELS;
    }
    Notices.series(container, true, key, keyLength, payload, payloadLength);
    return due;
  }

  /** False where the mark under the key lies as far, and wins. */
  static putMark(
    container: u32,
    hash: u32,
    replica: u32,
    sequence: u32,
    timestamp: u64,
    key: u32,
    keyLength: u32,
    payload: u32,
  ): bool {
    const entries = Containers.row(container).entries;
    const hasWon = PayloadRules.putExtreme(
      container,
      hash,
      replica,
      sequence,
      timestamp,
      key,
      keyLength,
      payload,
    );
    const row = Containers.row(container);
    if (row.entries != entries) row.marks++;
    return hasWon;
  }

  /** Drops what the marks that stayed of a delta take along. */
  static cutMerged(): void {
    let start: u32 = 0;
    for (let index: u32 = 0; index < Delta.replicaCount; index++) {
      const row = Delta.replica(index);
      for (let position = start; position < row.entryEnd; position++) {
        const container = Delta.container(Delta.at(Delta.containerIndices, position));
        if (container.type != TYPE_SERIES || (container.isCutDue & CUT_LABELS) == 0) continue;
        const key = Delta.at(Delta.keys, position);
        if (<u32>load<u8>(key) != KIND_LABEL_MARK) continue;
        const keyLength = Delta.at(Delta.keys, position + 1) - key;
        const place = container.container;
        const found = Keys.find(Keys.hash(place, key, keyLength), place, key, keyLength);
        if (found == 0) continue;
        const mark = Entries.row(found - 1);
        if (<u32>mark.replica != row.replica || mark.sequence != Delta.at(Delta.sequences, position))
          continue;
        Retention.cutLabel(place, key + KIND_BYTES, keyLength - KIND_BYTES);
      }
      start = row.entryEnd;
    }
    for (let index: u32 = 0; index < Delta.containerCount; index++) {
      const row = Delta.container(index);
      if (row.type == TYPE_SERIES && (row.isCutDue & CUT_ALL) != 0) Retention.cutAll(row.container);
    }
  }

  /** Drops the chunks of a label below its floor. */
  static cutLabel(container: u32, label: u32, labelLength: u32): void {
    const floor = Retention.floor(container, label, labelLength);
    const keyLength = labelLength + KIND_BYTES;
    Retention.writeKey(KIND_CHUNK, label, labelLength);
    let link = Keys.find(Keys.hash(container, keyPointer, keyLength), container, keyPointer, keyLength);
    while (link != 0) {
      const id = link - 1;
      const row = Entries.row(id);
      link = row.next;
      if (Retention.lastTime(row) < floor) Entries.drop(id);
    }
  }

  /** Drops the chunks below the mark of all labels. */
  static cutAll(container: u32): void {
    const floor = Retention.markOfAll(container);
    const row = Containers.row(container);
    for (let position: u32 = 0; position < row.memberCount; position++) {
      const id = Members.at(row, position);
      const entry = Entries.row(id);
      if (!Members.isLive(entry, container, position)) continue;
      if (<u32>load<u8>(Entries.keyPointer(entry)) != KIND_CHUNK) continue;
      if (Retention.lastTime(entry) < floor) Entries.drop(id);
    }
  }

  /** The time of the last point of a chunk. */
  static lastTime(row: EntryRow): f64 {
    ChunkReader.open(Entries.payloadPointer(row), Entries.payloadLength(row));
    return ChunkReader.lastTime;
  }

  private static markOfAll(container: u32): f64 {
    store<u8>(keyPointer, KIND_MARK);
    return Retention.mark(container, keyPointer, KIND_BYTES);
  }

  private static writeKey(kind: u32, label: u32, labelLength: u32): void {
    store<u8>(keyPointer, kind);
    Bytes.copy(keyPointer + KIND_BYTES, label, labelLength);
  }
}
