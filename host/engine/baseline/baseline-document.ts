// One document of the baseline engine: checks arguments and life cycle, and hands on to the files that do the work.
import { CrdtError } from "../../errors.ts";
import { CONTAINER_NAME_BYTES_MAX, CONTAINERS_MAX } from "../../limits.ts";
import { isReplicaId } from "../../wire/replica-id.ts";
import {
  CONTAINER_TYPES,
  type CompactionResult,
  type ContainerSummary,
  type ContainerTypeName,
  type CounterSums,
  type DocumentOptions,
  type DocumentStatistics,
  type EngineDocument,
  type MergeResult,
  type MutationResult,
  type ReplicaId,
} from "../engine.ts";
import { binaryString, byteAt } from "./binary-string.ts";
import { compact } from "./compaction.ts";
import type { Container, ContentIndex } from "./container.ts";
import { ruleOf } from "./data-types.ts";
import { type DeltaDecoder, SEQUENCE_MAX } from "./delta-decoder.ts";
import type { DeltaEncoder } from "./delta-encoder.ts";
import type { DeltaMerge } from "./delta-merge.ts";
import { DocumentState } from "./document-state.ts";
import { exportEntries, exportEntriesOf, exportEntryAt } from "./entries-export.ts";
import { checkInvariants } from "./invariants.ts";
import type { KindIndex } from "./kind-index.ts";
import { MutationBatch } from "./mutation-batch.ts";
import { isChunk } from "./series-index.ts";
import { answerSeries } from "./series-query.ts";
import { alignVector, readVector, writeVector } from "./vector-bytes.ts";

const TICKS_PER_MS = 1024;
const CLOCK_MS_MAX = 2 ** 43;
const TWO_53 = 2 ** 53;
const nameEncoder = new TextEncoder();
const nameDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

export interface DocumentOwner {
  readonly decoder: DeltaDecoder;
  readonly merger: DeltaMerge;
  readonly encoder: DeltaEncoder;
  onClose(): void;
}

export class BaselineDocument implements EngineDocument {
  readonly #owner: DocumentOwner;
  #replica: ReplicaId;
  #open: DocumentState | undefined;
  #batch: MutationBatch;
  #isInTransaction = false;

  constructor(options: DocumentOptions, owner: DocumentOwner) {
    checkReplica(options.replica);
    if (!(options.driftLimitMs >= 0)) throw invalid(`a drift limit of ${options.driftLimitMs} ms`);
    this.#owner = owner;
    this.#replica = options.replica;
    this.#open = new DocumentState(options.driftLimitMs);
    this.#batch = new MutationBatch(this.#open, this.#replica);
  }

  get replica(): ReplicaId {
    return this.#replica;
  }

  setReplica(replica: ReplicaId): void {
    const state = this.#settled("setReplica");
    checkReplica(replica);
    this.#replica = replica;
    this.#batch = new MutationBatch(state, replica);
  }

  container(type: ContainerTypeName, name: string): number {
    const state = this.#state();
    if (!Object.hasOwn(CONTAINER_TYPES, type)) throw invalid(`container type ${JSON.stringify(type)}`);
    const known = state.findContainer(CONTAINER_TYPES[type], name);
    if (known !== undefined) return known.index;
    const nameBytes = nameEncoder.encode(name);
    if (nameBytes.length === 0 || nameDecoder.decode(nameBytes) !== name) {
      throw invalid(`container name ${JSON.stringify(name)}; give well-formed text`);
    }
    if (nameBytes.length > CONTAINER_NAME_BYTES_MAX) {
      throw tooMany(nameBytes.length, "bytes in a container name", CONTAINER_NAME_BYTES_MAX);
    }
    if (state.containers.length >= CONTAINERS_MAX) {
      throw tooMany(CONTAINERS_MAX + 1, "containers", CONTAINERS_MAX);
    }
    return state.addContainer(CONTAINER_TYPES[type], type, name, nameBytes).index;
  }

  containers(): ContainerSummary[] {
    return this.#state().containers.map(({ index, typeName, name, content, entries }) => ({
      index,
      type: typeName,
      name,
      size: content.size,
      entries,
    }));
  }

  begin(): void {
    this.#settled("begin");
    this.#isInTransaction = true;
  }

  commit(): void {
    this.#endTransaction("commit").commit();
  }

  rollback(): void {
    const state = this.#endTransaction("rollback");
    state.rollback(0);
    state.commit();
  }

  mutate(batch: Uint8Array, byteLength: number, nowMs: number): MutationResult {
    const state = this.#state();
    checkTime(nowMs);
    const savepoint = state.journal.length;
    let effective: number;
    try {
      effective = this.#batch.apply(batch, byteLength, Math.max(state.clock + 1, nowMs * TICKS_PER_MS));
    } catch (error) {
      state.rollback(savepoint);
      throw error;
    }
    if (!this.#isInTransaction) state.commit();
    return { effective, sequence: this.sequence() };
  }

  merge(bytes: Uint8Array, nowMs: number, wantChanges: boolean): MergeResult {
    const state = this.#settled("merge");
    checkTime(nowMs);
    const { decoder, merger } = this.#owner;
    try {
      decoder.decode(bytes);
      return keepOrUndo(state, () => merger.run(state, nowMs, wantChanges));
    } finally {
      decoder.release();
    }
  }

  deltaSince(vector: Uint8Array): Uint8Array {
    const state = this.#settled("deltaSince");
    const columns = state.sortedReplicas();
    const from = alignVector(readVector(vector), columns);
    if (columns.some((column, index) => column.floor > from[index]!))
      return this.#owner.encoder.snapshot(state);
    return this.#owner.encoder.delta(
      state,
      columns.map((column, index) => Math.min(column.sequence, from[index]!)),
    );
  }

  localDelta(sequence: number): Uint8Array {
    const state = this.#settled("localDelta");
    if (!Number.isInteger(sequence) || sequence < 0) throw invalid(`sequence ${sequence}`);
    const column = state.replicas.get(this.#replica);
    if (column === undefined || sequence >= column.sequence) return this.#owner.encoder.emptyStream();
    if (sequence < column.floor) {
      throw new CrdtError(
        "gap",
        `mutations after ${sequence} were compacted up to ${column.floor}; use deltaSince`,
      );
    }
    return this.#owner.encoder.stream(column, sequence);
  }

  snapshot(): Uint8Array {
    return this.#owner.encoder.snapshot(this.#settled("snapshot"));
  }

  digest(): string {
    return this.#owner.encoder.digest(this.#settled("digest"));
  }

  versionVector(): Uint8Array {
    return writeVector(this.#state().sortedReplicas(), (column) => column.sequence);
  }

  floor(): Uint8Array {
    return writeVector(this.#state().sortedReplicas(), (column) => column.floor);
  }

  sequence(): number {
    return this.#state().replicas.get(this.#replica)?.sequence ?? 0;
  }

  clock(): number {
    return this.#state().clock;
  }

  setClock(timestamp: number): void {
    const state = this.#settled("setClock");
    if (!Number.isInteger(timestamp) || timestamp < 0 || timestamp >= TWO_53) {
      throw invalid(`timestamp ${timestamp}; give an integer below 2^53`);
    }
    keepOrUndo(state, () => state.raiseClock(timestamp));
  }

  compact(stable: Uint8Array, nowMs: number): CompactionResult {
    const state = this.#settled("compact");
    checkTime(nowMs);
    const vector = readVector(stable);
    return keepOrUndo(state, () => compact(state, vector, nowMs));
  }

  read(container: number, key: Uint8Array): Uint8Array | undefined {
    const text = binaryString(key, 0, key.length);
    const { content, typeName } = this.#keyed(container, text, "read");
    if (content.kind === "extreme") return text === "" ? content.best?.payloadBytes() : undefined;
    if (content.kind === "series" && !isChunk(text)) return content.markAt(text)?.payloadBytes();
    if (content.kind !== "winners") throw wrongType("read", typeName);
    const winner = content.winners.get(text);
    return winner === undefined || winner.length === 0 ? undefined : winner.payloadBytes();
  }

  has(container: number, key: Uint8Array): boolean {
    const text = binaryString(key, 0, key.length);
    const { content, typeName } = this.#keyed(container, text, "has");
    if (content.kind === "extreme") return text === "" && content.best !== undefined;
    if (content.kind === "winners" || content.kind === "elements" || content.kind === "series") {
      return content.isPresent(text);
    }
    throw wrongType("has", typeName);
  }

  size(container: number): number {
    return this.#container(container).content.size;
  }

  counter(container: number): CounterSums {
    const { content, typeName } = this.#container(container);
    if (content.kind !== "counter") throw wrongType("counter", typeName);
    return content.sums();
  }

  entries(container: number, last: number): Uint8Array {
    if (!Number.isInteger(last) || last < 0) throw invalid(`last ${last}; give 0 for all`);
    return exportEntries(this.#state(), this.#container(container), last);
  }

  entriesOf(container: number, key: Uint8Array): Uint8Array {
    const text = binaryString(key, 0, key.length);
    const { content, typeName } = this.#keyed(container, text, "entriesOf");
    if (content.kind === "log") throw wrongType("entriesOf", typeName);
    return exportEntriesOf(this.#container(container), text);
  }

  entryAt(container: number, replica: ReplicaId, sequence: number): Uint8Array {
    const owner = this.#container(container);
    checkReplica(replica);
    if (!Number.isInteger(sequence) || sequence < 1 || sequence > SEQUENCE_MAX) {
      throw invalid(`sequence ${sequence}; give an integer from 1 to ${SEQUENCE_MAX}`);
    }
    return exportEntryAt(owner, this.#state().replicas.get(replica)?.find(sequence));
  }

  series(container: number, request: Uint8Array): Uint8Array {
    const { content, typeName } = this.#container(container);
    if (content.kind !== "series") throw wrongType("series", typeName);
    return answerSeries(content, request);
  }

  statistics(): DocumentStatistics {
    const { replicas, entries, deletedMarks, removals } = this.#state();
    return { replicas: replicas.size, entries, deletedMarks, removals };
  }

  checkInvariants(): void {
    checkInvariants(this.#settled("checkInvariants"));
  }

  close(): void {
    this.#state();
    this.#open = undefined;
    this.#owner.onClose();
  }

  #state(): DocumentState {
    if (this.#open === undefined) {
      throw new CrdtError("document-closed", "the document is closed; open it again");
    }
    return this.#open;
  }

  /** The state, where no transaction is open. */
  #settled(call: string): DocumentState {
    const state = this.#state();
    if (this.#isInTransaction) throw invalid(`${call} in a transaction; commit or roll back first`);
    return state;
  }

  #endTransaction(call: string): DocumentState {
    const state = this.#state();
    if (!this.#isInTransaction) throw invalid(`${call} without a transaction; begin one first`);
    this.#isInTransaction = false;
    return state;
  }

  #container(index: number): Container {
    const container = this.#state().containers[index];
    if (container === undefined) throw invalid(`container ${index}; declare it first`);
    return container;
  }

  /** The index that holds what is under a key, and the name of the type. */
  #keyed(
    index: number,
    key: string,
    call: string,
  ): { readonly content: Exclude<ContentIndex, KindIndex>; readonly typeName: ContainerTypeName } {
    const { content, typeName, dataType } = this.#container(index);
    const rule = ruleOf(dataType, key === "" ? -1 : byteAt(key, 0));
    if (rule === undefined || (rule.key === "kind" && key.length > 1)) {
      throw invalid(
        `${call} of a ${typeName} under a key of ${key.length} bytes without a kind that it knows`,
      );
    }
    return { content: content.kind === "kinds" ? content.of(key) : content, typeName };
  }
}

/** Does `work` whole or not at all. */
function keepOrUndo<Result>(state: DocumentState, work: () => Result): Result {
  let result: Result;
  try {
    result = work();
  } catch (error) {
    state.rollback(0);
    throw error;
  }
  state.commit();
  return result;
}

function checkReplica(replica: ReplicaId): void {
  if (!isReplicaId(replica)) {
    throw invalid(`replica ${JSON.stringify(replica)}; give 16 lowercase hexadecimal digits, not all zero`);
  }
}

function checkTime(nowMs: number): void {
  if (!Number.isInteger(nowMs) || nowMs < 0 || nowMs >= CLOCK_MS_MAX) {
    throw invalid(`a wall clock of ${nowMs}; give whole milliseconds below 2^43`);
  }
}

function wrongType(call: string, typeName: ContainerTypeName): CrdtError {
  return invalid(`${call} of a ${typeName}`);
}

function tooMany(count: number, unit: string, limit: number): CrdtError {
  return new CrdtError("limit-exceeded", `${count} ${unit}; at most ${limit} are allowed`);
}

function invalid(reason: string): CrdtError {
  return new CrdtError("invalid-argument", `invalid argument: ${reason}`);
}
