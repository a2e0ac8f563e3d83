// The engine's export of a container (engine.ts, `entries`), opened without copying its columns. Keys and strings
// are decoded as one text and then sliced, which is ten times cheaper than one by one.
import type { ReplicaId } from "../engine/engine.ts";
import { isCrdtError } from "../errors.ts";
import { readText } from "../wire/key-codec.ts";
import { readReplicaId } from "../wire/replica-id.ts";
import type { Value } from "../wire/value.ts";
import { ValueDecoder } from "../wire/value-decoder.ts";

const HEAD_BYTES = 16;
const latin1 = new TextDecoder("latin1");

/** Values of an export, and whether any of them holds bytes that must not be shared. */
export interface DecodedValues {
  readonly values: Value[];
  readonly hasBytes: boolean;
}

export class EntriesExport {
  readonly count: number;
  readonly timestamps: Float64Array;
  readonly sequences: Uint32Array;
  readonly #replicaIndices: Uint32Array;
  readonly #keyLengths: Uint32Array;
  readonly #payloadLengths: Uint32Array;
  readonly #replicaIds: Uint8Array;
  readonly #keys: Uint8Array;
  readonly #payloads: Uint8Array;

  constructor(exported: Uint8Array) {
    const bytes = exported.byteOffset % 8 === 0 ? exported : exported.slice();
    const head = new Uint32Array(bytes.buffer, bytes.byteOffset, 4);
    const [count, replicaCount, keyBytes, payloadBytes] = head as unknown as [number, number, number, number];
    const idsEnd = HEAD_BYTES + replicaCount * 8;
    const timestampsEnd = idsEnd + count * 8;
    const column = (index: number) =>
      new Uint32Array(bytes.buffer, bytes.byteOffset + timestampsEnd + index * count * 4, count);
    const keysStart = timestampsEnd + 4 * count * 4;
    this.count = count;
    this.#replicaIds = bytes.subarray(HEAD_BYTES, idsEnd);
    this.timestamps = new Float64Array(bytes.buffer, bytes.byteOffset + idsEnd, count);
    this.#replicaIndices = column(0);
    this.sequences = column(1);
    this.#keyLengths = column(2);
    this.#payloadLengths = column(3);
    this.#keys = bytes.subarray(keysStart, keysStart + keyBytes);
    this.#payloads = bytes.subarray(keysStart + keyBytes, keysStart + keyBytes + payloadBytes);
  }

  replica(index: number): ReplicaId {
    return readReplicaId(this.#replicaIds, this.#replicaIndices[index]! * 8);
  }

  /** The keys as strings. Errors: invalid-value. */
  textKeys(): string[] {
    const keys = new Array<string>(this.count);
    const text = latin1.decode(this.#keys);
    const isAscii = isAllAscii(this.#keys);
    let offset = 0;
    for (let index = 0; index < this.count; index++) {
      const end = offset + this.#keyLengths[index]!;
      keys[index] = isAscii ? text.slice(offset, end) : readText(this.#keys, offset, end);
      offset = end;
    }
    return keys;
  }

  /** The keys as strings, without those that some faulty program wrote. */
  readableTextKeys(): string[] {
    const keys: string[] = [];
    this.forEachKey((_index, _keys, start, end) => {
      try {
        keys.push(readText(this.#keys, start, end));
      } catch (error) {
        if (!isCrdtError(error, "invalid-value")) throw error;
      }
    });
    return keys;
  }

  /** The keys as {@link latin1Image}s, readable or not. */
  keyImages(): string[] {
    const images: string[] = [];
    this.forEachKey((_index, bytes, start, end) => images.push(latin1Image(bytes.subarray(start, end))));
    return images;
  }

  /** Calls `visit` with the place of each key in the key bytes. */
  forEachKey(visit: (index: number, keys: Uint8Array, start: number, end: number) => void): void {
    let offset = 0;
    for (let index = 0; index < this.count; index++) {
      const end = offset + this.#keyLengths[index]!;
      visit(index, this.#keys, offset, end);
      offset = end;
    }
  }

  /** The keys as encoded values, each once, in order of first appearance. Errors: invalid-value. */
  elementKeys(distinct: number): DecodedValues {
    const text = latin1.decode(this.#keys);
    const seen = distinct === this.count ? undefined : new Set<string>();
    const decoder = new ValueDecoder(this.#keys, text);
    const values: Value[] = [];
    let hasBytes = false;
    let offset = 0;
    for (let index = 0; index < this.count; index++) {
      const end = offset + this.#keyLengths[index]!;
      const image = seen === undefined ? "" : text.slice(offset, end);
      if (seen === undefined || !seen.has(image)) {
        seen?.add(image);
        values.push(decoder.decode(offset, end));
        hasBytes ||= decoder.hasBytes;
      }
      offset = end;
    }
    return { values, hasBytes };
  }

  /** The payloads as values; `known` may give one that needs no decoding. Errors: invalid-value. */
  payloadValues(known: (index: number) => Value | undefined = () => undefined): DecodedValues {
    const decoder = new ValueDecoder(this.#payloads, latin1.decode(this.#payloads));
    const values = new Array<Value>(this.count);
    let hasBytes = false;
    let offset = 0;
    for (let index = 0; index < this.count; index++) {
      const end = offset + this.#payloadLengths[index]!;
      const value = known(index);
      if (value !== undefined) {
        values[index] = value;
      } else {
        values[index] = decoder.decode(offset, end);
        hasBytes ||= decoder.hasBytes;
      }
      offset = end;
    }
    return { values, hasBytes };
  }

  /** Calls `visit` with the place of each payload in the payload bytes. */
  forEachPayload(visit: (index: number, payloads: Uint8Array, start: number, end: number) => void): void {
    let offset = 0;
    for (let index = 0; index < this.count; index++) {
      const end = offset + this.#payloadLengths[index]!;
      visit(index, this.#payloads, offset, end);
      offset = end;
    }
  }
}

/** One character a byte, where equal bytes give equal strings. */
export function latin1Image(bytes: Uint8Array): string {
  if (bytes.length > 64) return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return String.fromCharCode(...bytes);
}

function isAllAscii(bytes: Uint8Array): boolean {
  for (let offset = 0; offset < bytes.length; offset++) if (bytes[offset]! >= 0x80) return false;
  return true;
}
