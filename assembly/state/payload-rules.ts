// Supersession where payloads decide or several of them stay under one key: elements with a payload (multi-value,
// multi-map) and list positions, the extreme of maximum and minimum, and the own sums of bounded, which have a slot of
// the key index for each replica and key. O(1) beyond the length of key and payload.
import { Containers } from "./containers";
import { Entries } from "./entries";
import { Keys } from "./key-index";
import { Members } from "./members";
import { RULE_EXTREME, RULE_OWN, Rules, TYPE_MINIMUM } from "./rules";

export const EXTREME_BYTES: u32 = 8;
const SIGN: u64 = 0x8000000000000000;
const INFINITY_BITS: u64 = 0x7ff0000000000000;

export abstract class PayloadRules {
  /** Takes an entry of one of these rules in; false when it loses. */
  static put(
    rule: u32,
    container: u32,
    hash: u32,
    replica: u32,
    sequence: u32,
    timestamp: u64,
    keyPointer: u32,
    keyLength: u32,
    payloadPointer: u32,
    payloadLength: u32,
  ): bool {
    if (rule == RULE_EXTREME) {
      return PayloadRules.putExtreme(
        container,
        hash,
        replica,
        sequence,
        timestamp,
        keyPointer,
        keyLength,
        payloadPointer,
      );
    }
    if (rule == RULE_OWN) {
      PayloadRules.putOwn(
        container,
        hash,
        replica,
        sequence,
        timestamp,
        keyPointer,
        keyLength,
        payloadPointer,
        payloadLength,
      );
    } else {
      PayloadRules.putValue(
        container,
        hash,
        replica,
        sequence,
        timestamp,
        keyPointer,
        keyLength,
        payloadPointer,
        payloadLength,
      );
    }
    return true;
  }

  /** Every entry stays; those of one key form a chain behind the first. */
  static putValue(
    container: u32,
    hash: u32,
    replica: u32,
    sequence: u32,
    timestamp: u64,
    keyPointer: u32,
    keyLength: u32,
    payloadPointer: u32,
    payloadLength: u32,
  ): void {
    Keys.reserve(1);
    const found = Keys.find(hash, container, keyPointer, keyLength);
    const id = Entries.create(replica, sequence, timestamp, container, 0);
    Entries.setBlock(Entries.row(id), keyPointer, keyLength, payloadPointer, payloadLength);
    PayloadRules.enter(container, hash, found, id);
  }

  /** The greatest (least) value stays, among equals the greatest (timestamp, replica id, sequence). */
  static putExtreme(
    container: u32,
    hash: u32,
    replica: u32,
    sequence: u32,
    timestamp: u64,
    keyPointer: u32,
    keyLength: u32,
    payloadPointer: u32,
  ): bool {
    Keys.reserve(1);
    const found = Keys.find(hash, container, keyPointer, keyLength);
    if (found != 0) {
      const row = Entries.row(found - 1);
      const order = PayloadRules.compareExtremes(container, payloadPointer, Entries.payloadPointer(row));
      if (order < 0 || (order == 0 && !Entries.beats(row, timestamp, replica, sequence))) return false;
      Entries.replace(row, found - 1, replica, sequence, timestamp);
      Entries.replacePayload(row, payloadPointer, EXTREME_BYTES);
      return true;
    }
    const id = Entries.create(replica, sequence, timestamp, container, 0);
    Entries.setBlock(Entries.row(id), keyPointer, keyLength, payloadPointer, EXTREME_BYTES);
    PayloadRules.enter(container, hash, 0, id);
    return true;
  }

  /** Own sums: the greatest sequence of a replica under a key stays, which is the new one. */
  static putOwn(
    container: u32,
    hash: u32,
    replica: u32,
    sequence: u32,
    timestamp: u64,
    keyPointer: u32,
    keyLength: u32,
    payloadPointer: u32,
    payloadLength: u32,
  ): void {
    Keys.reserve(1);
    const found = Keys.findOwn(hash, container, replica, keyPointer, keyLength);
    if (found != 0) {
      const row = Entries.row(found - 1);
      Entries.replace(row, found - 1, replica, sequence, timestamp);
      Entries.replacePayload(row, payloadPointer, payloadLength);
      return;
    }
    const id = Entries.create(replica, sequence, timestamp, container, 0);
    Entries.setBlock(Entries.row(id), keyPointer, keyLength, payloadPointer, payloadLength);
    PayloadRules.enter(container, hash, 0, id);
  }

  /** Above 0 when the value at `pointer` lies beyond the one at `otherPointer`. */
  static compareExtremes(container: u32, pointer: u32, otherPointer: u32): i32 {
    const isMinimum = Containers.row(container).type == TYPE_MINIMUM;
    const value = PayloadRules.rank(load<u64>(pointer), isMinimum);
    const other = PayloadRules.rank(load<u64>(otherPointer), isMinimum);
    return value == other ? 0 : value > other ? 1 : -1;
  }

  static isNumber(pointer: u32): bool {
    return (load<u64>(pointer) & ~SIGN) <= INFINITY_BITS;
  }

  /** The bits of a double as an unsigned number of the same order, −0 below +0. */
  @inline private static rank(bits: u64, isMinimum: bool): u64 {
    const ascending = (bits & SIGN) != 0 ? ~bits : bits ^ SIGN;
    return isMinimum ? ~ascending : ascending;
  }

  /** Links a fresh entry into the slot the search ended at, or behind `found`. */
  private static enter(container: u32, hash: u32, found: u32, id: u32): void {
    const row = Entries.row(id);
    row.hash = hash;
    if (found == 0) Keys.insert(hash, id);
    else Keys.link(found - 1, id);
    const containerRow = Containers.row(container);
    Members.append(containerRow, container, id);
    if (Rules.isCounted(containerRow.type, Entries.keyPointer(row), found == 0)) containerRow.size++;
  }
}
