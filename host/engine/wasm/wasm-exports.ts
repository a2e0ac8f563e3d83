// The exports of the WebAssembly module as TypeScript sees them: numbers in, numbers out. The authority is
// assembly/index.ts; `ABI_VERSION` guards the pair. Results declared u32 there arrive signed and need `>>> 0`.

/** The version of assembly/index.ts this host was written for. */
export const ABI_VERSION = 5;

export interface WasmExports {
  readonly memory: WebAssembly.Memory;

  reserveInput(bytes: number): number;
  inputBytes(): number;
  resultPointer(): number;
  resultLength(): number;
  resultFirst(): number;
  resultSecond(): number;
  resultTime(): number;
  refusedSubject(): number;
  refusedValue(): number;
  refusedLimit(): number;
  refusedIndex(): number;
  openDocuments(): number;
  freePages(): number;
  recover(): number;

  documentCreate(
    idLow: number,
    idHigh: number,
    seedLow: number,
    seedHigh: number,
    driftLimitMs: number,
  ): number;
  documentClose(document: number): number;
  documentSetReplica(document: number, idLow: number, idHigh: number): number;
  documentContainer(document: number, type: number, namePointer: number, nameLength: number): number;
  documentBegin(document: number): number;
  documentCommit(document: number): number;
  documentRollback(document: number): number;
  documentMutate(document: number, pointer: number, byteLength: number, nowMs: number): number;
  documentMerge(
    document: number,
    pointer: number,
    byteLength: number,
    nowMs: number,
    wantChanges: number,
  ): number;
  documentDeltaSince(document: number, vectorPointer: number, byteLength: number): number;
  documentLocalDelta(document: number, sequence: number): number;
  documentSnapshot(document: number): number;
  documentDigest(document: number): number;
  documentVersionVector(document: number): number;
  documentFloor(document: number): number;
  documentSequence(document: number): number;
  documentClock(document: number): number;
  documentSetClock(document: number, timestamp: number): number;
  documentCompact(document: number, vectorPointer: number, byteLength: number, nowMs: number): number;
  documentRead(document: number, container: number, keyPointer: number, keyLength: number): number;
  documentHas(document: number, container: number, keyPointer: number, keyLength: number): number;
  documentSize(document: number, container: number): number;
  documentCounter(document: number, container: number): number;
  documentEntries(document: number, container: number, last: number): number;
  documentEntriesOf(document: number, container: number, keyPointer: number, keyLength: number): number;
  documentEntryAt(
    document: number,
    container: number,
    idLow: number,
    idHigh: number,
    sequence: number,
  ): number;
  documentSeries(document: number, container: number, requestPointer: number): number;
  documentContainers(document: number): number;
  documentStatistics(document: number): number;
  documentCheckInvariants(document: number): number;

  tableCreate(rows: number, columns: number): number;
  tableClose(table: number): void;
  tableRowPointer(table: number, row: number): number;
  tableVectorPointer(table: number): number;
  tableRelationsPointer(table: number): number;
  tableCompare(table: number): void;
  tableMinimum(table: number): void;

  pointsCreate(capacity: number): number;
  pointsClose(table: number): void;
  pointsTimesPointer(table: number): number;
  pointsValuesPointer(table: number): number;
  pointsAppend(table: number, count: number): number;
  pointsClear(table: number): void;
  pointsReduceOpen(): void;
  pointsReduce(table: number, from: number, to: number): void;
  pointsSum(table: number, from: number, to: number): void;
  pointsSquares(table: number, from: number, to: number, mean: number): void;
  pointsTotal(): number;
  pointsMinimum(): number;
  pointsMaximum(): number;
  pointsWindows(table: number, from: number, to: number, origin: number, width: number): number;
  pointsSketchOpen(count: number): void;
  pointsSketch(table: number, from: number, to: number): void;
  pointsSketchGather(): void;
  pointsEncodeChunk(table: number, from: number, to: number): number;
  pointsDecodeChunk(table: number, pointer: number, byteLength: number): number;
  pointsMergeRuns(table: number, boundsPointer: number, runs: number): number;

  chunkSummarize(pointer: number, byteLength: number): number;

  modelsAllocate(bytes: number): number;
  modelsRelease(pointer: number, bytes: number): void;
  modelsAdd(
    sum: number,
    rows: number,
    stride: number,
    weights: number,
    rowCount: number,
    count: number,
  ): void;
  modelsAddExact(
    sum: number,
    rows: number,
    stride: number,
    weights: number,
    rowCount: number,
    count: number,
  ): void;
  modelsFold(sum: number, other: number, count: number): void;
  modelsDivide(mean: number, sum: number, divisor: number, count: number): void;
  modelsScratchBytes(rowCount: number): number;
  modelsTrimmedMean(
    out: number,
    rows: number,
    stride: number,
    rowCount: number,
    trim: number,
    count: number,
    scratch: number,
  ): void;
  modelsNormOpen(): void;
  modelsSquares(pointer: number, count: number): void;
  modelsSquaredDistance(pointer: number, other: number, count: number): void;
  modelsNormTotal(): number;
  modelsGreatestBits(pointer: number, count: number): number;
  modelsToBytes(
    out: number,
    values: number,
    words: number,
    inverse: number,
    most: number,
    count: number,
  ): void;
  modelsToNibbles(
    out: number,
    values: number,
    words: number,
    inverse: number,
    most: number,
    count: number,
  ): void;
  modelsFromBytes(out: number, bytes: number, step: number, count: number): void;
  modelsFromNibbles(out: number, bytes: number, step: number, count: number): void;
  modelsTopOpen(): void;
  modelsTopCount(pointer: number, count: number, prefix: number, shift: number, width: number): void;
  modelsTopClass(rank: number): number;
  modelsTopAbove(): number;
  modelsTopGatherOpen(equal: number): void;
  modelsTopGather(out: number, pointer: number, count: number, bound: number, base: number): number;
}
