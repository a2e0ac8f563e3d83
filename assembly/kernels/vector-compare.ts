// One version vector against many resident rows: which rows are equal, behind, ahead or concurrent; and the column-wise
// minimum of all rows. Four u32 columns at a time, 128 between looks for an early out. Rows and vector are padded
// with zeros to whole groups of 16. Where there is no SIMD, one column at a time.
//
//   row        | sequences u32 × stride                 stride = columns rounded up to 16
import { RELATION_AHEAD, RELATION_BEHIND, RELATION_CONCURRENT, RELATION_EQUAL } from "../status";

const GROUP_BYTES: u32 = 64;
/** Between looks for an early out. */
const CHUNK_BYTES: u32 = 512;

export abstract class VectorCompare {
  static compareRows(
    rowPointer: u32,
    rows: u32,
    strideBytes: u32,
    vectorPointer: u32,
    relationPointer: u32,
  ): void {
    const relationEnd = relationPointer + rows;
    while (relationPointer < relationEnd) {
      if (ASC_FEATURE_SIMD) {
        store<u8>(relationPointer, VectorCompare.compareRow(rowPointer, strideBytes, vectorPointer));
      } else {
        store<u8>(relationPointer, VectorCompare.compareWords(rowPointer, strideBytes, vectorPointer));
      }
      rowPointer += strideBytes;
      relationPointer++;
    }
  }

  /** Without a branch inside a chunk: what the smaller of the two lacks of one of them tells which is the greater. */
  @inline private static compareRow(rowPointer: u32, strideBytes: u32, vectorPointer: u32): u32 {
    const end = rowPointer + strideBytes;
    let relation: u32 = RELATION_EQUAL;
    while (rowPointer < end && relation != RELATION_CONCURRENT) {
      const chunkEnd = min(end, rowPointer + CHUNK_BYTES);
      let behind = v128.splat<u32>(0);
      let ahead = v128.splat<u32>(0);
      while (rowPointer < chunkEnd) {
        const row0 = v128.load(rowPointer);
        const row1 = v128.load(rowPointer, 16);
        const row2 = v128.load(rowPointer, 32);
        const row3 = v128.load(rowPointer, 48);
        const vector0 = v128.load(vectorPointer);
        const vector1 = v128.load(vectorPointer, 16);
        const vector2 = v128.load(vectorPointer, 32);
        const vector3 = v128.load(vectorPointer, 48);
        const least0 = v128.min<u32>(row0, vector0);
        const least1 = v128.min<u32>(row1, vector1);
        const least2 = v128.min<u32>(row2, vector2);
        const least3 = v128.min<u32>(row3, vector3);
        const behind01 = v128.or(v128.xor(least0, vector0), v128.xor(least1, vector1));
        const behind23 = v128.or(v128.xor(least2, vector2), v128.xor(least3, vector3));
        behind = v128.or(behind, v128.or(behind01, behind23));
        const ahead01 = v128.or(v128.xor(least0, row0), v128.xor(least1, row1));
        const ahead23 = v128.or(v128.xor(least2, row2), v128.xor(least3, row3));
        ahead = v128.or(ahead, v128.or(ahead01, ahead23));
        rowPointer += GROUP_BYTES;
        vectorPointer += GROUP_BYTES;
      }
      relation |=
        (<u32>v128.any_true(behind) * RELATION_BEHIND) | (<u32>v128.any_true(ahead) * RELATION_AHEAD);
    }
    return relation;
  }

  /** The same, word by word. */
  private static compareWords(rowPointer: u32, strideBytes: u32, vectorPointer: u32): u32 {
    let relation: u32 = RELATION_EQUAL;
    for (let offset: u32 = 0; offset < strideBytes && relation != RELATION_CONCURRENT; offset += 4) {
      const own = load<u32>(rowPointer + offset);
      const other = load<u32>(vectorPointer + offset);
      relation |= (<u32>(own < other) * RELATION_BEHIND) | (<u32>(own > other) * RELATION_AHEAD);
    }
    return relation;
  }

  /** Writes the minimum of each column over all rows to `minimumPointer`. */
  static minimum(rowPointer: u32, rows: u32, strideBytes: u32, minimumPointer: u32): void {
    const none: u32 = rows == 0 ? 0 : <u32>0xffffffff;
    if (ASC_FEATURE_SIMD) {
      for (let offset: u32 = 0; offset < strideBytes; offset += 16) {
        let least = v128.splat<u32>(none);
        let cell = rowPointer + offset;
        for (let row: u32 = 0; row < rows; row++) {
          least = v128.min<u32>(least, v128.load(cell));
          cell += strideBytes;
        }
        v128.store(minimumPointer + offset, least);
      }
    } else {
      for (let offset: u32 = 0; offset < strideBytes; offset += 4) {
        let least = none;
        let cell = rowPointer + offset;
        for (let row: u32 = 0; row < rows; row++) {
          least = min(least, load<u32>(cell));
          cell += strideBytes;
        }
        store<u32>(minimumPointer + offset, least);
      }
    }
  }
}
