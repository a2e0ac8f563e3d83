// How a change of an entry is named in the notice of a merge: most by their key, a counter by the replica, a bounded by
// replica and key, the position of a list by its kind and dot, a log not at all.
//
//   own        | replica id u64 | key, 0 or 8 bytes
//   position   | kind u8 | replica id u64 | sequence u32          unaligned
import { Replicas } from "../causality/replica-table";
import { Bytes } from "../memory/bytes";
import { Changes } from "./changes";
import { RULE_ALL, RULE_CELL, RULE_LOG, RULE_OWN } from "./rules";

const ID_BYTES: u32 = 8;
const POSITION_BYTES: u32 = 13;
const KIND_OFFSET: usize = 1;
const SEQUENCE_OFFSET: usize = 9;
const roomPointer: u32 = <u32>memory.data(16, 8);

export abstract class Notices {
  static entry(
    container: u32,
    rule: u32,
    isPresent: bool,
    replica: u32,
    sequence: u32,
    keyPointer: u32,
    keyLength: u32,
  ): void {
    if (!Changes.isWanted) return;
    const id = Replicas.row(replica).id;
    if (rule == RULE_CELL || rule == RULE_OWN) {
      const length = rule == RULE_CELL ? 0 : keyLength;
      store<u64>(roomPointer, id);
      Bytes.copy(roomPointer + ID_BYTES, keyPointer, length);
      Changes.note(container, isPresent, roomPointer, ID_BYTES + length);
    } else if (rule == RULE_ALL) {
      store<u8>(roomPointer, load<u8>(keyPointer));
      store<u64>(roomPointer, id, KIND_OFFSET);
      store<u32>(roomPointer, sequence, SEQUENCE_OFFSET);
      Changes.note(container, isPresent, roomPointer, POSITION_BYTES);
    } else {
      Changes.note(container, isPresent, keyPointer, rule == RULE_LOG ? 0 : keyLength);
    }
  }
}
