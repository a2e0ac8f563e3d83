// The engine seam: what the WebAssembly engine and its TypeScript twin both implement. Bytes stand on both sides;
// values, clocks and randomness stay with the caller. Equal calls give equal bytes on both engines.
// Layouts of deltas and snapshots: docs/wire-format.md. Layouts of batches, vectors and exports: below.

import type { ContainerTypeName } from "../wire/container-types.ts";
import type { ReplicaId } from "../wire/replica-id.ts";
import type { ModelKernels } from "./models.ts";

export {
  CONTAINER_TYPES,
  type ContainerType,
  type ContainerTypeName,
  GRAPH_KINDS,
  LIST_KINDS,
  SERIES_KINDS,
} from "../wire/container-types.ts";
export type { ReplicaId } from "../wire/replica-id.ts";
export type { ModelKernels, ModelSum, ModelTable } from "./models.ts";

/**
 * Operations of a mutation batch. Each operation is `opcode u8, container u16` and its operands, little-endian,
 * unaligned, one after another:
 *
 * | opcode | containers | operands | takes a dot | effective when |
 * |---|---|---|---|---|
 * | increment | counter | amount f64, an integer, may be negative | unless 0 | amount ≠ 0 |
 * | put | register, map, multi-value, multi-map, graph attribute, list value and place | keyLength u32, payloadLength u32 ≥ 1, key, payload | always | always |
 * | put | maximum, minimum | keyLength u32 = 0, payloadLength u32 = 8, f64, no NaN | if effective | nothing is there, or it lies strictly beyond what is |
 * | delete | register, map, graph attribute, multi-value, multi-map | keyLength u32, key | if present | it was present |
 * | delete | list value and place | keyLength u32, key | if effective | no deleted-mark was there (nothing may have been) |
 * | add | set, flag, graph vertex and edge | keyLength u32, key | always (re-adding removes the dots it saw) | it was absent |
 * | remove | set, flag, graph vertex and edge | keyLength u32, key | if present | it was present |
 * | clear | map, set, flag, multi-value, multi-map | – | map: one a present key; others: one removal record for all | anything was present |
 * | append | log, workflow, vote | payloadLength u32 ≥ 1, payload | always | always |
 * | truncate | log, workflow, vote | timestamp f64, replica u64, sequence u32: all up to and including it goes | if above the mark | the mark rose |
 * | insert | list position | keyLength u32, payloadLength u32, key, payload (may be empty) | always | always |
 * | adjust | bounded | keyLength u32 (0 or 8), plus f64, minus f64, both integers ≥ 0, key | unless both 0 | not both are 0 |
 * | record | series | labelLength u32, count u32 ≥ 1, label, times f64[count], values f64[count] | one a chunk | a point lies not below the marks |
 * | retain | series | kind u8 (mark or markOfAll), labelLength u32 (of markOfAll 0), label, time f64 | if effective | no mark is under the key, or an earlier one |
 *
 * Keys of register, flag, multi-value, maximum and minimum are empty. Keys of a graph begin with a byte of
 * {@link GRAPH_KINDS}, those of a list with one of {@link LIST_KINDS}; the rest is the caller's (graph and list do not
 * look into it). A bounded key of 8 bytes is a replica id, not 0. A series' key is a byte of {@link SERIES_KINDS} and the
 * label, which may be empty, but for that of markOfAll, which ends there. An operation on a key of another kind than its row
 * names is invalid-argument.
 *
 * An increment adds to the running sum of plus (or of minus) of this replica, `adjust` to both running sums of this
 * replica under the key. A put into multi-value or multi-map removes the entries it saw under its key with a removal
 * record of its own dot (none where it saw none); its timestamp is the batch's, unless the greatest of those entries
 * would beat that. Times of `record` and `retain` are integers within ±(2^53 − 1), −0 being +0, values no NaN. `record`
 * leaves out points below the greater of the two marks of the label, sorts the others by time where they are not (equal
 * times stay as they came) and makes chunks of CHUNK_POINTS_MAX of them, the last one shorter. A list's write does not ask whether there is a position to go with it. `clear` visits entries in
 * canonical order (replica id, then sequence).
 */
export const OPCODES = {
  increment: 1,
  put: 2,
  delete: 3,
  add: 4,
  remove: 5,
  clear: 6,
  append: 7,
  truncate: 8,
  insert: 9,
  adjust: 10,
  record: 11,
  retain: 12,
  join: 13,
} as const;

/**
 * Questions to {@link EngineDocument.series}. A request is 44 bytes and its labels, little-endian; a field that the row
 * of its kind does not name is not looked at:
 *
 * `kind u8, order u8, 0 u16, limit u32, from f64, to f64, origin f64, width f64, labelCount u32`, then per label
 * `length u32, bytes`, and nothing behind; the u16 is 0, and `order` of points 0 or 1. `from` and `to` (inclusive) are any f64 but NaN, infinities too;
 * where `from` is greater there are no points.
 *
 * | kind | fields | answer |
 * |---|---|---|
 * | labels | – (labelCount 0) | `count u32, labelBytes u32`, per label f64 × 5: points, first time, last time, chunks, bytes of chunks; `lengths u32[count], labels` |
 * | points | one label, from, to, limit, order | `count u32, 0 u32, times f64[count], values f64[count]` |
 * | reduce | labels, from, to | `labels u32, 0 u32`, per label a row of {@link WINDOW_FIELDS} |
 * | windows | labels, from, to, origin, width | `labels u32, rows u32, rows per label u32[labels], 0 u32 where labels is odd`, the rows of {@link WINDOW_FIELDS} label by label, ascending, of windows that hold a point |
 * | sketch | labels, from, to | `buckets u32, 0 u32`, per bucket `bucket u32, count u32` as of {@link PointTable.sketch}, of all labels together |
 * | timeOfNewest | one label, limit ≥ 1 | `count u32, 0 u32, time f64[count]`: that of the limit-th newest point; count 0 where there are fewer, else 1 |
 *
 * What a mark has taken is nowhere in an answer, be its chunk still there or not. Points come in the order (time, replica
 * id, sequence, place in the chunk); `limit` (0: none) keeps the newest (order 0) or the oldest (order 1) so many. The
 * labels of `labels` are those that have points, ascending by bytes; where reduce, windows or sketch list none, they
 * mean all of these. A label that is listed twice counts twice. `start` of a reduced row is the time of its first
 * point. A row of no points: start 0, count 0, sum 0, minimum +Infinity, maximum −Infinity, first, last and squares 0.
 *
 * **How sums combine.** The parts of a row are the points of one chunk that fall into it, each summed up as
 * {@link PointTable} does (lanes count from the first of them), in the order (first time of the whole chunk, replica id,
 * sequence). The first part stands for itself; each that follows (count m, sum s, squares q) is added to what there is
 * (n, S, Q) by `δ = s / m − S / n; Q = (Q + q) + (δ · δ) · ((n · m) / (n + m)); S = S + s; n = n + m`, every operation one
 * double. `squares` of a part is around its own mean, sum / count. A result that is no number is the canonical NaN.
 * −0 lies below +0. `first` and `last` are the values of the first and last point in the order of points.
 */
export const SERIES_REQUESTS = {
  labels: 1,
  points: 2,
  reduce: 3,
  windows: 4,
  sketch: 5,
  timeOfNewest: 6,
} as const;

/** Bytes of a request before its labels. */
export const SERIES_REQUEST_BYTES = 44;

export interface DocumentOptions {
  /** Who writes: later mutations carry dots of this replica. */
  readonly replica: ReplicaId;
  /** Two random unsigned 32-bit numbers that seed the hash indexes; they never influence results. */
  readonly hashSeed: readonly [number, number];
  /** How far ahead of the caller's clock a remote timestamp may move this document's clock, in milliseconds. */
  readonly driftLimitMs: number;
}

export interface ContainerSummary {
  readonly index: number;
  readonly type: ContainerTypeName;
  readonly name: string;
  /** See {@link EngineDocument.size}. */
  readonly size: number;
  /** Live entries, deleted-marks included. */
  readonly entries: number;
}

export interface MutationResult {
  /** How many operations of the batch were effective (see {@link OPCODES}). */
  readonly effective: number;
  /** This replica's sequence after the batch. */
  readonly sequence: number;
}

export interface MergeResult {
  /** Whether the version vector advanced. */
  readonly changed: boolean;
  /** Entries taken in whose timestamp lay beyond the drift limit: merged, but not allowed to move the clock. */
  readonly ahead: number;
  /** The largest timestamp excess over the caller's clock among them, in milliseconds; 0 when there is none. */
  readonly aheadMs: number;
  /**
   * Present when changes were asked for: `count u32`, then per visible change
   * `container u16, present u8, 0 u8, keyLength u32, key`, in order of application: removals (in a snapshot merge
   * first the entries it drops, in canonical order), then entries in table order. An entry that loses changes
   * nothing and is not listed, nor is one that another replaces or a truncation takes along. `present` says whether
   * the key is present after that step (of a log: whether an entry came; a truncation and a dropped entry: 0). Keys:
   * none of register, flag, log, workflow, vote, multi-value, maximum and minimum; the replica id (u64) of a counter;
   * the replica id (u64) and then the key of a bounded; of a list's position its kind and its dot (`1 u8, replica id
   * u64, sequence u32`); of a series' chunk `1 u8, first time f64, last time f64, label` (present: whether that chunk is
   * there), of its marks `kind u8, time f64, label` (present: whether a mark is under the key; what a mark takes along is
   * not listed); of all others the key, with its kind where it has one.
   */
  readonly changes: Uint8Array | undefined;
}

/** Exact sums of a counter: each may exceed 2^53, the host decides what to do about it. */
export interface CounterSums {
  readonly plus: bigint;
  readonly minus: bigint;
}

export interface CompactionResult {
  readonly removalsDropped: number;
  readonly deletedMarksDropped: number;
}

export interface DocumentStatistics {
  readonly replicas: number;
  /** Live entries, deleted-marks included. */
  readonly entries: number;
  /** Those that compaction may drop: the deleted-marks of lists stay for ever and are not counted. */
  readonly deletedMarks: number;
  readonly removals: number;
}

/**
 * One document inside an engine. Methods that fail throw `CrdtError` and leave the document exactly as it was.
 *
 * **Vectors** cross as `count u32, then per replica (id u64, sequence u32)`, ascending by id, sequences ≥ 1.
 * **Time** is the caller's: `nowMs` are wall-clock milliseconds. A timestamp is `milliseconds × 1024 + counter`, an
 * integer below 2^53. A batch takes one clock reading (`clock = max(clock + 1, nowMs × 1024)`) for all its
 * operations; one that replaces an entry with a timestamp that would beat it takes that timestamp + 1 instead,
 * without moving the clock (sequence breaks ties within a replica, replica id between replicas). A write to an absent
 * key takes a timestamp above the greatest compacted deleted-mark, an append one above the truncation mark. The reading
 * is taken whether or not an operation is effective; failure and rollback put the clock back. `nowMs` is an integer
 * below 2^43 (invalid-argument otherwise); a timestamp that would reach 2^53 is limit-exceeded. An
 * increment that takes a sum beyond 2^53 − 1 is counter-range; a first mutation where REPLICAS_MAX others mutated
 * before is limit-exceeded. Reading a container as what it is not is invalid-argument, and so is whatever a
 * transaction forbids.
 */
export interface EngineDocument {
  readonly replica: ReplicaId;
  /** Later mutations carry dots of this replica, continuing after what the version vector knows of it. */
  setReplica(replica: ReplicaId): void;

  /** Declares a container and gives its index, stable while the document is open. Declaring again is free. */
  container(type: ContainerTypeName, name: string): number;
  /** All containers this document has declared or met, by index. */
  containers(): ContainerSummary[];

  /**
   * Opens a transaction: batches apply at once and are seen by reads until `commit` keeps or `rollback` undoes all.
   * Without one, each batch is its own transaction. No merge, compaction or encoding while one is open.
   */
  begin(): void;
  commit(): void;
  rollback(): void;
  /** Applies the first `byteLength` bytes of `batch`, whole or not at all. Errors: limit-exceeded, counter-range, invalid-argument. */
  mutate(batch: Uint8Array, byteLength: number, nowMs: number): MutationResult;

  /** Merges a delta or snapshot, whole or not at all. Errors: gap, malformed-delta, checksum-mismatch, unsupported-version, unsupported-type, limit-exceeded, engine-trap. */
  merge(bytes: Uint8Array, nowMs: number, wantChanges: boolean): MergeResult;
  /** What a replica at `vector` lacks: a complete delta, or a snapshot where `vector` does not cover the floor. */
  deltaSince(vector: Uint8Array): Uint8Array;
  /** This replica's own mutations after `sequence`, as a stream delta. It may share its buffer with other results: copy before transferring it. */
  localDelta(sequence: number): Uint8Array;
  /** The whole state: live entries, deleted-marks, removal records above the floor, and the floor. */
  snapshot(): Uint8Array;
  /** 16 hexadecimal digits over version vector and live entries; equal version vectors give equal digests. */
  digest(): string;

  versionVector(): Uint8Array;
  floor(): Uint8Array;
  /** This replica's last sequence; 0 before its first mutation. */
  sequence(): number;
  /** The document's clock: the greatest timestamp issued or absorbed. */
  clock(): number;
  /** Raises the clock to `timestamp`; never lowers it. */
  setClock(timestamp: number): void;
  /**
   * Drops removal records covered by `stable`, deleted-marks covered by it whose timestamp `nowMs` has passed, and
   * raises the floor to it. `stable` must be covered by the version vector (invalid-argument otherwise).
   */
  compact(stable: Uint8Array, nowMs: number): CompactionResult;

  /**
   * The payload under a key that one entry wins: register, maximum and minimum (empty key), map, graph attribute, list
   * value and place, series marks (f64); undefined when absent or deleted. A copy, which may share its buffer with other results. Errors:
   * invalid-argument for every other type or kind, multi-value and multi-map among them: use `entriesOf`.
   */
  read(container: number, key: Uint8Array): Uint8Array | undefined;
  /** Whether there is anything under the key; under a list's value or place: anything but a deleted-mark. Not of counter, bounded, log, workflow and vote. */
  has(container: number, key: Uint8Array): boolean;
  /**
   * How much there is: 0 or 1 of register, flag, maximum and minimum; present keys of map, multi-map and graph (all
   * kinds); elements of a set; contributing replicas of a counter; live entries of bounded, multi-value, log, workflow
   * and vote (truncation marks do not count); positions of a list, deleted or not; points of a series that its marks
   * have not taken.
   */
  size(container: number): number;
  /** Of a counter alone: the sums of a bounded are read from its entries. */
  counter(container: number): CounterSums;
  /**
   * Exports live entries as one buffer, without truncation marks and without deleted-marks, those of a list excepted,
   * which come with an empty payload (a list's position may have one too, and that is none):
   * `count u32, replicaCount u32, keyBytes u32, payloadBytes u32, replica ids u64[replicaCount] (ascending),
   * timestamps f64[count], replica indices u32[count], sequences u32[count], key lengths u32[count],
   * payload lengths u32[count], keys, payloads`. Canonical order (replica id, sequence); log, workflow and vote in
   * (timestamp, replica id, sequence) order. `last` > 0 keeps only the last so many. The replica table holds all
   * replicas of the document.
   */
  entries(container: number, last: number): Uint8Array;
  /**
   * Those of the entries that `entries` exports which stand under exactly this key, in canonical order (of a counter or
   * bounded: of all replicas), in the same layout; its replica table holds the replicas of these entries alone. Costs
   * what it gives (of a counter or bounded: what the container holds). Errors: invalid-argument for log, workflow and
   * vote, and for a key without a kind that the type knows.
   */
  entriesOf(container: number, key: Uint8Array): Uint8Array;
  /**
   * The one entry of this dot, in the layout of `entriesOf`; none where it is not live, not in this container, or not
   * of those that `entries` exports. Errors: invalid-argument for what is no replica id, or a sequence outside 1 to 2^32 − 2.
   */
  entryAt(container: number, replica: ReplicaId, sequence: number): Uint8Array;
  /**
   * Answers one question about a series ({@link SERIES_REQUESTS}). Errors: invalid-argument for another type, for a
   * request that is no such layout and for windows as {@link PointTable.windows} refuses them (over the points that are
   * answered with); limit-exceeded for a label beyond KEY_BYTES_MAX − 1 bytes, a request beyond BATCH_BYTES_MAX, an answer beyond
   * SERIES_RESULT_BYTES_MAX, and a sketch of 2^32 points or more. The answer may share its buffer with other results.
   */
  series(container: number, request: Uint8Array): Uint8Array;

  statistics(): DocumentStatistics;
  /** Throws an Error naming the first broken invariant of the structures; for tests. */
  checkInvariants(): void;
  /** Gives the memory back; every later call throws document-closed. */
  close(): void;
}

/** How a row of a vector table stands to the vector it was compared with. */
export const RELATIONS = { equal: 0, behind: 1, ahead: 2, concurrent: 3 } as const;

/**
 * Version vectors of many peers as dense rows of u32 sequences, one column a replica: which of them lag, and what
 * all of them have. Missing replicas are 0.
 */
export interface VectorTable {
  readonly rows: number;
  readonly columns: number;
  setRow(row: number, sequences: Uint32Array): void;
  /** Fills `relations` with one {@link RELATIONS} value a row: how the row stands to `vector`. */
  compare(vector: Uint32Array, relations: Uint8Array): void;
  /** The column-wise minimum of all rows. */
  minimum(): Uint32Array;
  close(): void;
}

/** Of a range of points; of none: count 0, sum 0, minimum +Infinity, maximum −Infinity. */
export interface PointSummary {
  readonly count: number;
  readonly sum: number;
  /** −0 lies below +0. */
  readonly minimum: number;
  readonly maximum: number;
}

/** Of a range of points: `squares` is the sum of (value − mean)², so the variance is `squares / count`; of none: 0. */
export interface PointVariance {
  readonly count: number;
  readonly mean: number;
  readonly squares: number;
}

/**
 * Where a quantity stands in a row of {@link PointTable.windows}. `first` and `last` are the values of the first and the
 * last point of the window, `squares` is that of {@link PointVariance}.
 */
export const WINDOW_FIELDS = {
  start: 0,
  count: 1,
  sum: 2,
  minimum: 3,
  maximum: 4,
  first: 5,
  last: 6,
  squares: 7,
} as const;

/** Numbers a row of windows takes. */
export const WINDOW_FIELD_COUNT = 8;

/**
 * Points of time series as two resident columns: `times`, integers within ±(2^53 − 1) (milliseconds by convention), and
 * `values`, any f64 but NaN, kept bit for bit. Rows are only appended; which rows are whose series is the caller's to
 * know. Ranges run from row `from` to before row `to`.
 *
 * Sums have eight lanes: element i of a range is added to lane i mod 8, in order, each lane from +0, and the sum is
 * ((0+1)+(2+3))+((4+5)+(6+7)). Both engines therefore give equal bits. A result that is no number is the canonical NaN.
 *
 * Errors: invalid-argument for ranges outside the rows, for arrays of unequal lengths, for NaN, for a time that is no such
 * integer or descends within one call; limit-exceeded beyond the capacity; document-closed after `close`. Whatever
 * fails leaves the table as it was.
 */
export interface PointTable {
  readonly capacity: number;
  /** Rows that hold a point. */
  readonly length: number;
  /** Copies points in behind the last row; the times of one call must not descend. */
  append(times: Float64Array, values: Float64Array): void;
  /** Copies rows from `from` on out, as many as the arrays hold. */
  read(from: number, times: Float64Array, values: Float64Array): void;
  /** Forgets all rows; the capacity stays. */
  clear(): void;

  /** Count, sum, minimum and maximum. One pass. */
  reduce(from: number, to: number): PointSummary;
  /** Mean and squared deviation, in two passes: exact deviations cannot cancel. */
  variance(from: number, to: number): PointVariance;
  /**
   * Aggregates per window `[origin + k·width, origin + (k+1)·width)` that holds a point, one row of {@link WINDOW_FIELDS}
   * each, ascending. Times must not descend in the range, `width` is an integer ≥ 1, and windows and distances to
   * `origin` stay within ±(2^53 − 1); invalid-argument otherwise.
   */
  windows(from: number, to: number, origin: number, width: number): Float64Array;
  /**
   * How many values fall into which bucket (quantile-sketch.ts): bucket and count in turn, ascending, only buckets that
   * hold a value.
   */
  sketch(from: number, to: number): Uint32Array;

  /**
   * The rows as a series chunk (docs/wire-format.md): 1 to CHUNK_POINTS_MAX whose times do not descend. Errors:
   * invalid-argument, limit-exceeded.
   */
  encodeChunk(from: number, to: number): Uint8Array;
  /** Appends the points of a chunk; gives how many. Errors: malformed-delta, limit-exceeded. */
  decodeChunk(bytes: Uint8Array): number;
  /**
   * Appends the rows of runs merged by time and, between equal times, by the order of runs and rows. Run r takes rows
   * bounds[r] to before bounds[r + 1], whose times do not descend. Errors: invalid-argument, limit-exceeded.
   */
  mergeRuns(bounds: Uint32Array): void;

  /** Gives the memory back; every later call throws document-closed. */
  close(): void;
}

/** What a series chunk holds; the sum runs in the lanes of {@link PointTable}. */
export interface ChunkSummary extends PointSummary {
  readonly firstTime: number;
  readonly lastTime: number;
  readonly firstValue: number;
  readonly lastValue: number;
}

export interface EngineStatistics {
  readonly documents: number;
  /** Linear memory of the WebAssembly engine; undefined for the baseline, which lives on the JavaScript heap. */
  readonly memoryBytes: number | undefined;
}

export interface Engine {
  readonly name: "wasm" | "baseline";
  createDocument(options: DocumentOptions): EngineDocument;
  createVectorTable(rows: number, columns: number): VectorTable;
  /** An empty table with room for `capacity` points. Errors: invalid-argument, limit-exceeded, engine-trap. */
  createPointTable(capacity: number): PointTable;
  /** Checks a series chunk whole and sums it up. Errors: malformed-delta. */
  summarizeChunk(bytes: Uint8Array): ChunkSummary;
  /** Loaded when first asked for: most programs average no models. */
  models(): Promise<ModelKernels>;
  statistics(): EngineStatistics;
}
