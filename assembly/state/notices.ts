// How a change of an entry is named in the notice of a merge: most by their key, a counter by the replica, a bounded by
// replica and key, the position of a list by its kind and dot, a log not at all.
//
//   own        | replica id u64 | key, 0 or 8 bytes
//   position   | kind u8 | replica id u64 | sequence u32          unaligned
//   chunk      | kind u8 | first time f64 | last time f64 | label
//   mark       | kind u8 | time f64 | label
import { Replicas } from "../causality/replica-table";
import { ChunkReader } from "../kernels/chunk-reader";
import { Bytes } from "../memory/bytes";
import { KIND_BYTES, KIND_CHUNK } from "../series/series-records";
import { Changes } from "./changes";
import { RULE_ALL, RULE_CELL, RULE_LOG, RULE_OWN } from "./rules";

const ID_BYTES: u32 = 8;
const POSITION_BYTES: u32 = 13;
const KIND_OFFSET: usize = 1;
const SEQUENCE_OFFSET: usize = 9;
const roomPointer: u32 = <u32>memory.data(16, 8);
const FIRST_OFFSET: usize = 1;
const LAST_OFFSET: usize = 9;
const MARK_HEAD_BYTES: u32 = 9;
const CHUNK_HEAD_BYTES: u32 = 17;
/** The head of a chunk's notice and the longest label. */
const seriesPointer: u32 = <u32>memory.data(65535 + 17, 8);

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

  /** An entry of a series: its chunk or mark stands in the payload. */
  static series(container: u32, isPresent: bool, key: u32, keyLength: u32, payload: u32, length: u32): void {
    if (!Changes.isWanted) return;
    const kind = <u32>load<u8>(key);
    const head = kind == KIND_CHUNK ? CHUNK_HEAD_BYTES : MARK_HEAD_BYTES;
    store<u8>(seriesPointer, kind);
    if (kind == KIND_CHUNK) {
      ChunkReader.open(payload, length);
      store<f64>(seriesPointer, ChunkReader.firstTime, FIRST_OFFSET);
      store<f64>(seriesPointer, ChunkReader.lastTime, LAST_OFFSET);
    } else {
      store<f64>(seriesPointer, load<f64>(payload), FIRST_OFFSET);
    }
    Bytes.copy(seriesPointer + head, key + KIND_BYTES, keyLength - KIND_BYTES);
    Changes.note(container, isPresent, seriesPointer, head + keyLength - KIND_BYTES);
  }
}
