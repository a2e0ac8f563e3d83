// Applies a mutation batch (`OPCODES` in engine.ts) to a document, operation by operation, through the journal.
// Leaves rolling back to the caller. Cost: that of the operations; `clear` visits what it clears.
import { CrdtError } from "../../errors.ts";
import {
  BATCH_BYTES_MAX,
  CHUNK_POINTS_MAX,
  DELTA_TARGETS_MAX,
  KEY_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  REPLICAS_MAX,
} from "../../limits.ts";
import { writeVarint } from "../../wire/varint.ts";
import { OPCODES, type ReplicaId, SERIES_KINDS } from "../engine.ts";
import { binaryString } from "./binary-string.ts";
import { canonicalEntries } from "./canonical-order.ts";
import { encodeChunk } from "./chunk-encoder.ts";
import type { Container, ContentIndex } from "./container.ts";
import { type CounterIndex, readSums } from "./counter-index.ts";
import { ruleOf, takes } from "./data-types.ts";
import { SEQUENCE_MAX } from "./delta-decoder.ts";
import { takeBelow, truncate } from "./delta-merge.ts";
import type { DocumentState } from "./document-state.ts";
import type { ElementIndex } from "./element-index.ts";
import { beats, byPosition, Entry } from "./entry.ts";
import { type ExtremeIndex, readNumber } from "./extreme-index.ts";
import type { KindIndex } from "./kind-index.ts";
import { comparePositions, type LogIndex, readPosition } from "./log-index.ts";
import { readPoints } from "./recorded-points.ts";
import type { ReplicaColumn } from "./replica-column.ts";
import type { SeriesIndex } from "./series-index.ts";
import { JOIN_SIZES, joinable, joinedChunk } from "./series-join.ts";
import type { SlotIndex } from "./slot-index.ts";
import type { WinnerIndex } from "./winner-index.ts";

const TWO_53 = 2 ** 53;
/** The kind byte of a key takes one. */
const LABEL_BYTES_MAX = KEY_BYTES_MAX - 1;
const POINT_BYTES = 16;
const NO_BYTES = new Uint8Array(0);
const sums = new Uint8Array(16);
const position = new Uint8Array(20);
const timeBytes = new Uint8Array(8);
const timeView = new DataView(timeBytes.buffer);
const positionView = new DataView(position.buffer);
/** Eight bytes of zero, which are no replica id. */
const NO_REPLICA = "\0".repeat(8);

export class MutationBatch {
  readonly #state: DocumentState;
  readonly #replica: ReplicaId;
  #bytes: Uint8Array = NO_BYTES;
  #view: DataView = new DataView(NO_BYTES.buffer);
  #offset = 0;
  #end = 0;
  /** The clock reading of this batch. */
  #timestamp = 0;
  #column: ReplicaColumn | undefined;

  constructor(state: DocumentState, replica: ReplicaId) {
    this.#state = state;
    this.#replica = replica;
  }

  /** Applies the batch; returns how many operations were effective. Throws in the middle: roll back. */
  apply(batch: Uint8Array, byteLength: number, timestamp: number): number {
    if (byteLength > BATCH_BYTES_MAX) throw tooLarge(byteLength, "bytes in a batch", BATCH_BYTES_MAX);
    if (!Number.isInteger(byteLength) || byteLength < 0 || byteLength > batch.length) {
      throw invalid(`a batch length of ${byteLength} bytes in ${batch.length}`);
    }
    if (timestamp >= TWO_53) throw clockExhausted(timestamp);
    this.#bytes = batch;
    this.#view = new DataView(batch.buffer, batch.byteOffset, byteLength);
    this.#offset = 0;
    this.#end = byteLength;
    this.#timestamp = timestamp;
    this.#column = this.#state.replicas.get(this.#replica);
    this.#state.raiseClock(timestamp);
    let effective = 0;
    while (this.#offset < this.#end) if (this.#applyOperation()) effective++;
    this.#bytes = NO_BYTES;
    return effective;
  }

  #applyOperation(): boolean {
    this.#need(3);
    const opcode = this.#bytes[this.#offset]!;
    const index = this.#view.getUint16(this.#offset + 1, true);
    this.#offset += 3;
    const container = this.#state.containers[index];
    if (container === undefined) {
      throw invalid(`container ${index} of ${this.#state.containers.length}; declare it first`);
    }
    if (opcode > OPCODES.join || !takes(container.dataType, opcode)) {
      throw invalid(`opcode ${opcode} for a ${container.typeName}`);
    }
    switch (opcode) {
      case OPCODES.increment:
        return this.#increment(container, container.content as CounterIndex);
      case OPCODES.put:
        return this.#put(container);
      case OPCODES.delete:
        return this.#delete(container);
      case OPCODES.add:
        return this.#add(container);
      case OPCODES.remove:
        return this.#remove(container);
      case OPCODES.clear:
        return this.#clear(container);
      case OPCODES.append:
        return this.#append(container, container.content as LogIndex);
      case OPCODES.truncate:
        return this.#truncate(container, container.content as LogIndex);
      case OPCODES.insert:
        return this.#insert(container);
      case OPCODES.adjust:
        return this.#adjust(container, container.content as SlotIndex);
      case OPCODES.record:
        return this.#record(container, container.content as SeriesIndex);
      case OPCODES.retain:
        return this.#retain(container, container.content as SeriesIndex);
      default:
        return this.#join(container, container.content as SeriesIndex);
    }
  }

  #increment(container: Container, content: CounterIndex): boolean {
    this.#need(8);
    const amount = this.#view.getFloat64(this.#offset, true);
    this.#offset += 8;
    if (!Number.isInteger(amount)) throw invalid(`an increment by ${amount}; give an integer`);
    if (amount === 0) return false;
    const old = this.#column === undefined ? undefined : content.contributions.get(this.#column);
    let [plus, minus] = old === undefined ? [0, 0] : readSums(old);
    if (amount > 0) plus += amount;
    else minus -= amount;
    this.#enterSums(container, "", plus, minus, old);
    return true;
  }

  #adjust(container: Container, content: SlotIndex): boolean {
    this.#need(20);
    const keyLength = this.#length(KEY_BYTES_MAX, "key");
    const plus = this.#amount();
    const minus = this.#amount();
    const key = this.#key(container, keyLength, OPCODES.adjust);
    if (keyLength > 0 && (keyLength !== 8 || key === NO_REPLICA)) {
      throw invalid(`a bounded key of ${keyLength} bytes; give none or a replica id`);
    }
    if (plus === 0 && minus === 0) return false;
    const old = this.#column === undefined ? undefined : content.find(this.#column, key);
    const [plusBefore, minusBefore] = old === undefined ? [0, 0] : readSums(old);
    this.#enterSums(container, key, plusBefore + plus, minusBefore + minus, old);
    return true;
  }

  #amount(): number {
    const amount = this.#view.getFloat64(this.#offset, true);
    this.#offset += 8;
    if (!Number.isInteger(amount) || amount < 0) {
      throw invalid(`an adjustment by ${amount}; give an integer that is not negative`);
    }
    return amount;
  }

  #enterSums(container: Container, key: string, plus: number, minus: number, old: Entry | undefined): void {
    if (plus > Number.MAX_SAFE_INTEGER || minus > Number.MAX_SAFE_INTEGER) {
      throw new CrdtError(
        "counter-range",
        `a sum of ${container.name} would be ${Math.max(plus, minus)} and leave ±(2^53 − 1); use another counter`,
      );
    }
    const length = writeVarint(sums, writeVarint(sums, 0, plus), minus);
    this.#enter(container, key, this.#timestamp, sums, 0, length, old);
  }

  #put(container: Container): boolean {
    this.#need(8);
    const keyLength = this.#length(KEY_BYTES_MAX, "key");
    const length = this.#length(PAYLOAD_BYTES_MAX, "payload");
    if (length === 0) throw invalid("a put without a payload; use delete");
    const key = this.#key(container, keyLength, OPCODES.put);
    const begin = this.#take(length);
    const { content } = container;
    if (content.kind !== "winners") return this.#putElsewhere(container, key, begin, length);
    this.#write(container, content, key, this.#bytes, begin, length);
    return true;
  }

  #putElsewhere(container: Container, key: string, begin: number, length: number): boolean {
    const content = indexOf(container, key);
    if (content.kind === "extreme") return this.#putNumber(container, content, begin, length);
    if (content.kind === "elements") this.#putElement(container, content, key, begin, length);
    else this.#write(container, content as WinnerIndex, key, this.#bytes, begin, length);
    return true;
  }

  #putElement(container: Container, content: ElementIndex, key: string, begin: number, length: number): void {
    const seen = content.entriesOf(key);
    const column = this.#ownColumn();
    let timestamp = this.#timestamp;
    if (seen.length > 0) {
      const greatest = seen.reduce((left, right) => (byPosition(left, right) > 0 ? left : right));
      if (!beats(timestamp, column, column.sequence + 1, greatest)) timestamp = greatest.timestamp + 1;
    }
    for (const entry of seen) this.#state.leave(entry);
    const { sequence } = this.#enter(container, key, timestamp, this.#bytes, begin, length);
    this.#keepRemoval(container, sequence, seen);
  }

  #putNumber(container: Container, content: ExtremeIndex, begin: number, length: number): boolean {
    const value = length === 8 ? this.#view.getFloat64(begin, true) : Number.NaN;
    if (Number.isNaN(value))
      throw invalid(`${length} bytes for a ${container.typeName}; give an f64, not NaN`);
    if (content.compare(value) <= 0) return false;
    this.#enter(container, "", this.#timestamp, this.#bytes, begin, length, content.best);
    return true;
  }

  #insert(container: Container): boolean {
    this.#need(8);
    const keyLength = this.#length(KEY_BYTES_MAX, "key");
    const length = this.#length(PAYLOAD_BYTES_MAX, "payload");
    const key = this.#key(container, keyLength, OPCODES.insert);
    const begin = this.#take(length);
    this.#enter(container, key, this.#timestamp, this.#bytes, begin, length);
    return true;
  }

  #delete(container: Container): boolean {
    this.#need(4);
    const key = this.#key(container, this.#length(KEY_BYTES_MAX, "key"), OPCODES.delete);
    const content = indexOf(container, key);
    if (content.kind === "elements") return this.#removeAll(container, content.entriesOf(key));
    const winners = content as WinnerIndex;
    const keepsMarks = container.content.kind === "kinds" && container.content.ruleOf(key)!.keepsMarks;
    const isThere = keepsMarks ? winners.winners.get(key)?.length !== 0 : winners.isPresent(key);
    if (isThere) this.#write(container, winners, key, NO_BYTES, 0, 0);
    return isThere;
  }

  #write(
    container: Container,
    content: WinnerIndex,
    key: string,
    bytes: Uint8Array,
    begin: number,
    length: number,
  ): void {
    const old = content.winners.get(key);
    const column = this.#ownColumn();
    let timestamp = this.#timestamp;
    if (old === undefined) timestamp = Math.max(timestamp, this.#state.compacted + 1);
    else if (!beats(timestamp, column, column.sequence + 1, old)) timestamp = old.timestamp + 1;
    this.#enter(container, key, timestamp, bytes, begin, length, old);
  }

  #add(container: Container): boolean {
    this.#need(4);
    const key = this.#key(container, this.#length(KEY_BYTES_MAX, "key"), OPCODES.add);
    const seen = (indexOf(container, key) as ElementIndex).entriesOf(key);
    for (const entry of seen) this.#state.leave(entry);
    const { sequence } = this.#enter(container, key, this.#timestamp, NO_BYTES, 0, 0);
    this.#keepRemoval(container, sequence, seen);
    return seen.length === 0;
  }

  #remove(container: Container): boolean {
    this.#need(4);
    const key = this.#key(container, this.#length(KEY_BYTES_MAX, "key"), OPCODES.remove);
    return this.#removeAll(container, (indexOf(container, key) as ElementIndex).entriesOf(key));
  }

  #removeAll(container: Container, seen: readonly Entry[]): boolean {
    if (seen.length === 0) return false;
    for (const entry of seen) this.#state.leave(entry);
    this.#keepRemoval(container, this.#nextSequence(), seen);
    return true;
  }

  #clear(container: Container): boolean {
    const { content } = container;
    if (content.kind === "elements")
      return this.#removeAll(container, canonicalEntries(this.#state, container));
    const present = canonicalEntries(this.#state, container).filter((entry) => entry.length > 0);
    for (const entry of present) this.#write(container, content as WinnerIndex, entry.key, NO_BYTES, 0, 0);
    return present.length > 0;
  }

  #append(container: Container, content: LogIndex): boolean {
    this.#need(4);
    const length = this.#length(PAYLOAD_BYTES_MAX, "payload");
    if (length === 0) throw invalid("an append without a payload");
    const begin = this.#take(length);
    const truncatedThrough = content.mark === undefined ? -1 : content.mark.timestamp;
    this.#enter(container, "", Math.max(this.#timestamp, truncatedThrough + 1), this.#bytes, begin, length);
    return true;
  }

  #truncate(container: Container, content: LogIndex): boolean {
    this.#need(20);
    const timestamp = this.#view.getFloat64(this.#offset, true);
    if (!Number.isInteger(timestamp) || timestamp < 0 || timestamp >= TWO_53) {
      throw invalid(`a truncation at timestamp ${timestamp}`);
    }
    positionView.setUint32(0, timestamp % 2 ** 32, true);
    positionView.setUint32(4, Math.floor(timestamp / 2 ** 32), true);
    position.set(this.#bytes.subarray(this.#offset + 8, this.#offset + 20), 8);
    this.#offset += 20;
    const key = binaryString(position, 0, position.length);
    if (content.mark !== undefined && comparePositions(readPosition(key), content.mark) <= 0) return false;
    const old = content.markEntry;
    this.#enter(container, key, this.#timestamp, NO_BYTES, 0, 0, old);
    truncate(this.#state, content);
    return true;
  }

  #record(container: Container, content: SeriesIndex): boolean {
    this.#need(8);
    const labelLength = this.#length(LABEL_BYTES_MAX, "label");
    const count = this.#view.getUint32(this.#offset, true);
    this.#offset += 4;
    if (count === 0) throw invalid("a record of 0 points; give at least one");
    const label = binaryString(this.#bytes, this.#take(labelLength), this.#offset);
    const begin = this.#take(count * POINT_BYTES);
    const { times, values } = readPoints(this.#bytes, begin, count, content.markTime(label), invalid);
    const key = String.fromCharCode(SERIES_KINDS.chunk) + label;
    for (let from = 0; from < times.length; from += CHUNK_POINTS_MAX) {
      const chunk = encodeChunk(times, values, from, Math.min(from + CHUNK_POINTS_MAX, times.length));
      this.#enter(container, key, this.#timestamp, chunk, 0, chunk.length);
    }
    return times.length > 0;
  }

  #retain(container: Container, content: SeriesIndex): boolean {
    this.#need(5);
    const kind = this.#bytes[this.#offset]!;
    this.#offset++;
    const labelLength = this.#length(LABEL_BYTES_MAX, "label");
    const isOfAll = kind === SERIES_KINDS.markOfAll;
    if (kind !== SERIES_KINDS.mark && !isOfAll) throw invalid(`a mark of kind ${kind}`);
    if (isOfAll && labelLength !== 0) throw invalid(`a label of ${labelLength} bytes for the mark of all`);
    const key = String.fromCharCode(kind) + binaryString(this.#bytes, this.#take(labelLength), this.#offset);
    this.#need(8);
    const time = this.#view.getFloat64(this.#offset, true) + 0;
    this.#offset += 8;
    if (!Number.isSafeInteger(time)) {
      throw invalid(`a mark at a time of ${time}; give an integer within ±(2^53 − 1)`);
    }
    const old = content.markAt(key);
    if (old !== undefined && time <= readNumber(old.chunk, old.start)) return false;
    timeView.setFloat64(0, time, true);
    this.#enter(container, key, this.#timestamp, timeBytes, 0, timeBytes.length, old);
    takeBelow(this.#state, content, key);
    return true;
  }

  #join(container: Container, content: SeriesIndex): boolean {
    this.#need(4);
    const labelLength = this.#length(LABEL_BYTES_MAX, "label");
    const label = binaryString(this.#bytes, this.#take(labelLength), this.#offset);
    const column = this.#column;
    if (column === undefined) return false;
    const key = String.fromCharCode(SERIES_KINDS.chunk) + label;
    let isJoined = false;
    for (const size of JOIN_SIZES) {
      const chunks = joinable(content.chunksOf(label, column), size);
      if (chunks.length === 0) continue;
      const chunk = joinedChunk(chunks, column.sequence + 1);
      for (const entry of chunks) this.#state.leave(entry);
      this.#enter(container, key, this.#timestamp, chunk, 0, chunk.length);
      isJoined = true;
    }
    return isJoined;
  }

  #need(count: number): void {
    if (this.#offset + count > this.#end) throw invalid(`a batch cut off at byte ${this.#end}`);
  }

  #length(limit: number, what: string): number {
    const length = this.#view.getUint32(this.#offset, true);
    this.#offset += 4;
    if (length > limit) throw tooLarge(length, `bytes in a ${what}`, limit);
    return length;
  }

  /** Takes `length` bytes of the batch; returns where they begin. */
  #take(length: number): number {
    this.#need(length);
    const begin = this.#offset;
    this.#offset += length;
    return begin;
  }

  /** The next key, which must be one that takes `opcode`; that its type does is known. */
  #key(container: Container, length: number, opcode: number): string {
    const begin = this.#take(length);
    const { rule } = container.dataType;
    if (rule === undefined || rule.key === "none") this.#checkKey(container, begin, length, opcode);
    return binaryString(this.#bytes, begin, this.#offset);
  }

  #checkKey(container: Container, begin: number, length: number, opcode: number): void {
    const rule = ruleOf(container.dataType, length === 0 ? -1 : this.#bytes[begin]!);
    if (rule === undefined || !takes(rule, opcode)) {
      throw invalid(`opcode ${opcode} for a key of ${length} bytes of that kind in a ${container.typeName}`);
    }
    if (length > 0 && rule.key === "none") {
      throw invalid(`a key of ${length} bytes for a ${container.typeName}, which has none`);
    }
  }

  #ownColumn(): ReplicaColumn {
    if (this.#column === undefined && this.#state.replicas.size >= REPLICAS_MAX) {
      throw tooLarge(REPLICAS_MAX + 1, "replicas in a document", REPLICAS_MAX);
    }
    this.#column ??= this.#state.column(this.#replica);
    return this.#column;
  }

  #nextSequence(): number {
    const column = this.#ownColumn();
    const sequence = column.sequence + 1;
    if (sequence > SEQUENCE_MAX) throw tooLarge(sequence, "mutations of a replica", SEQUENCE_MAX);
    this.#state.advance(column, sequence);
    return sequence;
  }

  #enter(
    container: Container,
    key: string,
    timestamp: number,
    bytes: Uint8Array,
    begin: number,
    length: number,
    old?: Entry,
  ): Entry {
    if (timestamp >= TWO_53) throw clockExhausted(timestamp);
    const sequence = this.#nextSequence();
    const { payloads } = this.#state;
    payloads.put(bytes, begin, length);
    const column = this.#ownColumn();
    const entry = new Entry(
      column,
      sequence,
      timestamp,
      container,
      key,
      payloads.chunk,
      payloads.start,
      length,
    );
    if (old === undefined) this.#state.enter(entry);
    else this.#state.replace(old, entry);
    return entry;
  }

  #keepRemoval(container: Container, sequence: number, targets: readonly Entry[]): void {
    if (targets.length === 0) return;
    if (targets.length > DELTA_TARGETS_MAX) throw tooLarge(targets.length, "removed dots", DELTA_TARGETS_MAX);
    this.#state.keep(this.#ownColumn(), {
      sequence,
      container,
      targetReplicas: targets.map((entry) => entry.replica),
      targetSequences: targets.map((entry) => entry.sequence),
    });
  }
}

/** The index that holds what is under a key. */
function indexOf(container: Container, key: string): Exclude<ContentIndex, KindIndex> {
  const { content } = container;
  return content.kind === "kinds" ? content.of(key) : content;
}

function invalid(reason: string): CrdtError {
  return new CrdtError("invalid-argument", `mutation refused: ${reason}; nothing was applied`);
}

function tooLarge(count: number, unit: string, limit: number): CrdtError {
  return new CrdtError(
    "limit-exceeded",
    `mutation refused: ${count} ${unit}; at most ${limit} are allowed, split it up`,
  );
}

function clockExhausted(timestamp: number): CrdtError {
  return new CrdtError(
    "limit-exceeded",
    `mutation refused: timestamp ${timestamp} is 2^53 or more; a peer's clock is far off, use another key`,
  );
}
