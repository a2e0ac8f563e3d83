// The ABI: numbers in, numbers out, bytes through windows into linear memory. Every call that can be refused answers a
// status; what it found stands in the result getters until the next call. A trap inside a call is followed by `recover`.
// The host reads the constants exported here and retypes none of them.

import { BATCH_BYTES_MAX, CONTAINER_NAME_BYTES_MAX, CONTAINERS_MAX } from "../host/limits";
import { Call, Result } from "./calls";
import { Clock, TIMESTAMP_END } from "./causality/clock";
import { Dots } from "./causality/dot-column";
import { Replicas } from "./causality/replica-table";
import { VectorReader, VectorWriter } from "./causality/version-vector";
import { DeltaDecoder } from "./codec/delta-decoder";
import { DeltaEncoder } from "./codec/delta-encoder";
import { PointChunks } from "./kernels/point-chunks";
import { PointReduction } from "./kernels/point-reduction";
import { PointSketch } from "./kernels/point-sketch";
import { PointTables } from "./kernels/point-tables";
import { PointWindows } from "./kernels/point-windows";
import { VectorTables } from "./kernels/vector-tables";
import { Heap } from "./memory/heap";
import { Scratch } from "./memory/scratch";
import { Refusal } from "./refusal";
import { SeriesQuery } from "./series/series-query";
import { Canonical } from "./state/canonical";
import { Changes } from "./state/changes";
import { Compaction } from "./state/compaction";
import { Containers } from "./state/containers";
import { Document } from "./state/document";
import { Entries } from "./state/entries";
import { Export } from "./state/export";
import { Invariants } from "./state/invariants";
import { Keys } from "./state/key-index";
import { Merge } from "./state/merge";
import { Mutation } from "./state/mutation";
import { NO_INDEX } from "./state/records";
import { Release } from "./state/release";
import {
  RULE_CELL,
  RULE_EXTREME,
  RULE_LOG,
  RULE_NONE,
  RULE_OWN,
  RULE_WINNER,
  Rules,
  TYPE_SERIES,
} from "./state/rules";
import {
  STATUS_GAP,
  STATUS_INVALID_ARGUMENT,
  STATUS_LIMIT_EXCEEDED,
  STATUS_OK,
  SUBJECT_BATCH_BYTES,
  SUBJECT_CLOCK,
  SUBJECT_CONTAINER_INDICES,
  SUBJECT_CONTAINER_NAME,
  SUBJECT_CONTAINER_TYPE,
  SUBJECT_CONTAINERS,
  SUBJECT_SEQUENCE,
  SUBJECT_TRANSACTION,
  SUBJECT_VECTOR,
} from "./status";

export * from "./model-calls";
export * from "./series/series-kinds";
export * from "./state/invariant-numbers";
export {
  OPCODE_ADD,
  OPCODE_ADJUST,
  OPCODE_APPEND,
  OPCODE_CLEAR,
  OPCODE_DELETE,
  OPCODE_INCREMENT,
  OPCODE_INSERT,
  OPCODE_JOIN,
  OPCODE_PUT,
  OPCODE_RECORD,
  OPCODE_REMOVE,
  OPCODE_RETAIN,
  OPCODE_TRUNCATE,
} from "./state/mutation";
export {
  TYPE_BOUNDED,
  TYPE_COUNTER,
  TYPE_FLAG,
  TYPE_GRAPH,
  TYPE_LIST,
  TYPE_LOG,
  TYPE_MAP,
  TYPE_MAXIMUM,
  TYPE_MINIMUM,
  TYPE_MULTI_MAP,
  TYPE_MULTI_VALUE,
  TYPE_REGISTER,
  TYPE_SERIES,
  TYPE_SET,
  TYPE_VOTE,
  TYPE_WORKFLOW,
} from "./state/rules";
export * from "./status";

/** Raised with every change of signatures or meanings, here or in what is exported from elsewhere. */
export const ABI_VERSION: u32 = 5;
export const NO_HANDLE: u32 = 0xffffffff;
/** What the first result of a merge says: the vector advanced, entries were ahead, this replica's sequence rose. */
export const MERGE_CHANGED: u32 = 1;
export const MERGE_AHEAD: u32 = 2;
export const MERGE_OWN_ROSE: u32 = 4;
export const SUMMARY_BYTES: u32 = 24;

// --- windows and results -------------------------------------------------------------------------------------------

/** Address of a window of at least `bytes` the host fills before its next call. */
export function reserveInput(bytes: u32): u32 {
  return Scratch.reserveInput(bytes);
}
export function inputBytes(): u32 {
  return Scratch.inputCapacity();
}
export function resultPointer(): u32 {
  return Result.pointer;
}
export function resultLength(): u32 {
  return Result.length;
}
export function resultFirst(): u32 {
  return Result.first;
}
export function resultSecond(): u32 {
  return Result.second;
}
export function resultTime(): f64 {
  return Result.time;
}
export function refusedSubject(): u32 {
  return Refusal.subject;
}
export function refusedValue(): f64 {
  return Refusal.value;
}
export function refusedLimit(): f64 {
  return Refusal.limit;
}
/** Which of several it was about, or −1. */
export function refusedIndex(): f64 {
  return Refusal.index;
}
export function openDocuments(): u32 {
  return Document.openDocuments;
}
export function freePages(): u32 {
  return Heap.freePages();
}

/** After a trap: 1 when the call had succeeded and only its clean-up was finished here, 0 when it was undone. */
export function recover(): u32 {
  return Document.recover() ? 1 : 0;
}

// --- life cycle ----------------------------------------------------------------------------------------------------

export function documentCreate(idLow: u32, idHigh: u32, seedLow: u32, seedHigh: u32, driftLimitMs: f64): u32 {
  const handle = Document.create();
  if (handle == NO_HANDLE) return handle;
  const document = Document.current;
  document.ownId = ((<u64>idHigh) << 32) | idLow;
  document.ownReplica = NO_INDEX;
  document.hashSeed = ((<u64>seedHigh) << 32) | seedLow;
  document.driftLimitMs = driftLimitMs;
  return handle;
}

export function documentClose(handle: u32): u32 {
  const status = Call.select(handle);
  if (status != STATUS_OK) return status;
  if (Document.current.isTransactionOpen) Document.abandon();
  Release.document();
  Document.remove(handle);
  return STATUS_OK;
}

export function documentSetReplica(handle: u32, idLow: u32, idHigh: u32): u32 {
  const status = Call.selectSettled(handle);
  if (status != STATUS_OK) return status;
  Document.current.ownId = ((<u64>idHigh) << 32) | idLow;
  Document.current.ownReplica = Replicas.find(Document.current.ownId);
  return STATUS_OK;
}

/** Declares a container whose name stands in the input window; its index is the first result. */
export function documentContainer(handle: u32, type: u32, namePointer: u32, nameLength: u32): u32 {
  const status = Call.select(handle);
  if (status != STATUS_OK) return status;
  Result.first = Containers.find(type, namePointer, nameLength);
  if (Result.first != NO_INDEX) return STATUS_OK;
  if (nameLength > <u32>CONTAINER_NAME_BYTES_MAX) {
    return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_CONTAINER_NAME, nameLength, CONTAINER_NAME_BYTES_MAX);
  }
  const count = Document.current.containerCount;
  if (count >= <u32>CONTAINERS_MAX) {
    return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_CONTAINERS, count + 1, CONTAINERS_MAX);
  }
  Document.beginCall();
  Result.first = Containers.findOrAdd(type, namePointer, nameLength);
  return Call.end(STATUS_OK);
}

// --- transactions and mutations ------------------------------------------------------------------------------------

export function documentBegin(handle: u32): u32 {
  const status = Call.selectSettled(handle);
  if (status == STATUS_OK) Document.begin();
  return status;
}

export function documentCommit(handle: u32): u32 {
  const status = selectOpen(handle);
  if (status == STATUS_OK) Document.commit();
  return status;
}

export function documentRollback(handle: u32): u32 {
  const status = selectOpen(handle);
  if (status == STATUS_OK) Document.rollback();
  return status;
}

function selectOpen(handle: u32): u32 {
  const status = Call.select(handle);
  if (status != STATUS_OK || Document.current.isTransactionOpen) return status;
  return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_TRANSACTION, 0, 1);
}

/** Applies a batch. First result: effective operations; second: this replica's sequence. */
export function documentMutate(handle: u32, pointer: u32, byteLength: u32, nowMs: f64): u32 {
  const status = Call.select(handle);
  if (status != STATUS_OK) return status;
  if (byteLength > <u32>BATCH_BYTES_MAX) {
    return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_BATCH_BYTES, byteLength, BATCH_BYTES_MAX);
  }
  Document.beginCall();
  const applied = Mutation.apply(pointer, byteLength, nowMs);
  if (applied == STATUS_OK) {
    Result.first = Mutation.effective;
    Result.second = ownSequence();
  }
  return Call.end(applied);
}

function ownSequence(): u32 {
  const document = Document.current;
  const own = document.ownReplica != NO_INDEX ? document.ownReplica : Replicas.find(document.ownId);
  return own == NO_INDEX ? 0 : Replicas.row(own).sequence;
}

// --- merging and encoding ------------------------------------------------------------------------------------------

/**
 * Merges a delta or snapshot. First result: MERGE_ bits; second: entries ahead; time: ms ahead. The host reads the
 * latter two, and asks for this replica's sequence, only where a bit says so.
 */
export function documentMerge(handle: u32, pointer: u32, byteLength: u32, nowMs: f64, wantChanges: u32): u32 {
  let status = Call.selectSettled(handle);
  if (status != STATUS_OK) return status;
  if (!Clock.isWallTime(nowMs)) return Clock.refuse(nowMs);
  status = DeltaDecoder.decode(pointer, byteLength);
  if (status == STATUS_OK) status = Merge.check();
  if (status != STATUS_OK) return status;
  const sequence = ownSequence();
  Document.beginCall();
  Changes.open(wantChanges != 0);
  Merge.apply(nowMs);
  Result.bytes(Changes.pointer, Changes.length);
  Result.first = Merge.changed ? MERGE_CHANGED : 0;
  if (Clock.ahead != 0) Result.first |= MERGE_AHEAD;
  if (ownSequence() != sequence) Result.first |= MERGE_OWN_ROSE;
  Result.second = Clock.ahead;
  Result.time = Clock.aheadMs;
  return Call.end(STATUS_OK);
}

export function documentDeltaSince(handle: u32, vectorPointer: u32, byteLength: u32): u32 {
  let status = Call.selectSettled(handle);
  if (status == STATUS_OK) status = VectorReader.read(vectorPointer, byteLength);
  return status == STATUS_OK ? encoded(DeltaEncoder.delta()) : status;
}

export function documentLocalDelta(handle: u32, sequence: u32): u32 {
  const status = Call.selectSettled(handle);
  if (status != STATUS_OK) return status;
  const own = Replicas.find(Document.current.ownId);
  if (own == NO_INDEX || sequence >= Replicas.row(own).sequence) return encoded(DeltaEncoder.emptyStream());
  const floor = Replicas.row(own).floor;
  if (sequence < floor) return Refusal.of(STATUS_GAP, SUBJECT_SEQUENCE, sequence, floor);
  return encoded(DeltaEncoder.stream(own, sequence));
}

export function documentSnapshot(handle: u32): u32 {
  const status = Call.selectSettled(handle);
  return status == STATUS_OK ? encoded(DeltaEncoder.snapshot()) : status;
}

/** First result: the first eight digits; second: the last eight. */
export function documentDigest(handle: u32): u32 {
  let status = Call.selectSettled(handle);
  if (status == STATUS_OK) status = DeltaEncoder.digest();
  Result.first = DeltaEncoder.digestHigh;
  Result.second = DeltaEncoder.digestLow;
  return status;
}

function encoded(status: u32): u32 {
  return status == STATUS_OK ? Result.bytes(DeltaEncoder.pointer, DeltaEncoder.length) : status;
}

// --- causality -----------------------------------------------------------------------------------------------------

export function documentVersionVector(handle: u32): u32 {
  return writeVector(handle, false);
}
export function documentFloor(handle: u32): u32 {
  return writeVector(handle, true);
}

function writeVector(handle: u32, isFloor: bool): u32 {
  const status = Call.select(handle);
  if (status != STATUS_OK) return status;
  VectorWriter.write(isFloor);
  return Result.bytes(VectorWriter.pointer, VectorWriter.length);
}

export function documentSequence(handle: u32): u32 {
  const status = Call.select(handle);
  if (status == STATUS_OK) Result.first = ownSequence();
  return status;
}

export function documentClock(handle: u32): u32 {
  const status = Call.select(handle);
  if (status == STATUS_OK) Result.time = <f64>Document.current.clock;
  return status;
}

export function documentSetClock(handle: u32, timestamp: f64): u32 {
  const status = Call.selectSettled(handle);
  if (status != STATUS_OK) return status;
  if (!(timestamp >= 0 && timestamp < <f64>TIMESTAMP_END) || trunc(timestamp) != timestamp) {
    return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_CLOCK, timestamp, <f64>(TIMESTAMP_END - 1));
  }
  Document.current.clock = max(Document.current.clock, <u64>timestamp);
  return STATUS_OK;
}

/** First result: removal records dropped; second: deleted-marks dropped. */
export function documentCompact(handle: u32, vectorPointer: u32, byteLength: u32, nowMs: f64): u32 {
  let status = Call.selectSettled(handle);
  if (status != STATUS_OK) return status;
  if (!Clock.isWallTime(nowMs)) return Clock.refuse(nowMs);
  status = VectorReader.read(vectorPointer, byteLength);
  if (status != STATUS_OK) return status;
  if (VectorReader.isAheadOfUs) {
    return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_VECTOR, VectorReader.aheadSequence);
  }
  Document.beginCall();
  Compaction.run(nowMs);
  Result.first = Compaction.removalsDropped;
  Result.second = Compaction.deletedMarksDropped;
  return Call.end(STATUS_OK);
}

// --- reading -------------------------------------------------------------------------------------------------------

function selectContainer(handle: u32, container: u32): u32 {
  const status = Call.select(handle);
  if (status != STATUS_OK || container < Document.current.containerCount) return status;
  return Refusal.of(
    STATUS_INVALID_ARGUMENT,
    SUBJECT_CONTAINER_INDICES,
    container,
    Document.current.containerCount,
  );
}

function wrongType(container: u32): u32 {
  return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_CONTAINER_TYPE, Containers.row(container).type);
}

/** Id + 1 of the (first) entry under the key, or 0 where there is none but a deleted-mark. */
function findPresent(container: u32, keyPointer: u32, keyLength: u32): u32 {
  const found = Keys.find(Keys.hash(container, keyPointer, keyLength), container, keyPointer, keyLength);
  if (found == 0) return 0;
  const row = Entries.row(found - 1);
  if (Entries.payloadLength(row) != 0) return found;
  const rule = Rules.ofKey(Containers.row(container).type, keyPointer, keyLength);
  return rule == RULE_WINNER ? 0 : found;
}

/** Result: the payload; first result: whether there is one. */
export function documentRead(handle: u32, container: u32, keyPointer: u32, keyLength: u32): u32 {
  const status = selectContainer(handle, container);
  if (status != STATUS_OK) return status;
  const rule = Rules.ofKey(Containers.row(container).type, keyPointer, keyLength);
  if (rule != RULE_WINNER && rule != RULE_EXTREME) return wrongType(container);
  const found = findPresent(container, keyPointer, keyLength);
  Result.first = found != 0 ? 1 : 0;
  if (found == 0) return STATUS_OK;
  const row = Entries.row(found - 1);
  return Result.bytes(Entries.payloadPointer(row), Entries.payloadLength(row));
}

/** First result: whether the key is present. */
export function documentHas(handle: u32, container: u32, keyPointer: u32, keyLength: u32): u32 {
  const status = selectContainer(handle, container);
  if (status != STATUS_OK) return status;
  const rule = Rules.ofKey(Containers.row(container).type, keyPointer, keyLength);
  const isKeyed = rule != RULE_NONE && rule != RULE_CELL && rule != RULE_OWN && rule != RULE_LOG;
  if (!isKeyed) return wrongType(container);
  Result.first = findPresent(container, keyPointer, keyLength) != 0 ? 1 : 0;
  return STATUS_OK;
}

/** Time: the size. */
export function documentSize(handle: u32, container: u32): u32 {
  const status = selectContainer(handle, container);
  if (status == STATUS_OK) Result.time = Export.sizeOf(container);
  return status;
}

export function documentCounter(handle: u32, container: u32): u32 {
  const status = selectContainer(handle, container);
  if (status != STATUS_OK) return status;
  if (Containers.row(container).rule != RULE_CELL) return wrongType(container);
  Export.sums(container);
  return Result.bytes(Export.pointer, Export.length);
}

export function documentEntries(handle: u32, container: u32, last: u32): u32 {
  const status = selectContainer(handle, container);
  if (status != STATUS_OK) return status;
  Export.entries(container, last);
  return Result.bytes(Export.pointer, Export.length);
}

export function documentEntriesOf(handle: u32, container: u32, keyPointer: u32, keyLength: u32): u32 {
  const status = selectContainer(handle, container);
  if (status != STATUS_OK) return status;
  const rule = Rules.ofKey(Containers.row(container).type, keyPointer, keyLength);
  if (rule == RULE_LOG || rule == RULE_NONE) return wrongType(container);
  Canonical.gatherUnder(container, keyPointer, keyLength);
  Export.gathered(container);
  return Result.bytes(Export.pointer, Export.length);
}

/** Result: the entry of the dot, or none. */
export function documentEntryAt(handle: u32, container: u32, idLow: u32, idHigh: u32, sequence: u32): u32 {
  const status = selectContainer(handle, container);
  if (status != STATUS_OK) return status;
  Canonical.open(0);
  const replica = Replicas.find(((<u64>idHigh) << 32) | idLow);
  if (replica != NO_INDEX) {
    const id = Dots.find(Replicas.row(replica), replica, sequence);
    if (id != NO_INDEX && Entries.containerOf(Entries.row(id)) == container) Canonical.gatherOne(id);
  }
  Export.gathered(container);
  return Result.bytes(Export.pointer, Export.length);
}

/** Answers a request that the host has judged. */
export function documentSeries(handle: u32, container: u32, pointer: u32): u32 {
  const status = selectContainer(handle, container);
  if (status != STATUS_OK) return status;
  if (Containers.row(container).type != TYPE_SERIES) return wrongType(container);
  return SeriesQuery.answer(container, pointer);
}

export function documentContainers(handle: u32): u32 {
  const status = Call.select(handle);
  if (status != STATUS_OK) return status;
  Export.summaries();
  return Result.bytes(Export.pointer, Export.length);
}

/** Result: replicas, entries, deleted-marks, removal records, u32 each. */
export function documentStatistics(handle: u32): u32 {
  const status = Call.select(handle);
  if (status != STATUS_OK) return status;
  Export.statistics();
  return Result.bytes(Export.pointer, Export.length);
}

/** First result: 0, or the number of the first broken invariant. */
export function documentCheckInvariants(handle: u32): u32 {
  const status = Call.selectSettled(handle);
  if (status == STATUS_OK) Result.first = Invariants.firstBroken();
  return status;
}

// --- vector tables -------------------------------------------------------------------------------------------------

export function tableCreate(rows: u32, columns: u32): u32 {
  return VectorTables.create(rows, columns);
}
export function tableClose(table: u32): void {
  VectorTables.close(table);
}
export function tableRowPointer(table: u32, row: u32): u32 {
  return VectorTables.at(table).cells + row * VectorTables.at(table).strideBytes;
}
export function tableVectorPointer(table: u32): u32 {
  return VectorTables.at(table).vector;
}
export function tableRelationsPointer(table: u32): u32 {
  return VectorTables.at(table).relations;
}
export function tableCompare(table: u32): void {
  VectorTables.compare(table);
}
export function tableMinimum(table: u32): void {
  VectorTables.minimum(table);
}

// --- point tables --------------------------------------------------------------------------------------------------
// Ranges, windows and room are checked by the host. Kernels are called in pieces of a multiple of eight points.

export function pointsCreate(capacity: u32): u32 {
  return PointTables.create(capacity);
}
export function pointsClose(table: u32): void {
  PointTables.close(table);
}
export function pointsTimesPointer(table: u32): u32 {
  return PointTables.at(table).times;
}
export function pointsValuesPointer(table: u32): u32 {
  return PointTables.at(table).values;
}

/** Keeps rows the host wrote behind the last one. First result: whether their times descend from the row before. */
export function pointsAppend(table: u32, count: u32): u32 {
  return PointTables.append(table, count);
}
export function pointsClear(table: u32): void {
  PointTables.at(table).length = 0;
}

export function pointsReduceOpen(): void {
  PointReduction.open();
}
export function pointsReduce(table: u32, from: u32, to: u32): void {
  PointReduction.accumulate(PointTables.valuePointer(table, from), to - from);
}
export function pointsSum(table: u32, from: u32, to: u32): void {
  PointReduction.sum(PointTables.valuePointer(table, from), to - from);
}
export function pointsSquares(table: u32, from: u32, to: u32, mean: f64): void {
  PointReduction.squares(PointTables.valuePointer(table, from), to - from, mean);
}
export function pointsTotal(): f64 {
  return PointReduction.total();
}
export function pointsMinimum(): f64 {
  return PointReduction.minimum;
}
export function pointsMaximum(): f64 {
  return PointReduction.maximum;
}

/** Writes some windows; answers the row the next call continues from. Result: their rows. */
export function pointsWindows(table: u32, from: u32, to: u32, origin: f64, width: f64): u32 {
  return PointWindows.next(PointTables.at(table), from, to, origin, width);
}

export function pointsSketchOpen(count: u32): void {
  PointSketch.open(count);
}
export function pointsSketch(table: u32, from: u32, to: u32): void {
  PointSketch.add(PointTables.valuePointer(table, from), to - from);
}
/** Result: bucket and count, u32 each, of every bucket that holds a value, ascending. */
export function pointsSketchGather(): void {
  PointSketch.gather();
}

// --- series chunks -------------------------------------------------------------------------------------------------

/** Result: the chunk. */
export function pointsEncodeChunk(table: u32, from: u32, to: u32): u32 {
  return PointChunks.encode(PointTables.at(table), from, to);
}
/** First result: whether the times descend from the row before; second: the points appended. */
export function pointsDecodeChunk(table: u32, pointer: u32, byteLength: u32): u32 {
  return PointChunks.decode(PointTables.at(table), pointer, byteLength);
}
/** First result: whether the times descend from the row before. */
export function pointsMergeRuns(table: u32, boundsPointer: u32, runs: u32): u32 {
  return PointChunks.merge(PointTables.at(table), boundsPointer, runs);
}
/** Result: the summary, f64 each. */
export function chunkSummarize(pointer: u32, byteLength: u32): u32 {
  return PointChunks.summarize(pointer, byteLength);
}
