// One version vector against many resident rows: which rows are equal, behind, ahead or concurrent; and the column-wise
// minimum of all rows. Four u32 columns at a time, sixteen between looks for an early out. Rows and vector are padded
// with zeros to whole groups of 16.
//
//   row        | sequences u32 × stride                 stride = columns rounded up to 16
import { RELATION_AHEAD, RELATION_BEHIND, RELATION_CONCURRENT, RELATION_EQUAL } from "../status";

const GROUP_BYTES: u32 = 64;

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
      store<u8>(relationPointer, VectorCompare.compareRow(rowPointer, strideBytes, vectorPointer));
      rowPointer += strideBytes;
      relationPointer++;
    }
  }

  @inline private static compareRow(rowPointer: u32, strideBytes: u32, vectorPointer: u32): u32 {
    const end = rowPointer + strideBytes;
    let isBehind = false;
    let isAhead = false;
    while (rowPointer < end) {
      const row0 = v128.load(rowPointer);
      const row1 = v128.load(rowPointer, 16);
      const row2 = v128.load(rowPointer, 32);
      const row3 = v128.load(rowPointer, 48);
      const vector0 = v128.load(vectorPointer);
      const vector1 = v128.load(vectorPointer, 16);
      const vector2 = v128.load(vectorPointer, 32);
      const vector3 = v128.load(vectorPointer, 48);
      const behind = v128.or(
        v128.or(v128.lt<u32>(row0, vector0), v128.lt<u32>(row1, vector1)),
        v128.or(v128.lt<u32>(row2, vector2), v128.lt<u32>(row3, vector3)),
      );
      const ahead = v128.or(
        v128.or(v128.gt<u32>(row0, vector0), v128.gt<u32>(row1, vector1)),
        v128.or(v128.gt<u32>(row2, vector2), v128.gt<u32>(row3, vector3)),
      );
      isBehind = isBehind || v128.any_true(behind);
      isAhead = isAhead || v128.any_true(ahead);
      if (isBehind && isAhead) return RELATION_CONCURRENT;
      rowPointer += GROUP_BYTES;
      vectorPointer += GROUP_BYTES;
    }
    return isBehind ? RELATION_BEHIND : isAhead ? RELATION_AHEAD : RELATION_EQUAL;
  }

  /** Writes the minimum of each column over all rows to `minimumPointer`. */
  static minimum(rowPointer: u32, rows: u32, strideBytes: u32, minimumPointer: u32): void {
    for (let offset: u32 = 0; offset < strideBytes; offset += 16) {
      let least = v128.splat<u32>(rows == 0 ? 0 : <u32>0xffffffff);
      let cell = rowPointer + offset;
      for (let row: u32 = 0; row < rows; row++) {
        least = v128.min<u32>(least, v128.load(cell));
        cell += strideBytes;
      }
      v128.store(minimumPointer + offset, least);
    }
  }
}
