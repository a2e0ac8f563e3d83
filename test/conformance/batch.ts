// Builds mutation batches operation by operation, and reads what the engine hands out, for tests.
import { type EngineDocument, OPCODES, type ReplicaId, SERIES_KINDS } from "../../host/engine/engine.ts";
import { readReplicaId } from "../../host/wire/replica-id.ts";

const encoder = new TextEncoder();
export type Bytes = string | Uint8Array;
const toBytes = (value: Bytes): Uint8Array => (typeof value === "string" ? encoder.encode(value) : value);

/** A position in a log. */
export interface LogPosition {
  readonly timestamp: number;
  readonly replica: bigint;
  readonly sequence: number;
}

export class Batch {
  readonly #parts: number[] = [];

  get bytes(): Uint8Array {
    return Uint8Array.from(this.#parts);
  }

  raw(...bytes: number[]): this {
    this.#parts.push(...bytes);
    return this;
  }

  u32(value: number): this {
    return this.raw(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
  }

  f64(value: number): this {
    return this.raw(...new Uint8Array(Float64Array.of(value).buffer));
  }

  operation(opcode: number, container: number): this {
    return this.raw(opcode, container & 0xff, container >>> 8);
  }

  append(bytes: Uint8Array): this {
    for (const byte of bytes) this.#parts.push(byte);
    return this;
  }

  increment(container: number, amount: number): this {
    return this.operation(OPCODES.increment, container).f64(amount);
  }

  put(container: number, key: Bytes, payload: Bytes): this {
    const [keyBytes, payloadBytes] = [toBytes(key), toBytes(payload)];
    return this.operation(OPCODES.put, container)
      .u32(keyBytes.length)
      .u32(payloadBytes.length)
      .append(keyBytes)
      .append(payloadBytes);
  }

  #keyed(opcode: number, container: number, key: Bytes): this {
    const bytes = toBytes(key);
    return this.operation(opcode, container).u32(bytes.length).append(bytes);
  }

  delete(container: number, key: Bytes): this {
    return this.#keyed(OPCODES.delete, container, key);
  }

  add(container: number, key: Bytes): this {
    return this.#keyed(OPCODES.add, container, key);
  }

  remove(container: number, key: Bytes): this {
    return this.#keyed(OPCODES.remove, container, key);
  }

  clear(container: number): this {
    return this.operation(OPCODES.clear, container);
  }

  push(container: number, payload: Bytes): this {
    return this.#keyed(OPCODES.append, container, payload);
  }

  insert(container: number, key: Bytes, payload: Bytes): this {
    const [keyBytes, payloadBytes] = [toBytes(key), toBytes(payload)];
    return this.operation(OPCODES.insert, container)
      .u32(keyBytes.length)
      .u32(payloadBytes.length)
      .append(keyBytes)
      .append(payloadBytes);
  }

  adjust(container: number, key: Bytes, plus: number, minus: number): this {
    const bytes = toBytes(key);
    return this.operation(OPCODES.adjust, container).u32(bytes.length).f64(plus).f64(minus).append(bytes);
  }

  record(container: number, label: Bytes, times: readonly number[], values: readonly number[]): this {
    const bytes = toBytes(label);
    return this.operation(OPCODES.record, container)
      .u32(bytes.length)
      .u32(times.length)
      .append(bytes)
      .append(new Uint8Array(Float64Array.from(times).buffer))
      .append(new Uint8Array(Float64Array.from(values).buffer));
  }

  /** A mark of one label, or of all where there is none. */
  retain(container: number, label: Bytes | undefined, time: number): this {
    const bytes = toBytes(label ?? "");
    return this.operation(OPCODES.retain, container)
      .raw(label === undefined ? SERIES_KINDS.markOfAll : SERIES_KINDS.mark)
      .u32(bytes.length)
      .append(bytes)
      .f64(time);
  }

  join(container: number, label: Bytes): this {
    const bytes = toBytes(label);
    return this.operation(OPCODES.join, container).u32(bytes.length).append(bytes);
  }

  truncate(container: number, { timestamp, replica, sequence }: LogPosition): this {
    return this.operation(OPCODES.truncate, container)
      .f64(timestamp)
      .append(new Uint8Array(BigUint64Array.of(replica).buffer))
      .u32(sequence);
  }
}

/** Applies one batch. */
export function mutate(document: EngineDocument, nowMs: number, build: (batch: Batch) => Batch): number {
  const { bytes } = build(new Batch());
  return document.mutate(bytes, bytes.length, nowMs).effective;
}

export const replicaId = (number: number | bigint): ReplicaId =>
  BigInt(number).toString(16).padStart(16, "0") as ReplicaId;

/** Version vector bytes of the given rows, which ascend. */
export function vectorBytes(rows: readonly (readonly [number | bigint, number])[] = []): Uint8Array {
  const bytes = new Uint8Array(4 + rows.length * 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, rows.length, true);
  rows.forEach(([id, sequence], row) => {
    view.setBigUint64(4 + row * 12, BigInt(id), true);
    view.setUint32(12 + row * 12, sequence, true);
  });
  return bytes;
}

/** Rows of version vector bytes. */
export function readVector(bytes: Uint8Array): [string, number][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: view.getUint32(0, true) }, (_, row) => [
    readReplicaId(bytes, 4 + row * 12),
    view.getUint32(12 + row * 12, true),
  ]);
}

export interface ExportedEntry {
  readonly replica: string;
  readonly sequence: number;
  readonly timestamp: number;
  readonly key: string;
  readonly payload: string;
}

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** What `EngineDocument.entries` exports, as objects; keys and payloads one character a byte. */
export function readEntries(bytes: Uint8Array): ExportedEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [count, replicas, keyBytes] = [0, 4, 8].map((offset) => view.getUint32(offset, true)) as [
    number,
    number,
    number,
  ];
  const rows = 16 + replicas * 8;
  const column = (index: number, row: number): number =>
    view.getUint32(rows + count * 8 + (index * count + row) * 4, true);
  let key = rows + count * 24;
  let payload = key + keyBytes;
  return Array.from({ length: count }, (_, row) => {
    const entry = {
      replica: readReplicaId(bytes, 16 + column(0, row) * 8),
      sequence: column(1, row),
      timestamp: view.getFloat64(rows + row * 8, true),
      key: latin1(bytes.subarray(key, key + column(2, row))),
      payload: latin1(bytes.subarray(payload, payload + column(3, row))),
    };
    key += column(2, row);
    payload += column(3, row);
    return entry;
  });
}

export interface ListedChange {
  readonly container: number;
  readonly present: boolean;
  readonly key: string;
}

/** What `MergeResult.changes` lists. */
export function readChanges(bytes: Uint8Array | undefined): ListedChange[] {
  if (bytes === undefined) throw new Error("no changes were asked for");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 4;
  const changes = Array.from({ length: view.getUint32(0, true) }, () => {
    const length = view.getUint32(offset + 4, true);
    const key = bytes.subarray(offset + 8, offset + 8 + length);
    const change = {
      container: view.getUint16(offset, true),
      present: view.getUint8(offset + 2) === 1,
      key: latin1(key),
    };
    offset += 8 + length;
    return change;
  });
  if (offset !== bytes.length) throw new Error("bytes behind the changes");
  return changes;
}
