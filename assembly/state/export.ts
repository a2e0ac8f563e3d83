// What the host reads: one payload, the sums of a counter, all entries of a container as columns, summaries.
//
//   entries    | count u32, replicaCount u32, keyBytes u32, payloadBytes u32 | replica ids u64… | timestamps f64…
//              | replica ranks u32… | sequences u32… | key lengths u32… | payload lengths u32… | keys | payloads
//   summaries  | per container: size f64, type u32, entries u32, nameLength u32, 0 u32, name          unaligned
import { Replicas } from "../causality/replica-table";
import { Varint } from "../codec/varint";
import { Bytes } from "../memory/bytes";
import { Scratch } from "../memory/scratch";
import { SeriesQuery } from "../series/series-query";
import { Canonical } from "./canonical";
import { Containers } from "./containers";
import { Document } from "./document";
import { Entries } from "./entries";
import { Members } from "./members";
import { CounterRow, NO_INDEX } from "./records";
import { RULE_CELL, TYPE_SERIES } from "./rules";

@unmanaged
class ExportHeader {
  count: u32;
  replicaCount: u32;
  keyBytes: u32;
  payloadBytes: u32;
}

@unmanaged
class Summary {
  size: f64;
  type: u32;
  entries: u32;
  nameLength: u32;
  spare: u32;
}

@unmanaged
class Statistics {
  replicas: u32;
  entries: u32;
  deletedMarks: u32;
  removals: u32;
}

@unmanaged
class Sums {
  plusLow: u64;
  plusHigh: u64;
  minusLow: u64;
  minusHigh: u64;
}

const HEADER_BYTES: u32 = <u32>offsetof<ExportHeader>();
const SUMMARY_BYTES: u32 = <u32>offsetof<Summary>();
const ID_BYTES: u32 = 8;
const ROW_BYTES: u32 = 24;
const WORD_MASK: u64 = 0xffffffff;

export abstract class Export {
  static pointer: u32 = 0;
  static length: u32 = 0;

  /** All entries of a container, or the last so many, beside all replicas of the document. */
  static entries(container: u32, last: u32): void {
    const order = Replicas.order();
    Canonical.gather(container);
    const first = last != 0 && last < Canonical.count ? Canonical.count - last : 0;
    const replicas = Document.current.replicaCount;
    const rows = Export.open(container, first, replicas);
    for (let rank: u32 = 0; rank < replicas; rank++) {
      Export.writeReplica(rank, Replicas.row(Replicas.at(order, rank)).id);
    }
    Export.writeRows(container, rows, first, false);
  }

  /** What was gathered, in canonical order, beside the replicas of these entries. */
  static gathered(container: u32): void {
    let replicas: u32 = 0;
    let previous: u32 = NO_INDEX;
    for (let i: u32 = 0; i < Canonical.count; i++) {
      const replica: u32 = Entries.row(Canonical.at(i)).replica;
      if (replica != previous) replicas++;
      previous = replica;
    }
    Export.writeRows(container, Export.open(container, 0, replicas), 0, true);
  }

  /** Room for the gathered entries from `first` on, with its header; gives where the rows begin. */
  private static open(container: u32, first: u32, replicas: u32): u32 {
    const isCounter = Containers.row(container).rule == RULE_CELL;
    let keyBytes: u32 = 0;
    let payloadBytes: u32 = 0;
    for (let i = first; i < Canonical.count; i++) {
      const id = Canonical.at(i);
      if (isCounter) payloadBytes += Export.sumBytes(id);
      else {
        keyBytes += Entries.keyLength(Entries.row(id));
        payloadBytes += Entries.payloadLength(Entries.row(id));
      }
    }
    const count = Canonical.count - first;
    const rowsOffset = HEADER_BYTES + replicas * ID_BYTES;
    Export.length = rowsOffset + count * ROW_BYTES + keyBytes + payloadBytes;
    Export.pointer = Scratch.allocate(Export.length);
    const header = changetype<ExportHeader>(Export.pointer);
    header.count = count;
    header.replicaCount = replicas;
    header.keyBytes = keyBytes;
    header.payloadBytes = payloadBytes;
    return Export.pointer + rowsOffset;
  }

  @inline private static writeReplica(index: u32, id: u64): void {
    store<u64>(Export.pointer + HEADER_BYTES + index * ID_BYTES, id);
  }

  /** Writes the rows; where `listsReplicas`, entries of a replica stand together and it is listed with its first. */
  private static writeRows(container: u32, timestamps: u32, first: u32, listsReplicas: bool): void {
    const isCounter = Containers.row(container).rule == RULE_CELL;
    const count = Canonical.count - first;
    const ranks = timestamps + (count << 3);
    const sequences = ranks + (count << 2);
    const keyLengths = sequences + (count << 2);
    const payloadLengths = keyLengths + (count << 2);
    let key = payloadLengths + (count << 2);
    let payload = key + changetype<ExportHeader>(Export.pointer).keyBytes;
    let listed: u32 = 0;
    let previous: u32 = NO_INDEX;
    for (let i: u32 = 0; i < count; i++) {
      const id = Canonical.at(first + i);
      const row = Entries.row(id);
      const replica: u32 = row.replica;
      if (listsReplicas && replica != previous) {
        Export.writeReplica(listed++, Replicas.row(replica).id);
        previous = replica;
      }
      store<f64>(timestamps + (i << 3), <f64>row.timestamp);
      store<u32>(ranks + (i << 2), listsReplicas ? listed - 1 : Replicas.row(replica).rank);
      store<u32>(sequences + (i << 2), row.sequence);
      let keyLength: u32 = 0;
      let payloadLength: u32 = 0;
      if (isCounter) {
        const sums = Entries.counterRow(id);
        payloadLength = Export.sumBytes(id);
        Varint.write(Varint.write(payload, sums.plus), sums.minus);
      } else {
        keyLength = Entries.keyLength(row);
        payloadLength = Entries.payloadLength(row);
        Bytes.copy(key, Entries.keyPointer(row), keyLength);
        Bytes.copy(payload, Entries.payloadPointer(row), payloadLength);
      }
      store<u32>(keyLengths + (i << 2), keyLength);
      store<u32>(payloadLengths + (i << 2), payloadLength);
      key += keyLength;
      payload += payloadLength;
    }
  }

  /** Exact sums in halves: each is (high << 32) + low, and either half may be wide. */
  static sums(container: u32): void {
    Export.length = <u32>offsetof<Sums>();
    Export.pointer = Scratch.allocateZeroed(Export.length);
    const sums = changetype<Sums>(Export.pointer);
    const containerRow = Containers.row(container);
    for (let replica: u32 = 0; replica < containerRow.memberCapacity; replica++) {
      const cell = Members.cell(containerRow, replica);
      if (cell == 0) continue;
      const row: CounterRow = Entries.counterRow(cell - 1);
      sums.plusLow += row.plus & WORD_MASK;
      sums.plusHigh += row.plus >> 32;
      sums.minusLow += row.minus & WORD_MASK;
      sums.minusHigh += row.minus >> 32;
    }
  }

  static statistics(): void {
    const document = Document.current;
    Export.length = <u32>offsetof<Statistics>();
    Export.pointer = Scratch.allocate(Export.length);
    const statistics = changetype<Statistics>(Export.pointer);
    statistics.replicas = document.replicaCount;
    statistics.entries = document.entriesLive;
    statistics.deletedMarks = document.deletedMarks;
    statistics.removals = document.removalCount;
  }

  static summaries(): void {
    const count = Document.current.containerCount;
    let bytes: u32 = 0;
    for (let index: u32 = 0; index < count; index++)
      bytes += SUMMARY_BYTES + Containers.row(index).nameLength;
    const pointer = Scratch.allocate(bytes);
    let place = pointer;
    for (let index: u32 = 0; index < count; index++) {
      const row = Containers.row(index);
      const summary = changetype<Summary>(place);
      summary.type = row.type;
      summary.size = Export.sizeOf(index);
      summary.entries = row.entries;
      summary.nameLength = row.nameLength;
      summary.spare = 0;
      Bytes.copy(place + SUMMARY_BYTES, row.name, row.nameLength);
      place += SUMMARY_BYTES + row.nameLength;
    }
    Export.pointer = pointer;
    Export.length = bytes;
  }

  /** What `size` of the seam says. */
  static sizeOf(container: u32): f64 {
    const row = Containers.row(container);
    return row.type == TYPE_SERIES && row.entries != 0 ? SeriesQuery.size(container) : <f64>row.size;
  }

  private static sumBytes(id: u32): u32 {
    const sums = Entries.counterRow(id);
    return Varint.byteLength(sums.plus) + Varint.byteLength(sums.minus);
  }
}
