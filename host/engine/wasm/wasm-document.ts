// One document of the WebAssembly engine: checks arguments, copies bytes in and out, and words what the module refuses.
// Each call that the module cuts short by a trap is undone before the error is thrown.
import { CrdtError } from "../../errors.ts";
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
import { readSeriesRequest } from "../series-request.ts";
import { documentClosed, type WasmInstance } from "./wasm-instance.ts";

const UINT32_MAX = 0xffff_ffff;
const SEQUENCE_MAX = 0xffff_fffe;
const UNKNOWN = -1;
const WORD_BITS = 32n;
const nameEncoder = new TextEncoder();
const nameDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
const TYPE_NAMES = Object.fromEntries(
  Object.entries(CONTAINER_TYPES).map(([name, type]) => [type, name]),
) as Record<number, ContainerTypeName>;

interface DeclaredContainer {
  readonly type: ContainerTypeName;
  readonly name: string;
}

export class WasmDocument implements EngineDocument {
  readonly #instance: WasmInstance;
  readonly #handle: number;
  #replica: ReplicaId;
  #isOpen = true;
  /** This replica's last sequence, where the last call told it. */
  #sequence: number = UNKNOWN;
  /** Indices of declared containers by type and name. */
  readonly #containers = new Map<string, number>();
  /** Containers first declared inside the open transaction: a rollback must not take their indices back. */
  #declaredInTransaction: DeclaredContainer[] | undefined;

  /** Errors: invalid-argument, limit-exceeded, engine-trap. */
  constructor(instance: WasmInstance, { replica, hashSeed, driftLimitMs }: DocumentOptions) {
    checkReplica(replica);
    if (!(driftLimitMs >= 0)) throw invalid(`a drift limit of ${driftLimitMs} ms`);
    this.#instance = instance;
    this.#replica = replica;
    const [seedLow, seedHigh] = hashSeed;
    const { exports, constants } = instance;
    try {
      this.#handle =
        exports.documentCreate(idLow(replica), idHigh(replica), seedLow, seedHigh, driftLimitMs) >>> 0;
    } catch (error) {
      throw instance.recover(error, "createDocument") ?? error;
    }
    if (this.#handle === constants.noHandle) {
      throw new CrdtError(
        "limit-exceeded",
        `${exports.openDocuments()} documents are open; close some first`,
      );
    }
  }

  get replica(): ReplicaId {
    return this.#replica;
  }

  setReplica(replica: ReplicaId): void {
    const { exports } = this.#engine();
    checkReplica(replica);
    this.#call("setReplica", () => exports.documentSetReplica(this.#handle, idLow(replica), idHigh(replica)));
    this.#replica = replica;
    this.#sequence = UNKNOWN;
  }

  container(type: ContainerTypeName, name: string): number {
    const { exports } = this.#engine();
    if (!Object.hasOwn(CONTAINER_TYPES, type)) throw invalid(`container type ${JSON.stringify(type)}`);
    const key = containerKey(type, name);
    const known = this.#containers.get(key);
    if (known !== undefined) return known;
    const nameBytes = nameEncoder.encode(name);
    if (nameBytes.length === 0 || nameDecoder.decode(nameBytes) !== name) {
      throw invalid(`container name ${JSON.stringify(name)}; give well-formed text`);
    }
    this.#call("container", () => {
      const pointer = this.#instance.put(nameBytes, nameBytes.length);
      return exports.documentContainer(this.#handle, CONTAINER_TYPES[type], pointer, nameBytes.length);
    });
    const index = exports.resultFirst();
    this.#containers.set(key, index);
    this.#declaredInTransaction?.push({ type, name });
    return index;
  }

  containers(): ContainerSummary[] {
    const { exports, constants } = this.#engine();
    this.#call("containers", () => exports.documentContainers(this.#handle));
    const bytes = this.#instance.resultBytes();
    const view = new DataView(bytes.buffer);
    const summaries: ContainerSummary[] = [];
    for (let offset = 0; offset < bytes.length; ) {
      const size = view.getFloat64(offset, true);
      const [type, entries, nameLength] = [8, 12, 16].map((field) =>
        view.getUint32(offset + field, true),
      ) as [number, number, number];
      const begin = offset + constants.summaryBytes;
      offset = begin + nameLength;
      const name = nameDecoder.decode(bytes.subarray(begin, offset));
      summaries.push({ index: summaries.length, type: TYPE_NAMES[type]!, name, size, entries });
    }
    return summaries;
  }

  begin(): void {
    const { exports } = this.#engine();
    this.#call("begin", () => exports.documentBegin(this.#handle));
    this.#declaredInTransaction = [];
  }

  commit(): void {
    const { exports } = this.#engine();
    this.#call("commit", () => exports.documentCommit(this.#handle));
    this.#declaredInTransaction = undefined;
  }

  rollback(): void {
    const { exports } = this.#engine();
    this.#sequence = UNKNOWN;
    this.#call("rollback", () => exports.documentRollback(this.#handle));
    const declared = this.#declaredInTransaction ?? [];
    this.#declaredInTransaction = undefined;
    for (const { type, name } of declared) this.#containers.delete(containerKey(type, name));
    for (const { type, name } of declared) this.container(type, name);
  }

  mutate(batch: Uint8Array, byteLength: number, nowMs: number): MutationResult {
    const instance = this.#engine();
    const { exports } = instance;
    if (!Number.isInteger(byteLength) || byteLength < 0 || byteLength > batch.length) {
      throw invalid(`a batch length of ${byteLength} bytes in ${batch.length}`);
    }
    this.#sequence = UNKNOWN;
    let status: number;
    try {
      status = exports.documentMutate(this.#handle, instance.put(batch, byteLength), byteLength, nowMs);
    } catch (error) {
      status = this.#afterTrap(error, "mutate");
    }
    if (status !== instance.constants.ok) throw instance.refusal(status, "mutate");
    const sequence = exports.resultSecond() >>> 0;
    this.#sequence = sequence;
    return { effective: exports.resultFirst() >>> 0, sequence };
  }

  merge(bytes: Uint8Array, nowMs: number, wantChanges: boolean): MergeResult {
    const instance = this.#engine();
    const { exports } = instance;
    const handle = this.#handle;
    const wanted = wantChanges ? 1 : 0;
    const sequence = this.#sequence;
    this.#sequence = UNKNOWN;
    let status: number;
    try {
      const pointer = instance.put(bytes, bytes.length);
      status = exports.documentMerge(handle, pointer, bytes.length, nowMs, wanted);
    } catch (error) {
      status = this.#afterTrap(error, "merge");
    }
    const { constants } = instance;
    if (status !== constants.ok) throw instance.refusal(status, "merge");
    const said = exports.resultFirst();
    if ((said & constants.mergeOwnRose) === 0) this.#sequence = sequence;
    const ahead = (said & constants.mergeAhead) === 0 ? 0 : exports.resultSecond() >>> 0;
    return {
      changed: (said & constants.mergeChanged) !== 0,
      ahead,
      aheadMs: ahead === 0 ? 0 : exports.resultTime(),
      changes: wantChanges ? instance.smallResultBytes() : undefined,
    };
  }

  deltaSince(vector: Uint8Array): Uint8Array {
    const { exports } = this.#engine();
    return this.#ask("deltaSince", () =>
      exports.documentDeltaSince(this.#handle, this.#instance.put(vector, vector.length), vector.length),
    );
  }

  localDelta(sequence: number): Uint8Array {
    const instance = this.#engine();
    if (!Number.isInteger(sequence) || sequence < 0) throw invalid(`sequence ${sequence}`);
    let status: number;
    try {
      status = instance.exports.documentLocalDelta(this.#handle, Math.min(sequence, UINT32_MAX));
    } catch (error) {
      status = this.#afterTrap(error, "localDelta");
    }
    if (status !== instance.constants.ok) throw instance.refusal(status, "localDelta");
    return instance.smallResultBytes();
  }

  snapshot(): Uint8Array {
    const { exports } = this.#engine();
    return this.#ask("snapshot", () => exports.documentSnapshot(this.#handle));
  }

  digest(): string {
    const { exports } = this.#engine();
    this.#call("digest", () => exports.documentDigest(this.#handle));
    return hex(exports.resultFirst()) + hex(exports.resultSecond());
  }

  versionVector(): Uint8Array {
    const { exports } = this.#engine();
    return this.#ask("versionVector", () => exports.documentVersionVector(this.#handle));
  }

  floor(): Uint8Array {
    const { exports } = this.#engine();
    return this.#ask("floor", () => exports.documentFloor(this.#handle));
  }

  sequence(): number {
    const { exports } = this.#engine();
    if (this.#sequence === UNKNOWN) {
      this.#call("sequence", () => exports.documentSequence(this.#handle));
      this.#sequence = exports.resultFirst() >>> 0;
    }
    return this.#sequence;
  }

  clock(): number {
    const { exports } = this.#engine();
    this.#call("clock", () => exports.documentClock(this.#handle));
    return exports.resultTime();
  }

  setClock(timestamp: number): void {
    const { exports } = this.#engine();
    this.#call("setClock", () => exports.documentSetClock(this.#handle, timestamp));
  }

  compact(stable: Uint8Array, nowMs: number): CompactionResult {
    const { exports } = this.#engine();
    this.#call("compact", () =>
      exports.documentCompact(this.#handle, this.#instance.put(stable, stable.length), stable.length, nowMs),
    );
    return {
      removalsDropped: exports.resultFirst() >>> 0,
      deletedMarksDropped: exports.resultSecond() >>> 0,
    };
  }

  read(container: number, key: Uint8Array): Uint8Array | undefined {
    const instance = this.#engine();
    const { exports } = instance;
    checkContainer(container);
    let status: number;
    try {
      status = exports.documentRead(this.#handle, container, instance.put(key, key.length), key.length);
    } catch (error) {
      status = this.#afterTrap(error, "read");
    }
    if (status !== instance.constants.ok) throw instance.refusal(status, "read");
    return exports.resultFirst() === 0 ? undefined : instance.smallResultBytes();
  }

  has(container: number, key: Uint8Array): boolean {
    const instance = this.#engine();
    const { exports } = instance;
    checkContainer(container);
    let status: number;
    try {
      status = exports.documentHas(this.#handle, container, instance.put(key, key.length), key.length);
    } catch (error) {
      status = this.#afterTrap(error, "has");
    }
    if (status !== instance.constants.ok) throw instance.refusal(status, "has");
    return exports.resultFirst() === 1;
  }

  size(container: number): number {
    const { exports } = this.#engine();
    checkContainer(container);
    this.#call("size", () => exports.documentSize(this.#handle, container));
    return exports.resultTime();
  }

  counter(container: number): CounterSums {
    const { exports } = this.#engine();
    checkContainer(container);
    const bytes = this.#ask("counter", () => exports.documentCounter(this.#handle, container));
    const [plusLow, plusHigh, minusLow, minusHigh] = new BigUint64Array(bytes.buffer) as unknown as [
      bigint,
      bigint,
      bigint,
      bigint,
    ];
    return { plus: (plusHigh << WORD_BITS) + plusLow, minus: (minusHigh << WORD_BITS) + minusLow };
  }

  entries(container: number, last: number): Uint8Array {
    const { exports } = this.#engine();
    checkContainer(container);
    if (!Number.isInteger(last) || last < 0) throw invalid(`last ${last}; give 0 for all`);
    return this.#ask("entries", () =>
      exports.documentEntries(this.#handle, container, Math.min(last, UINT32_MAX)),
    );
  }

  entriesOf(container: number, key: Uint8Array): Uint8Array {
    const { exports } = this.#engine();
    checkContainer(container);
    return this.#ask("entriesOf", () =>
      exports.documentEntriesOf(this.#handle, container, this.#instance.put(key, key.length), key.length),
    );
  }

  entryAt(container: number, replica: ReplicaId, sequence: number): Uint8Array {
    const { exports } = this.#engine();
    checkContainer(container);
    checkReplica(replica);
    if (!Number.isInteger(sequence) || sequence < 1 || sequence > SEQUENCE_MAX) {
      throw invalid(`sequence ${sequence}; give 1 to ${SEQUENCE_MAX}`);
    }
    return this.#ask("entryAt", () =>
      exports.documentEntryAt(this.#handle, container, idLow(replica), idHigh(replica), sequence),
    );
  }

  series(container: number, request: Uint8Array): Uint8Array {
    const { exports } = this.#engine();
    checkContainer(container);
    readSeriesRequest(request);
    return this.#ask("series", () =>
      exports.documentSeries(this.#handle, container, this.#instance.put(request, request.length)),
    );
  }

  statistics(): DocumentStatistics {
    const { exports } = this.#engine();
    const bytes = this.#ask("statistics", () => exports.documentStatistics(this.#handle));
    const [replicas, entries, deletedMarks, removals] = new Uint32Array(bytes.buffer) as unknown as [
      number,
      number,
      number,
      number,
    ];
    return { replicas, entries, deletedMarks, removals };
  }

  checkInvariants(): void {
    const { exports, constants } = this.#engine();
    this.#call("checkInvariants", () => exports.documentCheckInvariants(this.#handle));
    const broken = exports.resultFirst();
    if (broken !== 0) throw new Error(`broken invariant: ${constants.invariants.get(broken)}`);
  }

  close(): void {
    const { exports } = this.#engine();
    this.#call("close", () => exports.documentClose(this.#handle));
    this.#isOpen = false;
  }

  /** The instance, while the document is open. */
  #engine(): WasmInstance {
    if (!this.#isOpen) throw documentClosed();
    return this.#instance;
  }

  #call(name: string, run: () => number): void {
    let status: number;
    try {
      status = run();
    } catch (error) {
      status = this.#afterTrap(error, name);
    }
    if (status !== this.#instance.constants.ok) throw this.#instance.refusal(status, name);
  }

  #ask(name: string, run: () => number): Uint8Array {
    this.#call(name, run);
    return this.#instance.resultBytes();
  }

  /** Undoes the call and throws, or gives `ok` when the call had succeeded. */
  #afterTrap(error: unknown, name: string): number {
    const trap = this.#instance.recover(error, name);
    if (trap !== undefined) throw trap;
    return this.#instance.constants.ok;
  }
}

function containerKey(type: ContainerTypeName, name: string): string {
  return `${CONTAINER_TYPES[type]} ${name}`;
}

function checkReplica(replica: ReplicaId): void {
  if (!isReplicaId(replica)) {
    throw invalid(`replica ${JSON.stringify(replica)}; give 16 lowercase hexadecimal digits, not all zero`);
  }
}

function checkContainer(container: number): void {
  if (!Number.isInteger(container) || container < 0 || container > UINT32_MAX) {
    throw invalid(`container ${container}; declare it first`);
  }
}

function idLow(replica: ReplicaId): number {
  return Number.parseInt(replica.slice(8), 16);
}

function idHigh(replica: ReplicaId): number {
  return Number.parseInt(replica.slice(0, 8), 16);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}

function invalid(reason: string): CrdtError {
  return new CrdtError("invalid-argument", `invalid argument: ${reason}`);
}
