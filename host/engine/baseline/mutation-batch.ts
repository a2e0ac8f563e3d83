// Applies a mutation batch (`OPCODES` in engine.ts) to a document, operation by operation, through the journal.
// Leaves rolling back to the caller. Cost: that of the operations; `clear` visits what it clears.
import { CrdtError } from "../../errors.ts";
import {
  BATCH_BYTES_MAX,
  DELTA_TARGETS_MAX,
  KEY_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  REPLICAS_MAX,
} from "../../limits.ts";
import { writeVarint } from "../../wire/varint.ts";
import { OPCODES, type ReplicaId } from "../engine.ts";
import { binaryString } from "./binary-string.ts";
import { canonicalEntries } from "./canonical-order.ts";
import type { Container, ContentIndex } from "./container.ts";
import { readSums } from "./counter-index.ts";
import { SEQUENCE_MAX } from "./delta-decoder.ts";
import { truncate } from "./delta-merge.ts";
import type { DocumentState } from "./document-state.ts";
import { beats, Entry } from "./entry.ts";
import { comparePositions, readPosition } from "./log-index.ts";
import type { ReplicaColumn } from "./replica-column.ts";

const TWO_53 = 2 ** 53;
const NO_BYTES = new Uint8Array(0);
const sums = new Uint8Array(16);
const position = new Uint8Array(20);
const positionView = new DataView(position.buffer);

type Content<Kind extends ContentIndex["kind"]> = Extract<ContentIndex, { kind: Kind }>;

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
    switch (opcode) {
      case OPCODES.increment:
        return this.#increment(container, this.#contentOf(container, "counter"));
      case OPCODES.put:
        return this.#put(container, this.#contentOf(container, "winners"));
      case OPCODES.delete:
        return this.#delete(container, this.#contentOf(container, "winners"));
      case OPCODES.add:
        return this.#add(container, this.#contentOf(container, "elements"));
      case OPCODES.remove:
        return this.#remove(container, this.#contentOf(container, "elements"));
      case OPCODES.clear:
        return this.#clear(container);
      case OPCODES.append:
        return this.#append(container, this.#contentOf(container, "log"));
      case OPCODES.truncate:
        return this.#truncate(container, this.#contentOf(container, "log"));
      default:
        throw invalid(`opcode ${opcode}`);
    }
  }

  #contentOf<Kind extends ContentIndex["kind"]>(container: Container, kind: Kind): Content<Kind> {
    const { content } = container;
    if (content.kind !== kind) throw invalid(`an operation on ${kind} for a ${container.typeName}`);
    return content as Content<Kind>;
  }

  #increment(container: Container, content: Content<"counter">): boolean {
    this.#need(8);
    const amount = this.#view.getFloat64(this.#offset, true);
    this.#offset += 8;
    if (!Number.isInteger(amount)) throw invalid(`an increment by ${amount}; give an integer`);
    if (amount === 0) return false;
    const old = this.#column === undefined ? undefined : content.contributions.get(this.#column);
    let [plus, minus] = old === undefined ? [0, 0] : readSums(old);
    if (amount > 0) plus += amount;
    else minus -= amount;
    if (plus > Number.MAX_SAFE_INTEGER || minus > Number.MAX_SAFE_INTEGER) {
      throw new CrdtError(
        "counter-range",
        `an increment of ${container.name} by ${amount} leaves ±(2^53 − 1); use another counter`,
      );
    }
    const length = writeVarint(sums, writeVarint(sums, 0, plus), minus);
    this.#enter(container, "", this.#timestamp, sums, 0, length, old);
    return true;
  }

  #put(container: Container, content: Content<"winners">): boolean {
    this.#need(8);
    const keyLength = this.#length(KEY_BYTES_MAX, "key");
    const payloadLength = this.#length(PAYLOAD_BYTES_MAX, "payload");
    if (payloadLength === 0) throw invalid("a put without a payload; use delete");
    const key = this.#key(container, keyLength);
    const begin = this.#take(payloadLength);
    this.#write(container, content, key, this.#bytes, begin, payloadLength);
    return true;
  }

  #delete(container: Container, content: Content<"winners">): boolean {
    this.#need(4);
    const key = this.#key(container, this.#length(KEY_BYTES_MAX, "key"));
    if (!content.isPresent(key)) return false;
    this.#write(container, content, key, NO_BYTES, 0, 0);
    return true;
  }

  #write(
    container: Container,
    content: Content<"winners">,
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

  #add(container: Container, content: Content<"elements">): boolean {
    this.#need(4);
    const key = this.#key(container, this.#length(KEY_BYTES_MAX, "key"));
    const seen = content.entriesOf(key);
    for (const entry of seen) this.#state.leave(entry);
    const { sequence } = this.#enter(container, key, this.#timestamp, NO_BYTES, 0, 0);
    this.#keepRemoval(container, sequence, seen);
    return seen.length === 0;
  }

  #remove(container: Container, content: Content<"elements">): boolean {
    this.#need(4);
    const key = this.#key(container, this.#length(KEY_BYTES_MAX, "key"));
    return this.#removeAll(container, content.entriesOf(key));
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
    if (content.kind !== "winners" || container.typeName !== "map") {
      throw invalid(`a clear of a ${container.typeName}`);
    }
    const present = canonicalEntries(this.#state, container).filter((entry) => entry.length > 0);
    for (const entry of present) this.#write(container, content, entry.key, NO_BYTES, 0, 0);
    return present.length > 0;
  }

  #append(container: Container, content: Content<"log">): boolean {
    this.#need(4);
    const length = this.#length(PAYLOAD_BYTES_MAX, "payload");
    if (length === 0) throw invalid("an append without a payload");
    const begin = this.#take(length);
    const truncatedThrough = content.mark === undefined ? -1 : content.mark.timestamp;
    this.#enter(container, "", Math.max(this.#timestamp, truncatedThrough + 1), this.#bytes, begin, length);
    return true;
  }

  #truncate(container: Container, content: Content<"log">): boolean {
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

  #key(container: Container, length: number): string {
    if (length > 0 && (container.typeName === "register" || container.typeName === "flag")) {
      throw invalid(`a key of ${length} bytes for a ${container.typeName}, which has none`);
    }
    const begin = this.#take(length);
    return binaryString(this.#bytes, begin, this.#offset);
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
