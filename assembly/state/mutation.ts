// Applies a batch of local operations: each effective one takes the next dot of this replica and the batch's clock reading,
// or a later timestamp where it must win over what it replaces. The batch is read and applied operation by operation;
// a bad one refuses all, and the caller undoes.
//
//   operation  | opcode u8 | container u16 | operands        see host/engine/engine.ts
import { DELTA_TARGETS_MAX, KEY_BYTES_MAX, PAYLOAD_BYTES_MAX, REPLICAS_MAX } from "../../host/limits";
import { Clock, TIMESTAMP_END } from "../causality/clock";
import { Removals } from "../causality/removal-column";
import { Replicas } from "../causality/replica-table";
import { EntryCheck } from "../codec/entry-check";
import { Scratch } from "../memory/scratch";
import { Sort, SortItem } from "../memory/sort";
import { Refusal } from "../refusal";
import { SeriesMutation } from "../series/series-mutation";
import {
  STATUS_COUNTER_RANGE,
  STATUS_INVALID_ARGUMENT,
  STATUS_LIMIT_EXCEEDED,
  STATUS_OK,
  SUBJECT_AMOUNT,
  SUBJECT_BATCH,
  SUBJECT_CLOCK,
  SUBJECT_CONTAINER_INDICES,
  SUBJECT_CONTAINER_TYPE,
  SUBJECT_COUNTER_SUM,
  SUBJECT_KEY_BYTES,
  SUBJECT_KEY_KIND,
  SUBJECT_OPCODE,
  SUBJECT_PAYLOAD_BYTES,
  SUBJECT_REMOVAL_TARGETS,
  SUBJECT_REPLICAS,
  SUBJECT_SEQUENCE,
  SUBJECT_TIMESTAMPS,
} from "../status";
import { Canonical } from "./canonical";
import { Containers } from "./containers";
import { Document } from "./document";
import { Entries } from "./entries";
import { Keys } from "./key-index";
import { Logs, POSITION_BYTES } from "./logs";
import { Members } from "./members";
import { PayloadMutation } from "./payload-mutation";
import { NO_INDEX } from "./records";
import {
  RULE_CELL,
  RULE_ELEMENT,
  RULE_EXTREME,
  RULE_LOG,
  RULE_NONE,
  RULE_OWN,
  RULE_VALUE,
  RULE_WINNER,
  Rules,
  TYPE_GRAPH,
  TYPE_LIST,
  TYPE_MAP,
  TYPE_SERIES,
} from "./rules";
import { Supersession } from "./supersession";

export const OPCODE_INCREMENT: u32 = 1;
export const OPCODE_PUT: u32 = 2;
export const OPCODE_DELETE: u32 = 3;
export const OPCODE_ADD: u32 = 4;
export const OPCODE_REMOVE: u32 = 5;
export const OPCODE_CLEAR: u32 = 6;
export const OPCODE_APPEND: u32 = 7;
export const OPCODE_TRUNCATE: u32 = 8;
export const OPCODE_INSERT: u32 = 9;
export const OPCODE_ADJUST: u32 = 10;
export const OPCODE_RECORD: u32 = 11;
export const OPCODE_RETAIN: u32 = 12;
export const OPCODE_JOIN: u32 = 13;

const OPERATION_HEADER_BYTES: u32 = 3;
export const SUM_MAX: f64 = 9007199254740991;
export const SEQUENCE_MAX: u32 = 0xfffffffe;

export abstract class Mutation {
  static effective: u32 = 0;
  static cursor: u32 = 0;
  private static end: u32 = 0;
  /** Key and payload in hand. */
  static keyPointer: u32 = 0;
  static keyLength: u32 = 0;
  static payloadPointer: u32 = 0;
  static payloadLength: u32 = 0;

  /** Applies the batch at `pointer`. */
  static apply(pointer: u32, byteLength: u32, nowMs: f64): u32 {
    Mutation.effective = 0;
    if (!Clock.isWallTime(nowMs)) return Clock.refuse(nowMs);
    const status = Clock.read(nowMs);
    if (status != STATUS_OK) return status;
    const document = Document.current;
    if (document.ownReplica == NO_INDEX) document.ownReplica = Replicas.find(document.ownId);
    Mutation.cursor = pointer;
    Mutation.end = pointer + byteLength;
    Scratch.mark();
    while (Mutation.cursor < Mutation.end) {
      const operationStatus = Mutation.applyOne();
      Scratch.rewind();
      if (operationStatus != STATUS_OK) return operationStatus;
    }
    return STATUS_OK;
  }

  private static applyOne(): u32 {
    if (!Mutation.has(OPERATION_HEADER_BYTES)) return Mutation.cutOff();
    const opcode = <u32>load<u8>(Mutation.cursor);
    const container = <u32>load<u16>(Mutation.cursor, 1);
    Mutation.cursor += OPERATION_HEADER_BYTES;
    if (opcode == 0 || opcode > OPCODE_JOIN)
      return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_OPCODE, opcode);
    if (container >= Document.current.containerCount) {
      return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_CONTAINER_INDICES, container);
    }
    const type = Containers.row(container).type;
    if (!Mutation.fits(opcode, type, Containers.row(container).rule))
      return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_CONTAINER_TYPE, type);
    switch (opcode) {
      case OPCODE_INCREMENT:
        return Mutation.increment(container);
      case OPCODE_PUT:
        return Mutation.put(container, type);
      case OPCODE_DELETE:
        return Mutation.remove(container, type);
      case OPCODE_ADD:
        return Mutation.add(container, type);
      case OPCODE_REMOVE:
        return Mutation.removeElement(container, type);
      case OPCODE_CLEAR:
        return type == TYPE_MAP ? Mutation.clearMap(container) : Mutation.clearElements(container);
      case OPCODE_APPEND:
        return Mutation.append(container);
      case OPCODE_TRUNCATE:
        return Mutation.truncate(container);
      case OPCODE_INSERT:
        return PayloadMutation.insert(container);
      case OPCODE_ADJUST:
        return PayloadMutation.adjust(container);
      case OPCODE_RECORD:
        return SeriesMutation.record(container);
      case OPCODE_RETAIN:
        return SeriesMutation.retain(container);
      default:
        return SeriesMutation.join(container);
    }
  }

  /** Whether the operation is one of the type; where kinds differ, the key decides later. */
  private static fits(opcode: u32, type: u32, rule: u32): bool {
    if (opcode >= OPCODE_RECORD || type == TYPE_SERIES) {
      return opcode >= OPCODE_RECORD && type == TYPE_SERIES;
    }
    if (opcode == OPCODE_INCREMENT) return rule == RULE_CELL;
    if (opcode == OPCODE_INSERT) return type == TYPE_LIST;
    if (opcode == OPCODE_ADJUST) return rule == RULE_OWN;
    if (opcode == OPCODE_CLEAR) return type == TYPE_MAP || rule == RULE_ELEMENT || rule == RULE_VALUE;
    if (opcode >= OPCODE_APPEND) return rule == RULE_LOG;
    if (opcode >= OPCODE_ADD) return rule == RULE_ELEMENT || type == TYPE_GRAPH;
    if (rule == RULE_EXTREME) return opcode == OPCODE_PUT;
    return rule == RULE_WINNER || rule == RULE_VALUE || rule == RULE_NONE;
  }

  /** The rule of the key in hand. */
  @inline private static ruleOfKey(type: u32): u32 {
    return Rules.ofKey(type, Mutation.keyPointer, Mutation.keyLength);
  }

  static wrongKind(): u32 {
    const kind: u32 = Mutation.keyLength == 0 ? 0 : load<u8>(Mutation.keyPointer);
    return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_KEY_KIND, kind);
  }

  private static increment(container: u32): u32 {
    if (!Mutation.has(sizeof<f64>())) return Mutation.cutOff();
    const amount = load<f64>(Mutation.cursor);
    Mutation.cursor += sizeof<f64>();
    if (!isFinite(amount) || trunc(amount) != amount) {
      return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_AMOUNT, amount, SUM_MAX);
    }
    if (amount == 0) return STATUS_OK;
    const cell = Members.cell(Containers.row(container), Document.current.ownReplica);
    const plus = (cell == 0 ? 0 : <f64>Entries.counterRow(cell - 1).plus) + max<f64>(amount, 0);
    const minus = (cell == 0 ? 0 : <f64>Entries.counterRow(cell - 1).minus) - min<f64>(amount, 0);
    if (max<f64>(plus, minus) > SUM_MAX) {
      return Refusal.of(STATUS_COUNTER_RANGE, SUBJECT_COUNTER_SUM, max<f64>(plus, minus), SUM_MAX);
    }
    const sequence = Mutation.takeDot();
    if (sequence == 0) return Mutation.outOfDots();
    const own = Document.current.ownReplica;
    Supersession.putSums(container, own, sequence, Clock.reading, <u64>plus, <u64>minus);
    Mutation.effective++;
    return STATUS_OK;
  }

  private static put(container: u32, type: u32): u32 {
    if (!Mutation.has(8)) return Mutation.cutOff();
    const keyless = EntryCheck.isKeyless(type, Rules.ofType(type));
    const status = Mutation.readKeyAndPayload(keyless, true);
    if (status != STATUS_OK) return status;
    const rule = Mutation.ruleOfKey(type);
    if (rule == RULE_VALUE) return PayloadMutation.putValue(container);
    if (rule == RULE_EXTREME) return PayloadMutation.putExtreme(container);
    if (rule != RULE_WINNER) return Mutation.wrongKind();
    Mutation.effective++;
    return Mutation.write(container);
  }

  private static remove(container: u32, type: u32): u32 {
    const status = Mutation.readKey(type);
    if (status != STATUS_OK) return status;
    const rule = Mutation.ruleOfKey(type);
    if (rule == RULE_VALUE) return Mutation.removeChain(container);
    if (rule != RULE_WINNER) return Mutation.wrongKind();
    const found = Keys.find(Mutation.hashKey(container), container, Mutation.keyPointer, Mutation.keyLength);
    // The value of a list's element may stand in its position, so that nothing under the key is no deleted-mark.
    const isGone = found == 0 ? type != TYPE_LIST : Entries.payloadLength(Entries.row(found - 1)) == 0;
    if (isGone) return STATUS_OK;
    Mutation.effective++;
    return Mutation.write(container);
  }

  /** Writes key and payload in hand under the next dot, so that it wins. */
  private static write(container: u32): u32 {
    const sequence = Mutation.takeDot();
    if (sequence == 0) return Mutation.outOfDots();
    const own = Document.current.ownReplica;
    const hash = Mutation.hashKey(container);
    const found = Keys.find(hash, container, Mutation.keyPointer, Mutation.keyLength);
    let timestamp = Clock.reading;
    if (found == 0) {
      timestamp = max(timestamp, Document.current.compacted + 1);
    } else {
      const row = Entries.row(found - 1);
      if (!Entries.beats(row, timestamp, own, sequence)) timestamp = row.timestamp + 1;
    }
    if (timestamp >= TIMESTAMP_END) return Mutation.outOfTime();
    Supersession.putWinner(
      container,
      hash,
      own,
      sequence,
      timestamp,
      Mutation.keyPointer,
      Mutation.keyLength,
      Mutation.payloadPointer,
      Mutation.payloadLength,
    );
    return STATUS_OK;
  }

  private static add(container: u32, type: u32): u32 {
    const status = Mutation.readKey(type);
    if (status != STATUS_OK) return status;
    if (Mutation.ruleOfKey(type) != RULE_ELEMENT) return Mutation.wrongKind();
    const sequence = Mutation.takeDot();
    if (sequence == 0) return Mutation.outOfDots();
    const own = Document.current.ownReplica;
    const hash = Mutation.hashKey(container);
    const found = Keys.find(hash, container, Mutation.keyPointer, Mutation.keyLength);
    if (found == 0) {
      Supersession.putElement(
        container,
        hash,
        own,
        sequence,
        Clock.reading,
        Mutation.keyPointer,
        Mutation.keyLength,
      );
      Mutation.effective++;
      return STATUS_OK;
    }
    // The first entry of the element takes the new dot, all dots it had become targets.
    const recorded = Mutation.recordChain(container, sequence, found - 1);
    if (recorded != STATUS_OK) return recorded;
    const first = Entries.row(found - 1);
    while (first.next != 0) Entries.drop(first.next - 1);
    Entries.replace(first, found - 1, own, sequence, Clock.reading);
    return STATUS_OK;
  }

  private static removeElement(container: u32, type: u32): u32 {
    const status = Mutation.readKey(type);
    if (status != STATUS_OK) return status;
    if (Mutation.ruleOfKey(type) != RULE_ELEMENT) return Mutation.wrongKind();
    return Mutation.removeChain(container);
  }

  /** Removes all entries of the key in hand, which are elements. */
  private static removeChain(container: u32): u32 {
    const found = Keys.find(Mutation.hashKey(container), container, Mutation.keyPointer, Mutation.keyLength);
    if (found == 0) return STATUS_OK;
    const sequence = Mutation.takeDot();
    if (sequence == 0) return Mutation.outOfDots();
    const recorded = Mutation.recordChain(container, sequence, found - 1);
    if (recorded != STATUS_OK) return recorded;
    const first = Entries.row(found - 1);
    while (first.next != 0) Entries.drop(first.next - 1);
    Entries.drop(found - 1);
    Mutation.effective++;
    return STATUS_OK;
  }

  private static clearMap(container: u32): u32 {
    Canonical.gather(container);
    if (Canonical.count != 0) Mutation.effective++;
    Mutation.payloadLength = 0;
    for (let position: u32 = 0; position < Canonical.count; position++) {
      const row = Entries.row(Canonical.at(position));
      Mutation.keyPointer = Entries.keyPointer(row);
      Mutation.keyLength = Entries.keyLength(row);
      const status = Mutation.write(container);
      if (status != STATUS_OK) return status;
    }
    return STATUS_OK;
  }

  private static clearElements(container: u32): u32 {
    Canonical.gather(container);
    const count = Canonical.count;
    if (count == 0) return STATUS_OK;
    if (count > <u32>DELTA_TARGETS_MAX) return Mutation.tooManyTargets(count);
    const sequence = Mutation.takeDot();
    if (sequence == 0) return Mutation.outOfDots();
    const removal = Removals.append(Replicas.row(Document.current.ownReplica), sequence, container, count);
    for (let position: u32 = 0; position < count; position++) {
      const row = Entries.row(Canonical.at(position));
      Removals.setTarget(removal, position, row.replica, row.sequence);
    }
    for (let position: u32 = 0; position < count; position++) Entries.drop(Canonical.at(position));
    Mutation.effective++;
    return STATUS_OK;
  }

  private static append(container: u32): u32 {
    if (!Mutation.has(4)) return Mutation.cutOff();
    Mutation.keyLength = 0;
    Mutation.payloadLength = load<u32>(Mutation.cursor);
    Mutation.cursor += 4;
    const status = Mutation.readBytes(true, true);
    if (status != STATUS_OK) return status;
    const log = Containers.row(container);
    const timestamp = log.mark == 0 ? Clock.reading : max(Clock.reading, log.markTimestamp + 1);
    if (timestamp >= TIMESTAMP_END) return Mutation.outOfTime();
    const sequence = Mutation.takeDot();
    if (sequence == 0) return Mutation.outOfDots();
    const own = Document.current.ownReplica;
    Logs.append(container, own, sequence, timestamp, Mutation.payloadPointer, Mutation.payloadLength);
    Mutation.effective++;
    return STATUS_OK;
  }

  private static truncate(container: u32): u32 {
    if (!Mutation.has(POSITION_BYTES)) return Mutation.cutOff();
    const timestamp = load<f64>(Mutation.cursor);
    const replica = load<u64>(Mutation.cursor, 8);
    const upTo = load<u32>(Mutation.cursor, 16);
    Mutation.cursor += POSITION_BYTES;
    if (!(timestamp >= 0 && timestamp < <f64>TIMESTAMP_END) || trunc(timestamp) != timestamp) {
      return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_TIMESTAMPS, timestamp, <f64>(TIMESTAMP_END - 1));
    }
    const positionPointer = Scratch.allocate(POSITION_BYTES);
    Logs.writePosition(positionPointer, <u64>timestamp, replica, upTo);
    if (Logs.compareWithMark(Containers.row(container), positionPointer) <= 0) return STATUS_OK;
    const sequence = Mutation.takeDot();
    if (sequence == 0) return Mutation.outOfDots();
    Logs.mark(container, Document.current.ownReplica, sequence, Clock.reading, positionPointer);
    Logs.cut(container);
    Mutation.effective++;
    return STATUS_OK;
  }

  /** Records that `sequence` of this replica removes all entries of the element whose chain begins at `first`. */
  static recordChain(container: u32, sequence: u32, first: u32): u32 {
    let row = Entries.row(first);
    const own = Replicas.row(Document.current.ownReplica);
    if (row.next == 0) {
      Removals.setTarget(Removals.append(own, sequence, container, 1), 0, row.replica, row.sequence);
      return STATUS_OK;
    }
    let count: u32 = 1;
    for (let link = row.next; link != 0; link = Entries.row(link - 1).next) count++;
    if (count > <u32>DELTA_TARGETS_MAX) return Mutation.tooManyTargets(count);
    let items = Scratch.allocate(count * <u32>offsetof<SortItem>());
    for (let i: u32 = 0; i < count; i++) {
      Sort.set(items, i, Replicas.row(row.replica).id, row.sequence, row.replica);
      if (row.next != 0) row = Entries.row(row.next - 1);
    }
    items = Sort.ascending(items, count);
    const removal = Removals.append(own, sequence, container, count);
    for (let i: u32 = 0; i < count; i++) {
      const item = Sort.item(items, i);
      Removals.setTarget(removal, i, item.value, <u32>item.secondary);
    }
    return STATUS_OK;
  }

  /** The next sequence of this replica, or 0 when there is none. */
  static takeDot(): u32 {
    const document = Document.current;
    if (document.ownReplica == NO_INDEX) {
      if (document.replicaCount >= <u32>REPLICAS_MAX) return 0;
      document.ownReplica = Replicas.findOrAdd(document.ownId);
    }
    const own = Replicas.row(document.ownReplica);
    if (own.sequence >= SEQUENCE_MAX) return 0;
    Replicas.touch(own);
    own.sequence++;
    return own.sequence;
  }

  @inline static hashKey(container: u32): u32 {
    return Keys.hash(container, Mutation.keyPointer, Mutation.keyLength);
  }

  private static readKey(type: u32): u32 {
    if (!Mutation.has(4)) return Mutation.cutOff();
    Mutation.keyLength = load<u32>(Mutation.cursor);
    Mutation.payloadLength = 0;
    Mutation.cursor += 4;
    return Mutation.readBytes(EntryCheck.isKeyless(type, Rules.ofType(type)), false);
  }

  /** Reads both lengths, which are known to be there, and the bytes. */
  static readKeyAndPayload(mustKeyBeEmpty: bool, hasPayload: bool): u32 {
    Mutation.keyLength = load<u32>(Mutation.cursor);
    Mutation.payloadLength = load<u32>(Mutation.cursor, 4);
    Mutation.cursor += 8;
    return Mutation.readBytes(mustKeyBeEmpty, hasPayload);
  }

  /** Takes key and payload of the lengths in hand. */
  static readBytes(mustKeyBeEmpty: bool, hasPayload: bool): u32 {
    const keyLength = Mutation.keyLength;
    const payloadLength = Mutation.payloadLength;
    if (keyLength > <u32>KEY_BYTES_MAX) {
      return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_KEY_BYTES, keyLength, KEY_BYTES_MAX);
    }
    if (payloadLength > <u32>PAYLOAD_BYTES_MAX) {
      return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_PAYLOAD_BYTES, payloadLength, PAYLOAD_BYTES_MAX);
    }
    if (mustKeyBeEmpty && keyLength != 0)
      return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_KEY_BYTES, keyLength, 0);
    if (hasPayload && payloadLength == 0)
      return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_PAYLOAD_BYTES, 0, 1);
    if (!Mutation.has(keyLength + payloadLength)) return Mutation.cutOff();
    Mutation.keyPointer = Mutation.cursor;
    Mutation.payloadPointer = Mutation.cursor + keyLength;
    Mutation.cursor += keyLength + payloadLength;
    return STATUS_OK;
  }

  @inline static has(bytes: u32): bool {
    return Mutation.end - Mutation.cursor >= bytes;
  }

  /** Bytes of the batch that are still to be read. */
  @inline static left(): u32 {
    return Mutation.end - Mutation.cursor;
  }

  static cutOff(): u32 {
    return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_BATCH, Mutation.end - Mutation.cursor);
  }

  private static tooManyTargets(count: u32): u32 {
    return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_REMOVAL_TARGETS, count, DELTA_TARGETS_MAX);
  }

  static outOfDots(): u32 {
    if (Document.current.ownReplica == NO_INDEX) {
      return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_REPLICAS, REPLICAS_MAX + 1, REPLICAS_MAX);
    }
    return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_SEQUENCE, SEQUENCE_MAX, SEQUENCE_MAX);
  }

  static outOfTime(): u32 {
    return Refusal.of(STATUS_LIMIT_EXCEEDED, SUBJECT_CLOCK, <f64>TIMESTAMP_END, <f64>(TIMESTAMP_END - 1));
  }
}
