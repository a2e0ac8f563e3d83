// What a type asks of the key and payload of its entries: the table under "Entries" in docs/wire-format.md.
import { TIMESTAMP_END } from "../causality/clock";
import { ChunkCheck } from "../kernels/chunk-check";
import { Scratch } from "../memory/scratch";
import { Retention } from "../series/retention";
import { Logs, POSITION_BYTES } from "../state/logs";
import { EXTREME_BYTES, PayloadRules } from "../state/payload-rules";
import {
  RULE_ALL,
  RULE_CELL,
  RULE_ELEMENT,
  RULE_EXTREME,
  RULE_LOG,
  RULE_NONE,
  RULE_OWN,
  RULE_POINTS,
  RULE_VALUE,
  RULE_WINNER,
  Rules,
  TYPE_FLAG,
  TYPE_MAP,
  TYPE_MULTI_VALUE,
  TYPE_REGISTER,
  TYPE_SERIES,
  TYPE_SET,
} from "../state/rules";
import {
  STATUS_OK,
  SUBJECT_CHUNK,
  SUBJECT_COUNTER_SUM,
  SUBJECT_KEY_BYTES,
  SUBJECT_KEY_KIND,
  SUBJECT_PAYLOAD_BYTES,
  SUBJECT_POINT_TIME,
} from "../status";
import { Delta } from "./delta";
import { DeltaDecoder } from "./delta-decoder";
import { Varint } from "./varint";

const SUM_BYTES_MAX: u32 = 16;
const NEGATIVE_ZERO: u64 = 0x8000000000000000;

export abstract class EntryCheck {
  static all(count: u32): u32 {
    for (let i: u32 = 0; i < count; i++) {
      const type = Delta.container(Delta.at(Delta.containerIndices, i)).type;
      if (type == TYPE_MAP) continue;
      const payload = Delta.at(Delta.payloads, i);
      if (type == TYPE_SET && payload == Delta.at(Delta.payloads, i + 1)) continue;
      const key = Delta.at(Delta.keys, i);
      const status = EntryCheck.one(
        type,
        key,
        Delta.at(Delta.keys, i + 1) - key,
        payload,
        Delta.at(Delta.payloads, i + 1) - payload,
      );
      if (status != STATUS_OK) return status;
    }
    return STATUS_OK;
  }

  private static one(type: u32, key: u32, keyLength: u32, payload: u32, payloadLength: u32): u32 {
    const rule = Rules.ofKey(type, key, keyLength);
    if (!EntryCheck.isKeyOf(type, rule, key, keyLength)) {
      return DeltaDecoder.malformed(rule == RULE_NONE ? SUBJECT_KEY_KIND : SUBJECT_KEY_BYTES, keyLength);
    }
    if (rule == RULE_WINNER || rule == RULE_ALL) return STATUS_OK;
    if (type == TYPE_SERIES) return EntryCheck.series(rule, payload, payloadLength);
    let isValid = true;
    if (rule == RULE_ELEMENT) isValid = payloadLength == 0;
    else if (rule == RULE_VALUE) isValid = payloadLength != 0;
    else if (rule == RULE_EXTREME) isValid = payloadLength == EXTREME_BYTES && PayloadRules.isNumber(payload);
    else if (rule == RULE_LOG) isValid = (keyLength == 0) == (payloadLength != 0);
    else if (!EntryCheck.isSums(payload, payloadLength)) return DeltaDecoder.malformed(SUBJECT_COUNTER_SUM);
    return isValid ? STATUS_OK : DeltaDecoder.malformed(SUBJECT_PAYLOAD_BYTES, payloadLength);
  }

  /** Whether keys of the type and rule may look like this. */
  static isKeyOf(type: u32, rule: u32, key: u32, keyLength: u32): bool {
    if (rule == RULE_NONE) return false;
    if (rule == RULE_OWN) {
      return keyLength == 0 || (keyLength == sizeof<u64>() && load<u64>(key) != 0);
    }
    if (rule == RULE_LOG) {
      return keyLength == 0 || (keyLength == POSITION_BYTES && Logs.timestampAt(key) < TIMESTAMP_END);
    }
    return keyLength == 0 || type == TYPE_SERIES || !EntryCheck.isKeyless(type, rule);
  }

  /** Chunks are decoded on trial: whoever takes them in may trust them. */
  private static series(rule: u32, payload: u32, payloadLength: u32): u32 {
    if (rule == RULE_POINTS) {
      Scratch.mark();
      const isChunk = ChunkCheck.run(payload, payloadLength);
      Scratch.rewind();
      return isChunk ? STATUS_OK : DeltaDecoder.malformed(SUBJECT_CHUNK, payloadLength);
    }
    const isMark =
      payloadLength == EXTREME_BYTES &&
      Retention.isTime(load<f64>(payload)) &&
      load<u64>(payload) != NEGATIVE_ZERO;
    return isMark ? STATUS_OK : DeltaDecoder.malformed(SUBJECT_POINT_TIME, payloadLength, EXTREME_BYTES);
  }

  /** Whether all keys of the type are empty. */
  @inline static isKeyless(type: u32, rule: u32): bool {
    if (rule == RULE_CELL || rule == RULE_EXTREME) return true;
    return type == TYPE_REGISTER || type == TYPE_FLAG || type == TYPE_MULTI_VALUE;
  }

  private static isSums(payloadPointer: u32, payloadLength: u32): bool {
    if (payloadLength > SUM_BYTES_MAX) return false;
    const end = payloadPointer + payloadLength;
    Varint.read(payloadPointer, end);
    Varint.read(Varint.end, end);
    const isValid = Varint.isValid && Varint.end == end;
    Varint.isValid = true;
    return isValid;
  }
}
