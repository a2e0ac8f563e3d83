// Decodes a delta or snapshot into typed-array columns and checks every rule of docs/wire-format.md on the way, in
// the order that page gives. Touches no document. The columns are reused: they die at the next `decode`.
// Cost: one pass over each column and two over the entries; nothing is allocated for small deltas.
import { CrdtError } from "../../errors.ts";
import {
  CONTAINERS_MAX,
  DELTA_BYTES_MAX,
  DELTA_ENTRIES_MAX,
  DELTA_TARGETS_MAX,
  KEY_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  REPLICAS_MAX,
} from "../../limits.ts";
import { type ReplicaId, readReplicaId } from "../../wire/replica-id.ts";
import { readVarint } from "../../wire/varint.ts";
import { xxhash32 } from "../../wire/xxhash32.ts";
import { CONTAINER_TYPES, type ContainerType } from "../engine.ts";
import { binaryString } from "./binary-string.ts";
import { isSeriesChunk } from "./chunk-summary.ts";
import { ColumnReader, malformed } from "./column-reader.ts";
import { compareNames } from "./container.ts";
import { dataTypeOf, isContainerType, ruleOf } from "./data-types.ts";
import { readNumber } from "./extreme-index.ts";
import { MARK_KEY_BYTES } from "./log-index.ts";

export const FORMAT_VERSION = 1;
export const FLAG_SNAPSHOT = 1;
export const FLAG_STREAM = 2;
export const SEQUENCE_MAX = 0xffff_fffe;
const TABLES_OFFSET = 12;
const DELTA_BYTES_MIN = 20;
const CHECKSUM_BYTES = 4;
const TWO_32 = 2 ** 32;
const TWO_53 = 2 ** 53;
const TWO_21 = 2 ** 21;
/** Columns above this many values are given back after use. */
const KEPT_VALUES_MAX = 65536;

const nameDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export interface DecodedContainer {
  readonly type: ContainerType;
  readonly name: string;
  readonly nameBytes: Uint8Array;
}

export class DeltaDecoder {
  readonly #reader = new ColumnReader();
  bytes: Uint8Array = new Uint8Array(0);
  isSnapshot = false;
  baseTimestamp = 0;
  /** The replica table. */
  ids: ReplicaId[] = [];
  bases: number[] = [];
  tos: number[] = [];
  containers: DecodedContainer[] = [];
  /** Where the entries of each replica end. */
  entryEnds: number[] = [];
  entryCount = 0;
  sequences = new Uint32Array(16);
  containerIndices = new Uint32Array(16);
  timestamps = new Float64Array(16);
  /** Offsets into `bytes`, one more than there are entries. */
  keyOffsets = new Uint32Array(17);
  payloadOffsets = new Uint32Array(17);
  /** Where the removal records of each replica end. */
  removalEnds: number[] = [];
  removalCount = 0;
  removalSequences = new Uint32Array(16);
  removalContainers = new Uint32Array(16);
  /** Where the targets of each record begin; one more than there are records. */
  targetOffsets = new Uint32Array(17);
  targetReplicas = new Uint32Array(16);
  targetSequences = new Uint32Array(16);
  compacted = 0;
  #isNamed: boolean[] = [];

  /** Errors: malformed-delta, checksum-mismatch, unsupported-version, unsupported-type, limit-exceeded. */
  decode(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.#readHeader(bytes);
    this.#readReplicaTable();
    this.#readContainerTable();
    this.#readEntries();
    this.#readRemovals();
    if (this.#isNamed.includes(false))
      throw malformed("the container table names one that nothing refers to");
    const reader = this.#reader;
    this.compacted = this.isSnapshot ? reader.varint("compacted timestamp") : 0;
    if (reader.offset !== reader.end) throw malformed(`${reader.end - reader.offset} bytes too many`);
  }

  /** Gives back what a large delta needed. */
  release(): void {
    this.bytes = new Uint8Array(0);
    if (this.sequences.length > KEPT_VALUES_MAX) this.#allocateEntries(16);
    if (this.removalSequences.length > KEPT_VALUES_MAX) this.#allocateRemovals(16);
    if (this.targetReplicas.length > KEPT_VALUES_MAX) this.#allocateTargets(16);
  }

  #readHeader(bytes: Uint8Array): void {
    if (bytes.length > DELTA_BYTES_MAX) throw tooMany(bytes.length, "bytes", DELTA_BYTES_MAX);
    if (bytes.length < DELTA_BYTES_MIN) throw malformed(`${bytes.length} bytes are too few`);
    if (bytes[0] !== 0x4a || bytes[1] !== 0x43) throw malformed("it does not begin with 4A 43");
    if (bytes[2] !== FORMAT_VERSION) {
      throw new CrdtError(
        "unsupported-version",
        `a delta of format version ${bytes[2]}; this engine reads version ${FORMAT_VERSION}, update the older side`,
      );
    }
    const end = bytes.length - CHECKSUM_BYTES;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (xxhash32(bytes, 0, 0, end) !== view.getUint32(end, true)) {
      throw new CrdtError(
        "checksum-mismatch",
        `the checksum of a delta of ${bytes.length} bytes does not match; ask the sender for it again`,
      );
    }
    const flags = bytes[3]!;
    if (flags > FLAG_STREAM) throw malformed(`flags ${flags}`);
    this.isSnapshot = flags === FLAG_SNAPSHOT;
    const high = view.getUint32(8, true);
    if (high >= TWO_21) throw malformed("the base timestamp is 2^53 or more");
    this.baseTimestamp = view.getUint32(4, true) + high * TWO_32;
    this.#reader.open(bytes, TABLES_OFFSET, end);
  }

  #readReplicaTable(): void {
    const reader = this.#reader;
    const count = reader.varint("replica count");
    if (count > REPLICAS_MAX) throw tooMany(count, "replicas", REPLICAS_MAX);
    this.ids.length = this.bases.length = this.tos.length = 0;
    let previous = "0000000000000000";
    for (let index = 0; index < count; index++) {
      reader.need(8, "replica id");
      const id = readReplicaId(this.bytes, reader.offset);
      reader.offset += 8;
      if (id <= previous) throw malformed(`replica ${id} is zero or out of order`);
      previous = id;
      const base = reader.varint("base");
      const to = base + reader.varint("advance");
      if (to < 1 || to > SEQUENCE_MAX) throw malformed(`replica ${id} ends at sequence ${to}`);
      this.ids.push(id);
      this.bases.push(base);
      this.tos.push(to);
    }
  }

  #readContainerTable(): void {
    const reader = this.#reader;
    const count = reader.varint("container count");
    if (count > CONTAINERS_MAX) throw tooMany(count, "containers", CONTAINERS_MAX);
    this.containers.length = this.#isNamed.length = 0;
    for (let index = 0; index < count; index++) {
      const container = this.#readContainer();
      const previous = this.containers[index - 1];
      if (
        previous !== undefined &&
        compareNames(previous.nameBytes, previous.type, container.nameBytes, container.type) >= 0
      ) {
        throw malformed(`container ${JSON.stringify(container.name)} is out of order`);
      }
      this.containers.push(container);
      this.#isNamed.push(false);
    }
  }

  #readContainer(): DecodedContainer {
    const reader = this.#reader;
    const type = reader.u8("container type");
    if (!isContainerType(type)) {
      throw new CrdtError(
        "unsupported-type",
        `container type ${type} is newer than this engine; update it to read these bytes`,
      );
    }
    const length = reader.u8("name length");
    if (length === 0) throw malformed("a container without a name");
    reader.need(length, "container name");
    const begin = reader.offset;
    reader.offset += length;
    const nameBytes = this.bytes.subarray(begin, reader.offset);
    return { type, name: readName(nameBytes), nameBytes };
  }

  #readEntries(): void {
    const reader = this.#reader;
    const count = this.#readCount("entry count", DELTA_ENTRIES_MAX, "entries");
    this.entryCount = count;
    this.#readEnds(count, this.entryEnds, "entries");
    if (count === 0) {
      if (this.baseTimestamp !== 0) throw malformed("a base timestamp without entries");
      return;
    }
    if (count > this.sequences.length) this.#allocateEntries(count);
    reader.column(count, this.sequences, "sequence gaps");
    this.#readSequences(this.sequences, this.entryEnds, !this.isSnapshot);
    this.#readContainerIndices(count, this.containerIndices);
    this.#readTimestamps(count);
    this.#readLengths(count, this.keyOffsets, KEY_BYTES_MAX, "key bytes");
    this.#readLengths(count, this.payloadOffsets, PAYLOAD_BYTES_MAX, "payload bytes");
    this.#placeBytes(count);
    this.#checkEntries(count);
  }

  #readCount(what: string, limit: number, unit: string): number {
    const count = this.#reader.varint(what);
    if (count > this.bytes.length) throw malformed(`${count} ${unit} in ${this.bytes.length} bytes`);
    if (count > limit) throw tooMany(count, unit, limit);
    if (count > 0 && (this.ids.length === 0 || this.containers.length === 0)) {
      throw malformed(`${count} ${unit} without a replica or without a container`);
    }
    return count;
  }

  /** Reads how many of the `count` entries or records each replica has. */
  #readEnds(count: number, ends: number[], unit: string): void {
    const replicas = this.ids.length;
    ends.length = 0;
    if (replicas === 1) {
      ends.push(count);
      return;
    }
    let sum = 0;
    for (let index = 0; index < replicas; index++) {
      sum += this.#reader.varint(`number of ${unit}`);
      if (sum > count) throw malformed(`the ${unit} of the replicas sum to more than ${count}`);
      ends.push(sum);
    }
    if (sum !== count) throw malformed(`the ${unit} of the replicas sum to ${sum} and not to ${count}`);
  }

  /** Turns gaps into sequences in place. */
  #readSequences(sequences: Uint32Array, ends: readonly number[], isFromBase: boolean): void {
    let index = 0;
    for (let replica = 0; replica < ends.length; replica++) {
      const to = this.tos[replica]!;
      let previous = isFromBase ? this.bases[replica]! : 0;
      for (const end = ends[replica]!; index < end; index++) {
        previous += sequences[index]! + 1;
        if (previous > to)
          throw malformed(`sequence ${previous} of replica ${this.ids[replica]} is above ${to}`);
        sequences[index] = previous;
      }
    }
  }

  #readContainerIndices(count: number, indices: Uint32Array): void {
    const containers = this.containers.length;
    if (containers === 1) {
      indices.fill(0, 0, count);
      this.#isNamed[0] = true;
      return;
    }
    this.#reader.column(count, indices, "container indices");
    for (let index = 0; index < count; index++) {
      const container = indices[index]!;
      if (container >= containers) throw malformed(`container index ${container} of ${containers}`);
      this.#isNamed[container] = true;
    }
  }

  #readTimestamps(count: number): void {
    const { timestamps, baseTimestamp } = this;
    this.#reader.wideColumn(count, timestamps, "timestamps");
    let smallest = Number.POSITIVE_INFINITY;
    let index = 0;
    for (const end of this.entryEnds) {
      let previous = baseTimestamp;
      for (; index < end; index++) {
        const step = timestamps[index]!;
        previous = step < TWO_53 - previous ? previous + step : previous - (TWO_53 - step);
        timestamps[index] = previous;
        if (previous < smallest) smallest = previous;
      }
    }
    if (smallest !== baseTimestamp) throw malformed("the base timestamp is not the smallest timestamp");
  }

  /** Reads lengths into `offsets` as running sums that begin at 0. */
  #readLengths(count: number, offsets: Uint32Array, limit: number, unit: string): void {
    const reader = this.#reader;
    reader.column(count, offsets, unit);
    let sum = 0;
    let longest = 0;
    for (let index = 0; index < count; index++) {
      const length = offsets[index]!;
      if (length > longest) longest = length;
      offsets[index] = sum;
      sum += length;
    }
    if (longest > limit) throw tooMany(longest, unit, limit);
    if (sum > reader.end - reader.offset) throw malformed(`the ${unit} sum to more than there are`);
    offsets[count] = sum;
  }

  #placeBytes(count: number): void {
    const { keyOffsets, payloadOffsets } = this;
    const reader = this.#reader;
    const keys = reader.offset;
    const payloads = keys + keyOffsets[count]!;
    if (payloads + payloadOffsets[count]! > reader.end) throw malformed("keys and payloads are cut off");
    for (let index = 0; index <= count; index++) {
      keyOffsets[index] = keyOffsets[index]! + keys;
      payloadOffsets[index] = payloadOffsets[index]! + payloads;
    }
    reader.offset = payloadOffsets[count]!;
  }

  #checkEntries(count: number): void {
    const { containers, containerIndices, keyOffsets, payloadOffsets } = this;
    for (let index = 0; index < count; index++) {
      const { type } = containers[containerIndices[index]!]!;
      const keyLength = keyOffsets[index + 1]! - keyOffsets[index]!;
      const payloadLength = payloadOffsets[index + 1]! - payloadOffsets[index]!;
      if (type === CONTAINER_TYPES.map) continue;
      if (type === CONTAINER_TYPES.set && payloadLength === 0) continue;
      this.#checkEntry(type, index, keyLength, payloadLength);
    }
  }

  #checkEntry(type: ContainerType, index: number, keyLength: number, payloadLength: number): void {
    const rule = ruleOf(dataTypeOf(type), keyLength === 0 ? -1 : this.bytes[this.keyOffsets[index]!]!);
    if (rule === undefined) throw malformed(`a key of container type ${type} without a kind it knows`);
    if (rule.key === "none" && keyLength !== 0) {
      throw malformed(`an entry of container type ${type} with a key`);
    }
    if (rule.key === "kind" && keyLength !== 1) {
      throw malformed(`a key of ${keyLength} bytes that is to be its kind alone`);
    }
    if (rule.key === "replica" && keyLength !== 0) this.#checkReplicaKey(index, keyLength);
    switch (rule.payload) {
      case "any":
        return;
      case "none":
        if (payloadLength !== 0) throw malformed(`an entry of container type ${type} with a payload`);
        return;
      case "value":
        if (payloadLength === 0) throw malformed(`an entry of container type ${type} without a payload`);
        return;
      case "sums":
        this.#checkSums(index);
        return;
      case "number":
        this.#checkNumber(index, payloadLength);
        return;
      case "time":
        this.#checkTime(index, payloadLength);
        return;
      case "chunk":
        this.#checkChunk(index);
        return;
      case "log":
        this.#checkLogEntry(index, keyLength, payloadLength);
    }
  }

  #checkReplicaKey(index: number, keyLength: number): void {
    const begin = this.keyOffsets[index]!;
    const isZero = this.bytes.subarray(begin, begin + keyLength).every((byte) => byte === 0);
    if (keyLength !== 8 || isZero)
      throw malformed(`a bounded key of ${keyLength} bytes that is no replica id`);
  }

  #checkNumber(index: number, payloadLength: number): void {
    if (payloadLength !== 8 || Number.isNaN(readNumber(this.bytes, this.payloadOffsets[index]!))) {
      throw malformed(`a payload of ${payloadLength} bytes that is no f64, or not a number`);
    }
  }

  #checkTime(index: number, payloadLength: number): void {
    const time = payloadLength === 8 ? readNumber(this.bytes, this.payloadOffsets[index]!) : Number.NaN;
    if (!Number.isSafeInteger(time) || Object.is(time, -0)) {
      throw malformed(`a mark of ${payloadLength} bytes that is no time within ±(2^53 − 1)`);
    }
  }

  #checkChunk(index: number): void {
    const [begin, end] = [this.payloadOffsets[index]!, this.payloadOffsets[index + 1]!];
    if (!isSeriesChunk(this.bytes.subarray(begin, end))) {
      throw malformed(`a payload of ${end - begin} bytes that is no series chunk`);
    }
  }

  #checkLogEntry(index: number, keyLength: number, payloadLength: number): void {
    if (keyLength === 0) {
      if (payloadLength === 0) throw malformed("a log entry without a payload");
      return;
    }
    if (keyLength !== MARK_KEY_BYTES || payloadLength !== 0) {
      throw malformed(`a log entry with a key of ${keyLength} and a payload of ${payloadLength} bytes`);
    }
    const begin = this.keyOffsets[index]!;
    if (this.bytes[begin + 7] !== 0 || this.bytes[begin + 6]! >= 0x20) {
      throw malformed("a truncation mark at a timestamp of 2^53 or more");
    }
  }

  #checkSums(index: number): void {
    const cursor = { bytes: this.bytes, offset: this.payloadOffsets[index]! };
    if (
      readVarint(cursor) < 0 ||
      readVarint(cursor) < 0 ||
      cursor.offset !== this.payloadOffsets[index + 1]
    ) {
      throw malformed("a counter payload that is not two varints");
    }
  }

  #readRemovals(): void {
    const reader = this.#reader;
    const count = this.#readCount("removal count", DELTA_ENTRIES_MAX, "removal records");
    this.removalCount = count;
    if (count === 0) {
      this.removalEnds.length = 0;
      return;
    }
    this.#readEnds(count, this.removalEnds, "removal records");
    if (count > this.removalSequences.length) this.#allocateRemovals(count);
    reader.column(count, this.removalSequences, "removal sequence gaps");
    this.#readSequences(this.removalSequences, this.removalEnds, true);
    this.#readContainerIndices(count, this.removalContainers);
    for (let index = 0; index < count; index++) {
      const { type } = this.containers[this.removalContainers[index]!]!;
      if (!dataTypeOf(type).hasElements) {
        throw malformed(`a removal record in a container of type ${type}`);
      }
    }
    this.#readTargets(count);
  }

  #readTargets(count: number): void {
    const reader = this.#reader;
    const { targetOffsets } = this;
    reader.column(count, targetOffsets, "target counts");
    let sum = 0;
    for (let index = 0; index < count; index++) {
      const targets = targetOffsets[index]!;
      if (targets === 0) throw malformed("a removal record without a target");
      targetOffsets[index] = sum;
      sum += targets;
      if (sum > this.bytes.length) throw malformed(`${sum} or more targets in ${this.bytes.length} bytes`);
    }
    targetOffsets[count] = sum;
    if (sum > DELTA_TARGETS_MAX) throw tooMany(sum, "removal targets", DELTA_TARGETS_MAX);
    if (sum > this.targetReplicas.length) this.#allocateTargets(sum);
    reader.column(sum, this.targetReplicas, "target replicas");
    for (let index = 0; index < sum; index++) {
      const replica = this.targetReplicas[index]!;
      if (replica >= this.ids.length) throw malformed(`target replica ${replica} of ${this.ids.length}`);
    }
    reader.column(sum, this.targetSequences, "target sequences");
    let replica = 0;
    for (let index = 0; index < count; index++) {
      while (this.removalEnds[replica]! <= index) replica++;
      this.#checkTargets(replica, index);
    }
  }

  #checkTargets(recordReplica: number, record: number): void {
    const { targetReplicas, targetSequences } = this;
    let previousReplica = -1;
    let previousSequence = 0;
    for (let index = this.targetOffsets[record]!; index < this.targetOffsets[record + 1]!; index++) {
      const replica = targetReplicas[index]!;
      const sequence = targetSequences[index]!;
      if (sequence < 1 || sequence > this.tos[replica]!) {
        throw malformed(`a target with sequence ${sequence} of replica ${this.ids[replica]}`);
      }
      if (replica < previousReplica || (replica === previousReplica && sequence <= previousSequence)) {
        throw malformed("the targets of a removal record do not ascend");
      }
      if (replica === recordReplica && sequence >= this.removalSequences[record]!) {
        throw malformed("a removal record that removes itself or what came after it");
      }
      previousReplica = replica;
      previousSequence = sequence;
    }
  }

  #allocateEntries(count: number): void {
    this.sequences = new Uint32Array(count);
    this.containerIndices = new Uint32Array(count);
    this.timestamps = new Float64Array(count);
    this.keyOffsets = new Uint32Array(count + 1);
    this.payloadOffsets = new Uint32Array(count + 1);
  }

  #allocateRemovals(count: number): void {
    this.removalSequences = new Uint32Array(count);
    this.removalContainers = new Uint32Array(count);
    this.targetOffsets = new Uint32Array(count + 1);
  }

  #allocateTargets(count: number): void {
    this.targetReplicas = new Uint32Array(count);
    this.targetSequences = new Uint32Array(count);
  }
}

/** The text of a container name. ASCII, the usual case, is told apart without a call. */
function readName(nameBytes: Uint8Array): string {
  let isAscii = true;
  for (let index = 0; index < nameBytes.length; index++) isAscii &&= nameBytes[index]! < 0x80;
  if (isAscii) return binaryString(nameBytes, 0, nameBytes.length);
  try {
    return nameDecoder.decode(nameBytes);
  } catch {
    throw malformed("a container name that is no UTF-8");
  }
}

function tooMany(count: number, unit: string, limit: number): CrdtError {
  return new CrdtError(
    "limit-exceeded",
    `a delta with ${count} ${unit}; at most ${limit} are allowed, send it in parts`,
  );
}
