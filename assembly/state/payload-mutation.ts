// The operations of a batch whose payloads decide or stay side by side: put of multi-value, multi-map, maximum and minimum,
// insert of a list, adjust of a bounded. Key and payload stand in `Mutation`, which reads the batch.
import { Clock, TIMESTAMP_END } from "../causality/clock";
import { EntryCheck } from "../codec/entry-check";
import { Varint } from "../codec/varint";
import { Scratch } from "../memory/scratch";
import { Refusal } from "../refusal";
import {
  STATUS_COUNTER_RANGE,
  STATUS_INVALID_ARGUMENT,
  STATUS_OK,
  SUBJECT_AMOUNT,
  SUBJECT_COUNTER_SUM,
  SUBJECT_KEY_BYTES,
  SUBJECT_NUMBER,
} from "../status";
import { Document } from "./document";
import { Entries } from "./entries";
import { Keys } from "./key-index";
import { Mutation, SUM_MAX } from "./mutation";
import { EXTREME_BYTES, PayloadRules } from "./payload-rules";
import { NO_INDEX } from "./records";
import { RULE_ALL, RULE_OWN, Rules, TYPE_BOUNDED, TYPE_LIST } from "./rules";

const SUMS_BYTES_MAX: u32 = 16;
const INSERT_HEADER_BYTES: u32 = 8;
const ADJUST_HEADER_BYTES: u32 = 20;
const PLUS_OFFSET: usize = 4;
const MINUS_OFFSET: usize = 12;

export abstract class PayloadMutation {
  /** The first entry of the key takes dot and payload, all dots the key had become targets. */
  static putValue(container: u32): u32 {
    const sequence = Mutation.takeDot();
    if (sequence == 0) return Mutation.outOfDots();
    Mutation.effective++;
    const hash = Mutation.hashKey(container);
    const found = Keys.find(hash, container, Mutation.keyPointer, Mutation.keyLength);
    if (found == 0) {
      PayloadMutation.enter(container, hash, sequence);
      return STATUS_OK;
    }
    const timestamp = PayloadMutation.timestampOver(found, sequence);
    if (timestamp >= TIMESTAMP_END) return Mutation.outOfTime();
    const recorded = Mutation.recordChain(container, sequence, found - 1);
    if (recorded != STATUS_OK) return recorded;
    const first = Entries.row(found - 1);
    while (first.next != 0) Entries.drop(first.next - 1);
    Entries.replace(first, found - 1, Document.current.ownReplica, sequence, timestamp);
    Entries.replacePayload(first, Mutation.payloadPointer, Mutation.payloadLength);
    return STATUS_OK;
  }

  static putExtreme(container: u32): u32 {
    const payload = Mutation.payloadPointer;
    if (Mutation.payloadLength != EXTREME_BYTES || !PayloadRules.isNumber(payload)) {
      return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_NUMBER, Mutation.payloadLength, EXTREME_BYTES);
    }
    const hash = Mutation.hashKey(container);
    const found = Keys.find(hash, container, 0, 0);
    if (found != 0) {
      const present = Entries.payloadPointer(Entries.row(found - 1));
      if (PayloadRules.compareExtremes(container, payload, present) <= 0) return STATUS_OK;
    }
    const sequence = Mutation.takeDot();
    if (sequence == 0) return Mutation.outOfDots();
    const own = Document.current.ownReplica;
    PayloadRules.putExtreme(container, hash, own, sequence, Clock.reading, 0, 0, payload);
    Mutation.effective++;
    return STATUS_OK;
  }

  static insert(container: u32): u32 {
    if (!Mutation.has(INSERT_HEADER_BYTES)) return Mutation.cutOff();
    const status = Mutation.readKeyAndPayload(false, false);
    if (status != STATUS_OK) return status;
    const rule = Rules.ofKey(TYPE_LIST, Mutation.keyPointer, Mutation.keyLength);
    if (rule != RULE_ALL) return Mutation.wrongKind();
    const sequence = Mutation.takeDot();
    if (sequence == 0) return Mutation.outOfDots();
    PayloadMutation.enter(container, Mutation.hashKey(container), sequence);
    Mutation.effective++;
    return STATUS_OK;
  }

  static adjust(container: u32): u32 {
    if (!Mutation.has(ADJUST_HEADER_BYTES)) return Mutation.cutOff();
    let plus = load<f64>(Mutation.cursor, PLUS_OFFSET);
    let minus = load<f64>(Mutation.cursor, MINUS_OFFSET);
    Mutation.keyLength = load<u32>(Mutation.cursor);
    Mutation.payloadLength = 0;
    Mutation.cursor += ADJUST_HEADER_BYTES;
    const status = Mutation.readBytes(false, false);
    if (status != STATUS_OK) return status;
    const keyPointer = Mutation.keyPointer;
    const keyLength = Mutation.keyLength;
    if (!EntryCheck.isKeyOf(TYPE_BOUNDED, RULE_OWN, keyPointer, keyLength)) {
      return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_KEY_BYTES, keyLength, sizeof<u64>());
    }
    if (!PayloadMutation.isAmount(plus) || !PayloadMutation.isAmount(minus)) {
      return Refusal.of(STATUS_INVALID_ARGUMENT, SUBJECT_AMOUNT, min<f64>(plus, minus), SUM_MAX);
    }
    if (plus == 0 && minus == 0) return STATUS_OK;
    const known = Document.current.ownReplica;
    if (known != NO_INDEX) {
      const hash = Keys.hashOwn(container, known, keyPointer, keyLength);
      const found = Keys.findOwn(hash, container, known, keyPointer, keyLength);
      if (found != 0) {
        const row = Entries.row(found - 1);
        const end = Entries.payloadPointer(row) + Entries.payloadLength(row);
        plus += <f64>Varint.read(Entries.payloadPointer(row), end);
        minus += <f64>Varint.read(Varint.end, end);
      }
    }
    if (max<f64>(plus, minus) > SUM_MAX) {
      return Refusal.of(STATUS_COUNTER_RANGE, SUBJECT_COUNTER_SUM, max<f64>(plus, minus), SUM_MAX);
    }
    return PayloadMutation.writeSums(container, <u64>plus, <u64>minus);
  }

  private static writeSums(container: u32, plus: u64, minus: u64): u32 {
    const sequence = Mutation.takeDot();
    if (sequence == 0) return Mutation.outOfDots();
    const payload = Scratch.allocate(SUMS_BYTES_MAX);
    const end = Varint.write(Varint.write(payload, plus), minus);
    const own = Document.current.ownReplica;
    PayloadRules.putOwn(
      container,
      Keys.hashOwn(container, own, Mutation.keyPointer, Mutation.keyLength),
      own,
      sequence,
      Clock.reading,
      Mutation.keyPointer,
      Mutation.keyLength,
      payload,
      end - payload,
    );
    Mutation.effective++;
    return STATUS_OK;
  }

  /** Enters key and payload in hand beside what is there. */
  private static enter(container: u32, hash: u32, sequence: u32): void {
    PayloadRules.putValue(
      container,
      hash,
      Document.current.ownReplica,
      sequence,
      Clock.reading,
      Mutation.keyPointer,
      Mutation.keyLength,
      Mutation.payloadPointer,
      Mutation.payloadLength,
    );
  }

  /** The batch's reading, or the timestamp above the greatest entry of the chain where that would beat it. */
  private static timestampOver(first: u32, sequence: u32): u64 {
    const own = Document.current.ownReplica;
    let timestamp = Clock.reading;
    for (let link = first; link != 0; link = Entries.row(link - 1).next) {
      const row = Entries.row(link - 1);
      if (!Entries.beats(row, Clock.reading, own, sequence)) timestamp = max(timestamp, row.timestamp + 1);
    }
    return timestamp;
  }

  @inline private static isAmount(amount: f64): bool {
    return amount >= 0 && isFinite(amount) && trunc(amount) == amount;
  }
}
