// Local mutations on their way to the engine. Outside a transaction each call is one batch; inside, calls that
// return nothing are buffered and applied together before the next read or at the end. One batch buffer is reused
// for all of them. All or nothing: a throw, or a batch the engine refuses, rolls the whole transaction back.
import { type MutationResult, OPCODES, type ReplicaId, SERIES_KINDS } from "../engine/engine.ts";
import { CrdtError } from "../errors.ts";
import { KEY_BYTES_MAX, PAYLOAD_BYTES_MAX } from "../limits.ts";
import { ByteWriter } from "../wire/byte-writer.ts";
import { writeText } from "../wire/key-codec.ts";
import { REPLICA_ID_BYTES } from "../wire/replica-id.ts";
import { writeValue } from "../wire/value-encoder.ts";
import type { DocumentCore } from "./document-core.ts";

/** A transaction's buffer goes to the engine when it has grown to this: large enough to cost nothing a byte. */
const PIECE_BYTES = 262144;
/** A buffer that one large value has blown up beyond this is let go. */
const KEPT_BYTES = 4194304;

const NO_EFFECT: MutationResult = { effective: 0, sequence: 0 };

/** Where a log is cut: everything up to and including it goes. */
export interface LogPosition {
  /** The entry's clock reading: milliseconds × 1024 + counter. */
  readonly timestamp: number;
  readonly replica: ReplicaId;
  readonly sequence: number;
}

/** Holds mutations back that are better made together. */
export interface DeferredWrites {
  /** Writes them all, by calls that buffer, and keeps them until it is told what became of them. */
  writeDeferred(): void;
  /** They are applied and may be forgotten: what follows from them may be written now. */
  deferredApplied(): void;
  /** The transaction they belong to was undone. */
  dropDeferred(): void;
}

export class LocalWrites {
  readonly #core: DocumentCore;
  readonly #writer = new ByteWriter();
  #depth = 0;
  #isEncoding = false;
  #isDoomed = false;
  #doom: unknown;
  #effective = 0;
  readonly #deferred = new Set<DeferredWrites>();

  constructor(core: DocumentCore) {
    this.#core = core;
    core.settleWith(() => this.settle());
  }

  get isInTransaction(): boolean {
    return this.#depth > 0;
  }

  /** Applies what is buffered, so that a read sees it. */
  settle(): void {
    if (this.#deferred.size > 0) this.#settleDeferred();
    if (this.#writer.length === 0) return;
    this.#refuseWithinValue();
    this.#apply();
  }

  /** Wall-clock milliseconds, those that writes are made at. */
  now(): number {
    return this.#core.now();
  }

  /** Makes sure that `source` is asked for its mutations in time. Errors: those of a write now. */
  defer(source: DeferredWrites): void {
    if (this.#deferred.has(source)) {
      // Refused before, it still waits: the end of this turn tries again.
      if (this.#depth === 0) this.#core.deferred();
      return;
    }
    this.#refuseWithinValue();
    this.#refuseLeaving();
    this.#deferred.add(source);
    if (this.#depth === 0) this.#core.deferred();
  }

  /** Buffers points of a series, at least one. */
  record(container: number, label: Uint8Array, times: Float64Array, values: Float64Array): void {
    const writer = this.#writer;
    writer.head(OPCODES.record, container, 0);
    writer.u32(label.length);
    writer.u32(times.length);
    writer.append(label);
    writer.f64Column(times);
    writer.f64Column(values);
  }

  /** Forgets the points of a series below `time`, of one label or of all; says whether the mark rose. */
  retain(container: number, label: Uint8Array | undefined, time: number): boolean {
    this.settle();
    this.#writer.head(OPCODES.retain, container, 0);
    this.#writer.u8(label === undefined ? SERIES_KINDS.markOfAll : SERIES_KINDS.mark);
    this.#writer.u32(label?.length ?? 0);
    if (label !== undefined) this.#writer.append(label);
    this.#writer.f64(time);
    return this.#apply().effective > 0;
  }

  /** Makes one chunk of the small ones this replica wrote of a label, where there are enough of them. */
  join(container: number, label: Uint8Array): void {
    this.settle();
    this.#writer.head(OPCODES.join, container, 0);
    this.#writer.u32(label.length);
    this.#writer.append(label);
    this.#apply();
  }

  increment(container: number, amount: number): void {
    this.#refuseWithinValue();
    this.#writer.head(OPCODES.increment, container, 0);
    this.#writer.f64(amount);
    this.#buffered();
  }

  put(container: number, name: string, key: string, value: unknown): void {
    this.#refuseWithinValue();
    const writer = this.#writer;
    const start = writer.length;
    try {
      writer.head(OPCODES.put, container, 8);
      const keyLength = key === "" ? 0 : writeText(writer, key);
      const payloadStart = writer.length;
      this.#encode(value, name);
      writer.setU32(start + 3, checkedKeyLength(keyLength, name));
      writer.setU32(start + 7, checkedPayloadLength(writer.length - payloadStart, name));
    } catch (error) {
      writer.length = start;
      throw error;
    }
    this.#buffered();
  }

  append(container: number, name: string, value: unknown): void {
    this.#refuseWithinValue();
    const writer = this.#writer;
    const start = writer.length;
    try {
      writer.head(OPCODES.append, container, 4);
      this.#encode(value, name);
      writer.setU32(start + 3, checkedPayloadLength(writer.length - start - 7, name));
    } catch (error) {
      writer.length = start;
      throw error;
    }
    this.#buffered();
  }

  /** Appends at once; gives the sequence of the entry. */
  appendNow(container: number, name: string, value: unknown): number {
    this.settle();
    this.append(container, name, value);
    this.settle();
    return this.#core.engine.sequence();
  }

  /** Offers a number to a maximum or minimum; says whether it lay beyond what was there. */
  offer(container: number, value: number): boolean {
    this.settle();
    this.#writer.u8(OPCODES.put);
    this.#writer.u16(container);
    this.#writer.u32(0);
    this.#writer.u32(8);
    this.#writer.f64(value);
    return this.#apply().effective > 0;
  }

  /** Adds to what this replica created and spent of a bounded counter, or to what it gave to `receiver`. */
  adjust(container: number, receiver: ReplicaId | undefined, plus: number, minus: number): void {
    this.settle();
    this.#writer.u8(OPCODES.adjust);
    this.#writer.u16(container);
    this.#writer.u32(receiver === undefined ? 0 : REPLICA_ID_BYTES);
    this.#writer.f64(plus);
    this.#writer.f64(minus);
    if (receiver !== undefined) this.#writer.replicaId(receiver);
    this.#apply();
  }

  /** Says whether the key of a map or register was present. */
  delete(container: number, name: string, key: string): boolean {
    this.settle();
    const start = this.#startKeyOperation(OPCODES.delete, container);
    writeText(this.#writer, key);
    this.#endKeyOperation(start, name);
    return this.#apply().effective > 0;
  }

  /** Adds to a set; says whether the element was absent. */
  add(container: number, name: string, element: unknown): boolean {
    this.settle();
    this.#writeElement(OPCODES.add, container, name, element);
    return this.#apply().effective > 0;
  }

  /** Adds to a set within {@link LocalWrites.bulk}. */
  addLater(container: number, name: string, element: unknown): void {
    this.#writeElement(OPCODES.add, container, name, element);
    this.#buffered();
  }

  /** Removes from a set; says whether the element was present. */
  remove(container: number, name: string, element: unknown): boolean {
    this.settle();
    this.#writeElement(OPCODES.remove, container, name, element);
    return this.#apply().effective > 0;
  }

  /** Enables or disables a flag; says whether that changed it. */
  setFlag(container: number, isEnabled: boolean): boolean {
    this.settle();
    const start = this.#startKeyOperation(isEnabled ? OPCODES.add : OPCODES.remove, container);
    this.#writer.setU32(start + 3, 0);
    return this.#apply().effective > 0;
  }

  /** Adds a key of a graph, as bytes; says whether it was absent. */
  addKey(container: number, name: string, key: Uint8Array): boolean {
    this.settle();
    this.#writeKey(OPCODES.add, container, name, key);
    return this.#apply().effective > 0;
  }

  /** The same within {@link LocalWrites.bulk}. */
  addKeyLater(container: number, name: string, key: Uint8Array): void {
    this.#refuseWithinValue();
    this.#writeKey(OPCODES.add, container, name, key);
    this.#buffered();
  }

  /** Removes a key of a graph; says whether it was present. */
  removeKey(container: number, name: string, key: Uint8Array): boolean {
    this.settle();
    this.#writeKey(OPCODES.remove, container, name, key);
    return this.#apply().effective > 0;
  }

  /** Deletes what stands under a key of a graph or list; says whether that changed it. */
  deleteKey(container: number, name: string, key: Uint8Array): boolean {
    this.settle();
    this.#writeKey(OPCODES.delete, container, name, key);
    return this.#apply().effective > 0;
  }

  /** The same within {@link LocalWrites.bulk}. */
  deleteKeyLater(container: number, name: string, key: Uint8Array): void {
    this.#refuseWithinValue();
    this.#writeKey(OPCODES.delete, container, name, key);
    this.#buffered();
  }

  /** Puts `value` under a key of a graph or list. */
  putKey(container: number, name: string, key: Uint8Array, value: unknown): void {
    this.#refuseWithinValue();
    this.#writeKeyAndValue(OPCODES.put, container, name, key, value);
    this.#buffered();
  }

  /**
   * Inserts a position of a list, a bare one where `value` is undefined. It takes one sequence. Within
   * {@link LocalWrites.bulk}.
   */
  insertLater(container: number, name: string, key: Uint8Array, value: unknown): void {
    this.#refuseWithinValue();
    this.#writeKeyAndValue(OPCODES.insert, container, name, key, value);
    this.#buffered();
  }

  /** Empties a map or set; says whether anything was there. */
  clear(container: number): boolean {
    this.settle();
    this.#writer.head(OPCODES.clear, container, 0);
    return this.#apply().effective > 0;
  }

  /** Says whether the truncation mark rose. */
  truncate(container: number, through: LogPosition): boolean {
    this.settle();
    this.#writer.head(OPCODES.truncate, container, 0);
    this.#writer.f64(through.timestamp);
    this.#writer.replicaId(through.replica);
    this.#writer.u32(through.sequence);
    return this.#apply().effective > 0;
  }

  /** Runs `write` as one all-or-nothing piece; returns how many of its operations were effective. */
  bulk(write: () => void): number {
    this.settle();
    const before = this.#effective;
    this.transact(() => {
      write();
      this.settle();
    });
    return this.#effective - before;
  }

  /** Runs `mutate`; a throw undoes all of it. Nested calls join the outermost. */
  transact<R>(mutate: () => R): R {
    if (this.#depth === 0) {
      this.#refuseLeaving();
      this.settle();
      this.#core.begin();
    }
    this.#depth++;
    try {
      const result = mutate();
      if (isThenable(result)) {
        throw new CrdtError(
          "invalid-argument",
          "transact was given an asynchronous function; await first, then transact",
        );
      }
      if (this.#depth === 1) this.settle();
      if (this.#isDoomed) throw this.#doom;
      return result;
    } catch (error) {
      this.#dooms(error);
      throw error;
    } finally {
      this.#depth--;
      if (this.#depth === 0) this.#end();
    }
  }

  #end(): void {
    const isDoomed = this.#isDoomed;
    this.#isDoomed = false;
    this.#doom = undefined;
    this.#writer.reset(KEPT_BYTES);
    if (isDoomed) {
      for (const source of this.#deferred) source.dropDeferred();
      this.#deferred.clear();
      this.#core.rollback();
    } else {
      this.#core.commit();
      this.#core.mutated();
    }
  }

  #settleDeferred(): void {
    this.#refuseWithinValue();
    const sources = [...this.#deferred];
    this.#deferred.clear();
    try {
      for (const source of sources) source.writeDeferred();
      if (this.#writer.length > 0) this.#apply();
    } catch (error) {
      // A transaction drops them when it is undone; outside of one they wait for the next attempt.
      if (this.#depth === 0) for (const source of sources) this.#deferred.add(source);
      throw error;
    }
    for (const source of sources) source.deferredApplied();
  }

  #refuseLeaving(): void {
    if (!this.#core.isLeaving) return;
    throw new CrdtError("document-closed", `document "${this.#core.name}" is closed; open it again to write`);
  }

  #dooms(error: unknown): void {
    if (this.#isDoomed) return;
    this.#isDoomed = true;
    this.#doom = error;
  }

  /** Getters of a value run while it is half written: what they read or wrote would be lost in it. */
  #refuseWithinValue(): void {
    if (!this.#isEncoding) return;
    throw new CrdtError(
      "invalid-argument",
      `a getter of a value for document "${this.#core.name}" reads or writes that document; copy the value first, then store it`,
    );
  }

  #encode(value: unknown, name: string): void {
    this.#isEncoding = true;
    try {
      writeValue(this.#writer, value, name);
    } finally {
      this.#isEncoding = false;
    }
  }

  #writeElement(opcode: number, container: number, name: string, element: unknown): void {
    this.#refuseWithinValue();
    const start = this.#startKeyOperation(opcode, container);
    try {
      this.#encode(element, name);
      this.#endKeyOperation(start, name);
    } catch (error) {
      this.#writer.length = start;
      throw error;
    }
  }

  /** Leaves the key length to be written, even where it is 0. */
  #writeKey(opcode: number, container: number, name: string, key: Uint8Array): void {
    checkedKeyLength(key.length, name);
    this.#startKeyOperation(opcode, container);
    this.#writer.setU32(this.#writer.length - 4, key.length);
    this.#writer.appendRange(key, 0, key.length);
  }

  #writeKeyAndValue(opcode: number, container: number, name: string, key: Uint8Array, value: unknown): void {
    checkedKeyLength(key.length, name);
    const writer = this.#writer;
    const start = this.#startKeyOperation(opcode, container);
    try {
      writer.setU32(start + 3, key.length);
      writer.u32(0);
      writer.appendRange(key, 0, key.length);
      const payloadStart = writer.length;
      if (value !== undefined) this.#encode(value, name);
      writer.setU32(start + 7, checkedPayloadLength(writer.length - payloadStart, name));
    } catch (error) {
      writer.length = start;
      throw error;
    }
  }

  #startKeyOperation(opcode: number, container: number): number {
    const start = this.#writer.length;
    this.#writer.head(opcode, container, 4);
    return start;
  }

  #endKeyOperation(start: number, name: string): void {
    const length = this.#writer.length - start - 7;
    if (length > KEY_BYTES_MAX) this.#writer.length = start;
    this.#writer.setU32(start + 3, checkedKeyLength(length, name));
  }

  /** After an operation without a result: apply it, or leave it for later. */
  #buffered(): void {
    if (this.#depth === 0 || this.#writer.length >= PIECE_BYTES) this.#apply();
  }

  #apply(): MutationResult {
    const writer = this.#writer;
    if (this.#isDoomed) {
      writer.length = 0;
      return NO_EFFECT;
    }
    try {
      this.#refuseLeaving();
      const result = this.#core.engine.mutate(writer.bytes, writer.length, this.#core.now());
      this.#effective += result.effective;
      if (this.#depth === 0) this.#core.mutated();
      return result;
    } catch (error) {
      if (this.#depth > 0) this.#dooms(error);
      throw error;
    } finally {
      writer.reset(KEPT_BYTES);
    }
  }
}

function checkedKeyLength(length: number, name: string): number {
  if (length <= KEY_BYTES_MAX) return length;
  throw new CrdtError(
    "limit-exceeded",
    `a key or element of ${name} takes ${length} bytes; at most ${KEY_BYTES_MAX} are allowed, keep large data in values`,
  );
}

function checkedPayloadLength(length: number, name: string): number {
  if (length <= PAYLOAD_BYTES_MAX) return length;
  throw new CrdtError(
    "limit-exceeded",
    `the value for ${name} takes ${length} bytes; at most ${PAYLOAD_BYTES_MAX} are allowed, split it`,
  );
}

function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
