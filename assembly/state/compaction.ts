// Drops what every member of the group has seen: removal records and deleted-marks the stable vector covers. "Compaction"
// in docs/wire-format.md. Cost: the replicas, and the dots up to the stable vector while there are deleted-marks.
import { TICKS } from "../causality/clock";
import { Dots } from "../causality/dot-column";
import { Removals } from "../causality/removal-column";
import { Replicas } from "../causality/replica-table";
import { VectorReader } from "../causality/version-vector";
import { Document } from "./document";
import { Entries } from "./entries";

export abstract class Compaction {
  static removalsDropped: u32 = 0;
  static deletedMarksDropped: u32 = 0;

  /** Compacts up to the vector last read, which our own covers. */
  static run(nowMs: f64): void {
    Compaction.removalsDropped = 0;
    Compaction.deletedMarksDropped = 0;
    const order = Replicas.order();
    const count = Document.current.replicaCount;
    const passed = <u64>nowMs * TICKS;
    for (let rank: u32 = 0; rank < count; rank++) {
      const index = Replicas.at(order, rank);
      const stable = VectorReader.aligned(rank);
      if (stable == 0) continue;
      const replica = Replicas.row(index);
      Replicas.touch(replica);
      Compaction.removalsDropped += Removals.dropThrough(replica, stable);
      replica.floor = max(replica.floor, stable);
      if (Document.current.deletedMarks != 0) Compaction.dropDeletedMarks(index, stable, passed);
    }
  }

  private static dropDeletedMarks(index: u32, stable: u32, passed: u64): void {
    const document = Document.current;
    const replica = Replicas.row(index);
    for (let position: u32 = 0; position < replica.dotCount; position++) {
      const pair = Dots.pair(replica, position);
      if (pair.sequence > stable) break;
      if (!Dots.isLive(pair, index)) continue;
      const row = Entries.row(pair.entry);
      if (!Entries.isDeletedMark(row) || row.timestamp >= passed) continue;
      document.compacted = max(document.compacted, row.timestamp);
      Entries.drop(pair.entry);
      Compaction.deletedMarksDropped++;
    }
  }
}
