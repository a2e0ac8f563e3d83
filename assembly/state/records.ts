// The rows a document is made of, as unmanaged classes: the compiler lays the fields out in the order given, each at its
// natural alignment, and no offset is written anywhere. All of them live in linear memory at addresses others hold.
//
//   document   one a document; its whole image goes to the journal at the start of each call
//   replica    dense table, index = dense replica; columns of dots and of removal records hang off it
//   container  dense table, index = container index of the seam
//   entry      dense table, 32 bytes; a dead one is on a free list and has replica NO_REPLICA
//   block      key and payload of an entry: lengths, then the bytes

export const NO_REPLICA: u32 = 0xffff;
export const NO_INDEX: u32 = 0xffffffff;
export const CONTAINER_MASK: u32 = 0x3ff;
export const FLAG_DELETED: u32 = 0x8000;
export const FLAG_MARK: u32 = 0x4000;
/** Not the first entry of its element. */
export const FLAG_LINKED: u32 = 0x2000;

@unmanaged
export class DocumentRow {
  hashSeed: u64;
  clock: u64;
  /** The greatest timestamp of a deleted-mark that compaction dropped. */
  compacted: u64;
  driftLimitMs: f64;
  /** The replica that writes, and its dense index; NO_INDEX before its first dot. */
  ownId: u64;
  ownReplica: u32;

  replicas: u32;
  replicaCount: u32;
  replicaCapacity: u32;
  /** Open addressing, u32 slots of dense index + 1. */
  replicaSlots: u32;
  replicaSlotMask: u32;

  containers: u32;
  containerCount: u32;
  containerCapacity: u32;

  entries: u32;
  /** Records handed out so far, dead ones included. */
  entryCount: u32;
  entryCapacity: u32;
  /** Id + 1 of the first dead record. */
  entryFree: u32;
  entriesLive: u32;
  deletedMarks: u32;
  removalCount: u32;

  keySlots: u32;
  keySlotMask: u32;
  keyCount: u32;

  // What follows is not part of the image: orders are derived, and the rest belongs to the transaction itself.
  /** Dense indices by ascending id; valid when its count equals replicaCount. */
  replicaOrder: u32;
  replicaOrderCount: u32;
  replicaOrderCapacity: u32;
  /** Container indices by (name, type); valid when its count equals containerCount. */
  containerOrder: u32;
  containerOrderCount: u32;
  containerOrderCapacity: u32;
  /** Addresses of SeriesIndexRow by container, their epoch, and whether a transaction looked into one. */
  seriesIndexes: u32;
  seriesIndexCapacity: u32;
  seriesEpoch: u32;
  isSeriesAsked: u32;
  isTransactionOpen: u32;
  journalPointer: u32;
  journalCapacityBytes: u32;
  journalLength: u32;
  journalLastRelease: u32;
}

@unmanaged
export class ReplicaRow {
  id: u64;
  /** The version vector. */
  sequence: u32;
  floor: u32;
  /** (sequence u32, entry id u32) ascending by sequence; a pair whose entry carries another dot is stale. */
  dots: u32;
  dotCount: u32;
  dotCapacity: u32;
  dotsLive: u32;
  /** RemovalRow, ascending by sequence. */
  removals: u32;
  removalCount: u32;
  removalCapacity: u32;
  stamp: u32;
  /** Position in the order by id. */
  rank: u32;
  spare: u32;
}

/** A removal record. One target stands in the row itself, more in a block of TargetPair. */
@unmanaged
export class RemovalRow {
  sequence: u32;
  container: u16;
  /** Dense replica of the only target. */
  targetReplica: u16;
  targetCount: u32;
  /** Sequence of the only target, or the address of the block. */
  target: u32;
}

@unmanaged
export class TargetPair {
  replica: u32;
  sequence: u32;
}

@unmanaged
export class ContainerRow {
  name: u32;
  nameLength: u32;
  type: u32;
  stamp: u32;
  /** What `size` of the seam says. */
  size: u32;
  entries: u32;
  /** Entry ids, in no order, stale ones between; a counter: entry id + 1 by dense replica. */
  members: u32;
  memberCount: u32;
  memberCapacity: u32;
  /** A log: id + 1 of its truncation mark, and the position it cuts at. */
  mark: u32;
  markTimestamp: u64;
  markReplica: u64;
  markSequence: u32;
  /** The rule of all its keys, or RULE_NONE where the kind says. */
  rule: u32;
  /** Rises when an entry goes or the members are put together anew. */
  revision: u32;
  /** A series: how many marks it has. */
  marks: u32;
}

@unmanaged
export class EntryRow {
  timestamp: u64;
  sequence: u32;
  replica: u16;
  /** Container index and the three flags. */
  place: u16;
  /** Key and payload; all entries of one element share one block. */
  block: u32;
  /** Id + 1 of the next entry under the same key (elements, list positions), or of the next dead record. */
  next: u32;
  /** The hash of the key; of a linked entry id + 1 of the one before it. */
  hash: u32;
  /** Position among the members of the container. */
  member: u32;
}

/** An entry of a counter: the running sums of its replica stand where others have block and links. */
@unmanaged
export class CounterRow {
  timestamp: u64;
  sequence: u32;
  replica: u16;
  place: u16;
  plus: u64;
  minus: u64;
}

@unmanaged
export class BlockRow {
  keyLength: u32;
  payloadLength: u32;
}

export const ENTRY_SHIFT: u32 = 5;
export const DOT_SHIFT: u32 = 3;
export const REMOVAL_SHIFT: u32 = 4;
