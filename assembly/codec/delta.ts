// A decoded delta or snapshot: tables as rows, columns as arrays in scratch memory. Written by the decoder, read by the
// merge; dies at the next call.

/** A row of the replica table. */
@unmanaged
export class DeltaReplica {
  id: u64;
  base: u32;
  to: u32;
  /** Where its entries, and its removal records, end. */
  entryEnd: u32;
  removalEnd: u32;
  /** Dense index in the document, and what the document had seen before the merge. */
  replica: u32;
  seen: u32;
}

/** A row of the container table. */
@unmanaged
export class DeltaContainer {
  type: u32;
  name: u32;
  nameLength: u32;
  isNamed: u32;
  /** Index in the document; of a log whether its truncation mark rose, of a series which of its marks did. */
  container: u32;
  isCutDue: u32;
  /** As in ContainerRow. */
  rule: u32;
  spare: u32;
}

export abstract class Delta {
  static isSnapshot: bool = false;
  static baseTimestamp: u64 = 0;
  static compacted: u64 = 0;

  static replicas: u32 = 0;
  static replicaCount: u32 = 0;
  static containers: u32 = 0;
  static containerCount: u32 = 0;

  static entryCount: u32 = 0;
  /** u32 columns, but timestamps: u64. */
  static sequences: u32 = 0;
  static containerIndices: u32 = 0;
  static timestamps: u32 = 0;
  /** Addresses in the bytes, one more than there are entries. */
  static keys: u32 = 0;
  static payloads: u32 = 0;

  static removalCount: u32 = 0;
  static removalSequences: u32 = 0;
  static removalContainers: u32 = 0;
  /** Where the targets of each record begin, one more than there are records. */
  static targetStarts: u32 = 0;
  static targetReplicas: u32 = 0;
  static targetSequences: u32 = 0;

  @inline static replica(index: u32): DeltaReplica {
    return changetype<DeltaReplica>(Delta.replicas + index * <u32>offsetof<DeltaReplica>());
  }

  @inline static container(index: u32): DeltaContainer {
    return changetype<DeltaContainer>(Delta.containers + index * <u32>offsetof<DeltaContainer>());
  }

  /** Value `index` of a u32 column. */
  @inline static at(columnPointer: u32, index: u32): u32 {
    return load<u32>(columnPointer + (index << 2));
  }

  @inline static timestampAt(index: u32): u64 {
    return load<u64>(Delta.timestamps + (index << 3));
  }
}
